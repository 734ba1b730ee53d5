//! What names say: the words of an identifier, and which of them mean a person.

mod people;
mod says;

pub(super) use says::{NameSays, UsersName};

/// The words of an identifier in lower case: `createdBy`, `created_by` and `CreatedBy` alike.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (place, &char) in chars.iter().enumerate() {
        if !char.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = place.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(place + 1);
        let starts = char.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(char.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The words joined by underscores.
pub(super) fn snake(name: &str) -> String {
    words(name).join("_")
}

/// A plural's singular, well enough to compare names of tables with names of columns.
pub(super) fn singular(word: &str) -> String {
    let irregular = [
        ("people", "person"),
        ("children", "child"),
        ("men", "man"),
        ("women", "woman"),
        ("data", "data"),
        ("news", "news"),
        ("status", "status"),
        ("statuses", "status"),
        ("address", "address"),
        ("analysis", "analysis"),
        ("analyses", "analysis"),
        ("series", "series"),
        ("usuarios", "usuario"),
    ];
    if let Some((_, one)) = irregular.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes", "zes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}
/// The words of a table's name, singular, without a last word that only says "table": `user` for `user_entities`.
pub(super) fn singular_words(table: &str) -> Vec<String> {
    let mut words = words(table);
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    let says_table = ["entity", "table", "tbl", "record", "model", "master"];
    if words.len() > 1
        && words
            .last()
            .is_some_and(|last| says_table.contains(&last.as_str()))
    {
        words.pop();
    }
    words
}

#[cfg(test)]
mod tests;
