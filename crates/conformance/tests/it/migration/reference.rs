//! What the reference application has become, looked at in the database; and that the proof notices when it is not so.

use std::collections::BTreeSet;

use pg::Endpoint;
use serde_json::Value;

use super::Move;

impl Move {
    /// The first column of a query's answer, as text.
    async fn lines(&self, query: &str) -> Vec<String> {
        let url = self.site.database_url("postgres");
        let client = Endpoint::parse(&url).unwrap().connect().await.unwrap();
        let rows = client.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// What a verification looked at, by requirement: everything, and what failed.
    fn verified(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let output = self.output(&["verify", "--json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let checks: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["type"] == "check")
            .collect();
        let of = |wanted: fn(&Value) -> bool| {
            let checks = checks.iter().filter(|check| wanted(check));
            let codes = checks.map(|check| check["code"].as_str().unwrap().to_owned());
            codes.collect::<BTreeSet<_>>()
        };
        (of(|_| true), of(|check| check["pass"] == false))
    }
}

/// MIG-MAP-01, MIG-META-02, MIG-META-03, MIG-USR-06, MIG-REF-04, MIG-RLS-03, MIG-RLS-04, MIG-RLS-06, MIG-RT-01: users, mapping, keys,
/// policies and publication of the clean application, in the form that the contract gives them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_application_becomes_what_the_contract_says() {
    let stage = Move::migrated().await;
    assert_eq!(
        stage
            .lines(
                "select attname || ' ' || format_type(atttypid, null) from pg_attribute \
                 where attrelid = 'public.user_id_mapping'::regclass and attnum > 0 order by attnum"
            )
            .await,
        [
            "old_user_id integer",
            "supabase_user_id uuid",
            "email text",
            "migrated_at timestamp with time zone",
            "source_table text",
            "run_id uuid",
            "status text",
            "password_status text",
        ]
    );
    // The role of a token is the database's; the application's is in `app_metadata`, with where everybody came from.
    assert_eq!(
        stage
            .lines(
                "select concat_ws(' ', raw_app_meta_data ->> 'legacy_id', role, aud, raw_app_meta_data ->> 'role', \
                 raw_app_meta_data ->> 'provider', raw_app_meta_data -> 'providers', email_confirmed_at is not null, \
                 raw_app_meta_data -> 'legacy' ? 'migrated_at', raw_user_meta_data ? 'role') \
                 from auth.users order by (raw_app_meta_data ->> 'legacy_id')::int"
            )
            .await,
        [
            "1 authenticated authenticated admin email [\"email\"] t t f",
            "2 authenticated authenticated user email [\"email\"] t t f",
            "3 authenticated authenticated user email [\"email\"] t t f",
            "4 authenticated authenticated user email [\"email\"] t t f",
            "5 authenticated authenticated user email [\"email\"] t t f",
        ]
    );
    // Declared actions stay; owned rows go with their owner; a log is never taken along.
    assert_eq!(
        stage
            .lines(
                "select conrelid::regclass || '.' || conname || ' ' || confdeltype::text || convalidated from pg_constraint \
                 where contype = 'f' and connamespace = 'public'::regnamespace order by 1"
            )
            .await,
        [
            "activity_logs.activity_logs_user_id_fkey atrue",
            "invitations.invitations_created_by_fkey atrue",
            "invitations.invitations_used_by_fkey atrue",
            "messages.messages_author_id_fkey ntrue",
            "messages.messages_conversation_id_fkey ctrue",
            "migration_status.migration_status_user_id_fkey ctrue",
            "password_reset_tokens.password_reset_tokens_user_id_fkey atrue",
            "reports.reports_user_id_fkey ctrue",
            "user_contexts.user_contexts_user_id_fkey ctrue",
            "user_conversations.user_conversations_user_id_fkey ctrue",
            "user_documents.user_documents_user_id_fkey ctrue",
            "user_storage_quotas.user_storage_quotas_user_id_fkey ctrue",
            "users.users_auth_users_fkey ctrue",
            "watch_configs.watch_configs_user_id_fkey ctrue",
            "watch_history.watch_history_user_id_fkey ctrue",
            "watch_history.watch_history_watch_id_fkey ctrue",
        ]
    );
    assert_eq!(
        stage
            .lines(
                "select tablename || ': ' || string_agg(lower(cmd), ' ' order by cmd) from pg_policies \
                 where schemaname = 'public' group by tablename order by 1"
            )
            .await,
        [
            "activity_logs: insert select",
            "documents: select",
            "messages: delete insert select update",
            "migration_status: delete insert select update",
            "reports: delete insert select update",
            "user_contexts: delete insert select update",
            "user_conversations: delete insert select update",
            "user_documents: delete insert select update",
            "user_storage_quotas: select",
            "users: select update",
            "watch_configs: delete insert select update",
            "watch_history: delete insert select update",
        ]
    );
    // To signed-in callers only; whoever asks is looked up once a statement; nothing that people may edit decides; and what
    // decides has an index.
    let none: [&str; 0] = [];
    for odd in [
        "select tablename::text from pg_policies where schemaname = 'public' and roles <> '{authenticated}'",
        "select tablename::text from pg_policies where schemaname = 'public' and \
         coalesce(qual, '') || coalesce(with_check, '') ~ 'user_metadata|(?<!SELECT )auth\\.uid'",
        "select tablename::text from pg_policies where schemaname = 'public' and cmd in ('INSERT', 'UPDATE') and with_check is null",
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relrowsecurity",
        "select a.attrelid::regclass::text from pg_attribute a join pg_class c on c.oid = a.attrelid \
         where a.attname = 'user_id' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and exists \
         (select from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname) and not exists \
         (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum)",
    ] {
        assert_eq!(stage.lines(odd).await, none, "{odd}");
    }
    let published = "select tablename::text from pg_publication_tables where pubname = 'supabase_realtime' order by 1";
    assert_eq!(
        stage.lines(published).await,
        [
            "activity_logs",
            "user_conversations",
            "user_documents",
            "watch_configs",
            "watch_history"
        ]
    );
}

/// MIG-VER-01, MIG-VER-04, MIG-VER-05, MIG-VER-07, MIG-VER-08, MIG-VER-09, MIG-RLS-08, MIG-MAP-02, MIG-SEQ-01, MIG-GEN-02: the proof looks at all of it, and each of
/// it that is broken fails by its own name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proof_notices_whatever_is_broken() {
    let stage = Move::migrated().await;
    let all: BTreeSet<String> = [
        "MIG-GEN-02",
        "MIG-MAP-02",
        "MIG-RLS-08",
        "MIG-RT-05",
        "MIG-SEQ-01",
        "MIG-VER-01",
        "MIG-VER-02",
        "MIG-VER-04",
        "MIG-VER-05",
        "MIG-VER-07",
        "MIG-VER-09",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(stage.verified(), (all, BTreeSet::new()));
    for (breaks, noticed) in [
        ("delete from public.reports where id = 1", "MIG-VER-01"),
        (
            "alter table public.watch_configs drop constraint watch_configs_user_id_fkey; \
             begin; set local session_replication_role = replica; \
             update public.watch_configs set user_id = gen_random_uuid() where id = 1; commit",
            "MIG-VER-04",
        ),
        (
            "update auth.users set banned_until = null where banned_until is not null",
            "MIG-VER-05",
        ),
        ("drop index public.ix_reports_user_id", "MIG-VER-07"),
        (
            "alter table public.user_documents disable row level security",
            "MIG-RLS-08",
        ),
        (
            "grant select on public.user_id_mapping to authenticated",
            "MIG-MAP-02",
        ),
        (
            "select setval('public.user_conversations_id_seq', 1)",
            "MIG-SEQ-01",
        ),
    ] {
        stage.admin(breaks).await;
        let (_, failed) = stage.verified();
        assert!(failed.contains(noticed), "{breaks}: {failed:?}");
    }
}
