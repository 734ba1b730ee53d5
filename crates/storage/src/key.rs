//! Names of buckets and keys of objects.

use crate::Error;

/// Longest key, bytes: less than a third of a PostgreSQL index page, so that no key fails there.
const MAX_KEY_BYTES: usize = 2048;

/// A key that may be written. Reading does not need one: what breaks the rule is simply not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectKey(String);

impl ObjectKey {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let fits = !text.is_empty()
            && text.len() <= MAX_KEY_BYTES
            && text.bytes().all(|byte| byte == b'/' || is_name_byte(byte));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::Key(text.to_owned()))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The placeholder by which dashboards keep a folder that has nothing in it.
    pub(crate) fn is_folder_placeholder(&self) -> bool {
        self.0.ends_with(".emptyFolderPlaceholder")
    }
}

/// Whether a bucket may have this name.
pub(crate) fn check_bucket_name(name: &str) -> Result<(), Error> {
    let fits = (1..=100).contains(&name.len())
        && name.bytes().all(is_name_byte)
        && name.trim() == name
        && !name.ends_with("--table-s3");
    if fits { Ok(()) } else { Err(Error::BucketName) }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_!.*'()&$=@;:+,?- ".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_only_harmless_characters() {
        // STO-KEY-01
        for good in [
            "a",
            "a/b",
            "A z/0_!.*'()&$=@;:+,?-",
            "..",
            "../x",
            "/lead",
            "a//b",
        ] {
            assert!(ObjectKey::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "ä", "a[", "a]", "a%", "a#", "a~", "a^", "{", "}", "|", "\\", "\"", "<", ">", "`",
            "a\0", "a\n",
        ] {
            assert!(
                matches!(ObjectKey::parse(bad), Err(Error::Key(key)) if key == bad),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_key_of_1024_bytes_is_fine_and_an_endless_one_is_not() {
        // STO-KEY-02
        assert!(ObjectKey::parse(&"k".repeat(1024)).is_ok());
        assert!(ObjectKey::parse(&"k".repeat(MAX_KEY_BYTES + 1)).is_err());
    }

    #[test]
    fn bucket_names_follow_the_rule() {
        // STO-BKT-10
        for good in ["avatars", "My Bucket", "a.b-c_d", &"b".repeat(100)] {
            assert!(check_bucket_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " a",
            "a ",
            "a/b",
            "ü",
            &"b".repeat(101),
            "x--table-s3",
            "a%",
        ] {
            assert!(check_bucket_name(bad).is_err(), "{bad}");
        }
    }
}
