//! Two people, one table.

use crate::server::Server;

// REST-GEN-02, REST-UPD-08, REST-JWT-11, REST-JWT-12: each sees and changes only their own rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_see_and_change_only_their_own_rows() {
    let server = Server::start(&["public"]).await;
    let (ada, bob) = ("authenticated:ada", "authenticated:bob");
    let notes = "/notes?select=owner,text";
    assert_eq!(
        server.ask(ada, "GET", notes, &[], "").await.body,
        r#"[{"owner":"ada","text":"mine"}]"#
    );
    assert_eq!(
        server.ask(bob, "GET", notes, &[], "").await.body,
        r#"[{"owner":"bob","text":"his"}]"#
    );
    let prefer = [("prefer", "return=representation")];
    let changed = server
        .ask(
            ada,
            "PATCH",
            "/notes?id=gt.0&select=owner,text",
            &prefer,
            r#"{"text":"new"}"#,
        )
        .await;
    assert_eq!(
        (changed.status, changed.body.as_str()),
        (200, r#"[{"owner":"ada","text":"new"}]"#)
    );
    let forged = server
        .ask(ada, "POST", "/notes", &[], r#"{"owner":"bob"}"#)
        .await;
    assert_eq!(forged.status, 403, "{}", forged.body);
    assert!(forged.body.contains(r#""code":"42501""#));
    assert_eq!(
        server
            .ask("service_role", "GET", notes, &[], "")
            .await
            .body
            .matches("owner")
            .count(),
        2
    );
    assert_eq!(server.ask("", "GET", notes, &[], "").await.body, "[]");
}
