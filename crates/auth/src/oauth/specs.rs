//! The providers as data: where they are, what they are asked for, how their answers are read.

use serde_json::Value;

use super::profile::{self, Profile};

/// How a client shows who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Form,
    Basic,
}

/// Where it is told who somebody is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// In the ID token; the endpoints are published by the issuer.
    Discovered(fn(&Value) -> Option<Profile>),
    /// In the ID token.
    Token(fn(&Value) -> Option<Profile>),
    /// In the answer of the token endpoint.
    Answer(fn(&Value) -> Option<Profile>),
    /// At these addresses.
    Asked(&'static [&'static str], fn(&[Value]) -> Option<Profile>),
}

/// A provider.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) issuer: &'static str,
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) scopes: &'static [&'static str],
    pub(super) client: Client,
    pub(super) source: Source,
    /// More parameters of the authorization request.
    pub(super) extra: &'static [(&'static str, &'static str)],
    /// More headers where it is asked; `$client` stands for the client's id.
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) pkce: bool,
}

const PLAIN: Spec = Spec {
    name: "",
    issuer: "",
    authorize: "",
    token: "",
    scopes: &[],
    client: Client::Form,
    source: Source::Token(profile::standard),
    extra: &[],
    headers: &[],
    pkce: false,
};

/// AUTH-OAUTH-13
pub(super) static SPECS: &[Spec] = &[
    Spec {
        name: "apple",
        issuer: "https://appleid.apple.com",
        scopes: &["email", "name"],
        source: Source::Discovered(profile::apple),
        extra: &[("response_mode", "form_post")],
        ..PLAIN
    },
    Spec {
        name: "azure",
        issuer: "https://login.microsoftonline.com/common/v2.0",
        authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        scopes: &["openid"],
        source: Source::Token(profile::azure),
        ..PLAIN
    },
    Spec {
        name: "bitbucket",
        authorize: "https://bitbucket.org/site/oauth2/authorize",
        token: "https://bitbucket.org/site/oauth2/access_token",
        scopes: &["account", "email"],
        client: Client::Basic,
        source: Source::Asked(
            &[
                "https://api.bitbucket.org/2.0/user",
                "https://api.bitbucket.org/2.0/user/emails",
            ],
            profile::bitbucket,
        ),
        ..PLAIN
    },
    Spec {
        name: "discord",
        authorize: "https://discord.com/api/oauth2/authorize",
        token: "https://discord.com/api/oauth2/token",
        scopes: &["email", "identify"],
        source: Source::Asked(&["https://discord.com/api/users/@me"], profile::discord),
        ..PLAIN
    },
    Spec {
        name: "facebook",
        issuer: "https://www.facebook.com",
        authorize: "https://www.facebook.com/dialog/oauth",
        token: "https://graph.facebook.com/oauth/access_token",
        scopes: &["email"],
        source: Source::Asked(
            &["https://graph.facebook.com/me?fields=email,first_name,last_name,name,picture"],
            profile::facebook,
        ),
        ..PLAIN
    },
    Spec {
        name: "figma",
        authorize: "https://www.figma.com/oauth",
        token: "https://api.figma.com/v1/oauth/token",
        scopes: &["current_user:read"],
        client: Client::Basic,
        source: Source::Asked(&["https://api.figma.com/v1/me"], profile::figma),
        ..PLAIN
    },
    Spec {
        name: "fly",
        authorize: "https://api.fly.io/oauth/authorize",
        token: "https://api.fly.io/oauth/token",
        scopes: &["read"],
        source: Source::Asked(&["https://api.fly.io/oauth/token/info"], profile::fly),
        ..PLAIN
    },
    Spec {
        name: "github",
        authorize: "https://github.com/login/oauth/authorize",
        token: "https://github.com/login/oauth/access_token",
        scopes: &["user:email"],
        source: Source::Asked(
            &[
                "https://api.github.com/user",
                "https://api.github.com/user/emails",
            ],
            profile::github,
        ),
        ..PLAIN
    },
    Spec {
        name: "gitlab",
        authorize: "https://gitlab.com/oauth/authorize",
        token: "https://gitlab.com/oauth/token",
        scopes: &["read_user"],
        source: Source::Asked(
            &[
                "https://gitlab.com/api/v4/user",
                "https://gitlab.com/api/v4/user/emails",
            ],
            profile::gitlab,
        ),
        ..PLAIN
    },
    Spec {
        name: "google",
        issuer: "https://accounts.google.com",
        scopes: &["email", "profile", "openid"],
        source: Source::Discovered(profile::google),
        ..PLAIN
    },
    Spec {
        name: "kakao",
        issuer: "https://kauth.kakao.com",
        authorize: "https://kauth.kakao.com/oauth/authorize",
        token: "https://kauth.kakao.com/oauth/token",
        scopes: &["account_email", "profile_image", "profile_nickname"],
        source: Source::Asked(&["https://kapi.kakao.com/v2/user/me"], profile::kakao),
        ..PLAIN
    },
    Spec {
        name: "keycloak",
        authorize: "https://keycloak.invalid/protocol/openid-connect/auth",
        token: "https://keycloak.invalid/protocol/openid-connect/token",
        scopes: &["profile", "email"],
        source: Source::Asked(
            &["https://keycloak.invalid/protocol/openid-connect/userinfo"],
            profile::keycloak,
        ),
        ..PLAIN
    },
    Spec {
        name: "linkedin_oidc",
        authorize: "https://www.linkedin.com/oauth/v2/authorization",
        token: "https://www.linkedin.com/oauth/v2/accessToken",
        scopes: &["openid", "email", "profile"],
        source: Source::Asked(
            &["https://api.linkedin.com/v2/userinfo"],
            profile::first_standard,
        ),
        ..PLAIN
    },
    Spec {
        name: "notion",
        authorize: "https://api.notion.com/v1/oauth/authorize",
        token: "https://api.notion.com/v1/oauth/token",
        client: Client::Basic,
        source: Source::Asked(&["https://api.notion.com/v1/users/me"], profile::notion),
        extra: &[("owner", "user")],
        headers: &[("Notion-Version", "2021-08-16")],
        ..PLAIN
    },
    Spec {
        name: "slack_oidc",
        authorize: "https://slack.com/openid/connect/authorize",
        token: "https://slack.com/api/openid.connect.token",
        scopes: &["profile", "email", "openid"],
        source: Source::Asked(
            &["https://slack.com/api/openid.connect.userInfo"],
            profile::slack,
        ),
        ..PLAIN
    },
    Spec {
        name: "spotify",
        authorize: "https://accounts.spotify.com/authorize",
        token: "https://accounts.spotify.com/api/token",
        scopes: &["user-read-email"],
        client: Client::Basic,
        source: Source::Asked(&["https://api.spotify.com/v1/me"], profile::spotify),
        ..PLAIN
    },
    Spec {
        name: "twitch",
        authorize: "https://id.twitch.tv/oauth2/authorize",
        token: "https://id.twitch.tv/oauth2/token",
        scopes: &["user:read:email"],
        source: Source::Asked(&["https://api.twitch.tv/helix/users"], profile::twitch),
        headers: &[("Client-Id", "$client")],
        ..PLAIN
    },
    Spec {
        name: "workos",
        authorize: "https://api.workos.com/sso/authorize",
        token: "https://api.workos.com/sso/token",
        source: Source::Answer(profile::workos),
        ..PLAIN
    },
    Spec {
        name: "x",
        authorize: "https://x.com/i/oauth2/authorize",
        token: "https://api.x.com/2/oauth2/token",
        scopes: &["users.email", "tweet.read", "users.read", "offline.access"],
        client: Client::Basic,
        source: Source::Asked(
            &["https://api.x.com/2/users/me?user.fields=confirmed_email,profile_image_url"],
            profile::x,
        ),
        pkce: true,
        ..PLAIN
    },
    Spec {
        name: "zoom",
        authorize: "https://zoom.us/oauth/authorize",
        token: "https://zoom.us/oauth/token",
        client: Client::Basic,
        source: Source::Asked(&["https://api.zoom.us/v2/users/me"], profile::zoom),
        ..PLAIN
    },
];
