//! The parameters of a function, as its definition writes them.

use crate::inventory::Function;

/// A function as reports name it.
pub(super) fn shown(function: &Function) -> String {
    format!("{}({})", function.name, function.arguments)
}

/// Where the parameters stand in a definition: from behind the opening parenthesis to the closing one.
pub(super) fn parameters(definition: &str) -> Option<(usize, usize)> {
    let open = outside_quotes(definition, 0, |char, _| char == '(')?;
    let close = outside_quotes(definition, open + 1, |char, depth| {
        char == ')' && depth == 0
    })?;
    Some((open + 1, close))
}

/// A list split at the commas that are not inside parentheses or quotes.
pub(super) fn split(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(comma) = outside_quotes(list, from, |char, depth| char == ',' && depth == 0) {
        parts.push(&list[from..comma]);
        from = comma + 1;
    }
    if !list[from..].trim().is_empty() {
        parts.push(&list[from..]);
    }
    parts
}

/// The first place from `from` on that `is` accepts, outside quotes; it gets the depth of parentheses.
fn outside_quotes(text: &str, from: usize, is: impl Fn(char, u32) -> bool) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_u32;
    for (at, char) in text[from..].char_indices() {
        match (quote, char) {
            (Some(open), _) => quote = (char != open).then_some(open),
            (None, '"' | '\'') => quote = Some(char),
            (None, _) if is(char, depth) => return Some(from + at),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

/// The parameter without its default.
pub(super) fn without_default(parameter: &str) -> &str {
    parameter
        .split_once(" DEFAULT ")
        .map_or(parameter, |(before, _)| before)
}

/// Its name, where it has one: the word before the type, modes left out.
pub(super) fn name(parameter: &str) -> Option<String> {
    let mut names = crate::ddl::identifiers(without_default(parameter)).into_iter();
    let mut first = names.next()?;
    if ["IN", "OUT", "INOUT", "VARIADIC"].contains(&first.as_str()) {
        first = names.next()?;
    }
    names.next().map(|_| first)
}

#[cfg(test)]
mod tests {
    use super::{name, parameters, split};

    #[test]
    fn a_definition_gives_its_parameters() {
        let definition = "CREATE OR REPLACE FUNCTION public.\"f(\"(a integer DEFAULT length('x,('::text), OUT \"b c\" numeric(4,2))\n RETURNS numeric";
        let (from, to) = parameters(definition).unwrap();
        let parts = split(&definition[from..to]);
        assert_eq!(
            parts,
            [
                "a integer DEFAULT length('x,('::text)",
                " OUT \"b c\" numeric(4,2)"
            ]
        );
        assert_eq!(name(parts[0]).as_deref(), Some("a"));
        assert_eq!(name(parts[1]).as_deref(), Some("b c"));
        assert_eq!(name(" integer"), None);
    }
}
