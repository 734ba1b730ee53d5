//! `GET` and `POST /admin/users/import`: users from elsewhere as they were, many in one request, each with a result of
//! its own. No route of upstream's: a migration looks whether it is there. Nothing is mailed, no hook runs.

use std::collections::{HashMap, HashSet};

use axum::response::Response;
use base::Secret;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ok;
use crate::ask::Ask;
use crate::body::Object;
use crate::import::{self, Imported};
use crate::service::Inner;
use crate::{Error, address, bearer};

/// Most users of a request.
const MOST_USERS: usize = 1_000;
/// Most bytes of a request's body.
const MOST_BYTES: usize = 16 << 20;

/// Most bytes of a body sent to this path, where that is more than elsewhere.
pub(super) fn most_bytes(path: &str) -> Option<usize> {
    (path.trim_matches('/') == "admin/users/import").then_some(MOST_BYTES)
}

#[derive(Debug, Deserialize)]
struct Body {
    users: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Uuid,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    password_hash: Option<String>,
    #[serde(default)]
    email_confirmed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    phone_confirmed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(default)]
    last_sign_in_at: Option<DateTime<Utc>>,
    #[serde(default)]
    banned_until: Option<DateTime<Utc>>,
    app_metadata: Object,
    user_metadata: Object,
}

/// What became of a user.
#[derive(Debug, Clone)]
enum Outcome {
    Created,
    /// There already, under this id and address.
    Exists,
    Failed {
        code: &'static str,
        message: String,
    },
}

impl Outcome {
    fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed {
            code,
            message: message.into(),
        }
    }

    fn json(&self, id: &Value) -> Value {
        match self {
            Self::Created => json!({ "id": id, "status": "created" }),
            Self::Exists => json!({ "id": id, "status": "exists" }),
            Self::Failed { code, message } => {
                json!({ "id": id, "status": "failed", "code": code, "message": message })
            }
        }
    }
}

/// `{"max_users":1000,"max_bytes":16777216}`
pub(super) async fn limits(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    Ok(ok(
        &json!({ "max_users": MOST_USERS, "max_bytes": MOST_BYTES }),
    ))
}

/// `{"results":[{"id":…,"status":"created"|"exists"|"failed","code":…,"message":…},…]}`, in the order of the users.
pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    let body: Body = ask.json()?;
    if body.users.len() > MOST_USERS {
        return Err(Error::validation(format!(
            "At most {MOST_USERS} users can be imported at once"
        )));
    }
    let ids: Vec<Value> = body.users.iter().map(|user| user["id"].clone()).collect();
    let read: Vec<Result<Imported, Outcome>> = body.users.into_iter().map(read).collect();
    let tx = client.transaction().await?;
    let there = There::find(&tx, &read).await?;
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(read.len());
    let mut fresh: Vec<(usize, Imported)> = Vec::new();
    let mut seen = Seen::default();
    for (place, user) in read.into_iter().enumerate() {
        outcomes.push(match user {
            Err(outcome) => outcome,
            Ok(user) => there
                .of(&user)
                .or_else(|| seen.of(&user))
                .unwrap_or_else(|| {
                    fresh.push((place, user));
                    Outcome::Created
                }),
        });
    }
    let all: Vec<Imported> = fresh.iter().map(|(_, user)| user.clone()).collect();
    if let Err(error) = import::write(&tx, &all).await {
        if error.server().is_none() || error.is_unavailable() {
            return Err(error.into());
        }
        // One of them cannot be stored, or somebody else was quicker: each by itself.
        tx.rollback().await?;
        one_by_one(&mut client, &fresh, &mut outcomes).await?;
    } else {
        tx.commit().await?;
    }
    let results: Vec<Value> = ids
        .iter()
        .zip(&outcomes)
        .map(|(id, outcome)| outcome.json(id))
        .collect();
    Ok(ok(&json!({ "results": results })))
}

async fn one_by_one(
    client: &mut deadpool_postgres::Client,
    fresh: &[(usize, Imported)],
    outcomes: &mut [Outcome],
) -> Result<(), Error> {
    for (place, user) in fresh {
        let tx = client.transaction().await?;
        match import::write(&tx, std::slice::from_ref(user)).await {
            Ok(()) => tx.commit().await?,
            Err(error) => {
                let Some(said) = error.server().filter(|_| !error.is_unavailable()) else {
                    return Err(error.into());
                };
                outcomes[*place] = Outcome::failed("unexpected_failure", said.message.clone());
                tx.rollback().await?;
            }
        }
    }
    Ok(())
}

