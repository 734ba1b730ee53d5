//! What the owner role can do by itself, through any client (spec section 9).

use settings::OwnerRole;

use crate::house::{House, refused, run, texts};

/// From which major version on a statement works for the plain role; `None`: never, and the code it is refused with.
type Power = (&'static str, Result<u32, &'static str>);

const POWERS: [Power; 35] = [
    // DB-POW-10.
    (
        "create policy shape on storage.objects for select to anon using (true)",
        Ok(14),
    ),
    (
        "alter policy shape on storage.objects using (false)",
        Ok(14),
    ),
    ("drop policy shape on storage.objects", Ok(14)),
    (
        "create policy shape on realtime.messages for select to authenticated using (true)",
        Ok(14),
    ),
    (
        "create policy shape on auth.users for select to authenticated using (id = auth.uid())",
        Ok(14),
    ),
    // DB-POW-11.
    (
        "alter table storage.objects enable row level security",
        Ok(14),
    ),
    ("alter table auth.users enable row level security", Ok(14)),
    // DB-POW-12.
    (
        "create function public.shape() returns trigger language plpgsql as 'begin return new; end'",
        Ok(14),
    ),
    (
        "create trigger shape after insert on auth.users for each row execute function public.shape()",
        Ok(14),
    ),
    (
        "create table public.profiles (id uuid primary key references auth.users (id) on delete cascade)",
        Ok(14),
    ),
    (
        "create view public.emails as select id, email from auth.users",
        Ok(14),
    ),
    // DB-POW-13, DB-POW-14.
    ("drop trigger shape on auth.users", Ok(14)),
    ("create index shape on storage.objects (name)", Ok(14)),
    ("create index shape_users on auth.users (email)", Ok(14)),
    // DB-POW-15.
    (
        "create function auth.shape() returns uuid language sql as 'select null::uuid'",
        Ok(14),
    ),
    (
        "create function storage.shape() returns uuid language sql as 'select null::uuid'",
        Ok(14),
    ),
    // DB-POW-16: trusted ones by PostgreSQL itself; the others by the runner (DB-POW-03).
    (
        "create extension if not exists citext with schema extensions",
        Ok(14),
    ),
    ("create extension if not exists hstore", Ok(14)),
    ("create extension dblink", Err("42501")),
    // DB-POW-17, DB-POW-18, DB-POW-19, DB-POW-02, DB-VER-02: granting settings came with 15.
    ("set session_replication_role = replica", Ok(15)),
    (
        "alter role authenticator set pgrst.db_schemas = 'public'",
        Ok(15),
    ),
    ("alter role authenticator reset pgrst.db_schemas", Ok(15)),
    ("alter role anon set statement_timeout = '3s'", Ok(14)),
    ("alter role service_role set lock_timeout = '4s'", Ok(14)),
    ("alter role service_role reset lock_timeout", Ok(14)),
    // DB-POW-20, DB-POW-21, DB-POW-22: by the runner.
    (
        "create event trigger shape on sql_drop execute function extensions.pgrst_drop_watch()",
        Err("42501"),
    ),
    ("create publication shape for all tables", Err("42501")),
    ("create foreign data wrapper shape", Err("42501")),
    // DB-POW-23, DB-POW-24.
    (
        "alter publication supabase_realtime add table public.profiles",
        Ok(14),
    ),
    (
        "alter default privileges for role postgres in schema public revoke all on tables from anon",
        Ok(14),
    ),
    (
        "grant anon to dashboard_user; revoke anon from dashboard_user",
        Ok(14),
    ),
    // DB-POW-06, DB-POW-26, DB-POW-28.
    ("alter role authenticator superuser", Err("42501")),
    (
        "create function public.c() returns int language c as 'x', 'y'",
        Err("42501"),
    ),
    ("alter system set work_mem = '1GB'", Err("42501")),
    ("copy public.profiles to program 'true'", Err("42501")),
];

