//! MIG-ART-06: the environment's block and the service for Compose. Keys by reference, never by value.

use super::{Artefact, Options};

pub(super) fn environment(options: &Options) -> Artefact {
    Artefact {
        path: ".env.supabase.example".into(),
        text: include_str!("templates/environment").replace("{api_url}", &options.api_url),
        executable: false,
    }
}

pub(super) fn overlay(options: &Options) -> Artefact {
    let legacy = options.legacy_service.as_ref().map_or_else(String::new, |name| {
        format!(
            "\n  # The old database, untouched: only its published port makes room.\n  {name}:\n    ports: !override\n      - \"5433:5432\"\n"
        )
    });
    Artefact {
        path: "docker-compose.override.yml".into(),
        text: include_str!("templates/compose.yml").replace("{legacy}", &legacy),
        executable: false,
    }
}

/// The service in a Compose file that runs the old database: the first whose image is PostgreSQL's.
pub fn legacy_service(compose: &str) -> Option<String> {
    let mut service: Option<(usize, &str)> = None;
    let mut inside = false;
    for line in compose.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let text = text.trim_end();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if indent == 0 {
            inside = text == "services:";
            service = None;
            continue;
        }
        if !inside {
            continue;
        }
        // The first indented line tells how deep services stand.
        let depth = service.map_or(indent, |(depth, _)| depth);
        if indent == depth
            && let Some(name) = text.strip_suffix(':')
        {
            service = Some((depth, name.trim_matches(['"', '\''])));
        } else if let (Some((_, name)), Some(image)) = (service, text.strip_prefix("image:")) {
            let image = image.trim().trim_matches(['"', '\'']);
            let last = image.rsplit('/').next().unwrap_or(image);
            let base = last.split([':', '@']).next().unwrap_or(last);
            if [
                "postgres",
                "postgresql",
                "postgis",
                "timescaledb",
                "pgvector",
            ]
            .contains(&base)
            {
                return Some(name.to_owned());
            }
        }
    }
    None
}
