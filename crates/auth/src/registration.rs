//! Becoming a user: by sign-up, or by asking for a code.
//!
//! Who registers learns nothing about others: a known address is answered like a new one.

use deadpool_postgres::Transaction;
use serde_json::{Value, json};

use crate::account::{self, NewUser, is_taken};
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::letters::{self, Journey};
use crate::service::Inner;
use crate::sms::Purpose;
use crate::user::{Times, User};
use crate::{Error, db, identity, session, sms};

/// What somebody wishes to be registered with; checked.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    /// Who comes by a code chooses no password.
    pub(crate) password: Option<String>,
    pub(crate) data: crate::body::Object,
    pub(crate) audience: String,
    pub(crate) channel: String,
    pub(crate) journey: Journey,
}

impl Wish {
    fn provider(&self) -> &'static str {
        if self.email.is_some() {
            "email"
        } else {
            "phone"
        }
    }

    /// Whether the address counts as confirmed without further ado.
    fn confirms_itself(&self, service: &Inner) -> bool {
        match self.email {
            Some(_) => service.settings.email_autoconfirm,
            None => service.settings.phone_autoconfirm,
        }
    }

    fn is_confirmed(&self, user: &User) -> bool {
        match self.email {
            Some(_) => user.times.email_confirmed.is_some() || user.email.is_empty(),
            None => user.times.phone_confirmed.is_some(),
        }
    }
}

const SAVING: &str = "Database error saving new user";

/// Registers; answers with a session, or with the user who has to confirm the address.
pub(crate) async fn register(service: &Inner, ask: &Ask, wish: &Wish) -> Result<Value, Error> {
    if let Some(user) = find(service, wish).await? {
        return existing(service, ask, wish, user).await;
    }
    let hash = match &wish.password {
        Some(password) => service.hasher.hash(password).await?,
        None => String::new(),
    };
    match create(service, ask, wish, hash).await {
        Err(error) if is_taken(&error) => match find(service, wish).await? {
            // Somebody was faster.
            Some(user) => existing(service, ask, wish, user).await,
            None => Err(Error::UserExists),
        },
        result => result.map_err(|error| error.trying(SAVING)),
    }
}

async fn find(service: &Inner, wish: &Wish) -> Result<Option<User>, Error> {
    let client = service.pool.get().await?;
    if let Some(phone) = &wish.phone {
        return User::by_phone(service, &client, phone, &wish.audience).await;
    }
    let email = wish.email.as_deref().unwrap_or_default();
    if let Some(user) = User::by_email(service, &client, email, &wish.audience).await? {
        return Ok(Some(user));
    }
    let sql = include_str!("sql/user_of_identity.sql");
    match db::first(&client, sql, &[&email, &service.domains.outside()]).await? {
        Some(row) => User::by_id(service, &client, row.try_get(0)?).await,
        None => Ok(None),
    }
}

