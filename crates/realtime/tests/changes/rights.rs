//! Row security and privileges, section 19.

use serde_json::json;

use crate::harness::{ADA, BOB, World, anon, claims, filtered, on, service, user};

const NOTES: &str = "create table notes (id int primary key, owner uuid, body text);
     alter table notes enable row level security;
     create policy own on notes for select to authenticated using (owner = auth.uid());
     alter publication supabase_realtime add table notes";

// RT-RLS-01, RT-RLS-03, RT-RLS-04, RT-RLS-10, D-03.
#[tokio::test]
async fn each_user_sees_what_the_policies_show() {
    let world = World::new(NOTES).await;
    let mut ada = world.channel(&user(ADA), on("notes")).await;
    let mut bob = world.channel(&user(BOB), on("notes")).await;
    let mut stranger = world.channel(&anon(), on("notes")).await;
    let mut server = world.channel(&service(), on("notes")).await;
    world
        .run(&format!(
            "insert into notes values (1, '{ADA}', 'a'), (2, '{BOB}', 'b');
             insert into notes values (3, '{ADA}', 'gone'); delete from notes where id = 3;
             update notes set owner = '{BOB}' where id = 1;
             delete from notes where id = 2"
        ))
        .await;
    for event in ["INSERT 1", "INSERT 3", "DELETE 3", "DELETE 2"] {
        assert_eq!(ada.short().await, event);
    }
    for event in ["INSERT 2", "DELETE 3", "UPDATE 1", "DELETE 2"] {
        assert_eq!(bob.short().await, event);
    }
    for event in ["DELETE 3", "DELETE 2"] {
        assert_eq!(stranger.short().await, event);
    }
    for event in [
        "INSERT 1", "INSERT 2", "INSERT 3", "DELETE 3", "UPDATE 1", "DELETE 2",
    ] {
        assert_eq!(server.short().await, event);
    }
    for channel in [&mut ada, &mut bob, &mut stranger, &mut server] {
        channel.assert_silent();
    }
    world.end().await;
}

/// Policies as projects have them; each is judged one by one and as a join, or cannot be joined, and PostgreSQL itself
/// says what is right.
const POLICIES: &[&str] = &[
    "create policy p on notes using (true)",
    "create policy p on notes using (false)",
    "create policy p on notes using (owner = auth.uid())",
    "create policy p on notes to authenticated using ((select auth.uid()) = owner)",
    "create policy p on notes to anon using (true)",
    "create policy a on notes using (owner = auth.uid()); create policy b on notes using (body = 'public')",
    "create policy a on notes using (true); create policy b on notes as restrictive using (body <> 'x')",
    "create policy b on notes as restrictive using (true)",
    "create policy a on notes using (exists (select 1 from members m where m.team = notes.team and m.who = auth.uid()))",
    "create policy a on notes using (team in (select team from members where who = (select auth.uid()))); create policy b on notes using (owner = auth.uid())",
    "create policy a on notes using ((auth.jwt() ->> 'team')::int = team)",
    "create policy a on notes using (auth.role() = 'authenticated' and id > 1)",
    "create policy a on notes using ((current_setting('request.jwt.claims', true)::json ->> 'team')::int = team)",
    "create policy a on notes using (mine(owner))",
    "create policy a on notes using (mine_row(notes))",
    "create policy a on notes using (exists (select 1 from guarded g where g.team = notes.team))",
    "create policy a on notes using (exists (select 1 from peeked g where g.team = notes.team))",
    "create policy a on notes using (id / (id - 2) > 0)",
    "create policy a on notes for update using (true)",
    "create policy a on notes using (\"role\" = 'x' or n is null)",
    "create policy a on notes using (\"role\" = auth.role() and owner = auth.uid())",
];

