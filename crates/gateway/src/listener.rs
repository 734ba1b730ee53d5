//! Listeners: the API's, TLS, the admin's, the classic ones.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use base::Tasks;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::{Door, admin};

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The port is taken.
    #[error("port {port} of {host} is taken by another program")]
    Taken {
        /// The address.
        host: IpAddr,
        /// The port.
        port: u16,
    },
    /// The address or port may not be used.
    #[error("{host}:{port} cannot be listened on: {source}")]
    Refused {
        /// The address.
        host: IpAddr,
        /// The port.
        port: u16,
        /// The system's reason.
        source: io::Error,
    },
    /// A certificate or key that cannot be used.
    #[error("{}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Sockets that are bound but not served yet, so that a taken port is found before anything starts.
#[derive(Debug)]
pub struct Listeners {
    api: TcpListener,
    tls: Option<(TcpListener, TlsConfig)>,
    admin: Option<TcpListener>,
    classic: Vec<(&'static str, TcpListener)>,
    /// Where they are.
    pub bound: Bound,
}

#[derive(Clone)]
struct TlsConfig(Arc<rustls::ServerConfig>);

impl std::fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsConfig")
    }
}

/// Addresses that were bound.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The API.
    pub api: SocketAddr,
    /// The API over TLS.
    pub tls: Option<SocketAddr>,
    /// Metrics and readiness.
    pub admin: Option<SocketAddr>,
    /// The classic ports, by service.
    pub classic: Vec<(&'static str, SocketAddr)>,
}

