//! What PostgreSQL is told about a request: the settings that policies and triggers can read.

use std::borrow::Cow;

use http::request::Parts;
use pg::{End, RequestTx, ResultSet, Statement};
use serde_json::{Map, Value};

use crate::Error;
use crate::caller::Asker;
use crate::service::Inner;

/// A setting local to a transaction.
type Setting = (Cow<'static, str>, String);

/// The request, as far as the database is told about it.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    headers: String,
    method: String,
    path: String,
    operation: &'static str,
}

impl Scope {
    pub(crate) fn new(parts: &Parts, operation: &'static str) -> Self {
        let headers: Map<String, Value> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into(),
                )
            })
            .collect();
        Self {
            headers: Value::Object(headers).to_string(),
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            operation,
        }
    }

    /// Housekeeping, which no request asked for.
    pub(crate) fn of_service(operation: &'static str) -> Self {
        Self {
            headers: "{}".into(),
            method: String::new(),
            path: String::new(),
            operation,
        }
    }

    fn common(&self) -> [Setting; 5] {
        [
            (Cow::Borrowed("request.headers"), self.headers.clone()),
            (Cow::Borrowed("request.method"), self.method.clone()),
            (Cow::Borrowed("request.path"), self.path.clone()),
            (
                Cow::Borrowed("storage.operation"),
                self.operation.to_owned(),
            ),
            (
                Cow::Borrowed("storage.allow_delete_query"),
                "true".to_owned(),
            ),
        ]
    }

    /// Settings of the service's own transactions, as names and values of one statement.
    pub(crate) fn as_service(&self) -> (Vec<String>, Vec<String>) {
        let own = [
            (
                Cow::Borrowed("request.jwt.claim.role"),
                "service_role".to_owned(),
            ),
            (Cow::Borrowed("request.jwt.claim.sub"), String::new()),
            (
                Cow::Borrowed("request.jwt.claims"),
                r#"{"role":"service_role"}"#.to_owned(),
            ),
        ];
        own.into_iter()
            .chain(self.common())
            .map(|(name, value)| (name.into_owned(), value))
            .unzip()
    }
}

/// A caller with the request it makes.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) asker: Asker,
    pub(crate) scope: Scope,
}

impl Ask {
    /// Runs statements as the caller and keeps what they did.
    pub(crate) async fn run(
        &self,
        service: &Inner,
        statements: Vec<Statement>,
    ) -> Result<Vec<ResultSet>, pg::Error> {
        service
            .requests
            .run(self.transaction(service, statements, End::Commit))
            .await
    }

    /// Tries statements as the caller and undoes them.
    pub(crate) async fn attempt(
        &self,
        service: &Inner,
        statements: Vec<Statement>,
    ) -> Result<Vec<ResultSet>, pg::Error> {
        service
            .requests
            .run(self.transaction(service, statements, End::Rollback))
            .await
    }

    /// One statement as the caller.
    pub(crate) async fn query(
        &self,
        service: &Inner,
        statement: Statement,
    ) -> Result<ResultSet, Error> {
        let results = self.run(service, vec![statement]).await?;
        Ok(results.into_iter().next().unwrap_or_default())
    }

    fn transaction(&self, service: &Inner, statements: Vec<Statement>, end: End) -> RequestTx {
        let caller = &self.asker.caller;
        let mut settings = vec![
            (Cow::Borrowed("request.jwt.claim.role"), caller.role.clone()),
            (
                Cow::Borrowed("request.jwt.claim.sub"),
                caller.subject().unwrap_or_default().to_owned(),
            ),
            (Cow::Borrowed("request.jwt"), self.asker.token.clone()),
            (Cow::Borrowed("request.jwt.claims"), caller.claims_json()),
            (
                Cow::Borrowed("statement_timeout"),
                service.settings.statement_timeout_ms.to_string(),
            ),
        ];
        settings.extend(self.scope.common());
        RequestTx {
            role: caller.role.clone(),
            settings,
            statements,
            end,
            ..RequestTx::default()
        }
    }
}

/// A text parameter.
#[expect(clippy::unnecessary_wraps, reason = "a parameter may be NULL")]
pub(crate) fn text(value: impl AsRef<str>) -> sql::Param {
    Some(bytes::Bytes::copy_from_slice(value.as_ref().as_bytes()))
}

/// A text parameter, or NULL.
pub(crate) fn optional(value: Option<impl AsRef<str>>) -> sql::Param {
    value.and_then(text)
}
