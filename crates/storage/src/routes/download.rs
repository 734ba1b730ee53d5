//! `GET` and `HEAD /object/…`

use std::sync::Arc;

use axum::response::Response;
use http::Method;
use http::request::Parts;

use super::endpoint::{At, Reading};
use super::sign::token_of;
use crate::Error;
use crate::caller::Asker;
use crate::object::download::{self, Right};
use crate::row::Object;
use crate::scope::{Ask, Scope};
use crate::service::Inner;
use crate::signature::Purpose;

/// `/object/public/:b/*`, `/object/authenticated/:b/*` and `/object/:b/*`
pub(super) async fn get(
    service: &Arc<Inner>,
    reading: Reading,
    (bucket, key): &At,
    parts: &Parts,
    operation: &'static str,
) -> Result<Response, Error> {
    let verifier = &service.signer.verifier;
    let asker = match reading {
        Reading::Public => None,
        Reading::Any => Asker::optional(&parts.headers, verifier)?,
        Reading::Authenticated | Reading::Signed => Some(Asker::of(&parts.headers, verifier)?),
    };
    match asker {
        None => {
            let object = download::find_public(service, bucket, key).await?;
            hand_out(service, &object, Right::Public, parts).await
        }
        Some(asker) => {
            let ask = Ask {
                asker,
                scope: Scope::new(parts, operation),
            };
            let object = download::find_readable(service, &ask, bucket, key).await?;
            hand_out(service, &object, Right::Caller, parts).await
        }
    }
}

/// `/object/sign/:b/*?token=…`
pub(super) async fn signed(
    service: &Arc<Inner>,
    (bucket, key): &At,
    parts: &Parts,
) -> Result<Response, Error> {
    let claims = service.signer.check(
        Purpose::Download,
        &format!("{bucket}/{key}"),
        &token_of(parts)?,
    )?;
    let object = download::find_any(service, bucket, key).await?;
    let expires = claims.seconds("exp").unwrap_or_default();
    hand_out(service, &object, Right::Signed { expires }, parts).await
}

async fn hand_out(
    service: &Inner,
    object: &Object,
    right: Right,
    parts: &Parts,
) -> Result<Response, Error> {
    if parts.method == Method::HEAD {
        download::head(service, object, right, parts).await
    } else {
        download::send(service, object, right, parts).await
    }
}
