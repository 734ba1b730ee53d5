//! A prepared database to restore into, and a folder for dumps.

use std::path::PathBuf;

use base::Secret;
use database::{Migration, Options, RestoreError, RestoreReport, Schema, prepare, restore};
use settings::MissingExtensions;
use testkit::{Postgres, TestDatabase};
use tokio_postgres::Client;

/// Stand-ins for what the services' own schema changes make.
const SERVICES: [Schema; 2] = [
    Schema {
        name: "auth",
        owner: "supabase_auth_admin",
        migrations: &[Migration {
            version: "1",
            name: "users",
            sql: "create type auth.aal_level as enum ('aal1', 'aal2');
                  create table auth.users (id uuid primary key, email text, email_confirmed_at timestamptz, phone_confirmed_at timestamptz,
                    confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored);
                  create table auth.identities (id uuid constraint identities_pkey primary key, user_id uuid not null references auth.users on delete cascade);
                  create table auth.refresh_tokens (id bigserial primary key, token text);
                  create table auth.schema_migrations (version text primary key);
                  insert into auth.schema_migrations values ('20171026211738')",
        }],
    },
    Schema {
        name: "storage",
        owner: "supabase_storage_admin",
        migrations: &[Migration {
            version: "1",
            name: "objects",
            sql: "create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text, name text);
                  alter table storage.objects enable row level security",
        }],
    },
];

pub(crate) struct House {
    pub(crate) database: TestDatabase,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        let database = Postgres::shared().database().await;
        let mut settings = settings::Database::default();
        database.admin().database().clone_into(&mut settings.name);
        let mut keys = settings::Keys::default();
        keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
        keys.vault_enc_key = Secret::new("a key for the vault that is kept");
        let options = Options::from_settings(&settings, &keys, 3_600);
        prepare(database.admin(), &options, &SERVICES)
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { database, folder }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) async fn try_restore(
        &self,
        files: &[PathBuf],
    ) -> Result<RestoreReport, RestoreError> {
        restore(self.database.admin(), files, MissingExtensions::Error).await
    }

    pub(crate) async fn restore(&self, text: &str) -> RestoreReport {
        let file = self.write("dump.sql", text);
        let restored = self.try_restore(&[file]).await;
        restored.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn refuse(&self, text: &str) -> RestoreError {
        let file = self.write("dump.sql", text);
        self.try_restore(&[file]).await.unwrap_err()
    }

    pub(crate) async fn client(&self) -> Client {
        self.database.connect().await
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.client().await.query(sql, &[]).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// The notes of a report's only file: where in the dump, what.
pub(crate) fn notes(report: &RestoreReport) -> Vec<(usize, &str)> {
    let notes = report.files.iter().flat_map(|file| &file.notes);
    notes.map(|note| (note.line, note.text.as_str())).collect()
}
