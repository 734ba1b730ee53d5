//! What is set before the statements, and how the transaction ends.

use std::borrow::Cow;

use catalog::Catalog;
use http::HeaderMap;
use jwt::Caller;
use pg::{Access, End, Isolation, RequestTx, Statement};
use settings::TxEnd;
use sql::{Fragment, Ident, QualifiedName};

use super::Query;
use crate::config::Config;
use crate::plan::{Kind, Plan};
use crate::request::prefer::Tx;
use crate::request::{ApiRequest, transport};

type Setting = (Cow<'static, str>, String);

/// A transaction ready to run, and where in its results the answer stands.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) tx: RequestTx,
    /// Index of the main statement.
    pub(crate) main: usize,
    /// Index of the planner's estimate.
    pub(crate) estimate: Option<usize>,
}

impl Transaction {
    pub(crate) fn prepare(
        query: &Query,
        plan: &Plan,
        request: &ApiRequest,
        headers: &HeaderMap,
        caller: &Caller,
        catalog: &Catalog,
        config: &Config,
    ) -> Self {
        let mut isolation = Isolation::default();
        let mut settings = settings(request, headers, caller, catalog, config);
        if let Kind::Call(call) = &plan.kind {
            settings.extend(
                call.settings
                    .iter()
                    .map(|(name, value)| (Cow::Owned(name.clone()), value.clone())),
            );
        }
        // REST-TXN-02: the last one counts, so the function's own wins.
        settings.retain(|(name, value)| {
            let is_isolation = name == "default_transaction_isolation";
            if is_isolation {
                isolation = level(value);
            }
            !is_isolation
        });
        let mut statements = Vec::new();
        statements.extend(pre_request(config));
        let main = statements.len();
        let (answer, estimate) = query.statements(request);
        statements.push(answer);
        let estimate = estimate.map(|statement| {
            statements.push(statement);
            main + 1
        });
        let end = end(config.tx_end, request.shape.prefer.tx);
        if end == End::Rollback {
            // REST-PRF-04: what would fail at the commit has to fail here.
            statements.push(Statement {
                sql: "set constraints all immediate".into(),
                params: Vec::new(),
            });
        }
        let read_only = match &plan.kind {
            Kind::Read(_) | Kind::Root { .. } | Kind::Info { .. } => true,
            Kind::Write(_) => false,
            Kind::Call(call) => call.read_only,
        };
        let access = if read_only {
            Access::ReadOnly
        } else {
            Access::ReadWrite
        };
        Self {
            tx: RequestTx {
                role: caller.role.clone(),
                settings,
                statements,
                access,
                isolation,
                end,
            },
            main,
            estimate,
        }
    }
}

/// REST-TXN-03, in its order. The role itself is set by `pg`.
fn settings(
    request: &ApiRequest,
    headers: &HeaderMap,
    caller: &Caller,
    catalog: &Catalog,
    config: &Config,
) -> Vec<Setting> {
    let role_settings = catalog.role_settings(&caller.role);
    let mut settings: Vec<Setting> =
        Vec::with_capacity(8 + role_settings.len() + config.app_settings.len());
    settings.push((
        Cow::Borrowed("search_path"),
        search_path(&request.shape.schema, &config.extra_search_path),
    ));
    settings.extend(
        role_settings
            .iter()
            .map(|(name, value)| (Cow::Owned(name.clone()), value.clone())),
    );
    settings.push((Cow::Borrowed("request.jwt.claims"), claims(caller)));
    settings.push((Cow::Borrowed("request.method"), request.method.to_string()));
    settings.push((Cow::Borrowed("request.path"), request.path.clone()));
    settings.push((
        Cow::Borrowed("request.headers"),
        transport::headers_json(headers),
    ));
    settings.push((
        Cow::Borrowed("request.cookies"),
        transport::cookies_json(headers),
    ));
    if let Some(zone) = &request.shape.prefer.timezone {
        settings.push((Cow::Borrowed("timezone"), zone.clone()));
    }
    settings.extend(
        config
            .app_settings
            .iter()
            .map(|(name, value)| (Cow::Owned(name.clone()), value.clone())),
    );
    settings
}

fn search_path(schema: &str, extra: &[String]) -> String {
    let names = std::iter::once(schema).chain(
        extra
            .iter()
            .map(String::as_str)
            .filter(|name| *name != schema),
    );
    names
        .map(|name| Ident::new(name).to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The claims as signed, with the role that is really used.
fn claims(caller: &Caller) -> String {
    let Some(claims) = caller
        .claims
        .as_ref()
        .filter(|claims| claims.role() != Some(caller.role.as_str()))
    else {
        return caller.claims_json();
    };
    let mut members = claims.members().clone();
    members.insert("role".to_owned(), caller.role.as_str().into());
    serde_json::Value::Object(members).to_string()
}

fn level(text: &str) -> Isolation {
    match text.to_ascii_lowercase().as_str() {
        "serializable" => Isolation::Serializable,
        "repeatable read" => Isolation::RepeatableRead,
        _ => Isolation::ReadCommitted,
    }
}

/// REST-TXN-06.
fn pre_request(config: &Config) -> Option<Statement> {
    let (schema, name) = config.pre_request.as_ref()?;
    let mut sql = Fragment::new();
    sql.push("select ");
    match schema {
        Some(schema) => sql.name(&QualifiedName::new(schema.as_str(), name.as_str())),
        None => sql.name(&Ident::new(name)),
    };
    sql.push("()");
    Some(sql.into())
}

/// REST-TXN-07.
fn end(configured: TxEnd, preferred: Option<Tx>) -> End {
    match (configured, preferred) {
        (TxEnd::Commit | TxEnd::CommitAllowOverride, None) | (TxEnd::Commit, Some(_)) => {
            End::Commit
        }
        (TxEnd::Rollback | TxEnd::RollbackAllowOverride, None) | (TxEnd::Rollback, Some(_)) => {
            End::Rollback
        }
        (_, Some(Tx::Commit)) => End::Commit,
        (_, Some(Tx::Rollback)) => End::Rollback,
    }
}
