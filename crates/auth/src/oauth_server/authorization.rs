//! Requests of applications to sign somebody in.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::{SCOPES, has_scope};
use crate::pkce::Challenge;
use crate::service::Inner;
use crate::{Error, db, pkce};

/// What an application asks for, as it is sent.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    pub(crate) response_type: String,
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) challenge: String,
    pub(crate) challenge_method: String,
    pub(crate) resource: String,
    pub(crate) nonce: String,
}

const LONGEST_STATE: usize = 4096;
const LONGEST_RESOURCE: usize = 2048;
const LONGEST_NONCE: usize = 255;

impl Wish {
    /// The scopes and the challenge, or what is wrong, for the application.
    pub(crate) fn check(&self, usual: &str) -> Result<(String, Challenge), String> {
        if !matches!(self.response_type.as_str(), "" | "code") {
            return Err("Only response_type=code is supported".into());
        }
        let challenge = pkce::read(&self.challenge_method, &self.challenge)
            .map_err(|error| error.to_string())?
            .ok_or("PKCE flow requires both code_challenge and code_challenge_method")?;
        let asked = if self.scope.trim().is_empty() {
            usual
        } else {
            &self.scope
        };
        let mut scopes: Vec<&str> = Vec::new();
        for scope in asked.split_whitespace() {
            if !SCOPES.contains(&scope) {
                return Err(format!("Unsupported scope: {scope}"));
            }
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if self.state.chars().count() > LONGEST_STATE {
            return Err("state is too long".into());
        }
        if self.nonce.chars().count() > LONGEST_NONCE {
            return Err("nonce is too long".into());
        }
        // RFC 8707
        let absolute = |text: &str| {
            url::Url::parse(text).is_ok_and(|url| url.fragment().is_none() && url.has_host())
        };
        let resource = &self.resource;
        if !resource.is_empty() && (resource.len() > LONGEST_RESOURCE || !absolute(resource)) {
            return Err("resource must be an absolute URI without a fragment".into());
        }
        Ok((scopes.join(" "), challenge))
    }
}

/// A request that was written down.
#[derive(Debug)]
pub(crate) struct Authorization {
    id: Uuid,
    pub(crate) client: Uuid,
    pub(crate) user: Option<Uuid>,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) state: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) nonce: Option<String>,
    challenge: Option<String>,
    method: Option<String>,
    status: String,
    expires: DateTime<Utc>,
    approved: Option<DateTime<Utc>>,
}

impl Authorization {
    /// Writes a request down; the id by which the application's page speaks of it.
    pub(crate) async fn begin(
        service: &Inner,
        client: &impl GenericClient,
        application: Uuid,
        redirect_uri: &str,
        wish: &Wish,
        (scope, challenge): (&str, &Challenge),
    ) -> Result<String, Error> {
        let (id, name, now) = (
            service.random.uuid(),
            service.random.token(24),
            service.now(),
        );
        let ttl = chrono::TimeDelta::from_std(service.settings.oauth_server_authorization_ttl);
        let expires = ttl
            .ok()
            .and_then(|ttl| now.checked_add_signed(ttl))
            .unwrap_or(now);
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let sql = include_str!("../sql/insert_authorization.sql");
        db::run(
            client,
            sql,
            &[
                &id,
                &name,
                &application,
                &redirect_uri,
                &scope,
                &some(&wish.state),
                &some(&wish.resource),
                &challenge.text,
                &challenge.method.name(),
                &some(&wish.nonce),
                &now,
                &expires,
            ],
        )
        .await?;
        Ok(name)
    }

    /// The request of a name, held until the transaction ends.
    pub(crate) async fn named(
        client: &impl GenericClient,
        name: &str,
    ) -> Result<Option<Self>, Error> {
        Self::one(client, include_str!("../sql/authorization.sql"), name).await
    }

    /// The approved request of a code, used or not, held until the transaction ends.
    pub(crate) async fn of_code(
        client: &impl GenericClient,
        code: &str,
    ) -> Result<Option<Self>, Error> {
        Self::one(
            client,
            include_str!("../sql/authorization_of_code.sql"),
            code,
        )
        .await
    }

