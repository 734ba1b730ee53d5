//! Paths and what they lead to.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::RoleKey;

fn claims() -> serde_json::Map<String, Value> {
    let claims = json!({
        "role": "plain",
        "app_metadata": { "role": "nested", "level": 3 },
        "https://x.org/role": [{ "v": "far" }],
        "roles": ["viewer", "author", "admin_one"],
        "groups": [{ "name": "a", "role": "first" }, { "name": "b", "role": "second", "on": true }],
        "number": 7,
    });
    let Value::Object(members) = claims else {
        unreachable!()
    };
    members
}

fn check(path: &str, expected: Value) {
    let key = RoleKey::parse(path).unwrap_or_else(|error| panic!("{error}"));
    let expected = Some(expected).filter(|value| !value.is_null());
    assert_eq!(key.find(&claims()), expected, "{path}");
}

// REST-JWT-07
#[test]
fn json_paths_lead_to_the_role() {
    check("$.role", json!("plain"));
    check("$.app_metadata.role", json!("nested"));
    check("$['app_metadata'][\"role\"]", json!("nested"));
    check(r#"$["https://x.org/role"][0].v"#, json!("far"));
    check("$.roles[1]", json!("author"));
    check("$.roles[-1]", json!("admin_one"));
    check("$.roles[9]", Value::Null);
    check("$.nothing.at.all", Value::Null);
    check("$.number", json!(7));
    check(r#"$.roles[?(@ == "author")]"#, json!("author"));
    check("$.roles[?@ == 'nobody']", Value::Null);
    check(r#"$.roles[?search(@, "^admin_.+$")]"#, json!("admin_one"));
    check(r#"$.groups[?@.name == "b"].role"#, json!("second"));
    check("$.groups[?@.on].role", json!("second"));
    check("$.groups[?!@.on].role", json!("first"));
    check(
        r#"$.groups[?@.name == "a" && @.role != "first" || @.on == true].role"#,
        json!("second"),
    );
    check(r#"$.groups[?(@.name < "b")].role"#, json!("first"));
    check("$.roles[?@ == $.roles[2]]", json!("admin_one"));
    check("$.roles[1:]", json!("author"));
    check("$.roles[::-1]", json!("admin_one"));
    check("$.groups[*].role", json!("first"));
    check("$..v", json!("far"));
    check("$.app_metadata[?@ > 2]", json!(3));
}

// REST-JWT-07: the language before.
#[test]
fn the_older_language_still_leads_there() {
    check(".role", json!("plain"));
    check(".roles[0]", json!("viewer"));
    check(r#"."https://x.org/role"[0].v"#, json!("far"));
    check(r#".roles[?(@ == "author")]"#, json!("author"));
    check(r#".roles[?(@ != "viewer")]"#, json!("author"));
    check(r#".roles[?(@ ^== "adm")]"#, json!("admin_one"));
    check(r#".roles[?(@ ==^ "hor")]"#, json!("author"));
    check(r#".roles[?(@ *== "min_")]"#, json!("admin_one"));
    assert!(RoleKey::parse(".role").unwrap().is_old);
    assert!(!RoleKey::parse("$.role").unwrap().is_old);
}

// REST-JWT-07
#[test]
fn what_is_no_path_is_refused() {
    for text in [
        "",
        "$",
        "role",
        "$.",
        "$[",
        "$.a b",
        "$[?]",
        "$[?search(@)]",
        "$.x[?(1)]",
        ".r[",
        "$[?search(@,'(')]",
    ] {
        assert_eq!(
            RoleKey::parse(text).err(),
            Some(format!("failed to parse role-claim-key value ({text})")),
            "{text}"
        );
    }
    assert!(RoleKey::parse(&format!("$[?{}@", "(".repeat(10_000))).is_err());
}

proptest! {
    #[test]
    fn no_text_is_too_much(text in "[$.\\[\\]?@='\"a-z0-9!&|()<>*,: -]{0,40}") {
        if let Ok(key) = RoleKey::parse(&text) {
            let _ = key.find(&claims());
        }
    }
}
