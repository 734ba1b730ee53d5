//! `GET /reauthenticate`

use axum::response::Response;
use serde_json::json;

use super::ok;
use super::otp::message;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::service::Inner;
use crate::sms::{self, Purpose};
use crate::user::User;
use crate::{Error, bearer, letters};

pub(super) async fn get(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let signed = bearer::user(service, ask, &tx).await?;
    let user = User::by_id_locked(service, &tx, signed.user.id)
        .await?
        .ok_or(Error::SubjectGone)?;
    match (user.email.is_empty(), user.phone.is_empty()) {
        (true, true) => {
            return Err(Error::validation(
                "Reauthentication requires the user to have an email or a phone number",
            ));
        }
        (false, _) if user.times.email_confirmed.is_none() => return Err(Error::ConfirmEmailFirst),
        (true, false) if user.times.phone_confirmed.is_none() => {
            return Err(Error::ConfirmPhoneFirst);
        }
        _ => {}
    }
    audit::write(
        service,
        &tx,
        Actor::User(&user),
        Action::UserReauthenticateRequested,
        None,
    )
    .await?;
    let answer = if user.email.is_empty() {
        message(
            &sms::send(
                service,
                &tx,
                &user,
                &user.phone,
                "sms",
                Purpose::Reauthentication,
            )
            .await?,
        )
    } else {
        letters::reauthentication(service, &tx, &user).await?;
        json!({})
    };
    tx.commit().await?;
    Ok(ok(&answer))
}
