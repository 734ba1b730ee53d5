//! One running stack for all tests of the process.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use base::{Clock as _, OsRandom, SystemClock};
use jwt::{ApiKeyClass, ApiKeys};
use passerelle::{Parts, Stack, keyring};
use settings::{Layers, Origin};

/// A running stack with the front door's fixture in it.
pub(crate) struct House {
    pub(crate) url: String,
    pub(crate) anon_key: String,
    pub(crate) service_key: String,
    /// The opaque forms of both.
    pub(crate) publishable_key: String,
    pub(crate) secret_key: String,
    pub(crate) jwt_secret: String,
    /// The administrator's login to the database.
    pub(crate) admin: pg::Endpoint,
}

static SHARED: OnceLock<House> = OnceLock::new();

/// The stack of this process, started on first use on a runtime of its own. Its PostgreSQL ends with the process.
pub(crate) fn house() -> &'static House {
    SHARED.get_or_init(|| {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let (house, stack) = start().await;
                sender.send(house).unwrap();
                // The stack lives for as long as the process does.
                std::future::pending::<()>().await;
                drop(stack);
            });
        });
        receiver
            .recv_timeout(Duration::from_secs(600))
            .expect("the stack starts")
    })
}

async fn start() -> (House, Stack) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::Builder::new()
        .prefix("passerelle-conformance-")
        .tempdir()
        .unwrap()
        .keep();
    remove_after_this_process(&dir);
    let mut layers = Layers::default();
    layers.add_variables(
        [
            ("PASSERELLE_GATEWAY_HOST", "127.0.0.1"),
            ("PASSERELLE_GATEWAY_PORT", "0"),
            ("PASSERELLE_GATEWAY_ADMIN_PORT", "0"),
            ("PASSERELLE_DATABASE_PORT", "0"),
            ("ENABLE_EMAIL_AUTOCONFIRM", "true"),
            ("PASSERELLE_AUTH_RATE_LIMITS", "false"),
        ],
        Origin::Environment,
    );
    layers.set("database.data_dir", dir.to_string_lossy());
    for (setting, class) in [
        ("keys.publishable_key", ApiKeyClass::Anon),
        ("keys.secret_key", ApiKeyClass::Service),
    ] {
        layers.set(setting, ApiKeys::mint_opaque(class, &OsRandom).expose());
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests' runner says where PostgreSQL is"
    )]
    if let Ok(bin) = std::env::var("PASSERELLE_PG_BIN") {
        layers.set("database.bin_dir", bin);
    }
    let now = SystemClock.unix();
    let (settings, _) = keyring::settings_with_keys(&layers, &dir, &OsRandom, now).unwrap();
    let keys = settings.keys.clone();
    let stack = Stack::start(settings, Parts::of_the_machine())
        .await
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    let admin = stack.admin().connect().await.unwrap();
    let fixture = include_str!("../../fixtures/front_door.sql");
    admin
        .batch_execute(&format!(
            "set role postgres; {fixture}; reset role; notify pgrst"
        ))
        .await
        .unwrap();
    let house = House {
        url: stack.api_url(),
        anon_key: keys.anon_key.expose().to_owned(),
        service_key: keys.service_role_key.expose().to_owned(),
        publishable_key: keys.publishable_key.expose().to_owned(),
        secret_key: keys.secret_key.expose().to_owned(),
        jwt_secret: keys.jwt_secret.expose().to_owned(),
        admin: stack.admin().clone(),
    };
    wait_for_fixture(&house).await;
    (house, stack)
}

/// PostgreSQL ends with the process that started it; then the folder can go, however the process ended.
fn remove_after_this_process(dir: &std::path::Path) {
    let script = format!(
        "while [ -d /proc/{} ]; do sleep 0.5; done; while [ -e {dir}/db/postmaster.pid ]; do sleep 0.5; done; rm -rf {dir}",
        std::process::id(),
        dir = dir.display(),
    );
    let mut watcher = Command::new("sh");
    watcher
        .args(["-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[expect(
        clippy::zombie_processes,
        reason = "it outlives this process on purpose"
    )]
    watcher.spawn().unwrap();
}

/// The REST service reads the catalog anew after DDL; tests begin when it has.
async fn wait_for_fixture(house: &House) {
    let client = reqwest::Client::new();
    for _ in 0..2_400 {
        let answer = client
            .get(format!("{}/rest/v1/projects?select=id", house.url))
            .header("apikey", &house.anon_key)
            .send()
            .await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the fixture's tables did not appear");
}

impl House {
    /// Runs a script in the database.
    pub(crate) async fn run(&self, script: &str) {
        let client = self.admin.connect().await.unwrap();
        client.batch_execute(script).await.unwrap();
    }

    /// Runs a client's program against this stack; its output is shown when it fails.
    pub(crate) fn run_client(&self, command: &mut Command) {
        let output = command
            .env("SUPABASE_URL", &self.url)
            .env("SUPABASE_ANON_KEY", &self.anon_key)
            .env("SUPABASE_SERVICE_KEY", &self.service_key)
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(output.status.success(), "{command:?}\n{}", shown(&output));
    }
}

fn shown(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A folder or program that the tests' runner prepared; `cargo xtask test` sets it.
pub(crate) fn prepared(variable: &str) -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests' runner says what it prepared"
    )]
    let value = std::env::var_os(variable);
    value.map_or_else(
        || panic!("{variable} is not set: run `cargo xtask test`"),
        PathBuf::from,
    )
}
