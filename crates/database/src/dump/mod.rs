//! What a dump for another server must hold and must not (DB-DMP-20).
//!
//! A dump is `pg_dump`'s, told to leave out what is this program's alone; as its script passes by, what substitutes
//! made is taken out of it, and the names of the real extensions are written in their place.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};

use pg::Endpoint;
use tokio_postgres::Error as SqlError;

use crate::prepare::connect;
use crate::script::{Piece, ReadError, Reader, Statement};
use crate::{Error, SplitError, substitute};

/// What of a database a dump holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DumpPart {
    /// Everything.
    #[default]
    All,
    /// No rows.
    Schema,
    /// Rows alone.
    Data,
}

/// How to dump one database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpPlan {
    /// Arguments of `pg_dump` for the script itself.
    pub arguments: Vec<String>,
    /// Arguments for rows that come after it, of queues and, where asked for, of the vault.
    pub more_rows: Vec<String>,
    /// Names of the real extensions in the place of substitutes.
    pub extensions: Vec<&'static str>,
    /// Secrets that stay behind: they are locked with this server's key.
    pub secrets: i64,
    objects: BTreeSet<(String, String)>,
    header: String,
    footer: String,
}

/// Why a script could not be passed on.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// It could not be read or written.
    #[error("the dump cannot be passed on: {0}")]
    Io(#[from] std::io::Error),
    /// It is no script.
    #[error("the dump cannot be understood: {0}")]
    Split(#[from] SplitError),
}

impl From<ReadError> for DumpError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            ReadError::Split(error) => Self::Split(error),
        }
    }
}

/// Rows come in no order that triggers and foreign keys would take.
const ROWS_ALONE: &str = "SET session_replication_role = replica;\n";

