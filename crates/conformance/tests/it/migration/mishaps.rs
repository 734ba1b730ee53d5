//! What a run does with rows that the target refuses, and the same people by every channel.

use pg::Endpoint;
use serde_json::Value;

use super::Move;
use insight::Variant;

impl Move {
    /// Statements on the old database.
    async fn old(&self, statements: &str) {
        let client = Endpoint::parse(&self.source).unwrap().connect().await;
        client.unwrap().batch_execute(statements).await.unwrap();
    }

    /// `migrate users` for real, over a channel; the last line of its JSON.
    fn import(&self, channel: &str) -> Value {
        let output = self
            .command(&["users", "--channel", channel, "--json", "--yes"])
            .env("DRY_RUN", "false")
            .env("SUPABASE_URL", &self.site.url)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{text}\n{errors}");
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    /// Users and identities as they stand, without what is of the moment of writing.
    async fn people(&self) -> Vec<String> {
        let client = Endpoint::parse(&self.site.database_url("postgres"))
            .unwrap()
            .connect()
            .await
            .unwrap();
        let rows = client
            .query(
                "select (to_jsonb(u) - 'banned_until' || jsonb_build_object('banned', u.banned_until > now() + '99 years', \
                 'raw_app_meta_data', u.raw_app_meta_data #- '{legacy,migrated_at}'))::text from auth.users u \
                 union all select (to_jsonb(i) - 'id')::text from auth.identities i order by 1",
                &[],
            )
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// MIG-USR-04, MIG-USR-05, MIG-UPS-02: a thousand at once over the API leaves what SQL leaves: dates, hashes, bans and
/// identities; a second time changes nothing. Without a database the engine finds that way by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bulk_channel_leaves_what_the_sql_channel_leaves() {
    let stage = Move::new(Variant::A).await;
    stage.ends(&["plan"], 0);
    stage.import("sql");
    let over_sql = stage.people().await;
    assert_eq!(over_sql.len(), 10);
    stage.ends(&["rollback", "--yes"], 0);
    assert!(stage.people().await.is_empty());
    let done = stage.import("bulk");
    assert_eq!(done["summary"]["users"]["created"], 5, "{done}");
    assert_eq!(done["summary"]["channel"], "bulk");
    assert_eq!(stage.people().await, over_sql);
    stage.import("bulk");
    assert_eq!(stage.people().await, over_sql);
}

/// MIG-COPY-06, MIG-GEN-02, MIG-OUT-02: refused rows stop a run that may lose none, with their list and the way on; with
/// leave it goes on, says so to the end, and the proof holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_the_target_refuses_are_listed_and_accounted_for() {
    let stage = Move::new(Variant::A).await;
    stage
        .old(
            "create domain public.score as integer; alter table public.reports add column score public.score default 1; \
             update public.reports set score = -1 where id = 2; \
             alter domain public.score add constraint score_check check (value > 0) not valid",
        )
        .await;
    stage.ends(&["plan"], 0);
    let stopped = stage.ends(&["run", "--yes"], 7);
    assert_eq!(stopped["summary"]["error"], "rejects", "{stopped}");
    let output = stage.output(&["run", "--yes"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{told}");
    for part in ["public.reports", "id 2", "score_check", "--max-rejects 1"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let done = stage.ends(&["run", "--yes", "--max-rejects", "1"], 7);
    let reports = done["summary"]["report"]["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["table"] == "public.reports")
        .unwrap();
    let count = |name: &str| reports[name].as_u64().unwrap();
    assert_eq!(count("rejected"), 1);
    assert_eq!(
        count("read"),
        count("loaded") + count("quarantined") + count("rejected")
    );
    stage.ends(&["verify"], 0);
    let runs = stage.site.dir.path().join(".passerelle/runs");
    let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap();
    let list = std::fs::read_to_string(run.path().join("rejects/public.reports.ndjson")).unwrap();
    let row: Value = serde_json::from_str(list.trim_end()).unwrap();
    assert_eq!(row["key"]["id"], "2");
    assert_eq!(row["constraint"], "score_check");
    assert_eq!(row["row"]["score"], "-1");
}
