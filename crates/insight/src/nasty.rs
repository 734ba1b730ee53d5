//! Schemas that are harder than the application's: one SQL file each, with a few rows and, in comments, what is right.

use crate::Variant;

/// One line of what is right about a schema: `-- label: KIND TARGET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label<'a> {
    /// What the target is:
    /// - `users`: the column that identifies users; once for each users table.
    /// - `declared`: a column with a foreign key to it; all of them are listed, unless `declared-count` says how many.
    /// - `undeclared`: a column that holds ids of users without a foreign key.
    /// - `mixed`: a text column with ids of users and UUIDs.
    /// - `array`, `json`, `polymorphic`: elements, a path (`… -> key -> key[*]`), rows of one type
    ///   (`table.column = 'value', id`).
    /// - `composite`: a column of a foreign key of several columns to the users.
    /// - `chain`: a column of a foreign key to a column that refers to users itself.
    /// - `uuid`, `by-name`: a reference to another unique column of the users, which stays as it is.
    /// - `token`: text such as `person:7`, for a person to look at.
    /// - `never`: looks like a reference and is none.
    /// - `credential`: an address and its password.
    pub kind: &'a str,
    /// The column as SQL names it, with its schema and table, or what the kind asks for.
    pub target: &'a str,
}

/// The labels in the comments of `sql`.
pub fn labels(sql: &str) -> Vec<Label<'_>> {
    sql.lines()
        .filter_map(|line| line.strip_prefix("-- label: ")?.split_once(' '))
        .map(|(kind, target)| Label { kind, target })
        .collect()
}

/// The labels of the application's own schema.
pub fn application_labels(variant: Variant) -> Vec<Label<'static>> {
    labels(match variant {
        Variant::A => include_str!("../labels/a.sql"),
        Variant::B => include_str!("../labels/b.sql"),
    })
}

macro_rules! schemas {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../nasty/", $name, ".sql")))),+]
    };
}

/// Name and SQL of every nasty schema, to be loaded into an empty database; the number is that of the catalog
/// of nasty schemas, 33 and up are of our own invention.
pub fn nasty() -> &'static [(&'static str, &'static str)] {
    schemas![
        "01_quoted_names",
        "02_username_only",
        "03_existing_uuid",
        "04_implicit_joins",
        "05_polymorphic",
        "06_arrays_and_json",
        "07_side_credentials",
        "08_hashed_twice",
        "08_mixed_hashes",
        "08_peppered",
        "08_salt_prefix",
        "09_seventy_keys",
        "10_composite_keys",
        "11_partitions",
        "12_inheritance",
        "13_views",
        "14_functions",
        "15_indexes",
        "16_cyclic_keys",
        "17_keys_to_names",
        "18_bigint_ids",
        "18_numeric_ids",
        "18_smallint_ids",
        "18_text_ids",
        "19_odd_tables",
        "20_row_security",
        "23_watchful_triggers",
        "24_soft_deleted",
        "25_tenants",
        "26_two_user_tables",
        "28_sequences",
        "33_boutique",
        "34_clinic",
    ]
}
