//! What differs from the specification, and what mends it.

use database::{Finding, doctor};

use crate::house::House;

// DB-GEN-03, DB-GRT-14, DB-GRT-03, DB-DMP-14: each finding's statement mends it.
#[tokio::test]
async fn the_doctor_finds_what_differs_and_what_mends_it() {
    let house = House::new().await;
    let client = house.client().await;
    let codes = |findings: &[Finding]| -> Vec<String> {
        findings
            .iter()
            .filter(|finding| finding.object != "max_slot_wal_keep_size")
            .map(|finding| format!("{} {}", finding.code, finding.object))
            .collect()
    };
    let admin = house.database.admin();
    assert_eq!(codes(&doctor(admin).await.unwrap()), [""; 0]);
    client
        .batch_execute(
            "drop schema public cascade; create schema public; create table public.open (a int);
             grant select on public.open to anon; drop event trigger pgrst_drop_watch; drop publication supabase_realtime;
             revoke usage on schema auth from anon",
        )
        .await
        .unwrap();
    let findings = doctor(admin).await.unwrap();
    assert_eq!(
        codes(&findings),
        [
            "grant_missing auth",
            "grant_missing public",
            "grant_missing public",
            "grant_missing public",
            "publication_missing supabase_realtime",
            "default_privileges_missing public",
            "default_privileges_missing public",
            "default_privileges_missing public",
            "event_trigger_missing pgrst_drop_watch",
            "owner_is_supabase_admin public.open",
            "table_without_row_security public.open",
        ]
    );
    for finding in &findings {
        if let Some(repair) = finding
            .repair
            .as_ref()
            .filter(|sql| !sql.starts_with("alter system"))
        {
            client
                .batch_execute(repair)
                .await
                .unwrap_or_else(|error| panic!("{repair}: {error:?}"));
        }
    }
    client
        .batch_execute("alter publication supabase_realtime owner to postgres")
        .await
        .unwrap();
    assert_eq!(codes(&doctor(admin).await.unwrap()), [""; 0]);
}
