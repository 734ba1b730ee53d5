//! `POST /token?grant_type=id_token`

use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::ok;
use crate::ask::Ask;
use crate::body::Text;
use crate::external::{self, Arrival};
use crate::letters::Journey;
use crate::oauth::custom::Custom;
use crate::oauth::{Chosen, IdToken, Profile};
use crate::service::Inner;
use crate::{Error, bearer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    id_token: Text,
    provider: Text,
    client_id: Text,
    issuer: Text,
    access_token: Text,
    nonce: Text,
    link_identity: Option<bool>,
}

const INVALID: &str = "invalid request";

/// Whose token it is said to be, and what that asks for.
struct Expected {
    provider: String,
    issuer: String,
    audiences: Vec<String>,
    skip_nonce: bool,
    email_optional: bool,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let body: Body = ask.json()?;
    if body.id_token.is_empty() {
        return Err(Error::OAuth(INVALID, "id_token required".into()));
    }
    if body.provider.is_empty() && (body.client_id.is_empty() || body.issuer.is_empty()) {
        return Err(Error::OAuth(
            INVALID,
            "provider or client_id and issuer required".into(),
        ));
    }
    let custom = custom(service, &body).await?;
    let expected = match &custom {
        Some(custom) => of_custom(custom)?,
        None => expected(service, &body)?,
    };
    let issuers = &service.providers.issuers;
    let (issuer, token) = (&expected.issuer, &body.id_token);
    let verified = match &custom {
        Some(custom) => custom.verify(service, issuer, token).await,
        None => issuers.verify(issuer, token).await,
    };
    let token = verified.map_err(|why| {
        tracing::info!(why, provider = expected.provider, "an ID token is refused");
        Error::OAuth(INVALID, "Bad ID token".into())
    })?;
    check(&expected, &body, &token)?;
    let read = match (&custom, service.providers.named(&expected.provider)) {
        (Some(custom), _) => custom.read_claims(&token.claims),
        (None, Some(provider)) => provider.read_id_token(&token.claims),
        (None, None) => Profile::of_claims(&token.claims),
    };
    let profile = read.ok_or(Error::OAuth(
        INVALID,
        "Missing sub claim in id_token".into(),
    ))?;
    if profile.emails.is_empty() && !expected.email_optional {
        return Err(Error::EmailMissing);
    }
    let journey = Journey::of(service, ask, None);
    let audience = bearer::audience(service, ask);
    let arrival = Arrival {
        provider: &expected.provider,
        profile: &profile,
        audience: &audience,
        journey: &journey,
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let settled = if body.link_identity.unwrap_or_default() {
        let signed = bearer::user(service, ask, &tx).await.map_err(|_| {
            Error::OAuth(
                INVALID,
                "Linking requires a valid user access token in Authorization".into(),
            )
        })?;
        if !service.settings.manual_linking_enabled {
            return Err(Error::LinkingDisabled);
        }
        external::link(service, &tx, &arrival, signed.user.id).await?
    } else {
        external::settle(service, &tx, &arrival).await?
    };
    let tokens = settled.enter(service, tx, ask, "oauth").await?;
    Ok(ok(&tokens))
}

/// The provider in the database that is named, if it is one.
async fn custom(service: &Inner, body: &Body) -> Result<Option<Custom>, Error> {
    if !body.provider.starts_with("custom:") {
        return Ok(None);
    }
    let client = service.pool.get().await?;
    match Chosen::of(service, &client, &body.provider).await? {
        Chosen::Custom(custom) => Ok(Some(*custom)),
        Chosen::Known(_) => Ok(None),
    }
}

fn of_custom(custom: &Custom) -> Result<Expected, Error> {
    let issuer = custom.issuer.clone().filter(|_| custom.is_oidc());
    let issuer = issuer.ok_or_else(|| {
        Error::validation(format!(
            "Custom OIDC provider \"{}\" not allowed",
            custom.identifier
        ))
    })?;
    Ok(Expected {
        provider: custom.identifier.clone(),
        issuer,
        audiences: custom.audiences(),
        skip_nonce: custom.skip_nonce,
        email_optional: custom.email_optional,
    })
}

fn expected(service: &Inner, body: &Body) -> Result<Expected, Error> {
    const NAMES: [&str; 6] = ["apple", "google", "azure", "facebook", "keycloak", "kakao"];
    let named = body.provider.to_ascii_lowercase();
    let provider = service
        .providers
        .named(&named)
        .filter(|_| NAMES.contains(&named.as_str()));
    let by_issuer = || {
        NAMES
            .iter()
            .filter_map(|name| service.providers.named(name))
            .find(|provider| !body.issuer.is_empty() && provider.issuer() == *body.issuer)
    };
    let found = if body.provider.is_empty() {
        by_issuer()
    } else {
        provider
    };
    let Some(provider) = found else {
        let allowed = service
            .settings
            .allowed_id_token_issuers
            .iter()
            .any(|issuer| *issuer == *body.issuer);
        if !allowed || body.issuer.is_empty() {
            return Err(Error::validation(format!(
                "Custom OIDC provider \"{}\" not allowed",
                &*body.provider
            )));
        }
        return Ok(Expected {
            provider: body.issuer.0.clone(),
            issuer: body.issuer.0.clone(),
            audiences: vec![body.client_id.0.clone()],
            skip_nonce: false,
            email_optional: false,
        });
    };
    let issuer = provider.issuer_of(&body.id_token);
    if !provider.config.enabled {
        return Err(Error::IssuerDisabled(issuer));
    }
    let mut audiences = provider.config.client_id.clone();
    if provider.name() == "apple" && !service.settings.ios_bundle_id.is_empty() {
        audiences.push(service.settings.ios_bundle_id.clone());
    }
    Ok(Expected {
        provider: provider.name().to_owned(),
        issuer,
        audiences,
        skip_nonce: provider.config.skip_nonce_check || provider.name() == "facebook",
        email_optional: provider.config.email_optional,
    })
}

fn check(expected: &Expected, body: &Body, token: &IdToken) -> Result<(), Error> {
    let text = |name: &str| token.claims[name].as_str().unwrap_or_default();
    if text("sub").is_empty() {
        return Err(Error::OAuth(
            INVALID,
            "Missing sub claim in id_token".into(),
        ));
    }
    let good = |aud: &String| !aud.is_empty() && expected.audiences.contains(aud);
    if !token.audiences.iter().any(good) {
        let shown = token.audiences.join(" ");
        return Err(Error::OAuth(
            INVALID,
            format!("Unacceptable audience in id_token: [{shown}]"),
        ));
    }
    if !expected.skip_nonce {
        let nonce = text("nonce");
        if nonce.is_empty() != body.nonce.is_empty() {
            let message = "Passed nonce and nonce in id_token should either both exist or not.";
            return Err(Error::OAuth(INVALID, message.into()));
        }
        if !nonce.is_empty() && hex::encode(Sha256::digest(body.nonce.as_bytes())) != nonce {
            return Err(Error::OAuth("invalid nonce", "Nonces mismatch".into()));
        }
    }
    if let (Some(access), hash) = (body.access_token.filled(), text("at_hash"))
        && !hash.is_empty()
    {
        use base64::Engine as _;
        let digest = Sha256::digest(access.as_bytes());
        let half = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest[..16]);
        if half != hash {
            return Err(Error::OAuth(INVALID, "Bad ID token".into()));
        }
    }
    Ok(())
}
