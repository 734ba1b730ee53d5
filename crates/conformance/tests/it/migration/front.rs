//! From nothing to moved and proved with what the commands themselves say.

use insight::Variant;
use serde_json::Value;

use super::{Move, private};

impl Move {
    /// How each box of the checklist stands, and the command that comes next.
    fn boxes(&self) -> (Vec<String>, String) {
        let output = self.output(&["status", "--json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let boxes = lines.iter().filter(|line| line["box"].is_number());
        let standing = boxes.map(|line| line["standing"].as_str().unwrap().to_owned());
        let next = lines.last().unwrap()["next"].as_str().unwrap_or_default();
        (standing.collect(), next.to_owned())
    }

    /// The boxes that are not ticked, by number.
    fn open_boxes(&self) -> Vec<(usize, String)> {
        let boxes = self.boxes().0.into_iter().enumerate();
        let open = boxes.filter(|(_, standing)| standing != "done");
        open.map(|(place, standing)| (place + 1, standing))
            .collect()
    }
}

/// MIG-RUN-08, MIG-CHK-01, MIG-CHK-02, MIG-BAK-04, MIG-KEY-14, MIG-TEST-10: one command backs up, plans, runs, proves
/// and tests; fourteen boxes are ticked by what is seen, and not any longer once it is not so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_command_moves_everything_and_the_checklist_follows() {
    let stage = Move::new(Variant::A).await;
    let synced = stage.site.command(&["env", "sync"]).output().unwrap();
    assert!(synced.status.success(), "{synced:?}");
    let (boxes, next) = stage.boxes();
    assert_eq!(boxes.len(), 14);
    assert_eq!(
        (boxes[2].as_str(), next.as_str()),
        ("to-do", "passerelle migrate backup")
    );
    let known = stage.site.dir.path().join("known");
    let admin = stage.account("admin");
    std::fs::write(&known, format!("{} {}\n", admin.email, admin.password)).unwrap();
    private(&known, 0o600);
    let known = known.to_str().unwrap().to_owned();
    // Nobody to ask: everything is done up to the word, and the target is untouched.
    let before = stage.fingerprint().await;
    let stopped = stage.output(&["auto", "--credentials", &known]);
    assert_eq!(stopped.status.code(), Some(6));
    assert_eq!(stage.fingerprint().await, before);
    stage.ends(&["auto", "--yes", "--credentials", &known], 0);
    assert_eq!(stage.open_boxes(), [(14, "to-do".to_owned())]);

    // There is nothing to tick before there is something to read.
    let refused = stage.output(&["check", "done", "docs"]);
    assert_eq!(refused.status.code(), Some(8));
    stage.ends(&["emit"], 0);
    stage.ends(&["check", "done", "docs"], 0);
    assert_eq!(stage.open_boxes(), []);
    let read = |name: &str| std::fs::read_to_string(stage.site.dir.path().join(name)).unwrap();
    let guide = read("MIGRATION.md");
    assert!(
        guide.contains("`public.user_conversations.user_id`"),
        "{guide}"
    );
    assert!(read("scripts/generate-jwt-keys.sh").contains("keys generate"));
    assert!(read("scripts/test_migration.sh").contains("migrate test"));

    // What holds for another plan, or no longer holds, is not ticked.
    let good = read("migration.plan.toml");
    stage.edit("access = \"owner-read\"", "access = \"service-only\"");
    let stale = stage.open_boxes();
    let stale: Vec<usize> = stale.into_iter().map(|(number, _)| number).collect();
    assert_eq!(stale, [6, 8, 9, 10, 12, 13, 14]);
    std::fs::write(stage.plan(), good).unwrap();
    assert_eq!(stage.open_boxes(), []);
    stage
        .admin("alter publication supabase_realtime drop table public.user_documents")
        .await;
    assert_eq!(stage.open_boxes(), [(11, "failed".to_owned())]);
    assert_eq!(stage.boxes().1, "passerelle doctor --fix");
}
