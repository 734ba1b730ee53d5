//! The unmodified official clients against the real program.

use std::path::Path;
use std::process::Command;

use crate::house::{house, prepared};

fn clients() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/clients"))
}

// REST-CLI-01, RT-CLI-01, STO-CLI-01: supabase-js signs up, reads under row security, stores files, listens.
#[test]
fn supabase_js_works_unchanged() {
    let folder = prepared("PASSERELLE_TEST_NODE_DIR");
    // Modules are found beside the file that asks for them.
    let program = folder.join("front-door.test.mjs");
    std::fs::copy(clients().join("js/front-door.test.mjs"), &program).unwrap();
    house().run_client(Command::new("node").arg("--test").arg(&program));
}

#[test]
fn supabase_py_works_unchanged() {
    let python = prepared("PASSERELLE_TEST_PYTHON");
    house().run_client(
        Command::new(python)
            .arg("-W")
            .arg("ignore")
            .arg(clients().join("python/front_door.py")),
    );
}