fn read(user: Value) -> Result<Imported, Outcome> {
    let invalid = |message: String| Outcome::failed("validation_failed", message);
    let row: Row = serde_json::from_value(user).map_err(|error| invalid(error.to_string()))?;
    if row.id.is_nil() {
        return Err(invalid("ID cannot be a nil uuid".into()));
    }
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let email = filled(row.email)
        .map(|text| address::email(&text))
        .transpose()
        .map_err(|error| invalid(error.to_string()))?;
    let phone = filled(row.phone)
        .map(|text| address::phone(&text))
        .transpose()
        .map_err(|error| invalid(error.to_string()))?;
    if email.is_none() && phone.is_none() {
        return Err(invalid(
            "Cannot create a user without either an email or phone".into(),
        ));
    }
    let hash = filled(row.password_hash);
    if hash
        .as_ref()
        .is_some_and(|hash| !import::accepts_hash(hash) && !import::accepts_legacy(hash))
    {
        return Err(invalid(
            "password_hash is none that can be verified here".into(),
        ));
    }
    Ok(Imported {
        id: row.id,
        email_confirmed_at: row.email_confirmed_at.filter(|_| email.is_some()),
        phone_confirmed_at: row.phone_confirmed_at.filter(|_| phone.is_some()),
        email,
        phone,
        password_hash: hash.map(Secret::new),
        created_at: row.created_at,
        updated_at: row.updated_at,
        last_sign_in_at: row.last_sign_in_at,
        banned_until: row.banned_until,
        app_metadata: Value::Object(row.app_metadata),
        user_metadata: Value::Object(row.user_metadata),
    })
}

/// Who is there already.
struct There {
    ids: HashMap<Uuid, Option<String>>,
    emails: HashSet<String>,
    phones: HashSet<String>,
}

impl There {
    async fn find(
        tx: &deadpool_postgres::Transaction<'_>,
        users: &[Result<Imported, Outcome>],
    ) -> Result<Self, Error> {
        let users: Vec<&Imported> = users.iter().filter_map(|user| user.as_ref().ok()).collect();
        let ids: Vec<Uuid> = users.iter().map(|user| user.id).collect();
        let emails: Vec<&str> = users.iter().filter_map(|it| it.email.as_deref()).collect();
        let phones: Vec<&str> = users.iter().filter_map(|it| it.phone.as_deref()).collect();
        let present = import::present(&**tx, &ids, &emails).await?;
        let taken = tx
            .query(
                "select phone from auth.users where phone = any ($1::text[])",
                &[&phones],
            )
            .await
            .map_err(pg::Error::from)?;
        Ok(Self {
            emails: present.iter().filter_map(|it| it.email.clone()).collect(),
            ids: present.into_iter().map(|it| (it.id, it.email)).collect(),
            phones: taken.iter().map(|row| row.get(0)).collect(),
        })
    }

    fn of(&self, user: &Imported) -> Option<Outcome> {
        if let Some(email) = self.ids.get(&user.id) {
            return Some(if *email == user.email {
                Outcome::Exists
            } else {
                Outcome::failed("user_already_exists", "This id is another user's")
            });
        }
        let taken = |text: &Option<String>, all: &HashSet<String>| {
            text.as_ref().is_some_and(|text| all.contains(text))
        };
        if taken(&user.email, &self.emails) {
            return Some(told(&Error::EmailExists, "email_exists"));
        }
        taken(&user.phone, &self.phones).then(|| told(&Error::PhoneTaken, "phone_exists"))
    }
}

fn told(error: &Error, code: &'static str) -> Outcome {
    Outcome::failed(code, error.to_string())
}

/// The users of this request so far.
#[derive(Default)]
struct Seen {
    ids: HashSet<Uuid>,
    emails: HashSet<String>,
    phones: HashSet<String>,
}

impl Seen {
    /// Why this one cannot come after the others.
    fn of(&mut self, user: &Imported) -> Option<Outcome> {
        let new = |text: &Option<String>, all: &mut HashSet<String>| {
            text.as_ref().is_none_or(|text| all.insert(text.clone()))
        };
        if !self.ids.insert(user.id) {
            return Some(Outcome::failed(
                "user_already_exists",
                "This id is another user's",
            ));
        }
        if !new(&user.email, &mut self.emails) {
            return Some(told(&Error::EmailExists, "email_exists"));
        }
        (!new(&user.phone, &mut self.phones)).then(|| told(&Error::PhoneTaken, "phone_exists"))
    }
}
