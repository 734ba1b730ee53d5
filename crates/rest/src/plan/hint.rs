//! "Perhaps you meant": names close enough to help, too far apart to leak.

use catalog::{Catalog, ObjectName};
use settings::RestVersion;

/// Schemas with more relations give no hints: finding one would cost more than the request.
const MOST_RELATIONS: usize = 500;

/// How alike two names are, from 0 to 1: an edit distance in which a replaced character counts 1 and an added
/// or missing one 2, against the longer length.
pub(super) fn similarity(left: &str, right: &str) -> f64 {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).map(|n| n * 2).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) * 2;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 2).min(row[j] + 2);
        }
    }
    let longest = left.len().max(right.len()).max(1);
    #[expect(clippy::cast_precision_loss, reason = "names are short")]
    let ratio = row[right.len()] as f64 / longest as f64;
    1.0 - ratio
}

/// The most alike of `names`, if it is alike enough.
pub(super) fn closest<'n>(
    wanted: &str,
    names: impl Iterator<Item = &'n str>,
    least: f64,
) -> Option<&'n str> {
    names
        .map(|name| (similarity(wanted, name), name))
        .filter(|(score, _)| *score >= least)
        .max_by(|(a, left), (b, right)| a.total_cmp(b).then_with(|| right.cmp(left)))
        .map(|(_, name)| name)
}

/// REST-ERR-06, REST-VER-06: how alike the name of a table or a function must be to be told.
pub(super) fn least(version: RestVersion) -> f64 {
    match version {
        RestVersion::Sixteen => 0.75,
        RestVersion::Fourteen => 0.33,
    }
}

pub(super) fn relation(
    catalog: &Catalog,
    wanted: &ObjectName,
    version: RestVersion,
) -> Option<String> {
    if catalog.relations_in(&wanted.schema).count() >= MOST_RELATIONS {
        return None;
    }
    let names = catalog
        .relations_in(&wanted.schema)
        .map(|relation| relation.name.name.as_str());
    closest(&wanted.name, names, least(version)).map(|name| format!("{}.{name}", wanted.schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    // REST-ERR-06
    #[test]
    fn only_close_names_are_suggested() {
        let check =
            |wanted: &str, name: &str| closest(wanted, std::iter::once(name), 0.75).is_some();
        assert!(check("projectx", "projects"));
        assert!(check("projecxx", "projects"));
        assert!(!check("projxxxx", "projects"));
        assert!(!check("itemsx", "items"));
    }
}
