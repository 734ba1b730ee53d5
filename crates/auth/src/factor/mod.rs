//! Second factors: authenticator apps and phones.

pub(crate) mod totp;

use chrono::{DateTime, Utc};
use deadpool_postgres::{GenericClient, Transaction};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::ask::Ask;
use crate::bearer::Signed;
use crate::service::Inner;
use crate::session::{self, Application, Standing};
use crate::user::User;
use crate::{Error, db};

/// The kinds of factors that are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Totp,
    Phone,
    WebAuthn,
}

impl Kind {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "totp" => Self::Totp,
            "phone" => Self::Phone,
            "webauthn" => Self::WebAuthn,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Phone => "phone",
            Self::WebAuthn => "webauthn",
        }
    }

    /// Its name in sentences.
    fn title(self) -> &'static str {
        match self {
            Self::Totp => "TOTP",
            Self::Phone => "Phone",
            Self::WebAuthn => "WebAuthn",
        }
    }

    /// What tells that factors of the kind cannot be added.
    pub(crate) fn enroll_disabled(self) -> Error {
        let code = match self {
            Self::Totp => "mfa_totp_enroll_not_enabled",
            Self::Phone => "mfa_phone_enroll_not_enabled",
            Self::WebAuthn => "mfa_webauthn_enroll_not_enabled",
        };
        Error::EnrollDisabled(code, self.title())
    }

    /// What tells that factors of the kind are not asked for.
    pub(crate) fn verify_disabled(self) -> Error {
        let code = match self {
            Self::Totp => "mfa_totp_verify_not_enabled",
            Self::Phone => "mfa_phone_verify_not_enabled",
            Self::WebAuthn => "mfa_webauthn_verify_not_enabled",
        };
        Error::VerifyDisabled(code, self.title())
    }

    /// Its method in `amr`.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Phone => "mfa/phone",
            Self::WebAuthn => "mfa/webauthn",
        }
    }
}

/// A row of `auth.mfa_factors`.
#[derive(Debug)]
pub(crate) struct Factor {
    pub(crate) id: Uuid,
    pub(crate) user: Uuid,
    pub(crate) kind: Kind,
    pub(crate) verified: bool,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) secret: String,
    pub(crate) last_challenged: Option<DateTime<Utc>>,
}

impl Factor {
    fn read(row: &Row) -> Result<Self, Error> {
        let kind: &str = row.try_get("factor_type")?;
        let status: &str = row.try_get("status")?;
        Ok(Self {
            id: row.try_get("id")?,
            user: row.try_get("user_id")?,
            kind: Kind::of(kind)
                .ok_or_else(|| Error::Internal(format!("a factor of type {kind}")))?,
            verified: status == "verified",
            name: row.try_get("friendly_name")?,
            phone: row.try_get("phone")?,
            secret: row.try_get("secret")?,
            last_challenged: row.try_get("last_challenged_at")?,
        })
    }

    /// The factors of a user, oldest first.
    pub(crate) async fn all(client: &impl GenericClient, user: Uuid) -> Result<Vec<Self>, Error> {
        let rows = db::all(client, include_str!("../sql/factors.sql"), &[&user]).await?;
        rows.iter().map(Self::read).collect()
    }

    /// The factor of a path, which must be the user's.
    pub(crate) async fn of_path(
        client: &impl GenericClient,
        user: Uuid,
        id: &str,
    ) -> Result<Self, Error> {
        let id = Uuid::try_parse(id).map_err(|_| Error::FactorIdShape)?;
        let all = Self::all(client, user).await?;
        all.into_iter()
            .find(|factor| factor.id == id)
            .ok_or(Error::FactorUnknown)
    }
}

/// A factor as clients see it.
pub(crate) fn shown(user: &User, id: Uuid) -> Value {
    let id = id.to_string();
    let factors = user.factors.as_array().into_iter().flatten();
    factors
        .into_iter()
        .find(|factor| factor["id"] == id.as_str())
        .cloned()
        .unwrap_or(Value::Null)
}

/// A user with a session who may have factors: nobody without an address.
pub(crate) async fn holder(
    service: &Inner,
    ask: &Ask,
    client: &impl GenericClient,
) -> Result<(Signed, Uuid), Error> {
    let signed = crate::bearer::user(service, ask, client).await?;
    if signed.user.is_anonymous {
        return Err(Error::NotForGuests);
    }
    let session = signed
        .session
        .filter(|session| !session.is_nil())
        .ok_or(Error::SessionGone)?;
    Ok((signed, session))
}

/// How a session stands in the database, whatever its tokens say.
pub(crate) async fn standing(
    client: &impl GenericClient,
    session: Uuid,
) -> Result<Standing, Error> {
    let row = db::first(client, include_str!("../sql/standing.sql"), &[&session]).await?;
    let row = row.ok_or(Error::SessionGone)?;
    Ok(Standing {
        session,
        aal: row.try_get("aal")?,
        amr: row.try_get("amr")?,
        created: row.try_get("created_at")?,
        application: Application::read(&row)?,
    })
}

/// Raises a session by a factor: the other sessions that have only one factor end, and the session gets a new
/// refresh token. Answers with its tokens.
pub(crate) async fn elevate(
    service: &Inner,
    tx: &Transaction<'_>,
    factor: &Factor,
    session: Uuid,
) -> Result<Value, Error> {
    let (now, amr) = (service.now(), service.random.uuid());
    let sql = include_str!("../sql/elevate_session.sql");
    db::run(
        tx,
        sql,
        &[&session, &factor.id, &now, &factor.kind.method(), &amr],
    )
    .await?;
    let sql = include_str!("../sql/end_low_sessions.sql");
    db::run(tx, sql, &[&factor.user, &session]).await?;
    let fresh = service.refresh_token();
    let sql = include_str!("../sql/rotate_active_token.sql");
    db::run(tx, sql, &[&session, &fresh, &factor.user.to_string(), &now]).await?;
    let user = User::by_id(service, tx, factor.user)
        .await?
        .ok_or(Error::SubjectGone)?;
    let standing = standing(tx, session).await?;
    session::tokens(service, tx, &user, &standing, &fresh, factor.kind.method()).await
}

/// Takes a factor away; sessions that it raised fall back.
pub(crate) async fn remove(
    service: &Inner,
    tx: &Transaction<'_>,
    factor: &Factor,
) -> Result<(), Error> {
    let sql = include_str!("../sql/lower_sessions.sql");
    db::run(
        tx,
        sql,
        &[&factor.id, &factor.kind.method(), &service.now()],
    )
    .await?;
    db::run(tx, include_str!("../sql/delete_factor.sql"), &[&factor.id]).await?;
    Ok(())
}
