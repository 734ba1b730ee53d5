//! Every problem of variant B is there, under the code that the migration must report it by.

use insight::Variant;

use crate::{number, small};

/// Code or name, the query that counts it, and how many there are in size S.
const PLANTED: &[(&str, &str, i64)] = &[
    (
        "MIG-U-CASE-DUP",
        "select count(*) from users as one join users as other
         on lower(one.email) = lower(other.email) and one.id < other.id",
        1,
    ),
    (
        "MIG-U-CASE-DUP: the administrator signed in last",
        "select id::bigint from users where lower(email) = 'admin@axial.com' order by last_login desc limit 1",
        1,
    ),
    (
        "MIG-U-EMAIL-TRIM",
        "select count(*) from users where email like '% '",
        1,
    ),
    (
        "MIG-U-EMAIL-LONG",
        "select count(*) from users where length(email) = 300",
        1,
    ),
    (
        "MIG-U-EMAIL-NULL",
        "select count(*) from users where email = ''",
        1,
    ),
    (
        "MIG-U-HASH-NONE",
        "select count(*) from users where password_hash in ('', '!')",
        2,
    ),
    (
        "$2a$",
        r"select count(*) from users where password_hash ~ '^\$2a\$12\$.{53}$'",
        1,
    ),
    (
        "$2y$",
        r"select count(*) from users where password_hash ~ '^\$2y\$12\$.{53}$'",
        1,
    ),
    (
        "MIG-U-HASH-MALFORMED",
        "select count(*) from users where length(password_hash) = 59",
        1,
    ),
    (
        "MIG-U-HASH-TRIM",
        "select count(*) from users where password_hash like '$2b$%  ' and length(trim(password_hash)) = 60",
        1,
    ),
    (
        "MIG-U-HASH-LEGACY",
        "select count(*) from users where password_hash ~ '^[0-9a-f]{64}$'",
        1,
    ),
    (
        "is_active false",
        "select count(*) from users where not is_active",
        1,
    ),
    (
        "MIG-U-ACTIVE-NULL",
        "select count(*) from users where is_active is null",
        1,
    ),
    (
        "MIG-U-ROLE-UNKNOWN",
        "select count(*) from users where role is null or role in ('Admin', 'superadmin')",
        3,
    ),
    (
        "MIG-R-ORPHAN",
        "select count(*) from user_conversations where user_id <> 0 and user_id not in (select id from users)",
        3,
    ),
    (
        "MIG-R-ORPHAN in a primary key",
        "select count(*) from user_storage_quotas where user_id not in (select id from users)",
        1,
    ),
    (
        "MIG-R-SENTINEL",
        "select count(*) from user_conversations where user_id = 0",
        2,
    ),
    (
        "MIG-R-SENTINEL where null is allowed",
        "select count(*) from watch_history where user_id = 0",
        1,
    ),
    (
        "logs with null",
        "select count(*) from activity_logs where user_id is null",
        2,
    ),
    (
        "MIG-R-MIXED: integers",
        "select (count(*) > 10)::int::bigint from activity_logs where user_id ~ '^[0-9]+$'",
        1,
    ),
    (
        "MIG-R-MIXED: known UUIDs",
        "select (count(*) > 4)::int::bigint from activity_logs
         where user_id in (select supabase_user_id from user_id_mapping)",
        1,
    ),
    (
        "MIG-R-MIXED: an unknown UUID",
        "select count(*) from activity_logs
         where user_id ~ '-' and user_id not in (select supabase_user_id from user_id_mapping)",
        1,
    ),
    (
        "MIG-R-MIXED in invitations",
        "select count(distinct created_by ~ '-') + count(distinct used_by ~ '-') from invitations",
        4,
    ),
    (
        "MIG-M-INVENTED",
        "select count(*) from user_id_mapping where old_user_id not in (select id from users)",
        3,
    ),
    (
        "MIG-M-COLLISION",
        "select count(*) from user_id_mapping as m join users as u on u.id = m.old_user_id and u.email <> m.email",
        1,
    ),
    (
        "MIG-M-COLLISION: rows of both people under one id",
        "select count(distinct c.created_at > m.migrated_at) from user_conversations as c
         join user_id_mapping as m on m.old_user_id = c.user_id
         join users as u on u.id = c.user_id and u.email <> m.email",
        2,
    ),
    (
        "email_recipients",
        "select count(*) from watch_configs where email_recipients::jsonb ->> 0 not like '%@%'",
        0,
    ),
    (
        "MIG-R-JSON: shared_with",
        "select (count(*) > 5)::int::bigint from user_documents where extra_data -> 'shared_with' @> '[3, 9]'",
        1,
    ),
    (
        "MIG-R-JSON: generated_by",
        "select (count(*) > 5)::int::bigint from user_documents
         where (extra_data ->> 'generated_by')::int = user_id",
        1,
    ),
    (
        "MIG-R-JSON: an orphan among the elements",
        "select count(*) from user_documents where extra_data -> 'shared_with' @> '[30]'",
        1,
    ),
    (
        "JSON in text that names a user",
        "select count(*) from activity_logs where details like '%\"target_user_id\": 7%'",
        1,
    ),
    (
        "MIG-R-TEXT-JSON",
        "select count(*) from activity_logs where details like 'not JSON%'",
        1,
    ),
    (
        "MIG-R-UNDECLARED",
        "select count(*) from pg_constraint where contype = 'f' and confrelid = 'public.users'::regclass
         and conrelid <> 'public.password_reset_tokens'::regclass",
        0,
    ),
    (
        "infinity",
        "select (select count(*) from user_conversations where created_at = 'infinity')
              + (select count(*) from user_documents where created_at = 'infinity')
              + (select count(*) from watch_history where executed_at = 'infinity')",
        3,
    ),
    (
        "before 1970",
        "select (select count(*) from user_conversations where created_at < '1970-01-01')
              + (select count(*) from user_documents where created_at < '1970-01-01')
              + (select count(*) from watch_history where executed_at < '1970-01-01')",
        3,
    ),
    (
        "a huge document",
        "select max(octet_length(content))::bigint from user_documents",
        1 << 20,
    ),
    (
        "emoji and right to left",
        "select count(*) from user_conversations where response ~ 'שלום' and response ~ '👩' and query ~ '[ء-ي]'",
        1,
    ),
    (
        "a user without data",
        "select count(*) from users as u where u.id = 21
         and not exists (select from user_conversations where user_id = u.id)
         and not exists (select from user_documents where user_id = u.id)
         and not exists (select from reports where user_id = u.id)
         and not exists (select from watch_configs where user_id = u.id)
         and not exists (select from user_contexts where user_id = u.id)
         and not exists (select from password_reset_tokens where user_id = u.id)
         and not exists (select from activity_logs where user_id = u.id::text)
         and not exists (select from migration_status where user_id = u.id)",
        1,
    ),
    (
        "a user with most of the conversations",
        "select count(*) from user_conversations where user_id = 22",
        2_000,
    ),
    (
        "expired invitations",
        "select (count(*) > 3)::int::bigint from invitations where used_at is null and expires_at < '2026-07-01'",
        1,
    ),
    (
        "an invitation's address in other case",
        "select count(*) from invitations as i join users as u
         on lower(i.email) = lower(u.email) and i.email <> u.email and u.id = 2",
        1,
    ),
    (
        "MIG-D: views",
        "select (select count(*) from v_user_activity) - (select count(*) from users)",
        0,
    ),
    (
        "MIG-D: materialized view",
        "select conversations from mv_usage_by_user where user_id = 22",
        2_000,
    ),
    (
        "MIG-D: function",
        "select (user_quota_left(2) > 2000000000)::int::bigint",
        1,
    ),
    (
        "MIG-D: triggers",
        "select count(*) from pg_trigger where not tgisinternal",
        3,
    ),
    (
        "MIG-D: grants",
        "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relacl::text like '%insight_ro=r%'",
        5,
    ),
    (
        "an index twice",
        "select count(*) from pg_index where indrelid = 'user_conversations'::regclass and not indisprimary",
        2,
    ),
];

// MIG-LEG-03: what the inspection must list is there to be listed.
#[tokio::test]
async fn every_planted_problem_is_there() {
    let (client, _) = small(Variant::B, 1).await;
    let mut wrong = Vec::new();
    for (name, sql, expected) in PLANTED {
        let found = number(&client, sql).await;
        if found != *expected {
            wrong.push(format!("{name}: {found} instead of {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// The triggers of the application keep working on the generated rows.
#[tokio::test]
async fn the_quota_follows_the_contexts() {
    let (client, _) = small(Variant::B, 1).await;
    client
        .batch_execute(
            "insert into user_contexts (user_id, content_size) values (2, 500), (21, 70);
             delete from user_contexts where user_id = 4;
             update user_contexts set name = 'renamed' where user_id = 5",
        )
        .await
        .unwrap();
    let drift = "select count(*) from user_storage_quotas as quota where total_used_bytes <>
                 (select coalesce(sum(content_size), 0) from user_contexts where user_id = quota.user_id)";
    assert_eq!(number(&client, drift).await, 0);
    let touched = "select (count(*) > 0)::int::bigint from user_contexts where user_id = 5 and updated_at > '2026-07-01'";
    assert_eq!(number(&client, touched).await, 1);
}
