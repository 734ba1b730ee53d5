//! `messages`: a question and an answer each, of the latest conversations: the table came late.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::DELETED;
use crate::prose;

const COPY: &str = "copy public.messages \
    (id, conversation_id, sender, author_id, content, created_at) from stdin";

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let conversations = world.conversations();
    let texts = world.stream("messages");
    let talks = (world.scale.messages / 2).min(conversations.total);
    let mut sheet = desk.sheet("public.messages", COPY).await?;
    let mut text = String::new();
    for talk in 0..talks {
        let conversation = conversations.total - talks + talk;
        let asked = Moment::of_row(conversation, conversations.total);
        let mut dice = texts.dice(talk);
        text.clear();
        prose::question(&mut text, &mut dice);
        sheet
            .count(2 * talk + 1)
            .count(conversation + 1)
            .text("user")
            .int(conversations.of(conversation))
            .text(&text)
            .show(&asked);
        sheet.end().await?;
        text.clear();
        prose::answer(&mut text, &mut dice, 120);
        sheet
            .count(2 * talk + 2)
            .count(conversation + 1)
            .text("assistant")
            .null()
            .text(&text)
            .show(&asked.plus_seconds(5));
        sheet.end().await?;
    }
    if world.drifted() {
        // The first planted conversation is a deleted user's.
        sheet
            .count(2 * talks + 1)
            .count(conversations.total + 1)
            .text("user")
            .int(DELETED[0])
            .text("Where are my figures?")
            .show(&Moment::OPENING.plus_days(100));
        sheet.end().await?;
    }
    sheet.finish().await
}