// RT-RLS-11, D-03: the join gives the same as one by one, and both what a select gives.
#[tokio::test]
async fn judging_as_a_join_and_one_by_one_agree_with_a_select() {
    let world = World::new(
        "create table notes (id int primary key, gone int, owner uuid, body text, team int, role text, n int);
         alter table notes drop gone;
         create table members (team int, who uuid); grant all on members to anon, authenticated;
         create table guarded (team int, who uuid); alter table guarded enable row level security;
         create policy g on guarded using (who = auth.uid());
         -- PostgreSQL 14 has views of their owner only.
         do $$ begin
           execute 'create view peeked ' || case when current_setting('server_version_num')::int >= 150000
             then 'with (security_invoker = true) ' else '' end || 'as select * from guarded';
         end $$;
         create function mine(uuid) returns bool language sql stable as $$ select $1 = auth.uid() $$;
         create function mine_row(notes) returns bool language sql stable as $$ select $1.owner = auth.uid() $$;
         alter table notes enable row level security;
         alter publication supabase_realtime add table notes",
    )
    .await;
    world
        .run(&format!("insert into members values (1, '{ADA}'), (2, '{BOB}'), (3, '{ADA}'); insert into guarded select * from members"))
        .await;
    let people = [
        claims(&json!({"role":"authenticated","sub":ADA,"team":1,"exp":4_000_000_000_u64})),
        claims(&json!({"role":"authenticated","sub":BOB,"team":2,"exp":4_000_000_000_u64})),
        claims(&json!({"role":"authenticated","sub":BOB,"exp":4_000_000_000_u64})),
        anon(),
    ];
    let mut many = Vec::new();
    for person in &people {
        many.push(world.channel(person, on("notes")).await);
    }
    let mut witness = world.channel(&service(), on("notes")).await;
    for (round, policies) in POLICIES.iter().enumerate() {
        world.run("drop policy if exists p on notes; drop policy if exists a on notes; drop policy if exists b on notes").await;
        world.run(policies).await;
        world.run("delete from notes").await;
        world
            .run(&format!(
                "insert into notes (id, owner, body, team, role, n) values (1, '{ADA}', 'x', 1, 'authenticated', 1),
                 (2, '{BOB}', 'public', 2, null, null), (3, null, 'it''s \"quoted\" \\ (yes)', 3, 'x', 3), (4, '{ADA}', null, null, 'anon', 4)"
            ))
            .await;
        // The last word of the round.
        loop {
            if witness.short().await == "INSERT 4" {
                break;
            }
        }
        for (person, channel) in people.iter().zip(&mut many) {
            let expected = visible(&world, person).await;
            let mut seen = Vec::new();
            while let Some(id) = channel.inserted_id() {
                seen.push(id);
            }
            assert_eq!(
                seen,
                expected,
                "round {round}, {}: {policies}",
                person.claims_json()
            );
        }
    }
    world.end().await;
}

/// The ids that a select of that person gives, one row at a time: a row that raises an error is not seen.
async fn visible(world: &World, person: &jwt::Caller) -> Vec<i64> {
    let db = world.db.connect().await;
    let mut ids = Vec::new();
    for id in 1..=4 {
        let sql = format!(
            "begin; set local role {}; select set_config('request.jwt.claims', {}, true);",
            person.role,
            sql::quote_literal(&person.claims_json())
        );
        db.batch_execute(&sql).await.unwrap();
        let found = db
            .query_opt("select 1 from public.notes where id = $1", &[&id])
            .await;
        if found.is_ok_and(|row| row.is_some()) {
            ids.push(i64::from(id));
        }
        db.batch_execute("rollback").await.unwrap();
    }
    ids
}

// RT-RLS-12, RT-PG-11.
#[tokio::test]
async fn changed_rights_hold_for_what_is_committed_after_them() {
    let world = World::new(NOTES).await;
    let mut ada = world.channel(&user(ADA), on("notes")).await;
    let mut witness = world.channel(&service(), on("notes")).await;
    // Rights are those of when a change is judged, up to two seconds later than it: so wait for that.
    let mut insert = async |id: i32, owner: &str| {
        world
            .run(&format!("insert into notes values ({id}, '{owner}', 'x')"))
            .await;
        assert_eq!(witness.short().await, format!("INSERT {id}"));
    };
    insert(1, BOB).await;
    world
        .run("create policy everything on notes for select using (true)")
        .await;
    insert(2, BOB).await;
    assert_eq!(ada.short().await, "INSERT 2");
    world.run("drop policy everything on notes").await;
    insert(3, BOB).await;
    insert(4, ADA).await;
    assert_eq!(ada.short().await, "INSERT 4");
    world
        .run("alter table notes disable row level security")
        .await;
    insert(5, BOB).await;
    assert_eq!(ada.short().await, "INSERT 5");
    world.run("revoke select on notes from authenticated; grant select (id, owner) on notes to authenticated").await;
    insert(6, BOB).await;
    let data = ada.next().await;
    assert_eq!(data["record"], json!({"id":6,"owner":BOB}));
    assert_eq!(data["columns"].as_array().unwrap().len(), 2);
    world
        .run("revoke select (id) on notes from authenticated")
        .await;
    insert(7, BOB).await;
    assert_eq!(
        ada.next().await["errors"],
        json!(["Error 401: Unauthorized"])
    );
    world.end().await;
}

