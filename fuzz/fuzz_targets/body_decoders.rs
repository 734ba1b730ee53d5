//! JSON, CSV, form and raw bodies. The first byte chooses the kind, the purpose and whether `columns` were given.
#![no_main]

use std::collections::BTreeSet;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rest::fuzzing::decode;
use serde_json::Value;

const KINDS: [&str; 8] = [
    "application/json",
    "text/csv",
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/xml",
    "application/octet-stream",
    "",
    "image/png",
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let kind = KINDS[usize::from(choice & 7)];
    let call = choice & 8 != 0;
    let columns = (choice & 16 != 0).then(|| vec!["b".to_owned(), "a".to_owned(), "b".to_owned()]);
    let Ok(decoded) = decode(kind, call, columns.as_deref(), Bytes::copy_from_slice(body)) else {
        return;
    };
    let Some((array, keys)) = decoded.json else {
        assert!(call, "only a function takes a raw body");
        if kind == "application/octet-stream" {
            assert_eq!(decoded.body.len(), 2 + 2 * body.len());
        } else {
            assert_eq!(decoded.body, body);
        }
        return;
    };
    assert!(keys.is_sorted_by(|one, other| one < other), "sorted, and each once");
    let converted = matches!(kind, "text/csv" | "application/x-www-form-urlencoded");
    match serde_json::from_slice::<Value>(&decoded.body) {
        Ok(value) if columns.is_none() => compare(&value, array, &keys),
        Ok(_) => {}
        // What is passed on unparsed is PostgreSQL's to refuse; what we wrote ourselves must be JSON.
        Err(error) => assert!(!converted, "{error}"),
    }
});

/// The shape that was found without building the value is the value's.
fn compare(value: &Value, array: bool, keys: &[String]) {
    let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    match value {
        Value::Object(members) => {
            assert!(!array);
            assert_eq!(members.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
        }
        Value::Array(rows) => {
            assert!(array);
            for row in rows {
                let row = row.as_object().expect("rows are objects");
                assert_eq!(row.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
            }
        }
        other => panic!("neither a row nor rows: {other}"),
    }
}
