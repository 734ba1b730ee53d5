//! What a name says about holding a user's id.

use super::people::{MINUTES, PARTS, THIRD_PARTIES, USERS, does_something};
use super::{singular, singular_words, snake, words};

/// What a name says about holding a user's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inspect) enum NameSays {
    /// Nothing.
    Nothing,
    /// It is an id of something.
    SomeId,
    /// It may be a person.
    Person,
    /// It is a user.
    User,
    /// A user's id by the convention of the users table's own name.
    Exactly,
}

/// What the users table is called, for names made from it.
#[derive(Debug, Clone)]
pub(in crate::inspect) struct UsersName {
    /// The words of the singular: `local_user`, `person`.
    singular: String,
    /// Its last word.
    head: String,
    /// The key's own name.
    id: String,
}

impl UsersName {
    pub(in crate::inspect) fn new(table: &str, id: &str) -> Self {
        let words = singular_words(table);
        // `auth_user`, `tbl_users`: the last word is what columns are named after.
        Self {
            head: words.last().cloned().unwrap_or_default(),
            singular: words.join("_"),
            id: snake(id),
        }
    }

    /// The last word of the table's singular: `user`.
    pub(in crate::inspect) fn head(&self) -> &str {
        &self.head
    }

    /// Whether a word stands for a user of any kind.
    pub(in crate::inspect) fn is_user(&self, word: &str) -> bool {
        word == self.head || word == self.singular || USERS.contains(&word)
    }

    /// Whether a type's name, singular and in words, is the users table's.
    pub(in crate::inspect) fn is_called(&self, name: &str) -> bool {
        name == "user" || name == self.singular || name == self.head
    }

    /// Parts words that were written as one: `creatorid`, `useridfrom`, `usermodified`, `user1`.
    fn split(&self, words: Vec<String>) -> Vec<String> {
        let mut parts = Vec::with_capacity(words.len());
        for word in words {
            let bare = word.trim_end_matches(|char: char| char.is_ascii_digit());
            let ids = bare.strip_suffix("ids").or_else(|| bare.strip_suffix("id"));
            if let Some(person) = ids.filter(|person| self.is_person(person)) {
                parts.extend([person.to_owned(), "id".to_owned()]);
            } else if [
                "userid",
                "useridfrom",
                "useridto",
                "usermodified",
                "usercreated",
                "userfrom",
                "userto",
            ]
            .contains(&bare)
            {
                parts.extend(["user".to_owned(), "id".to_owned()]);
            } else if let Some(other) = bare.strip_suffix("userid").filter(|other| other.len() > 2)
            {
                parts.extend([other.to_owned(), "user".to_owned(), "id".to_owned()]);
            } else if bare != word && self.is_person(bare) {
                parts.push(bare.to_owned());
            } else {
                parts.push(word);
            }
        }
        parts
    }

    /// Whether a column's name has the table's own name in it.
    pub(in crate::inspect) fn names_its_table(&self, column: &str) -> bool {
        words(column).iter().any(|word| singular(word) == self.head)
    }

    /// `agent_code` after `agents.code`, `member_id` after `members.member_id`; a key called `code` names nothing.
    fn is_key(&self, name: &str) -> bool {
        let marked = self.id.len() > 2 && (self.id.ends_with("id") || self.id.starts_with("id_"));
        marked && name == self.id
            || [&self.singular, &self.head].iter().any(|table| {
                name.strip_prefix(table.as_str())
                    .is_some_and(|rest| rest.strip_prefix('_') == Some(&self.id))
            })
    }

    fn is_person(&self, word: &str) -> bool {
        self.is_user(word) || PARTS.contains(&word)
    }

