//! What a stream reads, and how its connection is set up.

use std::time::Duration;

use pg::Endpoint;
use pgwire_replication::{ReplicationConfig, SslMode, TlsConfig};

use crate::{Error, Lsn};

/// How long the slot lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// It outlives the connection; nothing is lost while that is down. Made when it does not exist.
    Permanent,
    /// It ends with the connection: a reconnection starts from the present.
    Temporary,
}

/// Where the first connection starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Where the slot was confirmed.
    Confirmed,
    /// At the present: what the slot kept is given up.
    Present,
    /// At this position, or where the slot was confirmed, whichever is later.
    At(Lsn),
}

/// What a stream reads.
#[derive(Debug, Clone)]
pub struct Options {
    /// A direct connection (no pooler) with a login that may replicate.
    pub endpoint: Endpoint,
    /// Name of the slot.
    pub slot: String,
    /// How long it lives.
    pub kind: SlotKind,
    /// The publications. Those that do not exist are left out and reported; at least one must exist.
    pub publications: Vec<String>,
    /// Where the first connection starts.
    pub start: Start,
    /// A transaction larger than this comes in parts.
    pub part_bytes: usize,
    /// Most parts and events that wait for the consumer; then the server is not read from.
    pub queue: usize,
    /// The longest pause before another attempt to connect; the first is 100 ms.
    pub max_pause: Duration,
    /// How often a confirmed position is reported to the server, at most.
    pub status_interval: Duration,
}

impl Options {
    /// A permanent slot that goes on where it was, with the usual bounds.
    pub fn new(endpoint: &Endpoint, slot: &str, publications: &[&str]) -> Self {
        Self {
            endpoint: endpoint.clone(),
            slot: slot.to_owned(),
            kind: SlotKind::Permanent,
            publications: publications.iter().map(|name| (*name).to_owned()).collect(),
            start: Start::Confirmed,
            part_bytes: 1024 * 1024,
            queue: 16,
            max_pause: Duration::from_secs(5),
            status_interval: Duration::from_secs(1),
        }
    }
}

/// Text forms must not depend on anybody's settings (RT-TYP-03). `TimeZone` stays the database's: that is
/// what `to_jsonb` shows times in.
const SESSION: &str = "-c DateStyle=ISO,MDY -c IntervalStyle=postgres -c extra_float_digits=1 \
     -c bytea_output=hex -c xmlbinary=base64 -c statement_timeout=0 -c lock_timeout=0 \
     -c idle_in_transaction_session_timeout=0";

/// What `pgwire-replication` wants to know. `start` 0 means where the slot was confirmed.
pub(crate) fn connection(
    options: &Options,
    publications: &[String],
    start: Lsn,
) -> Result<ReplicationConfig, Error> {
    use tokio_postgres::config::Host;
    let config = options.endpoint.config();
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let password = config
        .get_password()
        .map(|password| String::from_utf8_lossy(password).into_owned());
    let mut connection = ReplicationConfig::new(
        host,
        options.endpoint.user(),
        password.unwrap_or_default(),
        options.endpoint.database(),
        options.slot.as_str(),
        publications.to_vec(),
    )
    .with_port(config.get_ports().first().copied().unwrap_or(5432))
    .with_start_lsn(pgwire_replication::Lsn::from_u64(start.0))
    .with_status_interval(options.status_interval)
    .with_wakeup_interval(Duration::from_secs(10))
    .with_buffer_size(256)
    .with_options(SESSION)
    .with_application_name(format!("passerelle {}", options.slot));
    if !connection.is_unix_socket() {
        connection = connection.with_tls(tls(&options.endpoint)?);
    }
    Ok(connection)
}

fn tls(endpoint: &Endpoint) -> Result<TlsConfig, Error> {
    let files = endpoint.tls_files();
    let mode = match files.sslmode {
        "disable" => SslMode::Disable,
        "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        other => return Err(Error::Connection(format!("sslmode cannot be {other}"))),
    };
    let (cert, key) = files.identity.unzip();
    Ok(TlsConfig {
        mode,
        ca_pem_path: files.root,
        sni_hostname: None,
        client_cert_pem_path: cert,
        client_key_pem_path: key,
    })
}
