//! The catalog of nasty schemas (section 36 of the contract): each moves as a whole, or is asked about.

use insight::{labels, nasty};

use crate::house::{House, Whole, migrate_whole};

/// The SQL of a schema, and its users table as a plan names it.
fn schema(name: &str) -> (&'static str, String) {
    let (_, sql) = nasty().iter().find(|(it, _)| *it == name).unwrap();
    let labels = labels(sql);
    let users = labels.iter().find(|it| it.kind == "users").unwrap();
    let (table, _) = users.target.rsplit_once('.').unwrap();
    (sql, table.to_owned())
}

/// Without a hint; what is asked and what a run warns of is listed.
async fn moves(name: &str, asked: &[&str], told: &[&str]) -> Whole {
    let (sql, _) = schema(name);
    let whole = migrate_whole(sql, None, |_| ()).await;
    assert_eq!(whole.asked, asked);
    assert_eq!(whole.told, told);
    whole
}

#[test]
fn every_nasty_schema_is_moved_here() {
    let tests = include_str!("nasty.rs");
    for (name, _) in nasty() {
        assert!(tests.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[tokio::test]
async fn moves_01_quoted_names() {
    let whole = moves("01_quoted_names", &[], &[]).await;
    assert_eq!((whole.people.all, whole.people.with_password), (12, 12));
}

#[tokio::test]
async fn moves_02_username_only() {
    moves(
        "02_username_only",
        &[
            "sentinel_policy public.comments.member",
            "sentinel_policy public.posts.owner",
            "users.conflicts MIG-U-EMAIL-NULL",
        ],
        &[
            "MIG-D-DEFAULT public.comments.member",
            "MIG-D-DEFAULT public.posts.owner",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_03_existing_uuid() {
    let whole = moves("03_existing_uuid", &[], &[]).await;
    assert_eq!((whole.people.all, whole.people.with_password), (15, 15));
}

#[tokio::test]
async fn moves_04_implicit_joins() {
    moves("04_implicit_joins", &[], &[]).await;
}

#[tokio::test]
async fn moves_05_polymorphic() {
    moves("05_polymorphic", &[], &[]).await;
}

#[tokio::test]
async fn moves_06_arrays_and_json() {
    moves(
        "06_arrays_and_json",
        &[],
        &[
            "MIG-D-DEFAULT public.boards.watchers",
            "MIG-D-DEFAULT public.documents.reader_ids",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_07_side_credentials() {
    // MIG-INS-04: the primary address signs in with the password of the side table.
    let whole = moves("07_side_credentials", &[], &[]).await;
    assert_eq!((whole.people.all, whole.people.with_password), (14, 10));
    assert!(
        whole
            .people
            .addresses
            .iter()
            .all(|it| it.starts_with("primary"))
    );
}

#[tokio::test]
async fn moves_08_hashed_twice() {
    moves("08_hashed_twice", &[], &[]).await;
}

#[tokio::test]
async fn moves_08_mixed_hashes() {
    moves("08_mixed_hashes", &[], &[]).await;
}

#[tokio::test]
async fn moves_08_peppered() {
    moves("08_peppered", &[], &[]).await;
}

#[tokio::test]
async fn moves_08_salt_prefix() {
    moves("08_salt_prefix", &[], &[]).await;
}

#[tokio::test]
async fn moves_09_seventy_keys() {
    moves("09_seventy_keys", &[], &[]).await;
}

#[tokio::test]
async fn moves_10_composite_keys() {
    moves("10_composite_keys", &[], &[]).await;
}

#[tokio::test]
async fn moves_11_partitions() {
    moves("11_partitions", &[], &["MIG-D-PARTITION public.clicks"]).await;
}

#[tokio::test]
async fn moves_12_inheritance() {
    moves("12_inheritance", &[], &[]).await;
}

#[tokio::test]
async fn moves_13_views() {
    moves(
        "13_views",
        &[],
        &[
            "MIG-R-VIEW public.totals",
            "MIG-X-DROPPED rule no_deleting on public.returns",
            "MIG-X-GRANT public",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_14_functions() {
    moves(
        "14_functions",
        &[],
        &[
            "MIG-D-DEFINER public.is_owner(p_user integer, p_table text)",
            "MIG-D-MANUAL public.pay_interest(IN p_from integer, IN p_to integer)",
            "MIG-D-RETYPED public.balance(p_user integer)",
            "MIG-D-RETYPED public.is_owner(p_user integer, p_table text)",
            "MIG-D-RETYPED public.names_by_ids(p_ids integer[], OUT id integer, OUT email text)",
            "MIG-D-RETYPED public.transfers_of(p_user integer, p_least integer)",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_15_indexes() {
    moves(
        "15_indexes",
        &[],
        &[
            "MIG-D-GENERATED public.stays.user_label",
            "MIG-D-GENERATED public.stays.user_parity",
            "MIG-X-DROPPED constraint public.stays.one_room_at_a_time",
            "MIG-X-DROPPED index public.readings_downwards",
            "MIG-X-DROPPED index public.stays_expression",
            "MIG-X-DROPPED index public.stays_partial",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_16_cyclic_keys() {
    moves("16_cyclic_keys", &[], &[]).await;
}

#[tokio::test]
async fn moves_17_keys_to_names() {
    moves("17_keys_to_names", &[], &[]).await;
}

#[tokio::test]
async fn moves_18_bigint_ids() {
    moves("18_bigint_ids", &[], &[]).await;
}

#[tokio::test]
async fn moves_18_numeric_ids() {
    moves("18_numeric_ids", &[], &[]).await;
}

#[tokio::test]
async fn moves_18_smallint_ids() {
    moves(
        "18_smallint_ids",
        &[
            "users.roles \"1\"",
            "users.roles \"2\"",
            "users.roles \"3\"",
            "users.roles \"9\"",
        ],
        &[],
    )
    .await;
}

#[tokio::test]
async fn moves_18_text_ids() {
    moves("18_text_ids", &[], &[]).await;
}

#[tokio::test]
async fn moves_19_odd_tables() {
    moves("19_odd_tables", &["table public.presence"], &[]).await;
}

#[tokio::test]
async fn moves_20_row_security() {
    moves(
        "20_row_security",
        &[],
        &["MIG-D-DEFAULT public.journals.user_id"],
    )
    .await;
}

#[tokio::test]
async fn moves_23_watchful_triggers() {
    moves(
        "23_watchful_triggers",
        &[],
        &["MIG-X-EVENT-TRIGGER event trigger schema_is_frozen"],
    )
    .await;
}

#[tokio::test]
async fn moves_24_soft_deleted() {
    moves("24_soft_deleted", &["users.conflicts MIG-U-EXACT-DUP"], &[]).await;
}

#[tokio::test]
async fn moves_25_tenants() {
    moves("25_tenants", &["users.conflicts MIG-U-EXACT-DUP"], &[]).await;
}

// MIG-INS-01, MIG-INS-04: two tables of people are asked about, and either can be named.
#[tokio::test]
async fn asks_which_of_two_users_tables_26() {
    let (sql, users) = schema("26_two_user_tables");
    let house = House::of(sql).await;
    let refused = house.plan(None).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "it is not clear which table holds the users: it may be public.customers, public.staff"
    );
    // The staff's ids stay what they are.
    let theirs = ["agent_id", "shifts.staff_id", "handled_by"];
    let is_theirs =
        |line: &str| line.starts_with("-- label") && theirs.iter().any(|it| line.ends_with(it));
    let lines: Vec<&str> = sql.lines().filter(|line| !is_theirs(line)).collect();
    let sql = lines.join("\n");
    let whole = migrate_whole(&sql, Some(&users), |_| ()).await;
    assert_eq!(whole.asked, ["reference public.calls.handled_by"]);
    assert_eq!(whole.people.all, 25);
}

#[tokio::test]
async fn moves_28_sequences() {
    moves("28_sequences", &[], &[]).await;
}

#[tokio::test]
async fn moves_33_boutique() {
    let whole = moves("33_boutique", &[], &[]).await;
    assert_eq!(whole.people.with_password, whole.people.with_identity);
}

#[tokio::test]
async fn moves_34_clinic() {
    // MIG-INS-04: address and password from two other tables, the new id from the UUID that is there.
    let whole = moves("34_clinic", &[], &[]).await;
    assert_eq!((whole.people.all, whole.people.with_password), (20, 18));
    assert_eq!(whole.people.addresses.len(), 20);
    assert!(
        whole
            .people
            .addresses
            .iter()
            .all(|it| it.ends_with("@clinic.example"))
    );
}
