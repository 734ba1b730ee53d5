//! Users over the admin API: any Supabase, with nothing but its address and the service key (MIG-UPS-01, MIG-USR-02).

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use base::Secret;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use reqwest::{Client, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::judge::Directory;
use super::read::{Person, people};
use super::write::{matching, user};
use super::{Outcome, Problem, Verdict, survey};
use crate::ids::Seed;
use crate::inventory::Inventory;
use crate::password::Carrier;
use crate::session::Source;
use crate::{Error, Plan};

/// Users asked for on one page.
const PAGE: usize = 1_000;
/// Attempts at one call.
const ATTEMPTS: u32 = 6;
/// Longest answer waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A target's API.
#[derive(Debug, Clone)]
pub struct Api {
    url: String,
    key: Secret,
    /// Requests at once.
    concurrency: usize,
    client: Client,
}

/// One user's line in the local journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpOutcome {
    /// The old id.
    pub legacy_id: String,
    /// The new one.
    pub uuid: Uuid,
    /// The address the user got.
    pub email: String,
    /// `created`, `placeholder`, `linked`, `merged` or `failed`.
    pub status: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What became of everybody.
#[derive(Debug, Serialize)]
pub struct HttpReport {
    /// Users by status.
    pub users: HashMap<String, u64>,
    /// Problems found.
    pub problems: Vec<Problem>,
    /// One line for each user.
    #[serde(skip)]
    pub outcomes: Vec<HttpOutcome>,
}

impl Api {
    /// The API at this address. Opaque keys (`sb_secret_…`) travel as `apikey` alone; at most
    /// `concurrency` requests are under way.
    pub fn new(url: &str, key: Secret, concurrency: usize) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            key,
            concurrency,
            client: web::outgoing().build().unwrap_or_default(),
        }
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.url
    }

    /// One call, tried again on 429, 5xx and lost connections (MIG-USR-08); never on another 4xx.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Error> {
        let mut wait = Duration::from_millis(200);
        for attempt in 1.. {
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.url))
                .timeout(TIMEOUT)
                .header("apikey", self.key.expose());
            if !self.key.expose().starts_with("sb_") {
                request = request.bearer_auth(self.key.expose());
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let why = match request.send().await {
                Ok(answer) => {
                    let status = answer.status();
                    let after = answer
                        .headers()
                        .get("retry-after")
                        .and_then(|value| value.to_str().ok()?.parse().ok())
                        .map(Duration::from_secs);
                    if status.as_u16() != 429 && !status.is_server_error() {
                        return Ok((status, answer.json().await.unwrap_or(Value::Null)));
                    }
                    wait = after.unwrap_or(wait);
                    status.to_string()
                }
                Err(error) => error.without_url().to_string(),
            };
            if attempt >= ATTEMPTS {
                return Err(Error::Api {
                    step: format!("{method} {path}"),
                    why,
                });
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(30));
        }
        unreachable!("the loop returns")
    }

    /// Everybody who is there, page by page until one is empty (MIG-DUP-05).
    pub async fn users(&self) -> Result<Vec<auth::import::Present>, Error> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("/auth/v1/admin/users?page={page}&per_page={PAGE}");
            let (status, body) = self.call(Method::GET, &path, None).await?;
            if !status.is_success() {
                return Err(refused("GET /auth/v1/admin/users", status, &body));
            }
            let users = body["users"].as_array().cloned().unwrap_or_default();
            all.extend(users.iter().filter_map(present));
            if users.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Makes one user; a duplicate that is this very user is a success (MIG-USR-03).
    async fn create(
        &self,
        imported: &auth::import::Imported,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let body = body(imported, now);
        let (status, answer) = self
            .call(Method::POST, "/auth/v1/admin/users", Some(&body))
            .await?;
        if status.is_success() {
            return Ok(());
        }
        let path = format!("/auth/v1/admin/users/{}", imported.id);
        let (found, user) = self.call(Method::GET, &path, None).await?;
        if found.is_success() && user["email"].as_str() == imported.email.as_deref() {
            return Ok(());
        }
        Err(refused("POST /auth/v1/admin/users", status, &answer))
    }
}

fn refused(step: &str, status: StatusCode, body: &Value) -> Error {
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let message = [text("msg"), text("message"), text("error_code")].join(" ");
    Error::Api {
        step: step.to_owned(),
        why: format!("{status} {}", message.trim()),
    }
}

fn present(user: &Value) -> Option<auth::import::Present> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let legacy = &user["app_metadata"]["legacy"];
    Some(auth::import::Present {
        id: user["id"].as_str()?.parse().ok()?,
        email: text(&user["email"]).filter(|email| !email.is_empty()),
        confirmed: user["email_confirmed_at"].is_string(),
        source: text(&legacy["source"]),
        legacy_id: text(&legacy["id"]),
        run: legacy["run"].as_str().and_then(|run| run.parse().ok()),
    })
}

