//! Reading the snapshot: a handful of pipelined queries in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash as _, Hasher as _};

use sql::{CatalogExpression, Ident, QualifiedName, TypeName};
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Row};

use crate::derive::{self, Constraint, ConstraintKind};
use crate::{
    Catalog, Column, Error, Function, Identity, ObjectName, Policy, PolicyCommand, PreConfig,
    Relation, RelationKind, Representation, Schema, Scope, lineage,
};

mod function;

const BEGIN: &str = "begin isolation level repeatable read read only; set local search_path to ''";
const SCHEMAS: &str = include_str!("sql/schemas.sql");
const RELATIONS: &str = include_str!("sql/relations.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const CONSTRAINTS: &str = include_str!("sql/constraints.sql");
const VIEWS: &str = include_str!("sql/views.sql");
const FUNCTIONS: &str = include_str!("sql/functions.sql");
const MEDIA_AGGREGATES: &str = include_str!("sql/media_aggregates.sql");
const POLICIES: &str = include_str!("sql/policies.sql");
const ROLE_SETTINGS: &str = include_str!("sql/role_settings.sql");
const LOGIN_SETTINGS: &str = include_str!("sql/login_settings.sql");
const TIME_ZONES: &str = include_str!("sql/time_zones.sql");
const PRE_CONFIG: &str = include_str!("sql/pre_config.sql");
const MARKER: &str = include_str!("sql/marker.sql");

/// The login role's own settings with a dot in their names, those for this database winning.
pub(crate) async fn login_settings(client: &Client) -> Result<BTreeMap<String, String>, Error> {
    let rows = client
        .query(LOGIN_SETTINGS, &[])
        .await
        .map_err(pg::Error::from)?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect()
}

/// The same, and over them what the function sets.
pub(crate) async fn settings(
    client: &Client,
    pre_config: Option<&PreConfig>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut settings = login_settings(client).await?;
    let Some(pre_config) = pre_config else {
        return Ok(settings);
    };
    let mut call = sql::Fragment::new();
    call.push("begin; select ");
    match &pre_config.function {
        (Some(schema), name) => call.name(&QualifiedName::new(schema.as_str(), name.as_str())),
        (None, name) => call.name(&Ident::new(name)),
    };
    call.push("()");
    let made = async {
        client.batch_execute(call.text()).await?;
        let names: Vec<&str> = pre_config.settings.to_vec();
        client.query(PRE_CONFIG, &[&names]).await
    }
    .await;
    // Whatever it set ends here, so that the connection is as before.
    client
        .batch_execute("rollback")
        .await
        .map_err(pg::Error::from)?;
    for row in &made.map_err(pg::Error::from)? {
        settings.insert(get(row, 0)?, get(row, 1)?);
    }
    Ok(settings)
}

/// What [`crate::Live`] compares to notice DDL.
pub(crate) async fn marker(client: &Client) -> Result<String, Error> {
    let row = client
        .query_one(MARKER, &[])
        .await
        .map_err(pg::Error::from)?;
    get(&row, 0)
}

/// The whole snapshot, with the settings that were read before it.
pub(crate) async fn catalog(
    client: &Client,
    scope: &Scope,
    settings: Option<BTreeMap<String, String>>,
) -> Result<Catalog, Error> {
    let login_settings = match settings {
        Some(settings) => settings,
        None => login_settings(client).await?,
    };
    client.batch_execute(BEGIN).await.map_err(pg::Error::from)?;
    let result = read(client, scope, login_settings).await;
    // The transaction only read; ending it cannot lose anything.
    let ended = client
        .batch_execute("commit")
        .await
        .map_err(pg::Error::from);
    let catalog = result?;
    ended?;
    Ok(catalog)
}

async fn read(
    client: &Client,
    scope: &Scope,
    login_settings: BTreeMap<String, String>,
) -> Result<Catalog, Error> {
    let mut wanted = scope.schemas.clone();
    wanted.extend(scope.extra_search_path.iter().cloned());
    let exposed: [&(dyn ToSql + Sync); 1] = [&scope.schemas];
    let both: [&(dyn ToSql + Sync); 1] = [&wanted];
    let zones: [&(dyn ToSql + Sync); 1] = [&scope.time_zones];
    let (
        schema_rows,
        relation_rows,
        column_rows,
        constraint_rows,
        view_rows,
        function_rows,
        policy_rows,
        role_rows,
        media_rows,
        zone_rows,
    ) = futures_util::try_join!(
        client.query(SCHEMAS, &both),
        client.query(RELATIONS, &exposed),
        client.query(COLUMNS, &exposed),
        client.query(CONSTRAINTS, &[]),
        client.query(VIEWS, &both),
        client.query(FUNCTIONS, &exposed),
        client.query(POLICIES, &exposed),
        client.query(ROLE_SETTINGS, &[]),
        client.query(MEDIA_AGGREGATES, &exposed),
        client.query(TIME_ZONES, &zones),
    )
    .map_err(pg::Error::from)?;

    let head = schema_rows
        .first()
        .ok_or(Error::Shape("no answer about the schemas"))?;
    let schemas = schemas(head, scope)?;
    let mut relations = relations(&relation_rows)?;
    fill_columns(&mut relations, &column_rows)?;
    fill_policies(&mut relations, &policy_rows)?;
    let constraints = constraint_rows
        .iter()
        .map(constraint)
        .collect::<Result<Vec<_>, _>>()?;
    let mut views = HashMap::new();
    for row in &view_rows {
        views.insert(oid(row, 0)?, lineage::scan(get(row, 1)?));
    }
    let views = lineage::resolve(&views);
    derive::keys(&mut relations, &constraints, &views);
    let functions = function_rows
        .iter()
        .map(function::function)
        .collect::<Result<Vec<_>, _>>()?;
    let computed = derive::computed(&functions);
    let relationships = derive::relationships(&relations, &constraints, &views, &computed);
    let mut role_settings: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for row in &role_rows {
        role_settings
            .entry(get(row, 0)?)
            .or_default()
            .push((get(row, 1)?, get(row, 2)?));
    }

    let mut catalog = Catalog {
        version: 0,
        hash: 0,
        server_version: number(head, 2)?,
        announces_ddl: get(head, 3)?,
        scope: scope.clone(),
        schemas,
        relations: HashMap::new(),
        functions: HashMap::new(),
        relationships,
        computed,
        media_aggregates: media_rows
            .iter()
            .map(function::media_aggregate)
            .collect::<Result<_, _>>()?,
        role_settings,
        login_settings,
        time_zones: zone_rows
            .iter()
            .map(|row| get(row, 0))
            .collect::<Result<_, _>>()?,
    };
    catalog.hash = fingerprint(&catalog, &relations, &functions);
    for relation in relations {
        catalog
            .relations
            .insert(relation.name.clone(), relation.into());
    }
    for function in functions {
        catalog
            .functions
            .entry(function.name.clone())
            .or_default()
            .push(function.into());
    }
    Ok(catalog)
}

fn fingerprint(catalog: &Catalog, relations: &[Relation], functions: &[Function]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    relations.hash(&mut hasher);
    functions.hash(&mut hasher);
    catalog.media_aggregates.hash(&mut hasher);
    catalog.login_settings.hash(&mut hasher);
    catalog.scope.hash(&mut hasher);
    let mut roles: Vec<_> = catalog.role_settings.iter().collect();
    roles.sort();
    roles.hash(&mut hasher);
    let mut origins: Vec<_> = catalog.relationships.iter().collect();
    origins.sort_by_key(|(origin, _)| *origin);
    origins.hash(&mut hasher);
    catalog.schemas.hash(&mut hasher);
    hasher.finish()
}

/// REST-CCH-09: a schema that does not exist makes the load fail.
fn schemas(row: &Row, scope: &Scope) -> Result<Vec<Schema>, Error> {
    let mut names: Vec<String> = get(row, 0)?;
    names.sort();
    let descriptions: Vec<String> = get(row, 1)?;
    let found: HashMap<String, String> = names.into_iter().zip(descriptions).collect();
    let missing = |name: &&String| !found.contains_key(*name);
    if let Some(name) = scope.schemas.iter().find(missing) {
        return Err(Error::NoSuchSchema(name.clone()));
    }
    let schema = |name: &String| Schema {
        name: name.clone(),
        description: found.get(name).filter(|text| !text.is_empty()).cloned(),
    };
    Ok(scope.schemas.iter().map(schema).collect())
}

fn relations(rows: &[Row]) -> Result<Vec<Relation>, Error> {
    rows.iter()
        .map(|row| {
            Ok(Relation {
                oid: oid(row, 0)?,
                name: ObjectName {
                    schema: get(row, 1)?,
                    name: get(row, 2)?,
                },
                kind: match get::<&str>(row, 3)? {
                    "v" => RelationKind::View,
                    "m" => RelationKind::MaterializedView,
                    "f" => RelationKind::Foreign,
                    "p" => RelationKind::Partitioned,
                    _ => RelationKind::Table,
                },
                row_security: get(row, 4)?,
                description: get(row, 5)?,
                insertable: get(row, 6)?,
                updatable: get(row, 7)?,
                deletable: get(row, 8)?,
                columns: Vec::new(),
                primary_key: Vec::new(),
                unique: Vec::new(),
                policies: Vec::new(),
            })
        })
        .collect()
}

fn fill_columns(relations: &mut [Relation], rows: &[Row]) -> Result<(), Error> {
    let mut index: HashMap<u32, &mut Relation> = relations.iter_mut().map(|r| (r.oid, r)).collect();
    for row in rows {
        let Some(relation) = index.get_mut(&oid(row, 0)?) else {
            continue;
        };
        relation.columns.push(Column {
            number: get(row, 1)?,
            name: get(row, 2)?,
            type_name: TypeName::from_catalog(get::<&str>(row, 3)?),
            full_type: TypeName::from_catalog(get::<&str>(row, 4)?),
            base_type: TypeName::from_catalog(get::<&str>(row, 5)?),
            nullable: get(row, 6)?,
            default: get::<Option<&str>>(row, 7)?.map(CatalogExpression::from_catalog),
            identity: match get::<&str>(row, 8)? {
                "a" => Some(Identity::Always),
                "d" => Some(Identity::ByDefault),
                _ => None,
            },
            generated: get(row, 9)?,
            enum_values: get::<Option<Vec<String>>>(row, 10)?.unwrap_or_default(),
            description: get(row, 11)?,
            max_length: get(row, 12)?,
            representation: Representation {
                to_json: pair(row, 13)?,
                from_text: pair(row, 14)?,
                from_json: pair(row, 15)?,
            },
        });
    }
    Ok(())
}

/// A name out of an array of schema and name.
fn pair(row: &Row, index: usize) -> Result<Option<ObjectName>, Error> {
    let names: Option<Vec<String>> = get(row, index)?;
    Ok(names
        .and_then(|names| <[String; 2]>::try_from(names).ok())
        .map(|[schema, name]| ObjectName { schema, name }))
}

fn name_of(row: &Row, schema: usize, name: usize) -> Result<Option<ObjectName>, Error> {
    let (schema, name): (Option<String>, Option<String>) = (get(row, schema)?, get(row, name)?);
    Ok(schema
        .zip(name)
        .map(|(schema, name)| ObjectName { schema, name }))
}

fn fill_policies(relations: &mut [Relation], rows: &[Row]) -> Result<(), Error> {
    let mut index: HashMap<u32, &mut Relation> = relations.iter_mut().map(|r| (r.oid, r)).collect();
    for row in rows {
        let Some(relation) = index.get_mut(&oid(row, 0)?) else {
            continue;
        };
        relation.policies.push(Policy {
            name: get(row, 1)?,
            command: match get::<&str>(row, 2)? {
                "r" => PolicyCommand::Select,
                "a" => PolicyCommand::Insert,
                "w" => PolicyCommand::Update,
                "d" => PolicyCommand::Delete,
                _ => PolicyCommand::All,
            },
            permissive: get(row, 3)?,
            roles: get(row, 4)?,
            using: get(row, 5)?,
            check: get(row, 6)?,
        });
    }
    Ok(())
}

fn constraint(row: &Row) -> Result<Constraint, Error> {
    Ok(Constraint {
        name: get(row, 1)?,
        kind: match get::<&str>(row, 2)? {
            "p" => ConstraintKind::Primary,
            "u" => ConstraintKind::Unique,
            _ => ConstraintKind::Foreign,
        },
        relation: oid(row, 3)?,
        columns: get(row, 7)?,
        numbers: get(row, 8)?,
        of_partition: get::<bool>(row, 6)? || get::<bool>(row, 12)?,
        foreign_relation: oid(row, 9)?,
        foreign_numbers: get(row, 14)?,
    })
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, Error> {
    row.try_get(index)
        .map_err(|error| Error::Database(error.into()))
}

fn oid(row: &Row, index: usize) -> Result<u32, Error> {
    let value: Option<i64> = get(row, index)?;
    u32::try_from(value.unwrap_or(0)).map_err(|_| Error::Shape("an oid out of range"))
}

fn number(row: &Row, index: usize) -> Result<u32, Error> {
    u32::try_from(get::<i32>(row, index)?).map_err(|_| Error::Shape("a negative number"))
}
