//! Many users in one request, with their dates and hashes as they were: a route of this stack's own auth service.

use reqwest::Method;
use serde_json::{Value, json};

use super::http::{Api, Candidate, refused};
use crate::Error;

/// The route, and the step in messages.
const ROUTE: &str = "/auth/v1/admin/users/import";
/// Bytes in one request; the server takes twice as many.
const BYTES: usize = 8 << 20;

impl Api {
    /// How many users the target takes in one request; none when it has no route for that (MIG-UPS-02).
    ///
    /// # Errors
    /// [`Error::Api`] when it does not answer, or refuses the key.
    pub async fn most_at_once(&self) -> Result<Option<usize>, Error> {
        let (status, body) = self.call(Method::GET, ROUTE, None).await?;
        if matches!(status.as_u16(), 401 | 403) || status.is_server_error() {
            return Err(refused(&format!("GET {ROUTE}"), status, &body));
        }
        let most = body["max_users"].as_u64().filter(|_| status.is_success());
        Ok(most.and_then(|most| usize::try_from(most).ok()))
    }
}

/// Makes those that are to be made; for each why it cannot be, if so. One that is there already is a success.
pub(super) async fn create(
    api: &Api,
    candidates: &[Candidate],
) -> Result<Vec<Option<String>>, Error> {
    let mut refusals = vec![None; candidates.len()];
    let (mut places, mut users, mut size) = (Vec::new(), Vec::new(), 0);
    for (place, candidate) in candidates.iter().enumerate() {
        if !candidate.is_sent() {
            continue;
        }
        let user = row(&candidate.user);
        let bytes = user.to_string().len();
        if size + bytes > BYTES && !users.is_empty() {
            send(api, &places, std::mem::take(&mut users), &mut refusals).await?;
            places.clear();
            size = 0;
        }
        size += bytes;
        places.push(place);
        users.push(user);
    }
    if !users.is_empty() {
        send(api, &places, users, &mut refusals).await?;
    }
    Ok(refusals)
}

async fn send(
    api: &Api,
    places: &[usize],
    users: Vec<Value>,
    refusals: &mut [Option<String>],
) -> Result<(), Error> {
    let (status, answer) = api
        .call(Method::POST, ROUTE, Some(&json!({ "users": users })))
        .await?;
    let results = answer["results"]
        .as_array()
        .filter(|results| status.is_success() && results.len() == places.len())
        .ok_or_else(|| refused(&format!("POST {ROUTE}"), status, &answer))?;
    for (place, result) in places.iter().zip(results) {
        let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
        if !["created", "exists"].contains(&&*text("status")) {
            refusals[*place] = Some(format!("{} {}", text("code"), text("message")));
        }
    }
    Ok(())
}

/// A user as the route takes it.
fn row(user: &auth::import::Imported) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "phone": user.phone,
        "password_hash": user.password_hash.as_ref().map(base::Secret::expose),
        "email_confirmed_at": user.email_confirmed_at,
        "phone_confirmed_at": user.phone_confirmed_at,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "last_sign_in_at": user.last_sign_in_at,
        "banned_until": user.banned_until,
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
    })
}
