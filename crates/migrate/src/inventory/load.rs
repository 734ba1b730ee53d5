//! Reads the catalog.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};
use tokio_postgres::{Client, Row};

use super::{
    Action, Column, Constraint, ConstraintKind, Extension, ForeignKey, Function, Generation, Grant,
    Grantee, Index, Inventory, Name, Partitioning, Policy, PolicyCommand, Publication,
    ReplicaIdentity, Schema, Sequence, Server, Table, TableKind, Trigger, TypeDefinition, TypeKind,
    View, others,
};
use crate::Error;

pub(super) async fn inventory(client: &Client) -> Result<Inventory, Error> {
    // Functions such as pg_get_viewdef leave out the schema of what the search path finds.
    client.batch_execute("set search_path = pg_catalog").await?;
    let server = server(client).await?;
    let schemas: Vec<Schema> = query(client, include_str!("sql/scope.sql"), &[], |row| Schema {
        name: row.get(0),
        comment: row.get(1),
    })
    .await?;
    let scope: Vec<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    let tables = tables(client, &scope).await?;
    Ok(Inventory {
        server,
        extensions: query(client, include_str!("sql/extensions.sql"), &[], |row| {
            Extension {
                name: row.get(0),
                schema: row.get(1),
                version: row.get(2),
            }
        })
        .await?,
        types: query(client, include_str!("sql/types.sql"), &[&scope], type_of).await?,
        tables,
        sequences: query(
            client,
            include_str!("sql/sequences.sql"),
            &[&scope],
            sequence,
        )
        .await?,
        views: query(client, include_str!("sql/views.sql"), &[&scope], view).await?,
        functions: query(
            client,
            include_str!("sql/functions.sql"),
            &[&scope],
            function,
        )
        .await?,
        triggers: query(client, include_str!("sql/triggers.sql"), &[&scope], trigger).await?,
        policies: query(client, include_str!("sql/policies.sql"), &[&scope], policy).await?,
        grants: query(client, include_str!("sql/grants.sql"), &[&scope], grant).await?,
        publications: query(
            client,
            include_str!("sql/publications.sql"),
            &[],
            publication,
        )
        .await?,
        others: others::others(client, &scope).await?,
        remarks: others::remarks(client, &scope).await?,
        settings: others::settings(client, &scope).await?,
        leftovers: others::leftovers(client, &scope).await?,
        schemas,
    })
}

pub(super) async fn query<T>(
    client: &Client,
    sql: &str,
    parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    read: impl Fn(&Row) -> T,
) -> Result<Vec<T>, Error> {
    Ok(client
        .query(sql, parameters)
        .await?
        .iter()
        .map(read)
        .collect())
}

/// Which database this is.
pub(crate) async fn server(client: &Client) -> Result<Server, Error> {
    let row = client
        .query_one(include_str!("sql/server.sql"), &[])
        .await?;
    // Not every managed server lets everybody read its control file; a savepoint is not at hand everywhere.
    let identifier = if may_read_control(client).await? {
        let row = client
            .query_one("select system_identifier from pg_control_system()", &[])
            .await?;
        row.get::<_, i64>(0)
    } else {
        0
    };
    let oid: i64 = row.get(2);
    Ok(Server {
        version: row.get(0),
        version_text: row.get(1),
        fingerprint: format!("{identifier}:{oid}"),
        database: row.get(3),
        encoding: row.get(4),
        time_zone: row.get(5),
    })
}

async fn may_read_control(client: &Client) -> Result<bool, Error> {
    let row = client
        .query_one(
            "select has_function_privilege('pg_catalog.pg_control_system()', 'execute')",
            &[],
        )
        .await?;
    Ok(row.get(0))
}

