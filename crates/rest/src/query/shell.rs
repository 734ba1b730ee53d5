//! Around every statement: body, and what SQL wants to say to HTTP.

use super::Writer;
use crate::plan::Format;
use crate::request::media::Nulls;

impl Writer {
    /// The page as one text, made by PostgreSQL; nothing for HEAD.
    pub(super) fn body(&mut self, format: Format, head: bool) {
        if head {
            self.push("null::text");
            return;
        }
        self.push(match format {
            Format::Json(Nulls::Kept) => "coalesce(json_agg(\"pgrst_page\"), '[]')",
            Format::Json(Nulls::Stripped) => {
                "coalesce(json_strip_nulls(json_agg(\"pgrst_page\")), '[]')"
            }
            Format::Singular(nulls) => single(nulls),
            Format::Csv => include_str!("../sql/csv.sql"),
        });
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
