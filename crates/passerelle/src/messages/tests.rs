use std::collections::BTreeSet;

use super::Language;
use super::table::TABLE;

fn placeholders(text: &str) -> BTreeSet<&str> {
    let parts = text.split('{').skip(1);
    parts
        .filter_map(|part| {
            Some(
                part.split_once('}')?
                    .0
                    .split(':')
                    .next()
                    .unwrap_or_default(),
            )
        })
        .collect()
}

// MIG-OUT-04: no sentence lacks a language, and both say the same things.
#[test]
fn every_message_is_there_in_both_languages_with_the_same_values() {
    for (name, english, french) in TABLE {
        assert!(
            !english.trim().is_empty() && !french.trim().is_empty(),
            "{name}"
        );
        assert_eq!(placeholders(english), placeholders(french), "{name}");
    }
    let same = TABLE
        .iter()
        .filter(|(_, english, french)| english == french);
    let same: Vec<_> = same.map(|(name, ..)| *name).collect();
    assert_eq!(same, SAME);
}

/// Command lines, addresses and marks, which are the same in every language.
const SAME: [&str; 11] = [
    "Sheet",
    "Api",
    "RunsHere",
    "DemoStep",
    "DemoAccount",
    "MigrateStep",
    "AutoStage",
    "SyncInto",
    "NewApiKeys",
    "AnotherPort",
    "PortSetting",
];

/// A mark with two parts has a space before it; one inside a word (`host:port`) is no mark.
#[test]
fn french_is_set_as_french_is() {
    for (name, _, french) in TABLE {
        assert!(!french.contains('\''), "{name}: a straight apostrophe");
        for word in french.split(' ') {
            let bare = word.len() > 1 && word.ends_with([':', ';', '?', '!']);
            assert!(!bare, "{name}: {word}");
        }
    }
}

#[test]
fn a_locale_names_its_language() {
    assert_eq!(Language::parse("fr_FR.UTF-8"), Language::French);
    assert_eq!(Language::parse("FR"), Language::French);
    assert_eq!(Language::parse("en_GB"), Language::English);
    assert_eq!(Language::parse("C"), Language::English);
}
