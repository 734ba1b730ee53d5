//! Names of objects that the engine makes, and names in expressions.

use sha2::{Digest as _, Sha256};

/// Bytes in a name.
const LIMIT: usize = 63;

/// A name made of several, `<part>_<part>_<ending>`, within what PostgreSQL takes. A shortened one ends in a digest of
/// the whole, so that two long names never become the same.
pub(crate) fn object_name(parts: &[&str], ending: &str) -> String {
    let whole = format!("{}_{ending}", parts.join("_"));
    if whole.len() <= LIMIT {
        return whole;
    }
    let digest = hex::encode(Sha256::digest(&whole));
    let tail = format!("_{}_{ending}", &digest[..8]);
    let mut head = parts.join("_");
    while head.len() + tail.len() > LIMIT {
        head.pop();
    }
    format!("{head}{tail}")
}

/// The identifiers in an SQL expression as the catalog writes it, unquoted; literals are passed over.
pub(crate) fn identifiers(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut chars = expression.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\'' => {
                // A doubled quote inside begins the next literal: the same for our purpose.
                for inner in chars.by_ref() {
                    if inner == '\'' {
                        break;
                    }
                }
            }
            '"' => {
                let mut name = String::new();
                while let Some(inner) = chars.next() {
                    if inner != '"' {
                        name.push(inner);
                    } else if chars.peek() == Some(&'"') {
                        chars.next();
                        name.push('"');
                    } else {
                        break;
                    }
                }
                names.push(name);
            }
            char if char.is_alphabetic() || char == '_' => {
                let mut name = String::from(char);
                while let Some(next) = chars
                    .peek()
                    .filter(|it| it.is_alphanumeric() || **it == '_' || **it == '$')
                {
                    name.push(*next);
                    chars.next();
                }
                names.push(name);
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{identifiers, object_name};

    // MIG-NST-1: names of 63 bytes; two that begin alike stay two.
    #[test]
    fn a_made_name_fits_and_stays_its_own() {
        assert_eq!(
            object_name(&["notes", "user_id"], "idx"),
            "notes_user_id_idx"
        );
        let long = "é".repeat(31);
        let one = object_name(&[&long, "first"], "fkey");
        let two = object_name(&[&long, "other"], "fkey");
        assert!(one.len() <= 63 && one.ends_with("_fkey"), "{one}");
        assert_ne!(one, two);
    }

    #[test]
    fn an_expression_names_its_columns_and_not_its_literals() {
        assert_eq!(
            identifiers(r#"('user_id'::text || ("we""ird" % user_id))"#),
            ["text", "we\"ird", "user_id"]
        );
    }
}
