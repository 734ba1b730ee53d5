//! DB-MGD-01: where `service_role` does not pass row security, tables that come later are opened to it.

use base::Tasks;
use catalog::Live;

/// Opens tables to `service_role` whenever the catalog was read anew, for as long as the services run.
pub(crate) fn keep_in(report: &database::Report, live: &Live, tasks: &Tasks) {
    if report.service_role_bypasses {
        return;
    }
    let (admin, mut loads) = (report.admin.clone(), live.loads());
    let soft = tasks.soft();
    tasks.spawn("service_role", async move {
        let reconcile = async {
            while loads.changed().await.is_ok() {
                if let Err(error) = database::let_service_role_in(&admin).await {
                    tracing::warn!(%error, "service_role could not be let into new tables");
                }
            }
        };
        tokio::select! {
            () = reconcile => {}
            () = soft.cancelled() => {}
        }
    });
}