impl Listeners {
    /// Binds every listener that the settings ask for; `classic` lists services and their ports.
    pub async fn bind(
        settings: &settings::Gateway,
        classic: &[(&'static str, u16)],
    ) -> Result<Self, BindError> {
        let api = bind(settings.host, settings.port).await?;
        let tls = match (&settings.tls_cert, &settings.tls_key) {
            (Some(cert), Some(key)) => Some((
                bind(settings.host, settings.tls_port).await?,
                tls_config(cert, key)?,
            )),
            _ => None,
        };
        let admin = match settings.admin_port {
            0 => None,
            port => Some(bind(settings.admin_host, port).await?),
        };
        let mut classic_listeners = Vec::new();
        if settings.service_ports {
            for (service, port) in classic {
                classic_listeners.push((*service, bind(settings.service_host, *port).await?));
            }
        }
        let address = |listener: &TcpListener| {
            listener
                .local_addr()
                .expect("a bound socket has an address")
        };
        let bound = Bound {
            api: address(&api),
            tls: tls.as_ref().map(|(listener, _)| address(listener)),
            admin: admin.as_ref().map(address),
            classic: classic_listeners
                .iter()
                .map(|(name, listener)| (*name, address(listener)))
                .collect(),
        };
        Ok(Self {
            api,
            tls,
            admin,
            classic: classic_listeners,
            bound,
        })
    }
}

/// The running listeners.
#[derive(Debug)]
pub struct Gateway {
    /// Where they are.
    pub bound: Bound,
}

impl Gateway {
    /// Serves until the soft stop: listeners close at once, requests in flight get the settings' grace.
    pub fn serve(
        listeners: Listeners,
        door: &Arc<Door>,
        settings: &settings::Gateway,
        metrics: Option<PrometheusHandle>,
        tasks: &Tasks,
    ) -> Self {
        let Listeners {
            api,
            tls,
            admin: admin_listener,
            classic,
            bound,
        } = listeners;
        let slots = Arc::new(Semaphore::new(settings.max_connections));
        let shared = Shared {
            tasks: tasks.clone(),
            slots,
            header_timeout: settings.header_timeout,
            max_header_bytes: usize::try_from(settings.max_header_bytes.0).unwrap_or(64 << 10),
        };
        let accept = |listener, tls, answer: Answer| {
            let shared = shared.clone();
            tasks.spawn("accept", async move {
                shared.accept(listener, tls, answer).await;
            });
        };
        accept(api, None, Answer::Door(Arc::clone(door)));
        if let Some((listener, config)) = tls {
            accept(listener, Some(config), Answer::Door(Arc::clone(door)));
        }
        if let Some(listener) = admin_listener {
            accept(
                listener,
                None,
                Answer::Admin(admin::router(door.health(), metrics)),
            );
        }
        for (service, listener) in classic {
            accept(listener, None, Answer::Classic(Arc::clone(door), service));
        }
        Self { bound }
    }
}

/// What answers on a listener.
#[derive(Clone)]
enum Answer {
    Door(Arc<Door>),
    Classic(Arc<Door>, &'static str),
    Admin(Router),
}

impl Answer {
    async fn answer(
        self,
        request: Request<Incoming>,
        remote: SocketAddr,
        tls: bool,
    ) -> axum::response::Response {
        match self {
            Self::Door(door) => door.serve(request, remote, tls).await,
            Self::Classic(door, service) => door.serve_classic(request, service, remote).await,
            Self::Admin(router) => match router.oneshot(request.map(axum::body::Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
        }
    }
}

#[derive(Clone)]
struct Shared {
    tasks: Tasks,
    slots: Arc<Semaphore>,
    header_timeout: Duration,
    max_header_bytes: usize,
}

impl Shared {
    async fn accept(self, listener: TcpListener, tls: Option<TlsConfig>, answer: Answer) {
        let soft = self.tasks.soft();
        loop {
            // A full house waits at the door: the kernel's backlog is the queue, and it has a bound.
            let slot = tokio::select! {
                () = soft.cancelled() => return,
                slot = Arc::clone(&self.slots).acquire_owned() => slot.expect("the semaphore is never closed"),
            };
            let (stream, remote) = tokio::select! {
                () = soft.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, most likely: let some connections end.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let (shared, tls, answer) = (self.clone(), tls.clone(), answer.clone());
            self.tasks.spawn("connection", async move {
                shared.connection(stream, remote, tls, answer).await;
                drop(slot);
            });
        }
    }

    async fn connection(
        self,
        stream: TcpStream,
        remote: SocketAddr,
        tls: Option<TlsConfig>,
        answer: Answer,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        match tls {
            None => {
                self.speak(TokioIo::new(stream), remote, false, answer)
                    .await;
            }
            Some(TlsConfig(config)) => {
                let accepted = tokio::time::timeout(
                    self.header_timeout,
                    TlsAcceptor::from(config).accept(stream),
                )
                .await;
                match accepted {
                    Ok(Ok(stream)) => self.speak(TokioIo::new(stream), remote, true, answer).await,
                    Ok(Err(error)) => tracing::debug!(%error, %remote, "TLS handshake failed"),
                    Err(_) => tracing::debug!(%remote, "TLS handshake timed out"),
                }
            }
        }
    }

    async fn speak<I>(self, io: I, remote: SocketAddr, tls: bool, answer: Answer)
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(self.max_header_bytes.max(8_192) * 2);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(self.max_header_bytes).unwrap_or(64 << 10))
            .keep_alive_interval(Some(Duration::from_secs(30)));
        let service = service_fn(move |request| {
            let answer = answer.clone();
            async move { Ok::<_, std::convert::Infallible>(answer.answer(request, remote, tls).await) }
        });
        let connection = builder.serve_connection_with_upgrades(io, service);
        tokio::pin!(connection);
        let soft = self.tasks.soft();
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = soft.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, %remote, "connection ended");
        }
    }
}

async fn bind(host: IpAddr, port: u16) -> Result<TcpListener, BindError> {
    TcpListener::bind((host, port))
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { host, port },
            _ => BindError::Refused { host, port, source },
        })
}

fn tls_config(cert: &Path, key: &Path) -> Result<TlsConfig, BindError> {
    let wrong = |path: &Path, reason: String| BindError::Certificate {
        path: path.to_owned(),
        reason,
    };
    let read = |path: &Path| std::fs::read(path).map_err(|error| wrong(path, error.to_string()));
    let chain = rustls_pemfile::certs(&mut read(cert)?.as_slice())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(cert, "holds no certificate".to_owned()));
    }
    let private = rustls_pemfile::private_key(&mut read(key)?.as_slice())
        .map_err(|error| wrong(key, error.to_string()))?
        .ok_or_else(|| wrong(key, "holds no private key".to_owned()))?;
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| wrong(cert, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsConfig(Arc::new(config)))
}
