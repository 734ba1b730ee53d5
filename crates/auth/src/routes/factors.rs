//! `POST /factors`, `POST /factors/{id}/challenge`, `POST /factors/{id}/verify`, `DELETE /factors/{id}`

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Transaction;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::ok;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::factor::{self, Factor, Kind, totp};
use crate::hooks::{self, Moment};
use crate::mail::{self, Letter};
use crate::rate::Limit;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, address, db, otp, session, sms};

/// Shortest time that challenges and unverified factors live, whatever is configured.
const LEAST: TimeDelta = TimeDelta::minutes(5);

fn at_least_five_minutes(span: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(span)
        .unwrap_or(TimeDelta::MAX)
        .max(LEAST)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Enroll {
    factor_type: Text,
    friendly_name: Text,
    issuer: Text,
    phone: Text,
}

pub(super) async fn enroll(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (signed, session) = factor::holder(service, ask, &tx).await?;
    let body: Enroll = ask.json()?;
    let kind = Kind::of(&body.factor_type).ok_or(Error::validation(
        "factor_type needs to be totp, phone, or webauthn",
    ))?;
    let settings = &service.settings;
    let on = match kind {
        Kind::Totp => settings.mfa_totp_enroll_enabled,
        Kind::Phone => settings.mfa_phone_enroll_enabled,
        Kind::WebAuthn => false,
    };
    if !on {
        return Err(kind.enroll_disabled());
    }
    let phone = match (kind, body.phone.filled()) {
        (Kind::Phone, None) => {
            return Err(Error::validation(
                "Phone number required to enroll Phone factor",
            ));
        }
        (Kind::Phone, Some(phone)) => Some(address::phone(phone)?),
        _ => None,
    };
    let user = User::by_id_locked(service, &tx, signed.user.id)
        .await?
        .ok_or(Error::SubjectGone)?;
    room(
        service,
        &tx,
        &user,
        session,
        &body.friendly_name,
        phone.as_deref(),
    )
    .await?;
    let (id, now) = (service.random.uuid(), service.now());
    let mut answer = json!({ "id": id, "type": kind.name() });
    if let Some(name) = body.friendly_name.filled() {
        answer["friendly_name"] = json!(name);
    }
    let mut secret = None;
    if let Some(phone) = &phone {
        answer["phone"] = json!(phone);
    } else {
        let issuer = match body.issuer.filled() {
            Some(issuer) => issuer.to_owned(),
            None => host(&settings.site_url),
        };
        let mut bytes = [0; 20];
        service.random.fill(&mut bytes);
        let text = totp::encode(&bytes);
        let account = if user.email.is_empty() {
            &user.phone
        } else {
            &user.email
        };
        let uri = totp::uri(&issuer, account, &text);
        let picture = totp::picture(&uri).ok_or(Error::validation("issuer is too long"))?;
        answer["totp"] = json!({ "qr_code": picture, "secret": text, "uri": uri });
        secret = Some(text);
    }
    let sql = include_str!("../sql/insert_factor.sql");
    let name = body.friendly_name.0.as_str();
    db::run(
        &tx,
        sql,
        &[&id, &user.id, &kind.name(), &name, &phone, &secret, &now],
    )
    .await?;
    let traits = json!({ "factor_id": id, "factor_type": kind.name() });
    audit::write(
        service,
        &tx,
        Actor::User(&user),
        Action::FactorInProgress,
        Some(traits),
    )
    .await?;
    tx.commit().await?;
    Ok(ok(&answer))
}

fn host(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| {
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Some(format!("{}{port}", url.host_str()?))
    });
    host.unwrap_or_else(|| "localhost".into())
}

