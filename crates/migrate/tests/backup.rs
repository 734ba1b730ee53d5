//! Backups of a real database, proved, damaged, interrupted and brought back.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it saw"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::{Clock as _, OsRandom, Random as _, SeededRandom, SystemClock};
use insight::{Size, Variant};
use migrate::backup::{
    Backup, Error, Format, Level, Options, Programs, Way, create, list, restore, verify,
};
use pg::Endpoint;
use testkit::{Postgres, TestDatabase};

async fn insight_database(variant: Variant) -> TestDatabase {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    insight::generate(&mut client, variant, Size::S, 1, &mut |_, _| ())
        .await
        .unwrap();
    database
}

fn bin_dir() -> PathBuf {
    testkit::program("pg_dump").parent().unwrap().to_owned()
}

fn options(dir: &Path, format: Format) -> Options {
    Options {
        dir: dir.join("backups"),
        format,
        jobs: 2,
        compress: None,
        bin_dir: Some(bin_dir()),
        data_dir: dir.to_owned(),
        now: SystemClock.now(),
    }
}

async fn programs() -> Programs {
    Programs::find(Some(&bin_dir()), Path::new("/nonexistent"), 1)
        .await
        .unwrap()
}

/// Proves a backup on the server that its database is on.
async fn prove(backup: &mut Backup, on: &Endpoint, level: Level) -> Result<usize, Error> {
    let now = SystemClock.now();
    let proof = verify(backup, &programs().await, on, level, &OsRandom, now).await?;
    Ok(proof.tables)
}

async fn databases(like: &str) -> Vec<String> {
    let client = Postgres::shared()
        .endpoint("postgres")
        .connect()
        .await
        .unwrap();
    let rows = client
        .query(
            "select datname::text from pg_database where datname like $1 order by 1",
            &[&like],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

// MIG-BAK-01: three formats; dump, roles without passwords and manifest, nobody else may read them. MIG-BAK-04:
// each is proved by a restore that leaves nothing behind.
#[tokio::test]
async fn every_format_is_written_privately_and_proved_by_a_restore() {
    let began = SystemClock.now();
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let client = source.connect().await;
    client
        .batch_execute(
            "create role carol login password 'carols-own'; select lo_from_bytea(0, 'x')",
        )
        .await
        .unwrap();
    for format in [Format::Custom, Format::Plain, Format::Directory] {
        let mut backup = create(source.admin(), &options(dir.path(), format))
            .await
            .unwrap();
        let contents = &backup.manifest.contents;
        let users = contents
            .tables
            .iter()
            .find(|table| table.name == "public.users")
            .unwrap();
        assert_eq!((users.rows, contents.large_objects), (5, 1));
        assert!(!contents.snapshot.is_empty() && contents.server_version.starts_with('1'));
        assert!(backup.manifest.files.len() >= 2);
        let globals = fs::read_to_string(backup.globals()).unwrap();
        assert!(globals.contains("CREATE ROLE carol"), "{globals}");
        assert!(!globals.to_lowercase().contains("password '"), "{globals}");
        let (random, now) = (SeededRandom::new(11), SystemClock.now());
        let on = source.admin();
        let proof = verify(
            &mut backup,
            &programs().await,
            on,
            Level::Full,
            &random,
            now,
        )
        .await
        .unwrap();
        assert_eq!(proof.tables, backup.manifest.contents.tables.len());
        assert_eq!(databases(&named("verify", 11)).await, [""; 0]);
        // The proof is kept with the backup.
        let again = Backup::open(&backup.file).unwrap();
        assert!(again.manifest.verified.is_some(), "{format:?}");
    }
    let backups = dir.path().join("backups");
    // Midnight may have passed meanwhile.
    let days = [began, SystemClock.now()].map(|day| format!("backup_{}.sql", day.format("%Y%m%d")));
    let names = names(&backups);
    assert!(days.iter().any(|day| names.contains(day)), "{names:?}");
    for entry in walk(&backups) {
        let mode = fs::metadata(&entry).unwrap().permissions().mode() & 0o777;
        let expected = if entry.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", entry.display());
    }
    assert_eq!(list(&backups).unwrap().len(), 3);
}

/// The scratch database's name for a seed.
fn named(purpose: &str, seed: u64) -> String {
    let mut tag = [0; 4];
    SeededRandom::new(seed).fill(&mut tag);
    let tag = u32::from_be_bytes(tag);
    format!("passerelle\\_{purpose}\\_{tag:08x}")
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

// MIG-BAK-04: when space is short, definitions and the rows of small tables.
#[tokio::test]
async fn definitions_alone_can_be_proved() {
    let source = insight_database(Variant::B).await;
    let dir = tempfile::tempdir().unwrap();
    let mut backup = create(source.admin(), &options(dir.path(), Format::Custom))
        .await
        .unwrap();
    let tables = prove(&mut backup, source.admin(), Level::Schema)
        .await
        .unwrap();
    assert!(tables > 3, "{tables}");
    let proof = backup.manifest.verified.unwrap();
    assert_eq!(proof.level, Level::Schema);
}

// MIG-BAK-01: dump and counts are of one moment, whatever is written meanwhile.
#[tokio::test]
async fn rows_written_while_it_is_made_are_in_neither_dump_nor_counts() {
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let writer = source.connect().await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let write = async {
        let mut written = 0;
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            writer
                .batch_execute("insert into public.documents (content) values ('later')")
                .await
                .unwrap();
            written += 1;
        }
        written
    };
    let make = async {
        let made = create(source.admin(), &options(dir.path(), Format::Custom)).await;
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        made
    };
    let (backup, written) = tokio::join!(make, write);
    let mut backup = backup.unwrap();
    assert!(written > 0);
    prove(&mut backup, source.admin(), Level::Full)
        .await
        .unwrap();
}

// MIG-BAK-02: the programs' version is looked at before anything is written.
#[tokio::test]
async fn programs_older_than_the_server_are_refused() {
    let error = Programs::find(Some(&bin_dir()), Path::new("/nonexistent"), 99)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TooOld { server: 99, .. }), "{error}");
    assert_eq!((error.code(), error.exit_code()), ("MIG-B-VERSION", 14));
}

