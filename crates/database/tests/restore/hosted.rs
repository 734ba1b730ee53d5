//! A whole dump of a hosted project.

use crate::house::{House, notes};

const DUMP: &str = include_str!("hosted.sql");

/// The line of the dump on which a statement that begins so stands, from 1.
fn line(start: &str) -> usize {
    let found = DUMP.lines().position(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("{start} is not in the dump")) + 1
}

// DB-DMP-09, DB-DMP-02, DB-DMP-04 to DB-DMP-08, DB-DMP-11, DB-ADO-01, DB-ADO-03: what the project made and every row
// that can be used is there, what stood already is as it was.
#[tokio::test]
async fn a_hosted_project_is_restored_around_what_stands() {
    let house = House::new().await;
    let report = house.restore(DUMP).await;
    for (sql, expected) in [
        (
            "select email from auth.users order by id",
            &["ada\\x@example.com", "tab\there"][..],
        ),
        (
            "select concat_ws(' ', name, state) from public.profiles",
            &["Ada done"],
        ),
        (
            "select text from private.notes order by id",
            &["one;", "\\."],
        ),
        ("select name from storage.prefixes", &["a"]),
        (
            "select version from auth.schema_migrations",
            &["20171026211738"],
        ),
        (
            "select concat_ws(' ', version, name, statements) from supabase_migrations.schema_migrations",
            &["20240101000000 init {\"select 1\"}"],
        ),
        // The sequence stood at 12 in the dump, behind a row.
        (
            "select nextval('auth.refresh_tokens_id_seq')::text",
            &["42"],
        ),
        ("select coalesce(auth.uid()::text, 'nobody')", &["nobody"]),
        (
            "select tgname::text from pg_trigger where not tgisinternal and tgrelid in ('auth.users'::regclass, 'storage.objects'::regclass)",
            &["on_auth_user_created"],
        ),
        (
            "select polname::text from pg_policy where polrelid = 'storage.objects'::regclass",
            &["own folder"],
        ),
        (
            "select tablename::text from pg_publication_tables where pubname = 'supabase_realtime'",
            &["profiles"],
        ),
        (
            "select string_agg(tableowner, ',') from pg_tables where schemaname in ('public', 'private')",
            &["postgres,postgres"],
        ),
        (
            "select pg_get_userbyid(proowner)::text from pg_proc where oid in ('auth.tenant_id()'::regprocedure, 'auth.uid()'::regprocedure) order by 1",
            &["postgres", "supabase_auth_admin"],
        ),
        (
            "select has_function_privilege('anon', 'auth.uid()', 'execute')::text",
            &["true"],
        ),
        ("select count(*)::text from vault.secrets", &["0"]),
        (
            "select nspname::text from pg_namespace where nspname in ('_realtime', 'private')",
            &["private"],
        ),
        (
            "select conname::text from pg_constraint where conname in ('users_email_key', 'profiles_id_fkey')",
            &["profiles_id_fkey"],
        ),
    ] {
        assert_eq!(house.texts(sql).await, expected, "{sql}");
    }
    let tables: Vec<_> = report
        .tables
        .iter()
        .map(|table| (table.table.as_str(), table.rows, table.there_already))
        .collect();
    assert_eq!(
        tables,
        [
            ("auth.identities", 2, 0),
            ("auth.refresh_tokens", 1, 0),
            ("auth.users", 2, 0),
            ("public.profiles", 1, 0),
            ("private.notes", 2, 0),
            ("storage.prefixes", 1, 0),
            ("supabase_migrations.schema_migrations", 1, 0),
            ("vault.secrets", 0, 0),
        ]
    );
    let unmatched: Vec<_> = report
        .unmatched
        .iter()
        .map(|one| (one.reference.as_str(), one.rows))
        .collect();
    assert_eq!(unmatched, [("auth.identities (user_id) to auth.users", 1)]);
}

