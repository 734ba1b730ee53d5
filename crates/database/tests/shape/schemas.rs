//! Schemas, extensions, event triggers, publications (spec sections 4, 6, 10, 11).

use crate::house::{House, refused, run, texts};

// DB-SCH-01, DB-SCH-02, DB-SCH-03, DB-SCH-04, DB-SCH-05, DB-SCH-06, DB-SCH-08, DB-SCH-09, DB-SCH-10, DB-SCH-13,
// DB-SCH-16: `\dn`, case 1 of section 20.
#[tokio::test]
async fn every_schema_has_its_owner() {
    let house = House::new().await;
    // Before 15 the bootstrap superuser owns it.
    let public = if house.major().await >= 15 {
        "public pg_database_owner"
    } else {
        "public supabase_admin"
    };
    let found = house
        .texts("select concat_ws(' ', nspname, nspowner::regrole) from pg_namespace where nspname !~ '^(pg_|information_schema)' order by 1")
        .await;
    assert_eq!(
        found,
        [
            "auth supabase_auth_admin",
            "extensions postgres",
            "graphql_public supabase_admin",
            "net supabase_admin",
            "passerelle supabase_admin",
            public,
            "realtime supabase_realtime_admin",
            "storage supabase_storage_admin",
            "supabase_functions supabase_admin",
            "supabase_migrations postgres",
            "vault supabase_admin",
        ]
    );
}

// DB-SCH-16: our own schema is nobody else's business.
#[tokio::test]
async fn our_own_schema_is_closed_to_the_api() {
    let house = House::new().await;
    for role in [
        "anon",
        "authenticated",
        "service_role",
        "authenticator",
        "dashboard_user",
    ] {
        let may = format!("select has_schema_privilege('{role}', 'passerelle', 'usage')::text");
        assert_eq!(house.texts(&may).await, ["false"], "{role}");
    }
    let login = house.role("authenticator").await;
    run(&login, "set role service_role").await;
    assert_eq!(
        refused(&login, "select from passerelle.schema_migrations").await,
        "42501"
    );
}

// DB-EXT-01, DB-FN-07.
#[tokio::test]
async fn extensions_that_everybody_presumes_are_there() {
    let house = House::new().await;
    let available = house
        .texts("select name::text from pg_available_extensions where name in ('pgcrypto', 'uuid-ossp', 'pg_stat_statements') order by 1")
        .await;
    let found = house
        .texts("select concat_ws(' ', extname, extnamespace::regnamespace) from pg_extension order by 1")
        .await;
    let mut expected: Vec<String> = available
        .iter()
        .map(|name| format!("{name} extensions"))
        .collect();
    expected.push("plpgsql pg_catalog".to_owned());
    expected.sort();
    assert_eq!(found, expected);
    // The vault stands from the start, by the real extension or in its place.
    assert_eq!(
        house
            .texts("select to_regclass('vault.decrypted_secrets')::text")
            .await,
        ["vault.decrypted_secrets"]
    );
    // As `f` through the path, and as `extensions.f`.
    let owner = house.owner().await;
    run(
        &owner,
        "select uuid_generate_v4(), extensions.uuid_generate_v1mc(), gen_random_uuid(), extensions.gen_random_bytes(4),
           digest('a', 'sha256'), extensions.hmac('a', 'b', 'sha256'), crypt('a', extensions.gen_salt('bf', 4)),
           extensions.pgp_sym_encrypt('a', 'b')",
    )
    .await;
}

// DB-EXT-03: an extension stays where it is, whatever schema is asked for.
#[tokio::test]
async fn an_extension_that_stands_elsewhere_stays_there() {
    let house = House::new().await;
    let owner = house.owner().await;
    run(
        &owner,
        "create extension if not exists \"uuid-ossp\" with schema public",
    )
    .await;
    assert_eq!(
        texts(
            &owner,
            "select extnamespace::regnamespace::text from pg_extension where extname = 'uuid-ossp'"
        )
        .await,
        ["extensions"]
    );
    assert_eq!(
        refused(&owner, "select public.uuid_generate_v4()").await,
        "42883"
    );
}

