//! What stands in for extensions that the server lacks.

use crate::house::{House, notes, texts};

// DB-SUB-00 (a), DB-SUB-01, DB-FN-07.
#[tokio::test]
async fn pgjwt_signs_and_verifies() {
    let house = House::new().await;
    let report = house
        .apply(
            "1_jwt.sql",
            "create extension if not exists pgjwt with schema extensions;",
        )
        .await;
    assert_eq!(notes(&report), [(1, "substitute made for extension pgjwt")]);
    // The example of the standard's debugger.
    assert_eq!(
        house.texts("select extensions.sign('{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"admin\":true}', 'secret')").await,
        ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWV9.TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ"]
    );
    for (token, secret, valid) in [
        (
            "extensions.sign('{\"a\":1}', 's', 'HS512')",
            "'s'",
            "HS512: {\"a\":1} true",
        ),
        (
            "extensions.sign('{\"a\":1}', 's', 'HS512')",
            "'t'",
            "HS512: {\"a\":1} false",
        ),
        (
            "extensions.sign('{\"exp\":1}', 's', 'HS512')",
            "'s'",
            "HS512: {\"exp\":1} false",
        ),
    ] {
        assert_eq!(
            house.texts(&format!("select (header ->> 'alg') || ': ' || payload || ' ' || valid from extensions.verify({token}, {secret}, 'HS512')")).await,
            [valid]
        );
    }
    house
        .apply(
            "2_drop.sql",
            "drop extension pgjwt; create extension pgjwt;",
        )
        .await;
}

