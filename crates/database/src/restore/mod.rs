//! Restores a script of `pg_dump` into a prepared database (spec section 15).
//!
//! A Supabase project's dump holds, besides the project, the services' own schemas, which stand here already. What
//! stands stays, rows are loaded into it; what the project made is restored; whatever is left out is reported with
//! its line. All files are one transaction.

mod data;
mod error;
mod house;
mod place;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use pg::Endpoint;
use settings::MissingExtensions;
use tokio_postgres::Error as SqlError;

use crate::push::session::{Refusal, Session};
use crate::push::{ledger_failed, refused};
use crate::script::{Extension, ExtensionVerb, Kind, Piece, ReadError, Reader, Statement};
use crate::{MissingExtension, Note, PushError, extensions, prepare};
use place::{HOUSES, Place, UPSTREAM_EXTENSIONS};

pub use error::RestoreError;

/// What was restored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// The files, in order.
    pub files: Vec<RestoredFile>,
    /// Rows that came into tables.
    pub tables: Vec<RestoredTable>,
    /// Rows of the services' tables that refer to nothing.
    pub unmatched: Vec<Unmatched>,
}

/// One file that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredFile {
    /// Its path as given.
    pub path: PathBuf,
    /// How many statements it has.
    pub statements: usize,
    /// What was left out or done in another way, by line.
    pub notes: Vec<Note>,
}

/// Rows that came into one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredTable {
    /// `schema.table`.
    pub table: String,
    /// Rows that were loaded.
    pub rows: u64,
    /// Rows whose key was there already; they stayed as they are.
    pub there_already: u64,
}

/// Rows of a services' table that refer to rows which are not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// What refers to what.
    pub reference: String,
    /// How many.
    pub rows: i64,
}

/// Restores `files`, in this order, into the database at `admin`, prepared before: all or nothing.
pub async fn restore(
    admin: &Endpoint,
    files: &[PathBuf],
    missing_extensions: MissingExtensions,
) -> Result<RestoreReport, RestoreError> {
    let wanted = look_through(files)?;
    // One at a time, and none during a preparation.
    let _guard = prepare::lock(admin).await?;
    let session = Session::open(admin, missing_extensions).await?;
    if !session.is_superuser() {
        let user = admin.user().to_owned();
        return Err(RestoreError::NeedsSuperuser { user });
    }
    check_extensions(&session, wanted, missing_extensions)?;
    let mut restorer = Restorer {
        session,
        report: RestoreReport::default(),
        made: BTreeSet::new(),
        last_was_made: true,
    };
    restorer.execute("begin").await?;
    for path in files {
        restorer.file(path).await?;
    }
    restorer.finish().await?;
    restorer.execute("commit").await?;
    Ok(restorer.report)
}

fn read(path: &Path, error: ReadError) -> RestoreError {
    match error {
        ReadError::Io(source) => PushError::read(path, source),
        ReadError::Split(source) => PushError::Split {
            path: path.to_owned(),
            source,
        },
    }
    .into()
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, RestoreError> {
    const ARCHIVE: &[u8] = b"PGDMP";
    let failed = |error| RestoreError::from(PushError::read(path, error));
    let mut start = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(5).read_to_end(&mut start).map_err(failed)?;
    if start == ARCHIVE {
        let path = path.to_owned();
        return Err(RestoreError::Archive { path });
    }
    let file = File::open(path).map_err(failed)?;
    Ok(Reader::new(BufReader::with_capacity(1 << 18, file)))
}

/// DB-VER-05: what the files ask for is known before anything is run; and that they can be read to their ends.
fn look_through(files: &[PathBuf]) -> Result<Vec<MissingExtension>, RestoreError> {
    let mut wanted = Vec::new();
    let mut row = String::new();
    for path in files {
        let mut reader = open(path)?;
        while let Some(piece) = reader.next_piece().map_err(|error| read(path, error))? {
            let statement = statement_of(&piece, path)?;
            let Some(statement) = statement else { continue };
            if statement.has_data() {
                while reader
                    .next_row(&mut row)
                    .map_err(|error| read(path, error))?
                {}
            } else if let Kind::Extension(Extension {
                verb: ExtensionVerb::Create,
                name,
                ..
            }) = statement.kind()
            {
                wanted.push(MissingExtension {
                    name,
                    path: path.clone(),
                    line: statement.line,
                    package: String::new(),
                });
            }
        }
    }
    Ok(wanted)
}

fn statement_of<'a>(piece: &'a Piece, path: &Path) -> Result<Option<Statement<'a>>, RestoreError> {
    piece
        .statement()
        .map_err(|error| read(path, ReadError::Split(error)))
}

