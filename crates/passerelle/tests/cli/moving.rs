//! `migrate backup` and `migrate emit`: an old database backed up, proved and brought back, and the plan's files.

use insight::{Size, Variant};
use serde_json::Value;
use testkit::{Postgres, TestDatabase};

use crate::place::{Place, Ran};

/// The legacy application, a target, and a folder to work in.
struct Scene {
    place: Place,
    source: TestDatabase,
    target: TestDatabase,
}

impl Scene {
    fn set() -> Self {
        let (source, target) = runtime().block_on(async {
            let source = Postgres::shared().database().await;
            let mut client = source.connect().await;
            insight::generate(&mut client, Variant::A, Size::S, 1, &mut |_, _| ())
                .await
                .unwrap();
            let target = Postgres::shared().supabase(&[auth::SCHEMA]).await;
            (source, target)
        });
        Self {
            place: Place::new(),
            source,
            target,
        }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.place.command(arguments);
        command
            .env("OLD_DATABASE_URL", url(&self.source))
            .env("TARGET_DATABASE_URL", url(&self.target));
        self.place.finish(&mut command)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

fn url(database: &TestDatabase) -> String {
    let words = database.admin().libpq_environment();
    let word = |name: &str| words.iter().find(|it| it.0 == name).unwrap().1.clone();
    format!(
        "host={} port={} user={} dbname={}",
        word("PGHOST"),
        word("PGPORT"),
        word("PGUSER"),
        word("PGDATABASE")
    )
}

fn ask(database: &TestDatabase, sql: &str) -> String {
    runtime().block_on(async {
        let client = database.connect().await;
        client.query_one(sql, &[]).await.unwrap().get(0)
    })
}

fn last(ran: &Ran) -> Value {
    ran.objects().pop().unwrap()
}

// MIG-BAK-01, MIG-BAK-04: made, proved and listed; the path alone is on standard output.
#[test]
fn a_backup_is_made_proved_and_listed() {
    let scene = Scene::set();
    let ran = scene.run(&["migrate", "backup"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let file = ran.out.trim().to_owned();
    let stem = file.strip_suffix(".dump").unwrap();
    assert!(stem.starts_with("backups/backup_2"), "{file}");
    assert!(
        ran.err.contains("tables are as they were dumped"),
        "{ran:?}"
    );
    assert_eq!(scene.place.mode_of(&file), 0o600);
    let ran = scene.run(&["migrate", "backup", "list"]);
    assert!(ran.out.starts_with(&format!("✓ {file} ")), "{ran:?}");

    let path = scene.place.path().join(&file);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let ran = scene.run(&["migrate", "backup", "verify", &file]);
    assert_eq!(ran.code, 8);
    assert_eq!(
        ran.err,
        format!(
            "passerelle: {file} is damaged: its bytes have changed\nto mend it: passerelle migrate backup\n"
        )
    );
    let ran = scene.run(&[
        "--lang", "fr", "--json", "migrate", "backup", "verify", &file,
    ]);
    let result = last(&ran);
    assert_eq!((ran.code, &result["exit_code"]), (8, &Value::from(8)));
    let ran = scene.run(&["migrate", "backup", "verify", "nothing.dump"]);
    assert_eq!(ran.code, 8, "{ran:?}");
}

// MIG-BAK-05: a swap is asked about; the old database is kept.
#[test]
fn a_restore_asks_then_swaps_names() {
    let scene = Scene::set();
    let name = scene.target.admin().database().to_owned();
    runtime().block_on(async {
        let client = scene.target.connect().await;
        client
            .batch_execute(
                "create table public.kept (id int primary key); insert into public.kept values (7)",
            )
            .await
            .unwrap();
    });
    let from = url(&scene.target);
    let ran = scene.run(&["migrate", "backup", "--from", &from, "--verify", "none"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let file = ran.out.trim().to_owned();
    runtime().block_on(async {
        let client = scene.target.connect().await;
        client
            .batch_execute("drop table public.kept")
            .await
            .unwrap();
    });
    let restore = ["migrate", "backup", "restore", &file, "--into", &name];
    let ran = scene.run(&restore);
    assert_eq!(ran.code, 6, "{ran:?}");
    let ran = scene.run(&[&["--yes"], &restore[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains(&format!("{name}_before_restore_2")),
        "{ran:?}"
    );
    // MIG-BAK-07: what `auth` holds came back, too.
    let sql = "select concat_ws(' ', (select max(id) from public.kept), to_regclass('auth.users') is not null)";
    assert_eq!(ask(&scene.target, sql), "7 t");
}

// MIG-ART-01 to 06: written once, unchanged the second time, never over something else without being told.
#[test]
fn emitted_files_are_never_lost() {
    let scene = Scene::set();
    scene.place.write(
        "docker-compose.yml",
        "services:\n  insight-db:\n    image: postgres:15\n",
    );
    let ran = scene.run(&["migrate", "emit"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(scene.run(&["migrate", "plan"]).code, 0);
    let ran = scene.run(&["migrate", "emit"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err
            .contains("written: scripts/sql/01_create_mapping_table.sql")
    );
    assert_eq!(scene.place.mode_of("scripts/generate-jwt-keys.sh"), 0o755);
    let overlay = scene.place.read("docker-compose.override.yml");
    assert!(overlay.contains("  insight-db:\n"), "{overlay}");
    let ran = scene.run(&["--lang", "fr", "migrate", "emit"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("inchangé : scripts/test_migration.sh"),
        "{ran:?}"
    );

    scene.place.write("scripts/test_migration.sh", "mine\n");
    let ran = scene.run(&["migrate", "emit"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.out.contains("-mine\n+#!/bin/sh"), "{ran:?}");
    assert_eq!(scene.place.read("scripts/test_migration.sh"), "mine\n");
    let ran = scene.run(&["migrate", "emit", "--force"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(scene.place.exists(".passerelle/backup"));
    assert!(
        scene
            .place
            .read("scripts/test_migration.sh")
            .starts_with("#!/bin/sh")
    );
}
