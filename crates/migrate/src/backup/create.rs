//! Making a backup: the dump, the roles and the sums of all tables at one snapshot, first under a name that nobody
//! takes for a backup.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use pg::Endpoint;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::{Backup, Contents, Error, Format, Manifest, Programs, contents, files};
use crate::session::Source;

/// How a backup is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it goes; made when it is not there.
    pub dir: PathBuf,
    /// How the dump is written.
    pub format: Format,
    /// Workers of [`Format::Directory`].
    pub jobs: usize,
    /// `pg_dump`'s `--compress`, such as `6` or `zstd:3`.
    pub compress: Option<String>,
    /// The folder of PostgreSQL's programs, when it is not to be looked for.
    pub bin_dir: Option<PathBuf>,
    /// The data folder, which may have programs of its own.
    pub data_dir: PathBuf,
    /// The moment that names it.
    pub now: DateTime<Utc>,
}

/// Dumps a database. Nothing that looks like a backup exists before all of it is on disk (MIG-BAK-02).
pub async fn create(source: &Endpoint, options: &Options) -> Result<Backup, Error> {
    let snapshot = Source::new(source).snapshot().await?;
    // The same moment under a name of its own.
    let row = snapshot
        .keeper()
        .query_one("select pg_export_snapshot()", &[])
        .await?;
    let mut holds = contents::describe(snapshot.keeper(), row.get(0)).await?;
    let programs = Programs::find(
        options.bin_dir.as_deref(),
        &options.data_dir,
        holds.server_major,
    )
    .await?;

    files::folder(&options.dir)?;
    let file = free_name(options);
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let work = tempfile::Builder::new()
        .prefix(&format!(".{stem}.unfinished-"))
        .tempdir_in(&options.dir)
        .map_err(|error| Error::file(&options.dir, error))?;

    let reader = snapshot.session().await?;
    let dump = dump(&programs, source, &holds, options, work.path());
    let sums = sums(&reader);
    let ((), tables) = tokio::try_join!(dump, sums)?;
    holds.tables = tables;
    globals(&programs, source, work.path()).await?;

    let manifest = Manifest::new(programs.major(), options.now, options.format, holds);
    finish(file, manifest, work).await
}

async fn dump(
    programs: &Programs,
    source: &Endpoint,
    holds: &Contents,
    options: &Options,
    work: &Path,
) -> Result<(), Error> {
    let format = match options.format {
        Format::Custom => "--format=custom",
        Format::Plain => "--format=plain",
        Format::Directory => "--format=directory",
    };
    let mut command = programs
        .command("pg_dump", source)?
        .arg(format)
        .arg(format!("--snapshot={}", holds.snapshot))
        .arg("--encoding=UTF8")
        .arg(format!("--file={}", work.join("dump").display()));
    if options.format == Format::Directory {
        command = command.arg(format!("--jobs={}", options.jobs.max(1)));
    }
    if let Some(how) = &options.compress {
        command = command.arg(format!("--compress={how}"));
    }
    command.run().await
}

async fn sums(reader: &Client) -> Result<Vec<super::TableEntry>, Error> {
    let mut tables = Vec::new();
    for table in contents::readable(reader).await? {
        tables.push(contents::sum(reader, &table).await?);
    }
    Ok(tables)
}

/// Roles and tablespaces, without passwords.
async fn globals(programs: &Programs, source: &Endpoint, work: &Path) -> Result<(), Error> {
    programs
        .command("pg_dumpall", source)?
        .arg("--globals-only")
        .arg("--no-role-passwords")
        .arg(format!("--database={}", source.database()))
        .arg(format!("--file={}", work.join("globals").display()))
        .run()
        .await
}

/// A name that no other backup has: by the second, for plain SQL by the day.
fn free_name(options: &Options) -> PathBuf {
    let second = options.now.format("%Y%m%d_%H%M%S").to_string();
    let day = options.now.format("%Y%m%d").to_string();
    let (first, ending) = match options.format {
        Format::Custom => (&second, "dump"),
        Format::Plain => (&day, "sql"),
        Format::Directory => (&second, "dir"),
    };
    let name = |stem: &str| options.dir.join(format!("backup_{stem}.{ending}"));
    let taken = |file: &Path| file.exists() || Manifest::path_of(file).exists();
    let mut file = name(first);
    let mut count = 1;
    while taken(&file) {
        let more = if count > 1 {
            format!("_{count}")
        } else {
            String::new()
        };
        file = name(&format!("{second}{more}"));
        count += 1;
    }
    file
}

/// Seals the files and gives them their names, the manifest last: it makes them a backup.
async fn finish(file: PathBuf, mut manifest: Manifest, work: TempDir) -> Result<Backup, Error> {
    let sealed = tokio::task::spawn_blocking(move || {
        let dir = file.parent().unwrap_or(Path::new(".")).to_owned();
        let names = [
            ("dump", file.clone()),
            ("globals", files::beside(&file, "globals.sql")),
        ];
        let mut sealed = Vec::new();
        for (name, becomes) in &names {
            let path = work.path().join(name);
            let name = becomes.file_name().unwrap_or_default().to_string_lossy();
            for mut entry in files::seal(&path, &path)? {
                entry.path = Path::new(&*name).join(&entry.path).display().to_string();
                entry.path.truncate(entry.path.trim_end_matches('/').len());
                sealed.push(entry);
            }
        }
        for (name, becomes) in &names {
            std::fs::rename(work.path().join(name), becomes)
                .map_err(|error| Error::file(becomes, error))?;
        }
        files::sync(&dir)?;
        manifest.files = sealed;
        files::replace(&Manifest::path_of(&file), &manifest.text())?;
        Ok(Backup { file, manifest })
    });
    sealed.await.expect("nothing in it panics")
}
