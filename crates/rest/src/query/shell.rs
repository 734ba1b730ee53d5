//! Around every statement: body, and what SQL wants to say to HTTP.

use catalog::ObjectName;

use super::Writer;
use crate::plan::Format;
use crate::request::media::{Explain, Nulls};

impl Writer {
    /// The page as one text, made by PostgreSQL; nothing for HEAD.
    pub(super) fn body(&mut self, format: &Format, head: bool) {
        if head {
            self.push("null::text");
            return;
        }
        self.push(match format {
            Format::Json(Nulls::Kept) => "coalesce(json_agg(\"pgrst_page\"), '[]')",
            Format::Json(Nulls::Stripped) => {
                "coalesce(json_strip_nulls(json_agg(\"pgrst_page\")), '[]')"
            }
            Format::Singular(nulls) => single(*nulls),
            Format::Csv => include_str!("../sql/csv.sql"),
            Format::GeoJson => include_str!("../sql/geojson.sql"),
            Format::Aggregate {
                function, relation, ..
            } => return self.aggregated(function, relation.as_ref()),
            Format::Raw { .. } => return self.raw(),
        });
    }

    /// REST-HND-03: the database's own aggregate over the page.
    fn aggregated(&mut self, function: &ObjectName, relation: Option<&ObjectName>) {
        self.sql.name(&function.quoted());
        self.push("(\"pgrst_page\"");
        if let Some(relation) = relation {
            self.push("::");
            self.sql.name(&relation.quoted());
        }
        self.push(")");
    }

    /// REST-HND-03: the same over bare values.
    pub(super) fn aggregated_scalar(&mut self, function: &ObjectName) {
        self.sql.name(&function.quoted());
        self.push("(\"pgrst_page\".\"pgrst_scalar\")");
    }

    /// REST-HND-02: the only value, as it is.
    fn raw(&mut self) {
        self.push("(array_agg(\"pgrst_page\".\"pgrst_scalar\"))[1]");
    }

    /// REST-MED-07: tells how the statement that follows would be run.
    pub(super) fn explain(&mut self, explain: &Explain) {
        self.push(if explain.json {
            "explain (format json"
        } else {
            "explain (format text"
        });
        for option in &explain.options {
            self.push(", ").push(option);
        }
        self.push(") ");
    }

    /// One row as a bare object.
    pub(super) fn one_row(&mut self, nulls: Nulls) {
        self.push(single(nulls));
    }

    /// REST-RSP: what the statements left in `response.headers` and `response.status`.
    pub(super) fn overrides(&mut self) {
        self.push(
            ", nullif(current_setting('response.headers', true), '')\
             , nullif(current_setting('response.status', true), '')",
        );
    }
}

fn single(nulls: Nulls) -> &'static str {
    match nulls {
        Nulls::Kept => "coalesce(string_agg(row_to_json(\"pgrst_page\")::text, ','), 'null')",
        Nulls::Stripped => {
            "coalesce(string_agg(json_strip_nulls(row_to_json(\"pgrst_page\"))::text, ','), 'null')"
        }
    }
}
