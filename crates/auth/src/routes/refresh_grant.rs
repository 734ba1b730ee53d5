//! `POST /token?grant_type=refresh_token`
//!
//! Whoever holds the session's row decides; the others look again a moment later and then find what was
//! decided, so that clients that refresh at once end with the same token.

use std::time::Duration;

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Transaction;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::ok;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::service::Inner;
use crate::session::{Application, Lifetime, Standing};
use crate::user::User;
use crate::{Error, db, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    refresh_token: Text,
}

/// How often the lock is tried for, and the shortest pause between: about five seconds in all.
const ATTEMPTS: u32 = 250;
const PAUSE_MS: u64 = 10;

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let body: Body = ask.json()?;
    Ok(ok(&refresh(service, ask, &body.refresh_token, None).await?))
}

/// Refreshes for the application that shows to be `client`, or for the site itself.
pub(super) async fn refresh(
    service: &Inner,
    ask: &Ask,
    token: &str,
    client: Option<Uuid>,
) -> Result<Value, Error> {
    let well_formed = token.len() == 12
        && token
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !well_formed {
        return Err(Error::RefreshShape);
    }
    for _ in 0..ATTEMPTS {
        if let Some(answer) = attempt(service, ask, token, client).await? {
            return Ok(answer);
        }
        let mut spread = [0];
        service.random.fill(&mut spread);
        let pause = PAUSE_MS + u64::from(spread[0] % 20);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    Err(Error::RefreshBusy)
}

/// What is known of a token under the lock.
struct Presented {
    user: User,
    standing: Standing,
    lifetime: Lifetime,
    revoked: bool,
    updated: Option<DateTime<Utc>>,
    /// The session's token that is good now, and the one it came from.
    active: Option<(String, Option<String>)>,
}

/// `None`: somebody else holds the session.
async fn attempt(
    service: &Inner,
    ask: &Ask,
    token: &str,
    shown: Option<Uuid>,
) -> Result<Option<Value>, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let found = db::first(&tx, include_str!("../sql/token_session.sql"), &[&token]).await?;
    let found = found.ok_or(Error::RefreshUnknown)?;
    let Some(session) = found.try_get::<_, Option<Uuid>>(0)? else {
        // A token of no session is of no use to anybody.
        db::run(&tx, include_str!("../sql/delete_token.sql"), &[&token]).await?;
        tx.commit().await?;
        return Err(Error::RefreshNoSession);
    };
    let locked = db::first(&tx, include_str!("../sql/lock_session.sql"), &[&session]).await?;
    if locked.is_none() {
        return Ok(None);
    }
    let Some(presented) = read(service, &tx, token, session).await? else {
        return Err(Error::RefreshUnknown);
    };
    check_client(presented.standing.application.as_ref(), shown)?;
    if presented.user.is_banned(service.now()) {
        return Err(Error::RefreshBanned);
    }
    if let Some(how) = presented.lifetime.ended(service) {
        return Err(Error::RefreshExpired(how));
    }
    if presented.user.has_verified_factor()
        && presented.standing.aal == "aal1"
        && let Some(how) = presented.lifetime.ended_low(service)
    {
        return Err(Error::RefreshExpired(how));
    }
    let refresh = match decide(service, &presented, token) {
        Decision::Same(active) => active,
        Decision::Rotate => {
            let fresh = service.refresh_token();
            let sql = include_str!("../sql/rotate_token.sql");
            let (user, now) = (presented.user.id.to_string(), service.now());
            db::run(&tx, sql, &[&token, &fresh, &user, &session, &now]).await?;
            let actor = Actor::User(&presented.user);
            audit::write(service, &tx, actor, Action::TokenRevoked, None).await?;
            fresh
        }
        Decision::Refuse => {
            if service.settings.refresh_rotation {
                let sql = include_str!("../sql/revoke_family.sql");
                db::run(&tx, sql, &[&session, &service.now()]).await?;
                let actor = Actor::User(&presented.user);
                audit::write(service, &tx, actor, Action::TokenRevoked, None).await?;
            }
            // Although the request fails.
            tx.commit().await?;
            return Err(Error::RefreshUsed);
        }
    };
    let (agent, ip) = (ask.user_agent(), ask.ip().map(|ip| ip.to_string()));
    let sql = include_str!("../sql/touch_session.sql");
    db::run(&tx, sql, &[&session, &service.now(), &agent, &ip]).await?;
    let actor = Actor::User(&presented.user);
    audit::write(service, &tx, actor, Action::TokenRefreshed, None).await?;
    let (user, standing) = (&presented.user, &presented.standing);
    let answer = session::tokens(service, &tx, user, standing, &refresh, "token_refresh").await?;
    tx.commit().await?;
    Ok(Some(answer))
}

/// AUTH-REFRESH-09: the session of an application is refreshed by that application, and by nobody else.
fn check_client(owner: Option<&Application>, shown: Option<Uuid>) -> Result<(), Error> {
    let why = match (owner, shown) {
        (None, None) => return Ok(()),
        (Some(owner), Some(shown)) if owner.id == shown => return Ok(()),
        (Some(_), None) => "Client authentication required for OAuth session",
        (Some(_), Some(_)) => "Client does not match the session's OAuth client",
        (None, Some(_)) => "Client authentication not allowed for non-OAuth session",
    };
    Err(Error::OAuth("invalid_client", why.to_owned()))
}

async fn read(
    service: &Inner,
    tx: &Transaction<'_>,
    token: &str,
    session: Uuid,
) -> Result<Option<Presented>, Error> {
    let sql = include_str!("../sql/presented_token.sql");
    let Some(row) = db::first(tx, sql, &[&token, &session]).await? else {
        return Ok(None);
    };
    let Some(user) = User::by_id(service, tx, row.try_get("user_id")?).await? else {
        return Ok(None);
    };
    let active: Option<String> = row.try_get("active")?;
    let parent: Option<String> = row.try_get("active_parent")?;
    let lifetime = Lifetime::read(&row)?;
    Ok(Some(Presented {
        user,
        standing: Standing {
            session,
            aal: row.try_get("aal")?,
            amr: row.try_get("amr")?,
            created: lifetime.created,
            application: Application::read(&row)?,
        },
        lifetime,
        revoked: row.try_get("revoked")?,
        updated: row.try_get("updated_at")?,
        active: active.map(|active| (active, parent)),
    }))
}

/// What becomes of a token that is presented.
enum Decision {
    /// The active token is told again.
    Same(String),
    Rotate,
    Refuse,
}

fn decide(service: &Inner, presented: &Presented, token: &str) -> Decision {
    if !presented.revoked {
        return Decision::Rotate;
    }
    // The client lost the previous answer.
    if let Some((active, Some(parent))) = &presented.active
        && parent == token
    {
        return Decision::Same(active.clone());
    }
    let interval =
        TimeDelta::from_std(service.settings.refresh_reuse_interval).unwrap_or(TimeDelta::zero());
    let recent = |updated| service.now() <= updated + interval;
    // Of a family that was ended no token comes back to life, however recent that was.
    if presented.active.is_some() && presented.updated.is_some_and(recent) {
        return Decision::Rotate;
    }
    Decision::Refuse
}
