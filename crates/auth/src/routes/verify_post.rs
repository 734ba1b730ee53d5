//! `POST /verify`

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ok;
use super::verify_get::HALF;
use crate::ask::Ask;
use crate::body::Text;
use crate::rate::Limit;
use crate::service::Inner;
use crate::verification::{self, Subject, Verified};
use crate::{Error, address, bearer, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    r#type: Text,
    token: Text,
    token_hash: Text,
    email: Text,
    phone: Text,
    redirect_to: Text,
}

/// What is shown as proof.
enum Proof {
    Hash(String),
    Email(String, String),
    Phone(String, String),
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::Verify, ask.ip(), service.now())?;
    let body: Body = ask.json()?;
    let (subject, proof) = check(&body)?;
    let audience = bearer::audience(service, ask);
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let verified = match &proof {
        Proof::Hash(hash) => verification::by_hash(service, &tx, subject, hash).await?,
        Proof::Email(email, code) => {
            verification::by_email(service, &tx, subject, email, code, &audience).await?
        }
        Proof::Phone(phone, code) => {
            verification::by_phone(service, &tx, subject, phone, code, &audience).await?
        }
    };
    let answer: Value = match verified {
        Verified::Half => json!({ "msg": HALF, "code": "200" }),
        Verified::User(mut user, _) => session::begin(service, &tx, ask, &mut user, "otp").await?,
    };
    tx.commit().await?;
    Ok(ok(&answer))
}

fn check(body: &Body) -> Result<(Subject, Proof), Error> {
    if body.r#type.is_empty() {
        return Err(Error::validation("Verify requires a verification type"));
    }
    let subject = Subject::of(&body.r#type);
    let (email, phone) = (body.email.filled(), body.phone.filled());
    match (body.token.filled(), body.token_hash.filled()) {
        (None, Some(hash)) => {
            if email.is_some() || phone.is_some() || !body.redirect_to.is_empty() {
                return Err(Error::validation(
                    "Only the token_hash and type should be provided",
                ));
            }
            let mailed =
                |subject: &Subject| !matches!(subject, Subject::Sms | Subject::PhoneChange);
            let subject = subject
                .filter(mailed)
                .ok_or(Error::validation("Invalid email verification type"))?;
            Ok((subject, Proof::Hash(hash.to_owned())))
        }
        (Some(code), None) => {
            let unsupported = || Error::validation("Unsupported verification type");
            match (email, phone) {
                (Some(email), None) => {
                    let email = address::email(email).map_err(|_| Error::EmailShape)?;
                    let subject = subject
                        .filter(|subject| !matches!(subject, Subject::Sms | Subject::PhoneChange));
                    Ok((
                        subject.ok_or_else(unsupported)?,
                        Proof::Email(email, code.to_owned()),
                    ))
                }
                (None, Some(phone)) => {
                    let phone = address::phone(phone)?;
                    let subject = subject
                        .filter(|subject| matches!(subject, Subject::Sms | Subject::PhoneChange));
                    Ok((
                        subject.ok_or_else(unsupported)?,
                        Proof::Phone(phone, code.to_owned()),
                    ))
                }
                _ => Err(Error::validation(
                    "Only an email address or phone number should be provided on verify",
                )),
            }
        }
        _ => Err(Error::validation(
            "Verify requires either a token or a token hash",
        )),
    }
}
