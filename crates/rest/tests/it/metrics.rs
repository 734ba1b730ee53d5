//! What monitoring reads.

use metrics_exporter_prometheus::PrometheusBuilder;

use crate::server::Server;

// REST-OPS-02: under upstream's names. One thread, so that everything is counted by this test's recorder.
#[tokio::test]
async fn loads_and_the_pool_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let server = Server::start(&["public"]).await;
    let text = handle.render();
    for line in [
        "pgrst_schema_cache_loads_total{status=\"SUCCESS\"}",
        "pgrst_schema_cache_query_time_seconds 0.",
        "pgrst_db_pool_max 16",
        "pgrst_db_pool_waiting 0",
        "pgrst_db_pool_available 16",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    // REST-CCH-08: a load that is asked for from within.
    let mut loads = server.rest.catalog().loads();
    loads.wait_for(|count| *count >= 2).await.unwrap();
    let before = *loads.borrow_and_update();
    server.rest.catalog().reload();
    loads.changed().await.unwrap();
    assert!(*loads.borrow() > before);
}
