//! `migrate test`: the seed's tests and more, through the front door (section 27 of the contract). What is made for
//! it is taken away again, also after a failure.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use base::{Clock as _, OsRandom, Random as _, Secret, SystemClock};
use migrate::plan::{Pattern, TableAction, TablePlan};
use migrate::{Plan, Source, Target};
use reqwest::Method;
use serde_json::{Value, json};
use settings::Settings;
use uuid::Uuid;

use super::{evidence, flags, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::person::{Person, Refusal};
use crate::state::State;

/// Longest wait for an event.
const WAIT: Duration = Duration::from_secs(5);

/// One test.
struct Outcome {
    section: u8,
    name: String,
    pass: bool,
    detail: String,
}

/// What the tests share.
struct Bench {
    url: String,
    anon: String,
    service: String,
    keys: jwt::Keys,
    plan: Plan,
    source: Source,
    client: tokio_postgres::Client,
    outcomes: Vec<Outcome>,
}

/// A migrated user with a token of the project's own.
struct Migrated {
    person: Person,
    legacy: String,
}

pub(super) async fn run(context: &Context, flags: &flags::Test) -> Result<ExitCode, Failure> {
    let plan = reach::plan(&flags.reach.plan)?;
    let source = reach::source(context, &flags.reach)?;
    let endpoint = reach::target(context, flags.reach.to.as_deref())?;
    let (settings, _) = context.settings_with_keys()?;
    let url = match (&flags.api, State::read(&context.data_dir()?)) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, Some(state)) => state.api_url,
        (None, None) => settings
            .gateway
            .public_url
            .clone()
            .unwrap_or_else(|| "http://localhost:8000".to_owned()),
    };
    let keys = jwt::Keys::from_settings(&settings.keys).map_err(Failure::internal)?;
    let client = Target::unlocked(&endpoint).session().await?;
    let credentials = credentials(flags, &settings)?;
    let mut bench = Bench {
        url,
        anon: settings.keys.anon_key.expose().to_owned(),
        service: settings.keys.service_role_key.expose().to_owned(),
        keys,
        plan,
        source,
        client,
        outcomes: Vec::new(),
    };
    bench.services().await;
    bench.api().await;
    bench.sign_in(&credentials).await;
    bench.mapping().await?;
    let people = bench.people().await?;
    bench.history(&people).await?;
    bench.isolation(&people).await;
    bench.realtime(&people).await;
    finish(context, &bench, flags.junit.as_deref())
}

/// `--email` with TEST_PASSWORD, or a private file with `address password` a line.
fn credentials(flags: &flags::Test, settings: &Settings) -> Result<Vec<(String, Secret)>, Failure> {
    let mut all = Vec::new();
    if let (Some(email), Some(password)) = (&flags.email, &settings.migrate.test_password) {
        all.push((email.clone(), password.clone()));
    }
    if let Some(path) = &flags.credentials {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)
            .map_err(|error| Failure::file(path, &error))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            let path = path.display().to_string();
            let remedy = format!("chmod 600 {path}");
            return Err(Failure::tell(
                ExitCode::Secrets,
                Message::OpenCredentials { path },
                remedy,
            )
            .named("open_credentials"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        for line in text
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        {
            if let Some((email, password)) = line.trim_end().split_once([' ', '\t', ':']) {
                all.push((email.to_owned(), Secret::new(password.trim_start())));
            }
        }
    }
    Ok(all)
}

fn finish(context: &Context, bench: &Bench, junit: Option<&Path>) -> Result<ExitCode, Failure> {
    for it in &bench.outcomes {
        let mark = if it.pass { "✓" } else { "✗" };
        context.out.object(&json!({
            "type": "check", "section": it.section, "name": it.name, "pass": it.pass, "detail": it.detail,
        }));
        context.out.result(&format!(
            "{mark} {} {:<52} {}",
            it.section, it.name, it.detail
        ));
    }
    let failed = |section: Option<u8>| {
        let all = bench.outcomes.iter();
        all.filter(|it| !it.pass && section.is_none_or(|section| it.section == section))
            .count()
    };
    let ran = |section: u8| {
        bench
            .outcomes
            .iter()
            .filter(|it| it.section == section)
            .count()
    };
    for (name, section) in [("test-sign-in", 3), ("test-realtime", 7)] {
        let detail = format!("{} tests, {} failed", ran(section), failed(Some(section)));
        let pass = failed(Some(section)) == 0 && ran(section) > 0;
        evidence::keep(context, &bench.plan, name, pass, detail)?;
    }
    if let Some(path) = junit {
        std::fs::write(path, report(&bench.outcomes))
            .map_err(|error| Failure::file(path, &error))?;
    }
    let total = failed(None);
    context.out.say(&Message::Verified {
        checks: bench.outcomes.len().to_string(),
        failed: total.to_string(),
    });
    let code = if total == 0 {
        ExitCode::Success
    } else {
        ExitCode::Findings
    };
    context.out.end(
        code,
        code.name(),
        &json!({ "tests": bench.outcomes.len(), "failed": total }),
    );
    Ok(code)
}

/// The outcomes as JUnit's XML.
fn report(outcomes: &[Outcome]) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    let failed = outcomes.iter().filter(|it| !it.pass).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"migration\" tests=\"{}\" failures=\"{failed}\">\n",
        outcomes.len()
    );
    for it in outcomes {
        let (name, detail) = (escape(&it.name), escape(&it.detail));
        let inner = if it.pass {
            "/>".to_owned()
        } else {
            format!("><failure message=\"{detail}\"/></testcase>")
        };
        let _ = writeln!(
            out,
            "  <testcase classname=\"section{}\" name=\"{name}\"{inner}",
            it.section
        );
    }
    out.push_str("</testsuite>\n");
    out
}

