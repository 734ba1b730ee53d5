//! What each table is for.

use super::words::{singular, snake, words};
use super::{SortedTable, TableKindOfUse};
use crate::inventory::{Inventory, Name, Table};

/// Histories that frameworks keep of their own migrations.
const HISTORIES: [&str; 27] = [
    "alembic_version",
    "schema_migrations",
    "ar_internal_metadata",
    "flyway_schema_history",
    "schema_version",
    "django_migrations",
    "south_migrationhistory",
    "knex_migrations",
    "knex_migrations_lock",
    "prisma_migrations",
    "migrations",
    "goose_db_version",
    "ef_migrations_history",
    "databasechangelog",
    "databasechangeloglock",
    "sequelize_meta",
    "drizzle_migrations",
    "diesel_schema_migrations",
    "kysely_migration",
    "kysely_migration_lock",
    "mikro_orm_migrations",
    "typeorm_metadata",
    "pgmigrations",
    "sqlx_migrations",
    "refinery_schema_history",
    "doctrine_migration_versions",
    "phinxlog",
];
/// Tables of sessions and tokens that are no table of the application's.
const PLUMBING: [&str; 24] = [
    "session",
    "user_session",
    "django_session",
    "password_reset",
    "password_reset_token",
    "reset_token",
    "refresh_token",
    "access_token",
    "personal_access_token",
    "oauth_access_token",
    "oauth_refresh_token",
    "oauth_auth_code",
    "verification_token",
    "email_verification",
    "email_verification_token",
    "revoked_token",
    "token_blacklist",
    "blacklisted_token",
    "remember_token",
    "auth_token",
    "login_attempt",
    "jwt_blacklist",
    "confirmation_token",
    "login_token",
];
const QUEUES: [&str; 14] = [
    "job",
    "failed_job",
    "job_batch",
    "delayed_job",
    "queue",
    "message_queue",
    "outbox",
    "cache",
    "cache_lock",
    "good_job",
    "solid_queue_job",
    "celery_taskmeta",
    "celery_tasksetmeta",
    "background_task",
];

pub(super) fn sort(inventory: &Inventory) -> Vec<SortedTable> {
    inventory
        .tables
        .iter()
        .map(|table| {
            let (sort, reason) = judge(table);
            SortedTable {
                table: table.name.clone(),
                sort,
                reason: reason.to_owned(),
            }
        })
        .collect()
}

/// A mapping left by an earlier attempt is bookkeeping, and read by the engine itself.
pub(super) fn set_aside(tables: &mut [SortedTable], leftover: &[super::leftover::Leftover]) {
    for table in tables {
        if leftover.iter().any(|one| one.table == table.table) {
            table.sort = TableKindOfUse::Bookkeeping;
            "the mapping of an earlier migration".clone_into(&mut table.reason);
        }
    }
}

fn judge(table: &Table) -> (TableKindOfUse, &'static str) {
    let name: &Name = &table.name;
    let joined = snake(&name.name);
    let mut all = words(&name.name);
    if let Some(last) = all.last_mut() {
        *last = singular(last);
    }
    let one = all.join("_");
    if HISTORIES.contains(&joined.as_str()) && table.foreign_keys().next().is_none() {
        return (
            TableKindOfUse::Bookkeeping,
            "a framework's history of its migrations",
        );
    }
    if PLUMBING.contains(&one.as_str()) && expires_or_holds_tokens(table) {
        return (
            TableKindOfUse::AuthPlumbing,
            "sessions or tokens, worth nothing after the move",
        );
    }
    if QUEUES.contains(&one.as_str()) {
        return (TableKindOfUse::Temporary, "a queue or a cache");
    }
    let edge = |words: &[&str]| {
        all.len() > 1
            && (all
                .first()
                .is_some_and(|word| words.contains(&word.as_str()))
                || all
                    .last()
                    .is_some_and(|word| words.contains(&word.as_str())))
    };
    if edge(&["tmp", "temp", "temporary", "bak", "backup", "staging"]) {
        return (
            TableKindOfUse::Temporary,
            "named as a temporary table or a copy",
        );
    }
    if table.unlogged {
        return (TableKindOfUse::Temporary, "an unlogged table");
    }
    (TableKindOfUse::Application, "the application's data")
}

/// A table of sessions of something else (training sessions) has none of these.
fn expires_or_holds_tokens(table: &Table) -> bool {
    table.columns.iter().any(|column| {
        words(&column.name).iter().any(|word| {
            [
                "token",
                "expires",
                "expiry",
                "expire",
                "expiration",
                "expired",
                "jti",
                "payload",
                "ip",
                "hash",
            ]
            .contains(&word.as_str())
        })
    })
}