// DB-DMP-03, DB-DMP-08, DB-ADO-02: nothing is left out without a line that says so.
#[tokio::test]
async fn everything_that_is_left_out_is_told_by_line() {
    let house = House::new().await;
    let report = house.restore(DUMP).await;
    let there = "left out: it is there already";
    let owned = "left out: it has its owner already";
    let mut expected = vec![
        (
            line("SET transaction_timeout"),
            "left out: this server has no setting transaction_timeout".to_owned(),
        ),
        (
            line("CREATE SCHEMA _realtime"),
            "left out: schema _realtime is upstream's own".to_owned(),
        ),
        (
            line("ALTER SCHEMA _realtime"),
            "left out: schema _realtime is upstream's own".to_owned(),
        ),
        (line("CREATE SCHEMA auth"), there.to_owned()),
        (line("ALTER SCHEMA auth"), owned.to_owned()),
        (line("CREATE SCHEMA extensions"), there.to_owned()),
        (line("ALTER SCHEMA extensions"), owned.to_owned()),
        (
            line("CREATE EXTENSION IF NOT EXISTS pg_net"),
            "a substitute stands for extension pg_net".to_owned(),
        ),
        (
            line("COMMENT ON EXTENSION"),
            "left out: needs to own the extension".to_owned(),
        ),
        (
            line("CREATE EXTENSION IF NOT EXISTS pgsodium"),
            "left out: the server lacks extension pgsodium, which only upstream's own schemas need"
                .to_owned(),
        ),
        (line("CREATE SCHEMA public"), there.to_owned()),
        (line("ALTER SCHEMA public"), owned.to_owned()),
        (
            line("CREATE EXTENSION IF NOT EXISTS pgcrypto"),
            "run as the administrator: extension pgcrypto".to_owned(),
        ),
        (
            line("CREATE EXTENSION IF NOT EXISTS supabase_vault"),
            "a substitute stands for extension supabase_vault".to_owned(),
        ),
        (line("CREATE TYPE auth.aal_level"), there.to_owned()),
        (line("ALTER TYPE auth.aal_level"), owned.to_owned()),
        (
            line("CREATE OR REPLACE FUNCTION auth.uid"),
            there.to_owned(),
        ),
        (line("ALTER FUNCTION auth.uid"), owned.to_owned()),
        (
            line("CREATE TABLE _realtime.tenants"),
            "left out: _realtime.tenants is upstream's own".to_owned(),
        ),
    ];
    for table in ["auth.identities", "auth.refresh_tokens"] {
        expected.push((line(&format!("CREATE TABLE {table}")), there.to_owned()));
        expected.push((
            line(&format!("ALTER TABLE {table} OWNER")),
            owned.to_owned(),
        ));
    }
    expected.extend([
        (line("CREATE SEQUENCE auth"), there.to_owned()),
        (
            line("ALTER SEQUENCE auth.refresh_tokens_id_seq OWNER TO"),
            owned.to_owned(),
        ),
        (
            line("ALTER SEQUENCE auth.refresh_tokens_id_seq OWNED"),
            "left out: auth.refresh_tokens_id_seq stands already".to_owned(),
        ),
    ]);
    for table in ["auth.schema_migrations", "auth.users"] {
        expected.push((line(&format!("CREATE TABLE {table}")), there.to_owned()));
        expected.push((
            line(&format!("ALTER TABLE {table} OWNER")),
            owned.to_owned(),
        ));
    }
    expected.extend([
        (line("CREATE TABLE supabase_migrations"), there.to_owned()),
        (line("ALTER TABLE supabase_migrations"), owned.to_owned()),
        (line("COPY _realtime"), "left out: 1 rows of _realtime.tenants: it is upstream's own".to_owned()),
        (line("COPY auth.schema_migrations"), "left out: 2 rows of auth.schema_migrations: this database keeps its own ledger".to_owned()),
        (line("COPY auth.users"), "left out: column is_very_new of auth.users, which is not known here; 1 rows have a value".to_owned()),
        (line("COPY supabase_migrations"), "left out: column created_by of supabase_migrations.schema_migrations, which is not known here; 1 rows have a value".to_owned()),
        (line("COPY vault.secrets"), "left out: 1 rows of vault.secrets: this database's key does not open them; export them from vault.decrypted_secrets where they come from".to_owned()),
        (line("ALTER TABLE ONLY auth.identities"), "left out: auth.identities stands already".to_owned()),
        (line("ALTER TABLE ONLY auth.users"), "left out: auth.users stands already".to_owned()),
        (line("CREATE TRIGGER objects_prefix"), "left out: storage.objects has its own triggers".to_owned()),
        (line("CREATE PUBLICATION"), there.to_owned()),
        (line("ALTER PUBLICATION supabase_realtime OWNER"), owned.to_owned()),
        (line("REVOKE ALL ON FUNCTION auth.uid"), "left out: auth.uid stands already".to_owned()),
        (line("CREATE EVENT TRIGGER"), there.to_owned()),
        (line("ALTER EVENT TRIGGER"), owned.to_owned()),
    ]);
    let knows = "select count(*)::text from pg_settings where name = 'transaction_timeout'";
    if house.texts(knows).await == ["1"] {
        expected.remove(0);
    }
    let found: Vec<_> = notes(&report)
        .into_iter()
        .map(|(line, text)| (line, text.to_owned()))
        .collect();
    assert_eq!(found, expected);
}

// DB-DMP-09: into a database that holds rows already; theirs stay, new ones come.
#[tokio::test]
async fn rows_that_are_there_already_stay() {
    let house = House::new().await;
    let client = house.client().await;
    client
        .batch_execute("insert into auth.users (id, email) values ('8a1c5c0e-0000-4000-8000-000000000001', 'kept@example.com')")
        .await
        .unwrap();
    let report = house.restore(DUMP).await;
    assert_eq!(
        house
            .texts("select email from auth.users order by id")
            .await,
        ["kept@example.com", "tab\there"]
    );
    let users = report
        .tables
        .iter()
        .find(|table| table.table == "auth.users")
        .unwrap();
    assert_eq!((users.rows, users.there_already), (1, 1));
    let told = (
        line("COPY auth.users"),
        "left out: 1 rows of auth.users are there already",
    );
    assert!(notes(&report).contains(&told), "{:?}", notes(&report));
}

// DB-DMP-09: all or nothing.
#[tokio::test]
async fn a_dump_that_fails_leaves_nothing_and_says_where() {
    let house = House::new().await;
    let broken =
        format!("{DUMP}\nSELECT 1;\nALTER TABLE public.profiles\n  ADD COLUMN name text;\n");
    let error = house.refuse(&broken).await;
    let number = broken.lines().count();
    let text = error.to_string();
    assert!(
        text.contains(&format!("line {}", number - 1)) && text.ends_with("(42701)"),
        "{text}"
    );
    for sql in [
        "select email from auth.users",
        "select nspname::text from pg_namespace where nspname = 'private'",
    ] {
        assert_eq!(house.texts(sql).await, [""; 0], "{sql}");
    }
    assert_eq!(
        error.remedy(),
        "nothing was kept; mend it and restore again"
    );
    // And once mended it can be restored.
    house.restore(DUMP).await;
}
