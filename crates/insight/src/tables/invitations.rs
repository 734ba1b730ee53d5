//! `invitations`: used, expired and open ones, all sent by the administrator.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;

const COPY: &str = "copy public.invitations \
    (id, code, email, created_by, created_at, expires_at, used_at, used_by) from stdin";
const ADMINISTRATOR: i32 = 1;

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.owners("invitations.guest", world.scale.invitations, 1);
    let codes = world.stream("invitations");
    let mut sheet = desk.sheet("public.invitations", COPY).await?;
    for row in 0..owners.total {
        let guest = owners.of(row);
        let created = Moment::of_row(row, owners.total);
        sheet
            .count(row + 1)
            .text(&codes.dice(row).token())
            .text(&world.address(guest))
            .text(&world.named(ADMINISTRATOR, created))
            .show(&created);
        match row % 3 {
            0 => {
                let used = created.plus_seconds(3_600);
                sheet
                    .show(&created.plus_days(7))
                    .show(&used)
                    .text(&world.named(guest, used));
            }
            1 => {
                sheet.show(&created.plus_days(7)).null().null();
            }
            _ => {
                sheet.text("2099-12-31 00:00:00").null().null();
            }
        }
        sheet.end().await?;
    }
    if world.drifted() {
        // To an address in other case than its user's, and one by nobody to nobody.
        let created = Moment::PRESENT.plus_days(-40);
        sheet
            .count(owners.total + 1)
            .text("other-case")
            .text("Camille.RENARD@Insight.Example")
            .text(&world.named(ADMINISTRATOR, created))
            .show(&created)
            .show(&created.plus_days(7))
            .show(&created.plus_seconds(60))
            .text(&world.named(2, created));
        sheet.end().await?;
        sheet
            .count(owners.total + 2)
            .text("by-nobody")
            .null()
            .null()
            .show(&created)
            .show(&created.plus_days(7))
            .null()
            .null();
        sheet.end().await?;
    }
    sheet.finish().await
}
