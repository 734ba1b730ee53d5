//! Who somebody is elsewhere, read from what each provider tells.

use serde_json::{Map, Value, json};

use crate::body::Object;

/// An e-mail address that a provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) email: String,
    pub(crate) verified: bool,
    pub(crate) primary: bool,
}

/// Who somebody is at a provider.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) subject: String,
    pub(crate) emails: Vec<Address>,
    data: Object,
}

/// What is known besides the subject; empty where it is not.
#[derive(Debug, Default)]
struct Known<'a> {
    issuer: &'a str,
    name: &'a str,
    picture: &'a str,
    user_name: &'a str,
    nickname: &'a str,
    slug: &'a str,
    custom: Object,
}

impl Profile {
    /// What the claims of OpenID Connect say.
    pub(crate) fn of_claims(claims: &Value) -> Option<Self> {
        standard(claims)
    }

    /// What a wallet's signature shows.
    pub(crate) fn of_wallet(subject: &str, custom: Object) -> Option<Self> {
        let known = Known {
            custom,
            ..Known::default()
        };
        Self::new(subject, Vec::new(), known)
    }

    fn new(subject: &str, emails: Vec<Address>, known: Known<'_>) -> Option<Self> {
        if subject.is_empty() {
            return None;
        }
        let mut data = Map::new();
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                data.insert(name.into(), json!(value));
            }
        };
        put("iss", known.issuer);
        put("sub", subject);
        put("provider_id", subject);
        put("name", known.name);
        put("full_name", known.name);
        put("picture", known.picture);
        put("avatar_url", known.picture);
        put("user_name", known.user_name);
        put("preferred_username", known.user_name);
        put("nickname", known.nickname);
        put("slug", known.slug);
        if !known.custom.is_empty() {
            data.insert("custom_claims".into(), Value::Object(known.custom));
        }
        Some(Self {
            subject: subject.to_owned(),
            emails,
            data,
        })
    }

    /// The address that counts: a primary one, verified if possible.
    pub(crate) fn address(&self) -> Option<&Address> {
        let rank = |address: &&Address| (address.primary, address.verified);
        self.emails.iter().rev().max_by_key(rank)
    }

    /// What is written into the identity.
    pub(crate) fn data(&self, verified: bool) -> Object {
        let mut data = self.data.clone();
        if let Some(address) = self.address() {
            data.insert("email".into(), json!(address.email));
        }
        data.insert("email_verified".into(), json!(verified));
        data.insert("phone_verified".into(), json!(false));
        data
    }
}

fn s<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A member as text, were it a number.
fn id(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A flag, were it a text.
fn flag(value: &Value) -> bool {
    value == &json!(true)
        || value
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || value == &json!(1)
}

fn one(email: &str, verified: bool) -> Vec<Address> {
    let email = email.trim().to_lowercase();
    let known = !email.is_empty();
    known
        .then_some(Address {
            email,
            verified,
            primary: true,
        })
        .into_iter()
        .collect()
}

/// The members of a list of addresses, by the names of their members.
fn listed(list: &Value, email: &str, primary: &str, verified: &str) -> Vec<Address> {
    let members = list.as_array().into_iter().flatten();
    members
        .filter(|member| !s(member, email).is_empty())
        .map(|member| Address {
            email: s(member, email).to_lowercase(),
            verified: flag(&member[verified]),
            primary: flag(&member[primary]),
        })
        .collect()
}

fn custom(pairs: &[(&str, &Value)]) -> Object {
    pairs
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| ((*name).to_owned(), (*value).clone()))
        .collect()
}

/// The claims of OpenID Connect.
pub(super) fn standard(claims: &Value) -> Option<Profile> {
    let verified = flag(&claims["email_verified"]);
    let known = Known {
        issuer: s(claims, "iss"),
        name: s(claims, "name"),
        picture: s(claims, "picture"),
        user_name: s(claims, "preferred_username"),
        nickname: s(claims, "nickname"),
        ..Known::default()
    };
    Profile::new(
        &id(&claims["sub"]),
        one(s(claims, "email"), verified),
        known,
    )
}

