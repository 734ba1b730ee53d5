//! The people whose passwords are known. The rest of the users share the hashes of [`SHARED`].
//!
//! All hashes are of cost 12 and constant: hashing anew for every run would take seconds, for every user hours.

/// One user as the application's table has it, and what becomes of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) id: i32,
    pub(crate) address: Address,
    /// Empty: nobody knows one, there is no hash.
    pub(crate) password: &'static str,
    /// As it is stored, which in variant B is not always as it should be.
    pub(crate) hash: &'static str,
    pub(crate) full_name: &'static str,
    pub(crate) role: Option<&'static str>,
    pub(crate) is_active: Option<bool>,
    /// Days between the last sign-in and the present; none: never signed in.
    pub(crate) idle_days: Option<i64>,
    pub(crate) note: &'static str,
    pub(crate) signs_in: bool,
    /// Takes part in the rows that every known person has.
    pub(crate) has_history: bool,
}

/// An address as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Address {
    Plain(&'static str),
    /// 300 characters.
    Long,
}

impl Address {
    pub(crate) fn stored(self) -> String {
        match self {
            Self::Plain(text) => text.to_owned(),
            Self::Long => format!("{}@insight.example", "long".repeat(71)),
        }
    }
}

/// Ids whose users were deleted, their rows left behind, in variant B.
pub(crate) const DELETED: [i32; 3] = [30, 31, 32];

/// The real user whose id the earlier attempt gave to somebody else.
pub(crate) const COLLIDING: i32 = 24;

/// The user nearly all of the load comes from, in variant B.
pub(crate) const HEAVY: i32 = 22;

/// The user whose texts are not in Latin letters, in variant B.
pub(crate) const LAYLA: i32 = 23;

/// Password and hash of everybody else.
pub(crate) const SHARED: [(&str, &str); 3] = [
    (
        "insight-01",
        "$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau",
    ),
    (
        "insight-02",
        "$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq",
    ),
    (
        "insight-03",
        "$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm",
    ),
];

/// In both variants and all sizes.
pub(crate) const CORE: [Person; 5] = [
    Person {
        id: 1,
        address: Address::Plain("admin@axial.com"),
        password: "admin123",
        hash: "$2b$12$MvSyMJpl.jFYX9yBZb4ijuiabHWAJx7lNrp2BEmr9in.lR/zpnmMO",
        full_name: "Axial Administrator",
        role: Some("admin"),
        is_active: Some(true),
        idle_days: Some(1),
        note: "admin",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 2,
        address: Address::Plain("camille.renard@insight.example"),
        password: "renard-2024",
        hash: "$2b$12$fuYdHYK/mLZ5ndnvaBw3nuvhOlFFpmpBltw5VRbDzM8scpwR.qsBK",
        full_name: "Camille Renard",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(2),
        note: "ordinary",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 3,
        address: Address::Plain("noor.haddad@insight.example"),
        password: "haddad-2024",
        hash: "$2b$12$CX9P96MayuXDlI8L5nvYaO.3fAmuCCQ7j5zFAszp.E0cBCdlrArvm",
        full_name: "Noor Haddad",
        role: Some("user"),
        is_active: Some(false),
        idle_days: Some(200),
        note: "inactive",
        signs_in: false,
        has_history: true,
    },
    Person {
        id: 4,
        address: Address::Plain("mateo.silva@insight.example"),
        password: "pañuelo-été-✓",
        hash: "$2b$12$Vnthbx569nz34Fohf.re5.xpxSowRxQsckHXPJFMqboLPALBsHiH6",
        full_name: "Mateo Silva",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(3),
        note: "unicode-password",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 5,
        address: Address::Plain("yuki.tanaka@insight.example"),
        password: "yuki-keeps-a-very-long-pass-phrase-that-is-exactly-seventy-two-bytes-ok!",
        hash: "$2b$12$VK9hJEPD7cb3HaXHcgzCyeaVOXivaEYS7mwkFTGV/P1sBfo44Pf6G",
        full_name: "Yuki Tanaka",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(4),
        note: "72-byte-password",
        signs_in: true,
        has_history: true,
    },
];

