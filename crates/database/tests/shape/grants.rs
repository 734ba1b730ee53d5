//! Grants and default privileges (spec section 5).

use crate::house::{House, refused, run, texts};

const API: [&str; 3] = ["anon", "authenticated", "service_role"];

// DB-GRT-01: who may use which schema.
#[tokio::test]
async fn schemas_are_open_to_whom_projects_presume() {
    let house = House::new().await;
    let usage = "
select concat_ws(' ', n.nspname, string_agg(r.rolname, ',' order by r.rolname))
from pg_namespace n
join pg_roles r on r.rolname in ('anon', 'authenticated', 'service_role', 'postgres', 'dashboard_user')
where n.nspname !~ '^(pg_|information_schema)' and has_schema_privilege(r.oid, n.oid, 'usage')
group by n.nspname order by 1";
    let all = "anon,authenticated,dashboard_user,postgres,service_role";
    let api = "anon,authenticated,postgres,service_role";
    // PostgreSQL itself opens `public` to everybody.
    assert_eq!(
        house.texts(usage).await,
        [
            format!("auth {all}"),
            format!("extensions {all}"),
            format!("graphql_public {api}"),
            format!("net {api}"),
            // It may read everything, as upstream's does (`pg_read_all_data`).
            "passerelle postgres".to_owned(),
            format!("public {all}"),
            format!("realtime {all}"),
            format!("storage {all}"),
            format!("supabase_functions {api}"),
            "supabase_migrations postgres".to_owned(),
            "vault postgres,service_role".to_owned(),
        ]
    );
    let create = "
select concat_ws(' ', n.nspname, r.rolname)
from pg_namespace n, pg_roles r
where r.rolname in ('anon', 'authenticated', 'service_role', 'postgres', 'authenticator') and has_schema_privilege(r.oid, n.oid, 'create')
  and n.nspname !~ '^(pg_|information_schema)' and (n.nspname <> 'public' or r.rolname = 'postgres')
order by 1";
    assert_eq!(
        house.texts(create).await,
        [
            "auth postgres",
            "extensions postgres",
            "public postgres",
            // These by membership in their owners.
            "realtime postgres",
            "storage postgres",
            "supabase_functions postgres",
            "supabase_migrations postgres",
        ]
    );
}

// DB-GRT-01: in a database of somebody else's, whose `public` the owner role does not own, projects grant on it too.
#[tokio::test]
async fn the_owner_role_grants_on_public_in_anybodys_database() {
    let database = testkit::Postgres::shared().database().await;
    let options = crate::house::options(&database);
    database::prepare(database.admin(), &options, &[])
        .await
        .unwrap();
    let owner = database.endpoint_as("postgres").connect().await.unwrap();
    let client = database.connect().await;
    client
        .batch_execute("drop role if exists shape_reader; create role shape_reader")
        .await
        .unwrap();
    run(&owner, "grant usage on schema public to shape_reader").await;
    let granted = "select count(*)::text from pg_namespace, aclexplode(nspacl) a where nspname = 'public' and a.grantee = 'shape_reader'::regrole";
    assert_eq!(texts(&client, granted).await, ["1"]);
    run(&owner, "revoke usage on schema public from shape_reader").await;
    client
        .batch_execute("drop role shape_reader")
        .await
        .unwrap();
}

/// `\ddp`: for whom, of whose objects, where, of which kind; `*` with the right to grant on.
const DEFAULTS: &str = "
select format('%s %s %s: %s', d.defaclrole::regrole, n.nspname, d.defaclobjtype, string_agg(distinct holder, ','))
from pg_default_acl d
join pg_namespace n on n.oid = d.defaclnamespace
cross join lateral (
  select a.grantee::regrole::text || case when bool_or(a.is_grantable) then '*' else '' end || case
    when count(*) < case d.defaclobjtype when 'r' then 7 when 'S' then 3 else 1 end then ' partly' else '' end as holder
  from aclexplode(d.defaclacl) a
  group by a.grantee
) holders
group by d.defaclrole, n.nspname, d.defaclobjtype
order by 1";

// DB-GRT-02, DB-GRT-05, DB-GRT-06, DB-GRT-07, DB-GRT-08, DB-GRT-09: case 1 of section 20.
#[tokio::test]
async fn default_privileges_are_upstreams_for_every_kind_of_object() {
    let house = House::new().await;
    let api = "anon,authenticated,postgres,service_role";
    let expected: Vec<String> = [
        ("postgres graphql_public", "f", api),
        ("postgres public", "Sfr", api),
        ("postgres storage", "Sfr", api),
        ("supabase_admin extensions", "Sfr", "postgres*"),
        ("supabase_admin graphql_public", "f", api),
        ("supabase_admin public", "Sfr", api),
        ("supabase_admin realtime", "Sfr", "dashboard_user,postgres"),
        ("supabase_auth_admin auth", "Sfr", "dashboard_user,postgres"),
        ("supabase_functions_admin supabase_functions", "Sfr", api),
        ("supabase_storage_admin storage", "Sfr", api),
    ]
    .into_iter()
    .flat_map(|(place, kinds, holders)| {
        kinds
            .chars()
            .map(move |kind| format!("{place} {kind}: {holders}"))
    })
    .collect();
    let mut found = house.texts(DEFAULTS).await;
    // The order of the server's locale is not that of bytes.
    found.sort();
    assert_eq!(found, expected);
}