/// Says how the database at `admin` is dumped. `vault`: with its secrets, which only this server's key opens.
pub async fn plan_dump(
    admin: &Endpoint,
    part: DumpPart,
    is_with_vault: bool,
) -> Result<DumpPlan, Error> {
    let failed = |error: SqlError| Error::Step {
        step: "dump",
        source: error.into(),
    };
    let client = connect(admin).await?;
    let mut plan = DumpPlan {
        arguments: [
            "--format=plain",
            "--encoding=UTF8",
            "--exclude-schema=passerelle",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..DumpPlan::default()
    };
    match part {
        DumpPart::All => {}
        DumpPart::Schema => plan.arguments.push("--schema-only".to_owned()),
        DumpPart::Data => {
            plan.arguments.push("--data-only".to_owned());
            plan.header.push_str(ROWS_ALONE);
        }
    }
    let rows = client.query(include_str!("sql/standing.sql"), &[]).await;
    for row in rows.map_err(failed)? {
        let (name, schema): (String, Option<String>) = (
            row.try_get(0).map_err(failed)?,
            row.try_get(1).map_err(failed)?,
        );
        if let Some(standing) = substitute::find(&name) {
            plan.leave_out(standing, schema.as_deref(), part);
        }
    }
    let stands = |name: &str, plan: &DumpPlan| plan.extensions.contains(&name);
    if part != DumpPart::Schema {
        for (name, sql) in [
            ("pg_cron", include_str!("sql/jobs.sql")),
            ("pgmq", include_str!("sql/queues.sql")),
        ] {
            if stands(name, &plan) {
                for row in client.query(sql, &[]).await.map_err(failed)? {
                    plan.footer.push_str(row.try_get(0).map_err(failed)?);
                    plan.footer.push('\n');
                    if name == "pgmq" && plan.more_rows.is_empty() {
                        let tables = ["--table=pgmq.q_*", "--table=pgmq.a_*"];
                        plan.more_rows.extend(tables.map(str::to_owned));
                    }
                }
            }
        }
        if stands("supabase_vault", &plan) {
            let row = client
                .query_one("select count(*) from vault.secrets", &[])
                .await;
            let secrets: i64 = row.and_then(|row| row.try_get(0)).map_err(failed)?;
            if is_with_vault && secrets > 0 {
                plan.more_rows.push("--table=vault.secrets".to_owned());
            } else {
                plan.secrets = secrets;
            }
        }
    }
    if !plan.more_rows.is_empty() {
        let always = ["--format=plain", "--encoding=UTF8", "--data-only"];
        plan.more_rows.splice(0..0, always.map(str::to_owned));
    }
    Ok(plan)
}

impl DumpPlan {
    fn leave_out(
        &mut self,
        standing: &'static substitute::Substitute,
        schema: Option<&str>,
        part: DumpPart,
    ) {
        let (home, own) = standing.real_place(schema);
        if let Some(own) = own {
            self.arguments.push(format!("--exclude-schema={own}"));
        }
        self.objects.extend(standing.objects(schema));
        self.extensions.push(standing.name);
        if part == DumpPart::Data {
            return;
        }
        let (name, schema) = (sql::Ident::new(standing.name), sql::Ident::new(&home));
        let mut lines = Vec::new();
        if home != "pg_catalog" {
            lines.push(format!("CREATE SCHEMA IF NOT EXISTS {schema};\n"));
        }
        lines.push(format!(
            "CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA {schema};\n"
        ));
        self.header.extend(lines);
    }

    /// Passes the script of `pg_dump` on as it must be elsewhere.
    pub fn pass(&self, script: impl BufRead, out: &mut impl Write) -> Result<(), DumpError> {
        let mut is_before = true;
        self.copy(script, out, |plan, statement, out| {
            if is_before && !is_preamble(statement) {
                is_before = false;
                write!(out, "\n\n{}", plan.header.trim_end())?;
            }
            Ok(())
        })?;
        if is_before {
            write!(out, "\n{}", self.header)?;
        }
        if !self.footer.is_empty() {
            write!(out, "\n{}", self.footer)?;
        }
        Ok(())
    }

    /// Passes on the script of [`DumpPlan::more_rows`].
    pub fn pass_more(&self, script: impl BufRead, out: &mut impl Write) -> Result<(), DumpError> {
        self.copy(script, out, |_, _, _| Ok(()))
    }

    fn copy<W: Write>(
        &self,
        script: impl BufRead,
        out: &mut W,
        mut before: impl FnMut(&Self, &Statement<'_>, &mut W) -> std::io::Result<()>,
    ) -> Result<(), DumpError> {
        let mut reader = Reader::new(script);
        let mut row = String::new();
        while let Some(piece) = reader.next_piece()? {
            let Some(statement) = piece.statement()? else {
                out.write_all(end(&piece).as_bytes())?;
                continue;
            };
            before(self, &statement, out)?;
            if self.is_ours(&statement) {
                continue;
            }
            out.write_all(piece.text.as_bytes())?;
            if statement.has_data() {
                out.write_all(b"\n")?;
                while reader.next_row(&mut row)? {
                    out.write_all(row.as_bytes())?;
                }
                out.write_all(row.as_bytes())?;
            }
        }
        Ok(())
    }

    fn is_ours(&self, statement: &Statement<'_>) -> bool {
        if statement.starts_with(&["create", "policy"])
            && statement.name(2) == Some("passerelle service_role")
        {
            return true;
        }
        statement.subject().is_some_and(|subject| {
            let name = subject.name.unwrap_or_default();
            self.objects.contains(&(subject.schema, name))
        })
    }
}

/// What comes before the objects of a script: settings of the session, schemas.
fn is_preamble(statement: &Statement<'_>) -> bool {
    let is_schema =
        matches!(statement.word(0), "create" | "alter") && statement.word(1) == "schema";
    let is_comment = statement.starts_with(&["comment", "on", "schema"]);
    matches!(statement.word(0), "set" | "select") || is_schema || is_comment
}

/// The rest of a script, without the semicolon that the reader closed it with.
fn end(piece: &Piece) -> &str {
    piece.text.strip_suffix("\n;").unwrap_or(&piece.text)
}

#[cfg(test)]
mod tests {
    use super::DumpPlan;

    fn plan() -> DumpPlan {
        DumpPlan {
            objects: [("extensions".to_owned(), "sign".to_owned())].into(),
            header: "CREATE EXTENSION IF NOT EXISTS pgjwt;\n".to_owned(),
            footer: "SELECT cron.schedule('a', 'b');\n".to_owned(),
            ..DumpPlan::default()
        }
    }

    fn check(script: &str, expected: &str) {
        let mut out = Vec::new();
        plan()
            .pass(script.as_bytes(), &mut out)
            .expect("it is a script");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }

    // DB-DMP-20: substitutes are taken out, the real extension's name comes before the first object.
    #[test]
    fn a_script_is_passed_on_without_substitutes() {
        check(
            "\\restrict x\nSET a = 1;\n\nCREATE SCHEMA p;\n\n-- Name: sign\nCREATE FUNCTION extensions.sign(a json) RETURNS text\n  AS $$ x; $$;\n\
             ALTER FUNCTION extensions.sign(a json) OWNER TO x;\nCREATE FUNCTION extensions.other() RETURNS text AS $$ x $$;\n\
             CREATE VIEW p.v AS SELECT extensions.sign('{}');\nCREATE POLICY \"passerelle service_role\" ON p.t USING (true);\n\
             COPY p.t (a) FROM stdin;\n1;\n\\.\n\n-- done\n\\unrestrict x\n",
            "\\restrict x\nSET a = 1;\n\nCREATE SCHEMA p;\n\nCREATE EXTENSION IF NOT EXISTS pgjwt;\nCREATE FUNCTION extensions.other() RETURNS text AS $$ x $$;\n\
             CREATE VIEW p.v AS SELECT extensions.sign('{}');\nCOPY p.t (a) FROM stdin;\n1;\n\\.\n\n-- done\n\\unrestrict x\n\
             \nSELECT cron.schedule('a', 'b');\n",
        );
        check(
            "SET a = 1;\n",
            "SET a = 1;\n\nCREATE EXTENSION IF NOT EXISTS pgjwt;\n\nSELECT cron.schedule('a', 'b');\n",
        );
    }
}
