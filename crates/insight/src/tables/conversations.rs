//! `user_conversations`: nearly all of the data.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::{COLLIDING, DELETED, LAYLA};
use crate::prose;
use crate::sheet::Sheet;

const COPY: &str = "copy public.user_conversations \
    (id, user_id, query, response, conversation_type, analysis_type, business_type, created_at) from stdin";
const ANALYSES: [&str; 6] = [
    "trend",
    "forecast",
    "comparison",
    "anomaly",
    "cohort",
    "summary",
];
const BUSINESSES: [&str; 5] = [
    "retail",
    "wholesale",
    "services",
    "industry",
    "public sector",
];

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.conversations();
    let texts = world.stream("user_conversations");
    let mut sheet = desk.sheet("public.user_conversations", COPY).await?;
    let mut text = String::new();
    for row in 0..owners.total {
        let mut dice = texts.dice(row);
        sheet.count(row + 1).int(owners.of(row));
        text.clear();
        prose::question(&mut text, &mut dice);
        sheet.text(&text);
        text.clear();
        let bytes = usize::try_from(100 + dice.below(180)).expect("a length");
        prose::answer(&mut text, &mut dice, bytes);
        sheet.text(&text);
        if dice.once_in(4) {
            sheet.text("analysis").text(dice.pick(&ANALYSES));
        } else {
            sheet.text("chat").null();
        }
        sheet
            .text(dice.pick(&BUSINESSES))
            .show(&Moment::of_row(row, owners.total));
        sheet.end().await?;
    }
    if world.drifted() {
        plant(&mut sheet, owners.total).await?;
    }
    sheet.finish().await
}

/// What no clean application would hold.
async fn plant(sheet: &mut Sheet<'_, '_>, before: u64) -> Result<()> {
    let [gone, long_gone, _] = DELETED;
    let early = Moment::OPENING.plus_days(100).to_string();
    let late = Moment::PRESENT.plus_days(-10).to_string();
    let rows = [
        (
            gone,
            "Where are my figures?",
            "Here they are.",
            early.as_str(),
        ),
        (gone, "And the ones before?", "Those too.", &early),
        (long_gone, "Is anybody there?", "Not any more.", &early),
        (0, "Nightly summary", "Written by the scheduler.", &early),
        (0, "Nightly summary", "Written by the scheduler.", &late),
        (
            LAYLA,
            "كيف تطورت المبيعات هذا العام؟ 📈",
            "المبيعات 👩‍💻 ارتفعت ١٢٪ — ‏שלום עולם‎ — e\u{301}te\u{301} 🏳️‍🌈",
            &late,
        ),
        (2, "Until when does it hold?", "For ever.", "infinity"),
        (
            4,
            "When did people land on the moon?",
            "That day.",
            "1969-07-20 20:17:40",
        ),
        (5, "", "Back\\slash\ttab\r\nand line ends: \\N \\.", &late),
        // Under one id, two people: the real one, and since the attempt the one it invented the id for.
        (COLLIDING, "What did I buy last year?", "A lot.", &early),
        (COLLIDING, "What will I buy this year?", "Less.", &early),
        (COLLIDING, "Hello, I have just signed up", "Welcome!", &late),
        (COLLIDING, "Show me the tour", "This way.", &late),
    ];
    for ((owner, query, response, created), id) in rows.into_iter().zip(before + 1..) {
        sheet.count(id).int(owner).text(query).text(response);
        sheet.text("chat").null().null().text(created);
        sheet.end().await?;
    }
    Ok(())
}
