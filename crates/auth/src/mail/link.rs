//! The links of mails. One configured address decides all of them; no header of a request has a say.

use url::Url;

use super::Kind;
use crate::service::Inner;

/// The link that acts: `<base>/verify?token=…&type=…&redirect_to=…`.
pub(crate) fn action_link(
    service: &Inner,
    kind: Kind,
    hash: &str,
    link_type: &str,
    redirect: &str,
) -> String {
    build(
        service.base_url(),
        kind.path(&service.settings),
        &service.own_url("/verify"),
        hash,
        link_type,
        redirect,
    )
}

fn build(
    base: &str,
    path: &str,
    default: &str,
    hash: &str,
    link_type: &str,
    redirect: &str,
) -> String {
    let resolved = if path.is_empty() {
        Url::parse(default)
    } else {
        Url::parse(base).and_then(|base| base.join(path))
    };
    let target = resolved.map_or_else(
        |_| default.to_owned(),
        |mut url| {
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        },
    );
    // AUTH-MAIL-04: only what would break the query is encoded, so that the address can be read.
    let redirect = if redirect.contains(['&', '=', '#']) {
        url::form_urlencoded::byte_serialize(redirect.as_bytes()).collect()
    } else {
        redirect.to_owned()
    };
    format!("{target}?token={hash}&type={link_type}&redirect_to={redirect}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_where_the_configuration_says() {
        // AUTH-MAIL-04
        let link = |path: &str, redirect: &str| {
            build(
                "https://x.org/sub/auth/v1",
                path,
                "https://x.org/sub/auth/v1/verify",
                "h",
                "signup",
                redirect,
            )
        };
        assert_eq!(
            link("", "https://a.b"),
            "https://x.org/sub/auth/v1/verify?token=h&type=signup&redirect_to=https://a.b"
        );
        assert_eq!(
            link("/auth/v1/verify", "https://a.b"),
            "https://x.org/auth/v1/verify?token=h&type=signup&redirect_to=https://a.b"
        );
        assert_eq!(
            link("confirm", ""),
            "https://x.org/sub/auth/confirm?token=h&type=signup&redirect_to="
        );
        assert_eq!(
            link("https://y.org/go", "https://a.b?c=d&e"),
            "https://y.org/go?token=h&type=signup&redirect_to=https%3A%2F%2Fa.b%3Fc%3Dd%26e"
        );
    }
}
