//! The clock, moved by hand.

use chrono::TimeDelta;
use extensions::cron::{Cron, Standing};

use crate::house::House;

impl House {
    /// Moves the clock, lets the node look, and waits for its runs.
    pub(crate) async fn pass(&self, cron: &mut Cron, span: TimeDelta) {
        self.clock.advance(span);
        assert_eq!(cron.tick().await.unwrap(), Standing::Leading);
        cron.settle().await;
    }

    /// Job name and how often it ran.
    async fn runs(&self) -> Vec<String> {
        self.texts(
            "select jobname || ' ' || count(runid) from cron.job left join cron.job_run_details using (jobid)
             group by jobid, jobname order by jobid",
        )
        .await
    }
}

// DB-SUB-04: five fields, GMT, from the minute after the start.
#[tokio::test]
async fn jobs_run_in_the_minutes_that_their_schedules_name() {
    let house = House::with_cron().await;
    house
        .as_owner(
            "select cron.schedule('minutely', '* * * * *', 'select 1');
            select cron.schedule('fives', '*/5 * * * *', 'select 1');
            select cron.schedule('noon', '0 12 * * *', 'select 1');
            select cron.schedule('ten', '10 12 24 nov tue', 'select 1');
            select cron.schedule('sundays', '* * * * sun', 'select 1')",
        )
        .await;
    let mut cron = house.cron();
    assert_eq!(cron.tick().await.unwrap(), Standing::Leading);
    cron.settle().await;
    assert_eq!(
        house.runs().await,
        ["minutely 0", "fives 0", "noon 0", "ten 0", "sundays 0"]
    );
    for _ in 0..10 {
        house.pass(&mut cron, TimeDelta::minutes(1)).await;
        // Twice in a minute is once.
        house.pass(&mut cron, TimeDelta::zero()).await;
    }
    assert_eq!(
        house.runs().await,
        ["minutely 10", "fives 2", "noon 0", "ten 1", "sundays 0"]
    );
    // An hour is skipped: what has a fixed time is made up for, the rest runs once.
    house.pass(&mut cron, TimeDelta::hours(1)).await;
    assert_eq!(
        house.runs().await,
        ["minutely 11", "fives 3", "noon 0", "ten 1", "sundays 0"]
    );
}

// DB-SUB-04: `N seconds` (1–59).
#[tokio::test]
async fn an_interval_counts_from_the_last_start() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('often', '10 seconds', 'select 1')")
        .await;
    let mut cron = house.cron();
    cron.tick().await.unwrap();
    house.pass(&mut cron, TimeDelta::seconds(9)).await;
    assert_eq!(house.runs().await, ["often 0"]);
    house.pass(&mut cron, TimeDelta::seconds(1)).await;
    assert_eq!(house.runs().await, ["often 1"]);
    house.pass(&mut cron, TimeDelta::seconds(9)).await;
    assert_eq!(house.runs().await, ["often 1"]);
    house.pass(&mut cron, TimeDelta::seconds(26)).await;
    assert_eq!(house.runs().await, ["often 2"]);
}

// DB-SUB-04: GMT unless `cron.timezone`.
#[tokio::test]
async fn schedules_follow_the_time_zone_that_is_set() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('half past one', '1 13 * * *', 'select 1')")
        .await;
    let name = house.database.admin().database();
    house
        .run(&format!(
            "alter database {name} set cron.timezone = 'Europe/Berlin'"
        ))
        .await;
    let mut cron = house.cron();
    cron.tick().await.unwrap();
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.runs().await, ["half past one 1"]);
    house
        .run(&format!(
            "alter database {name} set cron.timezone = 'Nowhere/Land'"
        ))
        .await;
    house.pass(&mut cron, TimeDelta::minutes(60)).await;
    assert_eq!(house.runs().await, ["half past one 2"]);
}

// DB-SUB-04: cron.alter_job, the active flag, cron.unschedule.
#[tokio::test]
async fn jobs_that_are_altered_switched_off_or_dropped_are_heard_of() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('a', '* * * * *', 'select 1')")
        .await;
    let mut cron = house.cron();
    cron.tick().await.unwrap();
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.runs().await, ["a 1"]);
    house
        .as_owner("select cron.alter_job(1, active := false)")
        .await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.runs().await, ["a 1"]);
    house
        .as_owner("select cron.alter_job(1, schedule := '5 12 * * *', active := true)")
        .await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.runs().await, ["a 1"]);
    house.pass(&mut cron, TimeDelta::minutes(2)).await;
    assert_eq!(house.runs().await, ["a 2"]);
    house.as_owner("select cron.unschedule('a')").await;
    house.clock.advance(TimeDelta::days(1));
    assert_eq!(cron.tick().await.unwrap(), Standing::Idle);
    let runs = house
        .value::<i64>("select count(*) from cron.job_run_details", &[])
        .await;
    assert_eq!(runs, 2);
}

// DB-SUB-04: `@reboot` is the start of the server, not of a leader.
#[tokio::test]
async fn a_reboot_job_runs_when_the_server_was_started() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('boot', '@reboot', 'select 1')")
        .await;
    let mut cron = house.cron();
    cron.tick().await.unwrap();
    cron.settle().await;
    assert_eq!(house.runs().await, ["boot 0"]);
    house
        .run("update cron._runner set server_start = server_start - interval '1 day'")
        .await;
    drop(cron);
    let mut cron = house.cron();
    while cron.tick().await.unwrap() != Standing::Leading {
        tokio::task::yield_now().await;
    }
    cron.settle().await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.runs().await, ["boot 1"]);
}

// DB-SUB-04: what the substitute takes for a schedule is one here, and nothing else is.
#[tokio::test]
async fn the_database_and_the_runner_agree_on_what_a_schedule_is() {
    let house = House::with_cron().await;
    let texts = [
        "* * * * *",
        "*/5 1-5 $ jan,FEB mon-fri",
        "0 0 31 12 7",
        "@daily",
        "@REBOOT",
        "1 second",
        "59 seconds",
        "60 seconds",
        "0 seconds",
        "01 seconds",
        "1-5/2,7 * * * *",
        "* * $,1 * *",
        "5/2 * * * *",
        "* * * * 8",
        "sun * * * *",
        "* * * jan-mar sun-sat",
        "* * * mar-jan *",
        "1,,2 * * * *",
        "* * * *",
        "* * * * * *",
        "",
        "@never",
        "*/0 * * * *",
        "*-5 * * * *",
        "1- * * * *",
        "* * 0 * *",
        "* * * 0 *",
        "60 * * * *",
        "* 24 * * *",
    ];
    for text in texts {
        let accepted: bool = house.value("select cron._is_schedule($1)", &[&text]).await;
        assert_eq!(extensions::cron::is_schedule(text), accepted, "{text:?}");
    }
}

// DB-SUB-04: the real extension does its own work.
#[tokio::test]
async fn where_the_substitute_does_not_stand_no_job_is_run() {
    let house = House::new().await;
    assert!(!house.cron().is_ours().await.unwrap());
    assert_eq!(house.cron().tick().await.unwrap(), Standing::Idle);
    let house = House::with_cron().await;
    house
        .run(
            "set allow_system_table_mods = on;
            insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
            values (90001, 'pg_cron', 10, 'cron'::regnamespace, false, '1.6')",
        )
        .await;
    house
        .as_owner("select cron.schedule('* * * * *', 'select 1')")
        .await;
    assert_eq!(house.cron().tick().await.unwrap(), Standing::Idle);
}
