//! Which parameters of a function are old ids, and the function with them as UUIDs.

use super::signature::{name, parameters, split, without_default};
use crate::Plan;
use crate::ddl::identifiers;
use crate::inspect::says_user;
use crate::inventory::Function;
use crate::plan::Decision;

/// What stands for the dollar of `$1` in a body's words.
const POSITION: &str = " position_";
/// Parameters that may be tried in every combination.
const MOST: usize = 6;

/// A function that works with converted columns and takes or gives values of the old id's type.
pub(super) struct Retyping<'a> {
    function: &'a Function,
    old: &'a str,
    before: &'a str,
    parameters: Vec<&'a str>,
    after: &'a str,
    /// The parameters of the old type.
    typed: Vec<usize>,
    /// Those of them that are users' ids by their name, or since the body compares them with a converted column.
    plausible: Vec<usize>,
}

impl<'a> Retyping<'a> {
    /// None where nothing of the function would change.
    pub(super) fn of(plan: &'a Plan, function: &'a Function) -> Option<Self> {
        let old = plan.users.id_type.as_str();
        if old == "uuid" || !["sql", "plpgsql"].contains(&function.language.as_str()) {
            return None;
        }
        let mut columns: Vec<&str> = plan
            .references
            .iter()
            .filter(|it| it.decision == Decision::Include)
            .map(|it| it.column.as_str())
            .collect();
        // A body in standard SQL is no text of its own: it stands in the definition.
        let body = if function.body.is_empty() {
            &function.definition
        } else {
            &function.body
        };
        // What is put together at run time stands in literals (MIG-DEP-05).
        let body = identifiers(&body.replace('\'', " ").replace('$', POSITION));
        let is_about = |column: &str| body.iter().any(|word| word.eq_ignore_ascii_case(column));
        let about_users = is_about(&plan.users.table.name) && is_about(&plan.users.id);
        if !about_users && !columns.iter().any(|column| is_about(column)) {
            return None;
        }
        columns.push(&plan.users.id);
        let definition = function.definition.as_str();
        let (from, to) = parameters(definition)?;
        let list = split(&definition[from..to]);
        let typed: Vec<usize> = (0..list.len())
            .filter(|place| retyped(list[*place], old).is_some())
            .collect();
        if typed.is_empty() {
            return None;
        }
        let compared = |parameter: &str| {
            body.windows(2).any(|pair| {
                let is = |word: &str, other: &str| {
                    word.eq_ignore_ascii_case(parameter)
                        && columns
                            .iter()
                            .any(|column| column.eq_ignore_ascii_case(other))
                };
                is(&pair[0], &pair[1]) || is(&pair[1], &pair[0])
            })
        };
        let plausible = typed
            .iter()
            .copied()
            .filter(|place| {
                // A parameter without a name is called by its place.
                compared(&format!("{}{}", POSITION.trim_start(), place + 1))
                    || name(list[*place])
                        .is_some_and(|name| compared(&name) || says_user(plan, strip(&name)))
            })
            .collect();
        Some(Self {
            function,
            old,
            before: &definition[..from],
            parameters: list,
            after: &definition[to..],
            typed,
            plausible,
        })
    }

    /// Some parameter is a user's id by all that can be read.
    pub(super) fn is_plausible(&self) -> bool {
        !self.plausible.is_empty()
    }

    /// Which parameters to retype, the likeliest first; every combination where the target checks the body.
    pub(super) fn choices(&self, checked: bool) -> Vec<Vec<usize>> {
        let mut choices = Vec::new();
        if self.is_plausible() {
            choices.push(self.plausible.clone());
        }
        if checked && self.typed.len() <= MOST {
            let mut all: Vec<Vec<usize>> = (1_u32..1 << self.typed.len())
                .map(|set| {
                    let places = self.typed.iter().enumerate();
                    places
                        .filter(|(bit, _)| set & (1 << bit) != 0)
                        .map(|(_, place)| *place)
                        .collect()
                })
                .collect();
            all.sort_by_key(Vec::len);
            choices.extend(all);
        }
        choices
    }