    /// Judges a column's or a key's name; `many` where it holds several ids.
    pub(in crate::inspect) fn judge(&self, name: &str, many: bool) -> NameSays {
        let all = self.split(words(name));
        let Some((stem, marked)) = stem(&all) else {
            return NameSays::Nothing;
        };
        if stem
            .iter()
            .any(|word| THIRD_PARTIES.contains(&word.as_str()))
        {
            return NameSays::SomeId;
        }
        if is_by(&stem) || is_assigned(&stem) {
            return NameSays::User;
        }
        let Some(head) = stem.last() else {
            return NameSays::Nothing;
        };
        if MINUTES.contains(&head.as_str()) {
            return NameSays::Nothing;
        }
        if self.is_key(&all.join("_")) {
            return NameSays::Exactly;
        }
        if ["uid", "userid", "memberid", "accountid", "usr", "iduser"].contains(&head.as_str()) {
            return NameSays::User;
        }
        let one = singular(head);
        // `active_users integer` counts them; `user_ids` and `users integer[]` hold several.
        if one != *head && !many && !marked {
            return NameSays::Nothing;
        }
        let joined = {
            let mut words = stem.clone();
            if let Some(last) = words.last_mut() {
                last.clone_from(&one);
            }
            words.join("_")
        };
        if marked && (joined == self.singular || joined == self.head || joined == "user") {
            return NameSays::Exactly;
        }
        if many && is_sharing(&stem) {
            return NameSays::User;
        }
        let inside = all
            .windows(2)
            .any(|pair| self.is_user(&pair[0]) && pair[1] == "id");
        match (self.is_user(&one), self.is_person(&one), marked) {
            (false, false, _) if inside => NameSays::Person,
            (false, false, true) if does_something(&one) => NameSays::Person,
            (true, _, true) | (_, true, true) => NameSays::User,
            (true, ..) | (_, true, false) => NameSays::Person,
            (false, false, true) => NameSays::SomeId,
            (false, false, false) => NameSays::Nothing,
        }
    }
}
/// The words without those that only say "id", and whether there were any.
fn stem(words: &[String]) -> Option<(Vec<String>, bool)> {
    let is_mark = |word: &str| {
        matches!(
            word,
            "id" | "ids" | "fk" | "key" | "ref" | "nr" | "no" | "num" | "pk" | "idx" | "uuid"
        )
    };
    let mut stem = words.to_vec();
    let mut marked = false;
    while stem.last().is_some_and(|word| is_mark(word)) {
        stem.pop();
        marked = true;
    }
    while stem
        .first()
        .is_some_and(|word| word == "id" || word == "fk")
    {
        stem.remove(0);
        marked = true;
    }
    (!stem.is_empty()).then_some((stem, marked))
}

/// `created_by`, `uploaded_by_user`.
fn is_by(stem: &[String]) -> bool {
    let not_people = [
        "order",
        "sort",
        "group",
        "divide",
        "multiply",
        "step",
        "increment",
        "partition",
        "ordered",
        "sorted",
        "grouped",
        "filter",
        "filtered",
        "multiplied",
        "divided",
        "followed",
        "caused",
        "triggered",
        "powered",
        "paid",
    ];
    match stem {
        [.., verb, by] if by == "by" || by == "par" || by == "por" || by == "von" => {
            !not_people.contains(&verb.as_str())
        }
        _ => false,
    }
}

/// `assigned_to_id`, `delegated_to`; but not `reply_to`, which is a message.
fn is_assigned(stem: &[String]) -> bool {
    let verbs = [
        "assigned",
        "delegated",
        "escalated",
        "handed",
        "granted",
        "allocated",
    ];
    matches!(stem, [.., verb, to] if to == "to" && verbs.contains(&verb.as_str()))
}

/// `shared_with`, `assigned_to`, `visible_to`, `participants`.
fn is_sharing(stem: &[String]) -> bool {
    match stem {
        [.., verb, to] if to == "with" || to == "to" || to == "for" => [
            "shared",
            "share",
            "visible",
            "assigned",
            "assign",
            "granted",
            "allowed",
            "notify",
            "sent",
            "delegated",
            "liked",
        ]
        .contains(&verb.as_str()),
        [word] => {
            ["sharees", "followings", "watching", "mentions", "mentioned"].contains(&word.as_str())
        }
        _ => false,
    }
}
