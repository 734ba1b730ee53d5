//! What a request means here, against one catalog. Runs no SQL.

mod call;
mod hint;
mod negotiate;
pub(crate) mod node;
mod planner;
mod relationship;
mod selection;
mod write;

use std::sync::Arc;

use catalog::{Catalog, ObjectName, Relation};
use http::HeaderValue;
use settings::{OpenApiMode, RestVersion};

use crate::config::Config;
use crate::error::Error;
use crate::request::media::{MediaType, Nulls};
use crate::request::prefer::Count;
use crate::request::{Action, CallVerb, Shape, Verb};
pub(crate) use call::{Arguments, CallPlan};
use negotiate::Offers;
pub(crate) use negotiate::{Chosen, Format};
pub(crate) use node::Node;
pub(crate) use write::{Change, Conflict, Target, WritePlan};

/// A request understood.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) chosen: Chosen,
    /// `Preference-Applied`, if there is anything to report.
    pub(crate) applied: Option<HeaderValue>,
    pub(crate) count: Option<Count>,
    /// Embeds that were addressed by name although they have an alias: name and alias.
    pub(crate) deprecated: Vec<(String, String)>,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Kind {
    Read(Node),
    Write(WritePlan),
    Call(CallPlan),
    /// The description of the API, of what the role has a right to or of everything.
    Root {
        narrowed: bool,
    },
    /// `OPTIONS`: the methods that make sense.
    Info {
        allow: String,
    },
}

impl Plan {
    /// Plans a request, in the order of REST-SEQ-01 from step 9 on.
    pub(crate) fn make(shape: &Shape, catalog: &Catalog, config: &Config) -> Result<Self, Error> {
        match &shape.action {
            Action::Root { options: true } => Ok(Self::info("OPTIONS,GET,HEAD".to_owned())),
            Action::Root { options: false } => root(shape, config),
            Action::Relation { name, verb } => {
                let relation = relation(catalog, &shape.schema, name, config.version)?;
                match verb {
                    Verb::Options => Ok(Self::info(allowed(relation))),
                    Verb::Read => read(shape, relation, catalog, config),
                    _ => write::plan(shape, *verb, relation, catalog, config),
                }
            }
            Action::Call { name, verb } => {
                let function = call::choose(shape, name, *verb, catalog, config.version)?;
                if *verb == CallVerb::Options {
                    let allow = match function.volatility {
                        catalog::Volatility::Volatile => "OPTIONS,POST",
                        _ => "OPTIONS,GET,HEAD,POST",
                    };
                    return Ok(Self::info(allow.to_owned()));
                }
                call::plan(shape, *verb, function, catalog, config)
            }
        }
    }

    fn info(allow: String) -> Self {
        Self {
            kind: Kind::Info { allow },
            chosen: Chosen {
                format: Format::Json(Nulls::Kept),
                content_type: HeaderValue::from_static("application/json; charset=utf-8"),
                explain: None,
            },
            applied: None,
            count: None,
            deprecated: Vec::new(),
        }
    }
}

/// REST-OAS-01, -02.
fn root(shape: &Shape, config: &Config) -> Result<Plan, Error> {
    let narrowed = match config.openapi.mode {
        OpenApiMode::FollowPrivileges => true,
        OpenApiMode::IgnorePrivileges => false,
        OpenApiMode::Disabled => return Err(Error::RootDisabled),
    };
    let fits =
        |media: &MediaType| matches!(media, MediaType::OpenApi | MediaType::Json | MediaType::Any);
    if !shape.accept.iter().any(fits) {
        return Err(negotiate::none_of(&shape.accept));
    }
    negotiate::strictness(&shape.prefer)?;
    Ok(Plan {
        kind: Kind::Root { narrowed },
        chosen: Chosen {
            format: Format::Json(Nulls::Kept),
            content_type: HeaderValue::from_static("application/openapi+json; charset=utf-8"),
            explain: None,
        },
        applied: None,
        count: None,
        deprecated: Vec::new(),
    })
}

fn relation<'c>(
    catalog: &'c Catalog,
    schema: &str,
    name: &str,
    version: RestVersion,
) -> Result<&'c Arc<Relation>, Error> {
    let name = ObjectName::new(schema, name);
    catalog.relation(&name).ok_or_else(|| Error::NoRelation {
        suggestion: hint::relation(catalog, &name, version),
        name: name.to_string(),
    })
}

/// REST-OPT-01.
fn allowed(relation: &Relation) -> String {
    let mut methods = vec!["OPTIONS", "GET", "HEAD"];
    if relation.insertable {
        methods.push("POST");
    }
    if relation.insertable && relation.updatable && !relation.primary_key.is_empty() {
        methods.push("PUT");
    }
    if relation.updatable {
        methods.push("PATCH");
    }
    if relation.deletable {
        methods.push("DELETE");
    }
    methods.join(",")
}

fn read(
    shape: &Shape,
    relation: &Arc<Relation>,
    catalog: &Catalog,
    config: &Config,
) -> Result<Plan, Error> {
    let mut planner = planner::Planner::new(shape, catalog, config)?;
    let node = planner.root(
        node::Source::Relation(relation.name.clone()),
        Some(relation),
        &relation.name,
        true,
    )?;
    let offers = Offers::new(shape, catalog, config, &relation.name, None);
    let chosen = offers.choose(&shape.accept)?;
    negotiate::strictness(&shape.prefer)?;
    Ok(Plan {
        kind: Kind::Read(node),
        chosen,
        applied: negotiate::applied(&shape.prefer, negotiate::Applies::Read),
        count: shape.prefer.count,
        deprecated: planner.deprecated(),
    })
}
