//! A self-hosted stack's own `.env` starts the program, and a database that goes away comes back.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::place::{Place, free_port};

const SECRET: &str = "your-super-secret-jwt-token-with-at-least-32-characters-long";

/// The file as the distribution ships it, but for the port.
fn stock(port: u16, api_external_url: &str) -> String {
    let keys = jwt::Keys::from_secret(SECRET).unwrap();
    let key = |role: &str| {
        let claims = json!({ "role": role, "iss": "supabase-demo", "iat": 1_641_769_200, "exp": 4_799_535_600_i64 });
        keys.sign_hs256(&json!({ "alg": "HS256", "typ": "JWT" }), &claims)
            .unwrap()
    };
    include_str!("stock.env")
        .replace("@PORT@", &port.to_string())
        .replace("@API_EXTERNAL_URL@", api_external_url)
        .replace("@ANON_KEY@", &key("anon"))
        .replace("@SERVICE_ROLE_KEY@", &key("service_role"))
}

async fn call(url: &str, path: &str, key: &str, body: Option<&Value>) -> (u16, Value) {
    let client = reqwest::Client::new();
    let request = match body {
        Some(body) => client.post(format!("{url}{path}")).json(body),
        None => client.get(format!("{url}{path}")),
    };
    match request.header("apikey", key).send().await {
        Ok(answer) => (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        ),
        Err(_) => (0, Value::Null),
    }
}

// GW-ENV-01, GW-ENV-03, GW-ENV-04, GW-ENV-05, GW-ENV-06, GW-ENV-08, GW-ENV-09, GW-ENV-20, GW-GEN-02: the stock file
// starts the server unchanged, and its values count.
#[tokio::test]
async fn a_stock_file_starts_the_server_and_its_values_count() {
    for (external, issuer) in [
        ("http://localhost:8000/", "http://localhost:8000/auth/v1"),
        (
            "http://localhost:8000/auth/v1",
            "http://localhost:8000/auth/v1",
        ),
    ] {
        let place = Place::new();
        let port = free_port();
        place.write(".env", &stock(port, external));
        let up = place.run(&["up", "--detach", "--json", "--only", "auth,rest"]);
        assert_eq!(up.code, 0, "{}", up.out);
        // What the process behind warned of is said in front.
        let objects = up.objects();
        let warning = objects.iter().find(|object| object["type"] == "warning");
        assert_eq!(
            warning.unwrap()["message"],
            "JWT_SECRET is the published example: everybody has it"
        );
        let url = format!("http://127.0.0.1:{port}");
        assert_eq!(up.last()["summary"]["api_url"], url.as_str());
        let anon = place.variable(".env", "ANON_KEY");
        let (status, settings) = call(&url, "/auth/v1/settings", &anon, None).await;
        assert_eq!((status, &settings["disable_signup"]), (200, &json!(false)));
        let ada = json!({ "email": "ada@example.com", "password": "correct horse battery" });
        let (status, session) = call(&url, "/auth/v1/signup", &anon, Some(&ada)).await;
        assert_eq!(
            (status, &session["expires_in"]),
            (200, &json!(1_800)),
            "{session}"
        );
        let keys = jwt::Keys::from_secret(SECRET).unwrap();
        let verifier = jwt::Verifier::new(keys, std::sync::Arc::new(base::SystemClock));
        let claims = verifier
            .verify_signature(session["access_token"].as_str().unwrap())
            .unwrap();
        assert_eq!(claims.text("iss"), Some(issuer));
        assert!(
            !place.exists(".passerelle/keys.env"),
            "the file's own keys are used"
        );
    }
}

// GW-ENV-10 to GW-ENV-14: what has no effect is named with its reason, once.
#[test]
fn variables_without_effect_are_named() {
    let place = Place::new();
    place.write(".env", &stock(8_000, "http://localhost:8000"));
    let ran = place.run(&["config", "check"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    for line in [
        "warning: POSTGRES_HOST: without effect; another database is given by PASSERELLE_DATABASE_URL",
        "warning: LOGFLARE_PUBLIC_ACCESS_TOKEN, LOGFLARE_PRIVATE_ACCESS_TOKEN, GOOGLE_PROJECT_ID, \
         GOOGLE_PROJECT_NUMBER, DOCKER_SOCKET_LOCATION: without effect; passerelle logs shows the logs",
    ] {
        assert!(
            ran.err.lines().any(|found| found == line),
            "{line}\n{}",
            ran.err
        );
    }
    assert!(
        ran.err.ends_with("every setting makes sense\n"),
        "{}",
        ran.err
    );
}

// GW-DSH-01: the published dashboard password is for loopback only.
#[test]
fn the_published_password_does_not_open_to_other_machines() {
    let place = Place::new();
    place.write(".env", &stock(free_port(), "http://localhost:8000"));
    let ran = place.run(&["up", "--host", "0.0.0.0"]);
    assert_eq!((ran.code, ran.out.as_str()), (16, ""));
    assert!(
        ran.err.contains(
            "passerelle: DASHBOARD_PASSWORD is the published example, and the listener is open to other machines\n\
             to mend it: set another DASHBOARD_PASSWORD, or listen on 127.0.0.1 only (--host 127.0.0.1)\n"
        ),
        "{}",
        ran.err
    );
}

// GW-HLT-11: without its database the program is not ready and stays; with it, it is ready again, by itself.
#[tokio::test]
async fn a_lost_database_makes_the_program_unready_until_it_is_back() {
    let place = Place::new();
    let port = free_port();
    place.write(".env", &stock(port, "http://localhost:8000"));
    assert_eq!(place.run(&["up", "--detach"]).code, 0);
    let url = format!("http://127.0.0.1:{port}");
    let service = place.variable(".env", "SERVICE_ROLE_KEY");
    let health = async |wanted: u16| {
        let started = Instant::now();
        loop {
            let (status, body) = call(&url, "/health", "", None).await;
            if status == wanted {
                return body;
            }
            assert!(
                started.elapsed() < Duration::from_secs(180),
                "{status} {body}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    health(200).await;
    let pid: Value = serde_json::from_str(&place.read(".passerelle/passerelle.json")).unwrap();
    let settings = place.path().join(".passerelle/db/postgresql.auto.conf");
    let before = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, "no_such_setting = 1\n").unwrap();
    let postmaster = place.read(".passerelle/db/postmaster.pid");
    let postmaster: i32 = postmaster.lines().next().unwrap().parse().unwrap();
    kill(Pid::from_raw(postmaster), Signal::SIGKILL).unwrap();
    let down = health(503).await;
    assert_eq!(down["status"], "unavailable");
    let (status, _) = call(&url, "/auth/v1/admin/users", &service, None).await;
    assert!(status >= 500, "{status}");
    std::fs::write(&settings, before).unwrap();
    health(200).await;
    let now: Value = serde_json::from_str(&place.read(".passerelle/passerelle.json")).unwrap();
    assert_eq!(pid["pid"], now["pid"], "the same process");
    assert_eq!(call(&url, "/rest/v1/", &service, None).await.0, 200);
}
