//! One-time passwords and the hashes that stand for them in links and rows.

use base::constant_time_eq;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::GenericClient;
use sha2::{Digest as _, Sha224};
use uuid::Uuid;

use crate::service::Inner;
use crate::{Error, db};

/// Leads the hashes of flows that end in a code.
pub(crate) const PKCE: &str = "pkce_";

/// Which of a user's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Confirmation,
    Recovery,
    EmailChangeNew,
    EmailChangeCurrent,
    PhoneChange,
    Reauthentication,
}

impl Slot {
    /// Its column, and its type among the one-time tokens.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation_token",
            Self::Recovery => "recovery_token",
            Self::EmailChangeNew => "email_change_token_new",
            Self::EmailChangeCurrent => "email_change_token_current",
            Self::PhoneChange => "phone_change_token",
            Self::Reauthentication => "reauthentication_token",
        }
    }

    /// Reads a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [
            Self::Confirmation,
            Self::Recovery,
            Self::EmailChangeNew,
            Self::EmailChangeCurrent,
            Self::PhoneChange,
            Self::Reauthentication,
        ]
        .into_iter()
        .find(|slot| slot.name() == name)
    }
}

/// What is stored for a code that was sent to an address.
pub(crate) fn hash(address: &str, otp: &str) -> String {
    hex::encode(Sha224::digest(format!("{address}{otp}")))
}

/// A fresh code; lengths that are not possible count as six.
pub(crate) fn draw(service: &Inner, length: usize) -> String {
    let length = if (6..=10).contains(&length) {
        length
    } else {
        6
    };
    service.random.digits(length)
}

/// Whether a code sent to `address` is the one behind `stored`, in time that does not tell.
pub(crate) fn is_of(address: &str, otp: &str, stored: &str) -> bool {
    let bare = stored.strip_prefix(PKCE).unwrap_or(stored);
    !bare.is_empty() && constant_time_eq(hash(address, otp).as_bytes(), bare.as_bytes())
}

/// Whether something that was sent is still good.
pub(crate) fn is_fresh(
    sent: Option<DateTime<Utc>>,
    lifetime: std::time::Duration,
    now: DateTime<Utc>,
) -> bool {
    let lifetime = TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::MAX);
    sent.is_some_and(|sent| now - sent <= lifetime)
}

/// Whole seconds until something may be sent again, if that is not now.
pub(crate) fn wait(
    sent: Option<DateTime<Utc>>,
    interval: std::time::Duration,
    now: DateTime<Utc>,
) -> Option<i64> {
    let interval = TimeDelta::from_std(interval).unwrap_or(TimeDelta::MAX);
    let left = sent?.checked_add_signed(interval)? - now;
    (left > TimeDelta::zero()).then(|| left.num_seconds().max(1))
}

/// Stores the hash of a code in the user's row and among the one-time tokens, and when it was sent.
pub(crate) async fn put(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
    slot: Slot,
    address: &str,
    stored: &str,
) -> Result<(), Error> {
    let (id, now) = (service.random.uuid(), service.now());
    let sql = include_str!("sql/put_token.sql");
    db::run(
        client,
        sql,
        &[&user, &slot.name(), &stored, &address, &now, &id],
    )
    .await?;
    Ok(())
}

/// Takes one token away.
pub(crate) async fn clear(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
    slot: Slot,
) -> Result<(), Error> {
    let sql = include_str!("sql/clear_token.sql");
    db::run(client, sql, &[&user, &slot.name(), &service.now()]).await?;
    Ok(())
}

/// Takes all tokens of a user away.
pub(crate) async fn clear_all(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
) -> Result<(), Error> {
    db::run(
        client,
        include_str!("sql/clear_tokens.sql"),
        &[&user, &service.now()],
    )
    .await?;
    Ok(())
}

/// The stored hashes of a user.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) confirmation: String,
    pub(crate) recovery: String,
    pub(crate) email_change_new: String,
    pub(crate) email_change_current: String,
    pub(crate) phone_change: String,
    pub(crate) reauthentication: String,
    /// How many sides of a change of address have confirmed it.
    pub(crate) confirmed_sides: i16,
}

impl Stored {
    pub(crate) async fn of(client: &impl GenericClient, user: Uuid) -> Result<Self, Error> {
        let Some(row) = db::first(client, include_str!("sql/user_tokens.sql"), &[&user]).await?
        else {
            return Ok(Self::default());
        };
        Ok(Self {
            confirmation: row.try_get(0)?,
            recovery: row.try_get(1)?,
            email_change_new: row.try_get(2)?,
            email_change_current: row.try_get(3)?,
            phone_change: row.try_get(4)?,
            reauthentication: row.try_get(5)?,
            confirmed_sides: row.try_get(6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;
    use std::time::Duration;

    #[test]
    fn a_hash_belongs_to_its_address_and_code() {
        // AUTH-OTP-02
        let stored = hash("ada@example.com", "123456");
        assert_eq!(stored.len(), 56);
        assert!(is_of("ada@example.com", "123456", &stored));
        assert!(is_of(
            "ada@example.com",
            "123456",
            &format!("pkce_{stored}")
        ));
        assert!(!is_of("bob@example.com", "123456", &stored));
        assert!(!is_of("ada@example.com", "123457", &stored));
        assert!(!is_of("ada@example.com", "", "") && !is_of("", "", "pkce_"));
    }

    #[test]
    fn what_was_sent_is_good_for_a_while_and_not_sent_again_at_once() {
        // AUTH-OTP-04, AUTH-OTP-05
        let now = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap();
        let later = |seconds| now + TimeDelta::seconds(seconds);
        let minute = Duration::from_secs(60);
        assert!(is_fresh(Some(now), minute, later(60)) && !is_fresh(Some(now), minute, later(61)));
        assert!(!is_fresh(None, minute, now));
        assert_eq!(wait(Some(now), minute, later(1)), Some(59));
        assert_eq!(wait(Some(now), minute, later(60)), None);
        assert_eq!(wait(None, minute, now), None);
    }
}
