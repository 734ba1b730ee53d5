//! What the owner role needs of extensions that belong to the administrator.

use crate::house::{House, texts};

// DB-POW-03, DB-POW-04, DB-POW-16, DB-POW-22: what comes after an untrusted extension was made: the owner role builds on
// it, and gets no way around passwords.
#[tokio::test]
async fn untrusted_extensions_are_usable_and_safe() {
    let house = House::new().await;
    let available = "select name::text from pg_available_extensions where name in ('dblink', 'postgres_fdw') order by 1";
    assert_eq!(house.texts(available).await, ["dblink", "postgres_fdw"]);
    house
        .apply(
            "1_foreign.sql",
            "create extension dblink with schema extensions;
             create extension postgres_fdw with schema extensions;
             create server push_elsewhere foreign data wrapper postgres_fdw options (host 'localhost', dbname 'postgres');
             create user mapping for postgres server push_elsewhere options (user 'nobody', password 'x');
             create foreign table public.far (id int) server push_elsewhere;
             alter extension dblink set schema public;",
        )
        .await;
    let may = |role: &str, what: &str| {
        format!(
            "select has_function_privilege('{role}', p.oid, 'execute')::text from pg_proc p where p.proname = '{what}' order by 1"
        )
    };
    for role in ["postgres", "anon", "authenticated", "service_role"] {
        assert_eq!(
            house.texts(&may(role, "dblink_connect_u")).await,
            ["false", "false"],
            "{role}"
        );
    }
    assert_eq!(
        house.texts(&may("postgres", "dblink_connect")).await,
        ["true", "true"]
    );
    let owner = house
        .database
        .endpoint_as("postgres")
        .connect()
        .await
        .unwrap();
    let kept = "select pg_get_userbyid(extowner)::text from pg_extension where extname = 'dblink'";
    assert_eq!(texts(&owner, kept).await, ["supabase_admin"]);
}