// DB-POW-10 to DB-POW-28 as any client finds them, case 3 of section 20; DB-POW-01, DB-POW-02, DB-POW-11, DB-POW-12,
// DB-POW-23, DB-POW-24.
#[tokio::test]
async fn the_owner_role_has_its_powers_through_any_client() {
    let house = House::new().await;
    let major = house.major().await;
    let owner = house.owner().await;
    for (sql, expected) in POWERS {
        match expected {
            Ok(since) if since <= major => run(&owner, sql).await,
            Ok(_) => assert_eq!(refused(&owner, sql).await, "42501", "{sql}"),
            Err(code) => assert_eq!(refused(&owner, sql).await, code, "{sql}"),
        }
    }
}

// DB-POW-01: `strict` is what newest upstream does.
#[tokio::test]
async fn a_strict_owner_role_does_not_own_the_services_tables() {
    // Roles are the cluster's, so this one has a role of its own in the owner's place: what a grant gives it takes.
    let house = House::with(|options| options.owner_role = OwnerRole::Strict).await;
    let client = house.client().await;
    run(
        &client,
        "drop role if exists shape_strict; create role shape_strict login;
         grant usage on schema storage, public to shape_strict; grant all on storage.objects to shape_strict",
    )
    .await;
    let strict = house.role("shape_strict").await;
    assert_eq!(
        refused(&strict, "create policy p on storage.objects using (true)").await,
        "42501"
    );
    run(&client, "grant supabase_storage_admin to shape_strict").await;
    run(&strict, "create policy p on storage.objects using (true)").await;
    run(
        &client,
        "drop owned by shape_strict; drop role shape_strict",
    )
    .await;
}

// DB-VER-02: what came with 15, on tables that projects make.
#[tokio::test]
async fn views_can_ask_as_their_caller() {
    let house = House::new().await;
    if house.major().await < 15 {
        return;
    }
    let owner = house.owner().await;
    run(
        &owner,
        "create table public.notes (a int, b int, unique nulls not distinct (a, b));
         insert into public.notes values (1, null);
         alter table public.notes enable row level security;
         create view public.all_notes as select a from public.notes;
         create view public.my_notes with (security_invoker = true) as select a from public.notes",
    )
    .await;
    assert_eq!(
        refused(&owner, "insert into public.notes values (1, null)").await,
        "23505"
    );
    let login = house.role("authenticator").await;
    run(&login, "set role anon").await;
    assert_eq!(
        texts(&login, "select a::text from public.all_notes").await,
        ["1"]
    );
    assert_eq!(
        texts(&login, "select a::text from public.my_notes").await,
        [""; 0]
    );
    let grants = "select parname::text from pg_parameter_acl a, aclexplode(a.paracl) g where g.grantee = 'postgres'::regrole and g.privilege_type = 'SET' and parname in ('session_replication_role', 'pgrst.db_schemas', 'app.settings.jwt_secret') order by 1";
    assert_eq!(
        house.texts(grants).await,
        [
            "app.settings.jwt_secret",
            "pgrst.db_schemas",
            "session_replication_role"
        ]
    );
}

// DB-VER-07: maintenance runs with a path of PostgreSQL's own from 17 on; our functions do not depend on any.
#[tokio::test]
async fn helper_functions_work_whatever_the_path() {
    let house = House::new().await;
    let owner = house.owner().await;
    run(
        &owner,
        "create table public.notes (id uuid default extensions.uuid_generate_v4(), body text);
         create function public.digest_of(body text) returns bytea language sql immutable as $$ select extensions.digest(body, 'sha256') $$;
         create index notes_digest on public.notes (public.digest_of(body));
         insert into public.notes (body) values ('a');
         create materialized view public.mine as select n.*, auth.uid() as caller, auth.jwt() as claims, auth.role() as role from public.notes n;
         refresh materialized view public.mine; analyze public.notes; reindex table public.notes; cluster public.notes using notes_digest",
    )
    .await;
    assert_eq!(
        texts(
            &owner,
            "select coalesce(caller::text, 'nobody') || body from public.mine"
        )
        .await,
        ["nobodya"]
    );
    // The trap that it is about, where PostgreSQL sets it.
    let refresh = "create function public.unqualified() returns uuid language sql as $$ select uuid_generate_v4() $$;
                   create materialized view public.trap as select public.unqualified() as id";
    let trapped = owner.batch_execute(refresh).await.is_err();
    assert_eq!(trapped, house.major().await >= 17);
}
