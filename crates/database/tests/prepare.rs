//! The preparation on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use base::Secret;
use database::{Options, Report, Schema, prepare};
use pg::Endpoint;
use testkit::{Postgres, TestDatabase};
use tokio_postgres::Client;

const NONE: [Schema; 0] = [];

fn options(database: &TestDatabase) -> Options {
    let mut settings = settings::Database::default();
    database.admin().database().clone_into(&mut settings.name);
    settings.password = Secret::new("owner-password");
    let mut keys = settings::Keys::default();
    keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
    Options::from_settings(&settings, &keys, 3_600)
}

async fn prepared() -> (TestDatabase, Report) {
    let database = Postgres::shared().database().await;
    let report = prepare(database.admin(), &options(&database), &NONE)
        .await
        .unwrap();
    (database, report)
}

async fn owner(database: &TestDatabase) -> Client {
    let client = database.connect().await;
    client
        .batch_execute(
            "set session authorization postgres; set search_path = \"$user\", public, extensions",
        )
        .await
        .unwrap();
    client
}

async fn texts(client: &Client, sql: &str) -> Vec<String> {
    client
        .query(sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

// DB-GEN-01, DB-GEN-05.
#[tokio::test]
async fn preparing_again_changes_nothing() {
    let (database, first) = prepared().await;
    let dump = "select string_agg(c.relname || n.nspname || coalesce(c.relacl::text, ''), ',' order by c.oid)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace";
    let client = database.connect().await;
    let before = texts(&client, dump).await;
    let again = prepare(database.admin(), &options(&database), &NONE)
        .await
        .unwrap();
    assert_eq!(texts(&client, dump).await, before);
    assert_eq!((first.migrations_applied, again.migrations_applied), (0, 0));
}

// DB-GEN-01: safe with several processes.
#[tokio::test]
async fn two_preparations_at_once_both_succeed() {
    let database = Postgres::shared().database().await;
    let options = options(&database);
    let (one, two) = tokio::join!(
        prepare(database.admin(), &options, &NONE),
        prepare(database.admin(), &options, &NONE)
    );
    one.unwrap();
    two.unwrap();
}

// DB-GEN-01: safe on a database half-initialised by a crash.
#[tokio::test]
async fn a_preparation_cut_off_anywhere_can_be_repeated() {
    let database = Postgres::shared().database().await;
    let options = options(&database);
    for milliseconds in [5, 20, 40, 80] {
        let cut = prepare(database.admin(), &options, &NONE);
        let _ = tokio::time::timeout(std::time::Duration::from_millis(milliseconds), cut).await;
    }
    prepare(database.admin(), &options, &NONE).await.unwrap();
}

// DB-GRT-02, DB-EVD-02: a table that the owner makes is reachable at once, under row security.
#[tokio::test]
async fn a_new_table_is_readable_by_anon_at_once() {
    let (database, _) = prepared().await;
    let owner = owner(&database).await;
    owner
        .batch_execute("create table public.fresh (id int); insert into public.fresh values (1)")
        .await
        .unwrap();
    owner.batch_execute("set role anon").await.unwrap();
    assert_eq!(
        texts(&owner, "select id::text from public.fresh").await,
        ["1"]
    );
}

// DB-GRT-03.
#[tokio::test]
async fn new_tables_can_be_kept_hidden() {
    let database = Postgres::shared().database().await;
    let mut options = options(&database);
    options.auto_expose_new_tables = false;
    prepare(database.admin(), &options, &NONE).await.unwrap();
    let owner = owner(&database).await;
    owner
        .batch_execute("create table public.fresh (id int); set role anon")
        .await
        .unwrap();
    let refused = owner
        .query("select * from public.fresh", &[])
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
}

// DB-FN-01 to DB-FN-04, DB-FN-20.
#[tokio::test]
async fn policies_ask_who_is_calling() {
    let (database, _) = prepared().await;
    let client = database.connect().await;
    client.batch_execute("set role anon").await.unwrap();
    let ask = "select concat_ws('|', auth.uid(), auth.role(), auth.email(), auth.jwt())";
    assert_eq!(texts(&client, ask).await, [""]);
    let claims = r#"{"sub": "8a1c5c0e-0000-4000-8000-000000000001", "role": "authenticated", "email": "a@b.c"}"#;
    client
        .execute(
            "select set_config('request.jwt.claims', $1, false)",
            &[&claims],
        )
        .await
        .unwrap();
    assert_eq!(
        texts(
            &client,
            "select concat_ws('|', auth.uid(), auth.role(), auth.email(), auth.jwt() ->> 'sub')"
        )
        .await,
        [
            "8a1c5c0e-0000-4000-8000-000000000001|authenticated|a@b.c|8a1c5c0e-0000-4000-8000-000000000001"
        ]
    );
    client
        .batch_execute("select set_config('request.jwt.claims', '', false)")
        .await
        .unwrap();
    assert_eq!(texts(&client, ask).await, [""]);
}

// DB-EVT-01, DB-EVT-02, DB-EVT-10: DDL is told, once it is committed.
#[tokio::test]
async fn ddl_notifies_the_rest_service_once_committed() {
    let (database, _) = prepared().await;
    let tasks = base::Tasks::new();
    let listener = pg::Listener::start(database.admin(), &["pgrst"], &tasks);
    let mut heard = listener.subscribe();
    assert_eq!(heard.recv().await.unwrap(), pg::Notification::Connected);
    let owner = owner(&database).await;
    owner
        .batch_execute("begin; create table public.a (id int); rollback")
        .await
        .unwrap();
    owner.batch_execute("notify pgrst, 'marker'").await.unwrap();
    let next = |payload: &str| pg::Notification::Notify {
        channel: "pgrst".into(),
        payload: payload.into(),
    };
    assert_eq!(heard.recv().await.unwrap(), next("marker"));
    owner
        .batch_execute("create table public.a (id int)")
        .await
        .unwrap();
    assert_eq!(heard.recv().await.unwrap(), next("reload schema"));
    owner.batch_execute("drop table public.a").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), next("reload schema"));
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
}

