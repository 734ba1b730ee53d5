//! `/admin/users`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, Reply, text};

impl House {
    async fn admin(&self, method: &str, path: &str, body: Value) -> Reply {
        let path = format!("/admin/users{path}");
        self.ask(&self.service(), method, &path, &body.to_string())
            .await
    }

    async fn made(&self, name: &str) -> Value {
        let body = json!({"email": format!("{name}@example.com"), "password": PASSWORD, "email_confirm": true});
        self.admin("POST", "", body).await.good()
    }
}

#[tokio::test]
async fn an_operator_makes_users_of_every_kind() {
    // AUTH-ADMIN-04
    let house = House::new().await;
    let id = "22222222-2222-4222-8222-222222222222";
    let hash = "$2a$04$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96";
    let body = json!({"id": id, "email": "A@example.com", "password_hash": hash, "email_confirm": true,
        "user_metadata": {"name": "A"}, "app_metadata": {"team": "blue"}, "role": "editor", "ban_duration": "1h"});
    let user = house.admin("POST", "", body).await.good();
    assert_eq!(user["id"], id);
    assert_eq!(user["role"], "editor");
    assert_eq!(
        user["user_metadata"],
        json!({"name": "A", "email_verified": true})
    );
    assert_eq!(
        user["app_metadata"],
        json!({"team": "blue", "provider": "email", "providers": ["email"]})
    );
    assert_eq!(
        user["identities"][0]["identity_data"]["email_verified"],
        true
    );
    assert!(user["email_confirmed_at"].is_string());
    // AUTH-ADMIN-08
    let body = json!({"email": "a@example.com", "password": "password"});
    let reply = house.post("/token?grant_type=password", body.clone()).await;
    reply.fails(400, "user_banned", "User is banned");
    house.clock.advance(TimeDelta::seconds(3601));
    // AUTH-PWD-07
    house.post("/token?grant_type=password", body).await.good();
    let body = json!({"phone": "+4915112345", "password": "weak", "phone_confirm": false});
    let user = house.admin("POST", "", body).await.good();
    assert!(user.get("phone_confirmed_at").is_none());
    assert_eq!(user["app_metadata"]["provider"], "phone");
    assert_eq!(house.count("select count(*) from auth.sessions").await, 1);
}

#[tokio::test]
async fn what_an_operator_cannot_make_is_told() {
    // AUTH-ADMIN-05
    let house = House::new().await;
    let user = house.made("ada").await;
    let fails = async |body: Value, status: u16, code: &str, message: &str| {
        house
            .admin("POST", "", body)
            .await
            .fails(status, code, message);
    };
    let wrong = "validation_failed";
    let message = "Cannot create a user without either an email or phone";
    fails(json!({}), 400, wrong, message).await;
    let both = json!({"email": "b@b", "password": "x", "password_hash": "y"});
    let message = "Only a password or a password hash should be provided";
    fails(both, 400, wrong, message).await;
    let body = json!({"email": "b@b", "id": "42"});
    fails(body, 400, wrong, "ID must conform to the uuid v4 format").await;
    let body = json!({"email": "b@b", "id": "00000000-0000-0000-0000-000000000000"});
    fails(body, 400, wrong, "ID cannot be a nil uuid").await;
    let message = "A user with this email address has already been registered";
    fails(
        json!({"email": "Ada@example.com"}),
        422,
        "email_exists",
        message,
    )
    .await;
    let body = json!({"email": "b@b", "ban_duration": "soon"});
    let message = "invalid format for ban duration: time: invalid duration \"soon\"";
    fails(body, 400, wrong, message).await;
    let reply = house
        .admin("POST", "", json!({"email": "b@b", "id": user["id"]}))
        .await;
    assert_eq!(reply.status, 500);
    assert_eq!(reply.json()["code"], "23505");
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
}

