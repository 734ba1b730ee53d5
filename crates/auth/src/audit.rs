//! The audit log.

use deadpool_postgres::GenericClient;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::service::Inner;
use crate::user::User;
use crate::{Error, db};

/// What is noted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Login,
    Logout,
    UserSignedUp,
    UserRepeatedSignup,
    UserConfirmationRequested,
    UserRecoveryRequested,
    UserReauthenticateRequested,
    UserInvited,
    InviteAccepted,
    FactorInProgress,
    FactorUnenrolled,
    FactorDeleted,
    FactorUpdated,
    ChallengeCreated,
    VerificationAttempted,
    IdentityLinked,
    IdentityUnlinked,
    UserModified,
    UserUpdatedPassword,
    UserDeleted,
    TokenRefreshed,
    TokenRevoked,
}

impl Action {
    /// Its name and the type of the log.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Login => ("login", "account"),
            Self::Logout => ("logout", "account"),
            Self::UserSignedUp => ("user_signedup", "team"),
            Self::UserDeleted => ("user_deleted", "team"),
            Self::UserRepeatedSignup => ("user_repeated_signup", "user"),
            Self::UserConfirmationRequested => ("user_confirmation_requested", "user"),
            Self::UserRecoveryRequested => ("user_recovery_requested", "user"),
            Self::UserReauthenticateRequested => ("user_reauthenticate_requested", "user"),
            Self::UserInvited => ("user_invited", "team"),
            Self::FactorInProgress => ("factor_in_progress", "factor"),
            Self::FactorUnenrolled => ("factor_unenrolled", "factor"),
            Self::FactorDeleted => ("factor_deleted", "factor"),
            Self::FactorUpdated => ("factor_updated", "factor"),
            Self::ChallengeCreated => ("challenge_created", "factor"),
            Self::VerificationAttempted => ("verification_attempted", "factor"),
            Self::IdentityLinked => ("identity_linked", "user"),
            Self::IdentityUnlinked => ("identity_unlinked", "user"),
            Self::InviteAccepted => ("invite_accepted", "account"),
            Self::UserModified => ("user_modified", "user"),
            Self::UserUpdatedPassword => ("user_updated_password", "user"),
            Self::TokenRefreshed => ("token_refreshed", "token"),
            Self::TokenRevoked => ("token_revoked", "token"),
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Actor<'a> {
    User(&'a User),
    /// An admin, by the role of the token.
    Role(&'a str),
}

/// Writes a row, in the transaction of what it is about.
pub(crate) async fn write(
    service: &Inner,
    client: &impl GenericClient,
    actor: Actor<'_>,
    action: Action,
    traits: Option<Value>,
) -> Result<(), Error> {
    let (name, log_type) = action.names();
    let mut payload = match actor {
        Actor::User(user) => {
            let username = if user.phone.is_empty() {
                &user.email
            } else {
                &user.phone
            };
            let mut payload = json!({
                "action": name,
                "actor_id": user.id,
                "actor_username": username,
                "actor_via_sso": user.is_sso,
                "log_type": log_type,
            });
            if let Some(Value::String(full_name)) = user.user_metadata.get("full_name") {
                payload["actor_name"] = json!(full_name);
            }
            payload
        }
        Actor::Role(role) => json!({
            "action": name,
            "actor_id": Uuid::nil(),
            "actor_username": role,
            "actor_via_sso": false,
            "log_type": log_type,
        }),
    };
    if let Some(traits) = traits {
        payload["traits"] = traits;
    }
    tracing::info!(action = name, actor = %payload["actor_id"], "audit");
    if service.settings.audit_log_disable_postgres {
        return Ok(());
    }
    let (id, now) = (service.random.uuid(), service.now());
    db::run(
        client,
        include_str!("sql/insert_audit.sql"),
        &[&id, &payload, &now],
    )
    .await?;
    Ok(())
}