// RT-PERF-10, RT-PERF-22, RT-RLS-08: the cost grows with statements, and one serves all callers.
#[tokio::test]
async fn one_statement_judges_for_everybody() {
    let world = World::new(&format!(
        "{NOTES}; create table members (note int, who uuid); grant select on members to authenticated;
         create policy member on notes for select to authenticated
           using (exists (select 1 from members m where m.note = notes.id and m.who = auth.uid()))"
    ))
    .await;
    let mut channels = Vec::new();
    let subject = |n: usize| format!("00000000-0000-4000-8000-{n:012}");
    for n in 0..200 {
        channels.push(world.channel(&user(&subject(n)), on("notes")).await);
    }
    let mut witness = world.channel(&service(), on("notes")).await;
    world
        .run(&format!("insert into members values (1, '{}')", subject(7)))
        .await;
    let before = world.requests.stats().requests;
    world
        .run(&format!(
            "insert into notes values (1, '{}', 'x')",
            subject(3)
        ))
        .await;
    assert_eq!(witness.short().await, "INSERT 1");
    for (n, channel) in channels.iter_mut().enumerate() {
        let seen = channel.inserted_id();
        assert_eq!(seen, (n == 3 || n == 7).then_some(1), "{n}");
    }
    assert_eq!(world.requests.stats().requests - before, 1);
    world.end().await;
}

// D-02.
#[tokio::test]
async fn a_policy_that_fails_for_one_fails_for_one_only() {
    let world = World::new(
        "create table notes (id int primary key, team int); alter table notes enable row level security;
         create policy p on notes using ((auth.jwt() ->> 'team')::int = team);
         alter publication supabase_realtime add table notes;
         create table plain (id int primary key); alter publication supabase_realtime add table plain",
    )
    .await;
    let person = |team: &str| {
        claims(&json!({"role":"authenticated","sub":ADA,"team":team,"exp":4_000_000_000_u64}))
    };
    let mut good = world.channel(&person("1"), on("notes")).await;
    let mut bad = world.channel(&person("one"), on("notes")).await;
    let mut other = world.channel(&person("one"), on("plain")).await;
    world.run("begin; insert into notes values (1, 1); insert into plain values (1); insert into notes values (2, 1); commit").await;
    assert_eq!(good.short().await, "INSERT 1");
    assert_eq!(good.short().await, "INSERT 2");
    assert_eq!(other.short().await, "INSERT 1");
    bad.assert_silent();
    world.end().await;
}

// RT-RLS-06.
#[tokio::test]
async fn schema_usage_matters_under_row_security_only() {
    let world = World::new(
        "create schema closed; create table closed.plain (id int primary key); create table closed.secured (id int primary key);
         grant select on all tables in schema closed to anon; alter table closed.secured enable row level security;
         create policy p on closed.secured using (true);
         alter publication supabase_realtime add table closed.plain, closed.secured",
    )
    .await;
    let mut channel = world
        .channel(&anon(), json!({"event":"*","schema":"closed"}))
        .await;
    world
        .run("insert into closed.secured values (1); insert into closed.plain values (2)")
        .await;
    assert_eq!(channel.short().await, "INSERT 2");
    world
        .run("grant usage on schema closed to anon; insert into closed.secured values (3)")
        .await;
    assert_eq!(channel.short().await, "INSERT 3");
    world.end().await;
}

