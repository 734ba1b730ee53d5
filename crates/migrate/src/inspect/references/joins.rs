//! Columns that views, functions and policies compare with the users' key.

use std::collections::{BTreeMap, BTreeSet};

use crate::inspect::UsersCandidate;
use crate::inventory::{Inventory, Name};

/// Larger bodies are not read.
const LARGEST: usize = 256 << 10;

/// Tables and columns found on the other side of `= users.id`.
pub(super) fn find(inventory: &Inventory, users: &UsersCandidate) -> BTreeSet<(Name, String)> {
    let views = inventory.views.iter().map(|view| view.definition.as_str());
    let functions = inventory
        .functions
        .iter()
        .map(|function| function.body.as_str());
    let policies = inventory
        .policies
        .iter()
        .flat_map(|policy| [policy.using.as_deref(), policy.check.as_deref()])
        .flatten();
    let mut found = BTreeSet::new();
    for text in views.chain(functions).chain(policies) {
        if text.len() <= LARGEST && text.contains(&users.table.name) {
            found.extend(in_text(inventory, users, text));
        }
    }
    found
}

fn in_text(inventory: &Inventory, users: &UsersCandidate, text: &str) -> BTreeSet<(Name, String)> {
    let tokens = tokens(text);
    let aliases = aliases(inventory, &tokens);
    let mut found = BTreeSet::new();
    for at in 0..tokens.len() {
        if tokens[at] != "=" {
            continue;
        }
        let Some((left, right)) = before(&tokens, at).zip(after(&tokens, at)) else {
            continue;
        };
        for ((one, column), (other, key)) in [(left, right), (right, left)] {
            let is_key = aliases.get(other) == Some(&&users.table) && *key == users.columns.id;
            if let Some(table) = aliases.get(one).filter(|_| is_key) {
                found.insert(((*table).clone(), column.to_owned()));
            }
        }
    }
    found
}

/// `alias . column` that ends before the token at `at`.
fn before(tokens: &[String], at: usize) -> Option<(&str, &str)> {
    match tokens.get(at.checked_sub(3)?..at)? {
        [alias, dot, column] if dot == "." => Some((alias, column)),
        _ => None,
    }
}

/// `alias . column` that begins after the token at `at`.
fn after(tokens: &[String], at: usize) -> Option<(&str, &str)> {
    match tokens.get(at + 1..at + 4)? {
        [alias, dot, column] if dot == "." => Some((alias, column)),
        _ => None,
    }
}

/// Names, dots and equal signs; parentheses and casts, which hide a comparison, are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                let mut name = String::new();
                while let Some(inner) = chars.next() {
                    if inner == '"' && chars.next_if_eq(&'"').is_none() {
                        break;
                    }
                    name.push(inner);
                }
                tokens.push(name);
            }
            '\'' => {
                for inner in chars.by_ref() {
                    if inner == '\'' {
                        break;
                    }
                }
                tokens.push(String::new());
            }
            ':' if chars.next_if_eq(&':').is_some() => {
                let is_type =
                    |char: &char| char.is_alphanumeric() || matches!(char, '_' | '.' | '"');
                while chars.next_if(is_type).is_some() {}
            }
            '.' | '=' | ',' => tokens.push(char.to_string()),
            char if char.is_alphanumeric() || char == '_' => {
                let mut name: String = char.to_lowercase().collect();
                while let Some(inner) =
                    chars.next_if(|char| char.is_alphanumeric() || *char == '_' || *char == '$')
                {
                    name.extend(inner.to_lowercase());
                }
                tokens.push(name);
            }
            _ => {}
        }
    }
    tokens
}

/// What each alias stands for; a table stands for itself too.
fn aliases<'a>(inventory: &'a Inventory, tokens: &[String]) -> BTreeMap<String, &'a Name> {
    let keywords = [
        "on",
        "where",
        "join",
        "left",
        "right",
        "inner",
        "outer",
        "full",
        "cross",
        "group",
        "order",
        "limit",
        "set",
        "using",
        "union",
        "natural",
        "returning",
        "having",
        "values",
        "select",
        ",",
        "=",
        ".",
        "",
    ];
    let mut aliases = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        if !["from", "join", "update", "into", ","].contains(&token.as_str()) {
            continue;
        }
        let qualified = tokens.get(at + 2).is_some_and(|dot| dot == ".");
        let (schema, name, next) = if qualified {
            (tokens.get(at + 1), tokens.get(at + 3), at + 4)
        } else {
            (None, tokens.get(at + 1), at + 2)
        };
        let Some(name) = name else {
            continue;
        };
        let table = inventory.tables.iter().find(|table| {
            table.name.name == *name && schema.is_none_or(|schema| table.name.schema == *schema)
        });
        let Some(table) = table else {
            continue;
        };
        aliases.insert(name.clone(), &table.name);
        let next = if tokens.get(next).is_some_and(|token| token == "as") {
            next + 1
        } else {
            next
        };
        if let Some(alias) = tokens
            .get(next)
            .filter(|alias| !keywords.contains(&alias.as_str()))
        {
            aliases.insert(alias.clone(), &table.name);
        }
    }
    aliases
}
