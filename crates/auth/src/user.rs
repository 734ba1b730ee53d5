//! A user, as the database holds one and as JSON shows one.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::body::Object;
use crate::service::Inner;
use crate::{Error, db, time};

/// A row of `auth.users`, with its identities and factors as JSON shows them.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "the name on the wire")]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) aud: String,
    pub(crate) role: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) password: Option<String>,
    pub(crate) app_metadata: Object,
    pub(crate) user_metadata: Object,
    pub(crate) identities: Value,
    pub(crate) factors: Value,
    pub(crate) is_anonymous: bool,
    pub(crate) is_sso: bool,
    pub(crate) times: Times,
    pub(crate) new_email: String,
    pub(crate) new_phone: String,
}

/// The times of a user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    pub(crate) email_confirmed: Option<DateTime<Utc>>,
    pub(crate) phone_confirmed: Option<DateTime<Utc>>,
    pub(crate) confirmed: Option<DateTime<Utc>>,
    pub(crate) invited: Option<DateTime<Utc>>,
    pub(crate) confirmation_sent: Option<DateTime<Utc>>,
    pub(crate) recovery_sent: Option<DateTime<Utc>>,
    pub(crate) email_change_sent: Option<DateTime<Utc>>,
    pub(crate) phone_change_sent: Option<DateTime<Utc>>,
    pub(crate) reauthentication_sent: Option<DateTime<Utc>>,
    pub(crate) last_sign_in: Option<DateTime<Utc>>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) updated: Option<DateTime<Utc>>,
    pub(crate) banned_until: Option<DateTime<Utc>>,
    pub(crate) deleted: Option<DateTime<Utc>>,
}

const BY_ID: &str = concat!(include_str!("sql/user.sql"), "  u.id = $3");
const BY_ID_LOCKED: &str = concat!(include_str!("sql/user.sql"), "  u.id = $3 for update of u");
const BY_EMAIL: &str = concat!(
    include_str!("sql/user.sql"),
    include_str!("sql/user_by_email.sql")
);
const BY_PHONE: &str = concat!(
    include_str!("sql/user.sql"),
    include_str!("sql/user_by_phone.sql")
);

