//! Roles, what they are members of, their settings (spec sections 2 and 3).

use crate::house::{House, refused, run, texts};

// DB-ROLE-01, DB-ROLE-02, DB-ROLE-03, DB-ROLE-04, DB-ROLE-05, DB-ROLE-06, DB-ROLE-07, DB-ROLE-08, DB-ROLE-09,
// DB-ROLE-10, DB-ROLE-11, DB-ROLE-12, DB-ROLE-13, DB-ROLE-14, DB-ROLE-15: `\du`, case 1 of section 20.
#[tokio::test]
async fn every_role_has_the_attributes_that_projects_presume() {
    let house = House::new().await;
    let found = house
        .texts(
            "select concat_ws(' ', rolname, case when rolcanlogin then 'login' end, case when rolinherit then 'inherit' end,
               case when rolcreatedb then 'createdb' end, case when rolcreaterole then 'createrole' end,
               case when rolreplication then 'replication' end, case when rolbypassrls then 'bypassrls' end,
               case when rolsuper then 'superuser' end)
             from pg_roles
             where rolname in ('postgres', 'anon', 'authenticated', 'service_role', 'authenticator', 'dashboard_user', 'pgbouncer')
               or rolname like 'supabase%' or rolname like 'pgsodium%' or rolname = 'pgtle_admin'
             order by 1",
        )
        .await;
    assert_eq!(
        found,
        [
            "anon inherit",
            "authenticated inherit",
            "authenticator login",
            "dashboard_user inherit createdb createrole replication",
            "pgbouncer login inherit",
            "pgsodium_keyholder inherit",
            "pgsodium_keyiduser inherit",
            "pgsodium_keymaker inherit",
            "pgtle_admin inherit",
            "postgres login inherit createdb createrole replication bypassrls",
            "service_role inherit bypassrls",
            "supabase_admin login inherit createdb createrole replication bypassrls superuser",
            "supabase_auth_admin login",
            "supabase_etl_admin login inherit replication",
            "supabase_functions_admin login createrole",
            "supabase_read_only_user login inherit bypassrls",
            "supabase_realtime_admin",
            "supabase_replication_admin login inherit replication",
            "supabase_storage_admin login createrole",
            "supabase_superuser inherit",
        ]
    );
}

/// Who is a member of what; from PostgreSQL 16 on with each grant's own options.
const MEMBERSHIPS: &str = "
select format('%s of %s%s', m.member::regrole, m.roleid::regrole,
  case when current_setting('server_version_num')::int >= 160000 then
    (select string_agg(case value when 'true' then ' ' || key end, '' order by key)
     from jsonb_each_text(to_jsonb(m)) where key in ('admin_option', 'inherit_option', 'set_option'))
  end)
from pg_auth_members m
where m.roleid::regrole::text !~ '^shape_' and (m.member::regrole::text in ('postgres', 'authenticator') or m.member::regrole::text like 'supabase%_admin'
  or m.member::regrole::text = 'supabase_read_only_user')
order by 1";

// DB-ROLE-01, DB-ROLE-05, DB-ROLE-08, DB-ROLE-12, DB-POW-01, DB-VER-03, DB-VER-04: memberships, and on 16 and later the
// options of each: nobody inherits callers' rights by being their login, the owner role may grant them on.
#[tokio::test]
async fn memberships_and_their_options_are_exact() {
    let house = House::new().await;
    let is_modern = house.major().await >= 16;
    let expected: Vec<String> = [
        ("authenticator of anon", " set_option"),
        ("authenticator of authenticated", " set_option"),
        ("authenticator of service_role", " set_option"),
        (
            "postgres of anon",
            " admin_option inherit_option set_option",
        ),
        (
            "postgres of authenticated",
            " admin_option inherit_option set_option",
        ),
        ("postgres of authenticator", " admin_option"),
        ("postgres of pg_monitor", " inherit_option set_option"),
        ("postgres of pg_read_all_data", " inherit_option set_option"),
        (
            "postgres of pg_signal_backend",
            " inherit_option set_option",
        ),
        (
            "postgres of service_role",
            " admin_option inherit_option set_option",
        ),
        (
            "postgres of supabase_auth_admin",
            " inherit_option set_option",
        ),
        (
            "postgres of supabase_functions_admin",
            " inherit_option set_option",
        ),
        (
            "postgres of supabase_realtime_admin",
            " inherit_option set_option",
        ),
        (
            "postgres of supabase_storage_admin",
            " inherit_option set_option",
        ),
        (
            "supabase_read_only_user of pg_read_all_data",
            " inherit_option set_option",
        ),
        ("supabase_replication_admin of authenticator", " set_option"),
        (
            "supabase_replication_admin of supabase_realtime_admin",
            " inherit_option set_option",
        ),
        ("supabase_storage_admin of authenticator", " set_option"),
    ]
    .into_iter()
    .map(|(membership, options)| {
        let options = if is_modern { options } else { "" };
        format!("{membership}{options}")
    })
    .collect();
    assert_eq!(house.texts(MEMBERSHIPS).await, expected);
}