async fn tables(client: &Client, scope: &[&str]) -> Result<Vec<Table>, Error> {
    let mut tables: Vec<Table> =
        query(client, include_str!("sql/tables.sql"), &[&scope], table).await?;
    let oids: Vec<i64> = tables.iter().map(|table| i64::from(table.oid)).collect();
    let places: HashMap<i64, usize> = oids
        .iter()
        .enumerate()
        .map(|(place, oid)| (*oid, place))
        .collect();
    let belongs = |row: &Row| places[&row.get::<_, i64>(0)];
    for row in client
        .query(include_str!("sql/columns.sql"), &[&oids])
        .await?
    {
        tables[belongs(&row)].columns.push(column(&row));
    }
    for row in client
        .query(include_str!("sql/constraints.sql"), &[&oids])
        .await?
    {
        let constraint = constraint(&row)?;
        tables[belongs(&row)].constraints.push(constraint);
    }
    for row in client
        .query(include_str!("sql/indexes.sql"), &[&oids])
        .await?
    {
        tables[belongs(&row)].indexes.push(Index {
            name: row.get(1),
            definition: row.get(2),
            columns: row.get(3),
            unique: row.get(4),
            partial: row.get(5),
            constraint: row.get(6),
            inherited: row.get(7),
        });
    }
    Ok(tables)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an oid travels as a bigint"
)]
fn table(row: &Row) -> Table {
    let parents = pairs(&row.get::<_, Vec<String>>(16));
    let is_partition: bool = row.get(15);
    let key: Option<String> = row.get(13);
    let bound: Option<String> = row.get(14);
    Table {
        oid: row.get::<_, i64>(0) as u32,
        name: Name::new(row.get::<_, String>(1), row.get::<_, String>(2)),
        kind: match row.get(3) {
            "p" => TableKind::Partitioned,
            "f" => TableKind::Foreign,
            _ => TableKind::Ordinary,
        },
        unlogged: row.get::<_, &str>(4) == "u",
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        partitioning: (key.is_some() || bound.is_some()).then_some(Partitioning { key, bound }),
        partition_of: is_partition.then(|| parents.first().cloned()).flatten(),
        inherits: if is_partition { Vec::new() } else { parents },
        row_security: row.get(5),
        force_row_security: row.get(6),
        replica_identity: match (row.get(7), row.get(8)) {
            ("n", _) => ReplicaIdentity::Nothing,
            ("f", _) => ReplicaIdentity::Full,
            ("i", Some(index)) => ReplicaIdentity::Index(index),
            _ => ReplicaIdentity::Default,
        },
        options: row.get(9),
        estimated_rows: row.get(10),
        bytes: row.get(11),
        comment: row.get(12),
    }
}

/// Names as the queries give them, flat: schema, name, schema, name.
fn pairs(flat: &[String]) -> Vec<Name> {
    flat.chunks_exact(2)
        .map(|pair| Name::new(&pair[0], &pair[1]))
        .collect()
}

fn column(row: &Row) -> Column {
    let identity: &str = row.get(7);
    let generated: &str = row.get(8);
    Column {
        number: row.get(1),
        name: row.get(2),
        type_sql: row.get(3),
        base_type: row.get(4),
        not_null: row.get(5),
        default: row.get(6),
        generation: match (identity, generated) {
            ("a", _) => Generation::IdentityAlways,
            ("d", _) => Generation::IdentityByDefault,
            (_, "s" | "v") => Generation::Computed,
            _ => Generation::Plain,
        },
        collation: row.get(9),
        comment: row.get(10),
        distinct: row.get(11),
        null_share: row.get(12),
    }
}

fn constraint(row: &Row) -> Result<Constraint, Error> {
    let kind = match row.get(2) {
        "p" => ConstraintKind::PrimaryKey,
        "u" => ConstraintKind::Unique,
        "f" => ConstraintKind::ForeignKey,
        "c" => ConstraintKind::Check,
        "x" => ConstraintKind::Exclusion,
        other => return Err(Error::Catalog(format!("constraint of kind {other}"))),
    };
    let other: Option<String> = row.get(8);
    Ok(Constraint {
        name: row.get(1),
        kind,
        columns: row.get(3),
        definition: row.get(4),
        validated: row.get(5),
        inherited: row.get(6),
        foreign: match (kind, other) {
            (ConstraintKind::ForeignKey, Some(name)) => Some(ForeignKey {
                table: Name::new(row.get::<_, String>(7), name),
                columns: row.get(9),
                on_delete: Action::of_catalog(row.get(10)),
                on_update: Action::of_catalog(row.get(11)),
                deferrable: row.get(12),
                deferred: row.get(13),
                match_full: row.get::<_, &str>(14) == "f",
            }),
            _ => None,
        },
    })
}

fn type_of(row: &Row) -> TypeDefinition {
    TypeDefinition {
        name: Name::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        kind: match row.get(2) {
            "e" => TypeKind::Enum,
            "c" => TypeKind::Composite,
            "d" => TypeKind::Domain,
            _ => TypeKind::Range,
        },
        definition: row.get(3),
    }
}

