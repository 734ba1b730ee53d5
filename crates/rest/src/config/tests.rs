//! Which of two settings counts.

use std::collections::BTreeMap;

use settings::Rest;

use super::Config;

fn effective(adjust: impl FnOnce(&mut Rest), stored: &[(&str, &str)]) -> Result<Config, String> {
    let mut base = Rest::default();
    adjust(&mut base);
    let stored: BTreeMap<String, String> = stored
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Config::effective(&base, &stored)
}

// REST-CFG-01, REST-CFG-02, GW-ENV-08, DB-SET-22
#[test]
fn what_the_database_says_wins() {
    let config = effective(
        |_| {},
        &[
            ("pgrst.db_schemas", "a, b"),
            ("pgrst.db_max_rows", "7"),
            ("pgrst.app.settings.x", "y"),
        ],
    )
    .unwrap();
    assert_eq!(
        (config.schemas, config.max_rows),
        (vec!["a".to_owned(), "b".to_owned()], Some(7))
    );
    assert_eq!(
        config.app_settings,
        [("app.settings.x".to_owned(), "y".to_owned())]
    );
    let config = effective(|base| base.db_config = false, &[("pgrst.db_max_rows", "7")]).unwrap();
    assert_eq!(config.max_rows, Some(1000));
    let config = effective(|base| base.app_settings_jwt_exp = Some("3600".into()), &[]).unwrap();
    assert_eq!(
        config.app_settings,
        [("app.settings.jwt_exp".to_owned(), "3600".to_owned())]
    );
}

// REST-SCH-05, GW-ENV-08
#[test]
fn extensions_are_found_unless_there_is_no_extra_path() {
    let path = |list: &[&str]| {
        let list = list.iter().map(|name| (*name).to_owned()).collect();
        effective(|base| base.extra_search_path = list, &[])
            .unwrap()
            .extra_search_path
    };
    assert_eq!(path(&["public"]), ["public", "extensions"]);
    assert!(path(&[]).is_empty());
}

// REST-CFG-02
#[test]
fn what_cannot_be_used_is_named() {
    assert_eq!(
        effective(|_| {}, &[("pgrst.db_tx_end", "maybe")])
            .unwrap_err()
            .split(' ')
            .next(),
        Some("pgrst.db_tx_end")
    );
    assert!(effective(|_| {}, &[("pgrst.db_schemas", "pg_catalog")]).is_err());
    assert!(effective(|_| {}, &[("pgrst.db_schemas", "")]).is_err());
}
