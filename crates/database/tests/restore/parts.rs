//! Dumps in parts, in other forms, and what is refused.

use database::{PushError, RestoreError, restore};
use settings::MissingExtensions;

use crate::house::{House, notes};

// DB-DMP-10, DB-DMP-06, DB-DMP-07, DB-DMP-08, DB-DMP-14: the three files that upstream's command line writes.
#[tokio::test]
async fn roles_schema_and_data_are_restored_in_their_order() {
    let house = House::new().await;
    let roles = house.write(
        "roles.sql",
        "SET default_transaction_read_only = off;\nCREATE ROLE \"restore_teller\";\nALTER ROLE \"restore_teller\" WITH NOINHERIT LOGIN;\n\
         -- CREATE ROLE \"anon\";\nALTER ROLE \"anon\" SET \"statement_timeout\" TO '7s';\nALTER ROLE \"authenticator\" SET \"pgrst.db_max_rows\" TO '77';\n\
         ALTER ROLE \"postgres\" WITH SUPERUSER;\nRESET ALL;\n",
    );
    let schema = house.write(
        "schema.sql",
        "CREATE SCHEMA IF NOT EXISTS \"public\";\nCREATE TABLE IF NOT EXISTS \"public\".\"parts\" (\"id\" bigint NOT NULL);\n\
         ALTER TABLE \"public\".\"parts\" OWNER TO \"postgres\";\nCREATE TABLE \"public\".\"old\" (\"id\" bigint);\nALTER TABLE \"public\".\"old\" OWNER TO \"supabase_admin\";\n\
         GRANT ALL ON TABLE \"public\".\"parts\" TO \"restore_teller\";\n\
         ALTER DEFAULT PRIVILEGES FOR ROLE \"supabase_admin\" IN SCHEMA \"public\" GRANT ALL ON TABLES TO \"restore_teller\";\nRESET ALL;\n",
    );
    let data = house.write(
        "data.sql",
        "SET session_replication_role = replica;\nINSERT INTO \"auth\".\"identities\" (\"id\", \"user_id\") VALUES\n\
         \t('8a1c5c0e-0000-4000-8000-000000000011', '8a1c5c0e-0000-4000-8000-000000000001');\n\
         INSERT INTO \"auth\".\"users\" (\"id\", \"email\") VALUES ('8a1c5c0e-0000-4000-8000-000000000001', 'ada@example.com');\n\
         INSERT INTO \"public\".\"parts\" (\"id\") VALUES (1), (2);\nSELECT pg_catalog.setval('\"auth\".\"refresh_tokens_id_seq\"', 30, true);\nRESET ALL;\n",
    );
    let files = [roles, schema, data];
    let report = house
        .try_restore(&files)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.files.len(), 3);
    assert_eq!(report.unmatched, []);
    assert!(
        notes(&report).contains(&(7, "left out: role postgres is reserved")),
        "{:?}",
        notes(&report)
    );
    for (sql, expected) in [
        (
            "select concat_ws(' ', rolcanlogin, rolinherit) from pg_roles where rolname = 'restore_teller'",
            &["t f"][..],
        ),
        (
            "select rolsuper::text from pg_roles where rolname = 'postgres'",
            &["false"],
        ),
        (
            "select entry from pg_db_role_setting s, unnest(setconfig) entry where setrole in ('anon'::regrole, 'authenticator'::regrole) and entry ~ 'max_rows|=7s' order by 1",
            &["pgrst.db_max_rows=77", "statement_timeout=7s"],
        ),
        (
            "select has_table_privilege('restore_teller', 'public.parts', 'insert')::text",
            &["true"],
        ),
        ("select id::text from public.parts", &["1", "2"]),
        (
            "select pg_get_userbyid(relowner)::text from pg_class where oid in ('public.old'::regclass, 'public.parts'::regclass) order by 1",
            &["postgres", "supabase_admin"],
        ),
        (
            "select last_value::text from auth.refresh_tokens_id_seq",
            &["30"],
        ),
        (
            "select email from auth.users u join auth.identities i on i.user_id = u.id",
            &["ada@example.com"],
        ),
    ] {
        assert_eq!(house.texts(sql).await, expected, "{sql}");
    }
    let client = house.client().await;
    client
        .batch_execute("alter role anon set statement_timeout = '3s'; alter role authenticator reset pgrst.db_max_rows; drop owned by restore_teller; drop role restore_teller")
        .await
        .unwrap();
}

