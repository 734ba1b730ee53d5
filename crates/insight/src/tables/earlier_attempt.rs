//! What an earlier migration left: its bookkeeping, and in variant B a mapping that is partly made up.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::DELETED;
use crate::world::{INVENTED, MAPPED};

const COPY_STATUS: &str = "copy public.migration_status \
    (user_id, conversations_migrated, migration_date, legacy_conversation_count) from stdin";
const COPY_MAPPING: &str = "copy public.user_id_mapping \
    (old_user_id, supabase_user_id, email, migrated_at) from stdin";

/// The move from one conversations table to another, years ago.
pub(crate) async fn fill_status(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let counts = world.stream("migration_status");
    let known = world.people.iter().filter(|person| person.has_history);
    let bulk = usize::try_from(world.scale.migration_status).expect("a count");
    let ids = known.map(|person| person.id);
    let ids = ids.chain(world.bulk_ids().take(bulk));
    let gone = world.drifted().then_some(DELETED[0]);
    let mut sheet = desk.sheet("public.migration_status", COPY_STATUS).await?;
    for id in ids.chain(gone) {
        let mut dice = counts.dice(u64::from(id.unsigned_abs()));
        let done = !dice.once_in(20);
        sheet
            .int(id)
            .flag(done)
            .maybe(done.then(|| Moment::OPENING.plus_days(20)))
            .count(dice.below(60));
        sheet.end().await?;
    }
    sheet.finish().await
}

pub(crate) async fn fill_mapping(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    if !world.drifted() {
        return Ok(());
    }
    let mut sheet = desk.sheet("public.user_id_mapping", COPY_MAPPING).await?;
    for (id, seconds) in MAPPED.into_iter().chain(INVENTED).zip(0..) {
        // Whoever signed up during the attempt had no id, so one was invented.
        let address = if INVENTED.contains(&id) {
            format!("newcomer{id}@signup.example")
        } else {
            world.address(id)
        };
        sheet
            .int(id)
            .maybe(world.mapped(id))
            .text(&address)
            .show(&Moment::ATTEMPT.plus_seconds(seconds));
        sheet.end().await?;
    }
    sheet.finish().await
}