    /// The definition with those parameters as UUIDs, and its arguments as `drop` wants them.
    pub(super) fn definition(&self, choice: &[usize]) -> (String, String) {
        let parameter = |place: usize, parameter: &str| {
            let new = choice
                .contains(&place)
                .then(|| retyped(parameter, self.old))
                .flatten();
            new.unwrap_or_else(|| parameter.to_owned())
        };
        let list: Vec<String> = self
            .parameters
            .iter()
            .enumerate()
            .map(|(place, it)| parameter(place, it))
            .collect();
        let arguments: Vec<&str> = list.iter().map(|it| without_default(it).trim()).collect();
        (
            format!("{}{}{}", self.before, list.join(","), self.after),
            arguments.join(", "),
        )
    }

    /// The old signature for callers that still have an old id; none where the function does more than take one.
    pub(super) fn wrapper(&self, choice: &[usize]) -> Option<String> {
        let plain = |parameter: &str| {
            let first = identifiers(parameter).into_iter().next();
            !["OUT", "INOUT", "VARIADIC"].contains(&first.as_deref().unwrap_or_default())
        };
        let one_id = |place: &usize| without_default(self.parameters[*place]).ends_with(self.old);
        if self.function.language != "sql"
            || !self.parameters.iter().all(|it| plain(it))
            || !choice.iter().all(one_id)
        {
            return None;
        }
        let (head, _) = self.function.definition.split_once("\nAS ")?;
        if head.contains("RETURNS TABLE") {
            return None;
        }
        let calls: Vec<String> = (0..self.parameters.len())
            .map(|place| {
                let number = place + 1;
                if choice.contains(&place) {
                    format!("passerelle_migrate.uuid_for(${number})")
                } else {
                    format!("${number}")
                }
            })
            .collect();
        Some(format!(
            "{head}\nas $wrapper$ select {}({}) $wrapper$",
            self.function.name.quoted(),
            calls.join(", ")
        ))
    }
}

/// `p_user_id`, `_user`, `in_owner`: the name without what says that it is a parameter.
fn strip(name: &str) -> &str {
    let name = name.trim_start_matches('_');
    ["p_", "v_", "in_", "arg_", "par_", "i_"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}

/// A parameter of the old type as a UUID, or an array of them; a default was an old id and becomes null.
fn retyped(parameter: &str, old: &str) -> Option<String> {
    let head = without_default(parameter);
    let dimensions = head.trim_end();
    let scalar = dimensions.trim_end_matches("[]");
    let name = scalar.strip_suffix(old)?;
    if !(name.is_empty() || name.ends_with(' ')) {
        return None;
    }
    let default = if head.len() == parameter.len() {
        ""
    } else {
        " DEFAULT NULL"
    };
    Some(format!(
        "{name}uuid{}{default}",
        &dimensions[scalar.len()..]
    ))
}

/// The definition with its likeliest parameters as UUIDs, and its arguments then.
pub(crate) fn retyped_function(plan: &Plan, function: &Function) -> Option<(String, String)> {
    let retyping = Retyping::of(plan, function).filter(Retyping::is_plausible)?;
    Some(retyping.definition(&retyping.plausible))
}

/// The old signature of such a function, which looks the id up.
pub(crate) fn wrapper_function(plan: &Plan, function: &Function) -> Option<String> {
    let retyping = Retyping::of(plan, function).filter(Retyping::is_plausible)?;
    retyping.wrapper(&retyping.plausible)
}

#[cfg(test)]
mod tests {
    use super::{retyped, strip};

    // MIG-DEP-03
    #[test]
    fn a_parameter_of_the_old_type_becomes_a_uuid() {
        for (parameter, new) in [
            ("p_user integer", Some("p_user uuid")),
            ("integer", Some("uuid")),
            (" p_ids integer[]", Some(" p_ids uuid[]")),
            ("p_user integer DEFAULT 1", Some("p_user uuid DEFAULT NULL")),
            ("p_user biginteger", None),
            ("p_user text DEFAULT 'integer'", None),
        ] {
            assert_eq!(retyped(parameter, "integer").as_deref(), new, "{parameter}");
        }
        assert_eq!(strip("p_user_id"), "user_id");
    }
}