impl Bench {
    fn add(
        &mut self,
        section: u8,
        name: impl Into<String>,
        outcome: Result<String, impl std::fmt::Display>,
    ) {
        let (pass, detail) = match outcome {
            Ok(detail) => (true, detail),
            Err(error) => (false, error.to_string()),
        };
        self.outcomes.push(Outcome {
            section,
            name: name.into(),
            pass,
            detail,
        });
    }

    /// A status that must be one of these.
    async fn expect(
        &mut self,
        section: u8,
        name: &str,
        who: &Person,
        method: Method,
        path: &str,
        wanted: &[u16],
    ) {
        let outcome =
            who.ask(method, path, &Value::Null, &[])
                .await
                .and_then(|(status, _, text)| {
                    if wanted.contains(&status.as_u16()) {
                        Ok(status.to_string())
                    } else {
                        Err(Refusal::new(path, format_args!("{status} {text}")))
                    }
                });
        self.add(section, name, outcome);
    }

    /// Section 1: every service answers.
    async fn services(&mut self) {
        let anybody = Person::with_key(&self.url, &self.anon);
        let server = Person::with_key(&self.url, &self.service);
        self.expect(
            1,
            "auth is healthy",
            &anybody,
            Method::GET,
            "/auth/v1/health",
            &[200],
        )
        .await;
        self.expect(1, "rest answers", &server, Method::GET, "/rest/v1/", &[200])
            .await;
        self.expect(
            1,
            "storage answers",
            &server,
            Method::GET,
            "/storage/v1/bucket",
            &[200],
        )
        .await;
        let socket = tokio_tungstenite::connect_async(format!(
            "{}/realtime/v1/websocket?apikey={}&vsn=1.0.0",
            self.url.replacen("http", "ws", 1),
            self.anon
        ))
        .await;
        self.add(
            1,
            "realtime opens a socket",
            socket.map(|_| "101".to_owned()),
        );
        let version = self
            .client
            .query_one("select current_setting('server_version')", &[])
            .await;
        self.add(
            1,
            "the database answers",
            version.map(|row| row.get::<_, String>(0)),
        );
    }

    /// Section 2: the keys open what they should, and nothing else.
    async fn api(&mut self) {
        let nobody = Person::with_key(&self.url, "");
        let wrong = Person::with_key(&self.url, "wrong");
        let anybody = Person::with_key(&self.url, &self.anon);
        let server = Person::with_token(&self.url, &self.service, "", self.service.clone());
        let table = self
            .plan
            .tables
            .iter()
            .find(|table| table.access != Pattern::PublicRead);
        let path = table.map_or_else(
            || "/rest/v1/".to_owned(),
            |table| rest_path(table, "limit=1"),
        );
        self.expect(
            2,
            "an unknown table is not found",
            &server,
            Method::GET,
            "/rest/v1/no_such_table_here",
            &[404],
        )
        .await;
        self.expect(2, "no key is refused", &nobody, Method::GET, &path, &[401])
            .await;
        self.expect(
            2,
            "a wrong key is refused",
            &wrong,
            Method::GET,
            &path,
            &[401],
        )
        .await;
        self.expect(
            2,
            "the public key is no administrator",
            &anybody,
            Method::GET,
            "/auth/v1/admin/users",
            &[401, 403],
        )
        .await;
        self.expect(
            2,
            "the service key is",
            &server,
            Method::GET,
            "/auth/v1/admin/users?per_page=1",
            &[200],
        )
        .await;
    }

