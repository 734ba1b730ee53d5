//! What the columns of a users table are, by name, type and constraints.

use crate::inventory::{Column, Table};

use super::words::{snake, words};
use super::{ActiveColumn, Confirmed, IdType, UserColumns};

const EMAIL: [&str; 13] = [
    "email",
    "e_mail",
    "email_address",
    "mail",
    "user_email",
    "primary_email",
    "login_email",
    "courriel",
    "adresse_email",
    "adresse_mail",
    "correo",
    "correo_electronico",
    "emailaddress",
];
const USERNAME: [&str; 14] = [
    "username",
    "user_name",
    "login",
    "login_name",
    "user_login",
    "nickname",
    "nick",
    "handle",
    "screen_name",
    "pseudo",
    "identifiant",
    "benutzername",
    "usuario",
    "account_name",
];
const PHONE: [&str; 12] = [
    "phone",
    "phone_number",
    "mobile",
    "mobile_phone",
    "mobile_number",
    "telephone",
    "tel",
    "cell",
    "cell_phone",
    "msisdn",
    "phonenumber",
    "telefono",
];
const PASSWORD: [&str; 27] = [
    "password_hash",
    "hashed_password",
    "encrypted_password",
    "password_digest",
    "passwordhash",
    "hashedpassword",
    "password_encrypted",
    "crypted_password",
    "pwd_hash",
    "pw_hash",
    "pass_hash",
    "passhash",
    "password_bcrypt",
    "hash_password",
    "user_password",
    "user_pass",
    "password",
    "passwd",
    "pass",
    "pwd",
    "passwort",
    "kennwort",
    "mot_de_passe",
    "motdepasse",
    "mdp",
    "contrasena",
    "hash",
];
const CONFIRMED_FLAG: [&str; 13] = [
    "email_verified",
    "email_confirmed",
    "is_email_verified",
    "is_email_confirmed",
    "email_is_verified",
    "is_verified",
    "verified",
    "is_confirmed",
    "confirmed",
    "mail_verified",
    "validated_email",
    "email_validated",
    "emailverified",
];
const CONFIRMED_TIME: [&str; 9] = [
    "email_confirmed_at",
    "email_verified_at",
    "email_verified",
    "confirmed_at",
    "verified_at",
    "email_validated_at",
    "activated_at",
    "email_confirmed_on",
    "verified_on",
];
const ACTIVE: [&str; 9] = [
    "is_active",
    "active",
    "enabled",
    "is_enabled",
    "actif",
    "est_actif",
    "activo",
    "aktiv",
    "isactive",
];
const INACTIVE: [&str; 20] = [
    "is_banned",
    "banned",
    "is_disabled",
    "disabled",
    "is_blocked",
    "blocked",
    "is_suspended",
    "suspended",
    "is_locked",
    "locked",
    "deactivated",
    "is_deactivated",
    "inactive",
    "is_inactive",
    "archived",
    "is_archived",
    "account_locked",
    "bloque",
    "gesperrt",
    "is_deleted",
];
const DELETED: [&str; 7] = [
    "deleted_at",
    "deleted_on",
    "removed_at",
    "discarded_at",
    "deletion_date",
    "date_deleted",
    "supprime_le",
];
const ROLE: [&str; 22] = [
    "role",
    "user_role",
    "roles",
    "role_name",
    "account_role",
    "app_role",
    "is_admin",
    "admin",
    "is_superuser",
    "superuser",
    "is_super_admin",
    "is_staff",
    "role_id",
    "user_role_id",
    "user_type",
    "account_type",
    "user_level",
    "access_level",
    "level",
    "privilege",
    "rolle",
    "rol",
];
const FULL_NAME: [&str; 10] = [
    "full_name",
    "fullname",
    "display_name",
    "displayname",
    "real_name",
    "complete_name",
    "nom_complet",
    "name",
    "person_name",
    "nombre_completo",
];
const GIVEN: [&str; 9] = [
    "first_name",
    "firstname",
    "given_name",
    "forename",
    "prenom",
    "vorname",
    "nombre",
    "fname",
    "givenname",
];
const MIDDLE: [&str; 3] = ["middle_name", "middlename", "middle_initial"];
const FAMILY: [&str; 11] = [
    "last_name",
    "lastname",
    "surname",
    "family_name",
    "nom",
    "nom_famille",
    "nachname",
    "apellido",
    "apellidos",
    "lname",
    "familyname",
];
const AVATAR: [&str; 14] = [
    "avatar_url",
    "avatar",
    "picture",
    "photo",
    "photo_url",
    "image_url",
    "image",
    "profile_picture",
    "profile_image",
    "profile_photo",
    "profile_image_url",
    "picture_url",
    "avatar_file_name",
    "profile_pic",
];
const LOCALE: [&str; 9] = [
    "locale",
    "language",
    "lang",
    "preferred_language",
    "language_code",
    "preferred_locale",
    "langue",
    "idioma",
    "sprache",
];
const CREATED: [&str; 15] = [
    "created_at",
    "created",
    "created_on",
    "created_date",
    "creation_date",
    "date_created",
    "createdat",
    "inserted_at",
    "date_joined",
    "joined_at",
    "registered_at",
    "registration_date",
    "signup_date",
    "date_creation",
    "cree_le",
];
const UPDATED: [&str; 11] = [
    "updated_at",
    "updated",
    "updated_on",
    "modified_at",
    "modified",
    "last_modified",
    "last_updated",
    "date_modified",
    "updatedat",
    "changed_at",
    "modifie_le",
];
const LAST_SIGN_IN: [&str; 14] = [
    "last_sign_in_at",
    "last_sign_in",
    "last_login_at",
    "last_login",
    "lastlogin",
    "last_signin_at",
    "last_logged_in_at",
    "last_logged_in",
    "current_sign_in_at",
    "last_authenticated_at",
    "derniere_connexion",
    "last_login_date",
    "last_seen_at",
    "last_seen",
];
const TENANT: [&str; 14] = [
    "tenant_id",
    "tenant",
    "organization_id",
    "organisation_id",
    "org_id",
    "company_id",
    "workspace_id",
    "team_id",
    "customer_account_id",
    "current_organization_id",
    "organization",
    "company",
    "current_team_id",
    "entreprise_id",
];

