//! From an account elsewhere to a user here: found, linked, or made.

use deadpool_postgres::{GenericClient, Transaction};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::{self, NewUser, is_taken};
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::letters::{self, Journey};
use crate::linking::DEFAULT;
use crate::mail::{self, Kind, Letter};
use crate::oauth::Profile;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, db, otp, session};

/// Somebody who comes from elsewhere.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) provider: &'a str,
    pub(crate) profile: &'a Profile,
    pub(crate) audience: &'a str,
    pub(crate) journey: &'a Journey,
}

/// What became of them. It is committed in any case.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) user: Box<User>,
    /// Whether they are new.
    made: bool,
    /// Why they may not come in yet: they have to confirm their address first.
    pub(crate) unconfirmed: Option<Error>,
}

impl Settled {
    fn welcome(user: User, made: bool) -> Self {
        Self {
            user: Box::new(user),
            made,
            unconfirmed: None,
        }
    }

    /// Commits, and opens a session if they may come in; its tokens.
    pub(crate) async fn enter(
        mut self,
        service: &Inner,
        tx: Transaction<'_>,
        ask: &Ask,
        method: &'static str,
    ) -> Result<Value, Error> {
        let tokens = match self.unconfirmed.take() {
            Some(error) => Err(error),
            None => Ok(session::begin(service, &tx, ask, &mut self.user, method).await?),
        };
        tx.commit().await?;
        self.announce(service).await?;
        tokens
    }

    /// Tells the operator of a new user, once everything is committed.
    pub(crate) async fn announce(&self, service: &Inner) -> Result<(), Error> {
        if self.made {
            account::made(service, &self.user).await?;
        }
        Ok(())
    }
}

impl Arrival<'_> {
    /// The address that counts, and whether it is shown to be theirs.
    fn address(&self, service: &Inner) -> (Option<String>, bool) {
        match self.profile.address() {
            Some(address) => {
                let verified = address.verified || service.settings.email_autoconfirm;
                (Some(address.email.clone()), verified)
            }
            None => (None, false),
        }
    }

    /// Whether the provider shows that an address is theirs.
    fn shows(&self, service: &Inner, email: &str) -> bool {
        let all = service.settings.email_autoconfirm;
        self.profile
            .emails
            .iter()
            .any(|address| address.email == email && (address.verified || all))
    }

    fn data(&self) -> Value {
        let verified = self
            .profile
            .address()
            .is_some_and(|address| address.verified);
        Value::Object(self.profile.data(verified))
    }

    fn traits(&self) -> Value {
        json!({ "provider": self.provider })
    }
}

/// The row of an identity elsewhere.
async fn known(
    client: &impl GenericClient,
    provider: &str,
    subject: &str,
) -> Result<Option<(Uuid, Uuid)>, Error> {
    let sql = include_str!("sql/external_identity.sql");
    let row = db::first(client, sql, &[&provider, &subject]).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .transpose()
}

/// Signs in, links or makes the user of an account elsewhere.
pub(crate) async fn settle(
    service: &Inner,
    tx: &Transaction<'_>,
    arrival: &Arrival<'_>,
) -> Result<Settled, Error> {
    let (provider, profile) = (arrival.provider, arrival.profile);
    let mut made = false;
    let known = known(tx, provider, &profile.subject).await?;
    let user = if let Some((identity, user)) = known {
        let sql = include_str!("sql/refresh_identity.sql");
        db::run(tx, sql, &[&identity, &arrival.data(), &service.now()]).await?;
        lock(service, tx, user).await?
    } else {
        let owner = owner(service, tx, arrival).await?;
        made = owner.is_none();
        match owner {
            Some(user) => join(service, tx, arrival, user).await?,
            None => make(service, tx, arrival).await?,
        }
    };
    refuse_banned(service, &user)?;
    let confirmed = user.times.confirmed.is_some();
    if confirmed || user.email.is_empty() {
        let sql = include_str!("sql/add_metadata.sql");
        db::run(tx, sql, &[&user.id, &arrival.data(), &service.now()]).await?;
        let user = reread(service, tx, user.id).await?;
        audit::write(
            service,
            tx,
            Actor::User(&user),
            Action::Login,
            Some(arrival.traits()),
        )
        .await?;
        return Ok(Settled::welcome(user, made));
    }
    // Whoever made the user first never showed that the address is theirs: nothing that they left may stay, lest they
    // come back by it.
    let sql = include_str!("sql/disown_user.sql");
    db::run(
        tx,
        sql,
        &[
            &user.id,
            &provider,
            &profile.subject,
            &arrival.data(),
            &service.now(),
        ],
    )
    .await?;
    db::run(tx, include_str!("sql/set_providers.sql"), &[&user.id]).await?;
    if arrival.shows(service, &user.email) {
        db::run(
            tx,
            include_str!("sql/confirm_email.sql"),
            &[&user.id, &service.now()],
        )
        .await?;
        otp::clear_all(service, tx, user.id).await?;
        let user = reread(service, tx, user.id).await?;
        audit::write(
            service,
            tx,
            Actor::User(&user),
            Action::UserSignedUp,
            Some(arrival.traits()),
        )
        .await?;
        return Ok(Settled::welcome(user, made));
    }
    if service.settings.allow_unverified_sign_ins {
        return Ok(Settled::welcome(reread(service, tx, user.id).await?, made));
    }
    let user = reread(service, tx, user.id).await?;
    let sent = letters::confirmation(service, tx, &user, arrival.journey).await;
    let unconfirmed = match sent {
        Ok(()) => Error::UnverifiedSent(provider.to_owned()),
        Err(Error::EmailSoon(_)) => Error::Unverified(provider.to_owned()),
        Err(error) => return Err(error),
    };
    Ok(Settled {
        unconfirmed: Some(unconfirmed),
        ..Settled::welcome(user, made)
    })
}

