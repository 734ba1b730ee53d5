//! The proof: counts and checksums that see through the conversion, users one by one, structure, and what each role
//! can really see and change.

mod people;
mod rights;
mod rows;
mod structure;

use serde::Serialize;
use std::sync::Arc;

use crate::inventory::Inventory;
use crate::run::read_mapping;
use crate::session::{Source, Target};
use crate::{Error, Plan};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The requirement it proves.
    pub id: &'static str,
    /// About what.
    pub object: String,
    /// It holds.
    pub pass: bool,
    /// What was seen; never a value of a row.
    pub detail: String,
}

/// Everything that was looked at.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    /// In the order of looking.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Whether everything holds.
    pub fn passes(&self) -> bool {
        self.checks.iter().all(|check| check.pass)
    }

    /// What does not.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.pass)
    }

    fn add(
        &mut self,
        id: &'static str,
        object: impl Into<String>,
        pass: bool,
        detail: impl Into<String>,
    ) {
        self.checks.push(Check {
            id,
            object: object.into(),
            pass,
            detail: detail.into(),
        });
    }
}

/// What the checks share.
struct Scene<'a> {
    plan: &'a Plan,
    inventory: &'a Inventory,
    source: tokio_postgres::Client,
    target: tokio_postgres::Client,
    mapping: Arc<crate::mapping::Mapping>,
}

/// Looks at everything. Both sides are only read; probes of rights are rolled back.
pub async fn verify(source: &Source, target: &Target, plan: &Plan) -> Result<Verdict, Error> {
    let snapshot = source.snapshot().await?;
    let inventory = Inventory::read(snapshot.keeper()).await?;
    crate::run::check_source(plan, &inventory)?;
    let client = target.session().await?;
    let reader = snapshot.session().await?;
    let mapping = Arc::new(read_mapping(&client, &reader, plan).await?);
    let scene = Scene {
        plan,
        inventory: &inventory,
        source: reader,
        target: client,
        mapping,
    };
    let mut verdict = Verdict::default();
    rows::check(&scene, &mut verdict).await?;
    people::check(&scene, &mut verdict).await?;
    structure::check(&scene, &mut verdict).await?;
    rights::check(&scene, target, &mut verdict).await?;
    Ok(verdict)
}
