//! `cargo xtask reference`: the settings' page, made from the settings themselves.
#![expect(
    clippy::print_stdout,
    reason = "a task speaks to the person who runs it"
)]

use std::fmt::Write as _;

use anyhow::Result;
use settings::{Field, Settings};

use crate::run;

const PAGE: &str = "docs/reference/settings.md";

/// Writes the page.
pub(crate) fn write() -> Result<()> {
    let path = run::root().join(PAGE);
    std::fs::create_dir_all(path.parent().expect("the page lies in a folder"))?;
    std::fs::write(&path, page())?;
    println!("{PAGE}");
    Ok(())
}

fn page() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         Made from the code by `cargo xtask reference`; do not edit.\n\n\
         Layers, weakest first: default, `supabase/.env`, `.env`, `passerelle.toml` (`[section]`, `field = …`),\n\
         environment, command line. Every field is also `PASSERELLE_<SECTION>_<FIELD>` in the environment, which\n\
         wins over the other names; `<NAME>_FILE` names a file that holds the value.\n\
         `passerelle config explain` shows what is in force and where it stands.\n",
    );
    let mut section = "";
    for field in Settings::fields() {
        let (name, _) = field.key.split_once('.').expect("keys are section.field");
        if name != section {
            section = name;
            let _ = write!(
                page,
                "\n## {section}\n\n| setting | kind | default | environment | meaning |\n| --- | --- | --- | --- | --- |\n"
            );
        }
        line(&mut page, &field);
    }
    page
}

fn line(page: &mut String, field: &Field) {
    let default = if field.default.is_empty() {
        "–".to_owned()
    } else {
        format!("`{}`", field.default)
    };
    let env: Vec<String> = field.env.iter().map(|name| format!("`{name}`")).collect();
    let env = if env.is_empty() {
        "–".to_owned()
    } else {
        env.join(", ")
    };
    let doc = field.doc.trim().replace('|', "\\|");
    let _ = writeln!(
        page,
        "| `{}` | {} | {default} | {env} | {doc} |",
        field.key, field.shape
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_settings_page_is_what_the_settings_say() {
        let found =
            std::fs::read_to_string(super::run::root().join(super::PAGE)).unwrap_or_default();
        assert!(
            found == super::page(),
            "{} is out of date: cargo xtask reference",
            super::PAGE
        );
    }
}
