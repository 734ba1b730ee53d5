//! A dump put into a new database.

use pg::Endpoint;
use tokio_postgres::Client;

use super::programs::Prepared;
use super::{Backup, Contents, Error, Format, Programs, script};

/// What of a dump is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Everything.
    All,
    /// Definitions that rows need.
    Before,
    /// The rows of one table: its schema and name.
    Rows(&'a str, &'a str),
    /// Indexes, keys, triggers, policies.
    After,
}

/// Whose everything will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owners {
    /// As it was.
    Kept,
    /// The login's: for a trial.
    Login,
}

/// A session from which databases can be made, renamed and dropped: in another database than `name`.
pub(super) async fn maintenance(server: &Endpoint, name: &str) -> Result<Client, Error> {
    let place = if name == "postgres" {
        "template1"
    } else {
        "postgres"
    };
    let client = server
        .with_database(place)
        .with_application_name("passerelle migrate (backup)")
        .connect()
        .await
        .map_err(|error| crate::Error::Connection {
            side: crate::Side::Target,
            error,
        })?;
    Ok(client)
}

/// An empty database for what `contents` describes; where the server lacks the locale, with its own.
pub(super) async fn make_database(
    client: &Client,
    name: &str,
    contents: &Contents,
) -> Result<(), Error> {
    let quoted = sql::Ident::new(name);
    let encoding = sql::quote_literal(&contents.encoding);
    let plain = format!("create database {quoted} template template0 encoding {encoding}");
    let exact = format!(
        "{plain} lc_collate {} lc_ctype {}",
        sql::quote_literal(&contents.collate),
        sql::quote_literal(&contents.ctype)
    );
    let made = client.batch_execute(&exact).await;
    match made {
        Err(error)
            if error.code() == Some(&tokio_postgres::error::SqlState::WRONG_OBJECT_TYPE)
                || error.code()
                    == Some(&tokio_postgres::error::SqlState::INVALID_PARAMETER_VALUE) =>
        {
            client.batch_execute(&plain).await?;
        }
        other => other?,
    }
    Ok(())
}

pub(super) async fn drop_database(client: &Client, name: &str) -> Result<(), Error> {
    let quoted = sql::Ident::new(name);
    let number: i32 = client
        .query_one("select current_setting('server_version_num')::int4", &[])
        .await?
        .get(0);
    // Before 13 sessions are ended one by one.
    let force = if number >= 130_000 {
        " with (force)"
    } else {
        ""
    };
    if force.is_empty() {
        client
            .execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
                &[&name],
            )
            .await?;
    }
    client
        .batch_execute(&format!("drop database if exists {quoted}{force}"))
        .await?;
    Ok(())
}

/// Puts a part of the dump into the database of `into`, stopping at the first error.
pub(super) async fn load(
    backup: &Backup,
    programs: &Programs,
    into: &Endpoint,
    part: Part<'_>,
    owners: Owners,
    jobs: usize,
) -> Result<(), Error> {
    if backup.manifest.format == Format::Plain {
        if part != Part::All {
            return Err(Error::PlainOnly);
        }
        if script::is_needed(programs, into).await? {
            return script::put_file(programs, &backup.file, into).await;
        }
        return psql(programs, into)?
            .arg("--file")
            .arg(&backup.file)
            .run()
            .await;
    }
    let by_script = script::is_needed(programs, into).await?;
    let mut command = programs.command("pg_restore", into)?.arg("--exit-on-error");
    if owners == Owners::Login {
        command = command
            .arg("--no-owner")
            .arg("--no-privileges")
            .arg("--no-subscriptions");
    }
    command = match part {
        Part::All if jobs > 1 && !by_script => command.arg(format!("--jobs={jobs}")),
        Part::All => command,
        Part::Before => command.arg("--section=pre-data"),
        Part::After => command.arg("--section=post-data"),
        Part::Rows(schema, table) => command
            .arg("--section=data")
            .arg(format!("--schema={schema}"))
            .arg(format!("--table={table}")),
    };
    restore(programs, command.arg(&backup.file), into, by_script).await
}

async fn restore(
    programs: &Programs,
    command: Prepared,
    into: &Endpoint,
    by_script: bool,
) -> Result<(), Error> {
    if by_script {
        return script::put_output(programs, command, into).await;
    }
    let database = format!("--dbname={}", connection_of(into));
    command.arg(database).run().await
}

/// `psql` that reads a script and stops at the first error.
pub(super) fn psql(programs: &Programs, into: &Endpoint) -> Result<Prepared, Error> {
    let psql = programs
        .command("psql", into)?
        .arg("--no-psqlrc")
        .arg("--quiet")
        .arg("--set=ON_ERROR_STOP=1");
    Ok(psql)
}

/// Puts everything in place of what a database holds, in one transaction.
pub(super) async fn load_over(
    backup: &Backup,
    programs: &Programs,
    into: &Endpoint,
) -> Result<(), Error> {
    if backup.manifest.format == Format::Plain {
        return Err(Error::PlainOnly);
    }
    let by_script = script::is_needed(programs, into).await?;
    let command = programs
        .command("pg_restore", into)?
        .arg("--exit-on-error")
        .arg("--single-transaction")
        .arg("--clean")
        .arg("--if-exists")
        .arg(&backup.file);
    restore(programs, command, into, by_script).await
}

/// The database as a connection string of nothing but its name: a name with `=` in it would be read as one.
fn connection_of(endpoint: &Endpoint) -> String {
    let name = endpoint
        .database()
        .replace('\\', "\\\\")
        .replace('\'', "\\'");
    format!("dbname='{name}'")
}
