//! The project's own tooling: `cargo xtask <task>`.
#![expect(
    clippy::print_stdout,
    reason = "a task speaks to the person who runs it"
)]

mod bench;
mod floors;
mod insight;
mod reference;
mod run;
mod test;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask <task>

  test [filter]   install what the tests need, then run every test of the workspace
  bench [name]    start, rest, login, realtime, migrate: measure the release binary beside its yardsticks;
                  --quick shortens it, to see that it works
  insight …       fill an empty database with the legacy application: url, A or B, S M or L, seed
  floors          check that every arrow between crates points down
  reference       write docs/reference/settings.md from the code
  lint            rustfmt, clippy with warnings as errors, floors
";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["bench", names @ ..] => bench::run(names),
        ["insight", rest @ ..] => insight::generate(rest),
        ["floors"] => floors::check(),
        ["reference"] => reference::write(),
        ["lint"] => {
            run::cargo(&["fmt", "--all", "--check"])?;
            floors::check()?;
            run::cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ])
        }
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        [other, ..] => bail!("`{other}` is not a task\n\n{HELP}"),
    }
}