// DB-SUB-02: secrets that this database's own key locked come back.
#[tokio::test]
async fn secrets_of_this_key_are_restored() {
    let house = House::new().await;
    let client = house.client().await;
    client
        .batch_execute("select vault.create_secret('hush', 'mine')")
        .await
        .unwrap();
    let row = "select concat_ws(E'\\t', id, name, description, secret) from vault.secrets";
    let row = house.texts(row).await.remove(0);
    client
        .batch_execute("delete from vault.secrets")
        .await
        .unwrap();
    let dump =
        format!("COPY vault.secrets (id, name, description, secret) FROM stdin;\n{row}\n\\.\n");
    let report = house.restore(&dump).await;
    assert_eq!(notes(&report), []);
    assert_eq!(
        house
            .texts("select name || decrypted_secret from vault.decrypted_secrets")
            .await,
        ["minehush"]
    );
}

// DB-PUB-02: an empty publication in the place of one of all tables would be less.
#[tokio::test]
async fn a_publication_of_all_tables_is_made_anew() {
    let house = House::new().await;
    let report = house
        .restore("CREATE PUBLICATION supabase_realtime FOR ALL TABLES WITH (publish = 'insert');\nALTER PUBLICATION supabase_realtime OWNER TO postgres;\n")
        .await;
    assert_eq!(notes(&report)[0], (1, "made anew, for it is of all tables"));
    assert_eq!(
        house
            .texts(
                "select puballtables::text from pg_publication where pubname = 'supabase_realtime'"
            )
            .await,
        ["true"]
    );
}

// DB-DMP-08: a row of the services' tables that does not fit stops the restoration; it is not lost silently.
#[tokio::test]
async fn a_row_that_does_not_fit_stops_it() {
    let house = House::new().await;
    let error = house
        .refuse("COPY auth.users (id, email) FROM stdin;\nno-uuid\tada@example.com\n\\.\n")
        .await;
    assert!(error.to_string().contains("statement 1, line 1"), "{error}");
    assert!(error.to_string().ends_with("(22P02)"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_restored_is_refused_before_anything_runs() {
    let house = House::new().await;
    let archive = house.refuse("PGDMP\u{1}\u{e}").await;
    assert!(matches!(archive, RestoreError::Archive { .. }), "{archive}");
    assert!(
        archive
            .remedy()
            .starts_with("make a script of it: pg_restore --file=")
    );
    let psql = house
        .refuse("create table public.a (a int);\n\\connect postgres\n")
        .await;
    assert!(
        matches!(&psql, RestoreError::Sql(PushError::Split { source, .. }) if source.line() == 2),
        "{psql}"
    );
    let missing = house
        .refuse("create table public.a (a int);\ncreate extension plv8;\n")
        .await;
    assert!(
        matches!(
            missing,
            RestoreError::Sql(PushError::MissingExtensions { .. })
        ),
        "{missing}"
    );
    let latin = house
        .refuse("create table public.a (a int);\nset client_encoding = 'LATIN1';\n")
        .await;
    assert!(
        matches!(latin, RestoreError::Encoding { line: 2, .. }),
        "{latin}"
    );
    let role = house
        .refuse("create table public.a (a int);\ngrant all on table public.a to nobody_at_all;\n")
        .await;
    assert!(role.remedy().starts_with("dump the roles too"), "{role}");
    assert_eq!(
        house
            .texts("select relname::text from pg_class where oid = to_regclass('public.a')")
            .await,
        [""; 0]
    );
    let lowly = house.database.endpoint_as("dashboard_user");
    client_may_log_in(&house).await;
    let file = house.write("dump.sql", "select 1;");
    let error = restore(&lowly, &[file], MissingExtensions::Error)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RestoreError::NeedsSuperuser { .. }),
        "{error}"
    );
}

async fn client_may_log_in(house: &House) {
    let client = house.client().await;
    client
        .batch_execute("alter role dashboard_user login")
        .await
        .unwrap();
}
