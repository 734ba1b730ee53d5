//! `user_contexts`: background that people give to their questions. The quotas are counted from it.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::DELETED;
use crate::prose;

const COPY: &str = "copy public.user_contexts \
    (id, user_id, name, context_type, content, preview, filename, content_size, is_active, created_at, updated_at) \
    from stdin";

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.owners("user_contexts.owner", world.scale.contexts, 2);
    let texts = world.stream("user_contexts");
    let mut sheet = desk.sheet("public.user_contexts", COPY).await?;
    let mut text = String::new();
    for row in 0..owners.total {
        let mut dice = texts.dice(row);
        let created = Moment::of_row(row, owners.total);
        sheet
            .count(row + 1)
            .int(owners.of(row))
            .show(&format_args!("Context {}", row + 1))
            .text("text");
        text.clear();
        prose::answer(&mut text, &mut dice, 600);
        let preview: String = text.chars().take(200).collect();
        sheet
            .text(&text)
            .text(&preview)
            .null()
            .count(text.len() as u64)
            .flag(dice.once_in(2))
            .show(&created)
            .show(&created.plus_days(1));
        sheet.end().await?;
    }
    if world.drifted() {
        sheet
            .count(owners.total + 1)
            .int(DELETED[2])
            .text("Left behind");
        sheet
            .text("text")
            .text("Short.")
            .text("Short.")
            .text("left.txt");
        sheet
            .int(6)
            .flag(false)
            .text("2024-02-29 12:00:00")
            .text("2024-02-29 12:00:00");
        sheet.end().await?;
    }
    sheet.finish().await
}
