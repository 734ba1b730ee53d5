//! Some tables only (MIG-GEN-09): patterns on `schema.table`, and what has keys to a table that is left out is asked
//! about.

use super::{Pattern, Plan, PlanError, TableAction};
use crate::inventory::{Inventory, Name};

impl Plan {
    /// Leaves out the tables that no pattern of `include` fits, unless there is none, and those that one of `exclude`
    /// fits. `*` stands for any text, `?` for one character; a pattern without a dot is about `public`. A table that
    /// one that moves has a key to, or rows under, becomes a question. The users table cannot be left out.
    pub fn keep_only(
        &mut self,
        inventory: &Inventory,
        include: &[String],
        exclude: &[String],
    ) -> Result<(), PlanError> {
        let fits = |patterns: &[String], name: &Name| {
            patterns.iter().any(|pattern| {
                let pattern = if pattern.contains('.') {
                    pattern.clone()
                } else {
                    format!("public.{pattern}")
                };
                matches(&pattern, &format!("{}.{}", name.schema, name.name))
            })
        };
        let stays =
            |name: &Name| (include.is_empty() || fits(include, name)) && !fits(exclude, name);
        if !stays(&self.users.table) {
            return Err(PlanError::Refused(format!(
                "the users table {} cannot be left out",
                self.users.table
            )));
        }
        for pattern in include.iter().chain(exclude) {
            let patterns = std::slice::from_ref(pattern);
            if !self.tables.iter().any(|table| fits(patterns, &table.name)) {
                return Err(PlanError::Refused(format!("no table is called {pattern}")));
            }
        }
        for table in &mut self.tables {
            if !stays(&table.name) && table.action != TableAction::Skip {
                table.action = TableAction::Skip;
                "left out".clone_into(&mut table.reason);
            }
        }
        self.ask_about_the_border(inventory);
        Ok(())
    }

    /// Keys from what moves to what does not.
    fn ask_about_the_border(&mut self, inventory: &Inventory) {
        let moving: Vec<Name> = self.made_tables().map(|it| it.name.clone()).collect();
        let keys: Vec<(&Name, &Name)> = inventory
            .tables
            .iter()
            .filter(|table| moving.contains(&table.name))
            .flat_map(|table| {
                table
                    .foreign_keys()
                    .map(|(_, key)| (&table.name, &key.table))
            })
            .filter(|(_, to)| !moving.contains(to))
            .collect();
        for table in &mut self.tables {
            if let Some((from, _)) = keys.iter().find(|(_, to)| **to == table.name)
                && table.reason == "left out"
            {
                table.action = TableAction::Ask;
                table.reason = format!("left out, but {from} has a key to it: skip drops the key");
            }
            let under_one = keys.iter().any(|(from, _)| **from == table.name);
            if under_one && table.access == Pattern::ParentOwned {
                table.access = Pattern::Ask;
                table.parent = None;
            }
        }
    }
}

/// `*` and `?`, letter by letter.
fn matches(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    let mut chars = text.chars();
    match first {
        '*' => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest, &text[at..]))
        }
        '?' => chars.next().is_some() && matches(rest, chars.as_str()),
        other => chars.next() == Some(other) && matches(rest, chars.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    // MIG-GEN-09
    #[test]
    fn a_pattern_fits_whole_names() {
        assert!(matches("crm.*", "crm.calls") && matches("*.log?", "public.logs"));
        assert!(!matches("crm.call", "crm.calls") && !matches("crm.*", "crm_old.calls"));
    }
}
