//! Functions: which one, and with what.

use std::collections::BTreeSet;
use std::sync::Arc;

use catalog::{Catalog, Function, ObjectName, Shape as ResultShape, Volatility};
use settings::RestVersion;
use sql::TypeName;

use super::negotiate::{self, Applies, Offers};
use super::node::{Node, Source};
use super::planner::Planner;
use super::{Kind, Plan, hint};
use crate::config::Config;
use crate::error::{Error, FunctionSearch};
use crate::request::payload::PayloadShape;
use crate::request::values::ValueId;
use crate::request::{CallVerb, Shape};

/// An argument by name.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) cast_type: TypeName,
    pub(crate) variadic: bool,
}

/// Where the arguments come from.
#[derive(Debug)]
pub(crate) enum Arguments {
    /// One value each, or all values of a variadic parameter.
    Values(Vec<(Argument, Vec<ValueId>)>),
    /// Members of the JSON body (of its first object, if it is an array).
    Members {
        array: bool,
        arguments: Vec<Argument>,
    },
    /// The whole body, for the only parameter.
    Body(TypeName),
}

/// A call.
#[derive(Debug)]
pub(crate) struct CallPlan {
    pub(crate) function: Arc<Function>,
    pub(crate) arguments: Arguments,
    pub(crate) read_only: bool,
    /// What is made of the result; `None` for a function that returns nothing or a bare value.
    pub(crate) node: Option<Node>,
    /// The function's settings that count for the whole transaction.
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) max_affected: Option<u64>,
}

/// REST-RPC-03 to -09.
pub(super) fn choose<'c>(
    shape: &Shape,
    name: &str,
    verb: CallVerb,
    catalog: &'c Catalog,
    version: RestVersion,
) -> Result<&'c Arc<Function>, Error> {
    let qualified = ObjectName::new(shape.schema.as_str(), name);
    let candidates = catalog.functions(&qualified);
    let given = given_names(shape);
    let raw = match &shape.payload {
        PayloadShape::Raw(kind) => Some(kind.type_name()),
        _ => None,
    };
    let named: Vec<_> = match raw {
        Some(_) => Vec::new(),
        None => candidates
            .iter()
            .filter(|function| fits(function, &given))
            .collect(),
    };
    let found = if named.is_empty() && verb == CallVerb::Post {
        let takes = |function: &&Arc<Function>| {
            function
                .single_unnamed()
                .is_some_and(|parameter| match raw {
                    Some(kind) => parameter.type_name.as_str() == kind,
                    None => matches!(parameter.type_name.as_str(), "json" | "jsonb"),
                })
        };
        candidates.iter().filter(takes).collect()
    } else {
        named
    };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let search = match (raw, verb) {
                (Some(kind), _) => FunctionSearch::Raw(kind),
                (None, CallVerb::Post) => FunctionSearch::NamedOrJson,
                _ => FunctionSearch::Named,
            };
            let suggestion = if raw.is_some() {
                None
            } else {
                suggest(catalog, &qualified, candidates, &given, version)
            };
            Err(Error::NoFunction {
                name: qualified.to_string(),
                arguments: given.iter().map(|name| (*name).to_owned()).collect(),
                search,
                suggestion,
            })
        }
        many => Err(Error::AmbiguousFunction(
            many.iter().map(|function| signature(function)).collect(),
        )),
    }
}

fn given_names(shape: &Shape) -> BTreeSet<&str> {
    match &shape.payload {
        PayloadShape::Json { keys, .. } => keys.iter().map(String::as_str).collect(),
        PayloadShape::None | PayloadShape::Raw(_) => shape
            .params
            .arguments
            .iter()
            .map(|(name, _)| name.as_str())
            .collect(),
    }
}

/// REST-RPC-05: all required parameters, and nothing but parameters.
fn fits(function: &Function, given: &BTreeSet<&str>) -> bool {
    function.is_named()
        && function
            .parameters
            .iter()
            .filter(|p| p.required)
            .all(|p| given.contains(p.name.as_str()))
        && given.iter().all(|name| function.parameter(name).is_some())
}

fn signature(function: &Function) -> String {
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|p| format!("{} => {}", p.name, p.type_name))
        .collect();
    format!("{}({})", function.name, parameters.join(", "))
}