// DB-SUB-05, DB-FN-09.
#[tokio::test]
async fn graphql_says_that_it_is_not_enabled() {
    let (database, _) = prepared().await;
    let client = database.connect().await;
    client.batch_execute("set role anon").await.unwrap();
    assert_eq!(
        texts(
            &client,
            "select graphql_public.graphql(query => '{ a }')::text"
        )
        .await,
        [r#"{"data": null, "errors": ["pg_graphql extension is not enabled."]}"#]
    );
}

// DB-ROLE-20: no service's password is stored, a password that is set already stays.
#[tokio::test]
async fn services_log_in_and_a_set_password_is_left_alone() {
    let (database, report) = prepared().await;
    for role in [
        "authenticator",
        "supabase_auth_admin",
        "supabase_storage_admin",
    ] {
        let client = report.logins.endpoint(role).connect().await.unwrap();
        assert_eq!(texts(&client, "select session_user::text").await, [role]);
    }
    let client = database.connect().await;
    let verifier = "select rolpassword from pg_authid where rolname = 'authenticator'";
    let before = texts(&client, verifier).await;
    assert!(before[0].starts_with("SCRAM-SHA-256$"));
    let mut other = options(&database);
    other.role_secret = Secret::new("another secret altogether");
    prepare(database.admin(), &other, &NONE).await.unwrap();
    assert_eq!(texts(&client, verifier).await, before);
}

const SAMPLE: Schema = Schema {
    name: "auth",
    owner: "supabase_auth_admin",
    migrations: &[
        database::Migration {
            version: "1",
            name: "one",
            sql: "create table auth.one (id int)",
        },
        database::Migration {
            version: "2",
            name: "two",
            sql: "create table auth.two (id int); select 1",
        },
    ],
};

#[tokio::test]
async fn schema_changes_are_applied_once_as_their_owner() {
    let (database, _) = prepared().await;
    let report = prepare(database.admin(), &options(&database), &[SAMPLE])
        .await
        .unwrap();
    assert_eq!(report.migrations_applied, 2);
    let client = database.connect().await;
    let owners =
        "select tableowner::text from pg_tables where schemaname = 'auth' order by tablename";
    assert_eq!(
        texts(&client, owners).await,
        ["supabase_auth_admin", "supabase_auth_admin"]
    );
    let report = prepare(database.admin(), &options(&database), &[SAMPLE])
        .await
        .unwrap();
    assert_eq!(report.migrations_applied, 0);
}

#[tokio::test]
async fn a_change_that_fails_is_undone_whole_and_named() {
    let (database, _) = prepared().await;
    let broken = Schema {
        migrations: &[database::Migration {
            version: "1",
            name: "broken",
            sql: "create table auth.half (id int); select 1 / 0",
        }],
        ..SAMPLE
    };
    let error = prepare(database.admin(), &options(&database), &[broken])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "schema auth, change 1 (broken) failed: division by zero (22012)"
    );
    let client = database.connect().await;
    assert!(
        texts(
            &client,
            "select relname::text from pg_class where relname = 'half'"
        )
        .await
        .is_empty()
    );
}

