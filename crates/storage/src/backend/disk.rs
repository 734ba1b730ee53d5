//! Versions as files of the local disk.
//!
//! A body goes to a file in `incoming`, is synced, gets its name by a rename, and the folder is synced. Files are
//! worked on in blocking tasks, a few hundred kilobytes at a time.

mod incoming;

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::SharedRandom;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use tokio::task::spawn_blocking;

use super::{Backend, Body, Content, Location, Pending, RangeOf, Stray, WriteError, layout};

/// Bytes read at a time.
const READ_CHUNK: u64 = 256 * 1024;

/// Versions as files.
#[derive(Debug)]
pub struct Disk {
    versions: Arc<Path>,
    incoming: Arc<Path>,
    upstream: Option<Arc<Path>>,
    random: SharedRandom,
}

impl Disk {
    /// Opens (or makes) a folder of versions. `upstream` is a folder in the upstream service's own layout, read
    /// from when it has what this one has not.
    pub async fn open(
        root: &Path,
        upstream: Option<PathBuf>,
        random: SharedRandom,
    ) -> io::Result<Self> {
        let versions: Arc<Path> = root.join("versions").into();
        let incoming: Arc<Path> = root.join("incoming").into();
        let (make_versions, make_incoming) = (Arc::clone(&versions), Arc::clone(&incoming));
        let probe = incoming.join(random.uuid().simple().to_string());
        blocking(move || {
            fs::create_dir_all(&make_versions)?;
            fs::create_dir_all(&make_incoming)?;
            // A folder that cannot be written is found out now and not at the first upload.
            File::create_new(&probe)?;
            fs::remove_file(&probe)
        })
        .await?;
        let upstream = upstream.filter(|path| path.is_dir()).map(Into::into);
        Ok(Self {
            versions,
            incoming,
            upstream,
            random,
        })
    }

    /// Where a version may be, likeliest first.
    fn candidates(&self, at: &Location) -> Vec<PathBuf> {
        let own = layout::path(at).map(|path| self.versions.join(path));
        let upstream = self
            .upstream
            .as_ref()
            .and_then(|root| Some(root.join(layout::upstream_path(at)?)));
        own.into_iter().chain(upstream).collect()
    }

    fn own_path(&self, at: &Location) -> io::Result<PathBuf> {
        let path = layout::path(at)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a version"))?;
        Ok(self.versions.join(path))
    }
}

impl Backend for Disk {
    fn write<'a>(
        &'a self,
        body: Body<'a>,
        max_bytes: u64,
    ) -> BoxFuture<'a, Result<Box<dyn Pending>, WriteError>> {
        let path = self.incoming.join(self.random.uuid().simple().to_string());
        let versions = Arc::clone(&self.versions);
        Box::pin(async move {
            let written = incoming::receive(body, max_bytes, path, versions).await?;
            Ok(Box::new(written) as Box<dyn Pending>)
        })
    }

    fn read<'a>(
        &'a self,
        at: &'a Location,
        range: RangeOf<'a>,
    ) -> BoxFuture<'a, io::Result<Option<Content>>> {
        Box::pin(async move {
            let candidates = self.candidates(at);
            let opened = blocking(move || {
                for path in candidates {
                    match File::open(&path) {
                        Ok(file) => {
                            let meta = file.metadata()?;
                            if meta.is_file() {
                                return Ok(Some((file, meta.len())));
                            }
                        }
                        Err(error) if is_absent(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(None)
            })
            .await?;
            let Some((file, size)) = opened else {
                return Ok(None);
            };
            let Some(range) = range(size) else {
                return Ok(Some(Content {
                    stream: stream::empty().boxed(),
                    size,
                }));
            };
            Ok(Some(Content {
                stream: read_range(file, range),
                size,
            }))
        })
    }

    fn copy<'a>(&'a self, from: &'a Location, to: &'a Location) -> BoxFuture<'a, io::Result<bool>> {
        Box::pin(async move {
            let candidates = self.candidates(from);
            let path = self.own_path(to)?;
            blocking(move || {
                for from in candidates {
                    // Versions never change, so two names for one file are two versions.
                    let linked = in_its_folder(&path, |path| match fs::hard_link(&from, path) {
                        Err(error) if !is_absent(&error) => copy_bytes(&from, path),
                        result => result,
                    });
                    match linked {
                        Ok(()) => return sync_folder(&path).map(|()| true),
                        Err(error) if is_absent(&error) && !from.exists() => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(false)
            })
            .await
        })
    }

    fn remove<'a>(&'a self, at: &'a Location) -> BoxFuture<'a, io::Result<()>> {
        let candidates = self.candidates(at);
        Box::pin(blocking(move || {
            candidates.iter().try_for_each(|path| remove_file(path))
        }))
    }

    fn old_versions(&self, before: DateTime<Utc>) -> BoxStream<'_, io::Result<Vec<Stray>>> {
        let versions = Arc::clone(&self.versions);
        stream::iter(0..0x1000_u32)
            .then(move |folder| {
                let path = versions.join(format!("{folder:03x}"));
                blocking(move || list_old(&path, before))
            })
            .boxed()
    }

    fn remove_stray<'a>(&'a self, stray: &'a Stray) -> BoxFuture<'a, io::Result<()>> {
        let path = self.versions.join(&stray.name);
        Box::pin(blocking(move || remove_file(&path)))
    }

    fn remove_unfinished(&self, before: DateTime<Utc>) -> BoxFuture<'_, io::Result<u64>> {
        let incoming = Arc::clone(&self.incoming);
        Box::pin(blocking(move || {
            let mut removed = 0;
            for entry in fs::read_dir(&incoming)? {
                let entry = entry?;
                if is_older(&entry, before)? {
                    remove_file(&entry.path())?;
                    removed += 1;
                }
            }
            Ok(removed)
        }))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn read_range(file: File, range: std::ops::Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
    let left = range.end.saturating_sub(range.start);
    stream::try_unfold((file, range.start, left), |(file, at, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let (file, bytes) = blocking(move || {
            let mut file = file;
            file.seek(SeekFrom::Start(at))?;
            let mut buffer = Vec::new();
            (&file)
                .take(left.min(READ_CHUNK))
                .read_to_end(&mut buffer)?;
            Ok((file, Bytes::from(buffer)))
        })
        .await?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = bytes.len() as u64;
        Ok(Some((bytes, (file, at + read, left - read))))
    })
    .boxed()
}

/// Does `work`; makes the folder of `path` and tries again when that was missing.
fn in_its_folder(path: &Path, work: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().expect("versions lie in folders");
    match work(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => {
            fs::create_dir_all(folder)?;
            sync_folder(folder)?;
            work(path)
        }
        result => result,
    }
}

fn copy_bytes(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = File::create_new(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().expect("versions lie in folders"))?.sync_all()
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if is_absent(&error) => Ok(()),
        result => result,
    }
}

/// There is nothing of that name, nor could there be.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

fn list_old(folder: &Path, before: DateTime<Utc>) -> io::Result<Vec<Stray>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        result => result?,
    };
    let prefix = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some(version) = layout::version_of(name)
            && is_older(&entry, before)?
        {
            let size = entry.metadata()?.len();
            found.push(Stray {
                version,
                name: format!("{prefix}/{name}"),
                size,
            });
        }
    }
    Ok(found)
}

/// By the later of the times of writing and of naming: a copy has the old content of a new name.
fn is_older(entry: &fs::DirEntry, before: DateTime<Utc>) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let meta = entry.metadata()?;
    Ok(meta.mtime().max(meta.ctime()) < before.timestamp())
}

#[cfg(test)]
mod tests;
