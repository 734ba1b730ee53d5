//! What is sent to people on their way: confirmations, magic links, recoveries, invitations, codes.
//!
//! Each draws a code, stores its hash, remembers the flow if it is to end in a code, and sends.

use deadpool_postgres::Transaction;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::hooks::{self, Moment};
use crate::mail::{self, Kind, Letter, Token};
use crate::otp::{self, PKCE, Slot};
use crate::pkce::Challenge;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, flow};

/// Where somebody goes after a link, and how the flow goes on there.
#[derive(Debug, Clone)]
pub(crate) struct Journey {
    pub(crate) redirect: String,
    pub(crate) challenge: Option<Challenge>,
}

impl Journey {
    pub(crate) fn of(service: &Inner, ask: &Ask, challenge: Option<Challenge>) -> Self {
        Self {
            redirect: service.redirects.target(ask, None),
            challenge,
        }
    }
}

/// A code, drawn and stored.
struct Issued {
    otp: String,
    stored: String,
}

async fn issue(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    slot: Slot,
    address: &str,
    leads_to_code: bool,
) -> Result<Issued, Error> {
    let otp = otp::draw(service, service.settings.mailer_otp_length);
    let hash = otp::hash(address, &otp);
    let stored = if leads_to_code {
        format!("{PKCE}{hash}")
    } else {
        hash
    };
    otp::put(service, tx, user.id, slot, address, &stored).await?;
    Ok(Issued { otp, stored })
}

/// One letter with one link, of one of the four kinds that go to the user's own address.
async fn link(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    kind: Kind,
    slot: Slot,
    journey: &Journey,
) -> Result<(), Error> {
    let issued = issue(
        service,
        tx,
        user,
        slot,
        &user.email,
        journey.challenge.is_some(),
    )
    .await?;
    if let Some(challenge) = &journey.challenge {
        let method = method_of(kind.link_type().unwrap_or_default());
        flow::begin(service, tx, user.id, method, challenge).await?;
    }
    let token = Token {
        otp: &issued.otp,
        hash: &issued.stored,
        redirect: &journey.redirect,
    };
    let letter = Letter::new(service, kind, &user.email, user).with_token(service, token);
    mail::send(service, tx, letter).await
}

/// The method of flows whose links have a type.
pub(crate) fn method_of(link_type: &str) -> &'static str {
    match link_type {
        "signup" => "email/signup",
        "invite" => "invite",
        "recovery" => "recovery",
        "email_change" => "email_change",
        _ => "magiclink",
    }
}

fn soon(service: &Inner, sent: Option<chrono::DateTime<chrono::Utc>>) -> Result<(), Error> {
    let interval = service.settings.smtp_max_frequency;
    otp::wait(sent, interval, service.now())
        .map_or(Ok(()), |seconds| Err(Error::EmailSoon(seconds)))
}

/// Asks a new user to confirm the address.
pub(crate) async fn confirmation(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    journey: &Journey,
) -> Result<(), Error> {
    soon(service, user.times.confirmation_sent)?;
    link(
        service,
        tx,
        user,
        Kind::Confirmation,
        Slot::Confirmation,
        journey,
    )
    .await
}

/// Invites somebody; an invitation may be repeated at once.
pub(crate) async fn invitation(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    journey: &Journey,
) -> Result<(), Error> {
    link(service, tx, user, Kind::Invite, Slot::Confirmation, journey).await
}

/// Sends a link to sign in with.
pub(crate) async fn magic_link(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    journey: &Journey,
) -> Result<(), Error> {
    soon(service, user.times.recovery_sent)?;
    link(service, tx, user, Kind::MagicLink, Slot::Recovery, journey).await
}

/// Sends a link to choose a new password with.
pub(crate) async fn recovery(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    journey: &Journey,
) -> Result<(), Error> {
    soon(service, user.times.recovery_sent)?;
    link(service, tx, user, Kind::Recovery, Slot::Recovery, journey).await
}

/// Sends a code that shows that it is still the same person.
pub(crate) async fn reauthentication(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
) -> Result<(), Error> {
    soon(service, user.times.reauthentication_sent)?;
    let issued = issue(
        service,
        tx,
        user,
        Slot::Reauthentication,
        &user.email,
        false,
    )
    .await?;
    let token = Token {
        otp: &issued.otp,
        hash: &issued.stored,
        redirect: "",
    };
    let letter =
        Letter::new(service, Kind::Reauthentication, &user.email, user).with_token(service, token);
    mail::send(service, tx, letter).await
}

/// Which sides of a change of address are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sides {
    pub(crate) new: bool,
    pub(crate) current: bool,
}

/// Asks the sides of a change of address, each with a code of its own. The change itself (`user.new_email`) is
/// stored already.
pub(crate) async fn email_change(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    sides: Sides,
    journey: &Journey,
) -> Result<(), Error> {
    soon(service, user.times.email_change_sent)?;
    if let Some(challenge) = &journey.challenge {
        flow::begin(service, tx, user.id, "email_change", challenge).await?;
    }
    let mut told: Option<Value> = None;
    for (wanted, slot, address) in [
        (sides.current, Slot::EmailChangeCurrent, &user.email),
        (sides.new, Slot::EmailChangeNew, &user.new_email),
    ] {
        if !wanted {
            continue;
        }
        let issued = issue(
            service,
            tx,
            user,
            slot,
            address,
            journey.challenge.is_some(),
        )
        .await?;
        let token = Token {
            otp: &issued.otp,
            hash: &issued.stored,
            redirect: &journey.redirect,
        };
        let letter = Letter::new(service, Kind::EmailChange, address, user)
            .with("NewEmail", &user.new_email)
            .with("SendingTo", address)
            .with_token(service, token);
        if !service.hooks.listens(Moment::SendEmail) {
            mail::send(service, tx, letter).await?;
            continue;
        }
        // AUTH-HOOK-09: the hook is told of both at once, and by names that are what they are.
        if let Some(told) = &mut told {
            let data = &mut told["email_data"];
            data["token_hash_new"] = data["token_hash"].take();
            data["token_new"] = json!(issued.otp);
            data["token_hash"] = json!(issued.stored);
        } else {
            told = Some(json!({ "user": user.json(), "email_data": letter.data(service) }));
        }
    }
    if let Some(told) = told {
        hooks::ask(service, tx, Moment::SendEmail, told).await?;
    }
    Ok(())
}