fn sequence(row: &Row) -> Sequence {
    let table: Option<String> = row.get(10);
    let column: Option<String> = row.get(11);
    Sequence {
        name: Name::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        type_sql: row.get(2),
        start: row.get(3),
        increment: row.get(4),
        min: row.get(5),
        max: row.get(6),
        cache: row.get(7),
        cycle: row.get(8),
        owner: table
            .zip(column)
            .map(|(table, column)| (Name::new(row.get::<_, String>(9), table), column)),
        identity: row.get(12),
    }
}

fn view(row: &Row) -> View {
    let columns: Vec<String> = row.get(5);
    View {
        name: Name::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        materialized: row.get(2),
        definition: row.get(3),
        options: row.get(4),
        columns: columns
            .chunks_exact(2)
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect(),
        indexes: row.get(6),
        populated: row.get(7),
        comment: row.get(8),
    }
}

fn function(row: &Row) -> Function {
    Function {
        name: Name::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        arguments: row.get(2),
        definition: row.get(3),
        body: row.get(4),
        language: row.get(5),
        security_definer: row.get(6),
        aggregate: row.get(7),
        open: row.get(8),
    }
}

fn trigger(row: &Row) -> Trigger {
    Trigger {
        table: Name::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        name: row.get(2),
        definition: row.get(3),
        enabled: row.get::<_, &str>(4).chars().next().unwrap_or('O'),
    }
}

fn policy(row: &Row) -> Policy {
    Policy {
        table: Name::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        name: row.get(2),
        permissive: row.get(3),
        command: match row.get(4) {
            "SELECT" => PolicyCommand::Select,
            "INSERT" => PolicyCommand::Insert,
            "UPDATE" => PolicyCommand::Update,
            "DELETE" => PolicyCommand::Delete,
            _ => PolicyCommand::All,
        },
        roles: row.get(5),
        using: row.get(6),
        check: row.get(7),
    }
}

fn grant(row: &Row) -> Grant {
    let grantee: String = row.get(2);
    Grant {
        object: (
            match row.get(0) {
                "sequence" => "sequence",
                "function" => "function",
                "schema" => "schema",
                _ => "table",
            },
            row.get(1),
        ),
        grantee: if grantee.is_empty() {
            Grantee::Public
        } else {
            Grantee::Role(grantee)
        },
        privilege: row.get(3),
        column: row.get(4),
        grantable: row.get(5),
    }
}

fn publication(row: &Row) -> Publication {
    Publication {
        name: row.get(0),
        all_tables: row.get(1),
        tables: pairs(&row.get::<_, Vec<String>>(2)),
    }
}

/// Statistics and sizes are left out: they change without the schema changing.
pub(super) fn digest(inventory: &Inventory) -> String {
    let mut lines: Vec<String> = Vec::new();
    for table in &inventory.tables {
        let name = &table.name;
        lines.push(format!(
            "table {name} {:?} {:?}",
            table.kind, table.partitioning
        ));
        for column in &table.columns {
            lines.push(format!(
                "column {name} {} {} {} {:?} {:?}",
                column.name, column.type_sql, column.not_null, column.default, column.generation
            ));
        }
        for constraint in &table.constraints {
            lines.push(format!(
                "constraint {name} {} {}",
                constraint.name, constraint.definition
            ));
        }
        let own = table
            .indexes
            .iter()
            .filter(|index| index.constraint.is_none());
        lines.extend(own.map(|index| format!("index {}", index.definition)));
    }
    lines.extend(inventory.types.iter().map(|it| it.definition.clone()));
    lines.extend(
        inventory
            .views
            .iter()
            .map(|view| format!("view {} {}", view.name, view.definition)),
    );
    lines.extend(inventory.functions.iter().map(|it| it.definition.clone()));
    lines.extend(inventory.triggers.iter().map(|it| it.definition.clone()));
    lines.extend(
        inventory
            .sequences
            .iter()
            .map(|it| format!("sequence {} {} {}", it.name, it.type_sql, it.increment)),
    );
    lines.extend(inventory.others.iter().map(|it| it.make.clone()));
    lines.extend(inventory.policies.iter().map(|it| format!("{it:?}")));
    let distinct: HashSet<&String> = lines.iter().collect();
    let mut sorted: Vec<&String> = distinct.into_iter().collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new();
    for line in sorted {
        hash.update(line.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}
