//! More than one schema.

use crate::server::Server;

// REST-SCH-01, REST-SCH-02, REST-SCH-04, REST-SCH-05
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_profile_chooses_the_schema_and_answers_name_it() {
    let server = Server::start(&["public", "other"]).await;
    let first = server.ask("", "GET", "/customers?limit=0", &[], "").await;
    assert_eq!(first.headers["content-profile"], "public");
    let second = server
        .ask("", "GET", "/things", &[("accept-profile", "other")], "")
        .await;
    assert_eq!((second.status, second.body.as_str()), (200, "[]"));
    assert_eq!(second.headers["content-profile"], "other");
    let write = server
        .ask(
            "",
            "POST",
            "/things",
            &[("content-profile", "other")],
            r#"{"id":1}"#,
        )
        .await;
    assert_eq!(write.status, 201, "{}", write.body);
    assert_eq!(server.ask("", "GET", "/things", &[], "").await.status, 404);
}

// REST-SCH-06
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_may_have_any_name() {
    let name = r#"Ä "weird", name"#;
    let server = Server::start(&["public", name]).await;
    let answer = server
        .ask("", "GET", "/odd", &[("accept-profile", name)], "")
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"[{"id":1}]"#)
    );
    assert_eq!(
        answer.headers["content-profile"].as_bytes(),
        name.as_bytes()
    );
}
