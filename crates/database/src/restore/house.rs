//! Statements about schemas that stand already: what is there stays, what the project added is made.

use super::place::is_day_of_messages;
use super::{At, RestoreError, Restorer, is_there};
use crate::push::session::Refusal;
use crate::script::Subject;

/// The role's right does not reach; the administrator's may.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

impl Restorer {
    pub(super) async fn house(
        &mut self,
        at: &At<'_>,
        subject: &Subject,
    ) -> Result<(), RestoreError> {
        let statement = &at.statement;
        if is_day_of_messages(subject) {
            self.last_was_made = false;
            self.note(at, "left out: a day of messages");
            return Ok(());
        }
        match (statement.word(0), statement.word(1)) {
            ("create", _) => self.create(at, subject).await,
            ("alter", _) if statement.after(&["owner", "to"]).is_some() => {
                if self.last_was_made {
                    self.attempt(at, statement.text).await
                } else {
                    self.note(at, "left out: it has its owner already");
                    Ok(())
                }
            }
            ("alter", "default") | ("grant" | "select" | "drop", _) => {
                self.attempt(at, statement.text).await
            }
            ("insert", _) => self.insert(at, subject).await,
            ("comment" | "revoke" | "alter", _)
                if !self.is_made(subject) && !is_safe_for_all(at) =>
            {
                self.note(at, format!("left out: {subject} stands already"));
                Ok(())
            }
            _ => self.attempt(at, statement.text).await,
        }
    }

    fn is_made(&self, subject: &Subject) -> bool {
        let name = subject.name.clone().unwrap_or_default();
        self.made.contains(&(subject.schema.clone(), name))
    }

    /// Makes what is not there, as the owner role where its rights reach.
    async fn create(&mut self, at: &At<'_>, subject: &Subject) -> Result<(), RestoreError> {
        self.last_was_made = false;
        let statement = &at.statement;
        let is_trigger = statement.after(&["trigger"]).is_some_and(|at| at <= 3);
        if is_trigger
            && !self.is_made(subject)
            && let Some(function) = statement.trigger_function()
            && function.schema == subject.schema
        {
            // Upstream's at another level: ours does the same in its own way.
            self.note(at, format!("left out: {subject} has its own triggers"));
            return Ok(());
        }
        // Without `or replace`, PostgreSQL says whether it is there.
        let text = match (statement.word(1), statement.word(2)) {
            ("or", "replace") => {
                let rest = statement.tokens[2].end;
                format!("create{}", &statement.text[rest..])
            }
            _ => statement.text.to_owned(),
        };
        self.execute("savepoint house").await?;
        // A house's schema is the administrator's, unless the dump says otherwise.
        let mut done = if subject.name.is_none() {
            self.session.as_admin(&text).await
        } else {
            self.session.client.batch_execute(&text).await
        };
        if let Err(error) = &done
            && error
                .code()
                .is_some_and(|code| code.code() == INSUFFICIENT_PRIVILEGE)
        {
            self.execute("rollback to savepoint house").await?;
            done = self.session.as_admin(&text).await;
        }
        match done {
            Ok(()) => {
                self.execute("release savepoint house").await?;
                self.last_was_made = true;
                // An index, a policy or a trigger belongs to its table, which stays as it was.
                if !is_part_of_a_table(at) {
                    let name = subject.name.clone().unwrap_or_default();
                    self.made.insert((subject.schema.clone(), name));
                }
                Ok(())
            }
            Err(error) => {
                self.execute("rollback to savepoint house").await?;
                if is_there(&error) {
                    self.note(at, "left out: it is there already");
                } else {
                    let error = pg::Error::from(error);
                    self.note(at, format!("left out: {error}"));
                }
                Ok(())
            }
        }
    }

    /// Runs it as the administrator; one that does not fit what stands here is left out.
    pub(super) async fn attempt(&mut self, at: &At<'_>, text: &str) -> Result<(), RestoreError> {
        self.execute("savepoint house").await?;
        let text = if self.session.major < 17 {
            at.statement.without_maintain()
        } else {
            Some(text.to_owned())
        };
        let Some(text) = text else { return Ok(()) };
        match self.session.as_admin(&text).await {
            Ok(()) => self.execute("release savepoint house").await,
            Err(error) => {
                self.execute("rollback to savepoint house").await?;
                let text = if is_there(&error) {
                    "left out: it is there already".to_owned()
                } else {
                    format!("left out: {}", pg::Error::from(error))
                };
                self.note(at, text);
                Ok(())
            }
        }
    }

    /// A row as a statement of its own (`pg_dump --inserts`).
    async fn insert(&mut self, at: &At<'_>, subject: &Subject) -> Result<(), RestoreError> {
        use super::place::Rows;
        match Rows::of(subject) {
            Rows::LeaveOut(why) => {
                self.note(at, format!("left out: a row of {subject}: {why}"));
                return Ok(());
            }
            Rows::Secrets => {
                self.note(
                    at,
                    format!("left out: a row of {subject}: dump secrets with COPY"),
                );
                return Ok(());
            }
            Rows::Load => {}
        }
        self.execute("savepoint house").await?;
        let before = self.at_rest().await?;
        let done = self.session.as_admin(at.statement.text).await;
        match done {
            Ok(()) => {
                self.back_to(&before).await?;
                self.execute("release savepoint house").await?;
                self.count(subject, 1, 0);
                Ok(())
            }
            Err(error) if error.code().is_some_and(|code| code.code() == "23505") => {
                self.execute("rollback to savepoint house").await?;
                self.count(subject, 0, 1);
                self.note(at, format!("left out: a row of {subject} is there already"));
                Ok(())
            }
            Err(error) => Err(self.fail(at, Refusal::Sql(error))),
        }
    }
}

/// What may be said of any table, whoever made it.
fn is_safe_for_all(at: &At<'_>) -> bool {
    let statement = &at.statement;
    statement.after(&["enable", "row", "level"]).is_some()
        || statement.after(&["replica", "identity"]).is_some()
}

fn is_part_of_a_table(at: &At<'_>) -> bool {
    let statement = &at.statement;
    ["index", "policy", "trigger", "rule"]
        .iter()
        .any(|word| statement.after(&[word]).is_some_and(|at| at <= 3))
}
