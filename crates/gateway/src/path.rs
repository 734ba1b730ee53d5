//! Paths, made the same for everyone before anything is decided on them.

use std::borrow::Cow;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// Merges `//`, resolves `.` and `..`; an encoded slash or backslash is refused. An `opaque` path holds an object
/// key, which may be anything and is passed on byte for byte, as long as it does not climb out of its service.
pub(crate) fn normalize(path: &str, opaque: bool) -> Result<Cow<'_, str>, Refused> {
    if !path.starts_with('/') || path.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err(Refused);
    }
    if opaque {
        let climbs = decoded_segments(path).any(|segment| segment == "..");
        return if climbs {
            Err(Refused)
        } else {
            Ok(Cow::Borrowed(path))
        };
    }
    if has_encoded_slash(path) {
        return Err(Refused);
    }
    let clean = !path.contains("//")
        && !decoded_segments(path).any(|segment| segment == "." || segment == "..");
    if clean {
        return Ok(Cow::Borrowed(path));
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path[1..].split('/') {
        match undot(segment) {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let mut normal = format!("/{}", kept.join("/"));
    let is_folder = matches!(
        undot(path.rsplit('/').next().unwrap_or("")),
        "" | "." | ".."
    );
    if is_folder && normal != "/" {
        normal.push('/');
    }
    Ok(Cow::Owned(normal))
}

fn has_encoded_slash(path: &str) -> bool {
    path.as_bytes().windows(3).any(|window| {
        window[0] == b'%' && matches!(&window[1..], [b'2', b'f' | b'F'] | [b'5', b'c' | b'C'])
    })
}

fn decoded_segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').map(undot)
}

/// `%2e` is a dot; only the two special names matter here.
fn undot(segment: &str) -> &str {
    match segment.len() {
        3 if segment.eq_ignore_ascii_case("%2e") => ".",
        4 if segment.eq_ignore_ascii_case(".%2e") || segment.eq_ignore_ascii_case("%2e.") => "..",
        6 if segment.eq_ignore_ascii_case("%2e%2e") => "..",
        _ => segment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        assert_eq!(
            normalize(path, path.starts_with("/storage/v1/")).as_deref(),
            Ok(expected),
            "{path}"
        );
    }

    // GW-LSN-03: `//` merged, dots resolved, encoded slashes refused outside object keys.
    #[test]
    fn paths_are_normalised() {
        check("/rest/v1/t", "/rest/v1/t");
        check("//rest//v1/t", "/rest/v1/t");
        check("/rest/v1/./t", "/rest/v1/t");
        check("/auth/v1/verify/../admin/users", "/auth/v1/admin/users");
        check("/auth/v1/verify/%2e%2E/admin", "/auth/v1/admin");
        check("/../../etc", "/etc");
        check("/rest/v1/", "/rest/v1/");
        check("/rest/v1/x/..", "/rest/v1/");
        check("/", "/");
        check(
            "/storage/v1/object/b/a%2Fb//c",
            "/storage/v1/object/b/a%2Fb//c",
        );
    }

    #[test]
    fn what_cannot_be_normalised_is_refused() {
        for path in [
            "/rest/v1/a%2Fb",
            "/auth/v1/%5cadmin",
            "rest",
            "",
            "/a\u{1}b",
        ] {
            assert_eq!(
                normalize(path, path.starts_with("/storage/v1/")),
                Err(Refused),
                "{path}"
            );
        }
        assert_eq!(
            normalize("/storage/v1/../../auth/v1/admin", true),
            Err(Refused)
        );
    }
}
