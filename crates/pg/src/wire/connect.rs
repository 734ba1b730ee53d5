//! Finding a server that answers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::{Host, SslNegotiation};

use super::cancel::CancelKey;
use super::statements::Statements;
use super::stream::{Address, Patience, Secure, Stream};
use super::{Connection, Progress, State};
use crate::endpoint::Mode;
use crate::{Endpoint, Error};

/// Where the connections of a pool go, worked out once.
#[derive(Debug)]
pub(crate) struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) application_name: String,
    tls: Result<Option<Arc<rustls::ClientConfig>>, String>,
    statements: usize,
}

impl Target {
    /// Reads the certificates; what is wrong with them is said at the first connection.
    pub(crate) fn new(endpoint: &Endpoint, application_name: &str, statements: usize) -> Self {
        let tls = match endpoint.tls_mode() {
            Mode::Disable => Ok(None),
            _ => endpoint
                .tls_client()
                .map(Some)
                .map_err(|error| error.to_string()),
        };
        let name = endpoint
            .config()
            .get_application_name()
            .unwrap_or(application_name)
            .to_owned();
        Self {
            endpoint: endpoint.clone(),
            application_name: name,
            tls,
            statements,
        }
    }

    /// Tries each host, each of its addresses, until one lets us in. `patience` bounds all of it.
    pub(crate) async fn connect(&self, patience: Duration) -> Result<Connection, Error> {
        let config = self.endpoint.config();
        let deadline = Instant::now()
            + config
                .get_connect_timeout()
                .map_or(patience, |own| (*own).min(patience));
        let mut last = Error::Connect("no host is named".into());
        for index in 0..config.get_hosts().len().max(config.get_hostaddrs().len()) {
            let attempt = async {
                let addresses = self
                    .addresses(index)
                    .await
                    .map_err(|error| Error::Connect(error.to_string()))?;
                let mut last = Error::Connect("the host has no address".into());
                for address in addresses {
                    match self.connect_to(&address, index).await {
                        Ok(connection) => return Ok(connection),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            };
            match timeout_at(deadline, attempt).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => last = error,
                Err(_) => return Err(Error::Connect("it did not answer in time".into())),
            }
        }
        Err(last)
    }

    async fn addresses(&self, index: usize) -> io::Result<Vec<Address>> {
        let config = self.endpoint.config();
        let port = config
            .get_ports()
            .get(index)
            .or(config.get_ports().first())
            .copied()
            .unwrap_or(5432);
        if let Some(address) = config.get_hostaddrs().get(index) {
            return Ok(vec![Address::Tcp(SocketAddr::new(*address, port))]);
        }
        match config.get_hosts().get(index) {
            Some(Host::Unix(folder)) => {
                Ok(vec![Address::Unix(folder.join(format!(".s.PGSQL.{port}")))])
            }
            Some(Host::Tcp(name)) => {
                let list = tokio::net::lookup_host((name.as_str(), port)).await?;
                Ok(list.map(Address::Tcp).collect())
            }
            None => Ok(Vec::new()),
        }
    }

    async fn connect_to(&self, address: &Address, index: usize) -> Result<Connection, Error> {
        let secure = match address {
            Address::Unix(_) => None,
            Address::Tcp(address) => self.secure(index, *address)?,
        };
        let patience = self.patience();
        let stream = Stream::open(address, secure.as_ref(), patience)
            .await
            .map_err(|error| Error::Connect(format!("{address:?}: {error}")))?;
        let cancel = CancelKey {
            address: address.clone(),
            secure,
            patience,
            process: 0,
            secret: 0,
        };
        let now = Instant::now();
        let mut connection = Connection {
            stream,
            input: BytesMut::with_capacity(super::READ_ROOM),
            output: BytesMut::with_capacity(1024),
            state: State::Busy,
            steps: Vec::new(),
            progress: Progress::default(),
            statements: Statements::new(self.statements),
            name: String::new(),
            cancel,
            born: now,
            used: now,
        };
        connection.log_in(self).await?;
        Ok(connection)
    }

    fn secure(&self, index: usize, address: SocketAddr) -> Result<Option<Secure>, Error> {
        let tls = self
            .tls
            .as_ref()
            .map_err(|text| Error::Connect(text.clone()))?;
        let Some(tls) = tls else {
            return Ok(None);
        };
        let config = self.endpoint.config();
        let name = match config.get_hosts().get(index) {
            Some(Host::Tcp(name)) => ServerName::try_from(name.clone())
                .map_err(|_| Error::Connect(format!("{name} is not a name that TLS can check")))?,
            _ => ServerName::IpAddress(address.ip().into()),
        };
        Ok(Some(Secure {
            config: Arc::clone(tls),
            name,
            optional: self.endpoint.tls_mode() == Mode::Prefer,
            direct: config.get_ssl_negotiation() == SslNegotiation::Direct,
        }))
    }

    fn patience(&self) -> Patience {
        let config = self.endpoint.config();
        Patience {
            // The system's two hours are too long to find out that a server's machine is gone.
            keepalive: config
                .get_keepalives()
                .then(|| config.get_keepalives_idle().min(Duration::from_secs(60))),
            interval: config.get_keepalives_interval(),
            retries: config.get_keepalives_retries(),
            unacknowledged: config.get_tcp_user_timeout().copied(),
        }
    }
}