// DB-FN-01, DB-FN-02, DB-FN-03, DB-FN-04, DB-FN-20: each claim in its older and its newer form, and nothing at all.
#[tokio::test]
async fn helper_functions_read_both_forms_of_claims() {
    let house = House::new().await;
    let login = house.role("authenticator").await;
    run(&login, "set role anon").await;
    let claims =
        r#"{"sub":"8a1c5c0e-0000-4000-8000-000000000001","role":"authenticated","email":"a@b.c"}"#;
    let id = "8a1c5c0e-0000-4000-8000-000000000002";
    let cases = [
        (
            "auth.uid()",
            "sub",
            id,
            "8a1c5c0e-0000-4000-8000-000000000001",
        ),
        ("auth.role()", "role", "teller", "authenticated"),
        ("auth.email()", "email", "c@d.e", "a@b.c"),
    ];
    for (call, name, older, newer) in cases {
        let ask = format!("select coalesce(({call})::text, 'null')");
        let set = |setting: &str, value: &str| {
            format!("select set_config('{setting}', '{value}', false)")
        };
        let old = format!("request.jwt.claim.{name}");
        assert_eq!(texts(&login, &ask).await, ["null"], "{call}");
        run(&login, &set("request.jwt.claims", claims)).await;
        assert_eq!(texts(&login, &ask).await, [newer], "{call}");
        run(&login, &set(&old, older)).await;
        assert_eq!(texts(&login, &ask).await, [older], "{call}");
        run(&login, &set(&old, "")).await;
        assert_eq!(texts(&login, &ask).await, [newer], "{call}");
        run(&login, &set("request.jwt.claims", "{}")).await;
        assert_eq!(texts(&login, &ask).await, ["null"], "{call}");
        run(&login, &set("request.jwt.claims", "")).await;
        assert_eq!(texts(&login, &ask).await, ["null"], "{call}");
    }
    run(
        &login,
        &format!("select set_config('request.jwt.claims', '{claims}', false)"),
    )
    .await;
    assert_eq!(
        texts(&login, "select auth.jwt() ->> 'email'").await,
        ["a@b.c"]
    );
    run(
        &login,
        "select set_config('request.jwt.claim', '{\"email\": \"old\"}', false)",
    )
    .await;
    assert_eq!(
        texts(&login, "select auth.jwt() ->> 'email'").await,
        ["old"]
    );
    // Stable SQL functions, which the planner opens.
    let kinds = "select concat_ws(' ', proname, l.lanname, provolatile) from pg_proc p join pg_language l on l.oid = p.prolang
                 where pronamespace = 'auth'::regnamespace and proname in ('uid', 'role', 'email', 'jwt') order by 1";
    assert_eq!(
        house.texts(kinds).await,
        ["email sql s", "jwt sql s", "role sql s", "uid sql s"]
    );
}

// DB-EVT-12: what users send by hand arrives as they sent it.
#[tokio::test]
async fn users_tell_the_rest_service_by_hand() {
    let house = House::new().await;
    let tasks = base::Tasks::new();
    let listener = pg::Listener::start(house.database.admin(), &["pgrst"], &tasks);
    let mut heard = listener.subscribe();
    assert_eq!(heard.recv().await.unwrap(), pg::Notification::Connected);
    let owner = house.owner().await;
    for (sql, payload) in [
        ("notify pgrst, 'reload schema'", "reload schema"),
        ("notify pgrst, 'reload config'", "reload config"),
        ("notify pgrst", ""),
        (
            "select pg_notify('pgrst', 'reload schema')",
            "reload schema",
        ),
    ] {
        run(&owner, sql).await;
        let expected = pg::Notification::Notify {
            channel: "pgrst".to_owned(),
            payload: payload.to_owned(),
        };
        assert_eq!(heard.recv().await.unwrap(), expected, "{sql}");
    }
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
}

// DB-PUB-01, DB-PUB-02, DB-PUB-05, DB-POW-23: all that projects do with their publication, as the owner role.
#[tokio::test]
async fn projects_own_their_publication() {
    let house = House::new().await;
    let owner = house.owner().await;
    let tables = "select tablename::text from pg_publication_tables where pubname = 'supabase_realtime' order by 1";
    let kind = "select concat_ws(' ', pubowner::regrole, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate) from pg_publication where pubname = 'supabase_realtime'";
    assert_eq!(house.texts(kind).await, ["postgres f t t t t"]);
    run(
        &owner,
        "create table public.a (id int primary key); create table public.b (id int primary key)",
    )
    .await;
    run(
        &owner,
        "alter publication supabase_realtime add table public.a, public.b",
    )
    .await;
    assert_eq!(house.texts(tables).await, ["a", "b"]);
    assert_eq!(
        refused(
            &owner,
            "alter publication supabase_realtime add table public.a"
        )
        .await,
        "42710"
    );
    run(
        &owner,
        "alter publication supabase_realtime set table public.b",
    )
    .await;
    assert_eq!(house.texts(tables).await, ["b"]);
    run(
        &owner,
        "alter publication supabase_realtime drop table public.b",
    )
    .await;
    assert_eq!(house.texts(tables).await, [""; 0]);
    run(&owner, "alter table public.a replica identity full").await;
    assert_eq!(
        house
            .texts("select relreplident::text from pg_class where oid = 'public.a'::regclass")
            .await,
        ["f"]
    );
    run(
        &owner,
        "alter publication supabase_realtime owner to postgres",
    )
    .await;
    run(&owner, "drop publication if exists supabase_realtime; create publication supabase_realtime for table public.a").await;
    assert_eq!(house.texts(tables).await, ["a"]);
}
