//! `db`: the database made, filled, looked at, dumped and restored from the command line.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::place::{Place, Ran};

const INIT: &str = "create table public.notes (id int primary key, body text);
create extension if not exists moddatetime with schema extensions;
insert into auth.users (id, email) values ('8a1c5c0e-0000-4000-8000-000000000001', 'ada@example.com');
";

fn project() -> Place {
    let place = Place::new();
    place.write("supabase/migrations/1_init.sql", INIT);
    place.write("supabase/migrations/readme.md", "no migration");
    place.write(
        "supabase/seed.sql",
        "insert into public.notes values (1, 'a');",
    );
    place
}

fn ask(place: &Place, sql: &str) -> String {
    let ran = place.run(&["db", "psql", "--admin", "--", "-XAtc", sql]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{sql}");
    ran.out
}

fn last(ran: &Ran) -> Value {
    ran.objects().pop().unwrap()
}

// DB-MIG-02, DB-MIG-03, DB-MIG-05, DB-POW-05: each file is shown, what was done otherwise by file and line; a failure names
// the file, the line and what PostgreSQL said, and what came before it stays.
#[test]
fn push_applies_a_folder_and_says_where_it_stopped() {
    let place = project();
    let ran = place.run(&["db", "push"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (
            0,
            "applied supabase/migrations/1_init.sql, statements: 3\n\
             supabase/migrations/1_init.sql:2: run as the administrator: extension moddatetime\n\
             applied supabase/seed.sql, statements: 1\n",
            "warning: supabase/migrations/readme.md is passed over: its name is not <digits>_<name>.sql\n",
        )
    );
    assert_eq!(place.processes(), Vec::<String>::new());
    assert_eq!(ask(&place, "select body from public.notes"), "a\n");

    place.write(
        "supabase/migrations/2_more.sql",
        "alter table public.notes add column more int;",
    );
    place.write(
        "supabase/migrations/3_broken.sql",
        "select 1;\n\nselect\n  missing;\n",
    );
    let ran = place.run(&["db", "push"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (
            11,
            "applied supabase/migrations/2_more.sql, statements: 1\n",
            "passerelle: supabase/migrations/3_broken.sql:4: column \"missing\" does not exist (42703); statement 2 of the file\n\
             to mend it: nothing of this file was kept; mend it and push again\n",
        )
    );
    let ran = place.run(&["--json", "db", "push", "supabase"]);
    let objects = ran.objects();
    assert_eq!(ran.code, 11);
    let step = &objects[0];
    assert_eq!(
        (
            &step["type"],
            &step["file"],
            &step["line"],
            &step["statement"]
        ),
        (
            &json!("step"),
            &json!("supabase/migrations/3_broken.sql"),
            &json!(4),
            &json!(2)
        )
    );
    let error = &objects[1];
    assert_eq!(
        (
            &error["code"],
            &error["exit_code"],
            &error["database"]["sqlstate"]
        ),
        (&json!("statement_refused"), &json!(11), &json!("42703"))
    );
    assert_eq!(
        (&objects[2]["type"], &objects[2]["status"]),
        (&json!("result"), &json!("rolled_back"))
    );
    place.write("supabase/migrations/3_broken.sql", "select 1;");
    let plan = place.run(&["db", "push", "--dry-run"]);
    assert_eq!(
        plan.out,
        "would apply supabase/migrations/3_broken.sql, statements: 1\n"
    );
    let ran = place.run(&["--json", "db", "push"]);
    assert_eq!(last(&ran)["status"], json!("applied"));
    let ran = place.run(&["--json", "db", "push"]);
    assert_eq!(last(&ran)["status"], json!("up_to_date"));
}

// DB-MIG-02: a file that cannot be undone as a whole ends with another code.
#[test]
fn push_tells_what_can_be_undone_from_what_cannot() {
    let place = Place::new();
    place.write(
        "app/migrations/1_kept.sql",
        "create table public.kept (a int);\nvacuum public.kept;\nselect 1 / 0;\n",
    );
    let ran = place.run(&["db", "push", "app"]);
    assert_eq!((ran.code, ran.out.as_str()), (10, ""));
    assert_eq!(
        ran.err,
        "passerelle: app/migrations/1_kept.sql:3: division by zero (22012); statement 3 of the file\n\
         to mend it: the statements before it were kept, for this file cannot run in a transaction; mend it and push again\n"
    );
    for (sql, code, name) in [
        ("drop role anon;", 11, "reserved_role"),
        ("select 'never closed", 3, "not_sql"),
        ("create extension plv8;", 3, "extension_missing"),
    ] {
        place.write("app/migrations/1_kept.sql", sql);
        let ran = place.run(&["--json", "db", "push", "--dir", "app"]);
        assert_eq!(
            (ran.code, &ran.objects()[ran.objects().len() - 2]["code"]),
            (code, &json!(name)),
            "{sql}"
        );
    }
    let warned = place.run(&["db", "push", "app", "--missing-extensions", "warn"]);
    assert_eq!(
        (warned.code, warned.out.as_str()),
        (
            0,
            "applied app/migrations/1_kept.sql, statements: 1\napp/migrations/1_kept.sql:1: left out: the server lacks extension plv8\n"
        )
    );
    let wrong = place.run(&["db", "push", "app", "--missing-extensions", "maybe"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    let none = place.run(&["db", "push", "nowhere"]);
    assert_eq!(
        (none.code, none.err.as_str()),
        (
            2,
            "passerelle: nowhere does not exist\nto mend it: name the project’s folder: passerelle db push app/supabase\n"
        )
    );
}

// DB-GEN-03: the plan is SQL and nothing else; nothing is made by reading it.
#[test]
fn the_plan_is_printed_and_nothing_is_made() {
    let place = Place::new();
    let ran = place.run(&["db", "init", "--dry-run"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(
        ran.out.contains("create schema if not exists auth")
            && ran.out.contains("-- schema storage, change")
    );
    assert!(!place.exists(".passerelle"));
    let object = last(&place.run(&["--json", "db", "init", "--dry-run"]));
    assert_eq!(
        object["summary"]["sql"].as_str().map(str::trim_end),
        Some(ran.out.trim_end())
    );
    let none = place.run(&["db", "doctor"]);
    assert_eq!(
        (none.code, none.err.as_str()),
        (
            3,
            "passerelle: there is no database in <dir>/.passerelle\nto mend it: passerelle init\n"
        )
    );
    let ran = place.run(&["db", "init"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    let doctor = place.run(&["db", "doctor"]);
    assert_eq!(
        (doctor.code, doctor.out.as_str(), doctor.err.as_str()),
        (0, "", "nothing is wrong\n")
    );
    ask(
        &place,
        "drop publication supabase_realtime; create table public.t (a int); grant all on public.t to anon",
    );
    let doctor = place.run(&["db", "doctor"]);
    assert_eq!(doctor.code, 8);
    assert_eq!(
        doctor.out,
        "publication_missing supabase_realtime: publication supabase_realtime does not exist\n\
         owner_is_supabase_admin public.t: public.t belongs to supabase_admin, so that postgres cannot alter it\n\
         table_without_row_security public.t: everybody with the public key can read public.t: it has no row security\n"
    );
    assert!(
        doctor
            .err
            .starts_with("to mend it: create publication supabase_realtime;\n"),
        "{}",
        doctor.err
    );
}

// Nothing secret in a command line, which everybody on the machine reads.
#[test]
fn psql_is_the_owner_role_and_finds_its_password_in_the_environment() {
    let place = Place::new();
    assert_eq!(place.run(&["db", "init"]).code, 0);
    let who = [
        "db",
        "psql",
        "--",
        "-XAtc",
        "select concat_ws('|', session_user, current_setting('is_superuser'), current_setting('application_name'))",
    ];
    assert_eq!(place.run(&who).out, "postgres|off|passerelle db psql\n");
    // While a stack runs, and with the very exit code of psql.
    let up = place.run(&["up", "--detach", "--port", "0", "--only", "rest"]);
    assert_eq!(up.code, 0, "{}", up.err);
    let password = place.variable(".passerelle/keys.env", "POSTGRES_PASSWORD");
    let ran = place.run(&[
        "db",
        "psql",
        "--",
        "-XAtc",
        "\\! tr '\\0' ' ' < /proc/$PPID/cmdline",
    ]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.contains("psql") && !ran.out.contains(&password),
        "{}",
        ran.out
    );
    assert_eq!(
        place
            .run(&["db", "psql", "--", "-Xc", "select missing"])
            .code,
        1
    );
    assert_eq!(ask(&place, "select session_user"), "supabase_admin\n");
    assert_eq!(place.run(&["down"]).code, 0);
}

// DB-DMP-09, DB-DMP-20, DB-SCH-16, DB-DMP-05, DB-DMP-07, case 5 of section 20: what is dumped from one place, with the
// services' own tables, is whole in another.
#[test]
fn a_dump_is_restored_in_another_place() {
    let place = project();
    place.write(
        "supabase/migrations/2_policies.sql",
        "alter table public.notes enable row level security;
         create policy mine on public.notes using ((select auth.uid()) is not null);
         create policy folder on storage.objects for insert to authenticated with check (bucket_id = 'a');
         create function public.hello() returns trigger language plpgsql security definer as $$ begin return new; end $$;
         create trigger on_auth_user_created after insert on auth.users for each row execute function public.hello();
         insert into storage.buckets (id, name) values ('a', 'a');
         alter publication supabase_realtime add table public.notes;
         select vault.create_secret('hush', 'mine');",
    );
    assert_eq!(place.run(&["db", "push"]).code, 0);
    let ran = place.run(&["db", "dump", "--file", "dump.sql"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (
            0,
            "",
            "warning: secrets of the vault that are not in the dump: 1\n\
             to mend it: passerelle db dump --vault, for a database with the same VAULT_ENC_KEY\n",
        )
    );
    assert_eq!(place.mode_of("dump.sql"), 0o600);
    let script = place.read("dump.sql");
    assert!(!script.contains("SCHEMA passerelle") && !script.contains("passerelle."));
    assert!(
        script.contains("CREATE EXTENSION IF NOT EXISTS \"pg_net\" WITH SCHEMA \"extensions\";")
    );
    // The same on standard output.
    let part = place.run(&["db", "dump", "--data-only", "--schema", "public"]);
    assert!(
        part.code == 0
            && part
                .out
                .contains("COPY public.notes (id, body) FROM stdin;\n1\ta\n\\.\n"),
        "{}",
        part.out
    );
    let wrong = place.run(&["--json", "db", "dump"]);
    assert_eq!((wrong.code, &last(&wrong)["status"]), (2, &json!("usage")));

    let other = Place::new();
    let file = other.write("dump.sql", &script);
    let ran = other.run(&["--json", "db", "restore", file.to_str().unwrap()]);
    let result = last(&ran);
    assert_eq!(
        (ran.code, &result["status"]),
        (0, &json!("restored")),
        "{}",
        ran.out
    );
    assert_eq!(result["summary"]["unmatched"], json!(0));
    let tables = ran.objects();
    let tables = tables.iter().filter(|object| object["type"] == "table");
    let found: Vec<_> = tables
        .filter(|table| table["rows"] != json!(0))
        .map(|table| (table["table"].clone(), table["rows"].clone()))
        .collect();
    assert_eq!(
        found,
        [
            ("auth.users", 1),
            ("public.notes", 1),
            ("storage.buckets", 1),
            ("supabase_migrations.schema_migrations", 2),
            ("supabase_migrations.seed_files", 1)
        ]
        .map(|(name, rows)| (json!(name), json!(rows)))
    );
    for sql in [
        "select email from auth.users",
        "select polname from pg_policy where polrelid in ('public.notes'::regclass, 'storage.objects'::regclass) order by 1",
        "select tgname from pg_trigger where tgrelid = 'auth.users'::regclass and not tgisinternal",
        "select count(*) from pg_publication_tables where pubname = 'supabase_realtime'",
        "select concat_ws(' ', n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relrowsecurity, array(select unnest(c.relacl)::text order by 1)) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'auth', 'storage') order by 1",
    ] {
        let there = ask(&place, sql);
        assert!(!there.is_empty(), "{sql}");
        assert_eq!(ask(&other, sql), there, "{sql}");
    }
    // The folder that was pushed there is known here.
    for file in [
        "migrations/1_init.sql",
        "migrations/2_policies.sql",
        "seed.sql",
    ] {
        other.write(
            &format!("supabase/{file}"),
            &place.read(&format!("supabase/{file}")),
        );
    }
    assert_eq!(
        last(&other.run(&["--json", "db", "push"]))["status"],
        json!("up_to_date")
    );
    // Once more: users' objects are there, so nothing is done.
    let again = other.run(&["db", "restore", "dump.sql"]);
    assert_eq!(again.code, 11);
    assert!(
        again.err.contains("dump.sql:") && again.err.contains("already exists"),
        "{}",
        again.err
    );
}

// DB-DMP-12: formats that are no scripts.
#[test]
fn what_cannot_be_restored_is_told_with_its_own_code() {
    let place = Place::new();
    place.write("archive", "PGDMP…");
    let ran = place.run(&["db", "restore", "archive"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            14,
            "passerelle: archive is an archive of pg_dump, not a script\nto mend it: make a script of it: pg_restore --file=dump.sql archive\n"
        )
    );
    let none = place.run(&["db", "restore", "nowhere.sql"]);
    assert_eq!(
        (none.code, none.err.as_str()),
        (
            2,
            "passerelle: nowhere.sql does not exist\nto mend it: check the path and its permissions\n"
        )
    );
}

// DB-SRV-10, DB-ADO-04: a server that somebody runs is configured on demand, and by them restarted.
#[test]
fn a_given_server_is_configured_with_consent() {
    let cluster = Cluster::start("");
    let place = Place::new();
    let url = cluster.url("provider", "postgres");
    cluster.run("create table public.theirs (a int)");
    let database = ["--database-url", url.as_str()];
    let ran = place.run(&[&["db", "init"][..], &database].concat());
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(
        ran.err.starts_with(
            "warning: these tables were there before and are not reachable through the API: public.theirs\n\
             to mend it: grant all on table public.theirs to anon, authenticated, service_role\n"
        ),
        "{}",
        ran.err
    );
    let ran = place.run(&[&["db", "init", "--configure-server"][..], &database].concat());
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            0,
            "wal_level: replica -> logical\nmax_slot_wal_keep_size: -1 -> 4096MB\n"
        ),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("warning: these settings wait for a restart of PostgreSQL: wal_level\n"),
        "{}",
        ran.err
    );
    let again = place.run(
        &[
            &["--json", "db", "init", "--configure-server"][..],
            &database,
        ]
        .concat(),
    );
    assert_eq!(
        (again.code, &last(&again)["summary"]["settings"]),
        (0, &json!(1)),
        "wal_level still waits"
    );
    // The file of the server's own is the server's own.
    assert!(!cluster.has_file("passerelle_vault.key"));
}

// DB-MGD-01, DB-MGD-02, DB-EVT-11: a table that comes while the program runs is opened to the service key without another start.
#[tokio::test]
async fn a_new_table_is_opened_to_the_service_key_at_once() {
    let cluster = Cluster::start("");
    cluster.run("create role boss login createrole createdb");
    let place = Place::new();
    let url = cluster.url("boss", "postgres");
    let mut up = place.command(&["up", "--detach", "--json", "--port", "0", "--only", "rest"]);
    let up = place.finish(
        up.env("PASSERELLE_DATABASE_URL", &url)
            .env("POSTGRES_DB", "app"),
    );
    assert_eq!(up.code, 0, "{}", up.out);
    let ready = last(&up);
    cluster.run_in(
        "app",
        "do $$ begin assert not (select rolbypassrls from pg_roles where rolname = 'service_role'); end $$",
    );
    cluster.run_in(
        "app",
        "set role postgres; create table public.secured (id int); insert into public.secured values (7);
         alter table public.secured enable row level security",
    );
    let key = place.variable(".passerelle/keys.env", "SERVICE_ROLE_KEY");
    let request = format!(
        "{}/rest/v1/secured?select=id",
        ready["summary"]["api_url"].as_str().unwrap()
    );
    // The server has no event triggers of ours, so the program looks by itself.
    let mut body = String::new();
    for _ in 0..1_200 {
        body = get(&request, &key).await;
        if body == "[{\"id\":7}]" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(body, "[{\"id\":7}]");
    let anon = place.variable(".passerelle/keys.env", "ANON_KEY");
    assert_eq!(get(&request, &anon).await, "[]");
    assert_eq!(place.run(&["down"]).code, 0);
}

async fn get(url: &str, key: &str) -> String {
    let request = reqwest::Client::new().get(url).header("apikey", key);
    request.send().await.unwrap().text().await.unwrap()
}
