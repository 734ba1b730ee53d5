//! Who asks: the bearer token, checked against the database.

use deadpool_postgres::GenericClient;
use serde_json::Value;
use uuid::Uuid;

use crate::ask::Ask;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, db};

/// A signed-in user.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) user: User,
    pub(crate) session: Option<Uuid>,
    pub(crate) claims: jwt::Claims,
}

impl Signed {
    /// Whether the token was got with a second factor.
    pub(crate) fn is_aal2(&self) -> bool {
        self.claims.text("aal") == Some("aal2")
    }

    /// Whether the session came by a link or code instead of a password.
    pub(crate) fn is_recovery(&self) -> bool {
        let methods = self.claims.get("amr").and_then(Value::as_array);
        methods.into_iter().flatten().any(|entry| {
            let method = entry.get("method").and_then(Value::as_str);
            matches!(method, Some("otp" | "magiclink" | "recovery"))
        })
    }
}

/// The claims of the bearer token.
fn claims(service: &Inner, ask: &Ask) -> Result<jwt::Claims, Error> {
    let token = match web::authorization(&ask.parts.headers) {
        web::Authorization::Bearer(token) if !token.is_empty() && !token.contains(' ') => token,
        _ => return Err(Error::NoAuthorization),
    };
    service
        .verifier
        .verify(token, jwt::TimeRules::STRICT)
        .map_err(|error| Error::BadJwt(reason(&error).into()))
}

fn reason(error: &jwt::Error) -> String {
    let why = match error {
        jwt::Error::Empty | jwt::Error::Parts(_) => {
            "token is malformed: token contains an invalid number of segments".into()
        }
        jwt::Error::Malformed => "token is malformed: could not base64 decode".into(),
        jwt::Error::Algorithm(name) => {
            format!("token signature is invalid: signing method {name} is invalid")
        }
        jwt::Error::Signature => "token signature is invalid: signature is invalid".into(),
        jwt::Error::Expired => "token has invalid claims: token is expired".into(),
        jwt::Error::NotYetValid => "token has invalid claims: token is not valid yet".into(),
        jwt::Error::IssuedInFuture => "token has invalid claims: token used before issued".into(),
        other => format!("token is malformed: {other}"),
    };
    format!("invalid JWT: unable to parse or verify signature, {why}")
}

/// The user whose token it is. A token that the gateway made from the API key is nobody's.
pub(crate) async fn user(
    service: &Inner,
    ask: &Ask,
    client: &impl GenericClient,
) -> Result<Signed, Error> {
    if ask.synthesized() {
        return Err(Error::NoAuthorization);
    }
    let claims = claims(service, ask)?;
    let subject = claims
        .subject()
        .filter(|subject| !subject.is_empty())
        .ok_or(Error::BadJwt("invalid claim: missing sub claim".into()))?;
    let id = Uuid::try_parse(subject).map_err(|_| Error::SubjectShape)?;
    let session =
        match claims.text("session_id").filter(|id| !id.is_empty()) {
            None => None,
            Some(text) => Some(Uuid::try_parse(text).map_err(|_| {
                Error::BadJwt("invalid claim: session_id claim must be a UUID".into())
            })?),
        };
    // An ID token tells an application who somebody is. It is signed with the same keys, yet it opens nothing.
    if session.is_none() && claims.get("client_id").is_some() {
        return Err(Error::BadJwt(
            "invalid claim: missing session_id claim".into(),
        ));
    }
    let user = User::by_id(service, client, id)
        .await?
        .ok_or(Error::SubjectGone)?;
    if user.is_banned(service.now()) {
        return Err(Error::Banned);
    }
    if let Some(session) = session.filter(|session| !session.is_nil()) {
        let found = include_str!("sql/session_exists.sql");
        db::first(client, found, &[&session, &id])
            .await?
            .ok_or(Error::SessionGone)?;
    }
    let wanted = ask.header("x-jwt-aud").filter(|aud| !aud.is_empty());
    if wanted.is_some_and(|wanted| claims.text("aud") != Some(wanted)) {
        return Err(Error::validation(
            "Token audience doesn't match request audience",
        ));
    }
    Ok(Signed {
        user,
        session,
        claims,
    })
}

/// The role of an admin's token.
pub(crate) async fn admin(
    service: &Inner,
    ask: &Ask,
    client: &impl GenericClient,
) -> Result<String, Error> {
    let claims = claims(service, ask)?;
    let role = claims.role().unwrap_or_default();
    if !is_admin(service, role) {
        return Err(Error::NotAdmin);
    }
    if let Some(text) = claims.text("session_id").filter(|id| !id.is_empty()) {
        let id = Uuid::try_parse(text)
            .map_err(|_| Error::BadJwt("invalid claim: session_id claim must be a UUID".into()))?;
        let found = db::first(client, include_str!("sql/session_by_id.sql"), &[&id]).await?;
        let row = found.ok_or(Error::SessionGone)?;
        let session = crate::session::Lifetime::read(&row)?;
        if session.ended(service).is_some() {
            return Err(Error::AdminSession);
        }
    }
    Ok(role.to_owned())
}

/// Whether tokens of a role open the admin endpoints.
pub(crate) fn is_admin(service: &Inner, role: &str) -> bool {
    service
        .settings
        .jwt_admin_roles
        .iter()
        .any(|admin| admin == role)
}

/// Whether a request comes from an admin.
pub(crate) fn is_admins(service: &Inner, ask: &Ask) -> bool {
    claims(service, ask).is_ok_and(|claims| is_admin(service, claims.role().unwrap_or_default()))
}

/// The audience that a request speaks of.
pub(crate) fn audience(service: &Inner, ask: &Ask) -> String {
    if let Some(named) = ask.header("x-jwt-aud").filter(|aud| !aud.is_empty()) {
        return named.to_owned();
    }
    claims(service, ask)
        .ok()
        .filter(|claims| !is_admin(service, claims.role().unwrap_or_default()))
        .and_then(|claims| claims.text("aud").map(str::to_owned))
        .filter(|aud| !aud.is_empty())
        .unwrap_or_else(|| service.settings.jwt_audience.clone())
}
