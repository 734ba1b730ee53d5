//! Where each service is mounted: the route table of spec GW-RT, as data.

use std::collections::BTreeMap;

use axum::Router;
use gateway::{Access, AuthorizationRule, Backend, CorsRule, Mount, Pattern, Rule, Target};

use crate::services::SERVICES;

/// What answers for each service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backends(BTreeMap<&'static str, Backend>);

impl Backends {
    /// Those of `services` start; the others run on other nodes.
    pub(crate) fn starting(services: &[&'static str]) -> Self {
        let backend = |name| {
            if services.contains(&name) {
                Backend::Starting
            } else {
                Backend::Elsewhere
            }
        };
        Self(
            SERVICES
                .into_iter()
                .map(|name| (name, backend(name)))
                .collect(),
        )
    }

    /// One that has started.
    pub(crate) fn ready(&mut self, name: &'static str, router: Router) {
        self.0.insert(name, Backend::Here(router));
    }

    fn of(&self, name: &str) -> Backend {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

/// Services and their classic ports.
pub(crate) const CLASSIC_PORTS: [(&str, u16); 4] = [
    ("auth", 9999),
    ("rest", 3000),
    ("realtime", 4000),
    ("storage", 5000),
];

/// The table.
pub(crate) fn mounts(backends: &Backends) -> Vec<Mount> {
    let mount = |service: &'static str, prefix, rules| Mount {
        service,
        prefix,
        rules,
        cors: CorsRule::Any,
        opaque_below: None,
        backend: backends.of(service),
    };
    vec![
        mount("auth", "/auth/v1", auth_rules()),
        // The pages of other sites must not read the mail of whoever develops here.
        Mount {
            cors: CorsRule::Local,
            ..mount("auth", "", mailbox_rules())
        },
        mount("rest", "/rest/v1", rest_rules()),
        mount("realtime", "/realtime/v1", realtime_rules()),
        Mount {
            opaque_below: Some("/storage/v1/"),
            ..mount("storage", "/storage/v1", storage_rules())
        },
    ]
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
        // Applications that people sign in to by their account here have no key.
        "/auth/v1/oauth/authorize",
        "/auth/v1/oauth/token",
        "/auth/v1/oauth/userinfo",
        "/auth/v1/oauth/clients/register",
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
    for exact in ["/sso/saml/acs", "/sso/saml/metadata"] {
        rules.push(Rule {
            pattern: Pattern::Exact(exact),
            target: Target::Keep,
            ..Rule::prefix("", Access::Open, "")
        });
    }
    rules
}

/// The mailbox of a development server; the service answers 404 when there is none.
fn mailbox_rules() -> Vec<Rule> {
    [Pattern::Exact("/mailbox"), Pattern::Prefix("/mailbox/")]
        .into_iter()
        .map(|pattern| Rule {
            pattern,
            target: Target::Keep,
            ..Rule::prefix("", Access::Open, "")
        })
        .collect()
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
