//! `activity_logs`: who did what. In variant B the user is text, an integer before the attempt and often a UUID since.

use crate::error::Result;
use crate::generate::Desk;
use crate::moment::Moment;
use crate::people::{COLLIDING, DELETED};
use crate::sheet::Sheet;
use crate::world::World;

const COPY: &str = "copy public.activity_logs \
    (id, user_id, action, resource_type, resource_id, details, created_at) from stdin";
const DEEDS: [(&str, &str); 6] = [
    ("login", "session"),
    ("create", "conversation"),
    ("create", "report"),
    ("download", "document"),
    ("update", "watch"),
    ("delete", "document"),
];

pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    let world = desk.world;
    let owners = world.owners("activity_logs.owner", world.scale.activity_logs, 6);
    let deeds = world.stream("activity_logs");
    let mut sheet = desk.sheet("public.activity_logs", COPY).await?;
    for row in 0..owners.total {
        let mut dice = deeds.dice(row);
        let at = Moment::of_row(row, owners.total);
        let (action, resource) = dice.pick(&DEEDS);
        sheet
            .count(row + 1)
            .text(&world.named(owners.of(row), at))
            .text(action)
            .text(resource)
            .count(1 + dice.below(5_000))
            .show(&format_args!(
                r#"{{"ip": "192.0.2.{}", "ok": {}}}"#,
                dice.below(255),
                !dice.once_in(30)
            ))
            .show(&at);
        sheet.end().await?;
    }
    if world.drifted() {
        plant(&mut sheet, owners.total, world).await?;
    }
    sheet.finish().await
}

async fn plant(sheet: &mut Sheet<'_, '_>, before: u64, world: &World) -> Result<()> {
    let uuid = |id| {
        world
            .mapped(id)
            .expect("the attempt gave it one")
            .to_string()
    };
    let stranger = world.stream("activity_logs.stranger").dice(0).uuid();
    let early = Moment::OPENING.plus_days(100).to_string();
    let late = Moment::PRESENT.plus_days(-10).to_string();
    let rows = [
        (None, "cleanup", r#"{"removed": 12}"#, early.as_str()),
        (None, "login_failed", "", &late),
        (
            Some("7".to_owned()),
            "grant",
            r#"{"target_user_id": 7}"#,
            &early,
        ),
        (
            Some("1".to_owned()),
            "disable",
            r#"{"target_user_id": 3, "reason": "left"}"#,
            &early,
        ),
        (Some(uuid(1)), "enable", r#"{"target_user_id": 30}"#, &late),
        (Some(uuid(2)), "note", "not JSON: {user=7, done", &late),
        (Some(DELETED[0].to_string()), "login", "{}", &early),
        (Some("0".to_owned()), "nightly", "{}", &early),
        // Of somebody the mapping knows under an id that is another's, and of somebody it does not know.
        (Some(uuid(COLLIDING)), "signup", "{}", &late),
        (Some(COLLIDING.to_string()), "login", "{}", &early),
        (Some(uuid(25)), "signup", "{}", &late),
        (Some(stranger.to_string()), "signup", "{}", "infinity"),
        (Some("4".to_owned()), "import", "{}", "1969-12-31 23:59:59"),
    ];
    for ((user, action, details, at), id) in rows.into_iter().zip(before + 1..) {
        sheet.count(id).maybe(user).text(action).null().null();
        sheet.text(details).text(at);
        sheet.end().await?;
    }
    Ok(())
}
