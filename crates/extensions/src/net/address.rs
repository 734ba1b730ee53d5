//! Which addresses are not for the public: requests to them may be refused (`extensions.net_block_private_addresses`).
//!
//! A name is judged by the addresses that it resolves to, at the moment of the connection and with exactly those
//! addresses used, so that a name that changes its mind gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreachable {
    #[error("the address is not public")]
    Private,
    #[error("the name cannot be resolved")]
    Unresolved,
}

/// Whether an address belongs to this machine, its network or to nobody in particular.
pub(super) fn is_private(address: IpAddr) -> bool {
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
pub(super) fn names_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => is_private_v6(address),
        Some(Host::Domain(_)) | None => false,
    }
}

/// The system's resolver; keeps back addresses that are not public if told so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    pub(super) public_only: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let public_only = self.public_only;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|_| Unreachable::Unresolved)?
                .collect();
            let any = !found.is_empty();
            let usable: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| !public_only || !is_private(address.ip()))
                .collect();
            match (any, usable.is_empty()) {
                (false, _) => Err(Unreachable::Unresolved.into()),
                (true, true) => Err(Unreachable::Private.into()),
                (true, false) => Ok(Box::new(usable.into_iter()) as Addrs),
            }
        })
    }
}