async fn create(service: &Inner, ask: &Ask, wish: &Wish, hash: String) -> Result<Value, Error> {
    let confirmed = wish.confirms_itself(service);
    let id = service.random.uuid();
    let (email, phone) = (wish.email.as_deref(), wish.phone.as_deref());
    let new = NewUser {
        id,
        aud: wish.audience.clone(),
        role: service.settings.jwt_default_role.clone(),
        email: wish.email.clone(),
        phone: wish.phone.clone(),
        password: hash,
        email_confirmed: confirmed && email.is_some(),
        phone_confirmed: confirmed && phone.is_some(),
        user_metadata: identity::data(id, email, phone, confirmed, &wish.data),
        ..NewUser::default()
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    new.announce(service, &tx).await?;
    let mut user = new.insert(service, &tx, &wish.data).await?;
    let traits = json!({ "provider": wish.provider() });
    let answer = if confirmed {
        let actor = Actor::User(&user);
        audit::write(
            service,
            &tx,
            actor,
            Action::UserSignedUp,
            Some(traits.clone()),
        )
        .await?;
        if wish.password.is_some() {
            audit::write(service, &tx, actor, Action::Login, Some(traits)).await?;
            session::begin(service, &tx, ask, &mut user, "password").await?
        } else {
            user.json()
        }
    } else {
        user = ask_to_confirm(service, &tx, wish, &user).await?;
        user.json()
    };
    tx.commit().await?;
    drop(client);
    account::made(service, &user).await?;
    Ok(answer)
}

/// Sends the confirmation; the user as they are afterwards.
async fn ask_to_confirm(
    service: &Inner,
    tx: &Transaction<'_>,
    wish: &Wish,
    user: &User,
) -> Result<User, Error> {
    let traits = json!({ "provider": wish.provider() });
    let actor = Actor::User(user);
    audit::write(
        service,
        tx,
        actor,
        Action::UserConfirmationRequested,
        Some(traits),
    )
    .await?;
    match &wish.phone {
        None => letters::confirmation(service, tx, user, &wish.journey).await?,
        Some(phone) => {
            sms::send(
                service,
                tx,
                user,
                phone,
                &wish.channel,
                Purpose::Confirmation,
            )
            .await?;
        }
    }
    User::by_id(service, tx, user.id)
        .await?
        .ok_or(Error::UserNotFound)
}

/// The address belongs to somebody already.
async fn existing(service: &Inner, ask: &Ask, wish: &Wish, user: User) -> Result<Value, Error> {
    if wish.is_confirmed(&user) {
        return repeated(service, wish, &user).await;
    }
    let confirms_itself = wish.confirms_itself(service);
    // A new user would have cost a hash, too.
    let knows = match &wish.password {
        Some(password) => {
            service
                .hasher
                .verify(password, user.password.as_deref())
                .await?
        }
        None => false,
    };
    // Without a mail only the password can show that it is the same person.
    if confirms_itself && !knows {
        return Err(Error::UserExists);
    }
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let user = User::by_id_locked(service, &tx, user.id)
        .await?
        .ok_or(Error::UserNotFound)?;
    if wish.is_confirmed(&user) {
        drop(tx);
        drop(client);
        return repeated(service, wish, &user).await;
    }
    let answer = if confirms_itself {
        enter(service, &tx, ask, wish, &user).await?
    } else {
        let invited = user.times.invited.is_some();
        let mut shown = ask_to_confirm(service, &tx, wish, &user).await?.json();
        if invited {
            // What the inviting side wrote about the invitee is not for whoever signs up.
            shown["user_metadata"] = json!({});
            shown["identities"] = json!([]);
        }
        shown
    };
    tx.commit().await?;
    Ok(answer)
}

/// The right password of a user who was never confirmed, where addresses confirm themselves.
async fn enter(
    service: &Inner,
    tx: &Transaction<'_>,
    ask: &Ask,
    wish: &Wish,
    user: &User,
) -> Result<Value, Error> {
    let sql = match wish.provider() {
        "email" => include_str!("sql/confirm_email.sql"),
        _ => include_str!("sql/confirm_phone.sql"),
    };
    db::run(tx, sql, &[&user.id, &service.now()]).await?;
    identity::verify(tx, user.id, wish.provider()).await?;
    let mut user = User::by_id(service, tx, user.id)
        .await?
        .ok_or(Error::UserNotFound)?;
    let traits = json!({ "provider": wish.provider() });
    let actor = Actor::User(&user);
    audit::write(
        service,
        tx,
        actor,
        Action::UserSignedUp,
        Some(traits.clone()),
    )
    .await?;
    audit::write(service, tx, actor, Action::Login, Some(traits)).await?;
    session::begin(service, tx, ask, &mut user, "password").await
}

/// Somebody signs up who is a user: told only where addresses confirm themselves.
async fn repeated(service: &Inner, wish: &Wish, user: &User) -> Result<Value, Error> {
    let settings = &service.settings;
    let traits = json!({ "provider": wish.provider() });
    let client = service.pool.get().await?;
    let actor = Actor::User(user);
    audit::write(
        service,
        &client,
        actor,
        Action::UserRepeatedSignup,
        Some(traits),
    )
    .await?;
    drop(client);
    if settings.email_autoconfirm || settings.phone_autoconfirm {
        return Err(Error::UserExists);
    }
    if let Some(password) = &wish.password {
        service.hasher.verify(password, None).await?;
    }
    Ok(fabricated(service, wish))
}

/// A user that does not exist: nobody learns that the address is registered.
fn fabricated(service: &Inner, wish: &Wish) -> Value {
    let now = Some(service.now());
    let new = NewUser {
        email: wish.email.clone(),
        phone: wish.phone.clone(),
        ..NewUser::default()
    };
    User {
        id: service.random.uuid(),
        aud: wish.audience.clone(),
        role: String::new(),
        email: wish.email.clone().unwrap_or_default(),
        phone: wish.phone.clone().unwrap_or_default(),
        password: None,
        app_metadata: new.with_providers(),
        user_metadata: wish.data.clone(),
        identities: json!([]),
        factors: json!([]),
        is_anonymous: false,
        is_sso: false,
        times: Times {
            confirmation_sent: now,
            created: now,
            updated: now,
            ..Times::default()
        },
        new_email: String::new(),
        new_phone: String::new(),
    }
    .json()
}