fn check_extensions(
    session: &Session,
    wanted: Vec<MissingExtension>,
    policy: MissingExtensions,
) -> Result<(), RestoreError> {
    let extensions: Vec<MissingExtension> = wanted
        .into_iter()
        .filter(|wanted| {
            !session.has_extension(&wanted.name)
                && !UPSTREAM_EXTENSIONS.contains(&wanted.name.as_str())
        })
        .map(|wanted| MissingExtension {
            package: extensions::package(&wanted.name, session.major),
            ..wanted
        })
        .collect();
    if extensions.is_empty() || policy == MissingExtensions::Warn {
        return Ok(());
    }
    Err(PushError::MissingExtensions { extensions }.into())
}

/// A restoration under way, in its transaction.
struct Restorer {
    session: Session,
    report: RestoreReport,
    /// Objects of the houses that this restoration made.
    made: BTreeSet<(String, String)>,
    /// Whether the last `create` made something: what follows of it (its owner) applies only then.
    last_was_made: bool,
}

/// A statement and where it stands.
struct At<'a> {
    path: &'a Path,
    number: usize,
    statement: Statement<'a>,
}

impl Restorer {
    async fn execute(&self, sql: &str) -> Result<(), RestoreError> {
        let done = self.session.client.batch_execute(sql).await;
        done.map_err(|error| ledger_failed(error).into())
    }

    async fn file(&mut self, path: &Path) -> Result<(), RestoreError> {
        self.session
            .begin_file()
            .await
            .map_err(|error| RestoreError::from(ledger_failed(error)))?;
        self.report.files.push(RestoredFile {
            path: path.to_owned(),
            statements: 0,
            notes: Vec::new(),
        });
        let mut reader = open(path)?;
        let mut number = 0;
        while let Some(piece) = reader.next_piece().map_err(|error| read(path, error))? {
            let Some(statement) = statement_of(&piece, path)? else {
                continue;
            };
            let at = At {
                path,
                number,
                statement,
            };
            number += 1;
            if at.statement.has_data() {
                self.rows(&at, &mut reader).await?;
            } else {
                self.statement(&at).await?;
            }
        }
        if let Some(file) = self.report.files.last_mut() {
            file.statements = number;
        }
        Ok(())
    }

    fn note(&mut self, at: &At<'_>, text: impl Into<String>) {
        let (line, text) = (at.statement.line, text.into());
        if let Some(file) = self.report.files.last_mut() {
            file.notes.push(Note { line, text });
        }
    }

    fn fail(&self, at: &At<'_>, refusal: Refusal) -> RestoreError {
        refused(
            &self.session,
            at.path,
            &at.statement,
            at.number,
            false,
            refusal,
        )
        .into()
    }

    async fn statement(&mut self, at: &At<'_>) -> Result<(), RestoreError> {
        match Place::of(&at.statement) {
            Place::Project => self.project(at).await,
            Place::House(subject) => self.house(at, &subject).await,
            Place::Upstream(subject) => {
                self.last_was_made = false;
                self.note(at, format!("left out: {subject} is upstream's own"));
                Ok(())
            }
        }
    }