/// Whether there is room for another factor.
async fn room(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    session: Uuid,
    name: &str,
    phone: Option<&str>,
) -> Result<(), Error> {
    let settings = &service.settings;
    let before = service.now() - at_least_five_minutes(settings.mfa_factor_expiry);
    db::run(
        tx,
        include_str!("../sql/drop_old_factors.sql"),
        &[&user.id, &before],
    )
    .await?;
    for old in Factor::all(tx, user.id).await? {
        if phone.is_some_and(|phone| old.phone == phone) {
            if old.verified {
                return Err(Error::FactorExists);
            }
            // Begun before, and never finished.
            db::run(tx, include_str!("../sql/delete_factor.sql"), &[&old.id]).await?;
        }
    }
    let all = Factor::all(tx, user.id).await?;
    if all.iter().any(|old| old.name == name) {
        return Err(Error::FactorName(name.to_owned()));
    }
    let count = |list: usize| i64::try_from(list).unwrap_or(i64::MAX);
    let verified = all.iter().filter(|old| old.verified).count();
    if count(all.len()) >= settings.mfa_max_enrolled_factors
        || count(verified) >= settings.mfa_max_verified_factors
    {
        return Err(Error::TooManyFactors);
    }
    if verified > 0 && factor::standing(tx, session).await?.aal != "aal2" {
        return Err(Error::EnrollAal);
    }
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Challenge {
    channel: Text,
}

fn refuse_unasked(service: &Inner, kind: Kind) -> Result<(), Error> {
    let on = match kind {
        Kind::Totp => service.settings.mfa_totp_verify_enabled,
        Kind::Phone => service.settings.mfa_phone_verify_enabled,
        Kind::WebAuthn => false,
    };
    if on {
        Ok(())
    } else {
        Err(kind.verify_disabled())
    }
}

fn ip(ask: &Ask) -> String {
    ask.ip()
        .map_or_else(|| "0.0.0.0".to_owned(), |ip| ip.to_string())
}

pub(super) async fn challenge(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::Challenge, ask.ip(), service.now())?;
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (signed, _) = factor::holder(service, ask, &tx).await?;
    let factor = Factor::of_path(&tx, signed.user.id, id).await?;
    let body: Challenge = if ask.body.is_empty() {
        Challenge::default()
    } else {
        ask.json()?
    };
    refuse_unasked(service, factor.kind)?;
    let (settings, now) = (&service.settings, service.now());
    let mut stored = None;
    if factor.kind == Kind::Phone {
        address::channel(&body.channel)?;
        if let Some(seconds) = otp::wait(
            factor.last_challenged,
            settings.mfa_phone_max_frequency,
            now,
        ) {
            return Err(Error::SmsSoon(seconds));
        }
        let code =
            sms::send_factor(service, &tx, &signed.user, &factor.phone, &body.channel).await?;
        stored = Some(otp::hash(&factor.phone, &code));
    }
    let challenge = service.random.uuid();
    let mut spread = [0; 2];
    service.random.fill(&mut spread);
    let noted = now + TimeDelta::microseconds(i64::from(u16::from_be_bytes(spread) % 1_000));
    let sql = include_str!("../sql/insert_challenge.sql");
    db::run(
        &tx,
        sql,
        &[&challenge, &factor.id, &ip(ask), &stored, &now, &noted],
    )
    .await?;
    let traits = json!({ "factor_id": factor.id, "factor_status": if factor.verified { "verified" } else { "unverified" } });
    audit::write(
        service,
        &tx,
        Actor::User(&signed.user),
        Action::ChallengeCreated,
        Some(traits),
    )
    .await?;
    tx.commit().await?;
    let expires = now + at_least_five_minutes(settings.mfa_challenge_expiry);
    Ok(ok(
        &json!({ "id": challenge, "type": factor.kind.name(), "expires_at": expires.timestamp() }),
    ))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verify {
    challenge_id: Text,
    code: Text,
}

pub(super) async fn verify(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::Factor, ask.ip(), service.now())?;
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (signed, session) = factor::holder(service, ask, &tx).await?;
    let factor = Factor::of_path(&tx, signed.user.id, id).await?;
    let body: Verify = ask.json()?;
    refuse_unasked(service, factor.kind)?;
    if body.code.is_empty() {
        return Err(Error::validation("Code needs to be non-empty"));
    }
    let challenge = Uuid::try_parse(&body.challenge_id).map_err(|_| Error::ChallengeUnknown)?;
    let user = User::by_id_locked(service, &tx, signed.user.id)
        .await?
        .ok_or(Error::SubjectGone)?;
    let found = db::first(
        &tx,
        include_str!("../sql/challenge.sql"),
        &[&challenge, &factor.id],
    )
    .await?;
    let row = found.ok_or(Error::ChallengeUnknown)?;
    let verified: Option<DateTime<Utc>> = row.try_get("verified_at")?;
    let from: String = row.try_get("ip")?;
    if verified.is_some() || from != ip(ask) {
        return Err(Error::ChallengeIp);
    }
    let created: DateTime<Utc> = row.try_get("created_at")?;
    if service.now() - created > at_least_five_minutes(service.settings.mfa_challenge_expiry) {
        db::run(
            &tx,
            include_str!("../sql/delete_challenge.sql"),
            &[&challenge],
        )
        .await?;
        tx.commit().await?;
        return Err(Error::ChallengeExpired(challenge));
    }
    let account = factor.id.to_string();
    service
        .limits
        .attempt(Limit::WrongCode, &account, service.now())?;
    let stored: String = row.try_get("otp_code")?;
    let step = check(service, &tx, &factor, &stored, &body.code).await;
    let payload = json!({
        "user_id": user.id, "factor_id": factor.id, "factor_type": factor.kind.name(), "valid": step.is_ok(),
    });
    if let Some((words, _)) = hooks::refusal(service, &tx, Moment::FactorAttempt, payload).await? {
        session::end_all(&tx, user.id, None).await?;
        tx.commit().await?;
        let usual = "Further MFA verification attempts will be rejected.";
        return Err(Error::FactorRejected(
            words.unwrap_or_else(|| usual.to_owned()),
        ));
    }
    let step = step?;
    service.limits.forgive(Limit::WrongCode, &account);
    let now = service.now();
    let sql = include_str!("../sql/pass_challenge.sql");
    db::run(&tx, sql, &[&challenge, &now, &step]).await?;
    if !factor.verified {
        let sql = include_str!("../sql/verify_factor.sql");
        db::run(&tx, sql, &[&factor.id, &user.id, &factor.kind.name(), &now]).await?;
        let letter = Letter::new(service, mail::Kind::FactorEnrolled, &user.email, &user)
            .with("FactorType", factor.kind.name());
        mail::notify(service, &tx, letter).await;
    }
    let traits = json!({ "factor_id": factor.id, "challenge_id": challenge, "factor_type": factor.kind.name() });
    audit::write(
        service,
        &tx,
        Actor::User(&user),
        Action::VerificationAttempted,
        Some(traits),
    )
    .await?;
    let tokens = factor::elevate(service, &tx, &factor, session).await?;
    tx.commit().await?;
    Ok(ok(&tokens))
}

