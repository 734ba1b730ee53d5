//! Where log lines go.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use settings::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::exit::{ExitCode, Failure};

/// Sends log lines to `<data_dir>/logs/passerelle.log`; `passerelle logs` shows them. Called once a process.
pub(crate) fn start(settings: &Log, data_dir: &Path) -> Result<(), Failure> {
    let folder = data_dir.join("logs");
    let failed = |error: std::io::Error| {
        Failure::new(
            ExitCode::Preflight,
            format_args!("{} cannot be written: {error}", folder.display()),
            "check the folder's owner and permissions, or choose another with --data-dir",
        )
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(folder.join("passerelle.log"))
        .map_err(failed)?;
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| {
        Failure::new(
            ExitCode::Usage,
            format_args!("log.level: {error}"),
            "PASSERELLE_LOG=info passerelle up",
        )
    })?;
    let writer = LogFile(Arc::new(file));
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(writer);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
    started.map_err(Failure::internal)
}

/// A file opened for appending: each line is one write, so lines of two processes do not mix.
#[derive(Debug, Clone)]
struct LogFile(Arc<std::fs::File>);

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = &'a std::fs::File;

    fn make_writer(&'a self) -> Self::Writer {
        &self.0
    }
}
