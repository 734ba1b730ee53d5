//! The unmodified official clients against the real program.

use std::path::Path;
use std::process::Command;

use crate::house::{house, prepared};
use crate::shelf::shelf;

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

// REST-CLI-01 to -05: each method of the client has a case of its own.
#[test]
fn every_method_of_postgrest_js_works() {
    let folder = prepared("PASSERELLE_TEST_NODE_DIR");
    let program = folder.join("postgrest.test.mjs");
    std::fs::copy(clients().join("js/postgrest.test.mjs"), &program).unwrap();
    shelf().run_client(Command::new("node").arg("--test").arg(&program));
}

// REST-CLI-01 to -05
#[test]
fn every_method_of_postgrest_py_works() {
    python(&["python/postgrest_methods.py"]);
}

// REST-OAS-01, REST-OAS-09: a validator of such documents has nothing to object.
#[test]
fn the_description_of_the_api_is_valid() {
    python(&["python/description.py"]);
}

fn python(program: &[&str]) {
    let mut command = Command::new(prepared("PASSERELLE_TEST_PYTHON"));
    command.args(["-W", "ignore"]);
    command.args(program.iter().map(|name| clients().join(name)));
    shelf().run_client(&mut command);
}