/// Checks a code; of an app's the step that it belongs to.
async fn check(
    service: &Inner,
    tx: &Transaction<'_>,
    factor: &Factor,
    stored: &str,
    code: &str,
) -> Result<Option<String>, Error> {
    if factor.kind == Kind::Phone {
        let right = otp::is_of(&factor.phone, code, stored);
        return if right {
            Ok(None)
        } else {
            Err(Error::FactorCode("Invalid MFA Phone code entered"))
        };
    }
    let wrong = Error::FactorCode("Invalid TOTP code entered");
    let Some(step) = totp::step_of(&factor.secret, code, service.clock.unix()) else {
        return Err(wrong);
    };
    let step = step.to_string();
    if service.settings.mfa_totp_single_use {
        let used = include_str!("../sql/step_used.sql");
        if db::first(tx, used, &[&factor.id, &step]).await?.is_some() {
            return Err(wrong);
        }
    }
    Ok(Some(step))
}

pub(super) async fn unenroll(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (signed, session) = factor::holder(service, ask, &tx).await?;
    let factor = Factor::of_path(&tx, signed.user.id, id).await?;
    if factor.verified && factor::standing(&tx, session).await?.aal != "aal2" {
        return Err(Error::UnenrollAal);
    }
    factor::remove(service, &tx, &factor).await?;
    let status: Value = json!(if factor.verified {
        "verified"
    } else {
        "unverified"
    });
    let traits = json!({ "factor_id": factor.id, "factor_status": status, "session_id": session });
    audit::write(
        service,
        &tx,
        Actor::User(&signed.user),
        Action::FactorUnenrolled,
        Some(traits),
    )
    .await?;
    if factor.verified {
        let letter = Letter::new(
            service,
            mail::Kind::FactorUnenrolled,
            &signed.user.email,
            &signed.user,
        )
        .with("FactorType", factor.kind.name());
        mail::notify(service, &tx, letter).await;
    }
    tx.commit().await?;
    Ok(ok(&json!({ "id": factor.id })))
}
