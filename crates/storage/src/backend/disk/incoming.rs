//! A body on its way to the disk.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use md5::{Digest as _, Md5};

use super::{blocking, in_its_folder, sync_folder};
use crate::backend::{Body, Digest, Location, Pending, WriteError, layout};

/// Bytes gathered before they are written.
const WRITE_CHUNK: usize = 512 * 1024;

/// Writes a body of at most `max_bytes` to a new file at `path`.
pub(super) async fn receive(
    mut body: Body<'_>,
    max_bytes: u64,
    path: PathBuf,
    versions: Arc<Path>,
) -> Result<Written, WriteError> {
    let mut incoming: Option<Incoming> = None;
    let mut left = max_bytes;
    loop {
        let (chunks, ended) = gather(&mut body, &mut left).await?;
        let path = path.clone();
        let begun = incoming.take();
        let written = blocking(move || {
            let mut incoming = begun.map_or_else(|| Incoming::create(path), Ok)?;
            incoming.append(&chunks)?;
            Ok(incoming)
        })
        .await
        .map_err(WriteError::Io)?;
        if ended {
            let md5 = hex::encode(written.md5.clone().finalize());
            let digest = Digest {
                size: written.size,
                md5,
            };
            return Ok(Written {
                incoming: written,
                digest,
                versions,
            });
        }
        incoming = Some(written);
    }
}

/// A body being written.
struct Incoming {
    file: File,
    path: Removed,
    md5: Md5,
    size: u64,
}

/// Removes the file when dropped, unless it was renamed away.
struct Removed(Option<PathBuf>);

impl Drop for Removed {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(%error, "an unfinished upload could not be removed; the sweep will");
        }
    }
}

impl Incoming {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = File::create_new(&path)?;
        Ok(Self {
            file,
            path: Removed(Some(path)),
            md5: Md5::new(),
            size: 0,
        })
    }

    fn append(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        for chunk in chunks {
            self.file.write_all(chunk)?;
            self.md5.update(chunk);
            self.size += chunk.len() as u64;
        }
        Ok(())
    }
}

/// A body that was written.
pub(super) struct Written {
    incoming: Incoming,
    digest: Digest,
    versions: Arc<Path>,
}

impl Pending for Written {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn keep(self: Box<Self>, at: &Location) -> BoxFuture<'_, io::Result<()>> {
        let path = layout::path(at).map(|path| self.versions.join(path));
        Box::pin(blocking(move || {
            let path =
                path.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a version"))?;
            let mut incoming = self.incoming;
            incoming.file.sync_all()?;
            let from = incoming
                .path
                .0
                .as_deref()
                .expect("only this gives it a name")
                .to_owned();
            in_its_folder(&path, |path| fs::rename(&from, path))?;
            incoming.path.0 = None;
            sync_folder(&path)
        }))
    }
}

/// The next chunks of a body, and whether it has ended.
async fn gather(body: &mut Body<'_>, left: &mut u64) -> Result<(Vec<Bytes>, bool), WriteError> {
    let mut chunks = Vec::new();
    let mut gathered = 0;
    while gathered < WRITE_CHUNK {
        match body.next().await {
            None => return Ok((chunks, true)),
            Some(Err(error)) => return Err(WriteError::Body(error)),
            Some(Ok(chunk)) => {
                *left = left
                    .checked_sub(chunk.len() as u64)
                    .ok_or(WriteError::TooLarge)?;
                gathered += chunk.len();
                chunks.push(chunk);
            }
        }
    }
    Ok((chunks, false))
}
