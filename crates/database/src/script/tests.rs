use super::{Extension, ExtensionVerb, Kind, SplitError, split};

fn texts(script: &str) -> Vec<&str> {
    split(script)
        .unwrap()
        .iter()
        .map(|statement| statement.text)
        .collect()
}

fn check(script: &str, expected: &[&str]) {
    assert_eq!(texts(script), expected, "{script}");
}

fn kind(sql: &str) -> Kind {
    split(sql).unwrap().remove(0).kind()
}

// DB-MIG-04.
#[test]
fn a_semicolon_ends_a_statement_only_where_the_server_thinks_so() {
    check("", &[]);
    check(" ;; -- nothing\n/* at all; */ ;", &[]);
    check("select 1; select 2", &["select 1", "select 2"]);
    check("select ';'; select 2;", &["select ';'", "select 2"]);
    check("select 'it''s;'; x", &["select 'it''s;'", "x"]);
    check(r"select '\'; select 2", &[r"select '\'", "select 2"]);
    check(r"select E'\';'; x", &[r"select E'\';'", "x"]);
    check(r"select name'\'; x", &[r"select name'\'", "x"]);
    check(
        r#"select U&'\0061;' , U&"d\0061;"; x"#,
        &[r#"select U&'\0061;' , U&"d\0061;""#, "x"],
    );
    check(
        r#"create table "a;""b" (); x"#,
        &[r#"create table "a;""b" ()"#, "x"],
    );
    check("do $$ begin; end $$; x", &["do $$ begin; end $$", "x"]);
    check("do $a$ $$;$b$; $a$; x", &["do $a$ $$;$b$; $a$", "x"]);
    check(
        "select $1; select a$b$; c$b$",
        &["select $1", "select a$b$", "c$b$"],
    );
    check("select 1 /* /* ; */ é; */; x", &["select 1", "x"]);
    check(r"select E'\é;', é.ü; x", &[r"select E'\é;', é.ü", "x"]);
    check(
        "select 1 -- ; $$ '\n + 1; x",
        &["select 1 -- ; $$ '\n + 1", "x"],
    );
    check(
        "create rule r as on insert to t do (select 1; select 2); x",
        &[
            "create rule r as on insert to t do (select 1; select 2)",
            "x",
        ],
    );
    check("\u{feff}select 'é;'; x", &["select 'é;'", "x"]);
}

// DB-MIG-04.
#[test]
fn a_function_body_of_standard_sql_is_one_statement() {
    let function = "create or replace function f(a int) returns int\nbegin atomic\n  select case when a > 1 then 2 end;\n  select 3;\nend";
    check(&format!("{function}; select 1"), &[function, "select 1"]);
    let procedure = "CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC insert into t values (1); END";
    check(&format!("{procedure};select 1"), &[procedure, "select 1"]);
    check("begin; select 1; end;", &["begin", "select 1", "end"]);
}

// DB-MIG-04.
#[test]
fn rows_after_copy_belong_to_it() {
    let script = "copy public.t (a) from stdin;\n1;\n\\N\n\\.\n\nselect 1;";
    let statements = split(script).unwrap();
    assert_eq!(statements[0].text, "copy public.t (a) from stdin");
    assert_eq!(statements[0].data, Some("1;\n\\N\n"));
    assert_eq!((statements[1].text, statements[1].line), ("select 1", 6));
    assert_eq!(
        split("COPY t FROM stdin;\n\\.\n").unwrap()[0].data,
        Some("")
    );
    assert_eq!(split("COPY t FROM stdin;\n1").unwrap()[0].data, Some("1"));
    assert_eq!(split("copy t to stdout; x").unwrap()[0].data, None);
}

// DB-MIG-04, DB-DMP-11.
#[test]
fn the_commands_of_dumps_are_understood_and_others_refused() {
    check(
        "\\restrict abc\nselect 1;\n\\unrestrict abc\n",
        &["select 1"],
    );
    for (script, line, command) in [
        ("\\connect other\n", 1, "\\connect"),
        ("select 1;\n\\c other", 2, "\\c"),
        ("select 1\n\\gexec", 2, "\\gexec"),
    ] {
        let command = command.to_owned();
        assert_eq!(
            split(script).unwrap_err(),
            SplitError::ClientCommand { line, command }
        );
    }
}

// DB-MIG-04.
#[test]
fn what_is_never_closed_is_named_with_its_line() {
    for (script, what) in [
        ("\nselect 'a\n", "a literal"),
        ("\nselect \"a", "a quoted name"),
        ("\n/* /* */", "a comment"),
        ("\ndo $x$ $$", "a dollar quote"),
        ("\nselect (1;", "a parenthesis"),
    ] {
        assert_eq!(
            split(script).unwrap_err(),
            SplitError::Unclosed { line: 2, what },
            "{script}"
        );
    }
}

#[test]
fn lines_are_counted_through_everything() {
    let script = "-- a\n/* b\n */ select '\n';\ndo $$\n$$;\nselect 1";
    let lines: Vec<usize> = split(script).unwrap().iter().map(|s| s.line).collect();
    assert_eq!(lines, [3, 5, 7]);
}

fn extension(verb: ExtensionVerb, name: &str, schema: Option<&str>) -> Kind {
    let (name, schema) = (name.to_owned(), schema.map(str::to_owned));
    Kind::Extension(Extension { verb, name, schema })
}

// DB-SUB-00, DB-EXT-02: by tokens, in every spelling.
#[test]
fn extension_statements_are_recognised() {
    let create = |name, schema| extension(ExtensionVerb::Create, name, schema);
    for (sql, expected) in [
        ("create extension vector", create("vector", None)),
        (
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA \"extensions\"",
            create("uuid-ossp", Some("extensions")),
        ),
        (
            "create /* x */ extension if not exists pg_net with schema public version '1' cascade",
            create("pg_net", Some("public")),
        ),
        (
            "create extension pg_cron schema pg_catalog",
            create("pg_cron", Some("pg_catalog")),
        ),
        (
            "drop extension if exists pg_net cascade",
            extension(ExtensionVerb::Drop, "pg_net", None),
        ),
        (
            "alter extension vector update",
            extension(ExtensionVerb::Alter, "vector", None),
        ),
        ("do $$ begin create extension pg_net; end $$", Kind::Plain),
    ] {
        assert_eq!(kind(sql), expected, "{sql}");
    }
}

// DB-POW-05, DB-POW-06, DB-MIG-02.
#[test]
fn only_a_fixed_list_of_statements_is_special() {
    let elevated = [
        (
            "create event trigger e on sql_drop execute function f()",
            "event trigger",
        ),
        (
            "create publication p for all tables",
            "publication of all tables",
        ),
        (
            "create publication p for tables in schema public",
            "publication of all tables",
        ),
        ("create foreign data wrapper w", "foreign data wrapper"),
        (
            "alter table t owner to supabase_auth_admin",
            "owner that is a reserved role",
        ),
        (
            "alter role anon set statement_timeout = '10s'",
            "setting of a reserved role",
        ),
        (
            "set session_replication_role = replica",
            "session_replication_role",
        ),
        ("grant set on parameter x.y to z", "right to a setting"),
        (
            "alter default privileges for role supabase_admin in schema public grant all on tables to anon",
            "default privileges of a reserved role",
        ),
    ];
    for (sql, why) in elevated {
        assert_eq!(kind(sql), Kind::Elevated(why), "{sql}");
    }
    for sql in [
        "create index concurrently i on t (a)",
        "create unique index concurrently i on t (a)",
        "drop index concurrently i",
        "vacuum analyze t",
        "reindex table concurrently t",
        "create database x",
        "alter system set a = 1",
    ] {
        assert_eq!(kind(sql), Kind::Alone, "{sql}");
    }
    for (sql, role) in [
        ("drop role anon", "anon"),
        ("drop role if exists mine, authenticated", "authenticated"),
        ("alter role authenticator superuser", "authenticator"),
        ("alter user postgres with password 'x'", "postgres"),
    ] {
        assert_eq!(kind(sql), Kind::Reserved(role.to_owned()), "{sql}");
    }
    for (sql, name) in [
        (
            "alter role authenticator set pgrst.db_schemas = 'a'",
            "pgrst.db_schemas",
        ),
        (
            "alter database postgres set \"app.settings.x\" = 'a'",
            "app.settings.x",
        ),
        (
            "alter role authenticator in database postgres set pgrst.db_max_rows = '5'",
            "pgrst.db_max_rows",
        ),
        ("alter role mine set search_path = x", "search_path"),
    ] {
        assert_eq!(kind(sql), Kind::SetFor(name.to_owned()), "{sql}");
    }
    for (sql, name) in [
        ("set transaction_timeout = 0", "transaction_timeout"),
        (
            "SET LOCAL check_function_bodies = off",
            "check_function_bodies",
        ),
        ("set app.settings.x to 'a'", "app.settings.x"),
    ] {
        assert_eq!(kind(sql), Kind::Set(name.to_owned()), "{sql}");
    }
    for sql in [
        "create publication p for table t",
        "alter publication supabase_realtime add table t",
        "alter table t owner to postgres",
        "alter default privileges for role postgres in schema public revoke execute on functions from public",
        "alter role mine superuser",
        "drop role mine",
        "set role anon",
        "set time zone 'UTC'",
        "set transaction isolation level serializable",
        "reset all",
        "rollback to savepoint a",
        "savepoint a",
        "create index i on t (a)",
        "create index on t (concurrently)",
    ] {
        assert_eq!(kind(sql), Kind::Plain, "{sql}");
    }
    for sql in ["begin", "start transaction", "COMMIT", "end"] {
        assert_eq!(kind(sql), Kind::Transaction, "{sql}");
    }
    assert_eq!(kind("rollback"), Kind::Rollback);
}

// DB-VER-06: dumps of 17 on a server that does not know the privilege.
#[test]
fn maintain_is_taken_out_of_grants() {
    for (sql, expected) in [
        (
            "grant select,maintain,insert on t to anon",
            Some("grant select,insert on t to anon"),
        ),
        (
            "grant select, maintain on t to anon",
            Some("grant select on t to anon"),
        ),
        ("grant maintain on t to anon", None),
        (
            "grant select on maintained to anon",
            Some("grant select on maintained to anon"),
        ),
        ("select maintain from t", Some("select maintain from t")),
    ] {
        assert_eq!(
            split(sql).unwrap()[0].without_maintain().as_deref(),
            expected,
            "{sql}"
        );
    }
}