// DB-ROLE-05, DB-VER-03, DB-VER-04, DB-POW-24: callers' roles are chosen, not inherited; a role of the project's is given
// to the login by the owner role, on every version.
#[tokio::test]
async fn a_custom_role_is_reached_through_the_login() {
    let house = House::new().await;
    let owner = house.owner().await;
    run(
        &owner,
        "drop role if exists shape_teller; create role shape_teller; grant shape_teller to authenticator;
         grant anon to shape_teller; alter role anon set statement_timeout = '3s'; create table public.t (a int)",
    )
    .await;
    let login = house.role("authenticator").await;
    assert_eq!(refused(&login, "select from public.t").await, "42501");
    for role in ["anon", "authenticated", "service_role", "shape_teller"] {
        run(&login, &format!("set role {role}")).await;
        assert_eq!(texts(&login, "select current_user::text").await, [role]);
    }
    assert_eq!(refused(&login, "set role postgres").await, "42501");
    run(
        &owner,
        "revoke shape_teller from authenticator; drop role shape_teller",
    )
    .await;
}

// DB-SET-01, DB-SET-02, DB-SET-03, DB-SET-04, DB-SET-05, DB-SET-06, DB-SET-07, DB-SET-08, DB-SET-20: `\drds`.
#[tokio::test]
async fn every_role_has_its_settings() {
    let house = House::new().await;
    let found = house
        .texts(
            "select format('%s: %s', s.setrole::regrole, entry)
             from pg_db_role_setting s, unnest(s.setconfig) as entry where s.setdatabase = 0 order by 1",
        )
        .await;
    assert_eq!(
        found,
        [
            "anon: statement_timeout=3s",
            "authenticated: statement_timeout=8s",
            "authenticator: lock_timeout=8s",
            "authenticator: statement_timeout=8s",
            "postgres: search_path=\"$user\", public, extensions",
            "supabase_admin: search_path=\"$user\", public, auth, extensions",
            "supabase_auth_admin: idle_in_transaction_session_timeout=60000",
            "supabase_auth_admin: search_path=auth",
            "supabase_functions_admin: search_path=supabase_functions",
            "supabase_storage_admin: search_path=storage",
        ]
    );
}

// DB-SET-20, DB-SET-04: the path is one that PostgreSQL resolves to the schemas that are meant.
#[tokio::test]
async fn the_owner_roles_path_reaches_its_own_schema_public_and_extensions() {
    let house = House::new().await;
    let owner = house.owner().await;
    let path = "select array_to_string(current_schemas(false), ',')";
    assert_eq!(texts(&owner, path).await, ["public,extensions"]);
    run(&owner, "create schema postgres").await;
    assert_eq!(texts(&owner, path).await, ["postgres,public,extensions"]);
    // A schema that is called as upstream's slip would have it plays no part.
    run(&owner, "create schema \"\\$user\"").await;
    assert_eq!(texts(&owner, path).await, ["postgres,public,extensions"]);
}

// DB-SET-23: what users' functions read; the secret only where it is asked for.
#[tokio::test]
async fn settings_for_the_projects_functions_are_the_databases() {
    let settings = "select concat_ws('|', current_setting('app.settings.jwt_exp', true), current_setting('app.settings.jwt_secret', true))";
    let house = House::new().await;
    let anon = house.role("authenticator").await;
    assert_eq!(texts(&anon, settings).await, ["3600"]);
    let house = House::with(|options| {
        options.exposed_jwt_secret = Some(base::Secret::new("the secret"));
    })
    .await;
    let login = house.role("authenticator").await;
    assert_eq!(texts(&login, settings).await, ["3600|the secret"]);
    // And projects set their own.
    let owner = house.owner().await;
    let name = house.database.admin().database();
    let major = house.major().await;
    if major >= 15 {
        run(
            &owner,
            &format!("alter database {name} set \"app.settings.jwt_secret\" = 'another'"),
        )
        .await;
        let login = house.role("authenticator").await;
        assert_eq!(texts(&login, settings).await, ["3600|another"]);
    }
}