/// Claims by the names of OpenID Connect, and those that are kept as they are.
pub(super) fn mapped(claims: &Value, kept: Object) -> Option<Profile> {
    let known = Known {
        issuer: s(claims, "iss"),
        name: s(claims, "name"),
        picture: s(claims, "picture"),
        user_name: s(claims, "preferred_username"),
        nickname: s(claims, "nickname"),
        custom: kept,
        ..Known::default()
    };
    let emails = one(s(claims, "email"), flag(&claims["email_verified"]));
    Profile::new(&id(&claims["sub"]), emails, known)
}

pub(super) fn first_standard(answers: &[Value]) -> Option<Profile> {
    standard(answers.first()?)
}

/// What Apple posts at the first sign-in only: the name.
pub(super) fn add_posted(claims: &mut Value, posted: &Value) {
    let name = &posted["name"];
    let full = format!("{} {}", s(name, "firstName"), s(name, "lastName"));
    if !full.trim().is_empty() {
        claims["name"] = json!(full.trim());
    }
}

pub(super) fn apple(claims: &Value) -> Option<Profile> {
    let known = Known {
        issuer: s(claims, "iss"),
        name: s(claims, "name"),
        ..Known::default()
    };
    let private = custom(&[
        ("is_private_email", &claims["is_private_email"]),
        ("auth_time", &claims["auth_time"]),
    ]);
    Profile::new(
        s(claims, "sub"),
        one(s(claims, "email"), true),
        Known {
            custom: private,
            ..known
        },
    )
}

pub(super) fn azure(claims: &Value) -> Option<Profile> {
    // Without this claim the application did not ask for it; then all addresses count, as they always have.
    let edov = &claims["xms_edov"];
    let verified = edov.is_null() || flag(edov) || edov.as_str() == Some("1");
    let known = Known {
        issuer: s(claims, "iss"),
        name: s(claims, "name"),
        user_name: s(claims, "preferred_username"),
        custom: custom(&[("tid", &claims["tid"])]),
        ..Known::default()
    };
    Profile::new(s(claims, "sub"), one(s(claims, "email"), verified), known)
}

pub(super) fn google(claims: &Value) -> Option<Profile> {
    let verified = flag(&claims["email_verified"]) || flag(&claims["verified_email"]);
    let known = Known {
        issuer: s(claims, "iss"),
        name: s(claims, "name"),
        picture: s(claims, "picture"),
        custom: custom(&[("hd", &claims["hd"])]),
        ..Known::default()
    };
    Profile::new(s(claims, "sub"), one(s(claims, "email"), verified), known)
}

pub(super) fn github(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let emails = listed(answers.get(1)?, "email", "primary", "verified");
    let known = Known {
        issuer: "https://api.github.com",
        name: s(user, "name"),
        picture: s(user, "avatar_url"),
        user_name: s(user, "login"),
        ..Known::default()
    };
    Profile::new(&id(&user["id"]), emails, known)
}

pub(super) fn gitlab(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let mut emails = one(s(user, "email"), !s(user, "confirmed_at").is_empty());
    let more = listed(
        answers.get(1).unwrap_or(&Value::Null),
        "email",
        "primary",
        "verified",
    );
    let main = s(user, "email").to_lowercase();
    emails.extend(
        more.into_iter()
            .filter(|other| other.email != main)
            .map(|other| Address {
                verified: false,
                primary: false,
                ..other
            }),
    );
    let known = Known {
        issuer: "https://gitlab.com",
        name: s(user, "name"),
        picture: s(user, "avatar_url"),
        user_name: s(user, "username"),
        ..Known::default()
    };
    Profile::new(&id(&user["id"]), emails, known)
}

pub(super) fn bitbucket(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let emails = listed(
        &answers.get(1)?["values"],
        "email",
        "is_primary",
        "is_confirmed",
    );
    let known = Known {
        issuer: "https://api.bitbucket.org",
        name: s(user, "display_name"),
        picture: s(&user["links"]["avatar"], "href"),
        ..Known::default()
    };
    Profile::new(s(user, "uuid"), emails, known)
}

pub(super) fn discord(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let (id, avatar) = (s(user, "id"), s(user, "avatar"));
    let kind = if avatar.starts_with("a_") {
        "gif"
    } else {
        "png"
    };
    let picture = if avatar.is_empty() {
        let number = s(user, "discriminator").parse::<u32>().unwrap_or(0) % 5;
        format!("https://cdn.discordapp.com/embed/avatars/{number}.png")
    } else {
        format!("https://cdn.discordapp.com/avatars/{id}/{avatar}.{kind}")
    };
    let name = format!("{}#{}", s(user, "username"), s(user, "discriminator"));
    let known = Known {
        issuer: "https://discord.com/api",
        name: &name,
        picture: &picture,
        custom: custom(&[("global_name", &user["global_name"])]),
        ..Known::default()
    };
    Profile::new(id, one(s(user, "email"), flag(&user["verified"])), known)
}

