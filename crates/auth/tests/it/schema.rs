//! The schema.

use crate::house::{House, migrate};

#[tokio::test]
async fn the_schema_can_be_built_twice_and_is_at_upstreams_level() {
    // AUTH-DB-01
    let house = House::new().await;
    migrate(&house.admin, &auth::SCHEMA).await;
    let versions = "select count(*) from auth.schema_migrations";
    assert_eq!(house.count(versions).await, 70);
    let newest = "select count(*) from auth.schema_migrations where version = '20260625000000'";
    assert_eq!(house.count(newest).await, 1);
    // AUTH-DB-05: upstream's order of columns.
    let columns: String = house
        .admin
        .query_one(
            "select string_agg(attname, ' ' order by attnum) from pg_attribute \
             where attrelid = 'auth.users'::regclass and attnum > 0 and not attisdropped",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(
        columns,
        "instance_id id aud role email encrypted_password email_confirmed_at invited_at confirmation_token \
         confirmation_sent_at recovery_token recovery_sent_at email_change_token_new email_change \
         email_change_sent_at last_sign_in_at raw_app_meta_data raw_user_meta_data is_super_admin created_at \
         updated_at phone phone_confirmed_at phone_change phone_change_token phone_change_sent_at confirmed_at \
         email_change_token_current email_change_confirm_status banned_until reauthentication_token \
         reauthentication_sent_at is_sso_user deleted_at is_anonymous"
    );
    // AUTH-DB-04
    let guarded = "select count(*) from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r' \
                   and relrowsecurity";
    assert_eq!(house.count(guarded).await, 16);
}

#[tokio::test]
async fn an_early_schema_is_brought_up() {
    // AUTH-DB-01: a schema of upstream's first level, with people in it.
    let house = House::new().await;
    house
        .sql(
            "drop schema auth cascade;
             create schema auth authorization supabase_auth_admin;
             set role supabase_auth_admin;
             create table auth.users (
               instance_id uuid, id uuid not null unique, aud varchar(255), role varchar(255),
               email varchar(255) unique, encrypted_password varchar(255), confirmed_at timestamptz,
               invited_at timestamptz, confirmation_token varchar(255), confirmation_sent_at timestamptz,
               recovery_token varchar(255), recovery_sent_at timestamptz, email_change_token varchar(255),
               email_change varchar(255), email_change_sent_at timestamptz, last_sign_in_at timestamptz,
               raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_super_admin bool,
               created_at timestamptz, updated_at timestamptz, constraint users_pkey primary key (id));
             create table auth.refresh_tokens (
               instance_id uuid, id bigserial primary key, token varchar(255), user_id varchar(255),
               revoked bool, created_at timestamptz, updated_at timestamptz);
             create table auth.identities (
               id text not null, user_id uuid not null references auth.users on delete cascade,
               identity_data jsonb not null, provider text not null, last_sign_in_at timestamptz,
               created_at timestamptz, updated_at timestamptz,
               constraint identities_pkey primary key (provider, id));
             insert into auth.users (id, email, confirmed_at)
               values ('11111111-1111-4111-8111-111111111111', 'ada@example.com', now());
             insert into auth.identities (id, user_id, identity_data, provider)
               values ('42', '11111111-1111-4111-8111-111111111111', '{\"email\": \"Ada@example.com\"}', 'github');
             reset role",
        )
        .await;
    migrate(&house.admin, &auth::SCHEMA).await;
    let ada = "select count(*) from auth.users as u join auth.identities as i on i.user_id = u.id \
               where u.confirmed_at = u.email_confirmed_at and i.provider_id = '42' and i.email = 'ada@example.com'";
    assert_eq!(house.count(ada).await, 1);
}

/// Table, column, type, whether it may not be null, as upstream's schema of 2026-06-25 has them.
const COLUMNS: &str = include_str!("schema_columns.txt");

#[tokio::test]
async fn every_column_has_upstreams_name_and_type() {
    // AUTH-DB-05, AUTH-DB-06, AUTH-DB-07, AUTH-DB-08, AUTH-DB-09, AUTH-DB-10, AUTH-DB-11, AUTH-DB-12, AUTH-DB-13,
    // AUTH-DB-14, AUTH-DB-15, AUTH-DB-16, AUTH-DB-17, AUTH-DB-18, AUTH-DB-19, AUTH-DB-20, AUTH-DB-21
    let house = House::new().await;
    // So that names of other schemas are written with them.
    house.sql("set search_path = pg_catalog").await;
    let rows = house
        .admin
        .query(
            "select c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
               || case when a.attnotnull then ' !' else '' end
             from pg_attribute as a join pg_class as c on c.oid = a.attrelid
             where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped",
            &[],
        )
        .await
        .unwrap();
    let found: std::collections::BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let missing: Vec<&str> = COLUMNS
        .lines()
        .filter(|line| !line.is_empty() && !found.contains(*line))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[tokio::test]
async fn types_keys_and_functions_are_upstreams() {
    // AUTH-DB-02
    let house = House::new().await;
    house.sql("set search_path = pg_catalog").await;
    let text =
        async |sql: &str| -> String { house.admin.query_one(sql, &[]).await.unwrap().get(0) };
    let types = text(
        "select string_agg(name, ' ' order by name) from (
           select t.typname || '(' || string_agg(e.enumlabel, ',' order by e.enumsortorder) || ')' as name
           from pg_type as t join pg_enum as e on e.enumtypid = t.oid
           where t.typnamespace = 'auth'::regnamespace group by t.typname) as t",
    )
    .await;
    assert_eq!(
        types,
        "aal_level(aal1,aal2,aal3) code_challenge_method(s256,plain) factor_status(unverified,verified) \
         factor_type(totp,webauthn,phone) oauth_authorization_status(pending,approved,denied,expired) \
         oauth_client_type(public,confidential) oauth_registration_type(dynamic,manual) oauth_response_type(code) \
         one_time_token_type(confirmation_token,reauthentication_token,recovery_token,email_change_token_new,\
         email_change_token_current,phone_change_token)"
    );
    // AUTH-DB-06, AUTH-DB-07, AUTH-DB-08, AUTH-DB-09: what belongs to a user goes with the user.
    let cascades = text(
        "select string_agg(conrelid::regclass || '>' || confrelid::regclass, ' ' order by 1) from (
           select distinct conrelid, confrelid from pg_constraint
           where contype = 'f' and connamespace = 'auth'::regnamespace and confdeltype = 'c'
             and confrelid in ('auth.users'::regclass, 'auth.sessions'::regclass)) as c",
    )
    .await;
    for pair in [
        "auth.identities>auth.users",
        "auth.sessions>auth.users",
        "auth.refresh_tokens>auth.sessions",
        "auth.mfa_amr_claims>auth.sessions",
        "auth.mfa_factors>auth.users",
        "auth.one_time_tokens>auth.users",
        "auth.webauthn_credentials>auth.users",
        "auth.oauth_consents>auth.users",
    ] {
        assert!(cascades.contains(pair), "{pair}: {cascades}");
    }
}