// DB-GRT-03: hidden on purpose; what is granted in so many words is reached.
#[tokio::test]
async fn hidden_tables_are_reached_once_granted() {
    let house = House::with(|options| options.auto_expose_new_tables = false).await;
    let owner = house.owner().await;
    run(&owner, "create table public.t (id serial); create function public.f() returns int language sql as 'select 1'").await;
    let login = house.role("authenticator").await;
    for role in API {
        run(&login, &format!("set role {role}")).await;
        for sql in [
            "select from public.t",
            "insert into public.t default values",
            "select nextval('public.t_id_seq')",
        ] {
            assert_eq!(refused(&login, sql).await, "42501", "{role}: {sql}");
        }
    }
    run(&owner, "grant select on public.t to anon").await;
    run(&login, "set role anon; select from public.t").await;
}

// DB-GRT-04.
#[tokio::test]
async fn functions_can_be_closed_to_everybody() {
    let house = House::new().await;
    let owner = house.owner().await;
    let login = house.role("authenticator").await;
    run(&login, "set role anon").await;
    run(
        &owner,
        "create function public.before() returns int language sql as 'select 1'",
    )
    .await;
    run(&login, "select public.before()").await;
    run(
        &owner,
        "alter default privileges for role postgres revoke execute on functions from public;
         alter default privileges for role postgres in schema public revoke execute on functions from anon;
         create function public.after() returns int language sql as 'select 1'",
    )
    .await;
    assert_eq!(refused(&login, "select public.after()").await, "42501");
    run(
        &login,
        "set role authenticated; select public.after(), public.before()",
    )
    .await;
}

// DB-GRT-06: the owner role reads and seeds users, and owns nothing of it; callers have nothing but the functions.
#[tokio::test]
async fn auth_is_open_to_the_owner_role_and_closed_to_callers() {
    let house = House::new().await;
    let rights = [
        "select",
        "insert",
        "update",
        "delete",
        "truncate",
        "references",
        "trigger",
    ];
    for (role, expected) in [
        ("postgres", true),
        ("dashboard_user", true),
        ("anon", false),
        ("authenticated", false),
        ("service_role", false),
        ("authenticator", false),
    ] {
        for right in rights {
            let may =
                format!("select has_table_privilege('{role}', 'auth.users', '{right}')::text");
            assert_eq!(
                house.texts(&may).await,
                [expected.to_string()],
                "{role} {right}"
            );
        }
        for function in ["uid", "role", "email", "jwt"] {
            let may = format!(
                "select has_function_privilege('{role}', 'auth.{function}()', 'execute')::text"
            );
            assert_eq!(house.texts(&may).await, ["true"], "{role} {function}");
        }
    }
    assert_eq!(
        house.texts("select distinct relowner::regrole::text from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'").await,
        ["supabase_auth_admin"]
    );
    // With strict membership too: the rights are granted, not inherited.
    let strict = House::with(|options| options.owner_role = settings::OwnerRole::Strict).await;
    let granted = "select string_agg(distinct lower(a.privilege_type), ',') from pg_class c, aclexplode(c.relacl) a where c.oid = 'auth.users'::regclass and a.grantee = 'postgres'::regrole and a.privilege_type <> 'MAINTAIN'";
    assert_eq!(
        strict.texts(granted).await,
        ["delete,insert,references,select,trigger,truncate,update"]
    );
}

// DB-GRT-10, DB-GRT-12, DB-GRT-13.
#[tokio::test]
async fn secrets_requests_and_the_database_are_open_to_the_right_roles() {
    let house = House::new().await;
    let may = |what: &str| {
        format!(
            "select string_agg(rolname, ',' order by rolname) from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'postgres', 'dashboard_user', 'supabase_storage_admin') and {what}"
        )
    };
    for (what, expected) in [
        (
            "has_table_privilege(oid, 'vault.secrets', 'select')",
            "postgres,service_role",
        ),
        (
            "has_table_privilege(oid, 'vault.secrets', 'delete')",
            "postgres,service_role",
        ),
        (
            "has_table_privilege(oid, 'vault.decrypted_secrets', 'select')",
            "postgres,service_role",
        ),
        (
            "has_function_privilege(oid, 'vault.create_secret(text, text, text, uuid)', 'execute')",
            "postgres,service_role",
        ),
        (
            "has_function_privilege(oid, 'net.http_get(text, jsonb, jsonb, int)', 'execute')",
            "anon,authenticated,postgres,service_role",
        ),
        (
            "has_database_privilege(oid, current_database(), 'create')",
            "dashboard_user,postgres,supabase_storage_admin",
        ),
        (
            "has_database_privilege(oid, current_database(), 'connect')",
            "anon,authenticated,dashboard_user,postgres,service_role,supabase_storage_admin",
        ),
    ] {
        assert_eq!(house.texts(&may(what)).await, [expected], "{what}");
    }
}

// DB-VER-01: a login of the project's makes nothing in `public` unless it is let to.
#[tokio::test]
async fn public_takes_objects_of_those_who_were_let_to() {
    let house = House::new().await;
    if house.major().await < 15 {
        return;
    }
    let owner = house.owner().await;
    run(&owner, "drop role if exists shape_maker; create role shape_maker login; create table public.mine (a int)").await;
    let maker = house.role("shape_maker").await;
    assert_eq!(
        refused(&maker, "create table public.theirs (a int)").await,
        "42501"
    );
    run(&owner, "grant create on schema public to shape_maker").await;
    run(
        &maker,
        "create table public.theirs (a int); drop table public.theirs",
    )
    .await;
    run(
        &owner,
        "revoke create on schema public from shape_maker; drop role shape_maker",
    )
    .await;
}
