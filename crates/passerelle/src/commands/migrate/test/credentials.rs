//! The accounts to sign in with, and where their passwords come from.

use base::Secret;
use settings::Settings;

use super::flags;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

/// `--email` with TEST_PASSWORD, or a private file with `address password` a line.
pub(super) fn read(
    flags: &flags::Test,
    settings: &Settings,
) -> Result<Vec<(String, Secret)>, Failure> {
    let mut all = Vec::new();
    if let (Some(email), Some(password)) = (&flags.email, &settings.migrate.test_password) {
        all.push((email.clone(), password.clone()));
    }
    if let Some(path) = &flags.credentials {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)
            .map_err(|error| Failure::file(path, &error))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            let path = path.display().to_string();
            let remedy = format!("chmod 600 {path}");
            return Err(Failure::tell(
                ExitCode::Secrets,
                Message::OpenCredentials { path },
                remedy,
            )
            .named("open_credentials"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        for line in text
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        {
            if let Some((email, password)) = line.trim_end().split_once([' ', '\t', ':']) {
                all.push((email.to_owned(), Secret::new(password.trim_start())));
            }
        }
    }
    Ok(all)
}