/// Adds the identity to the user whose verified address it has.
async fn join(
    service: &Inner,
    tx: &Transaction<'_>,
    arrival: &Arrival<'_>,
    user: Uuid,
) -> Result<User, Error> {
    let user = lock(service, tx, user).await?;
    refuse_banned(service, &user)?;
    add_identity(service, tx, arrival, user.id).await?;
    audit::write(
        service,
        tx,
        Actor::User(&user),
        Action::IdentityLinked,
        Some(arrival.traits()),
    )
    .await?;
    Ok(user)
}

async fn lock(service: &Inner, tx: &Transaction<'_>, id: Uuid) -> Result<User, Error> {
    User::by_id_locked(service, tx, id)
        .await?
        .ok_or(Error::UserNotFound)
}

async fn reread(service: &Inner, tx: &Transaction<'_>, id: Uuid) -> Result<User, Error> {
    User::by_id(service, tx, id)
        .await?
        .ok_or(Error::UserNotFound)
}

fn refuse_banned(service: &Inner, user: &User) -> Result<(), Error> {
    if user.is_banned(service.now()) {
        Err(Error::Banned)
    } else {
        Ok(())
    }
}

/// Whose verified addresses these are, if they are anybody's.
async fn owner(
    service: &Inner,
    tx: &Transaction<'_>,
    arrival: &Arrival<'_>,
) -> Result<Option<Uuid>, Error> {
    let emails: Vec<&str> = arrival
        .profile
        .emails
        .iter()
        .filter(|address| address.verified || service.settings.email_autoconfirm)
        .map(|address| address.email.as_str())
        .collect();
    if emails.is_empty() {
        return Ok(None);
    }
    let domain = service.domains.of(arrival.provider);
    let apart = domain != DEFAULT;
    let (default, _) = service.defaults();
    let sql = include_str!("sql/identity_owners.sql");
    let mut owners = Vec::new();
    for row in db::all(tx, sql, &[&emails, &default, &arrival.audience, &apart]).await? {
        let (user, provider): (Uuid, String) = (row.try_get(0)?, row.try_get(1)?);
        if service.domains.of(&provider) == domain && !owners.contains(&user) {
            owners.push(user);
        }
    }
    if owners.is_empty() && !apart {
        let sql = include_str!("sql/address_owners.sql");
        for row in db::all(tx, sql, &[&emails, &default, &arrival.audience]).await? {
            owners.push(row.try_get(0)?);
        }
    }
    match owners.as_slice() {
        [] => Ok(None),
        [user] => Ok(Some(*user)),
        _ => Err(Error::ManyAccounts(domain.to_owned())),
    }
}

async fn add_identity(
    service: &Inner,
    tx: &Transaction<'_>,
    arrival: &Arrival<'_>,
    user: Uuid,
) -> Result<(), Error> {
    let (id, now) = (service.random.uuid(), service.now());
    let sql = include_str!("sql/insert_external_identity.sql");
    let subject = &arrival.profile.subject;
    db::run(
        tx,
        sql,
        &[
            &id,
            subject,
            &user,
            &arrival.provider,
            &arrival.data(),
            &now,
        ],
    )
    .await?;
    db::run(tx, include_str!("sql/set_providers.sql"), &[&user]).await?;
    Ok(())
}

