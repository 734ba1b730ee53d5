//! Where a browser may be sent: the application's own address, this machine, and what the operator allows.

mod glob;

use url::{Host, Url};

use crate::ask::Ask;
use glob::Glob;

/// The addresses that are allowed.
#[derive(Debug)]
pub(crate) struct Redirects {
    site_url: String,
    site: Option<Url>,
    allowed: Vec<Glob>,
}

impl Redirects {
    pub(crate) fn new(settings: &settings::Auth) -> Self {
        Self {
            site_url: settings.site_url.clone(),
            site: Url::parse(&settings.site_url).ok(),
            allowed: settings
                .uri_allow_list
                .iter()
                .map(|text| Glob::parse(text))
                .collect(),
        }
    }

    /// The first acceptable wish of a request, else the application's own address. A form's wish counts like the
    /// query's.
    pub(crate) fn target(&self, ask: &Ask, form: Option<&str>) -> String {
        let query = ask.query("redirect_to");
        [
            ask.header("redirect_to"),
            query.as_deref(),
            form,
            ask.header("referer"),
        ]
        .into_iter()
        .flatten()
        .find(|wish| self.accepts(wish))
        .unwrap_or(&self.site_url)
        .to_owned()
    }

    /// Whether a browser may be sent there.
    pub(crate) fn accepts(&self, wish: &str) -> bool {
        // What a URL parser would skip without a word, another parser might not.
        if wish.is_empty()
            || wish.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return false;
        }
        let Ok(url) = Url::parse(wish) else {
            return false;
        };
        let web = matches!(url.scheme(), "http" | "https");
        if matches!(
            url.scheme(),
            "javascript" | "data" | "vbscript" | "file" | "blob" | "about"
        ) {
            return false;
        }
        if web && self.is_site(&url) {
            return true;
        }
        if web {
            let written = written_host(wish);
            match url.host() {
                Some(Host::Ipv4(ip)) => return ip.is_loopback() && written == ip.to_string(),
                Some(Host::Ipv6(ip)) => return ip.is_loopback(),
                Some(Host::Domain(_)) => {}
                None => return false,
            }
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
            if written.is_empty() || !written.chars().all(plain) {
                return false;
            }
        }
        let bare = wish.split('#').next().unwrap_or_default();
        self.allowed.iter().any(|glob| glob.matches(bare))
    }

    fn is_site(&self, url: &Url) -> bool {
        let Some(site) = &self.site else { return false };
        let local = matches!(
            site.host_str(),
            Some("localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0" | "[::]")
        );
        url.scheme() == site.scheme()
            && url.host_str() == site.host_str()
            && (local || url.port_or_known_default() == site.port_or_known_default())
            && url.username().is_empty()
            && url.password().is_none()
    }
}

/// The host of a URL as it was written: without what a parser makes of it.
fn written_host(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return "";
    }
    authority.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirects(list: &[&str]) -> Redirects {
        let mut settings = settings::Auth::default();
        settings.site_url = "https://app.example.com/start".into();
        settings.uri_allow_list = list.iter().map(|text| (*text).to_owned()).collect();
        Redirects::new(&settings)
    }

    #[test]
    fn the_applications_own_address_is_accepted_on_any_path() {
        // AUTH-REDIR-02 (1)
        let redirects = redirects(&[]);
        for good in [
            "https://app.example.com",
            "https://app.example.com:443/a?b#c",
            "https://APP.example.com/x",
        ] {
            assert!(redirects.accepts(good), "{good}");
        }
        for wrong in [
            "",
            "/relative",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.com",
            "https://evil.com/https://app.example.com",
            "https://app.example.com@evil.com",
            "https://a@app.example.com",
            "https://evil.com\\@app.example.com",
            "//app.example.com",
            "https:app.example.com\t.evil.com",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert!(!redirects.accepts(wrong), "{wrong}");
        }
        let mut settings = settings::Auth::default();
        settings.site_url = "http://localhost:3000".into();
        assert!(Redirects::new(&settings).accepts("http://localhost:5173/x"));
    }

    #[test]
    fn of_bare_addresses_only_this_machines_own_are_accepted() {
        // AUTH-REDIR-02 (2)
        let redirects = redirects(&["http://*.*.*.*/**", "http://**", "http://2130706433/**"]);
        for good in [
            "http://127.0.0.1:3000/a",
            "http://[::1]:3000/a",
            "http://127.8.8.8",
        ] {
            assert!(redirects.accepts(good), "{good}");
        }
        for wrong in [
            "http://10.0.0.1/a",
            "http://8.8.8.8/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[2001:db8::1]/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert!(!redirects.accepts(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_list_is_matched_as_a_whole_without_the_fragment() {
        // AUTH-REDIR-02 (3), AUTH-REDIR-03
        let redirects = redirects(&[
            "https://*.example.com/**",
            "http://localhost:3000",
            "com.app://callback",
            "exp://**",
        ]);
        for good in [
            "https://a.example.com/x/y",
            "http://localhost:3000",
            "com.app://callback",
            "com.app://callback#x",
            "exp://a/b",
        ] {
            assert!(redirects.accepts(good), "{good}");
        }
        for wrong in [
            "https://a.b.example.com/",
            "http://localhost:3000/",
            "com.app://callback/x",
            "https://evil.com#.example.com/x",
            "https://evil.com?.example.com/",
            "https://evil.com/.example.com/",
            "https://a@b.example.com/x",
            "https://ex_ample.example.com/",
            "https://évil.example.com/",
            "https://a.example.com%2f.evil.com/x",
            "https://a.example.com\u{0}/x",
        ] {
            assert!(!redirects.accepts(wrong), "{wrong}");
        }
    }
}
