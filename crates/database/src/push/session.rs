//! A connection that runs a project's statements as the owner role, and a fixed few as the administrator.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::SinkExt as _;
use pg::Endpoint;
use settings::MissingExtensions;
use tokio_postgres::{Client, Error as SqlError};

use crate::extensions;
use crate::prepare::connect;
use crate::script::{Extension, ExtensionVerb, Kind, Statement};
use crate::{Error, substitute};

/// DB-MIG-07: what a file finds, and what `reset all` in it goes back to.
const DEFAULTS: &str = "set search_path = \"$user\", public, extensions; set lock_timeout = '4s'; \
                        set statement_timeout = 0; set client_min_messages = warning";

/// A connection that runs a project's statements.
pub(crate) struct Session {
    pub(crate) client: Client,
    is_super: bool,
    is_owner: bool,
    pub(crate) major: i32,
    settings: BTreeSet<String>,
    /// Extensions that the server has, and whether each is in this database.
    extensions: BTreeMap<String, bool>,
    missing: MissingExtensions,
}

/// What became of a statement that is not simply run.
pub(crate) type Note = Option<String>;

/// Why a statement was not run.
pub(crate) enum Refusal {
    /// PostgreSQL said so.
    Sql(SqlError),
    /// It would change a reserved role.
    Reserved(String),
    /// The server lacks the extension.
    Missing(String),
}

impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl Session {
    pub(crate) async fn open(admin: &Endpoint, missing: MissingExtensions) -> Result<Self, Error> {
        let client = connect(admin).await?;
        let failed = |error: SqlError| Error::Step {
            step: "checks",
            source: error.into(),
        };
        let row = client
            .query_one(include_str!("sql/server.sql"), &[])
            .await
            .map_err(failed)?;
        let version: i32 = row.try_get(0).map_err(failed)?;
        let settings: Vec<String> = row.try_get(3).map_err(failed)?;
        let mut session = Self {
            is_super: row.try_get(1).map_err(failed)?,
            is_owner: row.try_get(2).map_err(failed)?,
            major: version / 10_000,
            settings: settings.into_iter().collect(),
            extensions: BTreeMap::new(),
            missing,
            client,
        };
        session.look_for_extensions().await.map_err(failed)?;
        Ok(session)
    }

    async fn look_for_extensions(&mut self) -> Result<(), SqlError> {
        let rows = self
            .client
            .query(include_str!("sql/extensions.sql"), &[])
            .await?;
        self.extensions = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, SqlError>>()?;
        Ok(())
    }

    /// Whether `create extension` of this name can do something.
    pub(crate) fn has_extension(&self, name: &str) -> bool {
        self.extensions.contains_key(name) || substitute::find(name).is_some()
    }

    /// DB-MIG-06, DB-MIG-07: a session as every file finds it.
    pub(crate) async fn begin_file(&self) -> Result<(), SqlError> {
        let become_owner = self.become_owner();
        let reset = if self.is_super {
            "set session authorization default; reset all"
        } else {
            "set role none; reset all"
        };
        self.client
            .batch_execute(&format!("{reset}; {DEFAULTS}; {become_owner}"))
            .await
    }

    fn become_owner(&self) -> &'static str {
        match (self.is_super, self.is_owner) {
            (true, _) => "set session authorization postgres",
            (false, true) => "set role none",
            (false, false) => "set role postgres",
        }
    }

    /// Becomes the administrator; returns the role that the file had chosen.
    pub(crate) async fn rise(&self) -> Result<String, SqlError> {
        let role = self
            .client
            .query_one("select pg_catalog.current_setting('role')", &[])
            .await?
            .try_get(0)?;
        let become_admin = if self.is_super {
            "set session authorization default"
        } else {
            "set role none"
        };
        self.client.batch_execute(become_admin).await?;
        Ok(role)
    }

    /// Becomes the owner role again, or the role that the file had chosen.
    pub(crate) async fn step_down(&self, role: &str) -> Result<(), SqlError> {
        self.client.batch_execute(self.become_owner()).await?;
        // Without a superuser the owner role is itself such a choice.
        if role != "none" {
            let role = sql::Ident::new(role);
            let chosen = format!("set role {role}");
            self.client.batch_execute(&chosen).await?;
        }
        Ok(())
    }

    /// Runs `sql` as the administrator.
    pub(crate) async fn as_admin(&self, sql: &str) -> Result<(), SqlError> {
        let role = self.rise().await?;
        self.client.batch_execute(sql).await?;
        self.step_down(&role).await
    }

    /// Whether rows can be loaded in any order, with triggers and foreign keys at rest.
    pub(crate) fn is_superuser(&self) -> bool {
        self.is_super
    }

    /// Runs one statement; says what was done other than running it as the owner role.
    pub(crate) async fn run(
        &mut self,
        statement: &Statement<'_>,
        in_transaction: bool,
    ) -> Result<Note, Refusal> {
        match statement.kind() {
            Kind::Reserved(role) => Err(Refusal::Reserved(role)),
            Kind::Extension(extension) => self.extension(statement, &extension).await,
            Kind::Skipped(why) => Ok(Some(format!("left out: {why}"))),
            Kind::Transaction if in_transaction => {
                Ok(Some("left out: the file is one transaction anyway".into()))
            }
            Kind::Elevated(why) => {
                self.as_admin(statement.text).await?;
                self.hand_over(statement).await?;
                Ok(Some(format!("run as the administrator: {why}")))
            }
            // DB-DMP-01: dumps of newer servers set what older ones do not have.
            Kind::Set(name) if !name.contains('.') && !self.settings.contains(&name) => {
                Ok(Some(format!("left out: this server has no setting {name}")))
            }
            // PostgreSQL 14 has no right to a setting that could be given.
            Kind::SetFor(name) if self.is_super && self.major < 15 && name.contains('.') => {
                self.as_admin(statement.text).await?;
                Ok(Some(format!("run as the administrator: setting {name}")))
            }
            Kind::SetFor(name) => {
                let granted = self.grant_setting(&name).await?;
                self.client.batch_execute(statement.text).await?;
                Ok(granted)
            }
            _ => {
                self.plain(statement).await?;
                Ok(None)
            }
        }
    }

    async fn plain(&self, statement: &Statement<'_>) -> Result<(), SqlError> {
        if let Some(data) = statement.data {
            let sink = self.client.copy_in::<_, Bytes>(statement.text).await?;
            let mut sink = std::pin::pin!(sink);
            for chunk in data.as_bytes().chunks(64 * 1024) {
                sink.send(Bytes::copy_from_slice(chunk)).await?;
            }
            sink.finish().await?;
            return Ok(());
        }
        // DB-VER-06: MAINTAIN is a privilege from 17 on.
        let text = if self.major < 17 {
            statement.without_maintain()
        } else {
            Some(statement.text.to_owned())
        };
        let Some(text) = text else {
            return Ok(());
        };
        self.client.batch_execute(&text).await?;
        if statement.starts_with(&["reset", "all"]) {
            self.client.batch_execute(DEFAULTS).await?;
        }
        Ok(())
    }

    /// Notes a file in a ledger, in the file's own transaction where it has one.
    pub(crate) async fn note(
        &self,
        sql: &str,
        values: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<(), SqlError> {
        let role = self.rise().await?;
        self.client.execute(sql, values).await?;
        self.step_down(&role).await
    }

    /// DB-POW-02: the right to a setting, by its full name, before it exists.
    async fn grant_setting(&self, name: &str) -> Result<Note, SqlError> {
        if !self.is_super || self.major < 15 || !name.contains('.') {
            return Ok(None);
        }
        let parts: Vec<String> = name
            .split('.')
            .map(|part| sql::Ident::new(part).to_string())
            .collect();
        self.as_admin(&format!(
            "grant set on parameter {} to postgres",
            parts.join(".")
        ))
        .await?;
        Ok(Some(format!("the owner role may now set {name}")))
    }

    /// What the administrator made for the project belongs to the owner role where PostgreSQL allows it.
    async fn hand_over(&self, statement: &Statement<'_>) -> Result<(), SqlError> {
        if statement.starts_with(&["create", "foreign", "data", "wrapper"])
            && let Some(name) = statement.name(4)
        {
            let name = sql::Ident::new(name);
            self.as_admin(&format!(
                "grant usage on foreign data wrapper {name} to postgres with grant option"
            ))
            .await?;
        }
        Ok(())
    }

    async fn extension(
        &mut self,
        statement: &Statement<'_>,
        extension: &Extension,
    ) -> Result<Note, Refusal> {
        let name = extension.name.as_str();
        let substitute = substitute::find(name);
        // A substitute stays until it is exchanged on request, whatever the server has got since.
        if let Some(substitute) = substitute
            && let Some(schema) = self.standing(substitute).await?
        {
            if extension.verb != ExtensionVerb::Drop {
                return Ok(Some(format!("a substitute stands for extension {name}")));
            }
            self.as_admin_with_path(&substitute.drop_sql(schema.as_deref()))
                .await?;
            return Ok(Some(format!("substitute of extension {name} taken away")));
        }
        if let Some(exists) = self.extensions.get(name).copied() {
            let as_admin = self.real_extension(statement, extension, exists).await?;
            self.look_for_extensions().await?;
            return Ok(as_admin.then(|| format!("run as the administrator: extension {name}")));
        }
        match (extension.verb, substitute, self.missing) {
            (ExtensionVerb::Create, Some(substitute), _) => {
                let sql = substitute.create_sql(extension.schema.as_deref());
                self.as_admin_with_path(&sql).await?;
                Ok(Some(format!("substitute made for extension {name}")))
            }
            (ExtensionVerb::Create, None, MissingExtensions::Error) => {
                Err(Refusal::Missing(name.to_owned()))
            }
            (ExtensionVerb::Create, None, MissingExtensions::Warn) => {
                Ok(Some(format!("left out: the server lacks extension {name}")))
            }
            _ => {
                self.plain(statement).await?;
                Ok(None)
            }
        }
    }

    /// Scripts of ours presume nothing of the file's search path, and leave it as it was.
    async fn as_admin_with_path(&self, sql: &str) -> Result<(), SqlError> {
        let path: String = self
            .client
            .query_one("select pg_catalog.current_setting('search_path')", &[])
            .await?
            .try_get(0)?;
        let back = sql::quote_literal(&path);
        self.as_admin(&format!(
            "set search_path = pg_catalog; {sql}; select pg_catalog.set_config('search_path', {back}, false)"
        ))
        .await
    }

    async fn standing(
        &self,
        substitute: &substitute::Substitute,
    ) -> Result<Option<Option<String>>, SqlError> {
        // The ledger is the administrator's.
        let role = self.rise().await?;
        let standing = substitute.standing(&self.client).await?;
        self.step_down(&role).await?;
        Ok(standing)
    }

    async fn real_extension(
        &self,
        statement: &Statement<'_>,
        extension: &Extension,
        exists: bool,
    ) -> Result<bool, SqlError> {
        let creates = extension.verb == ExtensionVerb::Create && !exists;
        // DB-EXT-04: it knows one place only, whatever is asked.
        let text = if creates && extension.name == "pg_cron" {
            "create extension pg_cron with schema pg_catalog cascade"
        } else {
            statement.text
        };
        let as_admin = extensions::ALLOWED.contains(&extension.name.as_str());
        if as_admin {
            self.as_admin(text).await?;
        } else {
            self.client.batch_execute(text).await?;
        }
        if creates && self.is_super {
            self.as_admin(include_str!("sql/after_extension.sql"))
                .await?;
        }
        Ok(as_admin)
    }
}
