//! `user_documents`, which belong to users, and `documents`, which belong to nobody.

use crate::dice::Dice;
use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::{DELETED, LAYLA};
use crate::prose;
use crate::sheet::Sheet;
use crate::world::World;

const COPY: &str = "copy public.user_documents \
    (id, user_id, document_type, analysis_type, title, content, file_path, report_id, watch_id, extra_data, \
    created_at) from stdin";
const COPY_SHARED: &str = "copy public.documents \
    (id, filename, title, content, file_path, upload_date, file_size, pages_count) from stdin";
const TYPES: [&str; 4] = ["report", "note", "upload", "export"];

pub(crate) async fn fill_owned(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.owners("user_documents.owner", world.scale.user_documents, 2);
    let texts = world.stream("user_documents");
    let mut sheet = desk.sheet("public.user_documents", COPY).await?;
    let mut text = String::new();
    for row in 0..owners.total {
        let mut dice = texts.dice(row);
        let owner = owners.of(row);
        let kind = dice.pick(&TYPES);
        sheet.count(row + 1).int(owner).text(kind);
        if kind == "report" {
            sheet.text("trend");
        } else {
            sheet.null();
        }
        text.clear();
        prose::heading(&mut text, &mut dice);
        sheet.text(&text);
        text.clear();
        let bytes = usize::try_from(500 + dice.below(1_500)).expect("a length");
        prose::answer(&mut text, &mut dice, bytes);
        sheet
            .text(&text)
            .show(&format_args!("/data/{kind}/{}.md", row + 1));
        if kind == "report" {
            sheet
                .count(dice.below(1_000) + 1)
                .count(dice.below(200) + 1);
        } else {
            sheet.null().null();
        }
        sheet
            .text(&extra(world, owner, row, &mut dice))
            .show(&Moment::of_row(row, owners.total));
        sheet.end().await?;
    }
    if world.drifted() {
        plant(&mut sheet, owners.total, world.scale.huge_document_bytes).await?;
    }
    sheet.finish().await
}

/// Only the drifted application put users into JSON; the clean one had a table in mind.
fn extra(world: &World, owner: i32, row: u64, dice: &mut Dice) -> String {
    let pages = 1 + dice.below(40);
    if !world.drifted() {
        return format!(r#"{{"pages": {pages}, "source": "editor"}}"#);
    }
    match row % 4 {
        0 => "{}".to_owned(),
        1 => format!(r#"{{"pages": {pages}, "generated_by": {owner}}}"#),
        _ => format!(r#"{{"shared_with": [3, 9], "generated_by": {owner}, "pages": {pages}}}"#),
    }
}

async fn plant(sheet: &mut Sheet<'_, '_>, before: u64, huge_bytes: usize) -> Result<()> {
    let [gone, long_gone, _] = DELETED;
    let rows = [
        (
            gone,
            "Left behind",
            r#"{"generated_by": 30}"#,
            "2024-05-01 10:00:00",
        ),
        (long_gone, "Left behind too", "{}", "infinity"),
        (
            7,
            "Shared widely",
            r#"{"shared_with": [3, 9, 30, 7], "generated_by": 7}"#,
            "1970-01-01 00:00:00",
        ),
        (
            LAYLA,
            "تقرير 🌻",
            r#"{"shared_with": [], "generated_by": null, "label": "ليلى"}"#,
            "1969-12-31 23:59:59",
        ),
    ];
    let mut id = before;
    for (owner, title, extra, created) in rows {
        id += 1;
        sheet.count(id).int(owner).text("note").null().text(title);
        sheet
            .text("Short.")
            .null()
            .null()
            .null()
            .text(extra)
            .text(created);
        sheet.end().await?;
    }
    sheet
        .count(id + 1)
        .int(2)
        .text("export")
        .null()
        .text("Everything ever written");
    sheet.text("");
    // Line by line, so that the size of one value is no matter of memory here.
    let line = "A line of the export, as long as the one before it and the one after.\n";
    let lines = huge_bytes / line.len();
    for number in 0..lines {
        sheet.more(line);
        if number % 1_000 == 0 {
            sheet.drain().await?;
        }
    }
    sheet.more(&line[..huge_bytes - lines * line.len()]);
    sheet
        .text("/data/export/everything.txt")
        .null()
        .null()
        .text("{}");
    sheet.show(&Moment::PRESENT);
    sheet.end().await
}

pub(crate) async fn fill_shared(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let total = world.scale.documents;
    let texts = world.stream("documents");
    let mut sheet = desk.sheet("public.documents", COPY_SHARED).await?;
    let mut text = String::new();
    for row in 0..total {
        let mut dice = texts.dice(row);
        let number = row + 1;
        sheet
            .count(number)
            .show(&format_args!("handbook-{number}.pdf"));
        text.clear();
        prose::heading(&mut text, &mut dice);
        sheet.text(&text);
        text.clear();
        prose::answer(&mut text, &mut dice, 2_000);
        sheet
            .text(&text)
            .show(&format_args!("/data/shared/handbook-{number}.pdf"))
            .show(&Moment::of_row(row, total))
            .count(20_000 + dice.below(2_000_000))
            .count(1 + dice.below(80));
        sheet.end().await?;
    }
    sheet.finish().await
}
