//! `POST /signup`

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ok;
use crate::account::{NewUser, is_taken};
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::{Object, Text};
use crate::password::Rules;
use crate::rate::Limit;
use crate::service::Inner;
use crate::user::{Times, User};
use crate::{Error, address, bearer, db, identity, pkce, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    email: Text,
    phone: Text,
    password: Text,
    data: Option<Object>,
    channel: Text,
    code_challenge: Text,
    code_challenge_method: Text,
}

/// A sign-up that passed its checks.
struct Wish {
    email: Option<String>,
    phone: Option<String>,
    password: String,
    data: Object,
    audience: String,
}

const SAVING: &str = "Database error saving new user";

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let body: Body = ask.json()?;
    let now = service.now();
    if body.email.is_empty() && body.phone.is_empty() {
        service.limits.take(Limit::Anonymous, ask.ip(), now)?;
        return anonymous(service, ask, body).await;
    }
    service.limits.take(Limit::Signup, ask.ip(), now)?;
    let wish = check(service, ask, body)?;
    let confirmed = if wish.email.is_some() {
        service.settings.email_autoconfirm
    } else {
        service.settings.phone_autoconfirm
    };
    if let Some(user) = find(service, &wish).await? {
        return existing(service, ask, &wish, user, confirmed).await;
    }
    let hash = service.hasher.hash(&wish.password).await?;
    match create(service, ask, &wish, hash, confirmed).await {
        Err(error) if is_taken(&error) => match find(service, &wish).await? {
            // Somebody was faster.
            Some(user) => existing(service, ask, &wish, user, confirmed).await,
            None => Err(Error::UserExists),
        },
        result => result.map_err(|error| error.trying(SAVING)),
    }
}

fn check(service: &Inner, ask: &Ask, body: Body) -> Result<Wish, Error> {
    let settings = &service.settings;
    if settings.disable_signup {
        return Err(Error::SignupDisabled);
    }
    if body.password.is_empty() {
        return Err(Error::validation("Signup requires a valid password"));
    }
    Rules::check_length(&body.password)?;
    service.rules.check(&body.password)?;
    let (email, phone) = (body.email.filled(), body.phone.filled());
    if email.is_some() && phone.is_some() {
        return Err(Error::validation(
            "Only an email address or phone number should be provided on signup.",
        ));
    }
    if phone.is_some() {
        address::channel(&body.channel)?;
        if !body.code_challenge.is_empty() {
            return Err(Error::validation("PKCE not supported for phone signups"));
        }
    }
    pkce::check(&body.code_challenge_method, &body.code_challenge)?;
    if email.is_some() && !settings.email_enabled {
        return Err(Error::EmailDisabled(400, "signups"));
    }
    if phone.is_some() && !settings.phone_enabled {
        return Err(Error::PhoneDisabled(400, "signups"));
    }
    Ok(Wish {
        email: email.map(address::email).transpose()?,
        phone: phone.map(address::phone).transpose()?,
        password: body.password.0.clone(),
        data: body.data.unwrap_or_default(),
        audience: bearer::audience(service, ask),
    })
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
    let sql = include_str!("../sql/user_of_identity.sql");
    match db::first(&client, sql, &[&email]).await? {
        Some(row) => User::by_id(service, &client, row.try_get(0)?).await,
        None => Ok(None),
    }
}

