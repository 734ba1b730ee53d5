//! Settings of the server itself, which it reads from its own files.

use std::collections::BTreeSet;

use pg::Endpoint;
use tokio_postgres::Error as SqlError;

use crate::Error;
use crate::prepare::connect;

/// A setting of the server that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSetting {
    /// Its name.
    pub name: String,
    /// What it was.
    pub before: String,
    /// What it is, or will be.
    pub value: String,
    /// Whether the server must be restarted for it; nobody does it here.
    pub needs_restart: bool,
}

/// DB-SRV-10: writes what section 12 of the specification asks for with `alter system`, as far as it is not so
/// already, and has the server read it. Takes a superuser.
pub async fn configure_server(admin: &Endpoint) -> Result<Vec<ServerSetting>, Error> {
    let failed = |error: SqlError| Error::Step {
        step: "server settings",
        source: error.into(),
    };
    let client = connect(admin).await?;
    let rows = client
        .query(include_str!("sql/server_settings.sql"), &[])
        .await
        .map_err(failed)?;
    let mut written = Vec::new();
    for row in rows {
        let setting = ServerSetting {
            name: row.try_get(0).map_err(failed)?,
            before: row.try_get(1).map_err(failed)?,
            value: row.try_get(2).map_err(failed)?,
            needs_restart: false,
        };
        let (name, value) = (
            sql::Ident::new(&setting.name),
            sql::quote_literal(&setting.value),
        );
        client
            .batch_execute(&format!("alter system set {name} = {value}"))
            .await
            .map_err(failed)?;
        written.push(setting);
    }
    if written.is_empty() {
        return Ok(written);
    }
    client
        .batch_execute("select pg_reload_conf()")
        .await
        .map_err(failed)?;
    let waiting = waiting(admin, &written).await?;
    for setting in &mut written {
        setting.needs_restart = waiting.contains(&setting.name);
    }
    Ok(written)
}

/// Which of them wait for a restart, once the server has read its files: it does so when it finds the time.
async fn waiting(admin: &Endpoint, written: &[ServerSetting]) -> Result<BTreeSet<String>, Error> {
    const PATIENCE: u32 = 50;
    let failed = |error: SqlError| Error::Step {
        step: "server settings",
        source: error.into(),
    };
    let client = connect(admin).await?;
    let mut waiting = BTreeSet::new();
    for _ in 0..PATIENCE {
        let rows = client
            .query(include_str!("sql/pending_restart.sql"), &[])
            .await
            .map_err(failed)?;
        waiting = rows.iter().map(|row| row.get::<_, String>(0)).collect();
        let rows = client
            .query(include_str!("sql/server_settings.sql"), &[])
            .await
            .map_err(failed)?;
        let is_read = rows
            .iter()
            .all(|row| waiting.contains(row.get::<_, &str>(0)));
        if is_read {
            break;
        }
        let pause = "select pg_sleep(0.1)";
        client.batch_execute(pause).await.map_err(failed)?;
    }
    waiting.retain(|name| written.iter().any(|setting| setting.name == *name));
    Ok(waiting)
}
