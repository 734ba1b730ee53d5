//! SQLSTATE to HTTP status: the table of REST-ERR-03, first match counts.

use pg::ServerError;

/// The status of an error that PostgreSQL raised (`PGRST` aside, which carries its own).
pub(super) fn status(error: &ServerError, anonymous: bool) -> u16 {
    let code = error.code.as_str();
    let class = code.get(..2).unwrap_or("");
    match code {
        "23503" | "23505" => 409,
        "25006" => 405,
        "21000" if error.message.ends_with("requires a WHERE clause") => 400,
        "21000" | "42P17" | "53400" => 500,
        "22023"
            if error.message.starts_with("role ") && error.message.ends_with(" does not exist") =>
        {
            401
        }
        "22023" | "P0001" => 400,
        "57P01" => 503,
        "42883" if error.message.starts_with("function xmlagg(") => 406,
        "42883" | "42P01" => 404,
        "42501" => {
            if anonymous {
                401
            } else {
                403
            }
        }
        _ => match class {
            "08" | "53" => 503,
            "0L" | "0P" | "28" => 403,
            "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0"
            | "HV" | "P0" | "XX" => 500,
            "PT" => code[2..]
                .parse()
                .ok()
                .filter(|status| (200..=599).contains(status))
                .unwrap_or(500),
            _ => 400,
        },
    }
}