pub(super) fn facebook(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let known = Known {
        issuer: "https://graph.facebook.com",
        name: s(user, "name"),
        picture: s(&user["picture"]["data"], "url"),
        nickname: s(user, "alias"),
        ..Known::default()
    };
    Profile::new(s(user, "id"), one(s(user, "email"), true), known)
}

pub(super) fn figma(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let known = Known {
        issuer: "https://api.figma.com",
        name: s(user, "handle"),
        picture: s(user, "img_url"),
        ..Known::default()
    };
    Profile::new(s(user, "id"), one(s(user, "email"), true), known)
}

pub(super) fn fly(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let known = Known {
        issuer: "https://api.fly.io",
        name: s(user, "user_name"),
        ..Known::default()
    };
    Profile::new(s(user, "user_id"), one(s(user, "email"), true), known)
}

pub(super) fn kakao(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let account = &user["kakao_account"];
    let verified = flag(&account["is_email_valid"]) && flag(&account["is_email_verified"]);
    let known = Known {
        issuer: "https://kauth.kakao.com",
        name: s(&account["profile"], "nickname"),
        picture: s(&account["profile"], "profile_image_url"),
        user_name: s(&account["profile"], "nickname"),
        ..Known::default()
    };
    Profile::new(&id(&user["id"]), one(s(account, "email"), verified), known)
}

