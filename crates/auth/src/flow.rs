//! Flows that end in a code: what is remembered between a request and the exchange of its code.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use uuid::Uuid;

use crate::pkce::Challenge;
use crate::service::Inner;
use crate::{Error, db, otp, pkce};

/// Shortest time that a code is good for, seconds.
const LEAST_SECONDS: u64 = 300;

/// Remembers that `user` began a flow by mail.
pub(crate) async fn begin(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
    method: &str,
    challenge: &Challenge,
) -> Result<(), Error> {
    let (id, now) = (service.random.uuid(), service.now());
    let sql = include_str!("sql/begin_flow.sql");
    db::run(
        client,
        sql,
        &[
            &id,
            &user,
            &method,
            &challenge.method.name(),
            &challenge.text,
            &now,
        ],
    )
    .await?;
    Ok(())
}

/// Issues the code of the newest flow of `user` by `method`.
pub(crate) async fn issue(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
    method: &str,
) -> Result<String, Error> {
    let (code, now) = (service.random.uuid().to_string(), service.now());
    let sql = include_str!("sql/issue_code.sql");
    let found = db::first(client, sql, &[&user, &method, &code, &now]).await?;
    found.map(|_| code).ok_or(Error::FlowMissing)
}

/// A flow whose code was redeemed.
#[derive(Debug)]
pub(crate) struct Redeemed {
    pub(crate) user: Uuid,
    pub(crate) method: String,
    pub(crate) provider_token: Option<String>,
    pub(crate) provider_refresh_token: Option<String>,
}

/// Redeems a code with its verifier; it is gone afterwards.
pub(crate) async fn redeem(
    service: &Inner,
    client: &impl GenericClient,
    code: &str,
    verifier: &str,
) -> Result<Redeemed, Error> {
    let sql = include_str!("sql/flow_of_code.sql");
    let row = db::first(client, sql, &[&code])
        .await?
        .ok_or(Error::FlowUnknown)?;
    let issued: Option<DateTime<Utc>> = row.try_get("issued")?;
    let lifetime = service
        .settings
        .flow_state_expiry
        .max(std::time::Duration::from_secs(LEAST_SECONDS));
    if !otp::is_fresh(issued, lifetime, service.now()) {
        return Err(Error::FlowExpired);
    }
    let (method, challenge): (Option<&str>, Option<&str>) = (
        row.try_get("code_challenge_method")?,
        row.try_get("code_challenge")?,
    );
    if !pkce::fits(method, challenge.unwrap_or_default(), verifier) {
        return Err(Error::CodeVerifier);
    }
    let id: Uuid = row.try_get("id")?;
    db::run(client, include_str!("sql/delete_flow.sql"), &[&id]).await?;
    Ok(Redeemed {
        user: row.try_get("user_id")?,
        method: row.try_get("authentication_method")?,
        provider_token: row.try_get("provider_access_token")?,
        provider_refresh_token: row.try_get("provider_refresh_token")?,
    })
}