// D-03, RT-CHG-12: a policy that reads a value which the change does not carry.
#[tokio::test]
async fn a_missing_value_is_looked_up_in_the_same_version_only() {
    let world = World::new(
        "create table docs (id int primary key, n int, body text); alter table docs alter body set storage external;
         alter table docs enable row level security; create policy p on docs using (length(body) > 5000);
         alter publication supabase_realtime add table docs",
    )
    .await;
    world
        .run("insert into docs values (1, 1, repeat('x', 10000)), (2, 1, repeat('y', 4000))")
        .await;
    let mut channel = world.channel(&anon(), on("docs")).await;
    world.run("update docs set n = 2").await;
    let data = channel.next().await;
    assert_eq!(data["record"], json!({"id":1,"n":2}));
    // The first of these versions is gone when it is judged.
    world
        .run(
            "begin; update docs set n = 3 where id = 1; update docs set n = 4 where id = 1; commit",
        )
        .await;
    assert_eq!(channel.next().await["record"]["n"], json!(4));
    channel.assert_silent();
    world.end().await;
}

// D-03, RT-DEL-03: a commit is in the stream a moment before other sessions see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_policy_looks_up_in_the_same_transaction_is_found() {
    let world = World::new(
        "create table notes (id int primary key); create table members (note int primary key, who uuid);
         grant select on members to authenticated; alter table notes enable row level security;
         create policy p on notes using (exists (select 1 from members m where m.note = notes.id and m.who = auth.uid()));
         alter publication supabase_realtime add table notes",
    )
    .await;
    let mut channel = world.channel(&user(ADA), on("notes")).await;
    let writing = async {
        for id in 0..1000 {
            world
                .run(&format!(
                    "insert into members values ({id}, '{ADA}'); insert into notes values ({id})"
                ))
                .await;
        }
    };
    let reading = async {
        for id in 0..1000 {
            assert_eq!(channel.short().await, format!("INSERT {id}"));
        }
    };
    tokio::join!(writing, reading);
    world.end().await;
}

// RT-TOK-05, RT-TOK-10, RT-RLS-07.
#[tokio::test]
async fn new_claims_take_over_without_a_gap() {
    let world = World::new(NOTES).await;
    let mut channel = world
        .channel(&user(ADA), filtered("notes", "id=gt.0"))
        .await;
    world
        .run(&format!("insert into notes values (1, '{ADA}', 'a')"))
        .await;
    assert_eq!(channel.short().await, "INSERT 1");
    channel
        .subscription
        .replace_caller(&user(BOB))
        .await
        .unwrap();
    world
        .run(&format!(
            "insert into notes values (2, '{ADA}', 'a'), (3, '{BOB}', 'b')"
        ))
        .await;
    assert_eq!(channel.short().await, "INSERT 3");
    let unknown = claims(&json!({"role":"nobody","exp":4_000_000_000_u64}));
    let error = channel
        .subscription
        .replace_caller(&unknown)
        .await
        .unwrap_err()
        .to_string();
    // RT-PG-07.
    assert!(
        error.ends_with("ERROR 42704 (undefined_object) role \"nobody\" does not exist"),
        "{error}"
    );
    world
        .run(&format!("insert into notes values (4, '{BOB}', 'b')"))
        .await;
    assert_eq!(channel.short().await, "INSERT 4");
    world.end().await;
}

// RT-RLS-02, RT-RLS-05, RT-CHG-07: with row security off, everybody gets what their columns allow.
#[tokio::test]
async fn without_row_security_privileges_on_columns_decide() {
    let world = World::new(
        "create table t (id int primary key, name text, secret text);
         alter table t replica identity full;
         revoke all on t from anon, authenticated; grant select (id, name) on t to anon; grant select (name) on t to authenticated;
         alter publication supabase_realtime add table t",
    )
    .await;
    let mut guest = world.channel(&anon(), on("t")).await;
    let mut keyless = world.channel(&user(ADA), on("t")).await;
    let mut server = world.channel(&service(), on("t")).await;
    world
        .run("insert into t values (1, 'n', 's'); update t set secret = 'u'; delete from t")
        .await;
    let columns = json!([{ "name": "id", "type": "int4" }, { "name": "name", "type": "text" }]);
    let shown = json!({ "id": 1, "name": "n" });
    for (event, sides) in [
        ("INSERT", ["record"].as_slice()),
        ("UPDATE", &["record", "old_record"]),
        ("DELETE", &["old_record"]),
    ] {
        let data = guest.next().await;
        assert_eq!((&data["type"], &data["columns"]), (&json!(event), &columns));
        for side in sides {
            assert_eq!(data[side], shown, "{event} {side}");
        }
        assert_eq!(server.next().await["columns"].as_array().unwrap().len(), 3);
    }
    for event in ["INSERT", "UPDATE"] {
        let data = keyless.next().await;
        assert_eq!(
            (&data["type"], &data["errors"], &data["record"]),
            (
                &json!(event),
                &json!(["Error 401: Unauthorized"]),
                &json!({})
            )
        );
    }
    assert_eq!(keyless.next().await["old_record"], json!({ "name": "n" }));
    world.end().await;
}

