//! Users over the admin API, with nothing but its address and the service key: one by one on any Supabase (MIG-UPS-01,
//! MIG-USR-02), many at once where the target has a route for that.

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

use super::bulk;
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

/// How users are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A request for each: what any Supabase understands.
    OneByOne,
    /// This many in a request, with their dates: [`Api::most_at_once`].
    Together(usize),
}

impl Way {
    /// Hashes of old applications are taken by the stack's own route alone (MIG-PWD-04).
    pub fn carrier(self) -> Carrier {
        match self {
            Self::OneByOne => Carrier::Plain,
            Self::Together(_) => Carrier::Verifier,
        }
    }

    fn at_once(self) -> usize {
        match self {
            Self::OneByOne => 1,
            Self::Together(most) => most.max(1),
        }
    }
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

    /// One call, tried again on 429, 5xx and lost connections (MIG-USR-08); never on another 4xx. An error is that no
    /// answer came at all.
    pub(super) async fn call(
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
            match request.send().await {
                Ok(answer) => {
                    let status = answer.status();
                    let after = answer
                        .headers()
                        .get("retry-after")
                        .and_then(|value| value.to_str().ok()?.parse().ok())
                        .map(Duration::from_secs);
                    let again = status.as_u16() == 429 || status.is_server_error();
                    if !again || attempt >= ATTEMPTS {
                        return Ok((status, answer.json().await.unwrap_or(Value::Null)));
                    }
                    wait = after.unwrap_or(wait);
                }
                Err(error) if attempt >= ATTEMPTS => {
                    return Err(Error::Api {
                        step: format!("{method} {path}"),
                        why: error.without_url().to_string(),
                    });
                }
                Err(_) => {}
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

    /// Makes one user; a duplicate that is this very user is a success (MIG-USR-03). Why it cannot be made, if so.
    async fn create(
        &self,
        imported: &auth::import::Imported,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Error> {
        let body = body(imported, now);
        let (status, answer) = self
            .call(Method::POST, "/auth/v1/admin/users", Some(&body))
            .await?;
        if status.is_success() {
            return Ok(None);
        }
        let path = format!("/auth/v1/admin/users/{}", imported.id);
        let (found, user) = self.call(Method::GET, &path, None).await?;
        let text = |name: &str| user[name].as_str().filter(|text| !text.is_empty());
        if found.is_success()
            && text("email") == imported.email.as_deref()
            && text("phone") == imported.phone.as_deref()
        {
            return Ok(None);
        }
        let error = refused("POST /auth/v1/admin/users", status, &answer);
        Ok(Some(error.to_string()))
    }
}

pub(super) fn refused(step: &str, status: StatusCode, body: &Value) -> Error {
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

/// A person whose user is to be made, or not.
pub(super) struct Candidate {
    verdict: Verdict,
    pub(super) user: auth::import::Imported,
}

impl Candidate {
    pub(super) fn is_sent(&self) -> bool {
        matches!(self.verdict.outcome, Outcome::Create | Outcome::Placeholder)
    }

    /// Its line, given why the user could not be made.
    fn outcome(self, refused: Option<String>) -> HttpOutcome {
        let verdict = self.verdict;
        let (status, reason) = match refused {
            Some(reason) => (Outcome::Fail.status(), reason),
            None if verdict.outcome == Outcome::Fail => (
                verdict.outcome.status(),
                verdict.code.unwrap_or_default().to_owned(),
            ),
            None => (verdict.outcome.status(), String::new()),
        };
        HttpOutcome {
            legacy_id: verdict.legacy.to_string(),
            uuid: verdict.uuid,
            email: self.user.email.unwrap_or_default(),
            status: status.to_owned(),
            reason,
        }
    }
}

/// Makes everybody over the API, several requests at once. `journal` gets a line for each user as soon as it is known
/// what became of them, and is read first: who stands in it is not tried again.
#[expect(
    clippy::too_many_arguments,
    reason = "each is another thing, and there is one caller"
)]
pub async fn import_over_http(
    source: &Source,
    plan: &Plan,
    seed: &Seed,
    api: &Api,
    way: Way,
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
        way.carrier(),
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
        .chunks(way.at_once())
        .map(|chunk| {
            let recorded = &recorded;
            async move {
                let size = chunk.len() as u64;
                let mut candidates = Vec::with_capacity(chunk.len());
                for (person, verdict) in chunk {
                    let person: Person = person?;
                    let verdict = matching(Some(verdict), &person)?;
                    if !recorded.contains(&*verdict.legacy) {
                        candidates.push(Candidate {
                            user: user(plan, verdict, &person, way.carrier(), now),
                            verdict: verdict.clone(),
                        });
                    }
                }
                let outcomes = send(api, way, candidates, now).await?;
                Ok::<_, Error>((size, outcomes))
            }
        })
        .buffer_unordered(api.concurrency.max(1));
    let mut work = std::pin::pin!(work);
    while let Some(sent) = work.next().await {
        let (size, new) = sent?;
        for outcome in new {
            let line = serde_json::to_string(&outcome).expect("an outcome serializes");
            writeln!(file, "{line}").map_err(Error::file)?;
            outcomes.push(outcome);
        }
        done(size);
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

async fn send(
    api: &Api,
    way: Way,
    candidates: Vec<Candidate>,
    now: DateTime<Utc>,
) -> Result<Vec<HttpOutcome>, Error> {
    let refusals = match way {
        Way::Together(_) => bulk::create(api, &candidates).await?,
        Way::OneByOne => {
            let mut refusals = Vec::with_capacity(candidates.len());
            for candidate in &candidates {
                refusals.push(if candidate.is_sent() {
                    api.create(&candidate.user, now).await?
                } else {
                    None
                });
            }
            refusals
        }
    };
    let pairs = candidates.into_iter().zip(refusals);
    Ok(pairs
        .map(|(candidate, refused)| candidate.outcome(refused))
        .collect())
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
