//! Whom a service acts for.

use crate::Claims;

/// Role and claims of one request: what the database decides by.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The database role.
    pub role: String,
    /// The claims of the verified token; `None` without a token.
    pub claims: Option<Claims>,
}

impl Caller {
    /// A caller without a token.
    pub fn anonymous(role: &str) -> Self {
        Self {
            role: role.to_owned(),
            claims: None,
        }
    }

    /// The caller that `claims` describe; `default_role` when they name none. A role that is not a string
    /// is taken as its JSON text, as PostgREST does.
    pub fn from_claims(claims: Claims, default_role: &str) -> Self {
        let role = match claims.get("role") {
            None | Some(serde_json::Value::Null) => default_role.to_owned(),
            Some(serde_json::Value::String(role)) => role.clone(),
            Some(other) => other.to_string(),
        };
        Self {
            role,
            claims: Some(claims),
        }
    }

    /// What `request.jwt.claims` is set to: the payload as signed, or `{"role":…}` without a token.
    pub fn claims_json(&self) -> String {
        match &self.claims {
            Some(claims) => claims.raw().to_owned(),
            None => serde_json::json!({ "role": self.role }).to_string(),
        }
    }

    /// Claim `sub`, if any.
    pub fn subject(&self) -> Option<&str> {
        self.claims.as_ref()?.subject()
    }
}
