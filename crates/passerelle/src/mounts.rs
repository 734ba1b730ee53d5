//! Where each service is mounted: the route table of spec GW-RT, as data.

use axum::Router;
use gateway::{Access, AuthorizationRule, CorsRule, Mount, Pattern, Rule, Target};

/// The services' routers; `None` is a service that is not started (yet), whose routes answer 503.
#[derive(Debug, Clone, Default)]
pub(crate) struct Routers {
    /// The auth service.
    pub(crate) auth: Option<Router>,
    /// The REST service.
    pub(crate) rest: Option<Router>,
    /// The realtime service.
    pub(crate) realtime: Option<Router>,
    /// The storage service.
    pub(crate) storage: Option<Router>,
}

/// Services and their classic ports.
pub(crate) const CLASSIC_PORTS: [(&str, u16); 4] = [
    ("auth", 9999),
    ("rest", 3000),
    ("realtime", 4000),
    ("storage", 5000),
];

/// The table.
pub(crate) fn mounts(routers: &Routers) -> Vec<Mount> {
    vec![
        mount("auth", "/auth/v1", auth_rules(), routers.auth.clone()),
        mount("rest", "/rest/v1", rest_rules(), routers.rest.clone()),
        mount(
            "realtime",
            "/realtime/v1",
            realtime_rules(),
            routers.realtime.clone(),
        ),
        Mount {
            opaque_below: Some("/storage/v1/"),
            ..mount(
                "storage",
                "/storage/v1",
                storage_rules(),
                routers.storage.clone(),
            )
        },
    ]
}

fn mount(
    service: &'static str,
    prefix: &'static str,
    rules: Vec<Rule>,
    router: Option<Router>,
) -> Mount {
    Mount {
        service,
        prefix,
        rules,
        cors: CorsRule::Any,
        opaque_below: None,
        router,
    }
}

/// GW-RT-01 to 08.
fn auth_rules() -> Vec<Rule> {
    const STRIP: &str = "/auth/v1";
    let open = [
        "/auth/v1/verify",
        "/auth/v1/callback",
        "/auth/v1/authorize",
        "/auth/v1/.well-known/jwks.json",
        "/auth/v1/.well-known/openid-configuration",
    ];
    let mut rules: Vec<Rule> = open
        .into_iter()
        .map(|prefix| Rule::prefix(prefix, Access::Open, STRIP))
        .collect();
    rules.push(Rule::prefix("/auth/v1/", Access::Key, STRIP));
    // RFC 8414 appends the issuer's path after the well-known segment; both forms lead to the same document.
    for exact in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/auth/v1",
    ] {
        rules.push(Rule {
            pattern: Pattern::Exact(exact),
            target: Target::Fixed("/.well-known/oauth-authorization-server"),
            ..Rule::prefix("", Access::Open, "")
        });
    }
    // The mailbox of a development server; the service answers 404 when there is none.
    for pattern in [Pattern::Exact("/mailbox"), Pattern::Prefix("/mailbox/")] {
        rules.push(Rule {
            pattern,
            target: Target::Keep,
            ..Rule::prefix("", Access::Open, "")
        });
    }
    for exact in ["/sso/saml/acs", "/sso/saml/metadata"] {
        rules.push(Rule {
            pattern: Pattern::Exact(exact),
            target: Target::Keep,
            ..Rule::prefix("", Access::Open, "")
        });
    }
    rules
}

/// GW-RT-09 to 11.
fn rest_rules() -> Vec<Rule> {
    vec![
        Rule::prefix("/rest/v1/", Access::Key, "/rest/v1"),
        Rule {
            pattern: Pattern::Exact("/rest/v1/"),
            ..Rule::prefix("", Access::Document, "/rest/v1")
        },
        Rule {
            pattern: Pattern::Exact("/graphql/v1"),
            target: Target::Fixed("/rpc/graphql"),
            headers: &[("content-profile", "graphql_public")],
            ..Rule::prefix("", Access::Key, "")
        },
    ]
}

/// GW-RT-12 to 14, GW-WS-05: no `Authorization` is made for sockets; it is for the HTTP API.
fn realtime_rules() -> Vec<Rule> {
    vec![
        Rule {
            target: Target::Replace("/realtime/v1", "/socket"),
            authorization: AuthorizationRule::Keep,
            ..Rule::prefix("/realtime/v1/", Access::Key, "")
        },
        Rule::prefix("/realtime/v1/api/", Access::Key, "/realtime/v1"),
        Rule::prefix("/realtime/v1/api/tenants", Access::Closed, "/realtime/v1"),
        Rule::prefix("/realtime/v1/api/openapi", Access::Closed, "/realtime/v1"),
    ]
}

/// GW-RT-15.
fn storage_rules() -> Vec<Rule> {
    vec![Rule::prefix("/storage/v1/", Access::Service, "/storage/v1")]
}
