//! The caller's values, kept apart from the shape of the request.

use bytes::Bytes;

/// Which value of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ValueId(u32);

/// Everything in a request that reaches PostgreSQL as a parameter. Two requests that differ only here have
/// the same plan and the same SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values(Vec<Bytes>);

impl Values {
    pub(crate) fn add(&mut self, value: impl Into<Bytes>) -> ValueId {
        let id = ValueId(
            u32::try_from(self.0.len()).expect("a request line has fewer than 2^32 values"),
        );
        self.0.push(value.into());
        id
    }

    pub(crate) fn add_text(&mut self, value: &str) -> ValueId {
        self.add(Bytes::copy_from_slice(value.as_bytes()))
    }

    pub(crate) fn get(&self, id: ValueId) -> &Bytes {
        &self.0[id.0 as usize]
    }

    pub(crate) fn text(&self, id: ValueId) -> &str {
        std::str::from_utf8(self.get(id)).unwrap_or_default()
    }
}

/// `{…}` with every element quoted; an element ends at its first NUL, which PostgreSQL cannot hold.
pub(crate) fn array_literal<S: AsRef<str>>(elements: impl IntoIterator<Item = S>) -> String {
    let mut text = String::from("{");
    for element in elements {
        if text.len() > 1 {
            text.push(',');
        }
        text.push('"');
        let element = element.as_ref();
        let element = element.split('\0').next().unwrap_or_default();
        for c in element.chars() {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
    }
    text.push('}');
    text
}
