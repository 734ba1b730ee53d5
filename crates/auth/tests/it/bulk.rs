//! Users from elsewhere, many at once: `/admin/users/import`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{House, Reply};

/// `correct-horse`, of cost 4.
const HASH: &str = "$2b$04$abcdefghijklmnopqrstuuq9Zqv0zq3q6v8vZq1zq7q5v9vZq3zq2";

async fn import(house: &House, users: &[Value]) -> Reply {
    let body = json!({ "users": users }).to_string();
    house
        .ask(&house.service(), "POST", "/admin/users/import", &body)
        .await
}

fn user(id: u128, email: &str) -> Value {
    json!({
        "id": Uuid::from_u128(id), "email": email, "password_hash": HASH,
        "email_confirmed_at": "2020-01-02T03:04:05Z", "created_at": "2020-01-02T03:04:05Z",
        "updated_at": "2021-01-02T03:04:05.678901Z", "last_sign_in_at": "2022-01-02T03:04:05Z",
        "app_metadata": { "provider": "email", "providers": ["email"], "role": "admin" },
        "user_metadata": { "full_name": "Ada" },
    })
}

fn statuses(reply: &Reply) -> Vec<String> {
    let results = reply.good()["results"].clone();
    let word = |result: &Value| {
        let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("status"), text("code"))
            .trim()
            .to_owned()
    };
    results.as_array().unwrap().iter().map(word).collect()
}

/// MIG-USR-04, MIG-USR-05: users are stored as they were, dates and hashes included, with an identity each; a second time
/// changes nothing.
#[tokio::test]
async fn users_are_stored_as_they_were() {
    let house = House::new().await;
    let users = [user(1, "ada@example.com"), user(2, "Bob@Example.com")];
    assert_eq!(
        statuses(&import(&house, &users).await),
        ["created", "created"]
    );
    let stored = "select count(*) from auth.users u join auth.identities i on i.user_id = u.id where u.encrypted_password \
        like '$2b$04$abc%' and u.created_at = '2020-01-02T03:04:05Z' and u.updated_at = '2021-01-02T03:04:05.678901Z' \
        and u.last_sign_in_at = '2022-01-02T03:04:05Z' and u.email_confirmed_at = '2020-01-02T03:04:05Z' \
        and u.raw_app_meta_data ->> 'role' = 'admin' and i.provider = 'email' and u.email in ('ada@example.com', 'bob@example.com')";
    assert_eq!(house.count(stored).await, 2);
    assert_eq!(
        statuses(&import(&house, &users).await),
        ["exists", "exists"]
    );
    assert_eq!(house.count(stored).await, 2);
    assert!(house.mails().await.is_empty());
}

/// MIG-DUP-06: a user that cannot be made never stops the others, and says why.
#[tokio::test]
async fn each_user_has_a_result_of_its_own() {
    let house = House::new().await;
    import(&house, &[user(1, "ada@example.com")]).await.good();
    let mut unknown_hash = user(5, "e@example.com");
    unknown_hash["password_hash"] = json!("plain text");
    let mut unknown_field = user(6, "f@example.com");
    unknown_field["is_super_admin"] = json!(true);
    let mut nobody = user(7, "");
    nobody["phone"] = Value::Null;
    let mut beyond_the_column = user(8, "h@example.com");
    beyond_the_column["password_hash"] = json!(format!("$2b$04${}", "a".repeat(300)));
    let reply = import(
        &house,
        &[
            user(2, "ADA@example.com"),
            user(1, "other@example.com"),
            user(3, "c@example.com"),
            user(4, "c@example.com"),
            unknown_hash,
            unknown_field,
            nobody,
            beyond_the_column,
            user(0, "z@example.com"),
            json!("nonsense"),
            user(9, "i@example.com"),
        ],
    )
    .await;
    assert_eq!(
        statuses(&reply),
        [
            "failed email_exists",
            "failed user_already_exists",
            "created",
            "failed email_exists",
            "failed validation_failed",
            "failed validation_failed",
            "failed validation_failed",
            "failed validation_failed",
            "failed validation_failed",
            "failed validation_failed",
            "created",
        ]
    );
    assert!(!reply.text.contains("plain text"), "{}", reply.text);
    assert_eq!(house.count("select count(*) from auth.users").await, 3);
}

/// MIG-DUP-06: what only the database knows (somebody else's trigger) stops one user, not the batch.
#[tokio::test]
async fn a_trigger_that_refuses_one_user_stops_no_other() {
    let house = House::new().await;
    house
        .sql(
            "create function public.picky() returns trigger language plpgsql as $$ begin \
             if new.email like 'b%' then raise exception 'no b here'; end if; return new; end $$; \
             create trigger picky before insert on auth.users for each row execute function public.picky()",
        )
        .await;
    let users = [
        user(1, "a@example.com"),
        user(2, "b@example.com"),
        user(3, "c@example.com"),
    ];
    let reply = import(&house, &users).await;
    assert_eq!(
        statuses(&reply),
        ["created", "failed unexpected_failure", "created"]
    );
    assert_eq!(reply.json()["results"][1]["message"], "no b here");
}

/// MIG-SEC-02, MIG-UPS-02: admins only; the route tells what it takes, and takes no more.
#[tokio::test]
async fn only_admins_import_and_no_more_than_the_route_takes() {
    let house = House::new().await;
    let limits = house.get(&house.service(), "/admin/users/import").await;
    assert_eq!(limits.good()["max_users"], 1_000);
    let person = house.person("ada").await;
    let token = person["access_token"].as_str().unwrap();
    for token in [token, ""] {
        let body = json!({ "users": [user(1, "x@example.com")] }).to_string();
        let reply = house.ask(token, "POST", "/admin/users/import", &body).await;
        assert!(
            [401, 403].contains(&reply.status.as_u16()),
            "{}",
            reply.text
        );
        let reply = house.get(token, "/admin/users/import").await;
        assert!(
            [401, 403].contains(&reply.status.as_u16()),
            "{}",
            reply.text
        );
    }
    let many: Vec<Value> = (1..=1_001)
        .map(|n| user(n, &format!("user{n}@example.com")))
        .collect();
    import(&house, &many).await.fails(
        400,
        "validation_failed",
        "At most 1000 users can be imported at once",
    );
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
    // More than other routes take.
    let mut full = many[1..].to_vec();
    for user in &mut full {
        user["user_metadata"]["about"] = json!("so it goes ".repeat(100));
    }
    assert!(json!(full).to_string().len() > 1 << 20);
    let full = import(&house, &full).await;
    assert!(statuses(&full).iter().all(|it| it == "created"));
}
