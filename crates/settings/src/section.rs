//! How a section is written: one macro, so that key, type, default, environment names and meaning
//! stand in one place.

use crate::Reader;

/// A section of the configuration.
pub trait Section: Sized {
    /// What can be set in it.
    const FIELDS: &'static [Field];

    /// Reads it; mistakes are noted in `reader` and the default stands in.
    fn read(reader: &mut Reader<'_>) -> Self;
}

/// What the reference says of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// `section.field`, as in `passerelle.toml`.
    pub key: &'static str,
    /// The kind of value: `text`, `true or false`, `whole number`, `duration` …
    pub shape: &'static str,
    /// The default as one would write it.
    pub default: &'static str,
    /// Environment names, in order of precedence.
    pub env: &'static [&'static str],
    /// What it means.
    pub doc: &'static str,
}

/// Declares a section:
///
/// ```text
/// section! {
///     /// The listener.
///     pub struct Gateway in "gateway" {
///         /// Port of the API.
///         pub port: u16 = "8000", env ["API_GW_HTTP_PORT", "KONG_HTTP_PORT"];
///     }
/// }
/// ```
///
/// Every field is also settable as `PASSERELLE_<SECTION>_<FIELD>`, which wins over the other names.
/// Defaults are written as a person would write them and parsed like any other value.
macro_rules! section {
    (
        $(#[doc = $struct_doc:literal])*
        pub struct $name:ident in $section:literal {
            $(
                $(#[doc = $doc:literal])+
                pub $field:ident : $ty:ty = $default:literal, env [$($env:literal),* $(,)?];
            )*
        }
    ) => {
        $(#[doc = $struct_doc])*
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $ty, )*
        }

        impl $crate::Section for $name {
            const FIELDS: &'static [$crate::Field] = &[
                $( $crate::Field {
                    key: concat!($section, ".", stringify!($field)),
                    shape: <$ty as $crate::Value>::SHAPE,
                    default: $default,
                    env: &[$($env),*],
                    doc: concat!($($doc),+),
                }, )*
            ];

            fn read(reader: &mut $crate::Reader<'_>) -> Self {
                Self {
                    $( $field: reader.value(
                        concat!($section, ".", stringify!($field)),
                        &[$($env),*],
                        $default,
                    ), )*
                }
            }
        }

        impl Default for $name {
            /// The defaults alone.
            fn default() -> Self {
                let layers = $crate::Layers::default();
                <Self as $crate::Section>::read(&mut $crate::Reader::new(&layers))
            }
        }
    };
}

pub(crate) use section;
