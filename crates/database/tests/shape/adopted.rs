//! Databases that were there before (spec section 18).

use database::{doctor, prepare};
use testkit::Postgres;

use crate::house::{House, SERVICES, options, run, texts};

// DB-ADO-02.
#[tokio::test]
async fn secrets_under_pgsodium_are_told_by_the_doctor() {
    let house = House::new().await;
    let admin = house.database.admin();
    let is_sealed = |found: Vec<database::Finding>| {
        let found = found.into_iter().find(|one| one.code == "vault_sealed");
        found.map(|one| (one.severe, one.sentence))
    };
    assert_eq!(is_sealed(doctor(admin).await.unwrap()), None);
    // As a database that came with upstream's image has it; the extension itself is nowhere else.
    run(
        &house.client().await,
        "set allow_system_table_mods = on;
         insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
         values (16000, 'pgsodium', 10, 'vault'::regnamespace, false, '3.1.8')",
    )
    .await;
    let (severe, sentence) = is_sealed(doctor(admin).await.unwrap()).unwrap();
    assert!(
        severe && sentence.ends_with("export them there from vault.decrypted_secrets"),
        "{sentence}"
    );
}

// DB-ADO-04, DB-GEN-02: a plain application's database gets roles and schemas beside its own; nothing of it becomes
// reachable, and what could be is listed.
#[tokio::test]
async fn a_plain_applications_database_stays_as_it_is() {
    House::new().await; // The roles are there.
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    run(
        &client,
        "drop role if exists shape_app; create role shape_app; grant create on schema public to shape_app; set role shape_app;
         create table public.users (id int, password text); insert into public.users values (1, 'x');
         create table public.orders (id serial primary key); create view public.report as select * from public.users;
         create function public.pay() returns int language sql as 'select 1'; reset role;
         create schema app; create table app.inner (id int)",
    )
    .await;
    let shape = "
select string_agg(concat_ws(' ', n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relacl, c.relrowsecurity), ';' order by c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'app')
union all
select string_agg(concat_ws(' ', p.oid::regprocedure, p.proowner::regrole, p.proacl), ';' order by p.oid) from pg_proc p where p.pronamespace = 'public'::regnamespace
union all
select datdba::regrole::text from pg_database where datname = current_database()";
    let before = texts(&client, shape).await;
    let report = prepare(database.admin(), &options(&database), &SERVICES)
        .await
        .unwrap();
    assert_eq!(texts(&client, shape).await, before);
    assert_eq!(
        report.unexposed_tables,
        ["public.orders", "public.report", "public.users"]
    );
    let login = database
        .endpoint_as("authenticator")
        .connect()
        .await
        .unwrap();
    for role in ["anon", "authenticated", "service_role"] {
        run(&login, &format!("set role {role}")).await;
        assert_eq!(
            crate::house::refused(&login, "select from public.users").await,
            "42501",
            "{role}"
        );
    }
    // The doctor does not warn of what nobody reaches.
    let found = doctor(database.admin()).await.unwrap();
    assert!(
        found
            .iter()
            .all(|one| one.code != "table_without_row_security"),
        "{found:?}"
    );
    // Asked once; later a project hides what it wants to hide.
    let again = prepare(database.admin(), &options(&database), &SERVICES)
        .await
        .unwrap();
    assert_eq!(again.unexposed_tables, [""; 0]);
    run(
        &client,
        "drop owned by shape_app cascade; drop role shape_app",
    )
    .await;
}
