//! `completions`, `man`: made from the one definition of the command line.

use std::io::Write as _;

use clap_complete::Shell;

use super::Context;
use crate::exit::ExitCode;
use crate::messages::Language;
use crate::usage;

/// What a shell completes.
pub(crate) fn completions(shell: Shell) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(
        shell,
        &mut usage::command(Language::English),
        "passerelle",
        &mut text,
    );
    to_stdout(&text)
}

/// The manual page, all commands in it.
pub(crate) fn manual(context: &Context) -> ExitCode {
    let mut text = Vec::new();
    let mut command = usage::command(context.out.language);
    command.build();
    write_pages(&command, &mut text);
    to_stdout(&text)
}

/// A command's page, then those of its commands.
fn write_pages(command: &clap::Command, text: &mut Vec<u8>) {
    let page = clap_mangen::Man::new(command.clone());
    page.render(text)
        .expect("memory takes what is written to it");
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        write_pages(below, text);
    }
}

/// A reader that has left is no fault.
fn to_stdout(text: &[u8]) -> ExitCode {
    let mut out = std::io::stdout();
    let _ = out.write_all(text).and_then(|()| out.flush());
    ExitCode::Success
}
