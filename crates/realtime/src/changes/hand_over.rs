//! What is left of a change is rendered and handed to its channels.

use std::collections::HashMap;

use bytes::Bytes;

use super::encode::{Asked, Change};
use super::index::Member;
use super::item::{Candidate, Item};

/// Everybody's message: rendered once for each role and selection, one message for each channel and rendering.
pub(super) fn hand_over(item: &Item, asked: &Asked) {
    let mut renderings: Vec<Bytes> = Vec::new();
    let mut known: HashMap<(&str, Option<&[String]>), usize> = HashMap::new();
    let mut due: Vec<(u64, usize, &Member)> = Vec::new();
    for candidate in &item.groups {
        let terms = &candidate.group.terms;
        let withheld = item.standings[candidate.standing].withheld;
        // What is withheld is the same for every selection.
        let select = terms.select.as_deref().filter(|_| withheld.is_none());
        let rendering = *known
            .entry((terms.who.role.as_str(), select))
            .or_insert_with(|| {
                renderings.push(render(item, candidate, asked));
                renderings.len() - 1
            });
        let members = candidate
            .group
            .members
            .iter()
            .filter(|member| item.commit_lsn >= member.subscriber.live_from);
        due.extend(members.map(|member| (member.subscriber.number, rendering, member)));
    }
    due.sort_unstable_by_key(|(subscriber, rendering, member)| {
        (*subscriber, *rendering, member.id)
    });
    let mut ids = Vec::new();
    for one in due.chunk_by(|left, right| (left.0, left.1) == (right.0, right.1)) {
        ids.clear();
        ids.extend(one.iter().map(|(_, _, member)| member.id));
        ids.dedup();
        let (_, rendering, Member { subscriber, .. }) = one[0];
        if !subscriber.is_gone() && !subscriber.sink.deliver(&ids, &renderings[rendering]) {
            subscriber.leave();
        }
    }
}

fn render(item: &Item, candidate: &Candidate, asked: &Asked) -> Bytes {
    let table = &item.known.table;
    let standing = &item.standings[candidate.standing];
    if let Some(withheld) = standing.withheld {
        return withheld.data(table, item.row.event);
    }
    let change = Change {
        table,
        published: &item.published,
        event: item.row.event,
        new: item.new.as_deref(),
        old: item.old.as_deref(),
        unix_micros: item.unix_micros,
        size: item.row.size,
        asked,
    };
    change.data(&standing.role, candidate.group.terms.select.as_deref())
}