/// The request's body. Dates cannot be given: they are in `app_metadata.legacy` (MIG-USR-05).
fn body(user: &auth::import::Imported, now: DateTime<Utc>) -> Value {
    let mut body = json!({
        "id": user.id,
        "email_confirm": user.email_confirmed_at.is_some(),
        "user_metadata": user.user_metadata,
        "app_metadata": user.app_metadata,
    });
    if let Some(email) = &user.email {
        body["email"] = json!(email);
    }
    if let Some(phone) = &user.phone {
        body["phone"] = json!(phone);
        body["phone_confirm"] = json!(user.phone_confirmed_at.is_some());
    }
    if let Some(hash) = &user.password_hash {
        body["password_hash"] = json!(hash.expose());
    }
    if let Some(until) = user.banned_until {
        body["ban_duration"] = json!(format!("{}h", (until - now).num_hours()));
    }
    body
}

/// Makes everybody over HTTP, several at once. `journal` gets a line for each user as soon as it is known what became of
/// them, and is read first: who stands in it is not tried again.
pub async fn import_over_http(
    source: &Source,
    plan: &Plan,
    seed: &Seed,
    api: &Api,
    now: DateTime<Utc>,
    journal: &Path,
    done: &(dyn Fn(u64) + Sync),
) -> Result<HttpReport, Error> {
    let snapshot = source.snapshot().await?;
    let inventory = Inventory::read(snapshot.keeper()).await?;
    crate::run::check_source(plan, &inventory)?;
    let reader = snapshot.session().await?;
    let there = api.users().await?;
    let survey = survey(
        &reader,
        &Directory::Listed(&there),
        plan,
        &inventory,
        seed,
        Carrier::Plain,
    )
    .await?;
    let mut outcomes = read_journal(journal)?;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(journal)
        .map_err(Error::file)?;
    let recorded: std::collections::HashSet<String> = outcomes
        .iter()
        .filter(|outcome| outcome.status != Outcome::Fail.status())
        .map(|outcome| outcome.legacy_id.clone())
        .collect();
    outcomes.retain(|outcome| recorded.contains(&outcome.legacy_id));
    let people = people(&reader, plan, &inventory).await?;
    let paired = people.zip(futures_util::stream::iter(&survey.verdicts));
    let work = paired
        .map(|(person, verdict)| {
            let recorded = &recorded;
            async move {
                let person: Person = person?;
                let verdict = matching(Some(verdict), &person)?;
                if recorded.contains(&*verdict.legacy) {
                    return Ok(None);
                }
                Ok::<_, Error>(Some(one(plan, api, verdict, &person, now).await))
            }
        })
        .buffer_unordered(api.concurrency.max(1));
    let mut work = std::pin::pin!(work);
    while let Some(outcome) = work.next().await {
        if let Some(outcome) = outcome? {
            let line = serde_json::to_string(&outcome).expect("an outcome serializes");
            writeln!(file, "{line}").map_err(Error::file)?;
            outcomes.push(outcome);
        }
        done(1);
    }
    file.sync_all().map_err(Error::file)?;
    let mut users = HashMap::new();
    for outcome in &outcomes {
        *users.entry(outcome.status.clone()).or_default() += 1;
    }
    Ok(HttpReport {
        users,
        problems: survey.problems,
        outcomes,
    })
}

async fn one(
    plan: &Plan,
    api: &Api,
    verdict: &Verdict,
    person: &Person,
    now: DateTime<Utc>,
) -> HttpOutcome {
    let imported = user(plan, verdict, person, Carrier::Plain, now);
    let made = match verdict.outcome {
        Outcome::Create | Outcome::Placeholder => api.create(&imported, now).await,
        _ => Ok(()),
    };
    let (status, reason) = match made {
        Ok(()) if verdict.outcome == Outcome::Fail => (
            verdict.outcome.status(),
            verdict.code.unwrap_or_default().to_owned(),
        ),
        Ok(()) => (verdict.outcome.status(), String::new()),
        Err(error) => (Outcome::Fail.status(), error.to_string()),
    };
    HttpOutcome {
        legacy_id: verdict.legacy.to_string(),
        uuid: verdict.uuid,
        email: imported.email.unwrap_or_default(),
        status: status.to_owned(),
        reason,
    }
}

/// The lines of an earlier attempt; one that was cut off in the middle does not count.
fn read_journal(path: &Path) -> Result<Vec<HttpOutcome>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::file(error)),
    }
}