    async fn one(
        client: &impl GenericClient,
        sql: &str,
        text: &str,
    ) -> Result<Option<Self>, Error> {
        let Some(row) = db::first(client, sql, &[&text]).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: row.try_get("id")?,
            client: row.try_get("client_id")?,
            user: row.try_get("user_id")?,
            redirect_uri: row.try_get("redirect_uri")?,
            scope: row.try_get("scope")?,
            state: row.try_get("state")?,
            resource: row.try_get("resource")?,
            nonce: row.try_get("nonce")?,
            challenge: row.try_get("code_challenge")?,
            method: row.try_get("code_challenge_method")?,
            status: row.try_get("status")?,
            expires: row.try_get("expires_at")?,
            approved: row.try_get("approved_at")?,
        }))
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.status == "pending"
    }

    pub(crate) fn is_over(&self, now: DateTime<Utc>) -> bool {
        now > self.expires
    }

    pub(crate) fn fits(&self, verifier: &str) -> bool {
        let challenge = self.challenge.as_deref().unwrap_or_default();
        pkce::fits(self.method.as_deref(), challenge, verifier)
    }

    /// From now on it is this user's.
    pub(crate) async fn bind(&self, client: &impl GenericClient, user: Uuid) -> Result<(), Error> {
        db::run(
            client,
            include_str!("../sql/bind_authorization.sql"),
            &[&self.id, &user],
        )
        .await?;
        Ok(())
    }

    /// It was said yes; the code for the application.
    pub(crate) async fn approve(
        &self,
        service: &Inner,
        client: &impl GenericClient,
    ) -> Result<String, Error> {
        let code = service.random.token(32);
        let sql = include_str!("../sql/approve_authorization.sql");
        db::run(client, sql, &[&self.id, &code, &service.now()]).await?;
        Ok(code)
    }

    /// It was said no.
    pub(crate) async fn deny(&self, client: &impl GenericClient) -> Result<(), Error> {
        db::run(
            client,
            include_str!("../sql/deny_authorization.sql"),
            &[&self.id],
        )
        .await?;
        Ok(())
    }

    /// Whether its code was used already.
    pub(crate) fn is_spent(&self) -> bool {
        self.status == "expired"
    }

    /// Its code was used: it cannot be used again, and it is remembered for a day that it was.
    pub(crate) async fn spend(&self, client: &impl GenericClient) -> Result<(), Error> {
        db::run(
            client,
            include_str!("../sql/spend_authorization.sql"),
            &[&self.id],
        )
        .await?;
        Ok(())
    }

    /// Somebody has a code that was used: what was got by it is taken back, for one of the two is a thief.
    pub(crate) async fn take_back(&self, client: &impl GenericClient) -> Result<(), Error> {
        let sql = include_str!("../sql/take_back_sessions.sql");
        db::run(client, sql, &[&self.user, &self.client, &self.approved]).await?;
        self.forget(client).await
    }

    /// It is no good any more.
    pub(crate) async fn forget(&self, client: &impl GenericClient) -> Result<(), Error> {
        db::run(
            client,
            include_str!("../sql/delete_authorization.sql"),
            &[&self.id],
        )
        .await?;
        Ok(())
    }
}

/// Whether a user has agreed to all of these scopes of a client before.
pub(crate) async fn covers(
    client: &impl GenericClient,
    user: Uuid,
    application: Uuid,
    scopes: &str,
) -> Result<bool, Error> {
    let sql = include_str!("../sql/consent.sql");
    let Some(row) = db::first(client, sql, &[&user, &application]).await? else {
        return Ok(false);
    };
    let agreed: String = row.try_get(0)?;
    Ok(scopes.split(' ').all(|scope| has_scope(&agreed, scope)))
}

/// Notes that a user agrees to scopes of a client, besides those that were agreed to before.
pub(crate) async fn grant(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
    application: Uuid,
    scopes: &str,
) -> Result<(), Error> {
    let old = db::first(
        client,
        include_str!("../sql/consent.sql"),
        &[&user, &application],
    )
    .await?;
    let mut all = match old {
        Some(row) => row.try_get::<_, String>(0)?,
        None => String::new(),
    };
    for scope in scopes.split(' ').filter(|scope| !scope.is_empty()) {
        if !has_scope(&all, scope) {
            if !all.is_empty() {
                all.push(' ');
            }
            all.push_str(scope);
        }
    }
    let (id, now) = (service.random.uuid(), service.now());
    let sql = include_str!("../sql/put_consent.sql");
    db::run(client, sql, &[&id, &user, &application, &all, &now]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish {
            response_type: "code".into(),
            challenge: "a".repeat(43),
            challenge_method: "S256".into(),
            ..Wish::default()
        }
    }

    #[test]
    fn a_wish_follows_the_rules() {
        // AUTH-OSRV-01
        assert_eq!(wish().check("email").unwrap().0, "email");
        let with = |change: fn(&mut Wish)| {
            let mut wish = wish();
            change(&mut wish);
            wish.check("email").map(|(scope, _)| scope)
        };
        assert_eq!(
            with(|wish| wish.scope = "openid  email openid".into()).unwrap(),
            "openid email"
        );
        let wrong: [fn(&mut Wish); 8] = [
            |wish| wish.response_type = "token".into(),
            |wish| wish.challenge.clear(),
            |wish| {
                wish.challenge.clear();
                wish.challenge_method.clear();
            },
            |wish| wish.scope = "openid admin".into(),
            |wish| wish.state = "x".repeat(4097),
            |wish| wish.nonce = "x".repeat(256),
            |wish| wish.resource = "nowhere".into(),
            |wish| wish.resource = "https://a.b/c#d".into(),
        ];
        for change in wrong {
            assert!(with(change).is_err());
        }
    }
}
