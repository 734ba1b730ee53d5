//! `GET /user`

use axum::response::Response;

use super::ok;
use crate::ask::Ask;
use crate::service::Inner;
use crate::{Error, bearer};

pub(super) async fn get(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    let signed = bearer::user(service, ask, &client).await?;
    Ok(ok(&signed.user.json()))
}
