//! SQL in the place of extensions that a server lacks (spec section 7).
//!
//! A substitute makes the objects where users expect them and is noted in `passerelle.substitutes`. It is made
//! by the preparation (those that every project presumes) or when a project asks for the extension.

use sha2::{Digest as _, Sha256};
use tokio_postgres::{Client, Error};

use crate::script::{Statement, split};

/// SQL in the place of one extension.
#[derive(Debug)]
pub(crate) struct Substitute {
    pub(crate) name: &'static str,
    /// Where its objects go unless a schema is asked for; `None`: always in schemas of its own.
    default_schema: Option<&'static str>,
    /// `@schema@` stands for the schema.
    sql: &'static str,
    drop: &'static str,
    /// Names of what it makes inside blocks, where there is no `if not exists`.
    in_blocks: &'static [&'static str],
}

const ALL: [Substitute; 10] = [
    Substitute {
        name: "supabase_vault",
        default_schema: None,
        sql: include_str!("sql/vault.sql"),
        drop: "drop schema if exists vault cascade",
        in_blocks: &[],
    },
    Substitute {
        name: "pg_net",
        default_schema: None,
        sql: include_str!("sql/net.sql"),
        drop: "drop schema if exists net cascade",
        in_blocks: &[],
    },
    Substitute {
        name: "pg_cron",
        default_schema: None,
        sql: concat!(
            include_str!("sql/cron.sql"),
            "\n",
            include_str!("sql/cron_functions.sql")
        ),
        drop: "drop schema if exists cron cascade",
        in_blocks: &[],
    },
    Substitute {
        name: "pgjwt",
        default_schema: Some("extensions"),
        sql: include_str!("sql/jwt.sql"),
        drop: include_str!("sql/jwt_drop.sql"),
        in_blocks: &[],
    },
    Substitute {
        name: "pg_graphql",
        default_schema: None,
        sql: include_str!("sql/graphql.sql"),
        drop: "drop schema if exists graphql cascade",
        in_blocks: &[],
    },
    Substitute {
        name: "pgmq",
        default_schema: None,
        sql: concat!(
            include_str!("sql/mq.sql"),
            "\n",
            include_str!("sql/mq_messages.sql")
        ),
        drop: "drop schema if exists pgmq cascade",
        in_blocks: &[],
    },
    Substitute {
        name: "pg_jsonschema",
        default_schema: Some("extensions"),
        sql: include_str!("sql/jsonschema.sql"),
        drop: "drop function if exists @schema@.json_matches_schema(json, json), \
               @schema@.jsonb_matches_schema(json, jsonb), @schema@.jsonschema_is_valid(json), \
               @schema@.jsonschema_validation_errors(json, json), @schema@._jsonschema_errors(jsonb, jsonb, text, jsonb)",
        in_blocks: &[],
    },
    Substitute {
        name: "http",
        default_schema: Some("extensions"),
        sql: include_str!("sql/http.sql"),
        drop: include_str!("sql/http_drop.sql"),
        in_blocks: &[
            "http_method",
            "http_header",
            "http_response",
            "http_request",
        ],
    },
    Substitute {
        name: "index_advisor",
        default_schema: Some("extensions"),
        sql: include_str!("sql/index_advisor.sql"),
        drop: "drop function if exists @schema@.index_advisor(text)",
        in_blocks: &[],
    },
    Substitute {
        name: "hypopg",
        default_schema: Some("extensions"),
        sql: include_str!("sql/hypopg.sql"),
        drop: "drop view if exists @schema@.hypopg_list_indexes; drop function if exists \
               @schema@.hypopg_create_index(text), @schema@.hypopg_drop_index(oid), @schema@.hypopg_reset(), \
               @schema@.hypopg_relation_size(oid)",
        in_blocks: &[],
    },
];

/// The substitutes that every project presumes to be there.
const FROM_THE_START: [&str; 2] = ["supabase_vault", "pg_net"];

/// The substitute of an extension.
pub(crate) fn find(name: &str) -> Option<&'static Substitute> {
    ALL.iter().find(|substitute| substitute.name == name)
}

/// The names of all extensions that have a substitute.
pub fn substitutes() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|substitute| substitute.name)
}