    /// Section 3: sign-in with what was given, and with a person made for it.
    async fn sign_in(&mut self, credentials: &[(String, Secret)]) {
        for (email, password) in credentials {
            let shown = migrate::users::masked(email);
            match Person::sign_in(&self.url, &self.anon, email, password.expose()).await {
                Ok(person) => {
                    self.add(
                        3,
                        format!("{shown} signs in with the old password"),
                        Ok::<_, Refusal>(person.id.clone()),
                    );
                    let mapped = self
                        .client
                        .query_one(
                            "select count(*) from public.user_id_mapping where supabase_user_id::text = $1",
                            &[&person.id],
                        )
                        .await
                        .map(|row| row.get::<_, i64>(0));
                    let outcome = match mapped {
                        Ok(1) => Ok("the mapped id".to_owned()),
                        Ok(count) => Err(format!("{count} lines of the mapping have this id")),
                        Err(error) => Err(error.to_string()),
                    };
                    self.add(3, format!("{shown} has the mapped id"), outcome);
                    let again =
                        Person::sign_in(&self.url, &self.anon, email, "not the password").await;
                    self.add(
                        3,
                        format!("{shown}: a wrong password is refused"),
                        refused(again, "invalid_credentials"),
                    );
                }
                Err(error) => self.add(
                    3,
                    format!("{shown} signs in with the old password"),
                    Err::<String, _>(error),
                ),
            }
        }
        self.canary().await;
    }

    async fn canary(&mut self) {
        let server = Person::with_token(&self.url, &self.service, "", self.service.clone());
        let email = format!("canary-{}@users.invalid", OsRandom.hex(6));
        let password = OsRandom.alphanumeric(24);
        let body = json!({ "email": email, "password": password, "email_confirm": true });
        let made = server
            .call(Method::POST, "/auth/v1/admin/users", &body)
            .await;
        let id = match &made {
            Ok(text) => serde_json::from_str::<Value>(text)
                .ok()
                .and_then(|user| Some(user["id"].as_str()?.to_owned()))
                .unwrap_or_default(),
            Err(_) => String::new(),
        };
        self.add(3, "a canary is made", made.map(|_| id.clone()));
        if id.is_empty() {
            return;
        }
        let tried = self.try_canary(&server, &id, &email, &password).await;
        self.add(
            3,
            "the canary signs in, refreshes, is banned",
            tried.map(|()| "as it should".to_owned()),
        );
        let gone = server
            .call(
                Method::DELETE,
                &format!("/auth/v1/admin/users/{id}"),
                &json!({}),
            )
            .await;
        self.add(3, "the canary is gone", gone.map(|_| String::new()));
    }

    async fn try_canary(
        &self,
        server: &Person,
        id: &str,
        email: &str,
        password: &str,
    ) -> Result<(), Refusal> {
        let person = Person::sign_in(&self.url, &self.anon, email, password).await?;
        let user = person
            .call(Method::GET, "/auth/v1/user", &Value::Null)
            .await?;
        let user: Value =
            serde_json::from_str(&user).map_err(|error| Refusal::new("user", error))?;
        if user["aud"] != "authenticated" || user["role"] != "authenticated" {
            return Err(Refusal::new("claims", &user));
        }
        let body = json!({ "refresh_token": person.refresh_token });
        person
            .call(
                Method::POST,
                "/auth/v1/token?grant_type=refresh_token",
                &body,
            )
            .await?;
        person
            .call(Method::POST, "/auth/v1/logout", &json!({}))
            .await?;
        let ban = json!({ "ban_duration": "876600h" });
        server
            .call(Method::PUT, &format!("/auth/v1/admin/users/{id}"), &ban)
            .await?;
        refused(
            Person::sign_in(&self.url, &self.anon, email, password).await,
            "user_banned",
        )
        .map(|_| ())
        .map_err(|why| Refusal::new("banned", why))
    }

