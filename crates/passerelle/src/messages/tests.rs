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

// Whoever lacks a port is told what gives that listener another one.
#[test]
fn a_taken_port_is_named_by_its_own_setting() {
    use super::floors::another_port;
    let settings = settings::Settings::load(&settings::Layers::default()).unwrap();
    let told = |port| another_port(&settings.gateway, port).text(Language::English);
    assert_eq!(told(8000), "passerelle up --port 8001");
    assert_eq!(
        told(8001),
        "PASSERELLE_GATEWAY_ADMIN_PORT=8002 passerelle up"
    );
    assert_eq!(told(8443), "PASSERELLE_GATEWAY_TLS_PORT=8444 passerelle up");
    assert!(told(9999).contains("--service-ports"));
}
