//! `watch_configs` and `watch_history`: what runs on its own, and when it did.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::DELETED;
use crate::prose;

const COPY: &str = "copy public.watch_configs \
    (id, user_id, name, topic, keywords, cron_expression, email_recipients, is_active, created_at, updated_at) \
    from stdin";
const COPY_HISTORY: &str = "copy public.watch_history \
    (id, watch_id, user_id, executed_at, status, report_id, error_message, execution_time_seconds) from stdin";
const WORDS: [&str; 6] = [
    "prices", "stock", "tenders", "énergie", "weather", "freight",
];

pub(crate) async fn fill_configs(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.watches();
    let texts = world.stream("watch_configs");
    let mut sheet = desk.sheet("public.watch_configs", COPY).await?;
    let mut text = String::new();
    for row in 0..owners.total {
        let mut dice = texts.dice(row);
        let created = Moment::of_row(row, owners.total);
        let (one, other) = (dice.pick(&WORDS), dice.pick(&WORDS));
        text.clear();
        prose::heading(&mut text, &mut dice);
        sheet
            .count(row + 1)
            .int(owners.of(row))
            .show(&format_args!("Watch {one}"))
            .text(&text)
            .show(&format_args!(r#"["{one}", "{other}"]"#))
            .show(&format_args!("{} 6 * * *", dice.below(60)))
            .show(&format_args!(
                r#"["team{row}@example.com", "board@example.org"]"#
            ))
            .flag(!dice.once_in(5))
            .show(&created)
            .show(&created.plus_days(3));
        sheet.end().await?;
    }
    sheet.finish().await
}

pub(crate) async fn fill_history(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let watches = world.watches();
    let total = world.scale.watch_history.max(2 * watches.total);
    let runs = world.stream("watch_history");
    let mut sheet = desk.sheet("public.watch_history", COPY_HISTORY).await?;
    for row in 0..total {
        let mut dice = runs.dice(row);
        let watch = row % watches.total;
        sheet
            .count(row + 1)
            .count(watch + 1)
            .int(watches.of(watch))
            .show(&Moment::of_row(row, total));
        if dice.once_in(10) {
            sheet
                .text("failed")
                .null()
                .text("the source did not answer");
        } else {
            sheet.text("done").count(1 + dice.below(1_000)).null();
        }
        sheet.count(1 + dice.below(90));
        sheet.end().await?;
    }
    if world.drifted() {
        let owners = [Some(0), Some(DELETED[0]), None];
        let dates = ["2024-03-01 06:00:00", "1969-12-31 23:59:59", "infinity"];
        for ((owner, date), id) in owners.into_iter().zip(dates).zip(total + 1..) {
            sheet.count(id).int(1).maybe(owner).text(date).text("done");
            sheet.null().null().int(1);
            sheet.end().await?;
        }
    }
    sheet.finish().await
}
