//! The kinds of mail.

use serde::{Deserialize, Serialize};
use settings::Auth as Settings;

macro_rules! kinds {
    ($($variant:ident $name:ident, $link:expr, $what:literal, $subject:literal, $heading:literal, $text:literal;)+) => {
        /// What a mail is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Kind { $($variant,)+ }

        impl Kind {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name of its template.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name),)+ }
            }

            /// `type` of its link, if it has one.
            pub(crate) fn link_type(self) -> Option<&'static str> {
                match self { $(Self::$variant => $link,)+ }
            }

            /// What the client is told when it could not be sent.
            pub(crate) fn failure(self) -> &'static str {
                match self { $(Self::$variant => concat!("Error sending ", $what, " email"),)+ }
            }

            /// The built-in subject.
            pub(super) fn subject(self) -> &'static str {
                match self { $(Self::$variant => $subject,)+ }
            }

            /// The built-in heading and paragraph.
            pub(super) fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($heading, $text),)+ }
            }
        }
    };
}

kinds! {
    Confirmation confirmation, Some("signup"), "confirmation", "Confirm your email address",
        "Confirm your email address", "Follow the link below to confirm your address and finish signing up.";
    Invite invite, Some("invite"), "invite", "You have been invited",
        "You have been invited", "You have been invited to create an account on {{ .SiteURL }}. Follow the link below to accept.";
    MagicLink magic_link, Some("magiclink"), "magic link", "Your sign-in link",
        "Sign in", "Follow the link below to sign in. It works once.";
    Recovery recovery, Some("recovery"), "recovery", "Reset your password",
        "Reset your password", "Follow the link below to choose a new password. If you did not ask for this, nothing needs to be done.";
    EmailChange email_change, Some("email_change"), "email change", "Confirm the change of your email address",
        "Confirm the change of your email address",
        "Follow the link below to confirm the change from {{ .Email }} to {{ .NewEmail }}.";
    Reauthentication reauthentication, None, "reauthentication", "Your confirmation code",
        "Confirm that it is you", "Enter this code: {{ .Token }}";
    PasswordChanged password_changed_notification, None, "password changed notification", "Your password was changed",
        "Your password was changed", "The password of your account {{ .Email }} was changed. If this was not you, recover your account at once.";
    EmailChanged email_changed_notification, None, "email changed notification", "Your email address was changed",
        "Your email address was changed", "The address of your account was changed from {{ .OldEmail }} to {{ .Email }}. If this was not you, ask for help at once.";
    PhoneChanged phone_changed_notification, None, "phone changed notification", "Your phone number was changed",
        "Your phone number was changed", "The phone number of your account {{ .Email }} was changed from {{ .OldPhone }} to {{ .Phone }}.";
    IdentityLinked identity_linked_notification, None, "identity linked notification", "A new way to sign in was added",
        "A new way to sign in was added", "Your account {{ .Email }} can now be entered with {{ .Provider }}.";
    IdentityUnlinked identity_unlinked_notification, None, "identity unlinked notification", "A way to sign in was removed",
        "A way to sign in was removed", "Your account {{ .Email }} can no longer be entered with {{ .Provider }}.";
    FactorEnrolled mfa_factor_enrolled_notification, None, "MFA factor enrolled notification", "A second factor was added",
        "A second factor was added", "A factor of type {{ .FactorType }} was added to your account {{ .Email }}.";
    FactorUnenrolled mfa_factor_unenrolled_notification, None, "MFA factor unenrolled notification", "A second factor was removed",
        "A second factor was removed", "A factor of type {{ .FactorType }} was removed from your account {{ .Email }}.";
}

impl Kind {
    /// Whether mails of the kind are wanted; only notifications can be unwanted.
    pub(crate) fn is_enabled(self, settings: &Settings) -> bool {
        match self {
            Self::PasswordChanged => settings.mailer_notifications_password_changed,
            Self::EmailChanged => settings.mailer_notifications_email_changed,
            Self::PhoneChanged => settings.mailer_notifications_phone_changed,
            Self::IdentityLinked => settings.mailer_notifications_identity_linked,
            Self::IdentityUnlinked => settings.mailer_notifications_identity_unlinked,
            Self::FactorEnrolled => settings.mailer_notifications_mfa_factor_enrolled,
            Self::FactorUnenrolled => settings.mailer_notifications_mfa_factor_unenrolled,
            _ => true,
        }
    }

    /// The configured path of its links.
    pub(super) fn path(self, settings: &Settings) -> &str {
        match self {
            Self::Invite => &settings.mailer_urlpaths_invite,
            Self::Recovery | Self::MagicLink => &settings.mailer_urlpaths_recovery,
            Self::EmailChange => &settings.mailer_urlpaths_email_change,
            _ => &settings.mailer_urlpaths_confirmation,
        }
    }

    /// The configured subject and template; empty where there is none.
    #[rustfmt::skip]
    pub(super) fn texts(self, s: &Settings) -> (&str, &str) {
        match self {
            Self::Confirmation => (&s.mailer_subjects_confirmation, &s.mailer_templates_confirmation),
            Self::Invite => (&s.mailer_subjects_invite, &s.mailer_templates_invite),
            Self::MagicLink => (&s.mailer_subjects_magic_link, &s.mailer_templates_magic_link),
            Self::Recovery => (&s.mailer_subjects_recovery, &s.mailer_templates_recovery),
            Self::EmailChange => (&s.mailer_subjects_email_change, &s.mailer_templates_email_change),
            Self::Reauthentication => (&s.mailer_subjects_reauthentication, &s.mailer_templates_reauthentication),
            Self::PasswordChanged => (&s.mailer_subjects_password_changed_notification, &s.mailer_templates_password_changed_notification),
            Self::EmailChanged => (&s.mailer_subjects_email_changed_notification, &s.mailer_templates_email_changed_notification),
            Self::PhoneChanged => (&s.mailer_subjects_phone_changed_notification, &s.mailer_templates_phone_changed_notification),
            Self::IdentityLinked => (&s.mailer_subjects_identity_linked_notification, &s.mailer_templates_identity_linked_notification),
            Self::IdentityUnlinked => (&s.mailer_subjects_identity_unlinked_notification, &s.mailer_templates_identity_unlinked_notification),
            Self::FactorEnrolled => (&s.mailer_subjects_mfa_factor_enrolled_notification, &s.mailer_templates_mfa_factor_enrolled_notification),
            Self::FactorUnenrolled => (&s.mailer_subjects_mfa_factor_unenrolled_notification, &s.mailer_templates_mfa_factor_unenrolled_notification),
        }
    }
}