fn suggest(
    catalog: &Catalog,
    wanted: &ObjectName,
    overloads: &[Arc<Function>],
    given: &BTreeSet<&str>,
    version: RestVersion,
) -> Option<String> {
    if overloads.is_empty() {
        let names = catalog
            .functions_in(&wanted.schema)
            .map(|function| function.name.name.as_str());
        return hint::closest(&wanted.name, names, hint::least(version))
            .map(|name| format!("{}.{name}", wanted.schema));
    }
    let text = given.iter().copied().collect::<Vec<_>>().join(", ");
    let lists: Vec<String> = overloads
        .iter()
        .map(|function| {
            let mut names: Vec<&str> = function
                .parameters
                .iter()
                .map(|p| p.name.as_str())
                .collect();
            names.sort_unstable();
            names.join(", ")
        })
        .collect();
    hint::closest(&text, lists.iter().map(String::as_str), 0.33)
        .map(|list| format!("{wanted}({list})"))
}

pub(super) fn plan(
    shape: &Shape,
    verb: CallVerb,
    function: &Arc<Function>,
    catalog: &Catalog,
    config: &Config,
) -> Result<Plan, Error> {
    let returns = &function.returns;
    let mut planner = Planner::new(shape, catalog, config)?;
    let node = match returns.shape {
        ResultShape::Composite => {
            let relation = returns
                .relation
                .as_ref()
                .and_then(|name| catalog.relation(name));
            // REST-EMB-18: embeds start at the relation whose rows come back, in the function's schema.
            let origin = returns.relation.as_ref().unwrap_or(&function.name);
            Some(planner.root(
                Source::Result(returns.relation.clone()),
                relation,
                origin,
                true,
            )?)
        }
        ResultShape::Void | ResultShape::Scalar => None,
    };
    let target = returns.relation.as_ref().unwrap_or(&function.name);
    let offers = Offers::new(shape, catalog, config, target, Some(function));
    let chosen = offers.choose(&shape.accept)?;
    let prefer = &shape.prefer;
    negotiate::strictness(prefer)?;
    let max_affected = prefer.effective_max_affected();
    if max_affected.is_some() && !returns.set {
        return Err(Error::MaxAffectedFunction);
    }
    let hoisted = |name: &str| {
        config
            .hoisted_tx_settings
            .iter()
            .any(|wanted| wanted.eq_ignore_ascii_case(name))
    };
    Ok(Plan {
        chosen,
        applied: negotiate::applied(prefer, Applies::Call),
        count: prefer.count,
        deprecated: planner.deprecated(),
        kind: Kind::Call(CallPlan {
            arguments: arguments(shape, function),
            // REST-RPC-14.
            read_only: verb == CallVerb::Get || function.volatility != Volatility::Volatile,
            settings: function
                .settings
                .iter()
                .filter(|(name, _)| hoisted(name))
                .cloned()
                .collect(),
            function: Arc::clone(function),
            node,
            max_affected,
        }),
    })
}

fn arguments(shape: &Shape, function: &Function) -> Arguments {
    let argument = |name: &str| {
        function.parameter(name).map(|parameter| Argument {
            name: parameter.name.clone(),
            cast_type: parameter.cast_type.clone(),
            variadic: parameter.variadic,
        })
    };
    match &shape.payload {
        PayloadShape::Json { array, keys } => match function.single_unnamed() {
            Some(parameter) => Arguments::Body(parameter.type_name.clone()),
            None => Arguments::Members {
                array: *array,
                arguments: keys.iter().filter_map(|key| argument(key)).collect(),
            },
        },
        PayloadShape::Raw(kind) => Arguments::Body(TypeName::from_catalog(kind.type_name())),
        PayloadShape::None => {
            let mut list: Vec<(Argument, Vec<ValueId>)> = Vec::new();
            for (name, value) in &shape.params.arguments {
                match list.iter_mut().find(|(known, _)| known.name == *name) {
                    // REST-RPC-11: the last one, or all for a variadic parameter.
                    Some((known, values)) if known.variadic => values.push(*value),
                    Some((_, values)) => *values = vec![*value],
                    None => list.extend(argument(name).map(|argument| (argument, vec![*value]))),
                }
            }
            Arguments::Values(list)
        }
    }
}
