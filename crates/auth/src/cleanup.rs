//! Removing what is of no use to anybody any more: little by little, never waiting for a lock.

use std::time::Duration;

use base::Tasks;
use chrono::{DateTime, TimeDelta, Utc};

use crate::Error;
use crate::service::{Auth, Inner};

/// How often it is looked for.
const EVERY: Duration = Duration::from_secs(60);

/// A kind of rows, and the sentence that removes some of those that are too old.
const SENTENCES: [(&str, &str); 10] = [
    ("refresh tokens", include_str!("sql/clean_tokens.sql")),
    ("ended sessions", include_str!("sql/clean_sessions.sql")),
    ("relay states", include_str!("sql/clean_relay_states.sql")),
    ("flows", include_str!("sql/clean_flows.sql")),
    ("client states", include_str!("sql/clean_client_states.sql")),
    (
        "requests of applications",
        include_str!("sql/clean_authorizations.sql"),
    ),
    ("challenges", include_str!("sql/clean_challenges.sql")),
    ("factors", include_str!("sql/clean_factors.sql")),
    (
        "passkey challenges",
        include_str!("sql/clean_passkey_challenges.sql"),
    ),
    (
        "tokens of ended sessions",
        include_str!("sql/revoke_ended_tokens.sql"),
    ),
];

/// Cleans every minute until the soft stop.
pub(crate) fn start(auth: &Auth, tasks: &Tasks) {
    if !auth.inner.settings.cleanup {
        return;
    }
    let (auth, soft) = (auth.clone(), tasks.soft());
    tasks.spawn("auth cleanup", async move {
        while tokio::time::timeout(EVERY, soft.cancelled()).await.is_err() {
            if let Err(error) = run(&auth.inner).await {
                tracing::warn!(%error, "rows that are of no use could not be removed");
            }
        }
    });
}

/// Removes some of everything that is too old; how many rows.
pub(crate) async fn run(service: &Inner) -> Result<u64, Error> {
    let client = service.pool.get().await?;
    let day_ago = service.now() - TimeDelta::days(1);
    let mut removed = 0;
    for (what, sql) in SENTENCES {
        let rows = crate::db::run(&client, sql, &[&day_ago]).await?;
        if rows > 0 {
            tracing::debug!(rows, what, "removed");
        }
        removed += rows;
    }
    let settings = &service.settings;
    let limit = |span: Duration| -> Option<DateTime<Utc>> {
        let span = TimeDelta::from_std(span)
            .ok()
            .filter(|span| !span.is_zero())?;
        day_ago.checked_sub_signed(span)
    };
    let (timebox, inactivity) = (
        limit(settings.session_timebox),
        limit(settings.session_inactivity),
    );
    if timebox.is_some() || inactivity.is_some() {
        let sql = include_str!("sql/clean_aged_sessions.sql");
        removed += crate::db::run(&client, sql, &[&timebox, &inactivity]).await?;
    }
    if settings.anonymous_enabled {
        let before = service.now() - TimeDelta::days(30);
        removed +=
            crate::db::run(&client, include_str!("sql/clean_guests.sql"), &[&before]).await?;
    }
    Ok(removed)
}