    /// What the project made, and what belongs to no schema.
    async fn project(&mut self, at: &At<'_>) -> Result<(), RestoreError> {
        let statement = &at.statement;
        if let Kind::Set(name) = statement.kind()
            && name == "client_encoding"
        {
            let is_utf8 = statement.text.to_ascii_uppercase().contains("UTF");
            return if is_utf8 {
                Ok(())
            } else {
                let (path, line) = (at.path.to_owned(), statement.line);
                Err(RestoreError::Encoding { path, line })
            };
        }
        if let Kind::Reserved(role) = statement.kind() {
            self.note(at, format!("left out: role {role} is reserved"));
            return Ok(());
        }
        if let Kind::Extension(extension) = statement.kind()
            && UPSTREAM_EXTENSIONS.contains(&extension.name.as_str())
            && !self.session.has_extension(&extension.name)
        {
            let name = extension.name;
            self.note(at, format!("left out: the server lacks extension {name}, which only upstream's own schemas need"));
            return Ok(());
        }
        if statement.after(&["owner", "to"]).is_some() && !self.last_was_made {
            self.note(at, "left out: it has its owner already");
            return Ok(());
        }
        if may_stand(statement) {
            return self.unless_there(at).await;
        }
        // Schema `public` may belong to somebody else's role.
        if matches!(statement.word(0), "comment" | "grant" | "revoke")
            && statement
                .subject()
                .is_some_and(|subject| subject.name.is_none())
        {
            return self.attempt(at, statement.text).await;
        }
        if statement.word(0) == "create" {
            self.last_was_made = true;
        }
        match self.session.run(statement, true).await {
            Ok(None) => Ok(()),
            Ok(Some(text)) => {
                self.note(at, text);
                Ok(())
            }
            Err(refusal) => Err(self.fail(at, refusal)),
        }
    }

    /// What a prepared database, or its server, may have already.
    async fn unless_there(&mut self, at: &At<'_>) -> Result<(), RestoreError> {
        self.execute("savepoint there").await?;
        match self.session.run(&at.statement, true).await {
            Ok(note) => {
                self.execute("release savepoint there").await?;
                self.last_was_made = true;
                if let Some(text) = note {
                    self.note(at, text);
                }
                Ok(())
            }
            Err(Refusal::Sql(error)) if is_there(&error) => {
                self.execute("rollback to savepoint there").await?;
                self.last_was_made = false;
                if let Some(name) = everything(&at.statement) {
                    let sql = format!("drop publication {name}; {}", at.statement.text);
                    let done = self.session.as_admin(&sql).await;
                    done.map_err(|error| self.fail(at, error.into()))?;
                    self.note(at, "made anew, for it is of all tables");
                    return Ok(());
                }
                self.note(at, "left out: it is there already");
                Ok(())
            }
            Err(refusal) => Err(self.fail(at, refusal)),
        }
    }

    /// What all files together leave to do.
    async fn finish(&mut self) -> Result<(), RestoreError> {
        let failed = |error: SqlError| RestoreError::from(ledger_failed(error));
        self.session.begin_file().await.map_err(failed)?;
        for sql in [
            include_str!("sql/sequences.sql"),
            // DB-MGD-01.
            prepare::POLICIES_FOR_SERVICE,
            "notify pgrst",
        ] {
            self.session.as_admin(sql).await.map_err(failed)?;
        }
        self.execute("set session authorization default").await?;
        let client = &self.session.client;
        let houses: Vec<&str> = HOUSES.to_vec();
        let references = client
            .query(include_str!("sql/references.sql"), &[&houses])
            .await;
        for row in references.map_err(failed)? {
            let count = client
                .query_one(row.get::<_, &str>(1), &[])
                .await
                .map_err(failed)?;
            let rows: i64 = count.try_get(0).map_err(failed)?;
            if rows > 0 {
                let reference = row.try_get(0).map_err(failed)?;
                self.report.unmatched.push(Unmatched { reference, rows });
            }
        }
        Ok(())
    }
}

/// The publication's name where the statement makes one of all tables: an empty one in its place would be less.
fn everything(statement: &Statement<'_>) -> Option<sql::Ident> {
    let is_of_all = statement.starts_with(&["create", "publication"])
        && statement.after(&["for", "all", "tables"]).is_some();
    is_of_all.then(|| statement.name(2).map(sql::Ident::new))?
}

/// Whether what a statement makes may be there before any dump is restored.
fn may_stand(statement: &Statement<'_>) -> bool {
    matches!(
        (statement.word(0), statement.word(1), statement.word(2)),
        ("create", "schema" | "publication" | "role" | "user", _)
            | ("create", "event", "trigger")
            | ("alter", "publication", _)
    )
}

/// PostgreSQL's codes for what exists.
fn is_there(error: &SqlError) -> bool {
    error
        .code()
        .is_some_and(|code| matches!(code.code(), "42710" | "42P07" | "42723" | "42P06" | "42701"))
}
