//! A project's SQL on the services' own tables and functions.

use database::{PushOptions, push};
use passerelle::SCHEMAS;
use testkit::{Postgres, TestDatabase};

async fn apply(database: &TestDatabase, sql: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("migrations")).unwrap();
    std::fs::write(folder.path().join("migrations/1_project.sql"), sql).unwrap();
    let pushed = push(database.admin(), folder.path(), &PushOptions::default()).await;
    pushed.unwrap_or_else(|error| panic!("{error}"));
}

async fn texts(database: &TestDatabase, role: &str, sql: &str) -> Vec<String> {
    let client = database
        .endpoint_as("authenticator")
        .connect()
        .await
        .unwrap();
    client
        .batch_execute(&format!("set role {role}"))
        .await
        .unwrap();
    let rows = client.query(sql, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}

// DB-EVD-02, DB-POW-10, DB-POW-11, DB-POW-12, DB-FN-14: the kinds of statements that projects hold, on the real tables.
#[tokio::test]
async fn statements_of_projects_apply_to_the_services_own_tables() {
    let database = Postgres::shared().supabase(&SCHEMAS).await;
    apply(
        &database,
        "alter table storage.objects enable row level security;
         create policy \"own folder\" on storage.objects for insert to authenticated
           with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);
         create policy \"listen\" on realtime.messages for select to authenticated using (realtime.topic() = 'room');
         insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
         create table public.profiles (id uuid primary key references auth.users (id) on delete cascade, email text);
         alter table public.profiles enable row level security;
         create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
           begin insert into public.profiles (id, email) values (new.id, new.email); return new; end $$;
         create trigger on_auth_user_created after insert on auth.users for each row execute procedure public.handle_new_user();
         insert into auth.users (id, email, encrypted_password)
           values ('8a1c5c0e-0000-4000-8000-000000000001', 'ada@example.com', extensions.crypt('secret', extensions.gen_salt('bf', 4)));
         alter publication supabase_realtime add table public.profiles;
         alter table public.profiles replica identity full;",
    )
    .await;
    let client = database.connect().await;
    let row = client
        .query_one("select email from public.profiles", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "ada@example.com");
    let insert = "insert into storage.objects (bucket_id, name) values ('avatars', $1)";
    let caller = database
        .endpoint_as("authenticator")
        .connect()
        .await
        .unwrap();
    let claims = "set role authenticated; select set_config('request.jwt.claims', '{\"sub\": \"8a1c5c0e-0000-4000-8000-000000000001\"}', false)";
    caller.batch_execute(claims).await.unwrap();
    let own = "8a1c5c0e-0000-4000-8000-000000000001/me.png";
    assert_eq!(caller.execute(insert, &[&own]).await.unwrap(), 1);
    let refused = caller
        .execute(insert, &[&"somebody/me.png"])
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
}

// DB-FN-05: what policies on files call.
#[tokio::test]
async fn storage_helpers_answer_everybody() {
    let database = Postgres::shared().supabase(&SCHEMAS).await;
    for (call, expected) in [
        ("storage.foldername('a/b/c.png')::text", "{a,b}"),
        ("storage.filename('a/b/c.png')", "c.png"),
        ("storage.extension('a/b/c.png')", "png"),
        ("coalesce(storage.operation(), 'none')", "none"),
    ] {
        for role in ["anon", "authenticated", "service_role"] {
            assert_eq!(
                texts(&database, role, &format!("select {call}")).await,
                [expected],
                "{role} {call}"
            );
        }
    }
}

// DB-FN-06, DB-GRT-07: what policies on topics call, and what triggers send by.
#[tokio::test]
async fn realtime_helpers_answer_and_send() {
    let database = Postgres::shared().supabase(&SCHEMAS).await;
    let topic =
        "select coalesce(realtime.topic(), 'none') from set_config('realtime.topic', 'room', true)";
    assert_eq!(texts(&database, "authenticated", topic).await, ["room"]);
    for role in ["anon", "authenticated", "service_role"] {
        for (right, expected) in [
            ("select", "true"),
            ("insert", "true"),
            ("update", "true"),
            ("delete", "false"),
        ] {
            let may = format!(
                "select has_table_privilege('{role}', 'realtime.messages', '{right}')::text"
            );
            assert_eq!(
                texts(&database, role, &may).await,
                [expected],
                "{role} {right}"
            );
        }
    }
    let client = database.connect().await;
    client
        .batch_execute(
            "do $$ begin
               -- The running service makes one a day.
               execute format('create table realtime.messages_today partition of realtime.messages for values from (%L) to (%L)',
                 current_date, current_date + 2);
             end $$;
             set session authorization postgres;
             create table public.t (id int primary key, body text);
             create function public.told() returns trigger language plpgsql as $$
               begin perform realtime.broadcast_changes('t:' || new.id, tg_op, tg_op, tg_table_name, tg_table_schema, new, old); return null; end $$;
             create trigger told after insert on public.t for each row execute function public.told();
             insert into public.t values (1, 'a');
             select realtime.send('{\"a\": 1}'::jsonb, 'greeting', 'room', false);
             set session authorization default",
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let sent = client
        .query("select concat_ws('|', topic, event, private, payload -> 'record' ->> 'body') from realtime.messages order by 1", &[])
        .await
        .unwrap();
    let sent: Vec<String> = sent.iter().map(|row| row.get(0)).collect();
    assert_eq!(sent, ["room|greeting|f", "t:1|INSERT|t|a"]);
}

// DB-GRT-06: the real tables of auth: the owner role reads and seeds users, callers see nothing.
#[tokio::test]
async fn auths_tables_are_the_owner_roles_to_read_and_nobody_elses() {
    let database = Postgres::shared().supabase(&SCHEMAS).await;
    let open = |role: &str| {
        format!(
            "select coalesce(string_agg(c.relname, ',' order by c.relname), '') from pg_class c where c.relnamespace = 'auth'::regnamespace
               and c.relkind = 'r' and has_table_privilege('{role}', c.oid, 'select')"
        )
    };
    for role in ["anon", "authenticated", "service_role"] {
        assert_eq!(texts(&database, role, &open(role)).await, [""], "{role}");
    }
    let closed = "select coalesce(string_agg(c.relname, ',' order by c.relname), '') from pg_class c where c.relnamespace = 'auth'::regnamespace
       and c.relkind = 'r' and not has_table_privilege('postgres', c.oid, 'select, insert, update, delete, truncate, references, trigger')";
    assert_eq!(texts(&database, "service_role", closed).await, [""]);
    let owners = "select string_agg(distinct c.relowner::regrole::text, ',') from pg_class c where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r'";
    assert_eq!(
        texts(&database, "service_role", owners).await,
        ["supabase_auth_admin"]
    );
}