    /// Section 4: the mapping is complete and nobody's but the servers'.
    async fn mapping(&mut self) -> Result<(), Failure> {
        let source = self.source.session().await?;
        let query = format!("select count(*) from {}", self.plan.users.table.quoted());
        let users: i64 = source
            .query_one(&query, &[])
            .await
            .map_err(migrate::Error::from)?
            .get(0);
        let row = self
            .client
            .query_one("select count(*) from public.user_id_mapping", &[])
            .await
            .map(|row| row.get::<_, i64>(0));
        let outcome = match row {
            Ok(mapped) if mapped == users && users > 0 => Ok(format!("{mapped} users")),
            Ok(mapped) => Err(format!(
                "{users} users on the source, {mapped} in the mapping"
            )),
            Err(error) => Err(error.to_string()),
        };
        self.add(4, "everybody is in the mapping", outcome);
        let anybody = Person::with_key(&self.url, &self.anon);
        self.expect(
            4,
            "the mapping is closed to the public key",
            &anybody,
            Method::GET,
            "/rest/v1/user_id_mapping",
            &[401, 403, 404],
        )
        .await;
        Ok(())
    }

    /// Two ordinary people who own rows, with tokens signed by the project's key.
    async fn people(&mut self) -> Result<Vec<Migrated>, Failure> {
        let Some(table) = self.owned().first().map(|table| (*table).clone()) else {
            self.add(
                5,
                "a table with owners",
                Err::<String, _>("none in the plan"),
            );
            return Ok(Vec::new());
        };
        let owner = sql::Ident::new(table.owner.as_deref().unwrap_or_default());
        let query = format!(
            "select m.supabase_user_id, m.old_user_id::text from public.user_id_mapping m \
             where m.status = 'created' and exists (select 1 from {} t where t.{owner} = m.supabase_user_id) \
             order by m.old_user_id limit 2",
            table.name.quoted()
        );
        let rows = self
            .client
            .query(&query, &[])
            .await
            .map_err(migrate::Error::from)?;
        let people: Vec<Migrated> = rows
            .iter()
            .map(|row| {
                let id: Uuid = row.get(0);
                Migrated {
                    person: Person::with_token(
                        &self.url,
                        &self.anon,
                        &id.to_string(),
                        self.token(id),
                    ),
                    legacy: row.get(1),
                }
            })
            .collect();
        let found = if people.len() == 2 {
            Ok("two".to_owned())
        } else {
            Err(format!(
                "{} migrated users own rows of {}",
                people.len(),
                table.name
            ))
        };
        self.add(5, "migrated people who own rows", found);
        Ok(people)
    }

    /// An access token as the auth service would sign it for an ordinary user.
    fn token(&self, id: Uuid) -> String {
        let now = SystemClock.unix();
        self.keys.sign(&json!({
            "sub": id, "aud": "authenticated", "role": "authenticated", "iat": now, "exp": now + 600,
            "app_metadata": { "role": "user" },
        }))
    }

    fn owned(&self) -> Vec<&TablePlan> {
        let patterns = [Pattern::Owner, Pattern::OwnerAdmin, Pattern::AppendOnly];
        let mut tables: Vec<&TablePlan> = self
            .plan
            .tables
            .iter()
            .filter(|table| {
                table.action == TableAction::Copy
                    && patterns.contains(&table.access)
                    && table.owner.is_some()
                    && table.shared_with.is_none()
            })
            .collect();
        // The tables that people write to first, the fullest first.
        tables.sort_by_key(|table| {
            (
                table.access == Pattern::AppendOnly,
                std::cmp::Reverse(table.estimated_rows),
            )
        });
        tables
    }

    /// Section 5: everybody reads exactly what was theirs in the old database.
    async fn history(&mut self, people: &[Migrated]) -> Result<(), Failure> {
        let source = self.source.session().await?;
        let tables: Vec<TablePlan> = self.owned().into_iter().cloned().collect();
        for table in &tables {
            for (place, it) in people.iter().enumerate() {
                let owner = sql::Ident::new(table.owner.as_deref().unwrap_or_default());
                let query = format!(
                    "select count(*) from {} where {owner}::text = $1",
                    table.name.quoted()
                );
                let then: i64 = source
                    .query_one(&query, &[&it.legacy])
                    .await
                    .map_err(migrate::Error::from)?
                    .get(0);
                let now = it.person.count(&rest_path(table, "select=*")).await;
                let outcome = match now {
                    Ok(now) if i64::try_from(now) == Ok(then) => Ok(format!("{now} rows")),
                    Ok(now) => Err(format!("{then} rows in the old database, {now} over REST")),
                    Err(error) => Err(error.to_string()),
                };
                self.add(
                    5,
                    format!("person {} reads their {}", place + 1, table.name),
                    outcome,
                );
            }
        }
        Ok(())
    }

