//! Some services on a node, keys against the running server, and what the doctor finds in its database.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::place::{Place, free_port};

const FILE: &str = "supabase/.env";

/// A running stack, and calls to it.
struct Running<'a> {
    place: &'a Place,
    url: String,
}

impl<'a> Running<'a> {
    fn start(place: &'a Place, flags: &[&str]) -> Self {
        let port = free_port().to_string();
        let arguments = [&["up", "--detach", "--dev", "--port", &port], flags].concat();
        let ran = place.finish(place.command(&arguments).stdin(Stdio::null()));
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        let url = format!("http://127.0.0.1:{port}");
        Self { place, url }
    }

    async fn call(
        &self,
        path: &str,
        key: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> (u16, Value) {
        let client = reqwest::Client::new();
        let url = format!("{}{path}", self.url);
        let request = match body {
            Some(body) => client.post(url).json(&body),
            None => client.get(url),
        };
        let request = request.header("apikey", key);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    async fn sql(&self, sql: &str) {
        let state: Value =
            serde_json::from_str(&self.place.read(".passerelle/passerelle.json")).unwrap();
        let secret = base::Secret::new(self.place.variable(FILE, "SECRET_KEY_BASE"));
        let password = database::role_password(&secret, "supabase_admin");
        let to = format!(
            "host={} port={} user=supabase_admin password={} dbname=postgres",
            state["socket_dir"].as_str().unwrap(),
            state["socket_port"],
            password.expose()
        );
        let client = pg::Endpoint::parse(&to).unwrap().connect().await.unwrap();
        client.batch_execute(sql).await.unwrap();
    }
}

#[tokio::test]
async fn a_node_runs_only_the_services_it_is_told_to() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let running = Running::start(&place, &["--only", "auth,rest"]);
    let anon = place.variable(FILE, "ANON_KEY");
    assert_eq!(
        running.call("/health", "", None, None).await,
        (200, json!({ "status": "ok" }))
    );
    assert_eq!(
        running.call("/auth/v1/settings", &anon, None, None).await.0,
        200
    );
    for (path, service) in [
        ("/storage/v1/bucket", "storage"),
        ("/realtime/v1/api/broadcast", "realtime"),
    ] {
        let (status, body) = running.call(path, &anon, None, None).await;
        assert_eq!(
            (status, &body["message"]),
            (421, &json!(format!("{service} does not run on this node")))
        );
        assert_eq!(body["hint"], "Send the request to a node that runs it.");
    }
    let status = place.run(&["status"]);
    assert_eq!(status.code, 0);
    assert!(
        status.err.contains("\nauth       ready\nrest       ready\nrealtime   not on this node\nstorage    not on this node\n"),
        "{}",
        status.err
    );
    let object = place.run(&["status", "--json"]).last();
    assert_eq!(object["summary"]["services"], json!(["auth", "rest"]));
}

#[test]
fn an_unknown_service_is_refused_before_anything_starts() {
    let place = Place::new();
    let ran = place.run(&["up", "--only", "auth,mail"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err
            .contains("passerelle: mail is not a service; there are auth, rest, "),
        "{}",
        ran.err
    );
    assert!(
        ran.err.ends_with("to mend it: such as --only auth,rest\n"),
        "{}",
        ran.err
    );
    assert!(!place.exists(".passerelle/db"));
}

// MIG-KEY-08, MIG-KEY-10: the server says which keys it takes; nobody is signed out by a rotation.
#[tokio::test]
async fn a_rotation_signs_nobody_out() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let running = Running::start(&place, &["--only", "auth,rest"]);
    let anon = place.variable(FILE, "ANON_KEY");
    let ada = json!({ "email": "ada@example.com", "password": "correct horse battery" });
    let (status, session) = running
        .call("/auth/v1/signup", &anon, None, Some(ada))
        .await;
    assert_eq!(status, 200, "{session}");
    let (token, refresh) = (
        session["access_token"].as_str().unwrap(),
        session["refresh_token"].as_str().unwrap(),
    );
    let check = place.run(&["keys", "check"]);
    let accepts = format!(
        "the server at {} accepts both keys\nsecret and keys fit together\n",
        running.url
    );
    assert_eq!((check.code, check.err), (0, accepts.clone()));

    assert_eq!(place.run(&["keys", "rotate"]).code, 0);
    let new = place.variable(FILE, "ANON_KEY");
    assert_ne!(anon, new);
    let check = place.run(&["keys", "check"]);
    assert_eq!(
        (check.code, check.out),
        (
            8,
            format!(
                "server_refuses: the server at {0} refuses ANON_KEY (HTTP 401)\n\
                 server_refuses: the server at {0} refuses SERVICE_ROLE_KEY (HTTP 401)\n",
                running.url
            )
        )
    );
    assert_eq!(place.run(&["down"]).code, 0);

    let running = Running::start(&place, &["--only", "auth,rest"]);
    assert_eq!(place.run(&["keys", "check"]).code, 0);
    // Old key and old token, new key and old token, a new token for the old refresh token.
    for key in [&anon, &new] {
        let (status, user) = running.call("/auth/v1/user", key, Some(token), None).await;
        assert_eq!((status, &user["email"]), (200, &json!("ada@example.com")));
    }
    let body = json!({ "refresh_token": refresh });
    let (status, fresh) = running
        .call(
            "/auth/v1/token?grant_type=refresh_token",
            &new,
            None,
            Some(body),
        )
        .await;
    assert_eq!(status, 200, "{fresh}");
    let secret = jwt::Keys::from_secret(&place.variable(FILE, "JWT_SECRET")).unwrap();
    let verifier = jwt::Verifier::new(secret, std::sync::Arc::new(base::SystemClock));
    let fresh = fresh["access_token"].as_str().unwrap();
    assert!(
        verifier.verify_signature(fresh).is_ok(),
        "the new secret signs"
    );
}

// MIG-DOC-01, MIG-DOC-02, MIG-DOC-03, MIG-DOC-05: each symptom gets its cause and the command that mends it.
#[tokio::test]
async fn the_doctor_explains_users_tables_and_tokens() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let running = Running::start(&place, &[]);
    let anon = place.variable(FILE, "ANON_KEY");
    // Ready means that the database answers; the stream of changes is connected a moment later.
    running
        .sql(
            "do $$ begin
               for attempt in 1..2400 loop
                 exit when exists (select from pg_replication_slots where active);
                 perform pg_sleep(0.05);
               end loop;
             end $$",
        )
        .await;
    let well = place.run(&["doctor"]);
    assert_eq!((well.code, well.out.as_str()), (0, ""), "{}", well.err);
    let ada = json!({ "email": "ada@example.com", "password": "correct horse battery" });
    running
        .call("/auth/v1/signup", &anon, None, Some(ada))
        .await;
    running
        .sql(
            "create table public.tasks (id int primary key, user_id uuid);
             create table public.open (id int);
             alter table public.tasks enable row level security;
             create policy own on public.tasks for select to authenticated using (user_id = auth.uid());
             insert into public.tasks values (1, gen_random_uuid());
             update auth.users set banned_until = '2100-01-01', encrypted_password = '$1$salt$md5'
               where email = 'ada@example.com'",
        )
        .await;
    let codes = |arguments: &[&str]| {
        let ran = place.run(&[&["doctor", "--json"], arguments].concat());
        let objects = ran.objects();
        let checks = objects.iter().filter(|object| object["type"] == "check");
        let codes: Vec<_> = checks
            .map(|check| check["code"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(ran.code, if codes.is_empty() { 0 } else { 8 });
        codes
    };
    assert_eq!(
        codes(&["--email", "ADA@example.com"]),
        ["user_banned", "password_class"]
    );
    assert_eq!(codes(&["--email", "bob@example.com"]), ["user_not_found"]);
    let near = place.run(&["doctor", "--email", "adda@example.com"]);
    assert!(
        near.out.contains("    did you mean ada@example.com?\n"),
        "{}",
        near.out
    );
    assert_eq!(codes(&["--table", "tasks"]), ["not_published"]);
    running
        .sql("alter publication supabase_realtime add table public.tasks, public.open")
        .await;
    assert_eq!(
        codes(&["--table", "public.tasks"]),
        ["published_without_key"],
        "of the other table"
    );
    running
        .sql("alter publication supabase_realtime drop table public.open")
        .await;
    assert_eq!(codes(&["--table", "public.tasks"]), [] as [&str; 0]);
    assert_eq!(codes(&["--table", "public.taks"]), ["table_unknown"]);
    assert_eq!(
        codes(&["--table", "tasks", "--filter", "user_id=eq.5"]),
        ["filter_type"]
    );
    assert_eq!(
        codes(&["--table", "tasks", "--filter", "userid=eq.5"]),
        ["filter_column"]
    );
    assert!(
        codes(&["--table", "tasks", "--email", "ada@example.com"])
            .contains(&"rows_hidden".to_owned())
    );
    let foreign = jwt::Keys::from_secret("a-third-secret-of-thirty-two-bytes-or-so").unwrap();
    let foreign = foreign.sign(&json!({ "role": "service_role", "iss": "supabase" }));
    assert_eq!(codes(&["--token", &foreign]), ["token_foreign"]);
    assert!(
        !place
            .run(&["doctor", "--token", &foreign])
            .out
            .contains(&foreign)
    );
    // MIG-DOC-04.
    let logs = place.run(&["logs", "--service", "auth", "--since", "1h"]);
    assert_eq!((logs.code, logs.err.as_str()), (0, ""));
    assert!(logs.out.contains("/auth/v1/signup"), "{}", logs.out);
    assert!(!logs.out.contains("/rest/v1/"), "{}", logs.out);
}

#[test]
fn the_doctor_mends_what_it_can_without_a_risk() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    place.mode(FILE, 0o644);
    place.write(".passerelle/passerelle.json", "{}");
    place.mode(".passerelle", 0o755);
    let doctor = |flags: &[&str]| {
        let port = free_port().to_string();
        place.finish(
            place
                .command(&[&["doctor"], flags].concat())
                .env("PASSERELLE_GATEWAY_PORT", port),
        )
    };
    let found = doctor(&[]);
    assert_eq!(found.code, 8);
    let codes: Vec<_> = found
        .out
        .lines()
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(codes, ["keys_readable", "data_folder_open", "stale_state"]);
    let mended = doctor(&["--fix"]);
    assert_eq!((mended.code, mended.out.as_str()), (0, ""));
    assert!(
        mended.err.starts_with(
            "mended: <dir>/supabase/.env can be read by other users of this machine\n"
        ),
        "{}",
        mended.err
    );
    assert_eq!(
        (place.mode_of(FILE), place.mode_of(".passerelle")),
        (0o600, 0o750)
    );
    assert_eq!(doctor(&[]).code, 0);
}
