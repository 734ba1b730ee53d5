//! Providers that are kept apart from each other, and the hook after a user was made.

use serde_json::json;

use crate::elsewhere::Elsewhere;
use crate::house::{House, claims, confirming, text};
use crate::oauth::go;

async fn who(house: &House, provider: &str) -> String {
    let landing = go(house, &format!("provider={provider}")).await;
    let token = landing
        .fragment
        .get("access_token")
        .unwrap_or_else(|| panic!("{landing:?}"));
    text(&claims(token), "sub")
}

#[tokio::test]
async fn providers_of_another_domain_do_not_link() {
    // AUTH-LINK-02, AUTH-LINK-01
    let elsewhere = Elsewhere::open().await;
    elsewhere.says.lock().unwrap().github = (
        json!({"id": 7, "login": "ada"}),
        json!([{"email": "ada@example.com", "primary": true, "verified": true}]),
    );
    elsewhere.says.lock().unwrap().userinfo =
        json!({"sub": "k1", "email": "ada@example.com", "email_verified": true});
    let mut settings = confirming();
    settings.linking_domains = "github=work,keycloak=work".into();
    let house = House::with_providers(settings, elsewhere.providers()).await;
    let google = who(&house, "google").await;
    let github = who(&house, "github").await;
    assert_ne!(google, github);
    // Within the domain an address links as it always does.
    assert_eq!(who(&house, "keycloak").await, github);
    let apart = "select count(*) from auth.users where is_sso_user and email = 'ada@example.com'";
    assert_eq!(house.count(apart).await, 1);
    assert_eq!(
        house
            .count("select count(*) from auth.users where not is_sso_user")
            .await,
        1
    );
    assert_eq!(who(&house, "google").await, google);
    assert_eq!(who(&house, "github").await, github);
    // AUTH-SIGNUP-09: whoever signs up meets only the users of the default domain.
    let house = House::with_providers(
        {
            let mut settings = confirming();
            settings.own_linking_domains = vec!["github".into()];
            settings
        },
        elsewhere.providers(),
    )
    .await;
    let apart = who(&house, "github").await;
    let made = house.person("ada").await;
    assert_ne!(text(&made, "id"), apart);
    assert_eq!(house.mails().await.len(), 1);
}

#[tokio::test]
async fn who_comes_from_elsewhere_is_registered_for_whoever_signs_up() {
    // AUTH-SIGNUP-09
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    let google = who(&house, "google").await;
    // The user's address changes; the identity keeps the one it came with.
    house
        .sql("update auth.users set email = 'other@example.com'")
        .await;
    let fabricated = house.person("ada").await;
    assert_ne!(text(&fabricated, "id"), google);
    assert_eq!(fabricated["identities"], json!([]));
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
}

#[tokio::test]
async fn the_operator_is_told_of_each_new_user_once() {
    // AUTH-HOOK-01, AUTH-HOOK-10
    let elsewhere = Elsewhere::open().await;
    let mut settings = confirming();
    settings.anonymous_enabled = true;
    settings.hook_after_user_created_enabled = true;
    settings.hook_after_user_created_uri = "pg-functions://postgres/public/born".into();
    let house = House::with_providers(settings, elsewhere.providers()).await;
    house
        .sql(
            "create table public.births (name text, id uuid);
             create function public.born(event jsonb) returns jsonb language plpgsql security definer as $$
             begin
               if not exists (select from auth.users where id = (event->'user'->>'id')::uuid) then
                 raise exception 'not committed yet';
               end if;
               insert into public.births values (event->'metadata'->>'name', (event->'user'->>'id')::uuid);
               return '{}'::jsonb;
             end $$;
             grant execute on function public.born to supabase_auth_admin;
             grant usage on schema public to supabase_auth_admin;",
        )
        .await;
    let births = async || {
        house
            .count("select count(*) from public.births where name = 'after-user-created'")
            .await
    };
    house.person("bob").await;
    assert_eq!(births().await, 1);
    house.post("/signup", json!({})).await.good();
    assert_eq!(births().await, 2);
    who(&house, "google").await;
    assert_eq!(births().await, 3);
    who(&house, "google").await;
    house
        .post("/otp", json!({"email": "cleo@example.com"}))
        .await
        .good();
    assert_eq!(births().await, 4);
    let invited = json!({"email": "dora@example.com"}).to_string();
    let reply = house
        .ask(&house.service(), "POST", "/invite", &invited)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    house
        .ask(&house.service(), "POST", "/invite", &invited)
        .await;
    assert_eq!(births().await, 5);
    let link = json!({"type": "magiclink", "email": "emil@example.com"}).to_string();
    house
        .ask(&house.service(), "POST", "/admin/generate_link", &link)
        .await
        .good();
    assert_eq!(births().await, 6);
}
