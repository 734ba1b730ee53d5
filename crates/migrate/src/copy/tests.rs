use std::sync::Arc;

use uuid::Uuid;

use super::{Checksum, Fate, JsonStep, OrphanPolicy, Rewriter, Rule};
use crate::mapping::{IdForm, Mapped, Mapping};

const SEVEN: &str = "00000000-0000-4000-8000-000000000007";
const NINE: &str = "00000000-0000-4000-8000-000000000009";

fn mapping() -> Arc<Mapping> {
    let entry = |legacy: &str, uuid: &str, own_row| {
        let uuid = Uuid::parse_str(uuid).expect("a UUID");
        (legacy.to_owned(), Mapped { uuid, own_row })
    };
    Arc::new(Mapping::new(
        IdForm::Integer,
        [entry("7", SEVEN, true), entry("9", NINE, false)],
    ))
}

/// The second of three fields has the rule.
fn check(rule: Rule, field: &str, expected: Result<&str, &str>) {
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let rewriter = Rewriter::new(names, vec![None, Some(rule), None], mapping());
    let mut out = b"before".to_vec();
    let fate = rewriter.line(format!("User\t{field}\t\\N").as_bytes(), &mut out);
    let text = String::from_utf8(out).expect("UTF-8");
    match (fate, expected) {
        (Fate::Load, Ok(expected)) => assert_eq!(text, format!("beforeUser\t{expected}\t\\N")),
        (Fate::Quarantine(reason) | Fate::Fail(reason), Err(expected)) => {
            assert_eq!(reason, expected);
            assert_eq!(
                text, "before",
                "nothing of a row that does not move is left"
            );
        }
        (fate, expected) => panic!("{field}: {fate:?} instead of {expected:?}"),
    }
}

#[test]
fn ids_become_the_mapped_ones() {
    use OrphanPolicy::{Fail, Null, Quarantine};
    check(Rule::Id(Fail), "7", Ok(SEVEN));
    check(Rule::Id(Fail), "\\N", Ok("\\N"));
    // MIG-REF-01, MIG-REF-03: never somebody else.
    check(Rule::Id(Null), "8", Ok("\\N"));
    check(Rule::Id(Quarantine), "8", Err("b: no such user"));
    check(Rule::Id(Fail), "0", Err("b: no such user"));
    check(Rule::OwnId, "7", Ok(SEVEN));
    check(Rule::OwnId, "9", Err("b: the user does not move"));
}

/// MIG-UUID-13
#[test]
fn mixed_text_is_judged_value_by_value() {
    check(Rule::Mixed(OrphanPolicy::Null), " 7", Ok(SEVEN));
    check(
        Rule::Mixed(OrphanPolicy::Null),
        &NINE.to_uppercase(),
        Ok(NINE),
    );
    let stranger = "00000000-0000-4000-8000-000000000001";
    check(Rule::Mixed(OrphanPolicy::Null), stranger, Ok("\\N"));
    check(
        Rule::Mixed(OrphanPolicy::Quarantine),
        "x",
        Err("b: no such user"),
    );
}

/// MIG-REF-06
#[test]
fn arrays_keep_order_duplicates_nulls_and_dimensions() {
    use OrphanPolicy::{DropElement, Null, Quarantine};
    check(
        Rule::Array(Null),
        "{9,7,NULL,7}",
        Ok(&format!("{{{NINE},{SEVEN},NULL,{SEVEN}}}")),
    );
    check(
        Rule::Array(Null),
        "{{7,9},{9,8}}",
        Ok(&format!("{{{{{SEVEN},{NINE}}},{{{NINE},NULL}}}}")),
    );
    check(
        Rule::Array(DropElement),
        "{8,7,8}",
        Ok(&format!("{{{SEVEN}}}")),
    );
    check(Rule::Array(DropElement), "{8}", Ok("{}"));
    check(Rule::Array(Null), "{}", Ok("{}"));
    check(
        Rule::Array(Null),
        "{\"7\",\"9\"}",
        Ok(&format!("{{{SEVEN},{NINE}}}")),
    );
    check(Rule::Array(Quarantine), "{7,8}", Err("b: no such user"));
}

/// MIG-REF-06
#[test]
fn documents_change_at_their_paths_only() {
    let key = |name: &str| JsonStep::Key(name.to_owned());
    let rule = |orphans, text| Rule::Json {
        paths: vec![vec![key("shared_with"), JsonStep::Each], vec![key("by")]],
        orphans,
        text,
    };
    let expected = format!(r#"{{"by": "{SEVEN}", "n": 7, "shared_with": ["{NINE}", "{SEVEN}"]}}"#);
    check(
        rule(OrphanPolicy::Fail, false),
        r#"{"by":"7","n":7,"shared_with":[9,7]}"#,
        Ok(&expected),
    );
    let expected = format!(r#"{{"shared_with": ["{SEVEN}"]}}"#);
    check(
        rule(OrphanPolicy::DropElement, false),
        r#"{"shared_with":[8,7]}"#,
        Ok(&expected),
    );
    check(
        rule(OrphanPolicy::Fail, false),
        r#"{"by":8}"#,
        Err("b: no such user"),
    );
    // Untouched documents keep their text, spaces included.
    check(
        rule(OrphanPolicy::Fail, false),
        r#"{ "x" : 1 }"#,
        Ok(r#"{ "x" : 1 }"#),
    );
    check(
        rule(OrphanPolicy::Fail, true),
        "not a document",
        Ok("not a document"),
    );
    // What stands beside an id keeps every digit and every key.
    let expected = format!(r#"{{"by": "{SEVEN}", "n": 1.000000000000000000000001, "n": 2}}"#);
    check(
        rule(OrphanPolicy::Fail, false),
        r#"{"by":7,"n":1.000000000000000000000001,"n":2}"#,
        Ok(&expected),
    );
    check(
        rule(OrphanPolicy::Fail, false),
        r#"{"by":"ada"}"#,
        Ok(r#"{"by":"ada"}"#),
    );
}

/// MIG-INS-16
#[test]
fn a_polymorphic_id_changes_for_users_only() {
    let rule = |values: &[&str]| Rule::Polymorphic {
        type_place: 0,
        values: values.iter().map(|it| (*it).to_owned()).collect(),
        orphans: OrphanPolicy::Fail,
    };
    check(rule(&["User"]), "7", Ok(SEVEN));
    check(rule(&["Organization"]), "7", Ok("7"));
}

#[test]
fn a_checksum_does_not_depend_on_order() {
    let sum = |lines: &[&str]| {
        let mut sum = Checksum::default();
        for line in lines {
            sum.add(line.as_bytes());
        }
        sum
    };
    assert_eq!(sum(&["a", "b", "b"]), sum(&["b", "a", "b"]));
    assert_ne!(sum(&["a", "b"]), sum(&["a", "b", "b"]));
    assert_ne!(sum(&["a"]), sum(&["b"]));
    let kept = sum(&["a", "b"]);
    assert_eq!(Checksum::parse(kept.rows, &kept.text()), Some(kept));
}