impl Substitute {
    /// The script that makes it in `schema` and notes it.
    pub(crate) fn create_sql(&self, schema: Option<&str>) -> String {
        let schema = self.default_schema.map(|default| schema.unwrap_or(default));
        let ident = schema.map(|schema| sql::Ident::new(schema).to_string());
        let note = format!(
            "insert into passerelle.substitutes (name, schema, sha256) values ({}, {}, '{}') \
             on conflict (name) do update set sha256 = excluded.sha256",
            sql::quote_literal(self.name),
            schema.map_or_else(|| "null".to_owned(), sql::quote_literal),
            self.digest(),
        );
        let script = self
            .sql
            .replace("@schema@", ident.as_deref().unwrap_or_default());
        format!("{script}\n;{note}")
    }

    /// The script that takes it away again.
    pub(crate) fn drop_sql(&self, schema: Option<&str>) -> String {
        let ident = sql::Ident::new(self.home(schema)).to_string();
        format!(
            "{};\ndelete from passerelle.substitutes where name = {}",
            self.drop.replace("@schema@", &ident),
            sql::quote_literal(self.name)
        )
    }

    /// The schema that the real extension is asked to go to, and the one whose objects are all ours.
    pub(crate) fn real_place(&self, schema: Option<&str>) -> (String, Option<&'static str>) {
        let (home, own) = match self.name {
            "supabase_vault" => ("vault", Some("vault")),
            "pg_net" => ("extensions", Some("net")),
            "pg_cron" => ("pg_catalog", Some("cron")),
            "pg_graphql" => ("graphql", Some("graphql")),
            "pgmq" => ("pgmq", Some("pgmq")),
            _ => return (self.home(schema).to_owned(), None),
        };
        (home.to_owned(), own)
    }

    fn home<'a>(&self, schema: Option<&'a str>) -> &'a str {
        schema.or(self.default_schema).unwrap_or_default()
    }

    /// What it makes in a schema that others use too: schema and name.
    pub(crate) fn objects(&self, schema: Option<&str>) -> Vec<(String, String)> {
        if self.default_schema.is_none() {
            return Vec::new();
        }
        let script = self.create_sql(schema);
        let statements = split(&script).unwrap_or_default();
        let made = statements
            .iter()
            .filter(|statement| statement.word(0) == "create")
            .filter_map(Statement::subject);
        let home = self.home(schema).to_owned();
        let in_blocks = self
            .in_blocks
            .iter()
            .map(|name| (home.clone(), (*name).to_owned()));
        made.filter_map(|subject| Some((subject.schema, subject.name?)))
            .chain(in_blocks)
            .collect()
    }

    fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.sql.as_bytes()))
    }

    /// Whether it stands in this database, and in which schema.
    pub(crate) async fn standing(&self, client: &Client) -> Result<Option<Option<String>>, Error> {
        let row = client
            .query_opt(include_str!("sql/standing.sql"), &[&self.name])
            .await?;
        row.map(|row| row.try_get(0)).transpose()
    }
}

/// The scripts of what every project presumes.
pub(crate) fn from_the_start() -> impl Iterator<Item = (&'static str, String)> {
    ALL.iter()
        .filter(|substitute| FROM_THE_START.contains(&substitute.name))
        .map(|substitute| (substitute.name, substitute.create_sql(None)))
}

/// The scripts that make what every project presumes, and bring what stands up to date. What somebody else made under these
/// names (the real extension, a restored dump) is left alone.
pub(crate) async fn missing(client: &Client) -> Result<Vec<String>, Error> {
    let rows = client.query(include_str!("sql/states.sql"), &[]).await?;
    let mut scripts = Vec::new();
    for substitute in &ALL {
        let state = rows
            .iter()
            .find(|row| row.get::<_, &str>(0) == substitute.name);
        match state {
            // columns: name, schema, sha256, is the real extension there
            Some(row) if row.try_get(3)? => {}
            Some(row) => {
                if let Some(noted) = row.try_get::<_, Option<String>>(2)?
                    && noted != substitute.digest()
                {
                    let schema: Option<String> = row.try_get(1)?;
                    scripts.push(substitute.create_sql(schema.as_deref()));
                }
            }
            None if FROM_THE_START.contains(&substitute.name) => {
                scripts.push(substitute.create_sql(None));
            }
            None => {}
        }
    }
    Ok(scripts)
}
