//! Metadata: shallow merges.

use crate::body::Object;

/// A key set to null is removed, any other replaces.
pub(crate) fn merge(into: &mut Object, changes: &Object) {
    for (key, value) in changes {
        if value.is_null() {
            into.shift_remove(key);
        } else {
            into.insert(key.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_removes_and_values_replace() {
        // AUTH-OBJ-05
        let mut old = json!({"a": 1, "b": {"c": 2}, "d": 3})
            .as_object()
            .unwrap()
            .clone();
        merge(
            &mut old,
            json!({"a": null, "b": {"e": 4}, "f": []})
                .as_object()
                .unwrap(),
        );
        assert_eq!(
            serde_json::Value::Object(old),
            json!({"b": {"e": 4}, "d": 3, "f": []})
        );
    }
}
