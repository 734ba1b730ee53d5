//! `POST /logout?scope=global|local|others`

use axum::response::Response;
use http::StatusCode;

use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::service::Inner;
use crate::{Error, bearer, session};

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let scope = ask.query("scope").filter(|scope| !scope.is_empty());
    let scope = scope.as_deref().unwrap_or("global");
    if !["global", "local", "others"].contains(&scope) {
        return Err(Error::validation(format!(
            "Unsupported logout scope \"{scope}\""
        )));
    }
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let signed = bearer::user(service, ask, &tx).await?;
    let id = signed.user.id;
    audit::write(
        service,
        &tx,
        Actor::User(&signed.user),
        Action::Logout,
        None,
    )
    .await?;
    match (scope, signed.session) {
        ("local", Some(current)) => session::end(&tx, current).await?,
        ("others", Some(current)) => session::end_all(&tx, id, Some(current)).await?,
        // A token that belongs to no session can only mean all of them.
        _ => session::end_all(&tx, id, None).await?,
    }
    tx.commit().await?;
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
