//! `reports`: long texts that watches and people asked for.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::DELETED;
use crate::prose;

const COPY: &str = "copy public.reports \
    (id, user_id, title, content, analysis_type, metadata_json, created_at) from stdin";

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.owners("reports.owner", world.scale.reports, 2);
    let texts = world.stream("reports");
    let mut sheet = desk.sheet("public.reports", COPY).await?;
    let mut text = String::new();
    for row in 0..owners.total {
        let mut dice = texts.dice(row);
        sheet.count(row + 1).int(owners.of(row));
        text.clear();
        prose::heading(&mut text, &mut dice);
        sheet.text(&text);
        text.clear();
        prose::answer(&mut text, &mut dice, 800);
        sheet.text(&text).text("summary");
        let pages = 1 + dice.below(12);
        sheet
            .show(&format_args!(
                r#"{{"pages": {pages}, "format": "markdown"}}"#
            ))
            .show(&Moment::of_row(row, owners.total));
        sheet.end().await?;
    }
    if world.drifted() {
        sheet.count(owners.total + 1).int(DELETED[1]);
        sheet.text("Left behind").text("Short.").null();
        sheet.text("pages=4; no JSON").text("infinity");
        sheet.end().await?;
    }
    sheet.finish().await
}
