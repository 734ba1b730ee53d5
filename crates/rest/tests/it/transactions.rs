//! How a transaction is set up and how it ends.

use crate::server::Server;

// REST-PRF-04, REST-TXN-07, REST-PRF-06
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_is_preferred_does_everything_and_keeps_nothing() {
    let server = Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        settings.tx_end = settings::TxEnd::CommitAllowOverride;
    })
    .await;
    let prefer = [("prefer", "tx=rollback, return=representation")];
    let answer = server
        .ask("", "POST", "/addresses?select=id", &prefer, r#"{"id":9}"#)
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (201, r#"[{"id":9}]"#)
    );
    assert_eq!(
        answer.headers["preference-applied"],
        "return=representation, tx=rollback"
    );
    assert_eq!(
        server
            .ask("", "GET", "/addresses?id=eq.9", &[], "")
            .await
            .body,
        "[]"
    );
}

// REST-TXN-06, REST-RSP-04
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pre_request_function_may_refuse() {
    let server = Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        settings.pre_request = Some("public.payment".to_owned());
    })
    .await;
    assert_eq!(
        server.ask("", "GET", "/customers", &[], "").await.status,
        402
    );
}

// REST-TXN-05, DB-SET-21, REST-ERR-03: a role's statement timeout counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_of_the_role_count() {
    let server = Server::start(&["public"]).await;
    let client = server.database.connect().await;
    client
        .batch_execute(
            "create role hasty nologin; grant hasty to authenticator; alter role hasty set statement_timeout = '1234ms';
             grant usage on schema public to hasty",
        )
        .await
        .unwrap();
    let mut loads = server.rest.catalog().loads();
    let uri = "/rpc/setting?name=statement_timeout";
    while server.ask("hasty", "GET", uri, &[], "").await.body != r#""1234ms""# {
        client.batch_execute("notify pgrst").await.unwrap();
        loads.changed().await.unwrap();
    }
}

// REST-RNG-10: the cap holds for the root and for embeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_holds_for_root_and_embeds() {
    let server = Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        settings.max_rows = Some(1);
    })
    .await;
    let uri = "/customers?select=id,orders(id)&order=id&orders.order=id";
    let answer = server
        .ask("", "GET", uri, &[("prefer", "count=exact")], "")
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (206, r#"[{"id":1,"orders":[{"id":1}]}]"#)
    );
    assert_eq!(answer.headers["content-range"], "0-0/3");
}

// REST-GEN-08: as on a replica, where every transaction is read only. (PASSERELLE_PG_BIN runs all of this on
// another major version.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_can_be_written_reads_work_and_writes_are_405() {
    let server = Server::start(&["public"]).await;
    let client = server.database.connect().await;
    let name = server.database.admin().database().to_owned();
    client
        .batch_execute(&format!(
            "alter database {name} set default_transaction_read_only = on"
        ))
        .await
        .unwrap();
    let read = server.ask("", "GET", "/customers?select=id", &[], "").await;
    assert_eq!(read.status, 200, "{}", read.body);
    let call = server.ask("", "POST", "/rpc/add", &[], r#"{"a":1}"#).await;
    assert_eq!((call.status, call.body.as_str()), (200, "2"));
    for (method, uri, body) in [
        ("POST", "/addresses", r#"{"id":1000}"#),
        ("PATCH", "/addresses?id=eq.1", r#"{"city":"x"}"#),
        ("DELETE", "/addresses?id=eq.1", ""),
        ("POST", "/rpc/insert_note", ""),
    ] {
        let answer = server.ask("service_role", method, uri, &[], body).await;
        assert_eq!(answer.status, 405, "{method} {uri}: {}", answer.body);
        assert!(answer.body.contains("25006"), "{}", answer.body);
    }
}