/// Words that make of a password column, or of any text, a secret beside the password.
const SECRET: [&str; 18] = [
    "token",
    "tokens",
    "secret",
    "secrets",
    "salt",
    "otp",
    "totp",
    "mfa",
    "apikey",
    "backup",
    "recovery",
    "pin",
    "nonce",
    "answer",
    "answers",
    "pepper",
    "credential",
    "webauthn",
];
/// Words that a column's name may have without being a second credential.
const ABOUT_PASSWORDS: [&str; 14] = [
    "reset",
    "changed",
    "at",
    "expires",
    "expired",
    "updated",
    "hint",
    "question",
    "attempts",
    "algorithm",
    "count",
    "set",
    "date",
    "required",
];

/// What the columns of `table` are, as far as names and types say; none without a one-column key.
pub(super) fn recognize(table: &Table) -> Option<UserColumns> {
    let id = key(table)?;
    let find = |names: &[&str], fits: fn(&Column) -> bool| {
        names.iter().find_map(|name| {
            table
                .columns
                .iter()
                .find(|column| fits(column) && column.name != id && snake(&column.name) == *name)
                .map(|column| column.name.clone())
        })
    };
    let full_name = find(&FULL_NAME[..7], is_text).map_or_else(
        || {
            let parts = [&GIVEN[..], &MIDDLE[..], &FAMILY[..]];
            let parts: Vec<String> = parts
                .iter()
                .filter_map(|names| find(names, is_text))
                .collect();
            if parts.is_empty() {
                find(&FULL_NAME, is_text).into_iter().collect()
            } else {
                parts
            }
        },
        |column| vec![column],
    );
    let active = |names: &[&str], inverted| {
        find(names, is_flag).map(|column| ActiveColumn { column, inverted })
    };
    let id_type = id_type(table.column(&id)?);
    Some(UserColumns {
        id_type,
        email: find(&EMAIL, is_text),
        email_confirmed: find(&CONFIRMED_FLAG, is_boolean)
            .map(Confirmed::Flag)
            .or_else(|| find(&CONFIRMED_TIME, is_time).map(Confirmed::Time)),
        username: find(&USERNAME, is_text),
        phone: find(&PHONE, |column| is_text(column) || is_whole(column)),
        // Settled by `users`, which may look into values and other tables.
        password: None,
        role: find(&ROLE, |column| {
            !is_time(column) && column.base_type != "bytea"
        }),
        active: active(&ACTIVE, false).or_else(|| active(&INACTIVE, true)),
        deleted_at: find(&DELETED, is_time),
        full_name,
        avatar: find(&AVATAR, is_text),
        locale: find(&LOCALE, is_text),
        created_at: find(&CREATED, |column| is_time(column) || is_whole(column)),
        updated_at: find(&UPDATED, |column| is_time(column) || is_whole(column)),
        last_sign_in: find(&LAST_SIGN_IN, is_time),
        contact: None,
        uuid: table
            .columns
            .iter()
            .find(|column| {
                column.name != id && column.base_type == "uuid" && table.is_unique(&column.name)
            })
            .map(|column| column.name.clone()),
        tenant: find(&TENANT, |column| {
            is_whole(column) || is_text(column) || column.base_type == "uuid"
        }),
        sensitive: sensitive(table),
        id,
    })
}

