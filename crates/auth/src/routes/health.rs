//! `GET /health`

use axum::response::Response;
use serde_json::json;

use super::ok;

pub(super) fn get() -> Response {
    ok(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "name": "GoTrue",
        "description": "GoTrue is a user registration and authentication API",
    }))
}