// MIG-BAK-02, MIG-SEC-06: what was interrupted leaves nothing that could be taken for a backup.
#[tokio::test]
async fn an_interrupted_dump_leaves_nothing_that_looks_valid() {
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), Format::Custom);
    // pg_dump waits for a table that somebody holds.
    let holder = source.connect().await;
    holder
        .batch_execute("begin; lock table public.users in access exclusive mode")
        .await
        .unwrap();
    let watcher = source.connect().await;
    let making = create(source.admin(), &options);
    let waiting = async {
        let sql = "select pid from pg_stat_activity where datname = current_database() \
                   and application_name = 'pg_dump' and wait_event_type = 'Lock'";
        while watcher.query(sql, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        names(&options.dir)
    };
    let during = tokio::select! {
        made = making => panic!("{made:?}"),
        during = waiting => during,
    };
    assert!(
        during.iter().all(|name| name.starts_with('.')),
        "{during:?}"
    );
    assert_eq!(names(&options.dir), [""; 0]);
    assert_eq!(list(&options.dir).unwrap().len(), 0);

    // A dump that fails by itself: nobody may read one of the tables.
    holder.batch_execute("rollback").await.unwrap();
    let poor = source.endpoint_as("poor");
    holder
        .batch_execute("create role poor login; grant usage on schema public to poor")
        .await
        .unwrap();
    let error = create(&poor, &options).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    assert_eq!(names(&options.dir), [""; 0]);
}