/// A one-column primary key, else a unique column that is never null and named so.
fn key(table: &Table) -> Option<String> {
    if let Some([id]) = table.primary_key() {
        return Some(id.clone());
    }
    table
        .columns
        .iter()
        .find(|column| {
            column.not_null && table.is_unique(&column.name) && snake(&column.name) == "id"
        })
        .map(|column| column.name.clone())
}

/// The type as the catalog has it; what text holds is settled by looking.
fn id_type(column: &Column) -> IdType {
    match column.base_type.as_str() {
        "int2" => IdType::SmallInt,
        "int4" => IdType::Integer,
        "int8" => IdType::BigInt,
        "numeric" => IdType::Numeric,
        "uuid" => IdType::Uuid,
        _ => IdType::Opaque,
    }
}

/// Columns that are called as passwords are, best name first.
pub(super) fn named_passwords(table: &Table) -> Vec<String> {
    PASSWORD
        .iter()
        .flat_map(|name| {
            table
                .columns
                .iter()
                .filter(move |column| is_text(column) && snake(&column.name) == *name)
        })
        .map(|column| column.name.clone())
        .collect()
}

/// Text columns whose values may be hashes although their name does not say so, traps left out.
pub(super) fn possible_passwords(table: &Table) -> Vec<String> {
    let traps = [
        "key",
        "digest",
        "remember",
        "reset",
        "api",
        "checksum",
        "sha",
        "sha1",
        "sha256",
        "md5",
        "etag",
        "fingerprint",
        "gravatar",
        "avatar",
        "email",
        "ip",
        "file",
        "url",
        "session",
        "confirmation",
        "invitation",
        "unlock",
        "code",
        "reader",
        "old",
        "previous",
        "temp",
        "temporary",
    ];
    table
        .columns
        .iter()
        .filter(|column| is_text(column) && !table.is_unique(&column.name))
        .filter(|column| {
            let words = words(&column.name);
            !words
                .iter()
                .any(|word| traps.contains(&word.as_str()) || SECRET.contains(&word.as_str()))
        })
        .map(|column| column.name.clone())
        .collect()
}

fn sensitive(table: &Table) -> Vec<String> {
    let holds_secrets = |column: &&Column| {
        let holds = is_text(column)
            || matches!(
                column.base_type.as_str(),
                "bytea" | "json" | "jsonb" | "_text" | "_varchar" | "uuid"
            );
        let words = words(&column.name);
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let api_key = words.windows(2).any(|pair| {
            matches!(
                pair[0].as_str(),
                "api" | "private" | "secret" | "encryption"
            ) && pair[1] == "key"
        });
        // A second password such as `feed_reader_password`, but not `password_changed_at`.
        let password = has(&["password", "passwd", "pwd", "passwort"])
            && !PASSWORD.contains(&words.join("_").as_str())
            && !has(&ABOUT_PASSWORDS);
        holds && (has(&SECRET) || api_key || password)
    };
    table
        .columns
        .iter()
        .filter(holds_secrets)
        .map(|column| column.name.clone())
        .collect()
}

pub(super) fn is_text(column: &Column) -> bool {
    matches!(
        column.base_type.as_str(),
        "text" | "varchar" | "bpchar" | "citext" | "name"
    )
}

pub(super) fn is_whole(column: &Column) -> bool {
    matches!(
        column.base_type.as_str(),
        "int2" | "int4" | "int8" | "numeric"
    )
}

fn is_boolean(column: &Column) -> bool {
    column.base_type == "bool"
}

fn is_flag(column: &Column) -> bool {
    matches!(column.base_type.as_str(), "bool" | "int2" | "int4" | "bit")
}

pub(super) fn is_time(column: &Column) -> bool {
    matches!(
        column.base_type.as_str(),
        "timestamp" | "timestamptz" | "date"
    )
}
