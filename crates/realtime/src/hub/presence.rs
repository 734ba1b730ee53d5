//! Who is in a room, as its members are told.

use indexmap::IndexMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::channel::ChannelId;
use crate::frames::write_string;

/// What one channel shows of itself, in one version.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    /// The key it is shown under.
    key: Box<str>,
    /// `phx_ref`, unique.
    reference: String,
    /// The payload, to compare.
    payload: Map<String, Value>,
    /// The members of the payload, digit for digit, without braces, `phx_ref` or `phx_ref_prev`.
    members: String,
    /// `phx_ref_prev`, of an update.
    previous: Option<String>,
}

impl Meta {
    /// A meta under `key`; `None` if `payload` is not a JSON object.
    pub(crate) fn new(key: &str, reference: String, payload: &[u8]) -> Option<Self> {
        let members: IndexMap<String, Box<RawValue>> = serde_json::from_slice(payload).ok()?;
        let mut text = Vec::with_capacity(payload.len());
        // The server's values win (RT-PRS-17).
        for (name, value) in members
            .iter()
            .filter(|(name, _)| !name.starts_with("phx_ref") || !is_ours(name))
        {
            write_string(&mut text, name);
            text.push(b':');
            text.extend_from_slice(value.get().as_bytes());
            text.push(b',');
        }
        Some(Self {
            key: key.into(),
            reference,
            payload: serde_json::from_slice(payload).ok()?,
            members: String::from_utf8(text).expect("parts of a text"),
            previous: None,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        out.extend_from_slice(self.members.as_bytes());
        out.extend_from_slice(br#""phx_ref":"#);
        write_string(out, &self.reference);
        if let Some(previous) = &self.previous {
            out.extend_from_slice(br#","phx_ref_prev":"#);
            write_string(out, previous);
        }
        out.push(b'}');
    }
}

fn is_ours(name: &str) -> bool {
    matches!(name, "phx_ref" | "phx_ref_prev")
}

/// The presence of one room: what is, and what its members have not been told yet.
///
/// A meta that came and went before anybody was told still appears on both sides of the diff: a state sent in
/// between may have shown it, and clients apply joins before leaves.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    metas: IndexMap<ChannelId, Meta>,
    joins: Vec<Meta>,
    leaves: Vec<Meta>,
}

impl Presence {
    /// Shows a channel; false if it showed the same already (RT-PRS-04).
    pub(crate) fn track(&mut self, id: ChannelId, mut meta: Meta) -> bool {
        match self.metas.get_mut(&id) {
            Some(shown) if shown.payload == meta.payload => return false,
            Some(shown) => {
                meta.previous = Some(shown.reference.clone());
                self.leaves.push(std::mem::replace(shown, meta.clone()));
            }
            None => {
                self.metas.insert(id, meta.clone());
            }
        }
        self.joins.push(meta);
        true
    }

    /// Takes a channel away; false if it was not shown.
    pub(crate) fn untrack(&mut self, id: ChannelId) -> bool {
        let meta = self.metas.shift_remove(&id);
        let was_shown = meta.is_some();
        self.leaves.extend(meta);
        was_shown
    }

    /// The payload of `presence_state`.
    pub(crate) fn state(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_grouped(&mut out, self.metas.values());
        out
    }

    /// The payload of the `presence_diff` that is due, if one is.
    pub(crate) fn take_diff(&mut self) -> Option<Vec<u8>> {
        if self.joins.is_empty() && self.leaves.is_empty() {
            return None;
        }
        let mut out = br#"{"joins":"#.to_vec();
        write_grouped(&mut out, std::mem::take(&mut self.joins).iter());
        out.extend_from_slice(br#","leaves":"#);
        write_grouped(&mut out, std::mem::take(&mut self.leaves).iter());
        out.push(b'}');
        Some(out)
    }
}

/// `{key: {"metas": […]}}`.
fn write_grouped<'a>(out: &mut Vec<u8>, metas: impl Iterator<Item = &'a Meta>) {
    let mut groups: IndexMap<&str, Vec<&Meta>> = IndexMap::new();
    for meta in metas {
        groups.entry(&meta.key).or_default().push(meta);
    }
    out.push(b'{');
    for (index, (key, metas)) in groups.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, key);
        out.extend_from_slice(br#":{"metas":["#);
        for (index, meta) in metas.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            meta.write(out);
        }
        out.extend_from_slice(b"]}");
    }
    out.push(b'}');
}
