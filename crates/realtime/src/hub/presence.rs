//! Who is in a room, as its members are told.

use indexmap::IndexMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::channel::ChannelId;
use crate::frames::write_string;

/// What one channel shows of itself, in one version.
#[derive(Debug, Clone, PartialEq)]
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

    /// What another node needs to show it: key, reference, members, previous reference or nothing.
    pub(crate) fn parts(&self) -> [&str; 4] {
        let previous = self.previous.as_deref().unwrap_or_default();
        [&self.key, &self.reference, &self.members, previous]
    }

    /// What another node shows.
    pub(crate) fn of_parts([key, reference, members, previous]: [String; 4]) -> Option<Self> {
        let payload = format!("{{{}}}", members.strip_suffix(',').unwrap_or(&members));
        Some(Self {
            key: key.into(),
            reference,
            payload: serde_json::from_str(&payload).ok()?,
            members,
            previous: Some(previous).filter(|previous| !previous.is_empty()),
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

/// Who shows something: a channel, on this node or on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Whose {
    node: Option<Uuid>,
    channel: ChannelId,
}

impl Whose {
    fn ours(channel: ChannelId) -> Self {
        Self {
            node: None,
            channel,
        }
    }
}

#[derive(Debug)]
struct Shown {
    meta: Meta,
    /// When its node showed it last; see [`Presence::forget`].
    round: u64,
}

/// The presence of one room: what is, and what its members have not been told yet.
///
/// A meta that came and went before anybody was told still appears on both sides of the diff: a state sent in
/// between may have shown it, and clients apply joins before leaves.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    metas: IndexMap<Whose, Shown>,
    joins: Vec<Meta>,
    leaves: Vec<Meta>,
}

impl Presence {
    /// Shows a channel of this node; what is shown now, unless it showed the same already (RT-PRS-04).
    pub(crate) fn track(&mut self, channel: ChannelId, mut meta: Meta) -> Option<&Meta> {
        let whose = Whose::ours(channel);
        if let Some(Shown { meta: shown, .. }) = self.metas.get(&whose) {
            if shown.payload == meta.payload {
                return None;
            }
            meta.previous = Some(shown.reference.clone());
        }
        Some(self.show(whose, meta, 0))
    }

    /// Shows a channel of another node; false if it was shown already.
    pub(crate) fn track_remote(
        &mut self,
        (node, channel): (Uuid, ChannelId),
        meta: Meta,
        round: u64,
    ) -> bool {
        let whose = Whose {
            node: Some(node),
            channel,
        };
        if let Some(shown) = self.metas.get_mut(&whose)
            && shown.meta.reference == meta.reference
        {
            shown.round = round;
            return false;
        }
        self.show(whose, meta, round);
        true
    }

    fn show(&mut self, whose: Whose, meta: Meta, round: u64) -> &Meta {
        self.joins.push(meta.clone());
        let before = self.metas.insert(whose, Shown { meta, round });
        self.leaves.extend(before.map(|shown| shown.meta));
        &self.metas[&whose].meta
    }

    /// Takes a channel of this node away; false if it was not shown.
    pub(crate) fn untrack(&mut self, channel: ChannelId) -> bool {
        self.hide(Whose::ours(channel))
    }

    /// Takes a channel of another node away; false if it was not shown.
    pub(crate) fn untrack_remote(&mut self, (node, channel): (Uuid, ChannelId)) -> bool {
        let node = Some(node);
        self.hide(Whose { node, channel })
    }

    fn hide(&mut self, whose: Whose) -> bool {
        let shown = self.metas.shift_remove(&whose);
        let was_shown = shown.is_some();
        self.leaves.extend(shown.map(|shown| shown.meta));
        was_shown
    }

    /// Takes away what a node has not shown since that round; false if there was nothing.
    pub(crate) fn forget(&mut self, node: Uuid, round: u64) -> bool {
        let before = self.leaves.len();
        let leaves = &mut self.leaves;
        self.metas.retain(|whose, shown| {
            let stays = whose.node != Some(node) || shown.round >= round;
            if !stays {
                leaves.push(shown.meta.clone());
            }
            stays
        });
        self.leaves.len() > before
    }

    /// What channels of this node show.
    pub(crate) fn ours(&self) -> impl Iterator<Item = (ChannelId, &Meta)> {
        self.metas
            .iter()
            .filter(|(whose, _)| whose.node.is_none())
            .map(|(whose, shown)| (whose.channel, &shown.meta))
    }

    /// Whether nobody is shown.
    pub(crate) fn is_empty(&self) -> bool {
        self.metas.is_empty()
    }

    /// The payload of `presence_state`.
    pub(crate) fn state(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_grouped(&mut out, self.metas.values().map(|shown| &shown.meta));
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