// RT-RLS-09, D-03: a version is shown to those who may see that version, whatever became of the row since.
#[tokio::test]
async fn each_version_is_judged_by_itself() {
    let world = World::new(NOTES).await;
    let mut ada = world.channel(&user(ADA), on("notes")).await;
    let mut bob = world.channel(&user(BOB), on("notes")).await;
    world
        .run(&format!(
            "begin; insert into notes values (1, '{ADA}', 'for ada'); update notes set owner = '{BOB}', body = 'for bob'; commit;
             begin; insert into notes values (2, '{ADA}', 'short'); delete from notes where id = 2; commit;
             insert into notes values (3, '{ADA}', 'end'), (4, '{BOB}', 'end')"
        ))
        .await;
    let seen = async |channel: &mut crate::harness::Channel| {
        let mut bodies = Vec::new();
        loop {
            let data = channel.next().await;
            match data["record"]["body"].as_str() {
                Some("end") => return bodies,
                Some(body) => bodies.push(body.to_owned()),
                None => bodies.push(format!("gone {}", data["old_record"]["id"])),
            }
        }
    };
    assert_eq!(seen(&mut ada).await, ["for ada", "short", "gone 2"]);
    assert_eq!(seen(&mut bob).await, ["for bob", "gone 2"]);
    world.end().await;
}

// RT-PG-01: only what is in the publication is observed.
#[tokio::test]
async fn tables_outside_the_publication_are_not_observed() {
    let world = World::new(
        "create table inside (id int primary key); create table outside (id int primary key);
         alter publication supabase_realtime add table inside",
    )
    .await;
    let everything = json!({ "event": "*", "schema": "*", "table": "*" });
    let mut all = world.channel(&anon(), everything).await;
    world
        .run("insert into outside values (1); insert into inside values (2)")
        .await;
    assert_eq!(all.short().await, "INSERT 2");
    let refusal = world.refusal(&anon(), on("outside")).await;
    assert!(
        refusal.starts_with(
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled"
        ),
        "{refusal}"
    );
    all.assert_silent();
    world.end().await;
}

// RT-RLS-12, RT-PG-09: a table whose policies change while they are read is read again, and nobody's binding is lost.
#[tokio::test]
async fn policies_that_change_all_the_time_cost_nobody_a_binding() {
    let world = World::new(&format!("{NOTES}; create table other (id int primary key)")).await;
    let mut ada = world.channel(&user(ADA), on("notes")).await;
    let restless = world.db.connect().await;
    let changing = async {
        for _ in 0..200 {
            let sql = "drop policy own on public.notes";
            restless.batch_execute(sql).await.unwrap();
            let sql = "create policy own on public.notes for select to authenticated using (owner = auth.uid())";
            restless.batch_execute(sql).await.unwrap();
        }
    };
    let subscribing = async {
        for round in 0..60 {
            world.channel(&user(ADA), on("notes")).await;
            if round % 20 == 0 {
                // All bindings are resolved anew within a second.
                let verb = if round == 20 { "drop" } else { "add" };
                let _ = world
                    .client
                    .batch_execute(&format!(
                        "alter publication supabase_realtime {verb} table other"
                    ))
                    .await;
            }
        }
    };
    tokio::join!(changing, subscribing);
    let mut other = world.channel(&anon(), on("notes")).await;
    world
        .run(&format!(
            "insert into notes values (1, '{ADA}', 'x'); delete from notes"
        ))
        .await;
    assert_eq!(other.short().await, "DELETE 1");
    assert_eq!(ada.short().await, "INSERT 1");
    world.end().await;
}
