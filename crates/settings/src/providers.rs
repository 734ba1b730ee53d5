//! Sign-in with accounts that people have elsewhere.

use base::Secret;

use crate::{Field, Reader, Section, Value};

/// What is known of one provider.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Provider {
    /// Whether it is offered.
    pub enabled: bool,
    /// The client's ids; the first is used for redirects, all are good in ID tokens.
    pub client_id: Vec<String>,
    /// The client's secret.
    pub secret: Secret,
    /// Where the provider sends people back to.
    pub redirect_uri: String,
    /// Where the provider is, if not at its usual address.
    pub url: String,
    /// ID tokens are good without a nonce that fits.
    pub skip_nonce_check: bool,
    /// Users without an address are let in.
    pub email_optional: bool,
}

macro_rules! providers {
    ($($name:ident $env:literal,)+) => {
        /// The providers that are known by name.
        #[derive(Debug, Clone, Default)]
        #[non_exhaustive]
        pub struct Providers { $(
            #[doc = concat!("Provider `", stringify!($name), "`.")]
            pub $name: Provider,
        )+ }

        impl Providers {
            /// The provider of a name.
            pub fn get(&self, name: &str) -> Option<&Provider> {
                match name {
                    $(stringify!($name) => Some(&self.$name),)+
                    _ => None,
                }
            }

            /// The same, to be changed.
            pub fn get_mut(&mut self, name: &str) -> Option<&mut Provider> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }

        impl Section for Providers {
            const FIELDS: &'static [Field] = &[$(
                providers!(@field bool, $name, $env, "_enabled", "_ENABLED", "false", "Offer it."),
                providers!(@field Vec<String>, $name, $env, "_client_id", "_CLIENT_ID", "",
                    "The client's ids; the first is used for redirects, all are good in ID tokens."),
                providers!(@field Secret, $name, $env, "_secret", "_SECRET", "", "The client's secret."),
                providers!(@field String, $name, $env, "_redirect_uri", "_REDIRECT_URI", "",
                    "Where it sends people back to: `<public address>/auth/v1/callback`."),
                providers!(@field String, $name, $env, "_url", "_URL", "", "Where it is, if not at its usual address."),
                providers!(@field bool, $name, $env, "_skip_nonce_check", "_SKIP_NONCE_CHECK", "false",
                    "ID tokens are good without a nonce that fits."),
                providers!(@field bool, $name, $env, "_email_optional", "_EMAIL_OPTIONAL", "false",
                    "Users without an address are let in."),
            )+];

            fn read(reader: &mut Reader<'_>) -> Self {
                Self { $($name: Provider {
                    enabled: providers!(@read reader, $name, $env, "_enabled", "_ENABLED", "false"),
                    client_id: providers!(@read reader, $name, $env, "_client_id", "_CLIENT_ID", ""),
                    secret: providers!(@read reader, $name, $env, "_secret", "_SECRET", ""),
                    redirect_uri: providers!(@read reader, $name, $env, "_redirect_uri", "_REDIRECT_URI", ""),
                    url: providers!(@read reader, $name, $env, "_url", "_URL", ""),
                    skip_nonce_check: providers!(@read reader, $name, $env, "_skip_nonce_check", "_SKIP_NONCE_CHECK", "false"),
                    email_optional: providers!(@read reader, $name, $env, "_email_optional", "_EMAIL_OPTIONAL", "false"),
                },)+ }
            }
        }
    };
    (@field $ty:ty, $name:ident, $env:literal, $key:literal, $variable:literal, $default:literal, $doc:literal) => {
        Field {
            key: concat!("providers.", stringify!($name), $key),
            shape: <$ty as Value>::SHAPE,
            default: $default,
            env: &[concat!("GOTRUE_EXTERNAL_", $env, $variable)],
            doc: $doc,
        }
    };
    (@read $reader:ident, $name:ident, $env:literal, $key:literal, $variable:literal, $default:literal) => {
        $reader.value(
            concat!("providers.", stringify!($name), $key),
            &[concat!("GOTRUE_EXTERNAL_", $env, $variable)],
            $default,
        )
    };
}

providers! {
    apple "APPLE",
    azure "AZURE",
    bitbucket "BITBUCKET",
    discord "DISCORD",
    facebook "FACEBOOK",
    figma "FIGMA",
    fly "FLY",
    github "GITHUB",
    gitlab "GITLAB",
    google "GOOGLE",
    kakao "KAKAO",
    keycloak "KEYCLOAK",
    linkedin_oidc "LINKEDIN_OIDC",
    notion "NOTION",
    slack_oidc "SLACK_OIDC",
    spotify "SPOTIFY",
    twitch "TWITCH",
    workos "WORKOS",
    x "X",
    zoom "ZOOM",
}
