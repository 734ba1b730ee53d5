//! Any wish for a redirect: what is accepted leads to a host that the operator named, or to this machine.
#![no_main]

use libfuzzer_sys::fuzz_target;
use url::{Host, Url};

const SITE: &str = "https://app.example.com/start";
const ALLOWED: [&str; 4] = [
    "https://*.example.org/**",
    "https://exact.example.net/callback",
    "https://one.example.com/*/done?x={a,b}[0-9]",
    "com.example.app://**",
];

fuzz_target!(|wish: &str| {
    if !auth::fuzzing::accepts(SITE, &ALLOWED, wish) {
        return;
    }
    let url = Url::parse(wish).expect("only an address is accepted");
    if url.scheme() == "com.example.app" {
        return;
    }
    let good = match url.host() {
        Some(Host::Domain(name)) => {
            name == "app.example.com"
                || name == "exact.example.net"
                || name == "one.example.com"
                || name.strip_suffix(".example.org").is_some_and(|label| !label.contains('.'))
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    assert!(good, "{wish}");
    assert!(url.username().is_empty() && url.password().is_none(), "{wish}");
});
