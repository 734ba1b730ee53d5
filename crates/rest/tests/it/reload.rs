//! The catalog follows the database.

use crate::server::Server;

// REST-CCH-03, REST-CCH-04, REST-CCH-07, DB-SET-21, DB-SET-22
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_shows_new_tables_settings_and_configuration() {
    let server = Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        settings.catalog_poll = std::time::Duration::from_secs(3600);
    })
    .await;
    let client = server.database.connect().await;
    // The listener announces itself once it is connected; from then on nothing is missed.
    let mut loads = server.rest.catalog().loads();
    loads.wait_for(|count| *count >= 2).await.unwrap();
    client
        .batch_execute("create table public.fresh (id int); grant all on public.fresh to anon")
        .await
        .unwrap();
    let before = server.ask("", "GET", "/fresh", &[], "").await;
    assert_eq!(before.status, 404, "{}", before.body);

    loads.mark_unchanged();
    client
        .batch_execute("notify pgrst, 'reload schema'")
        .await
        .unwrap();
    loads.changed().await.unwrap();
    assert_eq!(server.ask("", "GET", "/fresh", &[], "").await.body, "[]");

    let name = server.database.admin().database().to_owned();
    loads.mark_unchanged();
    client
        .batch_execute(&format!(
            "alter role authenticator in database {name} set pgrst.db_max_rows = '2'; notify pgrst, 'reload config'"
        ))
        .await
        .unwrap();
    loads.changed().await.unwrap();
    assert_eq!(
        server
            .ask("", "GET", "/customers?select=id", &[], "")
            .await
            .body
            .matches("id")
            .count(),
        2
    );
}

// REST-TXN-09: a column that changes its type does not leave a stale statement behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_column_type_is_noticed_without_being_told() {
    let server = Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        settings.catalog_poll = std::time::Duration::from_millis(20);
    })
    .await;
    let client = server.database.connect().await;
    let uri = "/addresses?select=id&city=eq.Paris";
    assert_eq!(
        server.ask("", "GET", uri, &[], "").await.body,
        r#"[{"id":1}]"#
    );
    let version = server.rest.catalog().current().unwrap().version();
    let mut loads = server.rest.catalog().loads();
    client
        .batch_execute("alter table public.addresses alter city type varchar(20)")
        .await
        .unwrap();
    while server.rest.catalog().current().unwrap().version() == version {
        loads.changed().await.unwrap();
    }
    assert_eq!(
        server.ask("", "GET", uri, &[], "").await.body,
        r#"[{"id":1}]"#
    );
}

// REST-CCH-06: a configuration that cannot be used keeps the catalog in service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_reload_keeps_the_old_catalog_in_service() {
    let server = Server::start(&["public"]).await;
    let client = server.database.connect().await;
    let name = server.database.admin().database().to_owned();
    let mut loads = server.rest.catalog().loads();
    loads.wait_for(|count| *count >= 2).await.unwrap();
    let set =
        |what: &str| format!("alter role authenticator in database {name} {what}; notify pgrst");
    client
        .batch_execute(&set("set pgrst.db_schemas = 'no_such_schema'"))
        .await
        .unwrap();
    for _ in 0..5 {
        assert_eq!(
            server
                .ask("", "GET", "/customers?limit=0", &[], "")
                .await
                .body,
            "[]"
        );
    }
    loads.mark_unchanged();
    client
        .batch_execute(&set("set pgrst.db_schemas = 'other'"))
        .await
        .unwrap();
    loads.changed().await.unwrap();
    assert_eq!(server.ask("", "GET", "/things", &[], "").await.body, "[]");
}
