//! Who is at the other end, believing only proxies that are trusted.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use web::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.trim().parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.trim().parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }

    fn contains(self, candidate: IpAddr) -> bool {
        match (self.address, candidate) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.bits))
                    .unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The proxies whose `X-Forwarded-*` headers are believed.
#[derive(Debug, Clone)]
pub(crate) struct Trusted(Vec<Network>);

impl Trusted {
    /// Reads addresses and networks; the first that is neither is returned as the error.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, String> {
        texts
            .iter()
            .map(|text| Network::parse(text).ok_or_else(|| text.clone()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0
            .iter()
            .any(|network| network.contains(address.to_canonical()))
    }

    /// The client behind a connection from `address`. `public` is the configured scheme and host, which
    /// always win, so that no header can poison a link.
    pub(crate) fn peer(
        &self,
        address: IpAddr,
        tls: bool,
        headers: &HeaderMap,
        public: Option<&(String, String)>,
        prefix: &'static str,
    ) -> Peer {
        let trusted = self.contains(address);
        let forwarded = |name: &HeaderName| {
            let value = headers.get(name).filter(|_| trusted)?.to_str().ok()?;
            Some(value.split(',').next()?.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let (scheme, host) = public.cloned().unwrap_or_else(|| {
            let scheme =
                forwarded(&FORWARDED_PROTO).filter(|scheme| scheme == "https" || scheme == "http");
            let own_scheme = if tls { "https" } else { "http" };
            let mut host = forwarded(&FORWARDED_HOST).or_else(|| {
                headers
                    .get(http::header::HOST)
                    .and_then(|host| host.to_str().ok())
                    .map(str::to_owned)
            });
            if let (Some(host), Some(port)) = (&mut host, forwarded(&FORWARDED_PORT))
                && !host.contains(':')
                && !matches!(port.as_str(), "80" | "443")
                && port.bytes().all(|byte| byte.is_ascii_digit())
            {
                *host = format!("{host}:{port}");
            }
            (
                scheme.unwrap_or_else(|| own_scheme.to_owned()),
                host.unwrap_or_else(|| "localhost".to_owned()),
            )
        });
        let ip = if trusted {
            self.last_untrusted(headers).unwrap_or(address)
        } else {
            address
        };
        Peer {
            ip: ip.to_canonical(),
            scheme,
            host,
            prefix,
        }
    }

    /// GW-FWD-03: walking back from the nearest hop, the first address that is not a trusted proxy.
    fn last_untrusted(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let hops: Vec<IpAddr> = headers
            .get_all(&FORWARDED_FOR)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|hop| hop.trim().parse().ok())
            .collect();
        hops.iter()
            .rev()
            .find(|hop| !self.contains(**hop))
            .or(hops.first())
            .copied()
    }

    /// Sets the `X-Forwarded-*` headers that services see; values from untrusted peers are replaced.
    pub(crate) fn forward(&self, address: IpAddr, peer: &Peer, headers: &mut HeaderMap) {
        let text = |text: &str| HeaderValue::from_str(text).ok();
        let before = headers
            .get(&FORWARDED_FOR)
            .filter(|_| self.contains(address))
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let chain = match before {
            Some(before) => format!("{before}, {address}"),
            None => address.to_string(),
        };
        let port = peer.host.rsplit_once(':').map_or(
            if peer.scheme == "https" { "443" } else { "80" },
            |(_, p)| p,
        );
        let values = [
            (FORWARDED_FOR, text(&chain)),
            (FORWARDED_PROTO, text(&peer.scheme)),
            (FORWARDED_HOST, text(&peer.host)),
            (FORWARDED_PORT, text(port)),
            (FORWARDED_PREFIX, text(peer.prefix)),
        ];
        for (name, value) in values {
            match value {
                Some(value) => headers.insert(name, value),
                None => headers.remove(name),
            };
        }
    }
}

/// Scheme and host of a configured public URL.
pub(crate) fn public_address(url: Option<&str>) -> Option<(String, String)> {
    let (scheme, rest) = url?.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    (!host.is_empty()).then(|| (scheme.to_owned(), host.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn trusted() -> Trusted {
        Trusted::parse(&["10.0.0.0/8".into(), "::1/128".into()]).unwrap()
    }

    // GW-FWD-01, GW-FWD-03.
    #[test]
    fn forwarded_headers_count_only_from_trusted_peers() {
        let spoofed = headers(&[
            ("host", "api.example"),
            ("x-forwarded-for", "1.2.3.4, 9.9.9.9"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
        ]);
        let stranger = trusted().peer(
            "8.8.8.8".parse().unwrap(),
            false,
            &spoofed,
            None,
            "/auth/v1",
        );
        assert_eq!(stranger.base_url(), "http://api.example/auth/v1");
        assert_eq!(stranger.ip.to_string(), "8.8.8.8");
        let proxy = trusted().peer(
            "10.1.1.1".parse().unwrap(),
            false,
            &spoofed,
            None,
            "/auth/v1",
        );
        assert_eq!(proxy.base_url(), "https://evil.example/auth/v1");
        assert_eq!(proxy.ip.to_string(), "9.9.9.9");
    }

    // GW-FWD-02, GHSA-3529-5m8x-rpv3: with a public URL no header decides a link, from whomever it comes.
    #[test]
    fn the_public_url_wins_over_every_header() {
        let public = public_address(Some("https://app.example:8443/"));
        let spoofed = headers(&[("host", "evil"), ("x-forwarded-host", "evil.example")]);
        let peer = trusted().peer(
            "10.1.1.1".parse().unwrap(),
            false,
            &spoofed,
            public.as_ref(),
            "/auth/v1",
        );
        assert_eq!(peer.base_url(), "https://app.example:8443/auth/v1");
    }

    #[test]
    fn services_see_one_honest_chain() {
        let mut seen = headers(&[("x-forwarded-for", "1.2.3.4"), ("host", "h:8000")]);
        let address = "8.8.8.8".parse().unwrap();
        let peer = trusted().peer(address, false, &seen, None, "/rest/v1");
        trusted().forward(address, &peer, &mut seen);
        assert_eq!(seen["x-forwarded-for"], "8.8.8.8");
        assert_eq!(seen["x-forwarded-port"], "8000");
        assert_eq!(seen["x-forwarded-prefix"], "/rest/v1");
    }

    #[test]
    fn networks_are_parsed_or_refused() {
        assert!(Trusted::parse(&["10.0.0.0/33".into()]).is_err());
        assert!(Trusted::parse(&["nonsense".into()]).is_err());
        assert!(
            Network::parse("0.0.0.0/0")
                .unwrap()
                .contains("8.8.8.8".parse().unwrap())
        );
        assert!(
            Network::parse("fc00::/7")
                .unwrap()
                .contains("fd12::1".parse().unwrap())
        );
    }
}
