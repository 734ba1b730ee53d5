//! Functions, as rows of the system catalog tell them.

use sql::TypeName;
use tokio_postgres::Row;

use super::{get, name_of, oid};
use crate::{
    Error, Function, MediaAggregate, MediaDomain, ObjectName, Parameter, Returns, Shape, Volatility,
};

pub(super) fn function(row: &Row) -> Result<Function, Error> {
    let shape = match (get(row, 9)?, get(row, 8)?) {
        (true, _) => Shape::Void,
        (false, true) => Shape::Composite,
        (false, false) => Shape::Scalar,
    };
    let modes: Vec<String> = get(row, 14)?;
    // With OUT or TABLE columns the row is the function's own, whatever its declared type.
    let own_row = modes
        .iter()
        .any(|mode| matches!(mode.as_str(), "t" | "b" | "o"));
    let config: Vec<String> = get(row, 16)?;
    Ok(Function {
        oid: oid(row, 0)?,
        name: ObjectName {
            schema: get(row, 1)?,
            name: get(row, 2)?,
        },
        description: get(row, 3)?,
        parameters: parameters(
            &get::<Vec<String>>(row, 12)?,
            &get::<Vec<String>>(row, 13)?,
            &modes,
            get(row, 15)?,
        ),
        volatility: match get::<&str>(row, 4)? {
            "i" => Volatility::Immutable,
            "s" => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        returns: Returns {
            set: get(row, 5)?,
            one_row: get(row, 6)?,
            type_name: TypeName::from_catalog(get::<&str>(row, 7)?),
            shape,
            relation: if own_row { None } else { name_of(row, 10, 11)? },
            media: get::<Option<String>>(row, 19)?
                .map(|media| {
                    Ok::<_, Error>(MediaDomain {
                        media,
                        base_type: TypeName::from_catalog(get::<&str>(row, 20)?),
                    })
                })
                .transpose()?,
        },
        settings: config
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        row_argument: name_of(row, 17, 18)?,
    })
}

fn parameters(
    names: &[String],
    types: &[String],
    modes: &[String],
    defaults: i32,
) -> Vec<Parameter> {
    let mode = |at: usize| modes.get(at).map_or("i", String::as_str);
    let inputs: Vec<usize> = (0..types.len())
        .filter(|at| matches!(mode(*at), "i" | "b" | "v"))
        .collect();
    let required = inputs
        .len()
        .saturating_sub(usize::try_from(defaults).unwrap_or(0));
    inputs
        .iter()
        .enumerate()
        .map(|(position, at)| {
            let type_name = types[*at].as_str();
            let cast = match type_name {
                "character" => "character varying",
                "bit" => "bit varying",
                other => other,
            };
            Parameter {
                name: names.get(*at).cloned().unwrap_or_default(),
                type_name: TypeName::from_catalog(type_name),
                cast_type: TypeName::from_catalog(cast),
                required: position < required,
                variadic: mode(*at) == "v",
            }
        })
        .collect()
}

pub(super) fn media_aggregate(row: &Row) -> Result<MediaAggregate, Error> {
    Ok(MediaAggregate {
        function: ObjectName {
            schema: get(row, 0)?,
            name: get(row, 1)?,
        },
        makes: MediaDomain {
            media: get(row, 2)?,
            base_type: TypeName::from_catalog(get::<&str>(row, 3)?),
        },
        relation: name_of(row, 4, 5)?,
    })
}