#[tokio::test]
async fn users_are_listed_in_pages() {
    // AUTH-ADMIN-01, AUTH-ADMIN-02
    let house = House::new().await;
    for n in 0..5 {
        house.made(&format!("u{n}")).await;
        house.clock.advance(TimeDelta::seconds(1));
    }
    let list = async |query: &str| house.admin("GET", query, json!({})).await;
    let reply = list("?page=2&per_page=2").await;
    let body = reply.good();
    let names: Vec<_> = body["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| text(u, "email"))
        .collect();
    assert_eq!(names, ["u2@example.com", "u1@example.com"]);
    assert_eq!(body["aud"], "authenticated");
    assert_eq!(body["users"][0]["identities"], Value::Null);
    assert_eq!(reply.header("x-total-count"), "5");
    assert_eq!(
        reply.header("link"),
        "</admin/users?page=3&per_page=2>; rel=\"next\", </admin/users?page=3&per_page=2>; rel=\"last\""
    );
    let reply = list("?page=3&per_page=2").await;
    assert_eq!(
        reply.header("link"),
        "</admin/users?page=3&per_page=2>; rel=\"last\""
    );
    assert_eq!(reply.good()["users"].as_array().unwrap().len(), 1);
    assert_eq!(
        list("?filter=u3").await.good()["users"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let first = list("?sort=created_at%20asc").await.good();
    assert_eq!(first["users"][0]["email"], "u0@example.com");
    let beyond = list("?page=4294967295&per_page=4294967295").await.good();
    assert_eq!(beyond["users"], json!([]));
    for (query, start) in [
        ("?page=x", "Bad Pagination Parameters:"),
        ("?per_page=-1", "Bad Pagination Parameters:"),
        ("?per_page=0", "Bad Pagination Parameters:"),
        ("?sort=email", "Bad Sort Parameters:"),
    ] {
        let reply = list(query).await;
        assert_eq!(
            (reply.status.as_u16(), text(&reply.json(), "error_code")),
            (400, "validation_failed".into())
        );
        assert!(text(&reply.json(), "msg").starts_with(start));
    }
}

#[tokio::test]
async fn a_path_must_name_a_user() {
    // AUTH-ADMIN-06
    let house = House::new().await;
    for method in ["GET", "PUT", "DELETE"] {
        let reply = house.admin(method, "/42", json!({})).await;
        reply.fails(404, "validation_failed", "user_id must be an UUID");
        let reply = house
            .admin(method, "/11111111-1111-4111-8111-111111111111", json!({}))
            .await;
        reply.fails(404, "user_not_found", "User not found");
    }
    let user = house.made("ada").await;
    let same = house
        .admin("GET", &format!("/{}", text(&user, "id")), json!({}))
        .await
        .good();
    assert_eq!(same, user);
}

#[tokio::test]
async fn an_operator_changes_a_user() {
    // AUTH-ADMIN-07
    let house = House::new().await;
    let session = house.person("ada").await;
    let path = format!("/{}", text(&session["user"], "id"));
    let body = json!({"email": "new@example.com", "app_metadata": {"team": "blue"},
        "user_metadata": {"email_verified": null}, "role": "editor", "ban_duration": "24h"});
    let user = house.admin("PUT", &path, body).await.good();
    assert_eq!(user["email"], "new@example.com");
    assert_eq!(user["role"], "editor");
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "email", "providers": ["email"], "team": "blue"})
    );
    assert!(user["user_metadata"].get("email_verified").is_none());
    assert!(user["banned_until"].is_string());
    assert!(user["email_confirmed_at"].is_string());
    let token = text(&session, "access_token");
    house
        .get(&token, "/user")
        .await
        .fails(403, "user_banned", "User is banned");
    let user = house
        .admin("PUT", &path, json!({"ban_duration": "none"}))
        .await
        .good();
    assert!(user.get("banned_until").is_none());
    house.get(&token, "/user").await.good();
    let weak = house.admin("PUT", &path, json!({"password": "x"})).await;
    weak.fails(
        422,
        "weak_password",
        "Password should be at least 6 characters.",
    );
    house
        .admin("PUT", &path, json!({"password": "battery-staple"}))
        .await
        .good();
    assert_eq!(house.count("select count(*) from auth.sessions").await, 0);
    let body = json!({"email": "new@example.com", "password": "battery-staple"});
    house.post("/token?grant_type=password", body).await.good();
    house.made("bob").await;
    let reply = house
        .admin("PUT", &path, json!({"email": "bob@example.com"}))
        .await;
    assert_eq!(reply.status, 500, "{}", reply.text);
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_a_softly_deleted_one_is_veiled() {
    // AUTH-ADMIN-09
    let house = House::new().await;
    let path = |session: &Value| format!("/{}", text(&session["user"], "id"));
    let (ada, bob) = (house.person("ada").await, house.person("bob").await);
    assert_eq!(
        house.admin("DELETE", &path(&ada), json!({})).await.good(),
        json!({})
    );
    assert_eq!(house.admin("GET", &path(&ada), json!({})).await.status, 404);
    assert_eq!(
        house.refresh(&text(&ada, "refresh_token")).await.status,
        400
    );
    let soft = json!({"should_soft_delete": true});
    house
        .admin("DELETE", &path(&bob), soft.clone())
        .await
        .good();
    let user = house.admin("GET", &path(&bob), json!({})).await.good();
    assert!(user["deleted_at"].is_string());
    let veiled = text(&user, "email");
    assert_eq!(veiled.len(), 43);
    assert_eq!(user["user_metadata"], json!({}));
    assert_eq!(user["identities"][0]["identity_data"], json!({}));
    house.clock.advance(TimeDelta::seconds(9));
    house.admin("DELETE", &path(&bob), soft).await.good();
    assert_eq!(
        house.admin("GET", &path(&bob), json!({})).await.good(),
        user
    );
    let list = house.admin("GET", "", json!({})).await.good();
    assert_eq!(list["users"].as_array().unwrap().len(), 1);
    assert_eq!(house.count("select count(*) from auth.sessions").await, 0);
    house.person("bob").await;
    // AUTH-AUDIT-03
    let noted = "select count(*) from auth.audit_log_entries where payload ->> 'action' = 'user_deleted' \
                 and payload -> 'traits' ->> 'user_email' = 'ada@example.com'";
    assert_eq!(house.count(noted).await, 1);
}

#[tokio::test]
async fn a_user_that_others_point_to_cannot_be_deleted() {
    // AUTH-ADMIN-09
    let house = House::new().await;
    let ada = house.person("ada").await;
    house.sql("create table public.orders (buyer uuid references auth.users); insert into public.orders select id from auth.users").await;
    let path = format!("/{}", text(&ada["user"], "id"));
    let reply = house.admin("DELETE", &path, json!({})).await;
    assert_eq!(reply.status, 500);
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
}
