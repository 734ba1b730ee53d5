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