pub(super) fn keycloak(answers: &[Value]) -> Option<Profile> {
    const TOLD: [&str; 7] = [
        "sub",
        "name",
        "email",
        "email_verified",
        "preferred_username",
        "picture",
        "nickname",
    ];
    let claims = answers.first()?;
    let mut profile = standard(claims)?;
    let others: Object = claims
        .as_object()?
        .iter()
        .filter(|(name, _)| !TOLD.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !others.is_empty() {
        profile
            .data
            .insert("custom_claims".into(), Value::Object(others));
    }
    Some(profile)
}

pub(super) fn notion(answers: &[Value]) -> Option<Profile> {
    let user = &answers.first()?["bot"]["owner"]["user"];
    let known = Known {
        issuer: "https://api.notion.com",
        name: s(user, "name"),
        picture: s(user, "avatar_url"),
        ..Known::default()
    };
    Profile::new(s(user, "id"), one(s(&user["person"], "email"), true), known)
}

pub(super) fn slack(answers: &[Value]) -> Option<Profile> {
    const TEAM: &str = "https://slack.com/team_id";
    let claims = answers.first()?;
    let known = Known {
        issuer: "https://slack.com",
        name: s(claims, "name"),
        picture: s(claims, "picture"),
        custom: custom(&[(TEAM, &claims[TEAM])]),
        ..Known::default()
    };
    let subject = match s(claims, "https://slack.com/user_id") {
        "" => s(claims, "sub"),
        user => user,
    };
    Profile::new(
        subject,
        one(s(claims, "email"), flag(&claims["email_verified"])),
        known,
    )
}

pub(super) fn spotify(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let known = Known {
        issuer: "https://api.spotify.com",
        name: s(user, "display_name"),
        picture: s(&user["images"][0], "url"),
        ..Known::default()
    };
    // It tells whatever people typed.
    Profile::new(s(user, "id"), one(s(user, "email"), false), known)
}

pub(super) fn twitch(answers: &[Value]) -> Option<Profile> {
    let user = &answers.first()?["data"][0];
    let known = Known {
        issuer: "https://api.twitch.tv",
        name: s(user, "login"),
        picture: s(user, "profile_image_url"),
        nickname: s(user, "display_name"),
        slug: s(user, "login"),
        ..Known::default()
    };
    Profile::new(s(user, "id"), one(s(user, "email"), true), known)
}

pub(super) fn workos(answer: &Value) -> Option<Profile> {
    let user = &answer["profile"];
    let name = format!("{} {}", s(user, "first_name"), s(user, "last_name"));
    let known = Known {
        issuer: "https://api.workos.com",
        name: name.trim(),
        custom: custom(&[
            ("connection_id", &user["connection_id"]),
            ("organization_id", &user["organization_id"]),
        ]),
        ..Known::default()
    };
    Profile::new(s(user, "id"), one(s(user, "email"), true), known)
}

pub(super) fn x(answers: &[Value]) -> Option<Profile> {
    let user = &answers.first()?["data"];
    let known = Known {
        issuer: "https://api.x.com",
        name: s(user, "name"),
        picture: s(user, "profile_image_url"),
        user_name: s(user, "username"),
        ..Known::default()
    };
    Profile::new(s(user, "id"), one(s(user, "confirmed_email"), true), known)
}

pub(super) fn zoom(answers: &[Value]) -> Option<Profile> {
    let user = answers.first()?;
    let name = format!("{} {}", s(user, "first_name"), s(user, "last_name"));
    // With a password of Zoom's own the address may never have been shown to be theirs.
    let verified = id(&user["login_type"]) != "100" || flag(&user["verified"]);
    let known = Known {
        issuer: "https://zoom.us",
        name: name.trim(),
        picture: s(user, "pic_url"),
        ..Known::default()
    };
    Profile::new(s(user, "id"), one(s(user, "email"), verified), known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(profile: Option<Profile>) -> Option<bool> {
        Some(profile?.address()?.verified)
    }

    #[test]
    fn each_provider_tells_whether_an_address_is_verified() {
        // AUTH-OAUTH-13
        let mail = |more: Value| {
            let mut user = json!({"id": "1", "sub": "1", "email": "A@b.c", "uuid": "1"});
            user.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            user
        };
        assert_eq!(
            verified(google(&mail(json!({"email_verified": true})))),
            Some(true)
        );
        assert_eq!(
            verified(google(&mail(json!({"email_verified": false})))),
            Some(false)
        );
        assert_eq!(verified(google(&mail(json!({})))), Some(false));
        assert_eq!(verified(azure(&mail(json!({})))), Some(true));
        assert_eq!(
            verified(azure(&mail(json!({"xms_edov": "0"})))),
            Some(false)
        );
        assert_eq!(verified(azure(&mail(json!({"xms_edov": "1"})))), Some(true));
        assert_eq!(verified(apple(&mail(json!({})))), Some(true));
        assert_eq!(
            verified(standard(&mail(json!({"email_verified": "true"})))),
            Some(true)
        );
        assert_eq!(
            verified(discord(&[mail(json!({"verified": false}))])),
            Some(false)
        );
        assert_eq!(verified(spotify(&[mail(json!({}))])), Some(false));
        assert_eq!(
            verified(zoom(&[mail(json!({"login_type": 100, "verified": 0}))])),
            Some(false)
        );
        assert_eq!(
            verified(zoom(&[mail(json!({"login_type": 1}))])),
            Some(true)
        );
        assert_eq!(
            verified(gitlab(&[mail(json!({"confirmed_at": "2020"})), json!([])])),
            Some(true)
        );
        assert_eq!(verified(gitlab(&[mail(json!({})), json!([])])), Some(false));
        let emails = json!([{"email": "x@y.z", "verified": true, "primary": false}, {"email": "A@b.c", "verified": true, "primary": true}]);
        let profile = github(&[json!({"id": 7, "login": "ada"}), emails]).unwrap();
        assert_eq!(
            (
                profile.subject.as_str(),
                profile.address().unwrap().email.as_str()
            ),
            ("7", "a@b.c")
        );
        assert!(github(&[json!({"login": "ada"}), json!([])]).is_none());
    }

    #[test]
    fn the_identity_holds_what_is_known() {
        // AUTH-OAUTH-14
        let profile = google(
            &json!({"iss": "https://i", "sub": "1", "email": "A@b.c", "email_verified": true, "name": "Ada", "picture": "https://p", "hd": "b.c"}),
        );
        let expected = json!({
            "iss": "https://i", "sub": "1", "provider_id": "1", "name": "Ada", "full_name": "Ada", "picture": "https://p",
            "avatar_url": "https://p", "custom_claims": {"hd": "b.c"}, "email": "a@b.c", "email_verified": true, "phone_verified": false,
        });
        assert_eq!(Value::Object(profile.unwrap().data(true)), expected);
    }
}
