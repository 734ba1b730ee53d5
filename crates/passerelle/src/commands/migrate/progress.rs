//! What a run says while it works.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use migrate::run::{Event, Observer};
use serde_json::json;

use crate::messages::Message;
use crate::output::Output;

/// How often a person hears of rows.
const EVERY: Duration = Duration::from_secs(1);

/// Tells events to people as lines, to programs as objects.
pub(crate) struct Progress {
    out: Output,
    seen: Mutex<Seen>,
}

struct Seen {
    started: Instant,
    said: Instant,
    total: u64,
    rows: u64,
    bytes: u64,
    /// Rows of each object since the last line.
    objects: BTreeMap<String, u64>,
}

impl Progress {
    pub(crate) fn new(out: Output) -> Self {
        let now = Instant::now();
        Self {
            out,
            seen: Mutex::new(Seen {
                started: now,
                said: now,
                total: 0,
                rows: 0,
                bytes: 0,
                objects: BTreeMap::new(),
            }),
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: Event<'_>) {
        let mut seen = self.seen.lock().expect("never held across a panic");
        match event {
            Event::Step { step, title, total } => {
                let now = Instant::now();
                *seen = Seen {
                    started: now,
                    said: now,
                    total,
                    rows: 0,
                    bytes: 0,
                    objects: BTreeMap::new(),
                };
                self.out.object(
                    &json!({ "type": "phase", "step": step, "title": title, "total": total }),
                );
                self.out.say(&Message::MigrateStep {
                    step: step.to_owned(),
                    title: title.to_owned(),
                });
            }
            Event::Skipped { step } => {
                self.out
                    .object(&json!({ "type": "step", "step": step, "status": "done before" }));
                self.out.say(&Message::MigrateSkipped {
                    step: step.to_owned(),
                });
            }
            Event::Progress {
                object,
                rows,
                bytes,
            } => {
                seen.rows += rows;
                seen.bytes += bytes;
                *seen.objects.entry(object.to_owned()).or_default() += rows;
                if seen.said.elapsed() >= EVERY {
                    self.tell(&mut seen, object);
                }
            }
            Event::Table { part } => {
                self.out.object(&json!({
                    "type": "table", "table": part.table, "part": part.part, "read": part.read,
                    "loaded": part.loaded.rows, "quarantined": part.quarantined, "rejected": part.rejected,
                    "bytes": part.bytes,
                }));
                self.out.say(&Message::MigrateTable {
                    table: part.table.clone(),
                    loaded: part.loaded.rows.to_string(),
                    quarantined: part.quarantined.to_string(),
                });
            }
            Event::Warning { code, object, text } => {
                self.out.object(
                    &json!({ "type": "warning", "code": code, "object": object, "message": text }),
                );
                self.out.say(&Message::Warning {
                    text: format!("{code} {object}: {text}"),
                });
            }
        }
    }
}

impl Progress {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people"
    )]
    fn tell(&self, seen: &mut Seen, object: &str) {
        let elapsed = seen.started.elapsed().as_secs_f64().max(0.001);
        let rate = (seen.rows as f64 / elapsed) as u64;
        let left = seen.total.saturating_sub(seen.rows);
        let eta = (seen.total > 0 && rate > 0).then(|| left / rate);
        seen.said = Instant::now();
        self.out.object(&json!({
            "type": "progress", "object": object, "rows": seen.rows, "total": seen.total, "bytes": seen.bytes,
            "rows_per_second": rate, "seconds_left": eta,
        }));
        let objects: Vec<&str> = seen.objects.keys().map(String::as_str).collect();
        self.out.say(&Message::MigrateProgress {
            object: objects.join(", "),
            rows: seen.rows.to_string(),
            rate: rate.to_string(),
            megabytes: (seen.bytes >> 20).to_string(),
        });
        seen.objects.clear();
    }
}