// DB-SUB-02, DB-GRT-10.
#[tokio::test]
async fn the_vault_keeps_secrets_from_the_table_and_from_the_api() {
    let house = House::new().await;
    house
        .apply(
            "1_vault.sql",
            "create extension if not exists supabase_vault with schema vault;",
        )
        .await;
    let client = house.client().await;
    client.batch_execute("set role postgres").await.unwrap();
    let id = &texts(
        &client,
        "select vault.create_secret('s3cret: é', 'key', 'about')::text",
    )
    .await[0];
    assert_eq!(
        texts(&client, "select concat_ws('|', name, description, decrypted_secret) from vault.decrypted_secrets").await,
        ["key|about|s3cret: é"]
    );
    assert_eq!(
        texts(
            &client,
            "select (secret like '%cret%' or length(secret) < 40)::text from vault.secrets"
        )
        .await,
        ["false"]
    );
    client
        .execute(&format!("select vault.update_secret('{id}', 'other')"), &[])
        .await
        .unwrap();
    assert_eq!(
        texts(
            &client,
            "select decrypted_secret || name from vault.decrypted_secrets"
        )
        .await,
        ["otherkey"]
    );
    client
        .batch_execute("select vault.create_secret('a', 'key')")
        .await
        .unwrap_err();
    client.batch_execute("set role anon").await.unwrap();
    let refused = client
        .query("select * from vault.decrypted_secrets", &[])
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    client
        .batch_execute("reset role; set role postgres")
        .await
        .unwrap();
    let refused = client.query("select vault._key()", &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    // One row's cipher text is of no use in another.
    client.batch_execute("reset role; select vault.create_secret('b'); update vault.secrets set secret = (select secret from vault.secrets where name = 'key')").await.unwrap();
    let broken = client
        .query(
            "select decrypted_secret from vault.decrypted_secrets where name is null",
            &[],
        )
        .await;
    assert_eq!(broken.unwrap_err().code().unwrap().code(), "XX001");
}

// DB-WHK-01 to DB-WHK-05, DB-SUB-03, DB-GRT-12, DB-FN-11.
#[tokio::test]
async fn a_webhook_is_written_down_with_the_change() {
    let house = House::new().await;
    house
        .apply(
            "1_hook.sql",
            r#"create table public.t (id int, name text);
create trigger "told" after insert or update or delete on "public"."t" for each row
  execute function supabase_functions.http_request('https://example.test/hook','POST','{"Content-type":"application/json"}','{"a b":"ü&"}','1000');
create trigger "asked" after delete on "public"."t" for each row
  execute function supabase_functions.http_request('https://example.test/?x=1','GET','{}','{"a":"1"}','500');"#,
        )
        .await;
    let client = house.client().await;
    client
        .batch_execute("set role anon; insert into public.t values (1, 'a'); update public.t set name = 'b'; delete from public.t; reset role")
        .await
        .unwrap();
    assert_eq!(
        texts(&client, "select concat_ws(' ', method, url, timeout_milliseconds, convert_from(body, 'UTF8')) from net.http_request_queue order by id").await,
        [
            r#"POST https://example.test/hook?a%20b=%C3%BC%26 1000 {"type": "INSERT", "table": "t", "record": {"id": 1, "name": "a"}, "schema": "public", "old_record": null}"#,
            r#"POST https://example.test/hook?a%20b=%C3%BC%26 1000 {"type": "UPDATE", "table": "t", "record": {"id": 1, "name": "b"}, "schema": "public", "old_record": {"id": 1, "name": "a"}}"#,
            "GET https://example.test/?x=1&a=1 500",
            r#"POST https://example.test/hook?a%20b=%C3%BC%26 1000 {"type": "DELETE", "table": "t", "record": null, "schema": "public", "old_record": {"id": 1, "name": "b"}}"#,
        ]
    );
    assert_eq!(
        texts(
            &client,
            "select string_agg(hook_name, ',' order by id) from supabase_functions.hooks"
        )
        .await,
        ["told,told,asked,told"]
    );
    for (arguments, message) in [
        ("", "url argument is missing"),
        ("'https://a'", "method argument is missing"),
        ("'https://a', 'PUT'", "method argument PUT is invalid"),
    ] {
        let sql = format!(
            "drop table if exists public.u; create table public.u (id int); create trigger t after insert on public.u for each row execute function supabase_functions.http_request({arguments}); insert into public.u values (1)"
        );
        let error = client.batch_execute(&sql).await.unwrap_err();
        assert_eq!(error.as_db_error().unwrap().message(), message);
    }
    assert_eq!(
        texts(
            &client,
            "select (net.http_collect_response(1)).status::text"
        )
        .await,
        ["PENDING"]
    );
    let net = "select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'net' and p.proname not like '\\_%' and has_function_privilege('anon', p.oid, 'execute') order by 1";
    assert_eq!(
        texts(&client, net).await,
        [
            "net.http_collect_response",
            "net.http_delete",
            "net.http_get",
            "net.http_post"
        ]
    );
}

// DB-SUB-04, DB-GRT-11, case 6 of section 20.
#[tokio::test]
async fn jobs_by_the_clock_are_kept_by_their_user() {
    let house = House::new().await;
    house.apply("1_cron.sql", "create extension if not exists pg_cron with schema pg_catalog; select cron.schedule('nightly', '0 3 * * *', 'select 1');").await;
    let client = house.client().await;
    client
        .batch_execute("set session authorization postgres")
        .await
        .unwrap();
    let first = texts(
        &client,
        "select cron.schedule('nightly', '*/5 1-3,4 * jan-mar 0', 'select 2')::text",
    )
    .await;
    assert_eq!(
        texts(&client, "select concat_ws('|', jobid, jobname, schedule, command, username, active) from cron.job").await,
        [format!("{}|nightly|*/5 1-3,4 * jan-mar 0|select 2|postgres|t", first[0])]
    );
    for (schedule, good) in [
        ("30 seconds", true),
        ("0 seconds", false),
        ("60 seconds", false),
        ("0 0 $ * *", true),
        ("* * * *", false),
        ("60 * * * *", false),
        ("* * * * mon-fri", true),
        ("5/2 * * * *", false),
        ("3-1 * * * *", false),
        ("", false),
    ] {
        let scheduled = client
            .query("select cron.schedule($1, 'select 1')", &[&schedule])
            .await;
        assert_eq!(scheduled.is_ok(), good, "{schedule}");
    }
    let unknown = client
        .query("select cron.unschedule('nothing')", &[])
        .await
        .unwrap_err();
    assert_eq!(
        unknown.as_db_error().unwrap().message(),
        "could not find valid entry for job 'nothing'"
    );
    assert_eq!(
        texts(&client, "select cron.unschedule('nightly')::text").await,
        ["true"]
    );
    let denied = client
        .query("update cron.job set command = 'x'", &[])
        .await
        .unwrap_err();
    assert_eq!(denied.code().unwrap().code(), "42501");
    let denied = client
        .query(
            "select cron.schedule_in_database('a', '* * * * *', 'x', 'postgres', 'supabase_admin')",
            &[],
        )
        .await
        .unwrap_err();
    assert_eq!(denied.code().unwrap().code(), "42501");
    house.apply("2_drop.sql", "drop extension pg_cron;").await;
    assert_eq!(
        house
            .texts("select nspname::text from pg_namespace where nspname = 'cron'")
            .await,
        [""; 0]
    );
    house
        .apply(
            "3_again.sql",
            "create extension pg_cron; select cron.schedule('a', '* * * * *', 'select 1');",
        )
        .await;
}

// DB-SUB-06.
#[tokio::test]
async fn queues_hand_out_each_message_once() {
    let house = House::new().await;
    house
        .apply(
            "1_mq.sql",
            "create extension pgmq; select pgmq.create('jobs'); select pgmq.create('jobs');
             select pgmq.send('jobs', '{\"n\": 1}'); select pgmq.send_batch('jobs', array['{\"n\": 2}', '{\"n\": 3}']::jsonb[]);
             select pgmq.send('jobs', '{\"n\": 4}', 60); select pgmq.send(queue_name => 'jobs', msg => '{\"n\": 5}', headers => '{\"h\": 1}');",
        )
        .await;
    let client = house.client().await;
    client
        .batch_execute("set session authorization postgres")
        .await
        .unwrap();
    let read = "select message ->> 'n' from pgmq.read('jobs', 30, 2)";
    assert_eq!(texts(&client, read).await, ["1", "2"]);
    assert_eq!(
        texts(
            &client,
            "select message ->> 'n' from pgmq.read('jobs', 0, 9, '{\"n\": 5}')"
        )
        .await,
        ["5"]
    );
    assert_eq!(
        texts(
            &client,
            "select concat(message ->> 'n', headers) from pgmq.pop('jobs')"
        )
        .await,
        ["3"]
    );
    assert_eq!(
        texts(&client, "select pgmq.archive('jobs', 1)::text").await,
        ["true"]
    );
    assert_eq!(
        texts(&client, "select pgmq.delete('jobs', array[2, 99])::text").await,
        ["2"]
    );
    assert_eq!(
        texts(
            &client,
            "select msg_id::text from pgmq.set_vt('jobs', 4, 0)"
        )
        .await,
        ["4"]
    );
    assert_eq!(
        texts(&client, "select concat_ws('|', queue_name, queue_length, total_messages, queue_visible_length) from pgmq.metrics_all()").await,
        ["jobs|2|5|2"]
    );
    assert_eq!(
        texts(&client, "select pgmq.purge_queue('jobs')::text").await,
        ["2"]
    );
    assert_eq!(
        texts(&client, "select count(*)::text from pgmq.a_jobs").await,
        ["1"]
    );
    assert_eq!(
        texts(&client, "select pgmq.drop_queue('jobs')::text").await,
        ["true"]
    );
}

// DB-SUB-07.
#[tokio::test]
async fn json_is_held_against_its_schema() {
    let house = House::new().await;
    house
        .apply(
            "1_schema.sql",
            r#"create extension pg_jsonschema with schema extensions;
create table public.t (a json check (json_matches_schema('{"type": "object", "required": ["n"]}', a)));
insert into public.t values ('{"n": 1}');"#,
        )
        .await;
    let client = house.client().await;
    for (schema, instance, errors) in [
        ("{}", "1", ""),
        (
            r#"{"type": ["integer", "null"]}"#,
            "1.5",
            r#": is not of type ["integer", "null"]"#,
        ),
        (r#"{"type": "integer"}"#, "2.0", ""),
        (
            r#"{"properties": {"a": {"minimum": 3}}}"#,
            r#"{"a": 2}"#,
            "/a: minimum is 3",
        ),
        (
            r#"{"properties": {"a": {}}, "additionalProperties": false}"#,
            r#"{"a": 2, "b": 1}"#,
            "/b: nothing is allowed here",
        ),
        (
            r#"{"items": {"type": "string", "pattern": "^x"}}"#,
            r#"["xa", "b", 3]"#,
            r#"/1: does not match "^x"|/2: is not of type "string""#,
        ),
        (
            r#"{"oneOf": [{"type": "number"}, {"minimum": 2}]}"#,
            "3",
            ": fits 2 of the rules of oneOf",
        ),
        (
            r##"{"definitions": {"p": {"const": 1}}, "$ref": "#/definitions/p"}"##,
            "2",
            ": is not 1",
        ),
        (
            r#"{"if": {"type": "string"}, "then": {"minLength": 2}, "else": false}"#,
            r#""a""#,
            ": minLength is 2",
        ),
        (r#"{"uniqueItems": true}"#, "[1, 1]", ": has an item twice"),
        (r#"{"not": {}}"#, "1", ": is what it must not be"),
    ] {
        let row = client
            .query_one(
                "select array_to_string(extensions.jsonschema_validation_errors($1::text::json, $2::text::json), '|'), extensions.jsonb_matches_schema($1::text::json, $2::text::jsonb)",
                &[&schema, &instance],
            )
            .await
            .unwrap_or_else(|error| panic!("{schema}: {error:?}"));
        assert_eq!(
            (row.get::<_, &str>(0), row.get::<_, bool>(1)),
            (errors, errors.is_empty()),
            "{schema} {instance}"
        );
    }
    let unknown = client
        .query(
            "select extensions.json_matches_schema('{\"unevaluatedItems\": false}', '1')",
            &[],
        )
        .await;
    assert_eq!(unknown.unwrap_err().code().unwrap().code(), "0A000");
    house
        .apply(
            "2_drop.sql",
            "drop table public.t; drop extension pg_jsonschema;",
        )
        .await;
    assert_eq!(
        house
            .texts("select proname::text from pg_proc where proname like '%jsonschema%'")
            .await,
        [""; 0]
    );
}

// DB-SUB-05.
#[tokio::test]
async fn graphql_can_be_asked_for_and_says_that_it_is_off() {
    let house = House::new().await;
    house
        .apply(
            "1_graphql.sql",
            "create extension if not exists pg_graphql;",
        )
        .await;
    assert_eq!(
        house.texts("select graphql.resolve('{ a }')::text").await,
        [r#"{"data": null, "errors": ["pg_graphql extension is not enabled."]}"#]
    );
}