#[tokio::test]
async fn a_change_in_another_wording_is_refused() {
    let (database, _) = prepared().await;
    prepare(database.admin(), &options(&database), &[SAMPLE])
        .await
        .unwrap();
    let reworded = Schema {
        migrations: &[database::Migration {
            version: "1",
            name: "one",
            sql: "create table auth.uno (id int)",
        }],
        ..SAMPLE
    };
    let error = prepare(database.admin(), &options(&database), &[reworded])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "schema auth, change 1 was applied in another wording"
    );
}

#[tokio::test]
async fn a_role_without_rights_is_told_so() {
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    client
        .batch_execute(
            "do $$ begin create role nobody_much login; exception when others then null; end $$",
        )
        .await
        .unwrap();
    let login: Endpoint = database.admin().with_login("nobody_much", "x");
    let error = prepare(&login, &options(&database), &NONE)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "role nobody_much may not create roles in this cluster"
    );
    assert!(error.remedy().contains("createrole"));
}

// DB-GEN-06: a database that is missing is made, owned by the owner role.
#[tokio::test]
async fn a_missing_database_is_made() {
    let database = Postgres::shared().database().await;
    let mut options = options(&database);
    options.name = format!("{}_made", database.admin().database());
    let report = prepare(database.admin(), &options, &NONE).await.unwrap();
    assert_eq!(report.admin.database(), options.name);
    let client = report.admin.connect().await.unwrap();
    let owner =
        "select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()";
    assert_eq!(texts(&client, owner).await, ["postgres"]);
}

// DB-GEN-03.
#[test]
fn the_plan_can_be_read_before_it_is_run() {
    let settings = settings::Database::default();
    let options = Options::from_settings(&settings, &settings::Keys::default(), 3_600);
    let script = database::plan_sql(&options, &[SAMPLE]);
    assert!(script.contains("create schema if not exists auth"));
    assert!(script.contains("-- schema auth, change 2 (two)"));
}

