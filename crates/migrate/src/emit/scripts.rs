//! MIG-ART-05: the shell scripts, thin around the program.

use super::Artefact;

pub(super) fn all() -> Vec<Artefact> {
    let script = |name: &str, text: &str| Artefact {
        path: std::path::Path::new("scripts").join(name),
        text: text.to_owned(),
        executable: true,
    };
    vec![
        script(
            "generate-jwt-keys.sh",
            include_str!("templates/generate-jwt-keys.sh"),
        ),
        script(
            "migrate_users_to_supabase.sh",
            include_str!("templates/migrate_users_to_supabase.sh"),
        ),
        script(
            "test_migration.sh",
            include_str!("templates/test_migration.sh"),
        ),
    ]
}
