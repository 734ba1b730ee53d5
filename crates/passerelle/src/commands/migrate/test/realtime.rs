//! Section 7: changes reach their owners, and nobody else (MIG-TEST-07, MIG-RT-05).

use super::super::probe::Probe;
use super::super::run::interrupted;
use super::Bench;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

impl Bench {
    pub(super) async fn realtime(&mut self) -> Result<(), Failure> {
        let probe = Probe::new(&self.url, &self.anon, &self.keys, &self.plan, &self.target).await?;
        let probed = tokio::select! {
            probed = probe.tables() => probed,
            () = interrupted() => {
                probe.clean_up().await;
                return Err(interrupted_test());
            }
        };
        drop(probe);
        if probed.is_empty() {
            self.add(7, "a published table", Err::<String, _>("none in the plan"));
        }
        for it in probed {
            self.add(7, format!("changes of {}", it.table), it.outcome);
        }
        let published = self
            .client
            .query(
                "select schemaname || '.' || tablename from pg_publication_tables where pubname = 'supabase_realtime'",
                &[],
            )
            .await
            .map(|rows| rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join(", "));
        self.add(7, "published", published);
        Ok(())
    }
}

fn interrupted_test() -> Failure {
    Failure::tell(
        ExitCode::Interrupted,
        Message::TestInterrupted,
        "passerelle migrate test",
    )
    .named("interrupted")
}