    /// Section 6: nobody reads, adds, changes or deletes another's rows.
    async fn isolation(&mut self, people: &[Migrated]) {
        let [one, other] = people else { return };
        let tables: Vec<TablePlan> = self.owned().into_iter().cloned().collect();
        for table in &tables {
            let owner = table.owner.clone().unwrap_or_default();
            let path = rest_path(table, &format!("{owner}=eq.{}", other.person.id));
            let seen = one.person.count(&path).await;
            // Row security lets nobody change what they cannot see: with the rows hidden the next ones touch nothing.
            let hidden = matches!(seen, Ok(0));
            self.add(
                6,
                format!("another's {} are hidden", table.name),
                none(seen),
            );
            let anybody = Person::with_key(&self.url, &self.anon);
            let seen = anybody
                .ask(Method::GET, &rest_path(table, "limit=1"), &Value::Null, &[])
                .await;
            let outcome = seen
                .map_err(|it| it.to_string())
                .and_then(|(status, _, text)| {
                    if status.as_u16() == 401 || text == "[]" {
                        Ok(status.to_string())
                    } else {
                        Err(text)
                    }
                });
            self.add(
                6,
                format!("{} are closed to the public key", table.name),
                outcome,
            );
            let change = json!({ owner.clone(): one.person.id });
            for (method, body) in [(Method::PATCH, change), (Method::DELETE, Value::Null)] {
                if !hidden {
                    break;
                }
                let name = format!("{method} of another's {}", table.name);
                let answer = one
                    .person
                    .ask(method, &path, &body, &[("prefer", "return=representation")])
                    .await;
                let outcome = answer
                    .map_err(|it| it.to_string())
                    .and_then(|(status, _, text)| {
                        if text == "[]" || [401, 403].contains(&status.as_u16()) {
                            Ok(status.to_string())
                        } else {
                            Err(format!("{status} {text}"))
                        }
                    });
                self.add(6, name, outcome);
            }
        }
    }

    /// Section 7: the owner hears of a change, another does not. The change changes nothing.
    async fn realtime(&mut self, people: &[Migrated]) {
        let [one, other] = people else { return };
        let table = self
            .owned()
            .into_iter()
            .find(|table| table.realtime)
            .cloned();
        let Some(table) = table else {
            self.add(
                7,
                "a published table with owners",
                Err::<String, _>("none in the plan"),
            );
            return;
        };
        let outcome = self.hear(&table, one, other).await;
        self.add(
            7,
            format!("a change of {} reaches its owner only", table.name),
            outcome,
        );
        let published = self
            .client
            .query(
                "select schemaname || '.' || tablename from pg_publication_tables where pubname = 'supabase_realtime'",
                &[],
            )
            .await
            .map(|rows| rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join(", "));
        self.add(7, "published", published);
    }

    async fn hear(
        &self,
        table: &TablePlan,
        one: &Migrated,
        other: &Migrated,
    ) -> Result<String, Refusal> {
        let name = &table.name;
        let mut hers = one.person.listen(&name.schema, &name.name, "*").await?;
        let mut his = other.person.listen(&name.schema, &name.name, "*").await?;
        let owner = table.owner.clone().unwrap_or_default();
        let server = Person::with_token(&self.url, &self.service, "", self.service.clone());
        let path = rest_path(table, &format!("{owner}=eq.{}", one.person.id));
        let change = json!({ owner.clone(): one.person.id });
        server.call(Method::PATCH, &path, &change).await?;
        let heard = tokio::time::timeout(WAIT, hers.change())
            .await
            .map_err(|_| Refusal::new("her socket", "no event"))??;
        if heard["record"][&owner] != json!(one.person.id) {
            return Err(Refusal::new("her socket", &heard));
        }
        match tokio::time::timeout(Duration::from_millis(500), his.change()).await {
            Err(_) => Ok(format!(
                "{} heard",
                heard["type"].as_str().unwrap_or_default()
            )),
            Ok(heard) => Err(Refusal::new("the other's socket", heard?)),
        }
    }
}

fn rest_path(table: &TablePlan, query: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(table.name.name.as_bytes()).collect();
    format!("/rest/v1/{}?{query}", name.replace('+', "%20"))
}

fn none(seen: Result<u64, Refusal>) -> Result<String, String> {
    match seen {
        Ok(0) => Ok("0 rows".to_owned()),
        Ok(rows) => Err(format!("{rows} rows")),
        Err(error) => Err(error.to_string()),
    }
}

/// A sign-in that must fail with this code.
fn refused(outcome: Result<Person, Refusal>, code: &str) -> Result<String, String> {
    match outcome {
        Err(error) if error.why.contains(code) => Ok(code.to_owned()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("was let in".to_owned()),
    }
}
