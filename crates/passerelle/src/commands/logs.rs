//! `logs`: the program's log file, whole or as it grows.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use super::Context;
use crate::cli::Logs;
use crate::exit::{ExitCode, Failure};

pub(crate) fn run(context: &Context, flags: &Logs) -> Result<ExitCode, Failure> {
    let data_dir = context.data_dir()?;
    let name = if flags.service.as_deref() == Some("postgres") {
        "postgres.log"
    } else {
        "passerelle.log"
    };
    let path = data_dir.join("logs").join(name);
    let file = std::fs::File::open(&path).map_err(|error| {
        Failure::new(
            ExitCode::Preflight,
            format_args!("{}: {error}", path.display()),
            "passerelle up",
        )
    })?;
    let wanted = flags
        .service
        .as_deref()
        .filter(|service| *service != "postgres");
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).map_err(Failure::internal)? == 0 {
            if !flags.follow {
                return Ok(ExitCode::Success);
            }
            std::thread::sleep(Duration::from_millis(200));
            continue;
        }
        if wanted.is_none_or(|service| speaks_of(&line, service)) {
            context.out.result(line.trim_end());
        }
    }
}

/// A line is a service's when its crate wrote it or the access log names it.
fn speaks_of(line: &str, service: &str) -> bool {
    [
        format!(" {service}::"),
        format!(" {service}:"),
        format!("service=\"{service}\""),
        format!("\"{service}\""),
    ]
    .iter()
    .any(|mark| line.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::speaks_of;

    #[test]
    fn a_line_belongs_to_the_service_that_wrote_it() {
        assert!(speaks_of("2026 WARN storage::sweep: found", "storage"));
        assert!(speaks_of(
            "2026 INFO access: request service=\"rest\" path=/rest/v1/t",
            "rest"
        ));
        assert!(!speaks_of("2026 WARN auth::token: x", "storage"));
    }
}
