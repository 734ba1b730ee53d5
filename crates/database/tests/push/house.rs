//! A prepared database, and the folder of a project.

use base::Secret;
use database::{Options, PushError, PushOptions, PushReport, Schema, prepare, push};
use testkit::{Postgres, TestDatabase};
use tokio_postgres::Client;

/// Stand-ins for what the services' own schema changes make.
pub(crate) const SERVICES: [Schema; 2] = [
    Schema {
        name: "auth",
        owner: "supabase_auth_admin",
        migrations: &[database::Migration {
            version: "1",
            name: "users",
            sql: "create table auth.users (id uuid primary key, email text, raw_user_meta_data jsonb)",
        }],
    },
    Schema {
        name: "storage",
        owner: "supabase_storage_admin",
        migrations: &[database::Migration {
            version: "1",
            name: "objects",
            sql: "create table storage.buckets (id text primary key, name text not null, public boolean default false);
                  create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets, name text);
                  alter table storage.objects enable row level security;
                  create function storage.foldername(name text) returns text[] language sql as
                    $$ select (string_to_array(name, '/'))[1:cardinality(string_to_array(name, '/')) - 1] $$",
        }],
    },
];

pub(crate) struct House {
    pub(crate) database: TestDatabase,
    pub(crate) folder: tempfile::TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with_schemas(&SERVICES).await
    }

    pub(crate) async fn with_schemas(schemas: &[Schema]) -> Self {
        let database = Postgres::shared().database().await;
        let mut settings = settings::Database::default();
        database.admin().database().clone_into(&mut settings.name);
        let mut keys = settings::Keys::default();
        keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
        keys.vault_enc_key = Secret::new("a key for the vault that is kept");
        let options = Options::from_settings(&settings, &keys, 3_600);
        prepare(database.admin(), &options, schemas).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("migrations")).unwrap();
        Self { database, folder }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) async fn push(&self) -> Result<PushReport, PushError> {
        push(
            self.database.admin(),
            self.folder.path(),
            &PushOptions::default(),
        )
        .await
    }

    /// Pushes one migration that must apply.
    pub(crate) async fn apply(&self, file: &str, sql: &str) -> PushReport {
        self.write(&format!("migrations/{file}"), sql);
        self.push().await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn refuse(&self, file: &str, sql: &str) -> PushError {
        self.write(&format!("migrations/{file}"), sql);
        self.push().await.unwrap_err()
    }

    pub(crate) async fn client(&self) -> Client {
        self.database.connect().await
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.client().await, sql).await
    }
}

pub(crate) async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}

pub(crate) fn notes(report: &PushReport) -> Vec<(usize, &str)> {
    let notes = report.files.iter().flat_map(|file| &file.notes);
    notes.map(|note| (note.line, note.text.as_str())).collect()
}