/// In variant B, in all sizes.
pub(crate) const DRIFTED: [Person; 19] = [
    Person {
        id: 6,
        address: Address::Plain("Admin@Axial.com"),
        password: "old-admin-77",
        hash: "$2b$12$UgVmLqcWk86Gjr.7gjK8GOZ9yF7.ZyuhQfbWkqvz2WM4NJASI3NiG",
        full_name: "Former Administrator",
        role: Some("admin"),
        is_active: Some(true),
        idle_days: Some(500),
        note: "case-duplicate",
        signs_in: false,
        has_history: true,
    },
    Person {
        id: 7,
        address: Address::Plain("trailing.blank@insight.example "),
        password: "trailing-7",
        hash: "$2b$12$zCWtZCx4Y1UF38.YUCO.pOeshqzrkuZxuwO1XOkAgsjFY3aoBBwm2",
        full_name: "Tess Blank",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(5),
        note: "trailing-blank",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 8,
        address: Address::Long,
        password: "long-address-8",
        hash: "$2b$12$ISumyQgBB84aHA13HqTN/uNBzujnb4sW8GU4H/7oet36iypoiFiYa",
        full_name: "Long Address",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(6),
        note: "long-address",
        signs_in: false,
        has_history: true,
    },
    Person {
        id: 9,
        address: Address::Plain(""),
        password: "no-address-9",
        hash: "$2b$12$WR4YfKF6TqXSfbgO903raOGLYBxrTIXaitfPftzDp/O3d7hhFON3e",
        full_name: "No Address",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(7),
        note: "empty-address",
        signs_in: false,
        has_history: true,
    },
    Person {
        id: 10,
        address: Address::Plain("imported.one@insight.example"),
        password: "",
        hash: "",
        full_name: "Imported One",
        role: Some("user"),
        is_active: Some(true),
        idle_days: None,
        note: "no-hash",
        signs_in: false,
        has_history: true,
    },
    Person {
        id: 11,
        address: Address::Plain("imported.two@insight.example"),
        password: "",
        hash: "!",
        full_name: "Imported Two",
        role: Some("user"),
        is_active: Some(true),
        idle_days: None,
        note: "no-hash",
        signs_in: false,
        has_history: true,
    },
    Person {
        id: 12,
        address: Address::Plain("old.library@insight.example"),
        password: "bcrypt-2a-12",
        hash: "$2a$12$/L5LalridiqYniFXx58jR.9GD2J3NKz.rTKqe5uojkidchSNwDgcu",
        full_name: "Olga Library",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(8),
        note: "bcrypt-2a",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 13,
        address: Address::Plain("php.import@insight.example"),
        password: "bcrypt-2y-13",
        hash: "$2y$12$ctczHw8JUh2bXDTUWKwPQe8A1VujFsHljUtjrZxBMxAnoKRZmSxDG",
        full_name: "Pavel Import",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(9),
        note: "bcrypt-2y",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 14,
        address: Address::Plain("cut.short@insight.example"),
        password: "short-hash-14",
        hash: "$2b$12$Qtk/SoaJSp.ECLEvyjX/be6rlrZLtwPDFk7gf5ykxvQkmc..Gy5W",
        full_name: "Cut Short",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(10),
        note: "bcrypt-59",
        signs_in: false,
        has_history: true,
    },
    Person {
        id: 15,
        address: Address::Plain("first.version@insight.example"),
        password: "sha256-15",
        hash: "ccee2f01ae2f769bf6d6a1a7b47df77fc87caef9683027ac82dab6b006c51a10",
        full_name: "First Version",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(11),
        note: "sha256-hex",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 16,
        address: Address::Plain("char.column@insight.example"),
        password: "padded-16",
        hash: "$2b$12$XRziLvu3jnYrHrAS.8eI0eMPMPuw.YrYGdbopyOBo8Cm0Qoz2tZ9O    ",
        full_name: "Char Column",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(12),
        note: "padded",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 17,
        address: Address::Plain("active.unknown@insight.example"),
        password: "insight-01",
        hash: "$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau",
        full_name: "Active Unknown",
        role: Some("user"),
        is_active: None,
        idle_days: Some(13),
        note: "active-null",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 18,
        address: Address::Plain("capital.role@insight.example"),
        password: "insight-02",
        hash: "$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq",
        full_name: "Capital Role",
        role: Some("Admin"),
        is_active: Some(true),
        idle_days: Some(14),
        note: "role-capital",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 19,
        address: Address::Plain("role.unknown@insight.example"),
        password: "insight-03",
        hash: "$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm",
        full_name: "Role Unknown",
        role: None,
        is_active: Some(true),
        idle_days: Some(15),
        note: "role-null",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 20,
        address: Address::Plain("super.role@insight.example"),
        password: "insight-01",
        hash: "$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau",
        full_name: "Super Role",
        role: Some("superadmin"),
        is_active: Some(true),
        idle_days: Some(16),
        note: "role-superadmin",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 21,
        address: Address::Plain("never.used@insight.example"),
        password: "insight-02",
        hash: "$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq",
        full_name: "Never Used",
        role: Some("user"),
        is_active: Some(true),
        idle_days: None,
        note: "no-data",
        signs_in: true,
        has_history: false,
    },
    Person {
        id: 22,
        address: Address::Plain("heavy.writer@insight.example"),
        password: "insight-03",
        hash: "$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm",
        full_name: "Heavy Writer",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(1),
        note: "heavy",
        signs_in: true,
        has_history: false,
    },
    Person {
        id: 23,
        address: Address::Plain("layla.emoji@insight.example"),
        password: "insight-01",
        hash: "$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau",
        full_name: "ليلى 🌻 שלום",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(2),
        note: "emoji-rtl",
        signs_in: true,
        has_history: true,
    },
    Person {
        id: 24,
        address: Address::Plain("late.comer@insight.example"),
        password: "insight-02",
        hash: "$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq",
        full_name: "Late Comer",
        role: Some("user"),
        is_active: Some(true),
        idle_days: Some(30),
        note: "collides-with-mapping",
        signs_in: true,
        has_history: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    // The integration tests verify the known people's hashes: what all others share must be among them.
    #[test]
    fn shared_hashes_are_those_of_known_people() {
        for (password, hash) in SHARED {
            let mut people = DRIFTED.iter();
            assert!(people.any(|person| person.password == password && person.hash == hash));
        }
    }

    #[test]
    fn the_long_address_has_three_hundred_characters() {
        assert_eq!(Address::Long.stored().len(), 300);
    }
}