async fn create(
    service: &Inner,
    ask: &Ask,
    wish: &Wish,
    hash: String,
    confirmed: bool,
) -> Result<Response, Error> {
    let id = service.random.uuid();
    let (email, phone) = (wish.email.as_deref(), wish.phone.as_deref());
    let user_metadata = identity::data(id, email, phone, confirmed, &wish.data);
    let new = NewUser {
        id,
        aud: wish.audience.clone(),
        role: service.settings.jwt_default_role.clone(),
        email: wish.email.clone(),
        phone: wish.phone.clone(),
        password: hash,
        email_confirmed: confirmed && email.is_some(),
        phone_confirmed: confirmed && phone.is_some(),
        confirmation_sent: !confirmed,
        user_metadata,
        ..NewUser::default()
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let mut user = new.insert(service, &tx, &wish.data).await?;
    let traits = json!({ "provider": provider(wish) });
    let actor = Actor::User(&user);
    audit::write(
        service,
        &tx,
        actor,
        Action::UserSignedUp,
        Some(traits.clone()),
    )
    .await?;
    let answer = if confirmed {
        audit::write(service, &tx, actor, Action::Login, Some(traits)).await?;
        session::begin(service, &tx, ask, &mut user, "password").await?
    } else {
        user.json()
    };
    tx.commit().await?;
    Ok(ok(&answer))
}

fn provider(wish: &Wish) -> &'static str {
    if wish.email.is_some() {
        "email"
    } else {
        "phone"
    }
}

/// The address belongs to somebody already.
async fn existing(
    service: &Inner,
    ask: &Ask,
    wish: &Wish,
    mut user: User,
    confirms: bool,
) -> Result<Response, Error> {
    let settings = &service.settings;
    let confirmed = match wish.email {
        Some(_) => user.times.email_confirmed.is_some() || user.email.is_empty(),
        None => user.times.phone_confirmed.is_some(),
    };
    if confirmed {
        let traits = json!({ "provider": provider(wish) });
        let client = service.pool.get().await?;
        let actor = Actor::User(&user);
        audit::write(
            service,
            &client,
            actor,
            Action::UserRepeatedSignup,
            Some(traits),
        )
        .await?;
        if settings.email_autoconfirm || settings.phone_autoconfirm {
            return Err(Error::UserExists);
        }
        drop(client);
        // A new user would have cost a hash, too.
        service.hasher.verify(&wish.password, None).await?;
        return Ok(ok(&fabricated(service, wish)));
    }
    let knows = service
        .hasher
        .verify(&wish.password, user.password.as_deref())
        .await?;
    if !confirms {
        return Ok(ok(&user.json()));
    }
    // Without a mail only the password can show that it is the same person.
    if !knows {
        return Err(Error::UserExists);
    }
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (id, now) = (user.id, service.now());
    let sql = match provider(wish) {
        "email" => include_str!("../sql/confirm_email.sql"),
        _ => include_str!("../sql/confirm_phone.sql"),
    };
    db::run(&tx, sql, &[&id, &now]).await?;
    identity::verify(&tx, id, provider(wish)).await?;
    user = User::by_id(service, &tx, id)
        .await?
        .ok_or(Error::UserNotFound)?;
    let traits = json!({ "provider": provider(wish) });
    let actor = Actor::User(&user);
    audit::write(
        service,
        &tx,
        actor,
        Action::UserSignedUp,
        Some(traits.clone()),
    )
    .await?;
    audit::write(service, &tx, actor, Action::Login, Some(traits)).await?;
    let answer = session::begin(service, &tx, ask, &mut user, "password").await?;
    tx.commit().await?;
    Ok(ok(&answer))
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

async fn anonymous(service: &Inner, ask: &Ask, body: Body) -> Result<Response, Error> {
    if !service.settings.anonymous_enabled {
        return Err(Error::AnonymousDisabled);
    }
    if service.settings.disable_signup {
        return Err(Error::SignupDisabled);
    }
    let data = body.data.unwrap_or_default();
    let new = NewUser {
        id: service.random.uuid(),
        aud: bearer::audience(service, ask),
        role: service.settings.jwt_default_role.clone(),
        user_metadata: data.clone(),
        anonymous: true,
        ..NewUser::default()
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let mut user = new
        .insert(service, &tx, &data)
        .await
        .map_err(|error| error.trying("Database error creating anonymous user"))?;
    audit::write(service, &tx, Actor::User(&user), Action::UserSignedUp, None).await?;
    let answer = session::begin(service, &tx, ask, &mut user, "anonymous").await?;
    tx.commit().await?;
    Ok(ok(&answer))
}
