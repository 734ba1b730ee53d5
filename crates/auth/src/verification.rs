//! Showing that an address is one's own, by the code or the link that was sent there; and what follows from it.

use deadpool_postgres::{GenericClient, Transaction};
use serde_json::json;
use uuid::Uuid;

use crate::account::is_taken;
use crate::audit::{self, Action, Actor};
use crate::mail::{self, Kind, Letter};
use crate::otp::{self, Slot, Stored};
use crate::rate::Limit;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, db, identity, sms};

/// What is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Signup,
    Invite,
    Recovery,
    MagicLink,
    EmailChange,
    /// A sign-up or a sign-in, whichever was sent.
    Email,
    Sms,
    PhoneChange,
}

impl Subject {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "signup" => Self::Signup,
            "invite" => Self::Invite,
            "recovery" => Self::Recovery,
            "magiclink" => Self::MagicLink,
            "email_change" => Self::EmailChange,
            "email" => Self::Email,
            "sms" => Self::Sms,
            "phone_change" => Self::PhoneChange,
            _ => return None,
        })
    }

    /// The tokens that links of the kind carry.
    fn slots(self) -> &'static [Slot] {
        match self {
            Self::Signup | Self::Invite => &[Slot::Confirmation],
            Self::Recovery | Self::MagicLink => &[Slot::Recovery],
            Self::EmailChange => &[Slot::EmailChangeCurrent, Slot::EmailChangeNew],
            Self::Email => &[Slot::Confirmation, Slot::Recovery],
            Self::Sms | Self::PhoneChange => &[],
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Verified {
    /// This is the user, by the token in this slot.
    User(Box<User>, Slot),
    /// One side of a change of address agreed; the other has to, too.
    Half,
}

/// Verifies the hash that a link carries.
pub(crate) async fn by_hash(
    service: &Inner,
    tx: &Transaction<'_>,
    subject: Subject,
    hash: &str,
) -> Result<Verified, Error> {
    let slots = subject.slots();
    if slots.is_empty() {
        return Err(Error::validation("Invalid email verification type"));
    }
    let names: Vec<&str> = slots.iter().map(|slot| slot.name()).collect();
    let found = db::first(tx, include_str!("sql/token_owner.sql"), &[&hash, &names]).await?;
    let row = found.ok_or(Error::LinkExpired)?;
    let slot = Slot::of(row.try_get(1)?).ok_or(Error::LinkExpired)?;
    let user = locked(service, tx, row.try_get(0)?)
        .await?
        .ok_or(Error::LinkExpired)?;
    // Under the lock: who comes second with the same link finds it used.
    let stored = Stored::of(tx, user.id).await?;
    let unused = base::constant_time_eq(stored_in(&stored, slot).as_bytes(), hash.as_bytes());
    if !unused || !is_fresh(service, &user, slot) {
        return Err(Error::LinkExpired);
    }
    accept(service, tx, user, slot, &stored).await
}

/// Verifies a code that was sent to an e-mail address.
pub(crate) async fn by_email(
    service: &Inner,
    tx: &Transaction<'_>,
    subject: Subject,
    email: &str,
    code: &str,
    audience: &str,
) -> Result<Verified, Error> {
    service
        .limits
        .attempt(Limit::WrongCode, email, service.now())?;
    let (user, slots) = if subject == Subject::EmailChange {
        let sql = include_str!("sql/email_changer.sql");
        let (default, _) = service.defaults();
        let bare = otp::hash(email, code);
        let row = db::first(tx, sql, &[&default, &audience, &email, &bare]).await?;
        let row = row.ok_or(Error::OtpExpired)?;
        let slot = Slot::of(row.try_get(1)?).ok_or(Error::OtpExpired)?;
        (locked(service, tx, row.try_get(0)?).await?, vec![slot])
    } else {
        let found = User::by_email(service, tx, email, audience).await?;
        let user = match found {
            Some(user) => locked(service, tx, user.id).await?,
            None => None,
        };
        (user, subject.slots().to_vec())
    };
    let user = user.ok_or(Error::OtpExpired)?;
    let stored = Stored::of(tx, user.id).await?;
    let slot = slots
        .into_iter()
        .find(|slot| {
            otp::is_of(email, code, stored_in(&stored, *slot)) && is_fresh(service, &user, *slot)
        })
        .ok_or(Error::OtpExpired)?;
    service.limits.forgive(Limit::WrongCode, email);
    accept(service, tx, user, slot, &stored).await
}

/// Verifies a code that was sent to a phone.
pub(crate) async fn by_phone(
    service: &Inner,
    tx: &Transaction<'_>,
    subject: Subject,
    phone: &str,
    code: &str,
    audience: &str,
) -> Result<Verified, Error> {
    service
        .limits
        .attempt(Limit::WrongCode, phone, service.now())?;
    let id = if subject == Subject::PhoneChange {
        let (default, _) = service.defaults();
        let sql = include_str!("sql/phone_changer.sql");
        let row = db::first(tx, sql, &[&default, &audience, &phone]).await?;
        row.map(|row| row.try_get::<_, Uuid>(0)).transpose()?
    } else {
        let user = User::by_phone(service, tx, phone, audience).await?;
        user.map(|user| user.id)
    };
    let user = match id {
        Some(id) => locked(service, tx, id).await?,
        None => None,
    };
    let user = user.ok_or(Error::OtpExpired)?;
    let stored = Stored::of(tx, user.id).await?;
    let (slot, sent) = match subject {
        Subject::PhoneChange => (Slot::PhoneChange, user.times.phone_change_sent),
        _ => (Slot::Confirmation, user.times.confirmation_sent),
    };
    if slot == Slot::PhoneChange && user.new_phone != phone {
        return Err(Error::OtpExpired);
    }
    if !sms::is_right(service, phone, code, stored_in(&stored, slot), sent).await? {
        return Err(Error::OtpExpired);
    }
    service.limits.forgive(Limit::WrongCode, phone);
    refuse_banned(service, &user)?;
    let user = match slot {
        Slot::PhoneChange => change_phone(service, tx, &user).await?,
        _ => confirm_phone(service, tx, &user).await?,
    };
    Ok(Verified::User(Box::new(user), slot))
}

async fn locked(service: &Inner, tx: &Transaction<'_>, id: Uuid) -> Result<Option<User>, Error> {
    User::by_id_locked(service, tx, id).await
}

fn stored_in(stored: &Stored, slot: Slot) -> &str {
    match slot {
        Slot::Confirmation => &stored.confirmation,
        Slot::Recovery => &stored.recovery,
        Slot::EmailChangeNew => &stored.email_change_new,
        Slot::EmailChangeCurrent => &stored.email_change_current,
        Slot::PhoneChange => &stored.phone_change,
        Slot::Reauthentication => &stored.reauthentication,
    }
}

fn is_fresh(service: &Inner, user: &User, slot: Slot) -> bool {
    let sent = match slot {
        Slot::Confirmation => user.times.confirmation_sent,
        Slot::Recovery => user.times.recovery_sent,
        Slot::EmailChangeNew | Slot::EmailChangeCurrent => user.times.email_change_sent,
        Slot::PhoneChange => user.times.phone_change_sent,
        Slot::Reauthentication => user.times.reauthentication_sent,
    };
    otp::is_fresh(sent, service.settings.mailer_otp_exp, service.now())
}

fn refuse_banned(service: &Inner, user: &User) -> Result<(), Error> {
    if user.is_banned(service.now()) {
        Err(Error::Banned)
    } else {
        Ok(())
    }
}

async fn accept(
    service: &Inner,
    tx: &Transaction<'_>,
    user: User,
    slot: Slot,
    stored: &Stored,
) -> Result<Verified, Error> {
    refuse_banned(service, &user)?;
    let user = match slot {
        Slot::Confirmation => confirm_email(service, tx, &user).await?,
        Slot::Recovery => recover(service, tx, &user).await?,
        _ => match change_email(service, tx, &user, slot, stored).await? {
            Some(user) => user,
            None => return Ok(Verified::Half),
        },
    };
    Ok(Verified::User(Box::new(user), slot))
}

async fn reread(service: &Inner, client: &impl GenericClient, id: Uuid) -> Result<User, Error> {
    User::by_id(service, client, id)
        .await?
        .ok_or(Error::UserNotFound)
}

/// The address is confirmed, and with it the user.
pub(crate) async fn confirm_email(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
) -> Result<User, Error> {
    if user.times.invited.is_some() && !user.has_password() {
        // One that nobody knows: the invitee chooses another after the first sign-in.
        let hash = service.hasher.hash(&service.random.token(33)).await?;
        let sql = include_str!("sql/set_password.sql");
        db::run(tx, sql, &[&user.id, &hash, &service.now()]).await?;
    }
    db::run(
        tx,
        include_str!("sql/confirm_email.sql"),
        &[&user.id, &service.now()],
    )
    .await?;
    otp::clear_all(service, tx, user.id).await?;
    identity::verify(tx, user.id, "email").await?;
    let user = reread(service, tx, user.id).await?;
    let traits = json!({ "provider": "email" });
    audit::write(
        service,
        tx,
        Actor::User(&user),
        Action::UserSignedUp,
        Some(traits),
    )
    .await?;
    Ok(user)
}

async fn recover(service: &Inner, tx: &Transaction<'_>, user: &User) -> Result<User, Error> {
    if user.times.email_confirmed.is_none() {
        return confirm_email(service, tx, user).await;
    }
    otp::clear(service, tx, user.id, Slot::Recovery).await?;
    let user = reread(service, tx, user.id).await?;
    audit::write(service, tx, Actor::User(&user), Action::Login, None).await?;
    Ok(user)
}

async fn confirm_phone(service: &Inner, tx: &Transaction<'_>, user: &User) -> Result<User, Error> {
    let new = user.times.phone_confirmed.is_none();
    db::run(
        tx,
        include_str!("sql/confirm_phone.sql"),
        &[&user.id, &service.now()],
    )
    .await?;
    otp::clear_all(service, tx, user.id).await?;
    identity::verify(tx, user.id, "phone").await?;
    let user = reread(service, tx, user.id).await?;
    let action = if new {
        Action::UserSignedUp
    } else {
        Action::Login
    };
    let traits = json!({ "provider": "phone" });
    audit::write(service, tx, Actor::User(&user), action, Some(traits)).await?;
    Ok(user)
}

async fn change_phone(service: &Inner, tx: &Transaction<'_>, user: &User) -> Result<User, Error> {
    let (id, now, phone) = (user.id, service.now(), &user.new_phone);
    db::run(tx, include_str!("sql/set_phone.sql"), &[&id, phone, &now])
        .await
        .map_err(|error| {
            if is_taken(&error) {
                Error::PhoneExists
            } else {
                error
            }
        })?;
    otp::clear_all(service, tx, id).await?;
    identity::set(service, tx, id, "phone", phone, true).await?;
    identity::verify(tx, id, "phone").await?;
    let old = &user.phone;
    let user = reread(service, tx, id).await?;
    audit::write(service, tx, Actor::User(&user), Action::UserModified, None).await?;
    let letter = Letter::new(service, Kind::PhoneChanged, &user.email, &user)
        .with("Phone", &user.phone)
        .with("OldPhone", old);
    mail::notify(service, tx, letter).await;
    Ok(user)
}

/// One side agrees to a change of address; `None` when the other side has to, too.
///
/// Whether it has to follows from its token, which is there until it is used, and not from a count: the same side
/// agreeing twice is still one side.
async fn change_email(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    slot: Slot,
    stored: &Stored,
) -> Result<Option<User>, Error> {
    let settings = &service.settings;
    let (id, now) = (user.id, service.now());
    let other = match slot {
        Slot::EmailChangeNew => &stored.email_change_current,
        _ => &stored.email_change_new,
    };
    let both = settings.mailer_secure_email_change
        && !settings.email_autoconfirm
        && !user.email.is_empty();
    // The side that is asked must have agreed before; a change that began without its consent waits for it.
    let agreed = other.is_empty() && stored.confirmed_sides > 0;
    // Where one consent is enough it is that of the new address.
    if (both && !agreed) || (!both && slot == Slot::EmailChangeCurrent && !other.is_empty()) {
        otp::clear(service, tx, id, slot).await?;
        db::run(tx, include_str!("sql/half_email_change.sql"), &[&id, &now]).await?;
        return Ok(None);
    }
    let email = &user.new_email;
    if email.is_empty() {
        return Err(Error::LinkExpired);
    }
    db::run(tx, include_str!("sql/set_email.sql"), &[&id, email, &now])
        .await
        .map_err(|error| {
            if is_taken(&error) {
                Error::EmailExists
            } else {
                error
            }
        })?;
    otp::clear_all(service, tx, id).await?;
    identity::set(service, tx, id, "email", email, true).await?;
    identity::verify(tx, id, "email").await?;
    let old = &user.email;
    let user = reread(service, tx, id).await?;
    audit::write(service, tx, Actor::User(&user), Action::UserModified, None).await?;
    let letter = Letter::new(service, Kind::EmailChanged, old, &user).with("OldEmail", old);
    mail::notify(service, tx, letter).await;
    Ok(Some(user))
}
