//! Private channels: what row policies on `realtime.messages` allow.

use serde_json::{Value, json};
use testkit::TestDatabase;

use crate::harness::{ADA, BOB, PATIENCE, Server, database, outcome, run};

/// Everybody reads and writes their own room `room:<sub>`; the public square is readable, and presence only is on
/// `watch`.
const POLICIES: &str = "
    create policy own_read on realtime.messages for select to authenticated
      using (realtime.topic() = 'room:' || auth.uid() and extension in ('broadcast', 'presence'));
    create policy own_write on realtime.messages for insert to authenticated
      with check (realtime.topic() = 'room:' || auth.uid());
    create policy square on realtime.messages for select to anon, authenticated
      using (topic = 'square' and extension = 'broadcast');
    create policy watch on realtime.messages for select to authenticated
      using (realtime.topic() = 'watch' and extension = 'presence');
    create policy post on realtime.messages for insert to authenticated
      with check (realtime.topic() = 'letterbox')";

fn refused(topic: &str) -> String {
    format!("Unauthorized: You do not have permissions to read from this Channel topic: {topic}")
}

/// Waits until the right to write was looked at, which draws a number; what a message leads to is decided then.
async fn until_asked(db: &TestDatabase) {
    let client = db.connect().await;
    let sql = "select is_called from public.asked";
    let began = tokio::time::Instant::now();
    while !client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
        assert!(began.elapsed() < PATIENCE, "nobody asks");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn without_policies_every_private_join_is_refused() {
    // RT-AUTHZ-09, RT-AUTHZ-05, RT-JOIN-12.
    let db = database("").await;
    let server = Server::on(&db).await;
    for token in [server.anon(), server.user(ADA)] {
        let mut client = server.v1(&token).await;
        assert_eq!(client.join_private("room").await, refused("room"));
        client.assert_silent().await;
    }
    // Who passes row security by PostgreSQL's own rules does so here.
    let mut client = server.v1(&server.service_role()).await;
    assert_eq!(client.join_private("room").await, "ok");
}

#[tokio::test]
async fn policies_decide_by_topic_claims_and_extension() {
    // RT-AUTHZ-01, RT-AUTHZ-02, RT-AUTHZ-04, RT-AUTHZ-05, RT-BC-06.
    let db = database(POLICIES).await;
    let server = Server::on(&db).await;
    let own = format!("room:{ADA}");
    let (mut ada, mut bob) = (
        server.v1(&server.user(ADA)).await,
        server.v1(&server.user(BOB)).await,
    );
    assert_eq!(ada.join_private(&own).await, "ok");
    assert_eq!(bob.join_private(&own).await, refused(&own));
    assert_eq!(
        server.v1(&server.anon()).await.join_private("square").await,
        "ok"
    );
    // A role that may write but not read may not join.
    assert_eq!(bob.join_private("letterbox").await, refused("letterbox"));
    // Presence alone is not asked about unless it is wanted, and is then enough.
    assert_eq!(bob.join_private("watch").await, refused("watch"));
    let watching = json!({ "private": true, "presence": { "enabled": true } });
    assert_eq!(outcome(&bob.join("watch", watching).await), "ok");
    assert_eq!(bob.payload("presence_state").await, json!({}));
    run(
        &db,
        "select realtime.send('{\"n\":1}', 'said', 'watch'), realtime.send('{\"n\":2}', 'said', 'square')",
    )
    .await;
    let mut guest = server.v1(&server.anon()).await;
    guest.join_private("square").await;
    run(&db, "select realtime.send('{\"n\":3}', 'said', 'square')").await;
    loop {
        let said = guest.payload("broadcast").await;
        if said["payload"]["n"] == 3 {
            break;
        }
    }
    // What was said in `watch` before that did not reach a reader of presence only.
    bob.assert_silent().await;
}

#[tokio::test]
async fn the_right_to_write_is_asked_at_the_first_message() {
    // RT-AUTHZ-03, RT-BC-05, RT-BC-03.
    let db = database(&format!(
        "{POLICIES};
         create policy all_read on realtime.messages for select to authenticated using (realtime.topic() like 'room:%')"
    ))
    .await;
    let server = Server::on(&db).await;
    let own = format!("room:{ADA}");
    let (mut ada, mut bob) = (
        server.v2(&server.user(ADA)).await,
        server.v1(&server.user(BOB)).await,
    );
    let acknowledged = json!({ "private": true, "broadcast": { "ack": true } });
    assert_eq!(outcome(&ada.join(&own, acknowledged.clone()).await), "ok");
    assert_eq!(outcome(&bob.join(&own, acknowledged).await), "ok");
    ada.say(&own, json!({ "n": 1 })).await;
    ada.say(&own, json!({ "n": 2 })).await;
    for n in [1, 2] {
        assert_eq!(
            ada.payload("phx_reply").await,
            json!({ "status": "ok", "response": {} })
        );
        assert_eq!(bob.payload("broadcast").await["payload"], json!({ "n": n }));
    }
    // It vanishes: no reply, no system message, and the channel lives.
    bob.say(&own, json!({ "n": 3 })).await;
    bob.assert_silent().await;
    ada.say(&own, json!({ "n": 4 })).await;
    assert_eq!(bob.payload("broadcast").await["payload"], json!({ "n": 4 }));
}

#[tokio::test]
async fn presence_in_a_private_room_needs_its_own_rights() {
    // RT-PRS-03, RT-PRS-05, RT-PRS-12, RT-AUTHZ-01, RT-AUTHZ-11.
    let db = database(
        "create policy hear on realtime.messages for select to authenticated using (extension = 'broadcast');
         create policy see on realtime.messages for select to authenticated
           using (extension = 'presence' and auth.uid()::text like '%a');
         create policy show on realtime.messages for insert to authenticated
           with check (extension = 'presence' and auth.uid()::text like '%a')",
    )
    .await;
    let server = Server::on(&db).await;
    let (mut ada, mut bob) = (
        server.v1(&server.user(ADA)).await,
        server.v1(&server.user(BOB)).await,
    );
    let config = json!({ "private": true, "presence": { "enabled": true, "key": "k" } });
    assert_eq!(outcome(&bob.join("r", config).await), "ok");
    // Bob may not see presence: no state.
    bob.assert_silent().await;
    // Ada did not ask for presence; a track makes it known.
    assert_eq!(ada.join_private("r").await, "ok");
    let track = json!({ "type": "presence", "event": "track", "payload": { "at": 1 } });
    bob.send("r", "presence", track.clone()).await;
    assert_eq!(
        bob.payload("phx_reply").await,
        json!({ "status": "error", "response": {} })
    );
    ada.send("r", "presence", track).await;
    assert_eq!(ada.payload("phx_reply").await["status"], "ok");
    let diff = ada.payload("presence_diff").await;
    assert_eq!(diff["joins"].as_object().unwrap().len(), 1);
    let untrack = json!({ "type": "presence", "event": "untrack" });
    bob.send("r", "presence", untrack).await;
    assert_eq!(bob.payload("phx_reply").await["status"], "ok");
    bob.assert_silent().await;
}

#[tokio::test]
async fn a_probe_leaves_nothing_behind() {
    // RT-AUTHZ-06, RT-AUTHZ-12, RT-DB-05: neither a row, nor a broadcast, nor a trigger's work.
    let db = database(
        "create table public.seen (what text);
         create function public.note() returns trigger security definer language plpgsql as $$
         begin insert into public.seen values (new.topic); return new; end $$;
         create trigger note before insert on realtime.messages for each row execute function public.note();
         create policy probes on realtime.messages for all to authenticated
           using (topic = 'r' and private is false and event is null and payload is null and inserted_at > now() at time zone 'utc' - interval '1 minute')
           with check (topic = 'r' and private is false and event is null and payload is null and id is not null)",
    )
    .await;
    let server = Server::on(&db).await;
    let mut client = server.v1(&server.user(ADA)).await;
    let config = json!({ "private": true, "broadcast": { "self": true } });
    assert_eq!(outcome(&client.join("r", config).await), "ok");
    client.say("r", json!({ "n": 1 })).await;
    assert_eq!(client.payload("broadcast").await["payload"]["n"], 1);
    let admin = db.connect().await;
    let count: i64 = admin
        .query_one(
            "select (select count(*) from realtime.messages) + (select count(*) from public.seen)",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
    client.assert_silent().await;
}

#[tokio::test]
async fn errors_never_grant() {
    // RT-AUTHZ-07: a policy that fails, a role that is not there, a query that takes too long.
    let db = database(
        "create policy broken on realtime.messages for select to authenticated
           using (1 / (case when realtime.topic() = 'broken' then 0 else 1 end) = 1);
         create policy slow on realtime.messages for select to authenticated
           using (case when realtime.topic() = 'slow' then pg_sleep(20) is not null else false end);
         create sequence public.asked; grant usage on sequence public.asked to authenticated;
         create policy write on realtime.messages for insert to authenticated
           with check (case when nextval('public.asked') > 0
             then 1 / (case when realtime.topic() = 'unwritable' then 0 else 1 end) = 1 end)",
    )
    .await;
    let hasty = Server::with(&db, |settings| {
        settings.authorization_timeout = std::time::Duration::from_millis(300);
    })
    .await;
    let mut client = hasty.v1(&hasty.user(ADA)).await;
    assert_eq!(
        client.join_private("slow").await,
        "QueryCanceled: canceling statement due to statement timeout"
    );
    let server = Server::with(&db, |settings| settings.authorization_timeout = PATIENCE).await;
    let mut client = server.v1(&server.user(ADA)).await;
    assert_eq!(client.join_private("broken").await, refused("broken"));
    for role in ["nobody_of_that_name", "none", "postgres"] {
        let mut stranger = server.v1(&server.sign(json!({ "role": role }))).await;
        assert_eq!(stranger.join_private("x").await, refused("x"), "{role}");
    }
    // RT-BC-07: a failed question drops the message and is asked again.
    assert_eq!(client.join_private("unwritable").await, "ok");
    client.say("unwritable", json!({})).await;
    until_asked(&db).await;
    client.assert_silent().await;
    run(
        &db,
        "alter policy write on realtime.messages with check (true)",
    )
    .await;
    let mut other = server.v1(&server.user(BOB)).await;
    other.join_private("unwritable").await;
    client.say("unwritable", json!({ "n": 2 })).await;
    assert_eq!(other.payload("broadcast").await["payload"]["n"], 2);
}

#[tokio::test]
async fn without_todays_partition_a_private_join_says_so() {
    // RT-AUTHZ-07, RT-JOIN-12, RT-DB-13: and the next start makes it again.
    let db = database("create policy a on realtime.messages for all to anon using (true)").await;
    let server = Server::on(&db).await;
    let admin = db.connect().await;
    let drop_all = "do $$ declare part regclass; begin
        for part in select inhrelid::regclass from pg_inherits where inhparent = 'realtime.messages'::regclass
        loop execute 'drop table ' || part; end loop; end $$";
    admin.batch_execute(drop_all).await.unwrap();
    let mut client = server.v1(&server.anon()).await;
    assert_eq!(
        client.join_private("r").await,
        "MissingPartition: Realtime was unable to find the expected messages partition"
    );
    server.stop().await;
    let server = Server::on(&db).await;
    let mut client = server.v1(&server.anon()).await;
    assert_eq!(client.join_private("r").await, "ok");
}

#[tokio::test]
async fn a_new_token_asks_again() {
    // RT-AUTHZ-10, RT-AUTHZ-08, RT-TOK-05, RT-TOK-06, RT-SYS-20.
    let db = database(
        "create table public.members (room text, member uuid);
         grant select on public.members to authenticated;
         insert into public.members values ('club', '00000000-0000-4000-8000-00000000000a');
         create policy members on realtime.messages for select to authenticated
           using (exists (select from public.members m where m.room = realtime.topic() and m.member = auth.uid()));
         create sequence public.asked; grant usage on sequence public.asked to authenticated;
         create policy writers on realtime.messages for insert to authenticated
           with check (case when nextval('public.asked') > 0 then
             exists (select from public.members m where m.room = realtime.topic() and m.member = auth.uid()) end)",
    )
    .await;
    let server = Server::on(&db).await;
    let mut ada = server.v1(&server.user(ADA)).await;
    let config = json!({ "private": true, "broadcast": { "self": true } });
    assert_eq!(outcome(&ada.join("club", config).await), "ok");
    // Another user with another token asks for itself.
    let mut bob = server.v1(&server.user(BOB)).await;
    assert_eq!(bob.join_private("club").await, refused("club"));
    // What policies read has changed; nothing happens until the next token.
    run(&db, "delete from public.members").await;
    ada.say("club", json!({ "n": 1 })).await;
    until_asked(&db).await;
    ada.assert_silent().await;
    run(
        &db,
        "insert into public.members values ('club', '00000000-0000-4000-8000-00000000000a')",
    )
    .await;
    let token = |n: i64| server.sign(json!({ "role": "authenticated", "sub": ADA, "n": n }));
    ada.send("club", "access_token", json!({ "access_token": token(1) }))
        .await;
    ada.say("club", json!({ "n": 2 })).await;
    assert_eq!(ada.payload("broadcast").await["payload"]["n"], 2);
    run(&db, "delete from public.members").await;
    ada.send("club", "access_token", json!({ "access_token": token(2) }))
        .await;
    assert_eq!(
        ada.payload("system").await,
        json!({ "extension": "system", "status": "error", "channel": "club",
                "message": "You do not have permissions to read from this Channel topic: club" })
    );
    assert_eq!(ada.payload("phx_close").await, json!({}));
}

#[tokio::test]
async fn a_refresh_that_loses_one_of_two_rights_ends_the_channel() {
    // RT-SYS-20, RT-TOK-09.
    let db = database(
        "create policy hear on realtime.messages for select to authenticated using (extension = 'broadcast');
         create policy see on realtime.messages for select to authenticated
           using (extension = 'presence' and (auth.jwt() ->> 'sees')::boolean)",
    )
    .await;
    let server = Server::on(&db).await;
    let token =
        |sees: bool| server.sign(json!({ "role": "authenticated", "sub": ADA, "sees": sees }));
    let mut ada = server.v1(&token(true)).await;
    let config = json!({ "private": true, "presence": { "enabled": true } });
    assert_eq!(outcome(&ada.join("r", config).await), "ok");
    ada.payload("presence_state").await;
    ada.join("public", json!({})).await;
    let fresh = json!({ "access_token": token(false) });
    // A public channel asks no policy.
    ada.send("public", "access_token", fresh.clone()).await;
    ada.assert_silent().await;
    ada.send("r", "access_token", fresh).await;
    assert_eq!(
        ada.payload("system").await["message"],
        "You no longer have permission to read from this Channel topic: r"
    );
    ada.payload("phx_close").await;
}

#[tokio::test]
async fn policies_may_read_the_sockets_own_headers() {
    // RT-CON-08, RT-AUTHZ-04: lower-case names, without the key itself.
    let db = database(
        "create policy tenant on realtime.messages for select to anon
           using (current_setting('request.headers')::json ->> 'x-tenant' = realtime.topic()
             and current_setting('request.headers')::jsonb ? 'x-api-key' = false
             and current_setting('request.headers')::jsonb ? 'origin' = false
             and current_setting('request.jwt.claim.role') = 'anon'
             and auth.role() = 'anon')",
    )
    .await;
    let server = Server::on(&db).await;
    let token = server.anon();
    let headers = [
        ("X-Tenant", "acme"),
        ("Origin", "http://example.com"),
        ("X-Api-Key", token.as_str()),
    ];
    let mut client = server.with_headers("ignored", &headers).await;
    // RT-CON-02: the header wins over the parameter.
    assert_eq!(client.join_private("acme").await, "ok");
    assert_eq!(client.join_private("other").await, refused("other"));
}

#[tokio::test]
async fn changes_on_a_private_channel_are_judged_by_the_tables_own_policies() {
    // RT-AUTHZ-13, RT-JOIN-24, RT-JOIN-09.
    let db = database(
        "create table public.notes (id int primary key, owner uuid);
         alter table public.notes enable row level security;
         create policy own on public.notes for select to authenticated using (owner = auth.uid());
         alter publication supabase_realtime add table public.notes;
         create policy room on realtime.messages for select to authenticated using (true)",
    )
    .await;
    let server = Server::on(&db).await;
    let mut ada = server.v1(&server.user(ADA)).await;
    let binding = json!({ "event": "INSERT", "schema": "public", "table": "notes" });
    let reply = ada
        .join(
            "r",
            json!({ "private": true, "postgres_changes": [binding] }),
        )
        .await;
    assert_eq!(reply["status"], "ok");
    assert_eq!(
        ada.payload("system").await["message"],
        "Subscribed to PostgreSQL"
    );
    run(
        &db,
        &format!("insert into public.notes values (1, '{BOB}'), (2, '{ADA}')"),
    )
    .await;
    let change = ada.payload("postgres_changes").await;
    assert_eq!(change["data"]["record"], json!({ "id": 2, "owner": ADA }));
    assert_eq!(
        change["ids"],
        Value::Array(vec![reply["response"]["postgres_changes"][0]["id"].clone()])
    );
}
