//! What goes wrong after a move, each as the seed tells of it: provoked, found by `doctor`, mended by what it says, and
//! seen to be well again.

use std::collections::BTreeSet;
use std::process::Command;

use base::{Clock as _, SystemClock};
use insight::Variant;
use serde_json::{Value, json};

use super::Move;

/// What `doctor` found, by its codes.
struct Found(Vec<Value>);

impl Found {
    fn codes(&self) -> Vec<&str> {
        let codes = self.0.iter().map(|it| it["code"].as_str().unwrap());
        codes.collect()
    }

    /// The finding of this code.
    fn of(&self, code: &str) -> &Value {
        let found = self.0.iter().find(|it| it["code"] == code);
        found.unwrap_or_else(|| panic!("{code} was not found: {:?}", self.0))
    }

    fn remedy(&self, code: &str) -> String {
        self.of(code)["remedy"].as_str().unwrap().to_owned()
    }
}

impl Move {
    /// A migrated application.
    pub(super) async fn migrated() -> Self {
        let stage = Self::new(Variant::A).await;
        stage.ends(&["plan"], 0);
        stage.ends(&["run", "--yes"], 0);
        stage
    }

    /// Statements as the administrator of the server.
    pub(super) async fn admin(&self, statements: &str) {
        let secret = base::Secret::new(self.site.key("SECRET_KEY_BASE"));
        let password = database::role_password(&secret, "supabase_admin");
        let own = self.site.database_url("postgres");
        let url = own
            .replace("user=postgres", "user=supabase_admin")
            .replace(&self.site.key("POSTGRES_PASSWORD"), password.expose());
        let client = pg::Endpoint::parse(&url).unwrap().connect().await.unwrap();
        client.batch_execute(statements).await.unwrap();
    }

    /// Asks the doctor: the exit code, and everything that was found or mended.
    fn doctor(&self, arguments: &[&str]) -> (i32, Found) {
        let mut command = self.site.command(&["doctor", "--json"]);
        let output = command
            .args(arguments)
            .env("OLD_DATABASE_URL", &self.source)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        // What the log tells of the past is no part of what is wrong now.
        let checks = lines.filter(|line| line["type"] == "check" && line["code"] != "log_errors");
        (output.status.code().unwrap(), Found(checks.collect()))
    }

    /// The doctor finds nothing.
    fn is_well(&self, arguments: &[&str]) {
        let (code, found) = self.doctor(arguments);
        assert!([0, 8].contains(&code), "{arguments:?} ended with {code}");
        assert_eq!(found.codes(), [] as [&str; 0], "{arguments:?}");
    }

    /// Does what a remedy says: it is a line for a shell in the project's folder.
    fn carry_out(&self, remedy: &str) {
        let program = self.site.command(&[]).get_program().to_owned();
        let folder = std::path::Path::new(&program).parent().unwrap();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display());
        let ours = self.site.command(&[]);
        let variables = ours
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        let output = Command::new("sh")
            .args(["-c", remedy])
            .current_dir(self.site.dir.path())
            .envs(variables)
            .env("PATH", path)
            .env("OLD_DATABASE_URL", &self.source)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{remedy}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The status of a request for conversations with this token.
    async fn asked_with(&self, token: &str) -> u16 {
        let url = format!("{}/rest/v1/user_conversations?limit=1", self.site.url);
        let request = reqwest::Client::new().get(url);
        let request = request
            .header("apikey", self.site.key("ANON_KEY"))
            .bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    }

    /// Signs in; the status, and the answer.
    async fn signs_in(&self, note: &str) -> (u16, Value) {
        let account = self.account(note);
        let url = format!("{}/auth/v1/token?grant_type=password", self.site.url);
        let answer = reqwest::Client::new()
            .post(url)
            .header("apikey", self.site.key("ANON_KEY"))
            .json(&json!({ "email": account.email, "password": account.password }))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

/// MIG-DOC-01: "JWT expired". A token whose time is over and one that another secret signed are told apart; a session that is
/// refreshed is well again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_and_a_foreign_one_are_told_apart() {
    let stage = Move::migrated().await;
    let (_, session) = stage.signs_in("ordinary").await;
    let id = session["user"]["id"].as_str().unwrap();
    let now = SystemClock.unix();
    let claims = |exp: i64| json!({ "sub": id, "role": "authenticated", "aud": "authenticated", "iat": exp - 3_600, "exp": exp });
    let signed =
        |secret: &str, exp: i64| jwt::Keys::from_secret(secret).unwrap().sign(&claims(exp));

    let expired = signed(&stage.site.key("JWT_SECRET"), now - 60);
    assert_eq!(stage.asked_with(&expired).await, 401);
    let (code, found) = stage.doctor(&["--token", &expired]);
    assert_eq!((code, found.codes()), (8, vec!["token_expired"]));
    assert!(found.remedy("token_expired").contains("refresh"));
    // The remedy: the refresh token of the same session gives a token that is taken.
    let answer = reqwest::Client::new()
        .post(format!(
            "{}/auth/v1/token?grant_type=refresh_token",
            stage.site.url
        ))
        .header("apikey", stage.site.key("ANON_KEY"))
        .json(&json!({ "refresh_token": session["refresh_token"] }))
        .send()
        .await
        .unwrap();
    let fresh: Value = answer.json().await.unwrap();
    let fresh = fresh["access_token"].as_str().unwrap();
    assert_eq!(stage.asked_with(fresh).await, 200);
    let (_, found) = stage.doctor(&["--token", fresh]);
    assert_eq!(found.codes(), ["token_not_admin"], "nothing else is wrong");

    // One that another secret signed is not taken for an old one.
    let foreign = signed(&"stale".repeat(12), now + 3_600);
    assert_eq!(stage.asked_with(&foreign).await, 401);
    let (code, found) = stage.doctor(&["--token", &foreign]);
    assert_eq!((code, found.codes()), (8, vec!["token_foreign"]));
    stage.is_well(&[]);
}

/// MIG-DOC-02: "User not found". The user is gone, or the table of ids no longer knows them, or the address is another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_not_found_is_found_in_the_mapping_and_made_again() {
    let stage = Move::migrated().await;
    let email = stage.account("ordinary").email.clone();
    let (status, session) = stage.signs_in("ordinary").await;
    assert_eq!(status, 200);
    let id = session["user"]["id"].as_str().unwrap().to_owned();
    let old = session["user"]["app_metadata"]["legacy_id"].to_string();
    let old = old.trim_matches('"').to_owned();
    let before = stage.fingerprint().await;

