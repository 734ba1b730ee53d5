//! Function calls.

use catalog::Shape;

use super::condition::Qualifier;
use super::{Slot, Writer};
use crate::plan::{Arguments, CallPlan, Format, Plan};
use crate::request::media::Nulls;
use crate::request::prefer::Count;

impl Writer {
    pub(super) fn call(&mut self, call: &CallPlan, plan: &Plan, head: bool) {
        let returns = &call.function.returns;
        if call.node.is_some() {
            // REST-RPC-20: in FROM, and not materialized unless it is read twice.
            self.rows(call);
        } else {
            self.push("with \"pgrst_source\" as materialized (select ");
            self.invocation(call);
            self.push(" as \"pgrst_scalar\"");
            self.body_source(call, false);
            self.push(") ");
        }
        self.push("select ");
        match (&call.node, plan.count) {
            (Some(node), Some(Count::Exact | Count::Estimated)) => {
                self.push("(select count(*) from (");
                self.counting(node, None);
                self.push(") as \"pgrst_all\")");
            }
            (None, Some(Count::Exact | Count::Estimated)) => {
                self.push("(select count(*) from \"pgrst_source\")");
            }
            _ => {
                self.push("null::bigint");
            }
        }
        self.push(", count(*), ");
        let format = &plan.chosen.format;
        let nulls = match format {
            Format::Json(nulls) | Format::Singular(nulls) => *nulls,
            _ => Nulls::Kept,
        };
        let is_json = matches!(format, Format::Json(_) | Format::Singular(_));
        match (returns.shape, returns.set) {
            _ if head => self.body(format, true),
            (Shape::Void, _) => {
                self.push("null::text");
            }
            (Shape::Scalar, _) if !is_json => match format {
                Format::Aggregate { function, .. } => self.aggregated_scalar(function),
                _ => self.body(format, false),
            },
            _ if !is_json => self.body(format, false),
            (Shape::Scalar, false) => self.one_scalar(),
            (Shape::Scalar, true) if format.is_singular() => self.one_scalar(),
            (Shape::Scalar, true) => {
                self.push("coalesce(json_agg(\"pgrst_page\".\"pgrst_scalar\"), '[]')");
            }
            (Shape::Composite, false) => self.one_row(nulls),
            (Shape::Composite, true) => self.body(format, false),
        }
        self.overrides();
        self.push(" from (");
        match &call.node {
            Some(node) => self.select(node),
            None => {
                self.push("select * from \"pgrst_source\"");
            }
        }
        self.push(") as \"pgrst_page\"");
    }

    fn one_scalar(&mut self) {
        self.push(
            "coalesce(string_agg(to_json(\"pgrst_page\".\"pgrst_scalar\")::text, ','), 'null')",
        );
    }

    fn rows(&mut self, call: &CallPlan) {
        let of = Qualifier::Alias("pgrst_call".to_owned());
        let (star, names) = call
            .node
            .as_ref()
            .map(crate::plan::Node::needs)
            .unwrap_or_default();
        self.push("with \"pgrst_source\" as (select ");
        // Rows of no known relation have no computed fields: their own columns are all there is.
        let (star, names) = if call.function.returns.relation.is_some() {
            (star, names)
        } else {
            (true, Vec::new())
        };
        let relation = None;
        if star {
            let columns = call
                .node
                .as_ref()
                .map(|node| node.column_names.as_slice())
                .unwrap_or_default();
            let beyond: Vec<String> = names
                .into_iter()
                .filter(|name| !columns.contains(name))
                .collect();
            self.push("\"pgrst_call\".*");
            for name in &beyond {
                self.push(", ").qualified(&of, name);
            }
        } else {
            self.handed_on(false, &names, relation, &of);
        }
        self.body_source(call, true);
        self.invocation(call);
        self.push(" as \"pgrst_call\") ");
    }

    /// `from` what holds the body; before a function in FROM, with the comma that follows.
    fn body_source(&mut self, call: &CallPlan, before_function: bool) {
        match &call.arguments {
            Arguments::Members { array, arguments } if !arguments.is_empty() => {
                self.push(" from ");
                if *array {
                    // REST-RPC-12: the first object.
                    self.push("(select * from json_to_recordset(")
                        .bind(Slot::Body)
                        .push(") as \"pgrst_rows\" (");
                } else {
                    self.push("json_to_record(")
                        .bind(Slot::Body)
                        .push(") as \"pgrst_body\" (");
                }
                for (at, argument) in arguments.iter().enumerate() {
                    self.push(if at > 0 { ", " } else { "" });
                    self.ident(&argument.name).push(" ");
                    self.sql.name(&argument.cast_type);
                }
                self.push(if *array {
                    ") limit 1) as \"pgrst_body\""
                } else {
                    ")"
                });
                if before_function {
                    self.push(", lateral ");
                }
            }
            _ if before_function => {
                self.push(" from ");
            }
            _ => {}
        }
    }

    /// `schema.function(name := value, …)`.
    fn invocation(&mut self, call: &CallPlan) {
        self.sql.name(&call.function.name.quoted());
        self.push("(");
        match &call.arguments {
            Arguments::Values(list) => {
                for (at, (argument, values)) in list.iter().enumerate() {
                    self.push(if at > 0 { ", " } else { "" });
                    self.push(if argument.variadic { "variadic " } else { "" });
                    self.ident(&argument.name).push(" := ");
                    match values.as_slice() {
                        [one] if !argument.variadic => self.bind(Slot::Value(*one)),
                        many => self.bind(Slot::List(many.to_vec())),
                    };
                    self.push("::");
                    self.sql.name(&argument.cast_type);
                }
            }
            Arguments::Members { arguments, .. } => {
                for (at, argument) in arguments.iter().enumerate() {
                    self.push(if at > 0 { ", " } else { "" });
                    self.push(if argument.variadic { "variadic " } else { "" });
                    self.ident(&argument.name)
                        .push(" := \"pgrst_body\".")
                        .ident(&argument.name);
                }
            }
            Arguments::Body(kind) => {
                self.bind(Slot::Body).push("::");
                self.sql.name(kind);
            }
        }
        self.push(")");
    }
}
