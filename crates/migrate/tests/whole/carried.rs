//! What a database holds beside tables: carried as it is, or listed as left behind.

use crate::house::{House, Warnings, accept, migrate_whole};

const EVERYTHING: &str = include_str!("everything.sql");

// MIG-COPY-08, MIG-DEP-01, MIG-INS-20, MIG-VER-07: everything that has a name is there under it, or was named.
#[tokio::test]
async fn everything_moves_or_is_named() {
    let whole = migrate_whole(EVERYTHING, None, |_| ()).await;
    assert_eq!(
        whole.told,
        [
            "MIG-D-CHECK public.notes.positive_owner",
            "MIG-D-DEFINER public.all_addresses()",
            "MIG-D-GENERATED public.notes.label",
            "MIG-D-GENERATED public.notes.parity",
            "MIG-D-GENERATED public.old_notes.label",
            "MIG-D-GENERATED public.old_notes.parity",
            "MIG-R-VIEW crm.busy",
            "MIG-R-VIEW crm.empty",
            "MIG-X-DEFAULT-PRIVILEGES default privileges of supabase_admin in public",
            "MIG-X-EVENT-TRIGGER event trigger watching",
            "MIG-X-FOREIGN foreign table public.far_away",
            "MIG-X-FOREIGN server elsewhere",
            "MIG-X-LARGE-OBJECT 1 large objects",
            "MIG-X-PUBLICATION publication readers",
        ]
    );
}

/// A question to the target and its answer.
async fn assert_answer(client: &tokio_postgres::Client, question: &str, answer: &str) {
    let rows = client.simple_query(question).await.unwrap();
    let values: Vec<String> = rows
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some(row.get(0).unwrap_or("null").to_owned())
            }
            _ => None,
        })
        .collect();
    assert_eq!(values.join(" "), answer, "{question}");
}

// MIG-COPY-08, MIG-DEP-07, MIG-RLS-09: the objects work, each as it did.
#[tokio::test]
async fn what_was_carried_works() {
    let house = House::of(EVERYTHING).await;
    let mut plan = house.plan(None).await.unwrap();
    accept(&mut plan);
    house.run(&plan, &Warnings::default()).await.unwrap();
    let client = house.target.connect().await;
    for (question, answer) in [
        ("select 'b2' < 'b10' collate public.german", "t"),
        ("select 'glad'::public.mood::integer", "1"),
        ("select 'glad'::public.mood operator(public.>>>) 'sad'", "t"),
        ("select public.total_mood(mood) from public.notes", "0"),
        (
            "select to_tsvector('public.notes_search', 'Words') @@ 'word'",
            "t",
        ),
        (
            "select stxkeys from pg_statistic_ext where stxname = 'notes_related'",
            "2 5",
        ),
        (
            "delete from public.cache; select count(*) from public.cache",
            "1",
        ),
        (
            "select relpersistence from pg_class where oid = 'public.cache'::regclass",
            "u",
        ),
        ("select sum(many) from public.moods", "48"),
        ("select count(*) > 0 from crm.busy", "t"),
        (
            "select relispopulated from pg_class where oid = 'crm.empty'::regclass",
            "f",
        ),
        ("select public.next_ticket() >= 500", "t"),
        (
            "select inhparent::regclass from pg_inherits where inhrelid = 'public.old_notes'::regclass",
            "notes",
        ),
        (
            "select obj_description('public.total_mood(public.mood)'::regprocedure)",
            "how a day was",
        ),
        (
            "select obj_description(oid) from pg_constraint where conname = 'title_is_tidy' and conrelid = 'public.notes'::regclass",
            "never blank",
        ),
        (
            "select obj_description('public.notes_search'::regclass)",
            "finds words",
        ),
        (
            "select obj_description(oid) from pg_trigger where tgname = 'touch'",
            "tidies",
        ),
        (
            "select obj_description('public.mood'::regtype)",
            "of a note",
        ),
        (
            "select attstorage from pg_attribute where attrelid = 'public.notes'::regclass and attname = 'body'",
            "e",
        ),
        (
            "select attstattarget from pg_attribute where attrelid = 'public.notes'::regclass and attname = 'title'",
            "300",
        ),
        (
            "select indexrelid::regclass from pg_index where indrelid = 'public.notes'::regclass and indisclustered",
            "notes_pkey",
        ),
        (
            "select opcname from pg_opclass o join pg_index i on o.oid = i.indclass[0] where i.indexrelid = 'public.notes_by_normal'::regclass",
            "by_normal",
        ),
        // Computed columns: what reads no id computes on, what does keeps what it had.
        (
            "select attgenerated from pg_attribute where attrelid = 'public.notes'::regclass and attname = 'title_key'",
            "s",
        ),
        (
            "select label || ' ' || parity from public.notes order by id limit 1",
            "u3 1",
        ),
        // A check that compared the id is not made, the other is.
        (
            "select count(*) from pg_constraint where conname = 'positive_owner'",
            "0",
        ),
        (
            "select contype from pg_constraint where conname = 'one_call_a_line'",
            "x",
        ),
        (
            "select nspname from pg_namespace n where obj_description(n.oid) = 'customers'",
            "crm",
        ),
        // EXECUTE: closed where it was closed, and where a function runs with its owner's rights.
        (
            "select has_function_privilege('anon', 'public.secret_of_the_house()', 'execute')",
            "f",
        ),
        (
            "select has_function_privilege('authenticated', 'public.all_addresses()', 'execute')",
            "f",
        ),
        (
            "select has_function_privilege('service_role', 'public.all_addresses()', 'execute')",
            "t",
        ),
        (
            "select has_function_privilege('authenticated', 'public.next_ticket()', 'execute')",
            "t",
        ),
    ] {
        assert_answer(&client, question, answer).await;
    }
}