    // The row goes, and nothing with it: as a restore of one schema alone leaves it.
    let removed = format!(
        "begin; set local session_replication_role = replica; delete from auth.identities where user_id = '{id}'; \
         delete from auth.users where id = '{id}'; commit"
    );
    stage.admin(&removed).await;
    assert_eq!(stage.signs_in("ordinary").await.0, 400);
    for who in [email.to_uppercase(), old.clone(), id.clone()] {
        let (code, found) = stage.doctor(&["--email", &who]);
        assert_eq!((code, found.codes()), (8, vec!["user_mapped_not_made"]));
        assert_eq!(found.of("user_mapped_not_made")["confidence"], "certain");
    }
    let remedy = stage
        .doctor(&["--email", &email])
        .1
        .remedy("user_mapped_not_made");
    stage.carry_out(&format!("{remedy} --yes"));
    assert_eq!(stage.signs_in("ordinary").await.0, 200);
    assert_eq!(stage.fingerprint().await, before);

    // The line of the mapping goes.
    let removed = format!("delete from public.user_id_mapping where supabase_user_id = '{id}'");
    stage.admin(&removed).await;
    let (code, found) = stage.doctor(&["--email", &email]);
    assert_eq!((code, found.codes()), (8, vec!["user_not_mapped"]));
    stage.carry_out(&format!("{} --yes", found.remedy("user_not_mapped")));
    assert_eq!(stage.fingerprint().await, before);
    let (_, found) = stage.doctor(&["--email", &email]);
    assert_eq!(
        found.codes(),
        ["user_password"],
        "nothing is wrong with the account"
    );

    // MIG-DOC-05: whoever was switched off there is banned here.
    let inactive = stage.account("inactive").email.clone();
    assert_eq!(
        stage.doctor(&["--email", &inactive]).1.codes(),
        ["user_banned"]
    );
    let nobody = stage.doctor(&["--email", "nobody@example.com"]).1;
    assert_eq!(nobody.codes(), ["user_never_imported"]);
}

/// MIG-DOC-03, MIG-RT-05: "realtime does not work". The table is not published, or its updates have nothing to name the row
/// by; `--fix` mends both, and the probe through the socket hears every change again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_realtime_is_found_and_mended() {
    let stage = Move::migrated().await;
    stage.is_well(&[]);
    stage.is_well(&["--table", "user_conversations"]);

    stage
        .admin("alter publication supabase_realtime drop table public.user_conversations")
        .await;
    // Asked about nothing in particular, and about that table.
    let table: &[&str] = &["--table", "user_conversations"];
    for asked in [&[], table] {
        let (code, found) = stage.doctor(asked);
        assert_eq!(
            (code, found.codes()),
            (8, vec!["not_published"]),
            "{asked:?}"
        );
    }
    let remedy = stage.doctor(table).1.remedy("not_published");
    stage.admin(&remedy).await;
    stage.is_well(table);

    stage
        .admin(
            "alter publication supabase_realtime drop table public.user_conversations; \
             alter table public.user_documents replica identity nothing",
        )
        .await;
    let (_, found) = stage.doctor(&[]);
    for code in ["not_published", "no_replica_identity"] {
        assert_eq!(found.of(code)["fixable"], true);
    }
    let (_, found) = stage.doctor(&["--fix"]);
    let fixed: BTreeSet<&str> = found.codes().into_iter().collect();
    assert_eq!(fixed, ["no_replica_identity", "not_published"].into());
    assert!(
        found.0.iter().all(|it| it["status"] == "fixed"),
        "{:?}",
        found.0
    );
    stage.is_well(&[]);

    // A filter by the old id, and a name with a slip in it.
    let filter = ["--table", "user_conversations", "--filter", "user_id=eq.7"];
    assert_eq!(stage.doctor(&filter).1.codes(), ["filter_type"]);
    let slip = stage.doctor(&["--table", "user_conversation"]).1;
    let told = slip.of("table_unknown")["evidence"].to_string();
    assert!(told.contains("public.user_conversations"), "{told}");

    // MIG-VER-08: and changes are heard.
    let verified = stage.output(&["verify", "--json"]);
    let text = String::from_utf8(verified.stdout).unwrap();
    let probes: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["code"] == "MIG-RT-05")
        .collect();
    assert!(
        probes.iter().all(|probe| probe["pass"] == true),
        "{probes:?}"
    );
    let heard = |table: &str| {
        let probe = probes.iter().find(|it| it["object"] == table);
        let detail = probe.unwrap_or_else(|| panic!("{table}: {probes:?}"))["detail"].to_string();
        assert!(
            detail.contains("INSERT, UPDATE and DELETE heard by their owner"),
            "{table}: {detail}"
        );
    };
    heard("public.user_conversations");
    heard("public.user_documents");
    assert_eq!(verified.status.code(), Some(0));
}
