//! Which addresses are not for the public: requests that others may direct must not reach this machine's own network.
//!
//! A name is judged by the addresses that it resolves to, at the moment of the connection and with exactly those
//! addresses used, so that a name that changes its mind gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why a name leads nowhere: what a [`Resolver`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// All its addresses are of this machine or its network.
    #[error("the address is not public")]
    Private,
    /// It has no address.
    #[error("the name cannot be resolved")]
    Unresolved,
}

/// Whether an address belongs to this machine, its network or to nobody in particular.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Shared by a provider's customers; protocol assignments; benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // `::`, `::1`, `::a.b.c.d`, `::ffff:a.b.c.d`, translated by NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        // A network's own NAT64; Teredo; documentation.
        [0x64, 0xff9b, 1, ..] | [0x2001, 0 | 0xdb8, ..] => true,
        // 6to4.
        [0x2002, high, low, ..] => embedded(high, low),
        // Unique local, link-local, site-local, multicast.
        [first, ..] => {
            first & 0xfe00 == 0xfc00
                || first & 0xff80 == 0xfe80
                || first & 0xffc0 == 0xfec0
                || first & 0xff00 == 0xff00
        }
    }
}

/// Whether a URL names such an address itself. A name is left to the [`Resolver`].
pub fn names_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => is_private_v6(address),
        Some(Host::Domain(_)) | None => false,
    }
}

/// The system's resolver; keeps back addresses that are not public if told so.
#[derive(Debug, Clone, Copy)]
pub struct Resolver {
    /// Whether addresses that are not public are kept back.
    pub public_only: bool,
}

impl Resolver {
    /// Whether a name leads anywhere.
    pub async fn check(self, name: &str) -> Result<(), Unreachable> {
        self.addresses(name).await.map(drop)
    }

    async fn addresses(self, name: &str) -> Result<Vec<SocketAddr>, Unreachable> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0))
            .await
            .map_err(|_| Unreachable::Unresolved)?
            .collect();
        if found.is_empty() {
            return Err(Unreachable::Unresolved);
        }
        let usable: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| !self.public_only || !is_private(address.ip()))
            .collect();
        if usable.is_empty() {
            return Err(Unreachable::Private);
        }
        Ok(usable)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = *self;
        Box::pin(async move {
            let usable = resolver.addresses(name.as_str()).await?;
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // AUTH-ADMIN-22, DB-SUB-03.
    #[test]
    fn addresses_of_this_machine_and_its_networks_are_not_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "ff02::1",
            "2001:db8::1",
            "fec0::1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    // AUTH-ADMIN-22, DB-SUB-03: however the address is written.
    #[test]
    fn an_address_in_disguise_is_still_an_address() {
        let named = |text: &str| names_private(&Url::parse(text).unwrap());
        for private in [
            "http://127.1/",
            "http://0x7f.0.0.1/",
            "http://2130706433/",
            "http://[::1]:80/",
            "http://017700000001/",
            "http://[::ffff:7f00:1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://0177.0.0.1/x",
        ] {
            assert!(named(private), "{private}");
        }
        assert!(!named("https://example.com/"));
        assert!(!named("http://example.com/"));
    }

    // AUTH-ADMIN-22: a name that every resolver knows, with a file of hosts or without.
    #[tokio::test]
    async fn a_name_of_this_machine_is_kept_back() {
        let check = |public_only| Resolver { public_only }.check("127.1");
        assert_eq!(check(true).await, Err(Unreachable::Private));
        assert_eq!(check(false).await, Ok(()));
    }
}
