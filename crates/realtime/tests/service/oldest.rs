//! The oldest form of a join: the topic is the subscription.

use serde_json::json;

use crate::harness::{Server, database, run};

#[tokio::test]
async fn the_topic_is_the_binding_and_the_type_is_the_event() {
    // RT-JOIN-40, RT-JOIN-08.
    let db = database(
        "create table public.t (id int primary key, name text); alter publication supabase_realtime add table public.t",
    )
    .await;
    let server = Server::on(&db).await;
    let mut clients = Vec::new();
    for (topic, binding) in [
        ("*", json!({ "event": "*", "schema": "*" })),
        ("public", json!({ "event": "*", "schema": "public" })),
        (
            "public:t",
            json!({ "event": "*", "schema": "public", "table": "t" }),
        ),
        (
            "public:t:name=eq.a:b",
            json!({ "event": "*", "schema": "public", "table": "t", "filter": "name=eq.a:b" }),
        ),
    ] {
        let mut client = server.v1(&server.anon()).await;
        let payload = json!({ "user_token": server.anon() });
        let reply = client.join_as(topic, payload).await;
        let mut echoed = reply["response"]["postgres_changes"].clone();
        assert!(echoed[0]["id"].as_u64().is_some_and(|id| id > 0));
        echoed[0].as_object_mut().unwrap().remove("id");
        assert_eq!(echoed, json!([binding]));
        assert_eq!(
            client.payload("system").await["message"],
            "Subscribed to PostgreSQL"
        );
        clients.push((topic, client));
    }
    run(
        &db,
        "insert into public.t values (1, 'a:b'); update public.t set name = 'c'; delete from public.t",
    )
    .await;
    for (topic, client) in &mut clients {
        let insert = client.receive().await;
        assert_eq!(
            (&insert["event"], &insert["topic"]),
            (&json!("INSERT"), &json!(format!("realtime:{topic}")))
        );
        let data = &insert["payload"];
        assert_eq!(
            (&data["type"], &data["table"], &data["record"]),
            (
                &json!("INSERT"),
                &json!("t"),
                &json!({ "id": 1, "name": "a:b" })
            )
        );
        if !topic.contains("eq") {
            assert_eq!(client.payload("UPDATE").await["record"]["name"], "c");
            assert_eq!(
                client.payload("DELETE").await["old_record"],
                json!({ "id": 1 })
            );
        }
        client.assert_silent().await;
    }
}