async fn make(service: &Inner, tx: &Transaction<'_>, arrival: &Arrival<'_>) -> Result<User, Error> {
    if service.settings.disable_signup {
        return Err(Error::SignupDisabled);
    }
    let (email, verified) = arrival.address(service);
    // An address that is somebody else's is not taken over by saying so.
    let apart = service.domains.of(arrival.provider) != DEFAULT;
    let free = match &email {
        Some(email) if !verified && !apart => {
            let sql = include_str!("sql/user_of_identity.sql");
            User::by_email(service, tx, email, arrival.audience)
                .await?
                .is_none()
                && db::first(tx, sql, &[email, &service.domains.outside()])
                    .await?
                    .is_none()
        }
        _ => true,
    };
    let email = email.filter(|_| free);
    let id = service.random.uuid();
    let Value::Object(data) = arrival.data() else {
        return Err(Error::Internal("identity data".into()));
    };
    let new = NewUser {
        id,
        aud: arrival.audience.to_owned(),
        role: service.settings.jwt_default_role.clone(),
        email_confirmed: email.is_some() && verified,
        email,
        user_metadata: data,
        elsewhere: Some(arrival.provider.to_owned()),
        apart,
        ..NewUser::default()
    };
    new.announce(service, tx).await?;
    let user = new
        .insert(service, tx, &crate::body::Object::new())
        .await
        .map_err(|error| {
            if is_taken(&error) {
                Error::EmailExists
            } else {
                error.trying("Database error saving new user")
            }
        })?;
    add_identity(service, tx, arrival, id).await?;
    audit::write(
        service,
        tx,
        Actor::User(&user),
        Action::UserSignedUp,
        Some(arrival.traits()),
    )
    .await?;
    lock(service, tx, id).await
}

/// Accepts an invitation with an account elsewhere, which must have the address that was invited.
pub(crate) async fn accept_invite(
    service: &Inner,
    tx: &Transaction<'_>,
    arrival: &Arrival<'_>,
    token: &str,
) -> Result<Settled, Error> {
    let sql = include_str!("sql/token_owner.sql");
    let row = db::first(tx, sql, &[&token, &vec!["confirmation_token"]]).await?;
    let user = lock(service, tx, row.ok_or(Error::InviteUnknown)?.try_get(0)?).await?;
    refuse_banned(service, &user)?;
    if !arrival
        .profile
        .emails
        .iter()
        .any(|address| address.email == user.email)
    {
        return Err(Error::InviteMismatch);
    }
    match known(tx, arrival.provider, &arrival.profile.subject).await? {
        Some((_, owner)) if owner != user.id => return Err(Error::IdentityTaken),
        Some(_) => {}
        None => add_identity(service, tx, arrival, user.id).await?,
    }
    let (id, now) = (user.id, service.now());
    db::run(
        tx,
        include_str!("sql/add_metadata.sql"),
        &[&id, &arrival.data(), &now],
    )
    .await?;
    db::run(tx, include_str!("sql/confirm_email.sql"), &[&id, &now]).await?;
    otp::clear_all(service, tx, id).await?;
    let user = reread(service, tx, id).await?;
    audit::write(
        service,
        tx,
        Actor::User(&user),
        Action::InviteAccepted,
        Some(arrival.traits()),
    )
    .await?;
    Ok(Settled::welcome(user, false))
}

/// Links an account elsewhere to the user who asked for it.
pub(crate) async fn link(
    service: &Inner,
    tx: &Transaction<'_>,
    arrival: &Arrival<'_>,
    target: Uuid,
) -> Result<Settled, Error> {
    let user = lock(service, tx, target).await?;
    refuse_banned(service, &user)?;
    if let Some((_, owner)) = known(tx, arrival.provider, &arrival.profile.subject).await? {
        return Err(if owner == target {
            Error::IdentityOwn
        } else {
            Error::IdentityTaken
        });
    }
    add_identity(service, tx, arrival, target).await?;
    let sql = include_str!("sql/add_metadata.sql");
    db::run(tx, sql, &[&target, &arrival.data(), &service.now()]).await?;
    let (email, verified) = arrival.address(service);
    let mut unconfirmed = None;
    if user.email.is_empty()
        && let Some(email) = email
    {
        let sql = include_str!("sql/take_email.sql");
        db::run(tx, sql, &[&target, &email, &verified, &service.now()])
            .await
            .map_err(|error| {
                if is_taken(&error) {
                    Error::EmailTaken
                } else {
                    error
                }
            })?;
        if !verified {
            let user = reread(service, tx, target).await?;
            letters::confirmation(service, tx, &user, arrival.journey).await?;
            unconfirmed = Some(Error::ConfirmLinked);
        }
    }
    let user = reread(service, tx, target).await?;
    audit::write(
        service,
        tx,
        Actor::User(&user),
        Action::IdentityLinked,
        Some(arrival.traits()),
    )
    .await?;
    let letter = Letter::new(service, Kind::IdentityLinked, &user.email, &user)
        .with("Provider", arrival.provider);
    mail::notify(service, tx, letter).await;
    Ok(Settled {
        unconfirmed,
        ..Settled::welcome(user, false)
    })
}