impl User {
    /// The user of an id.
    pub(crate) async fn by_id(
        service: &Inner,
        client: &impl GenericClient,
        id: Uuid,
    ) -> Result<Option<Self>, Error> {
        let (aud, role) = service.defaults();
        let row = db::first(client, BY_ID, &[&aud, &role, &id]).await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// The same, held until the transaction ends.
    pub(crate) async fn by_id_locked(
        service: &Inner,
        client: &impl GenericClient,
        id: Uuid,
    ) -> Result<Option<Self>, Error> {
        let (aud, role) = service.defaults();
        let row = db::first(client, BY_ID_LOCKED, &[&aud, &role, &id]).await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// The user of an address, within an audience.
    pub(crate) async fn by_email(
        service: &Inner,
        client: &impl GenericClient,
        email: &str,
        audience: &str,
    ) -> Result<Option<Self>, Error> {
        let (aud, role) = service.defaults();
        let row = db::first(client, BY_EMAIL, &[&aud, &role, &email, &audience]).await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// The user of a number, within an audience.
    pub(crate) async fn by_phone(
        service: &Inner,
        client: &impl GenericClient,
        phone: &str,
        audience: &str,
    ) -> Result<Option<Self>, Error> {
        let (aud, role) = service.defaults();
        let row = db::first(client, BY_PHONE, &[&aud, &role, &phone, &audience]).await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// Reads a row of `sql/user.sql`.
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        let object = |name: &str| -> Result<Object, Error> {
            Ok(match row.try_get::<_, Value>(name)? {
                Value::Object(object) => object,
                _ => Map::new(),
            })
        };
        Ok(Self {
            id: row.try_get("id")?,
            aud: row.try_get("aud")?,
            role: row.try_get("role")?,
            email: row.try_get("email")?,
            phone: row.try_get("phone")?,
            password: row.try_get("encrypted_password")?,
            app_metadata: object("app_metadata")?,
            user_metadata: object("user_metadata")?,
            identities: identities(row.try_get("identities")?),
            factors: factors(row.try_get("factors")?),
            is_anonymous: row.try_get("is_anonymous")?,
            is_sso: row.try_get("is_sso_user")?,
            times: Times {
                email_confirmed: row.try_get("email_confirmed_at")?,
                phone_confirmed: row.try_get("phone_confirmed_at")?,
                confirmed: row.try_get("confirmed_at")?,
                invited: row.try_get("invited_at")?,
                confirmation_sent: row.try_get("confirmation_sent_at")?,
                recovery_sent: row.try_get("recovery_sent_at")?,
                email_change_sent: row.try_get("email_change_sent_at")?,
                phone_change_sent: row.try_get("phone_change_sent_at")?,
                reauthentication_sent: row.try_get("reauthentication_sent_at")?,
                last_sign_in: row.try_get("last_sign_in_at")?,
                created: row.try_get("created_at")?,
                updated: row.try_get("updated_at")?,
                banned_until: row.try_get("banned_until")?,
                deleted: row.try_get("deleted_at")?,
            },
            new_email: row.try_get("new_email")?,
            new_phone: row.try_get("new_phone")?,
        })
    }

    /// Whether the user may not come in.
    pub(crate) fn is_banned(&self, now: DateTime<Utc>) -> bool {
        self.times.banned_until.is_some_and(|until| now < until)
    }

    /// Whether a factor of the user is verified.
    pub(crate) fn has_verified_factor(&self) -> bool {
        self.factors
            .as_array()
            .is_some_and(|factors| factors.iter().any(|factor| factor["status"] == "verified"))
    }

    /// Whether the user has a password.
    pub(crate) fn has_password(&self) -> bool {
        self.password
            .as_ref()
            .is_some_and(|password| !password.is_empty())
    }

    /// As clients see it.
    pub(crate) fn json(&self) -> Value {
        let mut shown = Map::new();
        let times = &self.times;
        let put = |shown: &mut Object, name: &str, time: Option<DateTime<Utc>>| {
            if let Some(time) = time {
                shown.insert(name.into(), json!(time::rfc3339(time)));
            }
        };
        shown.insert("id".into(), json!(self.id));
        shown.insert("aud".into(), json!(self.aud));
        shown.insert("role".into(), json!(self.role));
        shown.insert("email".into(), json!(self.email));
        put(&mut shown, "email_confirmed_at", times.email_confirmed);
        put(&mut shown, "invited_at", times.invited);
        shown.insert("phone".into(), json!(self.phone));
        put(&mut shown, "phone_confirmed_at", times.phone_confirmed);
        put(&mut shown, "confirmation_sent_at", times.confirmation_sent);
        put(&mut shown, "confirmed_at", times.confirmed);
        put(&mut shown, "recovery_sent_at", times.recovery_sent);
        if !self.new_email.is_empty() {
            shown.insert("new_email".into(), json!(self.new_email));
        }
        put(&mut shown, "email_change_sent_at", times.email_change_sent);
        if !self.new_phone.is_empty() {
            shown.insert("new_phone".into(), json!(self.new_phone));
        }
        put(&mut shown, "phone_change_sent_at", times.phone_change_sent);
        put(
            &mut shown,
            "reauthentication_sent_at",
            times.reauthentication_sent,
        );
        put(&mut shown, "last_sign_in_at", times.last_sign_in);
        shown.insert("app_metadata".into(), json!(self.app_metadata));
        shown.insert("user_metadata".into(), json!(self.user_metadata));
        if self.factors.as_array().is_some_and(|list| !list.is_empty()) {
            shown.insert("factors".into(), self.factors.clone());
        }
        shown.insert("identities".into(), self.identities.clone());
        let always = |time: Option<DateTime<Utc>>| json!(time::rfc3339(time.unwrap_or_default()));
        shown.insert("created_at".into(), always(times.created));
        shown.insert("updated_at".into(), always(times.updated));
        put(&mut shown, "banned_until", times.banned_until);
        put(&mut shown, "deleted_at", times.deleted);
        shown.insert("is_anonymous".into(), json!(self.is_anonymous));
        Value::Object(shown)
    }
}

/// Identities as PostgreSQL wrote them, brought to the house's form.
fn identities(mut list: Value) -> Value {
    for identity in list.as_array_mut().into_iter().flatten() {
        for name in ["last_sign_in_at", "created_at", "updated_at"] {
            time::rewrite(&mut identity[name]);
        }
        if let Some(members) = identity.as_object_mut()
            && members
                .get("email")
                .is_none_or(|email| *email == Value::Null || email == "")
        {
            members.shift_remove("email");
        }
    }
    list
}

fn factors(mut list: Value) -> Value {
    for factor in list.as_array_mut().into_iter().flatten() {
        for name in ["last_challenged_at", "created_at", "updated_at"] {
            time::rewrite(&mut factor[name]);
        }
        if let Some(members) = factor.as_object_mut() {
            let empty = |value: Option<&Value>| value.is_none_or(|v| v.is_null() || v == "");
            for name in [
                "friendly_name",
                "web_authn_aaguid",
                "last_webauthn_challenge_data",
            ] {
                if empty(members.get(name)) {
                    members.shift_remove(name);
                }
            }
        }
    }
    list
}
