//! Making users.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::body::Object;
use crate::hooks::{self, Moment};
use crate::service::Inner;
use crate::user::{Times, User};
use crate::{Error, db, identity};

/// What a new user is made of.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a column")]
pub(crate) struct NewUser {
    pub(crate) id: Uuid,
    pub(crate) aud: String,
    pub(crate) role: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) password: String,
    pub(crate) email_confirmed: bool,
    pub(crate) phone_confirmed: bool,
    pub(crate) invited: bool,
    pub(crate) app_metadata: Object,
    pub(crate) user_metadata: Object,
    pub(crate) banned_until: Option<DateTime<Utc>>,
    pub(crate) anonymous: bool,
    /// Whether others may have the same address: the user is of a linking domain of its own.
    pub(crate) apart: bool,
    /// The provider of somebody who comes from elsewhere, and has no identity here.
    pub(crate) elsewhere: Option<String>,
}

/// Tells the operator that a user was made, once that is so. What they answer fails the request, yet the user stays.
pub(crate) async fn made(service: &Inner, user: &User) -> Result<(), Error> {
    if !service.hooks.listens(Moment::AfterUserCreated) {
        return Ok(());
    }
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let payload = json!({ "user": user.json() });
    hooks::ask(service, &tx, Moment::AfterUserCreated, payload).await?;
    Ok(tx.commit().await?)
}

/// Unique constraints of the rows that belong to somebody.
const OWNED: [&str; 3] = [
    "users_email_partial_key",
    "users_phone_key",
    "identities_provider_id_provider_unique",
];

/// Whether an insert failed because the address belongs to somebody.
pub(crate) fn is_taken(error: &Error) -> bool {
    OWNED.iter().any(|name| error.violates(name))
}

impl NewUser {
    /// The providers that the addresses bring.
    fn providers(&self) -> Vec<&str> {
        if let Some(provider) = &self.elsewhere {
            return vec![provider];
        }
        let email = self.email.as_ref().map(|_| "email");
        let phone = self.phone.as_ref().map(|_| "phone");
        email.into_iter().chain(phone).collect()
    }

    /// `app_metadata` with the providers in it.
    pub(crate) fn with_providers(&self) -> Object {
        let mut metadata = self.app_metadata.clone();
        let providers = self.providers();
        if let Some(first) = providers.first() {
            metadata.insert("provider".into(), json!(first));
            metadata.insert("providers".into(), json!(providers));
        }
        metadata
    }

    /// Asks the operator whether the user may be made.
    pub(crate) async fn announce(
        &self,
        service: &Inner,
        client: &impl GenericClient,
    ) -> Result<(), Error> {
        if !service.hooks.listens(Moment::BeforeUserCreated) {
            return Ok(());
        }
        let now = Some(service.now());
        let user = User {
            id: self.id,
            aud: self.aud.clone(),
            role: self.role.clone(),
            email: self.email.clone().unwrap_or_default(),
            phone: self.phone.clone().unwrap_or_default(),
            password: None,
            app_metadata: self.with_providers(),
            user_metadata: self.user_metadata.clone(),
            identities: json!([]),
            factors: json!([]),
            is_anonymous: self.anonymous,
            is_sso: self.apart,
            times: Times {
                created: now,
                updated: now,
                ..Times::default()
            },
            new_email: String::new(),
            new_phone: String::new(),
        };
        let payload = json!({ "user": user.json() });
        hooks::ask(service, client, Moment::BeforeUserCreated, payload)
            .await
            .map(drop)
    }

    /// Writes the user and an identity for each address, and reads the user as it then is: triggers may have
    /// changed it.
    pub(crate) async fn insert(
        &self,
        service: &Inner,
        client: &impl GenericClient,
        data: &Object,
    ) -> Result<User, Error> {
        let now = service.now();
        let when = |is: bool| is.then_some(now);
        let app_metadata = Value::Object(self.with_providers());
        let user_metadata = Value::Object(self.user_metadata.clone());
        db::run(
            client,
            include_str!("sql/insert_user.sql"),
            &[
                &self.id,
                &self.aud,
                &self.role,
                &self.email,
                &self.phone,
                &self.password,
                &when(self.email_confirmed),
                &when(self.phone_confirmed),
                &when(self.invited),
                &app_metadata,
                &user_metadata,
                &self.banned_until,
                &self.anonymous,
                &now,
                &self.apart,
            ],
        )
        .await?;
        let here = self.elsewhere.is_none();
        if let Some(email) = self.email.as_ref().filter(|_| here) {
            let data = identity::data(self.id, Some(email), None, self.email_confirmed, data);
            identity::insert(service, client, self.id, "email", &data).await?;
        }
        if let Some(phone) = self.phone.as_ref().filter(|_| here) {
            let data = identity::data(self.id, None, Some(phone), self.phone_confirmed, data);
            identity::insert(service, client, self.id, "phone", &data).await?;
        }
        User::by_id(service, client, self.id)
            .await?
            .ok_or_else(|| Error::Internal("a trigger removed the new user".into()))
    }
}
