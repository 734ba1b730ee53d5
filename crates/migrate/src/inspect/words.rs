//! What names say: the words of an identifier, and which of them mean a person.

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

/// Words for any user, in the languages that applications are written in.
const USERS: [&str; 22] = [
    "user",
    "usr",
    "account",
    "member",
    "person",
    "login",
    "utilisateur",
    "compte",
    "membre",
    "personne",
    "usuario",
    "cuenta",
    "miembro",
    "persona",
    "benutzer",
    "nutzer",
    "konto",
    "mitglied",
    "utente",
    "gebruiker",
    "uzytkownik",
    "пользователь",
];

/// Words for a user in some part.
const PARTS: [&str; 136] = [
    "author",
    "owner",
    "creator",
    "assignee",
    "assigner",
    "assignor",
    "reporter",
    "reviewer",
    "approver",
    "requester",
    "requestor",
    "submitter",
    "sender",
    "recipient",
    "receiver",
    "manager",
    "supervisor",
    "inviter",
    "invitee",
    "follower",
    "followee",
    "subscriber",
    "participant",
    "attendee",
    "organizer",
    "organiser",
    "editor",
    "updater",
    "modifier",
    "deleter",
    "uploader",
    "poster",
    "commenter",
    "voter",
    "liker",
    "actor",
    "admin",
    "administrator",
    "moderator",
    "operator",
    "employee",
    "staff",
    "student",
    "teacher",
    "instructor",
    "mentor",
    "mentee",
    "buyer",
    "seller",
    "responsible",
    "contributor",
    "maintainer",
    "collaborator",
    "watcher",
    "viewer",
    "reader",
    "writer",
    "translator",
    "publisher",
    "tester",
    "player",
    "speaker",
    "leader",
    "trainer",
    "trainee",
    "tutor",
    "pupil",
    "host",
    "guardian",
    "bidder",
    "payer",
    "payee",
    "borrower",
    "lender",
    "donor",
    "candidate",
    "applicant",
    "interviewer",
    "interviewee",
    "inspector",
    "auditor",
    "technician",
    "dispatcher",
    "courier",
    "passenger",
    "rider",
    "driver",
    "coordinator",
    "delegate",
    "deputy",
    "signer",
    "signatory",
    "witness",
    "causer",
    "whodunnit",
    "performer",
    "initiator",
    "proposer",
    "nominee",
    "issuer",
    "verifier",
    "resolver",
    "caller",
    "callee",
    "consultant",
    "representative",
    "patient",
    "practitioner",
    "doctor",
    "nurse",
    "auteur",
    "acteur",
    "proprietaire",
    "propriétaire",
    "createur",
    "créateur",
    "destinataire",
    "expediteur",
    "expéditeur",
    "responsable",
    "redacteur",
    "rédacteur",
    "lecteur",
    "gestionnaire",
    "autor",
    "creador",
    "propietario",
    "remitente",
    "destinatario",
    "ersteller",
    "besitzer",
    "verfasser",
    "empfänger",
    "absender",
    "bearbeiter",
    "friend",
];

/// Words that name what is counted or kept about users rather than one of them.
const MINUTES: [&str; 5] = ["count", "total", "number", "level", "rank"];

/// What a name says about holding a user's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameSays {
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
pub(super) struct UsersName {
    /// The words of the singular: `local_user`, `person`.
    singular: String,
    /// Its last word.
    head: String,
    /// The key's own name.
    id: String,
}

impl UsersName {
    pub(super) fn new(table: &str, id: &str) -> Self {
        let words = singular_words(table);
        // `auth_user`, `tbl_users`: the last word is what columns are named after.
        Self {
            head: words.last().cloned().unwrap_or_default(),
            singular: words.join("_"),
            id: snake(id),
        }
    }

    /// The last word of the table's singular: `user`.
    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// Whether a word stands for a user of any kind.
    pub(super) fn is_user(&self, word: &str) -> bool {
        word == self.head || word == self.singular || USERS.contains(&word)
    }

    /// Whether a type's name, singular and in words, is the users table's.
    pub(super) fn is_called(&self, name: &str) -> bool {
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
    pub(super) fn names_its_table(&self, column: &str) -> bool {
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
    pub(super) fn judge(&self, name: &str, many: bool) -> NameSays {
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

/// Names of others whose user ids are not ours.
const THIRD_PARTIES: [&str; 32] = [
    "google",
    "facebook",
    "fb",
    "github",
    "gitlab",
    "twitter",
    "linkedin",
    "slack",
    "discord",
    "telegram",
    "apple",
    "microsoft",
    "azure",
    "stripe",
    "paypal",
    "auth0",
    "firebase",
    "cognito",
    "okta",
    "external",
    "remote",
    "oauth",
    "openid",
    "provider",
    "twitch",
    "spotify",
    "salesforce",
    "hubspot",
    "intercom",
    "zendesk",
    "supabase",
    "ldap",
];

/// `photographer_id`, `organist_id`: somebody who does something, unless it is a thing with the same ending.
fn does_something(word: &str) -> bool {
    let things = [
        "server",
        "order",
        "folder",
        "parameter",
        "number",
        "header",
        "provider",
        "color",
        "vendor",
        "sensor",
        "error",
        "layer",
        "chapter",
        "letter",
        "paper",
        "container",
        "cluster",
        "filter",
        "router",
        "printer",
        "computer",
        "center",
        "sector",
        "factor",
        "floor",
        "door",
        "tier",
        "offer",
        "tender",
        "voucher",
        "quarter",
        "semester",
        "register",
        "character",
        "monitor",
        "motor",
        "vector",
        "counter",
        "timer",
        "trigger",
        "marker",
        "buffer",
        "banner",
        "poster",
        "binder",
        "reminder",
        "newsletter",
        "transfer",
        "master",
        "meter",
        "power",
        "water",
        "answer",
        "newspaper",
        "browser",
        "carrier",
        "supplier",
        "manufacturer",
        "employer",
        "tracker",
        "scanner",
        "worker",
        "scheduler",
        "handler",
        "controller",
        "adapter",
        "broker",
        "listener",
        "loader",
        "builder",
        "parser",
        "helper",
        "wrapper",
        "pointer",
        "identifier",
        "placeholder",
        "calendar",
        "cursor",
        "operator",
        "indicator",
        "barrier",
        "charger",
        "customer",
        "dealer",
        "retailer",
        "partner",
        "list",
        "checklist",
        "playlist",
        "wishlist",
        "watchlist",
        "whitelist",
        "blacklist",
        "artist",
        "mirror",
        "flavor",
        "tutor",
        "descriptor",
        "connector",
        "processor",
        "ledger",
        "chamber",
        "member",
        "border",
        "gender",
        "corner",
        "river",
        "tower",
        "flyer",
        "sticker",
        "cover",
        "parcer",
        "theater",
        "other",
        "super",
        "inner",
        "outer",
    ];
    let ending = ["er", "or", "eur", "ist", "eer"]
        .iter()
        .any(|ending| word.len() > ending.len() + 2 && word.ends_with(ending));
    // Lists are things, specialists are not.
    let list = word.ends_with("list") && !word.ends_with("alist");
    ending && !list && !things.contains(&word)
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

#[cfg(test)]
mod tests;