// MIG-COPY-09, MIG-DEP-07: a grant to a role that the target knows is given there and taken back; nothing opens to
// everybody.
#[tokio::test]
async fn grants_are_given_to_roles_that_are_there() {
    let sql = "create table public.users (id serial primary key, email text not null unique, password text not null);
        insert into public.users (email, password) select 'a' || n || '@b.example', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
          from generate_series(1, 3) n;
        create table public.notes (id serial primary key, user_id integer not null references public.users (id), body text);
        insert into public.notes (user_id, body) select n, 'x' from generate_series(1, 3) n;
        create role both_sides nologin;
        grant select on public.notes to public;
        grant select (id, body), insert on public.notes to both_sides";
    // Roles are the server's, and both databases are on one.
    let house = House::of(sql).await;
    let client = house.target.connect().await;
    let admin = house.source.connect().await;
    let mut plan = house.plan(None).await.unwrap();
    accept(&mut plan);
    house.run(&plan, &Warnings::default()).await.unwrap();
    assert_answer(
        &client,
        "select has_column_privilege('both_sides', 'public.notes', 'body', 'select') || ' ' || \
         has_column_privilege('both_sides', 'public.notes', 'user_id', 'select') || ' ' || \
         has_table_privilege('both_sides', 'public.notes', 'insert') || ' ' || \
         has_table_privilege('anon', 'public.notes', 'select')",
        "true false true false",
    )
    .await;
    assert_eq!(house.failures(&plan).await, Vec::<String>::new());
    house.roll_back(&plan).await;
    admin
        .batch_execute("drop owned by both_sides; drop role both_sides")
        .await
        .unwrap();
}

// MIG-INS-20, MIG-PRE-12: inspection says what stays behind before anything is planned.
#[tokio::test]
async fn inspection_names_what_stays_behind() {
    let house = House::of(EVERYTHING).await;
    let found = house.inspect(None).await;
    let codes: Vec<&str> = found
        .findings
        .iter()
        .map(|it| it.code)
        .filter(|code| code.starts_with("MIG-X-"))
        .collect();
    assert_eq!(
        codes,
        [
            "MIG-X-DEFAULT-PRIVILEGES",
            "MIG-X-EVENT-TRIGGER",
            "MIG-X-FOREIGN",
            "MIG-X-FOREIGN",
            "MIG-X-LARGE-OBJECT",
            "MIG-X-PUBLICATION",
        ]
    );
}

// MIG-UUID-06: partitions by a key that became a UUID are still partitions, and hold all rows.
#[tokio::test]
async fn partitions_by_a_converted_key_are_rebuilt() {
    let (_, sql) = insight::nasty()
        .iter()
        .find(|(name, _)| *name == "11_partitions")
        .unwrap();
    let house = House::of(sql).await;
    let mut plan = house.plan(None).await.unwrap();
    accept(&mut plan);
    house.run(&plan, &Warnings::default()).await.unwrap();
    let client = house.target.connect().await;
    for (question, answer) in [
        (
            "select pg_get_partkeydef('public.clicks'::regclass)",
            "HASH (user_id)",
        ),
        (
            "select pg_get_partkeydef('public.archive'::regclass)",
            "LIST (user_id)",
        ),
        (
            "select pg_get_partkeydef('public.inbox'::regclass)",
            "HASH (user_id)",
        ),
        ("select count(*) from public.clicks", "100"),
        ("select count(*) from public.inbox", "100"),
        // The listed three are where they were; nobody's rows too.
        ("select count(*) from public.archive_staff", "9"),
        ("select count(*) from public.archive_nobody", "3"),
        ("select count(*) from public.archive_others", "51"),
    ] {
        assert_answer(&client, question, answer).await;
    }
}

// MIG-GEN-09: some tables only; a key to one that is left out is asked about and then not made.
#[tokio::test]
async fn a_subset_asks_about_keys_that_leave_it() {
    let (_, sql) = insight::nasty()
        .iter()
        .find(|(name, _)| *name == "02_username_only")
        .unwrap();
    let house = House::of(sql).await;
    let mut plan = house.plan(None).await.unwrap();
    let inventory = house.inventory().await;
    let only = |plan: &mut migrate::Plan, include: &[&str], exclude: &[&str]| {
        let list =
            |all: &[&str]| -> Vec<String> { all.iter().map(|it| (*it).to_owned()).collect() };
        plan.keep_only(&inventory, &list(include), &list(exclude))
    };
    let refused = only(&mut plan, &[], &["members"]).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the plan is refused: the users table public.members cannot be left out"
    );
    only(&mut plan, &["public.*"], &["post?"]).unwrap();
    assert!(
        crate::house::asked(&plan).contains(&"table public.posts".to_owned()),
        "{:?}",
        crate::house::asked(&plan)
    );
    for table in &mut plan.tables {
        if table.name.name == "posts" {
            table.action = migrate::plan::TableAction::Skip;
        }
    }
    accept(&mut plan);
    house.run(&plan, &Warnings::default()).await.unwrap();
    assert_eq!(house.failures(&plan).await, Vec::<String>::new());
    let client = house.target.connect().await;
    assert_answer(&client, "select to_regclass('public.posts')", "null").await;
}