// MIG-SEC-01: while pg_dump runs, its arguments and its environment are free of the password.
#[tokio::test]
async fn the_password_is_not_in_the_child_s_arguments_nor_in_its_environment() {
    const PASSWORD: &str = "open-sesame-7731";
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let holder = source.connect().await;
    holder
        .batch_execute("begin; lock table public.users in access exclusive mode")
        .await
        .unwrap();
    let login = source.admin().with_login("supabase_admin", PASSWORD);
    let options = options(dir.path(), Format::Custom);
    let marker = options.dir.display().to_string();
    let making = create(&login, &options);
    let looking = async {
        loop {
            let shown = children().into_iter().find(|it| it.contains(&marker));
            if let Some(shown) = shown {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let shown = tokio::select! {
        made = making => panic!("{made:?}"),
        shown = looking => shown,
    };
    assert!(shown.contains("pg_dump") && shown.contains("PGPASSFILE="));
    assert!(!shown.contains(PASSWORD), "{shown}");
}

/// What everybody can see of this process's children: arguments and environment.
fn children() -> Vec<String> {
    let me = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
        let parent = stat.rsplit(") ").next().unwrap_or("");
        if parent.split(' ').nth(1) != Some(me.as_str()) {
            continue;
        }
        let read = |name: &str| fs::read(path.join(name)).unwrap_or_default();
        let bytes = [read("cmdline"), read("environ")].concat();
        found.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    found
}

// MIG-BAK-04: bytes that changed and files that went are found, and so is a manifest that says otherwise.
#[tokio::test]
async fn a_damaged_backup_is_found_before_anything_is_restored() {
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let mut backup = create(source.admin(), &options(dir.path(), Format::Custom))
        .await
        .unwrap();
    let whole = fs::read(&backup.file).unwrap();

    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    fs::write(&backup.file, &flipped).unwrap();
    let error = Backup::open(&backup.file).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_eq!(error.exit_code(), 8);

    fs::write(&backup.file, &whole[..whole.len() - 1]).unwrap();
    let error = prove(&mut backup, source.admin(), Level::Full)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");

    fs::write(&backup.file, &whole).unwrap();
    backup.manifest.contents.tables[0].rows += 1;
    backup.manifest.contents.tables[1].checksum = format!("{:032x}", 7);
    let error = prove(&mut backup, source.admin(), Level::Full)
        .await
        .unwrap_err();
    match error {
        Error::Differs(differences) => assert_eq!(differences.len(), 2, "{differences:?}"),
        other => panic!("{other}"),
    }

    fs::remove_file(backup.globals()).unwrap();
    let error = Backup::open(&backup.file).unwrap_err();
    assert!(error.to_string().contains("not there"), "{error}");
    fs::write(dir.path().join("some.dump"), "PGDMP").unwrap();
    let error = Backup::open(&dir.path().join("some.dump")).unwrap_err();
    assert!(matches!(error, Error::NoBackup { .. }), "{error}");
}

// MIG-BAK-05: a new database takes the name, the old one is kept; settings, owner and privileges go along.
#[tokio::test]
async fn a_restore_swaps_names_and_keeps_the_old_database() {
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let name = source.admin().database().to_owned();
    let client = source.connect().await;
    client
        .batch_execute(&format!(
            "create role dora; alter database {name} owner to dora; grant connect on database {name} to dora; \
             alter database {name} set app.settings.hours = 'nine to five'; \
             alter database {name} set search_path = \"$user\", public, extra"
        ))
        .await
        .unwrap();
    let backup = create(source.admin(), &options(dir.path(), Format::Custom))
        .await
        .unwrap();
    client
        .batch_execute("delete from public.activity_logs; create table public.mistake (id int)")
        .await
        .unwrap();

    let restored = restore(
        &backup,
        &programs().await,
        source.admin(),
        &name,
        Way::Swap,
        &SeededRandom::new(12),
        SystemClock.now(),
    )
    .await
    .unwrap();
    let kept = restored.kept_as.unwrap();
    assert!(
        kept.starts_with(&format!("{name}_before_restore_2")),
        "{kept}"
    );

    // The session in the old database was ended; the name leads to the restored one.
    assert!(client.query("select 1", &[]).await.is_err());
    let client = source.connect().await;
    let state = "select to_regclass('public.mistake') is null, (select count(*) > 0 from public.activity_logs), \
         current_setting('app.settings.hours'), current_setting('search_path'), \
         (select pg_get_userbyid(datdba)::text || datacl::text from pg_database where datname = current_database())";
    let row = client.query_one(state, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0) && row.get::<_, bool>(1));
    assert_eq!(row.get::<_, &str>(2), "nine to five");
    assert_eq!(row.get::<_, &str>(3), "\"$user\", public, extra");
    assert!(row.get::<_, &str>(4).starts_with("dora{"), "{row:?}");
    let old = source.admin().with_database(&kept).connect().await.unwrap();
    old.query_one("select count(*) from public.mistake", &[])
        .await
        .unwrap();
    assert_eq!(databases(&named("restore", 12)).await, [""; 0]);
}

// MIG-BAK-05: what does not come back as it was dumped never takes the name.
#[tokio::test]
async fn a_restore_that_is_not_proved_changes_nothing() {
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let name = source.admin().database().to_owned();
    let mut backup = create(source.admin(), &options(dir.path(), Format::Plain))
        .await
        .unwrap();
    backup.manifest.contents.tables[0].rows += 1;
    let (random, now) = (SeededRandom::new(13), SystemClock.now());
    let programs = programs().await;
    let tried = restore(
        &backup,
        &programs,
        source.admin(),
        &name,
        Way::Swap,
        &random,
        now,
    );
    assert!(matches!(tried.await, Err(Error::Differs(_))));
    assert_eq!(databases(&format!("{name}\\_before%")).await, [""; 0]);
    assert_eq!(databases(&named("restore", 13)).await, [""; 0]);
    let client = source.connect().await;
    let count = "select count(*) from public.users";
    let row = client.query_one(count, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 5);
    // In place a dump in plain SQL would fall on what is there.
    let way = Way::InPlace;
    let tried = restore(&backup, &programs, source.admin(), &name, way, &random, now);
    assert!(matches!(tried.await, Err(Error::PlainOnly)));
}

// MIG-BAK-05: `--in-place`, all or nothing.
#[tokio::test]
async fn a_restore_in_place_puts_everything_back_in_one_transaction() {
    let source = insight_database(Variant::A).await;
    let dir = tempfile::tempdir().unwrap();
    let name = source.admin().database().to_owned();
    let backup = create(source.admin(), &options(dir.path(), Format::Custom))
        .await
        .unwrap();
    let client = source.connect().await;
    client
        .batch_execute("truncate public.users cascade")
        .await
        .unwrap();
    let (programs, now) = (programs().await, SystemClock.now());
    let way = Way::InPlace;
    let restored = restore(
        &backup,
        &programs,
        source.admin(),
        &name,
        way,
        &OsRandom,
        now,
    )
    .await
    .unwrap();
    assert_eq!(restored.kept_as, None);
    let count = "select count(*) from public.users";
    let row = client.query_one(count, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 5);
}
