//! `password_reset_tokens`: used or expired, none is good for anything.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;

const COPY: &str = "copy public.password_reset_tokens \
    (id, token, user_id, email, created_at, expires_at, used_at) from stdin";

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.owners(
        "password_reset_tokens.owner",
        world.scale.password_resets,
        1,
    );
    let tokens = world.stream("password_reset_tokens");
    let mut sheet = desk.sheet("public.password_reset_tokens", COPY).await?;
    for row in 0..owners.total {
        let owner = owners.of(row);
        let created = Moment::of_row(row, owners.total);
        let used = (row % 2 == 0).then(|| created.plus_seconds(300));
        sheet
            .count(row + 1)
            .text(&tokens.dice(row).token())
            .int(owner)
            .text(&world.address(owner))
            .show(&created)
            .show(&created.plus_seconds(3_600))
            .maybe(used);
        sheet.end().await?;
    }
    sheet.finish().await
}
