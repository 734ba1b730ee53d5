//! Any request, from its bytes to SQL: nothing panics, nothing is a 500 of ours, no name is unquoted.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use passerelle_fuzz::{request, sql};
use rest::fuzzing::Stages;

/// The schema of the REST service's own tests, read from a real database once.
fn stages() -> &'static Stages {
    static STAGES: OnceLock<Stages> = OnceLock::new();
    STAGES.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let database = testkit::Postgres::shared().database().await;
            let client = database.connect().await;
            let fixtures = [
                include_str!("../../crates/rest/tests/roles.sql"),
                include_str!("../../crates/rest/tests/fixture.sql"),
                include_str!("../../crates/rest/tests/relations.sql"),
                include_str!("../../crates/rest/tests/odds.sql"),
                include_str!("../../crates/rest/tests/media.sql"),
                include_str!("../../crates/rest/tests/described.sql"),
                include_str!("../../crates/rest/tests/guarded.sql"),
            ];
            for fixture in fixtures {
                client.batch_execute(fixture).await.expect("the fixture is good SQL");
            }
            let mut settings = settings::Rest::default();
            settings.schemas = vec!["public".to_owned()];
            settings.aggregates_enabled = true;
            settings.plan_enabled = true;
            settings.tx_end = settings::TxEnd::CommitAllowOverride;
            let catalog = catalog::Catalog::load(&client, &settings.schemas, &settings.extra_search_path)
                .await
                .expect("a catalog");
            Stages::new(&settings, catalog).expect("good settings")
        })
    })
}

fuzz_target!(|data: &[u8]| {
    let Some(request) = request::parse(data) else { return };
    match stages().walk(request) {
        Ok(statements) => {
            for statement in statements {
                sql::check(&statement.sql, statement.parameters);
            }
        }
        Err(refused) => {
            // REST-RPC-06: a choice of functions is 300.
            assert!((300..500).contains(&refused.status), "{refused:?}");
            assert!(!refused.code.is_empty());
        }
    }
});
