//! A dump that leaves here, and comes back.

use std::path::PathBuf;
use std::process::Command;

use database::{DumpPart, DumpPlan, plan_dump};

use crate::house::{House, notes};

/// `pg_dump` of the server's version, or a newer one; none is a fault of the machine's.
fn pg_dump() -> PathBuf {
    let beside = testkit::program("pg_dump");
    if beside.exists() {
        beside
    } else {
        PathBuf::from("pg_dump")
    }
}

fn run(house: &House, arguments: &[String]) -> Vec<u8> {
    let output = Command::new(pg_dump())
        .args(arguments)
        .envs(house.database.admin().variables())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Whether there is a `pg_dump` that dumps this server: it refuses newer ones.
async fn can_dump(house: &House) -> bool {
    let server = house
        .texts("select current_setting('server_version_num')")
        .await;
    let output = Command::new(pg_dump()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let major = text
        .rsplit(' ')
        .find_map(|word| word.split('.').next()?.trim().parse::<u32>().ok());
    let server: u32 = server[0].parse().unwrap();
    major.is_some_and(|major| major >= server / 10_000)
}

async fn dump(house: &House, part: DumpPart, vault: bool) -> (DumpPlan, String) {
    let plan = plan_dump(house.database.admin(), part, vault)
        .await
        .unwrap();
    let mut script = Vec::new();
    plan.pass(run(house, &plan.arguments).as_slice(), &mut script)
        .unwrap();
    if !plan.more_rows.is_empty() {
        plan.pass_more(run(house, &plan.more_rows).as_slice(), &mut script)
            .unwrap();
    }
    (plan, String::from_utf8(script).unwrap())
}

const PROJECT: &str = "
create table public.tasks (id int primary key, schema json check (extensions.json_matches_schema('{}', schema)));
alter table public.tasks enable row level security;
create policy mine on public.tasks using ((select auth.uid()) is not null);
create function public.token() returns text language sql as $$ select extensions.sign('{\"a\": 1}', 'secret') $$;
create trigger hook after insert on public.tasks for each row
  execute function supabase_functions.http_request('http://localhost', 'POST', '{}', '{}', '1000');
alter publication supabase_realtime add table public.tasks;
insert into auth.users (id, email) values ('8a1c5c0e-0000-4000-8000-000000000001', 'ada@example.com');
select vault.create_secret('hush', 'mine');
select cron.schedule('nightly', '0 3 * * *', 'select 1');
select cron.schedule('*/5 * * * *', 'select ''two''');
select pgmq.create('letters');
select pgmq.send('letters', '{\"to\": \"ada\"}');
";

async fn project() -> House {
    let house = House::new().await;
    house
        .restore("create extension pgjwt with schema extensions; create extension pg_jsonschema with schema extensions; create extension pg_cron; create extension pgmq; create extension http with schema extensions; create extension hypopg with schema extensions;")
        .await;
    let client = house.client().await;
    client
        .batch_execute("set session authorization postgres")
        .await
        .unwrap();
    client
        .batch_execute(PROJECT)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    house
}

// DB-DMP-20, DB-SCH-16: what leaves names nothing of ours, and the real extensions.
#[tokio::test]
async fn a_dump_names_extensions_in_the_place_of_substitutes() {
    let house = project().await;
    if !can_dump(&house).await {
        return;
    }
    let (plan, script) = dump(&house, DumpPart::All, false).await;
    assert_eq!(plan.secrets, 1);
    for line in [
        "CREATE EXTENSION IF NOT EXISTS \"supabase_vault\" WITH SCHEMA \"vault\";",
        "CREATE EXTENSION IF NOT EXISTS \"pg_net\" WITH SCHEMA \"extensions\";",
        "CREATE EXTENSION IF NOT EXISTS \"pgjwt\" WITH SCHEMA \"extensions\";",
        "CREATE EXTENSION IF NOT EXISTS \"pg_jsonschema\" WITH SCHEMA \"extensions\";",
        "CREATE EXTENSION IF NOT EXISTS \"pg_cron\" WITH SCHEMA \"pg_catalog\";",
        "CREATE EXTENSION IF NOT EXISTS \"pgmq\" WITH SCHEMA \"pgmq\";",
        "SELECT cron.schedule('nightly', '0 3 * * *', 'select 1');",
        "SELECT pgmq.create('letters');",
    ] {
        assert!(script.contains(line), "{line}");
    }
    // Its functions of ours stay at home, and so do our schema and the secrets.
    for text in [
        "passerelle.",
        "SCHEMA passerelle",
        "FUNCTION extensions.sign(",
        "FUNCTION extensions.json_matches_schema(",
        "TYPE extensions.http_request",
        "DOMAIN extensions.http_method",
        "VIEW extensions.hypopg_list_indexes",
        "FUNCTION vault.",
        "TABLE net.",
        "vault.secrets",
    ] {
        assert!(!script.contains(text), "{text}");
    }
    // Whoever uses them names them before they are made.
    let extension = script.find("EXISTS \"pg_jsonschema\"").unwrap();
    assert!(extension < script.find("CREATE TABLE public.tasks").unwrap());
}

// Case 5 of section 20, DB-DMP-09, DB-DMP-20, DB-SUB-02.
#[tokio::test]
async fn a_dump_comes_back_whole() {
    let house = project().await;
    if !can_dump(&house).await {
        return;
    }
    let (plan, script) = dump(&house, DumpPart::All, true).await;
    assert_eq!(plan.secrets, 0);
    let other = House::new().await;
    let report = other.restore(&script).await;
    assert_eq!(report.unmatched, []);
    for sql in [
        "select email from auth.users",
        "select name || decrypted_secret from vault.decrypted_secrets",
        "select concat_ws('|', jobname, schedule, command, active, username) from cron.job order by jobid",
        "select message::text from pgmq.q_letters",
        "select queue_name::text from pgmq.meta",
        "select tgname::text from pg_trigger where tgrelid = 'public.tasks'::regclass and not tgisinternal",
        "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'public.tasks'::regclass and contype <> 'n' order by 1",
        "select polname::text from pg_policy where polrelid = 'public.tasks'::regclass",
        "select tablename::text from pg_publication_tables where pubname = 'supabase_realtime'",
        "select public.token()",
        "select name from passerelle.substitutes order by 1",
        "select concat_ws(' ', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, array(select unnest(defaclacl)::text order by 1)) from pg_default_acl order by 1",
        "select concat_ws(' ', n.nspname, pg_get_userbyid(n.nspowner)) from pg_namespace n where nspname !~ '^pg_' order by 1",
    ] {
        let (there, back) = (house.texts(sql).await, other.texts(sql).await);
        assert!(!there.is_empty(), "{sql}");
        assert_eq!(back, there, "{sql}");
    }
    // Everything that was left out stands here already.
    for (line, text) in notes(&report) {
        let expected = [
            "left out: it is there already",
            "left out: it has its owner already",
            "stands already",
            "has its own triggers",
            "substitute",
            "run as the administrator: extension",
            "run as the administrator: default privileges",
            "needs to own the extension",
            "keeps its own ledger",
            "this server has no setting",
        ];
        assert!(
            expected.iter().any(|expected| text.contains(expected)),
            "line {line}: {text}"
        );
    }
}

// DB-DMP-08: rows alone, into a database that has the schema.
#[tokio::test]
async fn rows_alone_come_back_into_the_schema() {
    let house = project().await;
    if !can_dump(&house).await {
        return;
    }
    let (_, schema) = dump(&house, DumpPart::Schema, false).await;
    let (_, rows) = dump(&house, DumpPart::Data, false).await;
    assert!(
        rows.contains("\nSET session_replication_role = replica;"),
        "{rows}"
    );
    let other = House::new().await;
    let files = [
        other.write("schema.sql", &schema),
        other.write("rows.sql", &rows),
    ];
    other
        .try_restore(&files)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        other.texts("select email from auth.users").await,
        ["ada@example.com"]
    );
    assert_eq!(
        other
            .texts("select message::text from pgmq.q_letters")
            .await,
        ["{\"to\": \"ada\"}"]
    );
}