#[tokio::test]
async fn sql_reads_who_asks_and_never_fails_for_want_of_it() {
    // AUTH-DB-03
    let house = House::new().await;
    let all = "select concat_ws('|', auth.uid(), auth.role(), auth.email(), auth.jwt() ->> 'sub')";
    let text = async || -> String { house.admin.query_one(all, &[]).await.unwrap().get(0) };
    assert_eq!(text().await, "");
    let id = "11111111-1111-4111-8111-111111111111";
    let set = async |name: &str, value: &str| {
        let sql = "select set_config($1, $2, false)";
        house.admin.query_one(sql, &[&name, &value]).await.unwrap();
    };
    set(
        "request.jwt.claims",
        &format!(r#"{{"sub":"{id}","role":"authenticated","email":"a@b.c"}}"#),
    )
    .await;
    assert_eq!(text().await, format!("{id}|authenticated|a@b.c|{id}"));
    set("request.jwt.claim.role", "anon").await;
    set("request.jwt.claim.email", "").await;
    assert_eq!(text().await, format!("{id}|anon|a@b.c|{id}"));
    set("request.jwt.claims", "").await;
    set("request.jwt.claim.role", "").await;
    assert_eq!(text().await, "");
    let stable = "select count(*) from pg_proc where pronamespace = 'auth'::regnamespace and provolatile = 's'
                  and proname in ('uid', 'role', 'email', 'jwt') and prolang = (select oid from pg_language where lanname = 'sql')";
    assert_eq!(house.count(stable).await, 4);
}
