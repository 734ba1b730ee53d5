//! `users`: the known people, then the bulk.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;

const COPY: &str = "copy public.users \
    (id, email, password_hash, full_name, role, is_active, created_at, last_login) from stdin";

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let mut sheet = desk.sheet("public.users", COPY).await?;
    for person in &world.people {
        let created = Moment::OPENING.plus_days(i64::from(person.id) - 90);
        let last_login = person
            .idle_days
            .map(|days| Moment::PRESENT.plus_days(-days));
        sheet
            .int(person.id)
            .text(&person.address.stored())
            .text(person.hash)
            .text(person.full_name)
            .maybe(person.role)
            .maybe(
                person
                    .is_active
                    .map(|active| if active { 't' } else { 'f' }),
            )
            .show(&created)
            .maybe(last_login);
        sheet.end().await?;
    }
    let activity = world.stream("users.activity");
    for id in world.bulk_ids() {
        let user = world.anybody(id);
        let mut dice = activity.dice(u64::from(id.unsigned_abs()));
        let created = Moment::OPENING.plus_seconds(-dice_seconds(&mut dice, 30));
        // One in ten registered and never came.
        let last_login = (!dice.once_in(10))
            .then(|| Moment::PRESENT.plus_seconds(-dice_seconds(&mut dice, 300)));
        sheet
            .int(id)
            .text(&user.address)
            .text(user.hash)
            .text(&user.full_name)
            .text(if user.is_admin { "admin" } else { "user" })
            .flag(user.is_active)
            .show(&created)
            .maybe(last_login);
        sheet.end().await?;
    }
    sheet.finish().await
}

fn dice_seconds(dice: &mut crate::dice::Dice, days: u64) -> i64 {
    i64::try_from(dice.below(days * 86_400)).expect("a few months")
}
