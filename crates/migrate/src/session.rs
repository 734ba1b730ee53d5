//! The two databases. Different types, so that they cannot be swapped: the source is read only, the target is held
//! by one engine at a time.

use pg::{Endpoint, Lock};
use tokio_postgres::Client;

use crate::{Error, Side};

/// Settings that change how values are written; the same on both sides, so that text means the same.
const TEXT: &str = "set client_encoding = 'UTF8'; set DateStyle = 'ISO, YMD'; set IntervalStyle = 'postgres'; \
    set extra_float_digits = 3; set TimeZone = 'UTC'; set bytea_output = 'hex'; set xmloption = 'content'; \
    set lock_timeout = '30s'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; \
    set search_path = pg_catalog; set client_min_messages = warning";

/// A database that never asked what its bytes mean gives them as they are: it would refuse a whole table for one that is
/// no UTF-8, where the target refuses its row.
const RAW: &str = "select set_config('client_encoding', 'SQL_ASCII', false) \
    where current_setting('server_encoding') = 'SQL_ASCII'";

/// Serialises engines on one target.
const LOCK: &str = "passerelle migrate";

/// The application's old database. Nothing is ever written there.
#[derive(Debug, Clone)]
pub struct Source {
    endpoint: Endpoint,
}

impl Source {
    /// A source at this address.
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.with_application_name("passerelle migrate (source)"),
        }
    }

    /// A session that cannot write.
    pub async fn session(&self) -> Result<Client, Error> {
        let client = self
            .endpoint
            .connect()
            .await
            .map_err(|error| Error::Connection {
                side: Side::Source,
                error,
            })?;
        let read_only = "set default_transaction_read_only = on";
        for settings in [TEXT, RAW, read_only] {
            let set = client.batch_execute(settings).await;
            set.map_err(Error::reading)?;
        }
        Ok(client)
    }

    /// One moment of the source that several sessions can see.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let keeper = self.session().await?;
        keeper
            .batch_execute("begin isolation level repeatable read read only")
            .await
            .map_err(Error::reading)?;
        let row = keeper
            .query_one("select pg_export_snapshot()", &[])
            .await
            .map_err(Error::reading)?;
        Ok(Snapshot {
            source: self.clone(),
            name: row.get(0),
            keeper,
        })
    }

    /// Where it is, without the password.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// One moment of the source, kept as long as this lives.
#[derive(Debug)]
pub struct Snapshot {
    source: Source,
    name: String,
    keeper: Client,
}

impl Snapshot {
    /// The session that keeps it, in its transaction: for reading the catalog.
    pub fn keeper(&self) -> &Client {
        &self.keeper
    }

    /// Another session that sees the same moment.
    pub async fn session(&self) -> Result<Client, Error> {
        let client = self.source.session().await?;
        let name = sql::quote_literal(&self.name);
        // A snapshot is gone with the session that keeps it.
        let same_moment = format!(
            "begin isolation level repeatable read read only; set transaction snapshot {name}"
        );
        let seen = client.batch_execute(&same_moment).await;
        seen.map_err(Error::reading)?;
        Ok(client)
    }
}

/// The database behind the API, locked for this engine.
#[derive(Debug)]
pub struct Target {
    endpoint: Endpoint,
    lock: Option<Lock>,
}

impl Target {
    /// Reaches the target without the right to change it: for dry runs and reports.
    pub fn unlocked(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.with_application_name("passerelle migrate (target)"),
            lock: None,
        }
    }

    /// Takes the target for this engine; [`Error::Locked`] when another one has it.
    pub async fn lock(endpoint: &Endpoint) -> Result<Self, Error> {
        let endpoint = endpoint.with_application_name("passerelle migrate (target)");
        let connection = |error| Error::Connection {
            side: Side::Target,
            error,
        };
        let lock = Lock::try_acquire(&endpoint, LOCK)
            .await
            .map_err(connection)?;
        let Some(lock) = lock else {
            let client = endpoint.connect().await.map_err(connection)?;
            let row = client
                .query_opt(include_str!("sql/lock_holder.sql"), &[&LOCK])
                .await?;
            return Err(Error::Locked {
                holder: row.map_or_else(String::new, |row| row.get(0)),
            });
        };
        Ok(Self {
            endpoint,
            lock: Some(lock),
        })
    }

    /// A session, as the role that owns people's tables where the login may become it.
    pub async fn session(&self) -> Result<Client, Error> {
        let client = self.admin().await?;
        client
            .batch_execute(include_str!("sql/become_owner.sql"))
            .await?;
        Ok(client)
    }

    /// A session as the login itself.
    pub async fn admin(&self) -> Result<Client, Error> {
        let client = self
            .endpoint
            .connect()
            .await
            .map_err(|error| Error::Connection {
                side: Side::Target,
                error,
            })?;
        client.batch_execute(TEXT).await?;
        if self.lock.is_none() {
            client
                .batch_execute("set default_transaction_read_only = on")
                .await?;
        }
        Ok(client)
    }

    /// A session whose transactions are only there to be rolled back, with the owner's rights to look.
    pub(crate) async fn probe(&self) -> Result<Client, Error> {
        let client = self.admin().await?;
        // A trigger's opinion of a row is no right; a login that may not silence them lets them speak.
        let _ = client
            .batch_execute("set session_replication_role = replica")
            .await;
        client
            .batch_execute(include_str!("sql/become_owner.sql"))
            .await?;
        client
            .batch_execute("set default_transaction_read_only = off")
            .await?;
        Ok(client)
    }

    /// Fails when the lock went away with its connection.
    pub async fn check_lock(&self) -> Result<(), Error> {
        match &self.lock {
            Some(lock) => Ok(lock.check().await?),
            None => Ok(()),
        }
    }

    /// Where it is, without the password.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}
