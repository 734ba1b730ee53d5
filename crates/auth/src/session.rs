//! Sessions and the tokens that stand for them.

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::GenericClient;
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::ask::Ask;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, db, hooks};

/// When a session began, was refreshed, and must end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) created: Option<DateTime<Utc>>,
    refreshed: Option<DateTime<Utc>>,
    not_after: Option<DateTime<Utc>>,
}

impl Lifetime {
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            created: row.try_get("created_at")?,
            refreshed: row.try_get("refreshed_at")?,
            not_after: row.try_get("not_after")?,
        })
    }

    /// Why the session is over, if it is, as the end of a sentence.
    pub(crate) fn ended(self, service: &Inner) -> Option<&'static str> {
        let now = service.now();
        let settings = &service.settings;
        let past = |start: Option<DateTime<Utc>>, limit: std::time::Duration| {
            let limit = TimeDelta::from_std(limit).unwrap_or(TimeDelta::MAX);
            !limit.is_zero() && start.is_some_and(|start| now - start > limit)
        };
        if self.not_after.is_some_and(|end| now > end)
            || past(self.created, settings.session_timebox)
        {
            return Some("");
        }
        let seen = self.seen();
        past(seen, settings.session_inactivity).then_some(" (Inactivity)")
    }

    fn seen(self) -> Option<DateTime<Utc>> {
        self.refreshed.or(self.created)
    }

    /// Why the session of a user who has a second factor is over without it, if it is.
    pub(crate) fn ended_low(self, service: &Inner) -> Option<&'static str> {
        let limit =
            TimeDelta::from_std(service.settings.session_allow_low_aal).unwrap_or(TimeDelta::MAX);
        let over = !limit.is_zero()
            && self
                .created
                .is_some_and(|created| service.now() - created > limit);
        over.then_some(" (Low AAL: User Needs MFA Verification)")
    }
}

/// What an access token says of its session.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) session: Uuid,
    pub(crate) aal: String,
    /// Newest first.
    pub(crate) amr: Value,
    /// When it began.
    pub(crate) created: Option<DateTime<Utc>>,
    /// The application that the session was opened for, if not for the site itself.
    pub(crate) application: Option<Application>,
}

impl Standing {
    /// When the session ends for want of a second factor, if it may: a token does not outlive that.
    fn low_end(&self, service: &Inner, user: &User) -> Option<DateTime<Utc>> {
        let limit = TimeDelta::from_std(service.settings.session_allow_low_aal).ok()?;
        let low = !limit.is_zero() && self.aal == "aal1" && user.has_verified_factor();
        self.created.filter(|_| low)?.checked_add_signed(limit)
    }
}

/// An application that somebody signed in to by the account here.
#[derive(Debug, Clone)]
pub(crate) struct Application {
    pub(crate) id: Uuid,
    /// With spaces between.
    pub(crate) scopes: String,
}

impl Application {
    /// That of a row with `oauth_client_id` and `scopes`, if it has one.
    pub(crate) fn read(row: &Row) -> Result<Option<Self>, Error> {
        let id: Option<Uuid> = row.try_get("oauth_client_id")?;
        let scopes: Option<String> = row.try_get("scopes")?;
        Ok(id.map(|id| Self {
            id,
            scopes: scopes.unwrap_or_default(),
        }))
    }
}

/// A fresh session by `method`; answers with its tokens.
pub(crate) async fn begin(
    service: &Inner,
    client: &impl GenericClient,
    ask: &Ask,
    user: &mut User,
    method: &'static str,
) -> Result<Value, Error> {
    begin_for(service, client, ask, user, method, None).await
}

/// The same for an application, if one is named.
pub(crate) async fn begin_for(
    service: &Inner,
    client: &impl GenericClient,
    ask: &Ask,
    user: &mut User,
    method: &'static str,
    application: Option<&Application>,
) -> Result<Value, Error> {
    let (session, amr) = (service.random.uuid(), service.random.uuid());
    let (now, token) = (service.now(), service.refresh_token());
    let (agent, ip) = (ask.user_agent(), ask.ip().map(|ip| ip.to_string()));
    db::run(
        client,
        include_str!("sql/begin_session.sql"),
        &[&session, &user.id, &now, &agent, &ip, &amr, &method, &token],
    )
    .await
    .map_err(|error| match error {
        // The user was deleted a moment ago.
        error if error.violates("sessions_user_id_fkey") => Error::Credentials,
        error => error,
    })?;
    if let Some(application) = application {
        let sql = include_str!("sql/bind_session.sql");
        db::run(
            client,
            sql,
            &[&session, &application.id, &application.scopes],
        )
        .await?;
    }
    user.times.last_sign_in = Some(now);
    user.times.updated = Some(now);
    let standing = Standing {
        session,
        aal: "aal1".into(),
        amr: json!([{ "method": method, "timestamp": now.timestamp() }]),
        created: Some(now),
        application: application.cloned(),
    };
    tokens(service, client, user, &standing, &token, method).await
}

/// The response of every grant.
pub(crate) async fn tokens(
    service: &Inner,
    client: &impl GenericClient,
    user: &User,
    standing: &Standing,
    refresh: &str,
    method: &str,
) -> Result<Value, Error> {
    let issued = service.clock.unix();
    let lifetime = service.settings.jwt_expiry.as_secs();
    let expires = issued.saturating_add_unsigned(lifetime);
    let expires = match standing.low_end(service, user) {
        Some(end) => expires.min(end.timestamp()).max(issued),
        None => expires,
    };
    let lifetime = expires - issued;
    let mut claims = json!({
        "iss": service.issuer,
        "sub": user.id,
        "aud": user.aud,
        "exp": expires,
        "iat": issued,
        "email": user.email,
        "phone": user.phone,
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
        "role": user.role,
        "aal": standing.aal,
        "amr": standing.amr,
        "session_id": standing.session,
        "is_anonymous": user.is_anonymous,
    });
    if let Some(application) = &standing.application {
        claims["client_id"] = json!(application.id);
        claims["scope"] = json!(application.scopes);
    }
    let claims = hooks::claims(service, client, claims, method).await?;
    Ok(json!({
        "access_token": service.keys.sign(&claims),
        "token_type": "bearer",
        "expires_in": lifetime,
        "expires_at": expires,
        "refresh_token": refresh,
        "user": user.json(),
    }))
}

/// Ends all sessions of a user but, perhaps, one.
pub(crate) async fn end_all(
    client: &impl GenericClient,
    user: Uuid,
    except: Option<Uuid>,
) -> Result<(), Error> {
    db::run(
        client,
        include_str!("sql/end_sessions.sql"),
        &[&user, &except],
    )
    .await?;
    Ok(())
}

/// Ends one session.
pub(crate) async fn end(client: &impl GenericClient, session: Uuid) -> Result<(), Error> {
    db::run(client, include_str!("sql/end_session.sql"), &[&session]).await?;
    Ok(())
}
