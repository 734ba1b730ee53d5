//! What the catalog says of a changed table, read again whenever the stream describes the table anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pg::{Error, Pool};
use replication::message::{Relation, Value};
use sql::{CatalogExpression, QualifiedName, TypeName};

use super::render::Shape;

/// A column as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// `pg_type.typname`.
    pub(crate) typname: String,
    /// As a cast names it.
    pub(crate) type_name: TypeName,
    pub(crate) type_oid: u32,
    pub(crate) shape: Shape,
    /// Part of the primary key.
    pub(crate) key: bool,
    number: i16,
    /// Where its value stands in the stream's tuples; generated columns have none there.
    pub(crate) position: Option<usize>,
}

/// What one role may see.
#[derive(Debug, Clone)]
pub(crate) struct View {
    read_at: Instant,
    /// Row security is on, for whomever.
    pub(crate) secured: bool,
    /// Policies decide for this role; `None` when it sees every row.
    pub(crate) condition: Option<Arc<Condition>>,
    /// By attribute.
    pub(crate) selectable: Vec<bool>,
}

/// The policies of one role: any permissive one and every restrictive one must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    pub(crate) permissive: Vec<CatalogExpression>,
    pub(crate) restrictive: Vec<CatalogExpression>,
}

/// A changed table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) relation: Arc<Relation>,
    pub(crate) name: QualifiedName,
    pub(crate) attributes: Vec<Attribute>,
    views: HashMap<String, Arc<View>>,
}

/// How long a role's view is believed without a sign in the stream: grants of roles to roles and replaced
/// functions give none (RT-RLS-12 allows two seconds).
const BELIEVED: Duration = Duration::from_secs(1);

impl Table {
    /// Reads the table.
    pub(crate) async fn read(pool: &Pool, relation: Arc<Relation>) -> Result<Self, Error> {
        let attributes = attributes(pool, relation.oid, Some(&relation)).await?;
        let name = QualifiedName::new(relation.schema.as_str(), relation.name.as_str());
        Ok(Self { relation, name, attributes, views: HashMap::new() })
    }

    /// What `role` may see; `None` when there is no such role.
    pub(crate) async fn view(&mut self, pool: &Pool, role: &str) -> Result<Option<Arc<View>>, Error> {
        if let Some(view) = self.views.get(role).filter(|view| view.read_at.elapsed() < BELIEVED) {
            return Ok(Some(Arc::clone(view)));
        }
        let view = read_view(pool, self.relation.oid, role, &self.attributes).await?.map(Arc::new);
        if let Some(view) = &view {
            self.views.insert(role.to_owned(), Arc::clone(view));
        }
        Ok(view)
    }

    /// The policies that decide for `role`, as last read.
    pub(crate) fn condition_of(&self, role: &str) -> Option<Arc<Condition>> {
        self.views.get(role)?.condition.clone()
    }

    /// The value of an attribute in a tuple.
    pub(crate) fn value<'a>(attribute: &Attribute, values: &'a [Value]) -> &'a Value {
        attribute.position.and_then(|at| values.get(at)).unwrap_or(&Value::Null)
    }
}

/// The columns of a table; without a relation their positions are unknown (subscribing needs none).
pub(crate) async fn attributes(
    pool: &Pool,
    oid: u32,
    relation: Option<&Relation>,
) -> Result<Vec<Attribute>, Error> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(include_str!("sql/table.sql")).await?;
    let rows = client.query(&statement, &[&oid]).await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get(0)?;
            let element = Shape::of_type(row.try_get(3)?);
            let delimiter: Option<String> = row.try_get(4)?;
            let shape = match delimiter.as_deref().and_then(|text| text.chars().next()) {
                Some(delimiter) => Shape::Array(Box::new(element), delimiter),
                None => element,
            };
            Ok(Attribute {
                position: relation.and_then(|relation| relation.position(&name)),
                name,
                typname: row.try_get(1)?,
                type_name: TypeName::from_catalog(row.try_get::<_, String>(2)?),
                type_oid: row.try_get(3)?,
                shape,
                key: row.try_get(5)?,
                number: row.try_get(6)?,
            })
        })
        .collect()
}

/// What a role may see of a table; `None` when there is no such role (or no such table any more).
pub(crate) async fn read_view(
    pool: &Pool,
    oid: u32,
    role: &str,
    attributes: &[Attribute],
) -> Result<Option<View>, Error> {
    let mut client = pool.get().await?;
    let transaction = client.transaction().await?;
    // Names in policies are then printed with their schemas.
    transaction.batch_execute("set local search_path = ''").await?;
    let Some(row) = transaction.query_opt(include_str!("sql/table_role.sql"), &[&oid, &role]).await? else {
        return Ok(None);
    };
    let (secured, judged): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    let numbers: Vec<i16> = row.try_get(2)?;
    let mut condition = judged.then(Condition::default);
    if let Some(condition) = &mut condition {
        for row in transaction.query(include_str!("sql/table_policies.sql"), &[&oid, &role]).await? {
            let expression = CatalogExpression::from_catalog(row.try_get::<_, String>(1)?);
            let list = if row.try_get(0)? { &mut condition.permissive } else { &mut condition.restrictive };
            list.push(expression);
        }
    }
    transaction.commit().await?;
    let selectable = attributes.iter().map(|attribute| numbers.contains(&attribute.number)).collect();
    let condition = condition.map(Arc::new);
    Ok(Some(View { read_at: Instant::now(), secured, condition, selectable }))
}