// DB-ADO-01, DB-ADO-03, DB-GEN-02: what upstream made is taken over, what the project made stays as it is.
#[tokio::test]
async fn a_database_that_upstream_initialised_is_adopted() {
    let (_, _) = prepared().await; // The roles are there.
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    client
        .batch_execute(
            "create schema auth authorization supabase_admin; create schema realtime authorization supabase_admin;
             create schema vault; create table vault.secrets (id uuid, secret text); create schema _realtime;
             create type auth.kind as enum ('a'); create table auth.one (id bigserial primary key, kind auth.kind);
             create view auth.seen as select * from auth.one;
             create function auth.uid() returns uuid language sql as 'select null::uuid';
             create table auth.theirs (id int); alter table auth.theirs owner to postgres;
             create table public.mine (id int); alter table public.mine owner to postgres;
             create publication supabase_realtime; alter publication supabase_realtime owner to postgres;
             alter publication supabase_realtime add table public.mine;
             create function public.watch() returns event_trigger language plpgsql as 'begin end';
             create event trigger pgrst_drop_watch on sql_drop execute function public.watch();
             create event trigger user_watch on sql_drop execute function public.watch()",
        )
        .await
        .unwrap();
    let schema = Schema {
        migrations: &[database::Migration {
            version: "1",
            name: "one",
            sql: "create table if not exists auth.one (id int); alter table auth.one add column if not exists more int;
                  alter type auth.kind add value if not exists 'b'; create or replace view auth.seen as select id, kind from auth.one",
        }],
        ..SAMPLE
    };
    prepare(database.admin(), &options(&database), &[schema])
        .await
        .unwrap();
    let owners = "select c.relname || ' ' || pg_get_userbyid(c.relowner) from pg_class c
                  where c.relnamespace in ('auth'::regnamespace, 'public'::regnamespace) and c.relkind in ('r', 'v', 'S') order by 1";
    assert_eq!(
        texts(&client, owners).await,
        [
            "mine postgres",
            "one supabase_auth_admin",
            "one_id_seq supabase_auth_admin",
            "seen supabase_auth_admin",
            "theirs postgres",
        ]
    );
    // Nothing that existed was made reachable, dropped or exchanged.
    assert_eq!(
        texts(
            &client,
            "select has_table_privilege('anon', 'public.mine', 'select')::text"
        )
        .await,
        ["false"]
    );
    assert_eq!(
        texts(
            &client,
            "select tablename::text from pg_publication_tables where pubname = 'supabase_realtime'"
        )
        .await,
        ["mine"]
    );
    assert_eq!(
        texts(&client, "select evtname || ' ' || evtfoid::regproc from pg_event_trigger where evtname in ('pgrst_drop_watch', 'user_watch') order by 1").await,
        ["pgrst_drop_watch watch", "user_watch watch"]
    );
    assert_eq!(
        texts(&client, "select attname::text from pg_attribute where attrelid = 'vault.secrets'::regclass and attnum > 0").await,
        ["id", "secret"]
    );
}

// DB-EVT-01 to DB-EVT-06, DB-EVT-10.
#[tokio::test]
async fn the_event_triggers_have_upstreams_names() {
    let (database, _) = prepared().await;
    let client = database.connect().await;
    assert_eq!(
        texts(
            &client,
            "select concat_ws(' ', evtname, evtevent, evtfoid::regproc, array_to_string(evttags, ',')) from pg_event_trigger order by 1"
        )
        .await,
        [
            "issue_graphql_placeholder sql_drop set_graphql_placeholder DROP EXTENSION",
            "issue_pg_cron_access ddl_command_end grant_pg_cron_access CREATE EXTENSION",
            "issue_pg_graphql_access ddl_command_end grant_pg_graphql_access CREATE EXTENSION",
            "issue_pg_net_access ddl_command_end grant_pg_net_access CREATE EXTENSION",
            "pgrst_ddl_watch ddl_command_end pgrst_ddl_watch",
            "pgrst_drop_watch sql_drop pgrst_drop_watch",
        ]
    );
}

// DB-GEN-03: the plan is a script that prepares a database by itself.
#[tokio::test]
async fn the_plan_runs_as_it_reads() {
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    let script = database::plan_sql(&options(&database), &[SAMPLE]);
    for statement in database::split(&script).unwrap() {
        let done = client.batch_execute(statement.text).await;
        done.unwrap_or_else(|error| panic!("{}: {error:?}", statement.text));
    }
    let findings = database::doctor(database.admin()).await.unwrap();
    assert!(
        findings.iter().all(|finding| !finding.severe),
        "{findings:?}"
    );
}
