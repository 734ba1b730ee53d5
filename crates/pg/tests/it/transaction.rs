//! What a caller's transaction promises.

use pg::{Access, End, Error, Isolation, Kind, RequestOptions, RequestTx};

use crate::support::{World, as_user, ask, code, only, statement};

const COUNT: &str = "select count(*) from note";
const ADD: &str = "insert into note (body) values ($1) returning body";
const WHO: &str = "select current_user || ' ' || coalesce(nullif(current_setting('request.jwt.claims', true), ''), '-')";

#[tokio::test]
async fn role_and_settings_last_for_one_transaction() {
    let world = World::new().await;
    let requests = world.small(1);
    let ada = requests.run(as_user("ada", &[(WHO, &[])])).await.unwrap();
    assert_eq!(only(&ada), r#"test_user {"sub":"ada"}"#);

    let nobody = RequestTx {
        role: "test_anon".into(),
        statements: vec![statement(WHO, &[])],
        ..RequestTx::default()
    };
    assert_eq!(
        only(&requests.run(nobody.clone()).await.unwrap()),
        "test_anon -"
    );

    // And so do those of a transaction that failed, was rolled back, or was explicit.
    let _ = requests
        .run(as_user("ada", &[("select 1/0", &[])]))
        .await
        .unwrap_err();
    let mut undone = as_user("ada", &[(COUNT, &[])]);
    undone.end = End::Rollback;
    requests.run(undone).await.unwrap();
    assert_eq!(only(&requests.run(nobody).await.unwrap()), "test_anon -");
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn row_security_sees_the_caller() {
    let world = World::new().await;
    let requests = world.small(2);
    assert_eq!(
        only(&requests.run(as_user("ada", &[(COUNT, &[])])).await.unwrap()),
        "2"
    );
    assert_eq!(
        only(
            &requests
                .run(as_user("grace", &[(COUNT, &[])]))
                .await
                .unwrap()
        ),
        "1"
    );
    let stolen = as_user(
        "ada",
        &[("insert into note (owner, body) values ('grace', 'x')", &[])],
    );
    let error = requests.run(stolen).await.unwrap_err();
    assert_eq!(error.kind(), Some(Kind::Privilege));
}

#[tokio::test]
async fn a_setting_that_fails_leaves_nothing_running_as_the_login_role() {
    let world = World::new().await;
    world
        .admin
        .batch_execute("create table seen (by text); grant insert on seen to public")
        .await
        .unwrap();
    let requests = world.small(1);
    let note_it = ("insert into seen values (current_user)", &[] as &[&str]);
    let mut tx = as_user("ada", &[note_it]);
    tx.settings
        .push(("statement_timeout".into(), "not a number".into()));
    assert_eq!(code(requests.run(tx).await), "22023");

    for (role, expected) in [
        ("no_such_role", "22023"),
        ("supabase_admin", "42501"),
        ("", "22023"),
        ("none", "22023"),
    ] {
        let mut tx = as_user("ada", &[note_it]);
        tx.role = role.into();
        assert_eq!(code(requests.run(tx.clone()).await), expected, "{role:?}");
        tx.isolation = Isolation::Serializable;
        assert_eq!(code(requests.run(tx.clone()).await), expected, "{role:?}");
        assert_eq!(
            requests.open(tx).await.unwrap_err().code(),
            Some(expected),
            "{role:?}"
        );
    }
    let seen = world.admin.query("select by from seen", &[]).await.unwrap();
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn a_procedure_cannot_commit_the_role_away() {
    let world = World::new().await;
    world
        .admin
        .batch_execute("create procedure escape() language plpgsql as 'begin commit; end'")
        .await
        .unwrap();
    let requests = world.small(1);
    let tx = as_user(
        "ada",
        &[("call escape()", &[]), ("select current_user::text", &[])],
    );
    assert_eq!(code(requests.run(tx).await), "2D000");
}

#[tokio::test]
async fn the_first_error_undoes_all_statements() {
    let world = World::new().await;
    let requests = world.small(1);
    let tx = as_user(
        "ada",
        &[(ADD, &["one"]), ("select 1/0", &[]), (ADD, &["two"])],
    );
    assert_eq!(code(requests.run(tx).await), "22012");
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");
}

#[tokio::test]
async fn results_come_in_order_with_the_rows_they_touched() {
    let world = World::new().await;
    let requests = world.small(1);
    let tx = as_user(
        "ada",
        &[
            ("select body, null, '' from note order by id", &[]),
            (ADD, &["wheel"]),
            ("update note set body = body || '!'", &[]),
            ("delete from note where false", &[]),
        ],
    );
    let results = requests.run(tx).await.unwrap();
    assert_eq!(results.len(), 4);
    assert_eq!(results[0].affected, 2);
    assert_eq!(results[0].rows[1].text(0), Some("loom"));
    assert_eq!(results[0].rows[1].get(1), None);
    assert_eq!(results[0].rows[1].text(2), Some(""));
    assert_eq!(
        (results[1].rows[0].text(0), results[1].affected),
        (Some("wheel"), 1)
    );
    assert_eq!((results[2].rows.len(), results[2].affected), (0, 3));
    assert_eq!(results[3].affected, 0);
}

#[tokio::test]
async fn a_deferred_constraint_is_an_error_of_the_request() {
    let world = World::new().await;
    let requests = world.small(1);
    for isolation in [Isolation::ReadCommitted, Isolation::RepeatableRead] {
        let mut tx = as_user("ada", &[(ADD, &["engine"])]);
        tx.isolation = isolation;
        let error = requests.run(tx.clone()).await.unwrap_err();
        assert!(error.violates("note_body_key"), "{error:?}");
        assert_eq!(error.kind(), Some(Kind::UniqueViolation));
        tx.end = End::Rollback;
        assert_eq!(code(requests.run(tx).await), "23505");
    }
    let open = requests
        .open(as_user("ada", &[(ADD, &["engine"])]))
        .await
        .unwrap();
    assert_eq!(open.commit().await.unwrap_err().code(), Some("23505"));
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn a_read_only_transaction_refuses_to_write() {
    let world = World::new().await;
    let requests = world.small(1);
    for isolation in [Isolation::ReadCommitted, Isolation::RepeatableRead] {
        let mut tx = as_user("ada", &[(ADD, &["x"])]);
        tx.access = Access::ReadOnly;
        tx.isolation = isolation;
        let error = requests.run(tx.clone()).await.unwrap_err();
        assert_eq!(
            (error.code(), error.kind()),
            (Some("25006"), Some(Kind::ReadOnly))
        );
        // Nor can the caller lift it.
        tx.statements.insert(
            0,
            statement(
                "select set_config('transaction_read_only', 'off', true)",
                &[],
            ),
        );
        assert_eq!(code(requests.run(tx).await), "25001");
    }
    requests
        .run(as_user("ada", &[(ADD, &["x"])]))
        .await
        .unwrap();
}

#[tokio::test]
async fn isolation_is_as_asked() {
    let world = World::new().await;
    let requests = world.small(1);
    for (isolation, name) in [
        (Isolation::ReadCommitted, "read committed"),
        (Isolation::RepeatableRead, "repeatable read"),
        (Isolation::Serializable, "serializable"),
    ] {
        for end in [End::Commit, End::Rollback] {
            let mut tx = as_user(
                "ada",
                &[("select current_setting('transaction_isolation')", &[])],
            );
            tx.isolation = isolation;
            tx.end = end;
            assert_eq!(only(&requests.run(tx).await.unwrap()), name);
        }
    }
}

#[tokio::test]
async fn a_rollback_keeps_the_answer_and_nothing_else() {
    let world = World::new().await;
    let requests = world.small(1);
    let mut tx = as_user("ada", &[(ADD, &["dream"])]);
    tx.end = End::Rollback;
    assert_eq!(only(&requests.run(tx).await.unwrap()), "dream");
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");
}

#[tokio::test]
async fn a_statement_timeout_is_a_setting_like_any_other() {
    let world = World::new().await;
    let requests = world.small(1);
    let mut tx = as_user("ada", &[("select pg_sleep(60)::text", &[])]);
    tx.settings
        .push(("statement_timeout".into(), "20ms".into()));
    let error = requests.run(tx).await.unwrap_err();
    assert_eq!(
        (error.code(), error.kind()),
        (Some("57014"), Some(Kind::Cancelled))
    );
    assert_eq!(
        ask(&requests, "select current_setting('statement_timeout')")
            .await
            .unwrap(),
        "0"
    );
}

#[tokio::test]
async fn an_open_transaction_waits_for_a_decision() {
    let world = World::new().await;
    let requests = world.small(1);
    let mut open = requests
        .open(as_user("ada", &[(ADD, &["draft"])]))
        .await
        .unwrap();
    assert_eq!(only(open.results()), "draft");
    let mine = open.query(statement(WHO, &[])).await.unwrap();
    assert_eq!(mine.rows[0].text(0), Some(r#"test_user {"sub":"ada"}"#));
    assert_eq!(
        open.query(statement(COUNT, &[])).await.unwrap().rows[0].text(0),
        Some("3")
    );
    open.rollback().await.unwrap();
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");

    let open = requests
        .open(as_user("ada", &[(ADD, &["final"])]))
        .await
        .unwrap();
    open.commit().await.unwrap();
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "3");

    drop(
        requests
            .open(as_user("ada", &[(ADD, &["lost"])]))
            .await
            .unwrap(),
    );
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "3");
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn an_open_transaction_that_failed_cannot_be_committed() {
    let world = World::new().await;
    let requests = world.small(1);
    let mut open = requests
        .open(as_user("ada", &[(ADD, &["half"])]))
        .await
        .unwrap();
    assert_eq!(
        open.query(statement("select 1/0", &[]))
            .await
            .unwrap_err()
            .code(),
        Some("22012")
    );
    assert!(open.commit().await.is_err());
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");
}

#[tokio::test]
async fn prepared_statements_survive_ddl() {
    let world = World::new().await;
    let requests = world.small(1);
    let all = as_user("ada", &[("select * from note order by id limit 1", &[])]);
    assert_eq!(
        requests.run(all.clone()).await.unwrap()[0].rows[0].text(2),
        Some("engine")
    );
    world
        .admin
        .batch_execute("alter table note add column pinned bool not null default true")
        .await
        .unwrap();
    let row = &requests.run(all.clone()).await.unwrap()[0].rows[0];
    assert_eq!(row.text(3), Some("t"));
    world
        .admin
        .batch_execute("alter table note drop column pinned")
        .await
        .unwrap();
    let mut undone = all.clone();
    undone.end = End::Rollback;
    assert_eq!(requests.run(undone).await.unwrap()[0].rows[0].get(3), None);
    assert_eq!(requests.run(all).await.unwrap()[0].rows[0].get(3), None);
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn statements_deallocated_behind_our_back_are_prepared_again() {
    let world = World::new().await;
    let requests = world.small(1);
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");
    let forget = as_user("ada", &[("deallocate all", &[])]);
    requests.run(forget).await.unwrap();
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn the_statement_cache_is_bounded_at_the_server_too() {
    let world = World::new().await;
    let requests = world.requests(&RequestOptions {
        size: 1,
        statements: 8,
        ..RequestOptions::default()
    });
    for shape in 0..40 {
        let sql = format!("select {shape}::text");
        assert_eq!(ask(&requests, &sql).await.unwrap(), shape.to_string());
    }
    let held = ask(&requests, "select count(*) from pg_prepared_statements")
        .await
        .unwrap();
    assert!(held.parse::<u32>().unwrap() <= 9, "{held}");
}

#[tokio::test]
async fn pooler_mode_leaves_nothing_behind_in_the_session() {
    let world = World::new().await;
    let requests = world.requests(&RequestOptions {
        size: 1,
        pooler_mode: true,
        ..RequestOptions::default()
    });
    requests
        .run(as_user("ada", &[(ADD, &["x"]), (COUNT, &[])]))
        .await
        .unwrap();
    assert_eq!(
        ask(&requests, "select count(*) from pg_prepared_statements")
            .await
            .unwrap(),
        "0"
    );
    let mut tx = as_user("ada", &[(ADD, &["y"])]);
    tx.end = End::Rollback;
    requests.run(tx).await.unwrap();
    requests
        .open(as_user("ada", &[(COUNT, &[])]))
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
    assert_eq!(
        ask(&requests, "select count(*) from pg_prepared_statements")
            .await
            .unwrap(),
        "0"
    );
}

#[tokio::test]
async fn what_the_protocol_cannot_carry_is_refused_and_harms_nobody() {
    let world = World::new().await;
    let requests = world.small(1);
    // A NUL byte in a value: PostgreSQL's own error, and the connection goes on.
    assert_eq!(
        code(
            requests
                .run(as_user("ada", &[("select $1::text", &["a\0b"])]))
                .await
        ),
        "22021"
    );
    let mut claims = as_user("ada", &[(COUNT, &[])]);
    claims.settings[0].1 = "a\0b".into();
    assert_eq!(code(requests.run(claims).await), "22021");
    // A NUL byte in the text.
    let error = requests
        .run(as_user("ada", &[("select '\0'", &[])]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unsendable(_)), "{error:?}");
    // One parameter more than the protocol can count, and exactly as many.
    let many = |count: usize| {
        as_user(
            "ada",
            &[(
                "select 1::text where $1::text is not null",
                vec!["x"; count].leak(),
            )],
        )
    };
    let error = requests.run(many(65_536)).await.unwrap_err();
    assert!(matches!(error, Error::Unsendable(_)), "{error:?}");
    assert_eq!(code(requests.run(many(65_535)).await), "08P01");
    assert_eq!(ask(&requests, COUNT).await.unwrap(), "2");
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn an_error_carries_what_a_client_is_shown() {
    let world = World::new().await;
    let requests = world.small(1);
    let raise = "create function complain() returns text language plpgsql as $$ begin \
        raise sqlstate 'PT402' using message = 'm', detail = 'd', hint = 'h'; end $$";
    world.admin.batch_execute(raise).await.unwrap();
    let error = requests
        .run(as_user("ada", &[("select complain()", &[])]))
        .await
        .unwrap_err();
    let error = error.server().unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("PT402", "m")
    );
    assert_eq!(
        (error.detail.as_deref(), error.hint.as_deref()),
        (Some("d"), Some("h"))
    );
    assert!(error.context.as_deref().unwrap().contains("complain"));

    let error = requests
        .run(as_user("ada", &[("select nothing from note", &[])]))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.server().unwrap().position),
        (Some(Kind::Undefined), Some(8))
    );
    let error = requests
        .run(as_user(
            "ada",
            &[("insert into note (body) values (null)", &[])],
        ))
        .await
        .unwrap_err();
    let error = error.server().unwrap();
    assert_eq!(
        (error.table.as_deref(), error.column.as_deref()),
        (Some("note"), Some("body"))
    );
}
