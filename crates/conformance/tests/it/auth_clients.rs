//! The unmodified auth client, method by method, against the real program.

use std::path::Path;
use std::process::Command;

use crate::house::{house, prepared};

// AUTH-CLIENT-01: each method that needs no provider elsewhere.
#[test]
fn every_method_of_auth_js_works() {
    let folder = prepared("PASSERELLE_TEST_NODE_DIR");
    // Modules are found beside the file that asks for them.
    let program = folder.join("auth.test.mjs");
    let source = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/clients/js/auth.test.mjs"
    ));
    std::fs::copy(source, &program).unwrap();
    house().run_client(Command::new("node").arg("--test").arg(&program));
}
