//! Why somebody is not found, or cannot sign in (MIG-DOC-02, MIG-DOC-05).

use settings::Settings;
use tokio_postgres::{Client, Error, Row};

use crate::findings::Finding;
use crate::messages::Message;

/// A dry run unless told otherwise, as in the seed.
const IMPORT: &str = "DRY_RUN=false passerelle migrate users";

pub(super) async fn find(
    client: &Client,
    settings: &Settings,
    who: &str,
) -> Result<Vec<Finding>, Error> {
    let rows = client
        .query(include_str!("../../sql/doctor_user.sql"), &[&who])
        .await?;
    let Some(row) = rows.first() else {
        return missing(client, who).await;
    };
    let mut found = account(settings, row, who);
    found.extend(unmapped(client, row, who).await?);
    if rows.len() > 1 {
        let message = Message::SeveralUsers {
            who: who.to_owned(),
            count: rows.len().to_string(),
        };
        found.push(Finding::new("user_twice", message, Message::NameById).likely());
    }
    if found.is_empty() {
        let message = Message::UserIsFine {
            who: who.to_owned(),
            id: row.get("id"),
        };
        found.push(Finding::new("user_password", message, Message::ResetPassword).likely());
    }
    Ok(found)
}

/// Came with a migration, and its table of ids no longer knows them.
async fn unmapped(client: &Client, row: &Row, who: &str) -> Result<Option<Finding>, Error> {
    let Some(legacy) = row.get::<_, Option<String>>("legacy_id") else {
        return Ok(None);
    };
    let there = "select to_regclass('public.user_id_mapping') is not null";
    if !client.query_one(there, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let id: String = row.get("id");
    let known =
        "select exists (select from public.user_id_mapping where supabase_user_id::text = $1)";
    if client.query_one(known, &[&id]).await?.get(0) {
        return Ok(None);
    }
    let who = who.to_owned();
    let message = Message::NotMapped { who, legacy, id };
    Ok(Some(Finding::new("user_not_mapped", message, IMPORT)))
}

/// Not in the target: known to the migration, or under an address that is nearly the same?
async fn missing(client: &Client, who: &str) -> Result<Vec<Finding>, Error> {
    let who_shown = who.to_owned();
    let mapped = client
        .query_one(
            "select to_regclass('public.user_id_mapping') is not null",
            &[],
        )
        .await?;
    if mapped.get::<_, bool>(0) {
        let row = client
            .query_opt(include_str!("../../sql/doctor_mapping.sql"), &[&who])
            .await?;
        let Some(row) = row else {
            let message = Message::NeverImported { who: who_shown };
            return Ok(vec![Finding::new("user_never_imported", message, IMPORT)]);
        };
        let (id, email): (String, String) = (row.get(0), row.get(1));
        let known: bool = row.get(2);
        if known {
            let message = Message::ImportedAs {
                who: who_shown,
                email,
                id,
            };
            return Ok(vec![Finding::new(
                "user_other_address",
                message,
                Message::SignInAs,
            )]);
        }
        let message = Message::MappedNotMade { who: who_shown, id };
        return Ok(vec![Finding::new("user_mapped_not_made", message, IMPORT)]);
    }
    let finding = Finding::new(
        "user_not_found",
        Message::UserNotFound { who: who_shown },
        Message::SignUpOrImport,
    );
    let near = client
        .query(include_str!("../../sql/doctor_near.sql"), &[])
        .await?;
    let near = near.iter().map(|row| row.get::<_, String>(0));
    let near = near
        .filter(|email| super::tables::distance(email, &who.to_lowercase()) <= 2)
        .take(3);
    Ok(vec![near.fold(finding, |finding, email| {
        finding.because(Message::DidYouMean { name: email })
    })])
}

fn account(settings: &Settings, row: &Row, who: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let who = || who.to_owned();
    let flag = |name: &str| row.get::<_, bool>(name);
    let by_email = row.get::<_, Option<String>>("email").is_some();
    if flag("deleted") {
        found.push(Finding::new(
            "user_deleted",
            Message::UserDeleted { who: who() },
            Message::SignUpOrImport,
        ));
    }
    if flag("banned") {
        let until: String = row.get("banned_until");
        let message = Message::UserBanned { who: who(), until };
        found.push(Finding::new("user_banned", message, Message::LiftBan));
    }
    if !flag("confirmed") && !settings.auth.email_autoconfirm {
        found.push(Finding::new(
            "user_unconfirmed",
            Message::UserUnconfirmed { who: who() },
            Message::ConfirmUser,
        ));
    }
    if !flag("has_identity") && !flag("is_anonymous") {
        let message = Message::UserWithoutIdentity { who: who() };
        found.push(Finding::new(
            "user_without_identity",
            message,
            Message::ImportAgain,
        ));
    }
    if by_email && !settings.auth.email_enabled {
        found.push(Finding::new(
            "provider_disabled",
            Message::EmailDisabled,
            "ENABLE_EMAIL_SIGNUP=true",
        ));
    }
    if flag("is_sso") {
        found.push(Finding::new(
            "user_sso",
            Message::UserSso { who: who() },
            Message::SignInBySso,
        ));
    } else {
        found.extend(password(
            &row.get::<_, Option<String>>("hash").unwrap_or_default(),
            &who(),
        ));
    }
    found
}

/// What its class says of a stored password; the hash itself is shown nowhere.
fn password(hash: &str, who: &str) -> Option<Finding> {
    let who = who.to_owned();
    if hash.is_empty() {
        return Some(Finding::new(
            "password_none",
            Message::PasswordNone { who },
            Message::ResetPassword,
        ));
    }
    if hash.trim() != hash {
        return Some(Finding::new(
            "password_blanks",
            Message::PasswordBlanks { who },
            IMPORT,
        ));
    }
    let bcrypt = hash.starts_with("$2") && hash.len() == 60;
    let argon = hash.starts_with("$argon2id$v=19$") || hash.starts_with("$argon2i$v=19$");
    if bcrypt || argon || hash.starts_with("$fbscrypt$") {
        return None;
    }
    let class = hash
        .trim_start_matches('$')
        .split('$')
        .next()
        .unwrap_or_default();
    let class = if hash.starts_with('$') && class.len() < 20 {
        class.to_owned()
    } else {
        "?".to_owned()
    };
    let length = hash.len().to_string();
    let message = Message::PasswordClass { who, class, length };
    Some(Finding::new(
        "password_class",
        message,
        Message::ResetPassword,
    ))
}

#[cfg(test)]
mod tests {
    use super::password;

    // MIG-DOC-05: hash classes that cannot be verified are named; those that can are not.
    #[test]
    fn a_hash_is_judged_by_its_class() {
        let code = |hash: &str| password(hash, "ada").map(|finding| finding.code);
        let bcrypt = format!("$2b$10${}", "a".repeat(53));
        assert_eq!(code(&bcrypt), None);
        assert_eq!(code("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"), None);
        assert_eq!(code(""), Some("password_none"));
        assert_eq!(code(&format!("{bcrypt}\n")), Some("password_blanks"));
        assert_eq!(code(&bcrypt[..59]), Some("password_class"));
        assert_eq!(code("$1$salt$md5"), Some("password_class"));
        assert_eq!(
            code("5f4dcc3b5aa765d61d8327deb882cf99"),
            Some("password_class")
        );
    }
}
