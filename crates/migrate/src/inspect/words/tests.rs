use super::{NameSays, UsersName, singular, words};

#[test]
fn identifiers_fall_into_words_whatever_their_style() {
    for (name, expected) in [
        ("created_by", "created by"),
        ("createdBy", "created by"),
        ("CreatedBy", "created by"),
        ("userID", "user id"),
        ("HTTPUserId", "http user id"),
        ("user2Id", "user2 id"),
        ("_PinnedLinks", "pinned links"),
        ("id-utilisateur", "id utilisateur"),
        ("A", "a"),
        ("", ""),
    ] {
        assert_eq!(words(name).join(" "), expected, "{name}");
    }
}

#[test]
fn plurals_lose_their_ending() {
    for (many, one) in [
        ("users", "user"),
        ("people", "person"),
        ("companies", "company"),
        ("status", "status"),
        ("boxes", "box"),
        ("classes", "class"),
        ("bonus", "bonus"),
        ("s", "s"),
    ] {
        assert_eq!(singular(many), one);
    }
}

#[test]
fn a_name_says_how_much_it_is_a_user_s_id() {
    // MIG-INS-11 (a): English, localized and table-prefixed names; what only mentions users says nothing.
    let users = UsersName::new("users", "id");
    for (name, many, says) in [
        ("user_id", false, NameSays::Exactly),
        ("userId", false, NameSays::Exactly),
        ("id_user", false, NameSays::Exactly),
        ("id_utilisateur", false, NameSays::User),
        ("owner_id", false, NameSays::User),
        ("created_by", false, NameSays::User),
        ("createdBy", false, NameSays::User),
        ("created_by_id", false, NameSays::User),
        ("deleted_by_user_id", false, NameSays::User),
        ("target_user_id", false, NameSays::User),
        ("uid", false, NameSays::User),
        ("author", false, NameSays::Person),
        ("assignee", false, NameSays::Person),
        ("user_ids", true, NameSays::Exactly),
        ("shared_with", true, NameSays::User),
        ("participants", true, NameSays::Person),
        ("assigned_to_id", false, NameSays::User),
        ("creatorid", false, NameSays::User),
        ("relateduserid", false, NameSays::User),
        ("featured_user1_id", false, NameSays::User),
        ("usermodified", false, NameSays::Exactly),
        ("photographer_id", false, NameSays::Person),
        ("reply_to_id", false, NameSays::SomeId),
        ("server_id", false, NameSays::SomeId),
        ("report_id", false, NameSays::SomeId),
        ("user_group_id", false, NameSays::SomeId),
        ("stripe_user_id", false, NameSays::SomeId),
        ("user_agent", false, NameSays::Nothing),
        ("active_users", false, NameSays::Nothing),
        ("num_followers", false, NameSays::Nothing),
        ("user_count", false, NameSays::Nothing),
        ("sort_by", false, NameSays::Nothing),
        ("email_recipients", false, NameSays::Nothing),
        ("status", false, NameSays::Nothing),
        ("id", false, NameSays::Nothing),
        ("A", false, NameSays::Nothing),
    ] {
        assert_eq!(users.judge(name, many), says, "{name}");
    }
    let people = UsersName::new("person", "id");
    assert_eq!(people.judge("person_id", false), NameSays::Exactly);
    let staff = UsersName::new("auth_user", "uid");
    assert_eq!(staff.judge("auth_user_id", false), NameSays::Exactly);
    assert_eq!(staff.judge("uid", false), NameSays::Exactly);
}
