//! A job's run: as whom, where, and what is written of it.

use chrono::TimeDelta;
use extensions::cron::Cron;
use testkit::Postgres;

use crate::house::House;

impl House {
    /// A node that leads, a minute before its jobs are due.
    async fn leading(&self) -> Cron {
        let mut cron = self.cron();
        cron.tick().await.unwrap();
        cron
    }

    /// Schedules a command, lets its minute come, and says what is written of the run.
    async fn run_job(&self, command: &str) -> (String, String) {
        let job = "select cron.schedule('job', '* * * * *', $1)";
        self.run("set role postgres").await;
        self.client.query_one(job, &[&command]).await.unwrap();
        self.run("reset role").await;
        let mut cron = self.leading().await;
        self.pass(&mut cron, TimeDelta::minutes(1)).await;
        self.last_run().await
    }

    async fn last_run(&self) -> (String, String) {
        let sql =
            "select status, return_message from cron.job_run_details order by runid desc limit 1";
        let row = self.client.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }

    /// Waits until a run is in this state.
    async fn wait_for(&self, status: &str) {
        let sql = "select exists (select from cron.job_run_details where status = $1)";
        while !self.value::<bool>(sql, &[&status]).await {
            tokio::task::yield_now().await;
        }
    }
}

fn succeeded(message: &str) -> (String, String) {
    ("succeeded".into(), message.into())
}

// DB-SUB-04: cron.job_run_details.
#[tokio::test]
async fn a_run_is_written_down_with_its_times_and_its_outcome() {
    let house = House::with_cron().await;
    house
        .as_owner("create table seen (who text, session text)")
        .await;
    let told = house
        .run_job("insert into seen values (current_user, session_user); delete from seen where false; table seen")
        .await;
    assert_eq!(told, succeeded("1 row"));
    assert_eq!(house.texts("select who from seen").await, ["postgres"]);
    let written = "select concat_ws(' ', jobid, runid, database = current_database(), username, status,
        start_time at time zone 'UTC', end_time at time zone 'UTC', job_pid > 0, command like 'insert%')
        from cron.job_run_details";
    assert_eq!(
        house.texts(written).await,
        ["1 1 t postgres succeeded 2026-11-24 12:01:00 2026-11-24 12:01:00 t t"]
    );
}

// DB-SUB-04: maintenance runs outside of a transaction block.
#[tokio::test]
async fn a_job_may_vacuum_and_control_its_transactions() {
    let house = House::with_cron().await;
    house.as_owner("create table big (i int)").await;
    assert_eq!(
        house.run_job("vacuum analyze public.big").await,
        succeeded("VACUUM")
    );
    let told = house
        .run_job("do $$ begin insert into big values (1); commit; insert into big values (2); rollback; end $$")
        .await;
    assert_eq!(told, succeeded("DO"));
    assert_eq!(house.value::<i64>("select count(*) from big", &[]).await, 1);
}

// DB-SUB-04: failed, with the reason.
#[tokio::test]
async fn a_run_that_fails_says_why() {
    let house = House::with_cron().await;
    let (status, message) = house
        .run_job("do $$ begin raise exception 'no %', 'luck' using detail = 'none at all', hint = 'try again'; end $$")
        .await;
    assert_eq!(status, "failed");
    assert!(
        message.starts_with(
            "ERROR:  no luck\nDETAIL:  none at all\nHINT:  try again\nCONTEXT:  PL/pgSQL function"
        ),
        "{message}"
    );
    assert_eq!(house.run_job("select 1").await, succeeded("1 row"));
}

// DB-SUB-04: as the job's user, and as nobody else, whatever the command tries.
#[tokio::test]
async fn a_job_cannot_become_anybody_else() {
    let house = House::with_cron().await;
    house
        .run(
            "do $$ begin create role clerk; exception when duplicate_object then null; end $$;
            grant clerk to postgres; grant usage on schema cron to clerk;
            grant execute on all functions in schema cron to clerk",
        )
        .await;
    house
        .as_owner("create table public.seen (who text); grant insert on seen to clerk")
        .await;
    house
        .run(
            "select cron.schedule_in_database('clerks', '* * * * *',
               'reset role; reset session authorization; insert into public.seen values (current_user)',
               current_database(), 'clerk')",
        )
        .await;
    let mut cron = house.leading().await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.last_run().await, succeeded("INSERT 0 1"));
    assert_eq!(house.texts("select who from seen").await, ["clerk"]);
    for role in ["postgres", "supabase_admin", "service_role"] {
        house
            .run(&format!(
                "update cron.job set command = 'set role none; set role {role}'"
            ))
            .await;
        house.pass(&mut cron, TimeDelta::minutes(1)).await;
        let (status, message) = house.last_run().await;
        assert_eq!(
            (status.as_str(), message.as_str()),
            (
                "failed",
                format!("ERROR:  permission denied to set role \"{role}\"\n").as_str()
            )
        );
    }
    // With no role set at all it has no rights of its own.
    house
        .run("update cron.job set command = 'set role none; insert into public.seen values (1)'")
        .await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert!(
        house
            .last_run()
            .await
            .1
            .starts_with("ERROR:  permission denied for table seen")
    );
}

// DB-SUB-04: with the user's settings, as a login of that user would have.
#[tokio::test]
async fn a_job_has_the_settings_of_its_user() {
    let house = House::with_cron().await;
    let name = house.database.admin().database();
    house
        .run(&format!(
            "alter role postgres in database {name} set statement_timeout = '59s';
            alter role postgres in database {name} set search_path = 'odd, name', public"
        ))
        .await;
    let command = "do $$ begin assert current_setting('statement_timeout') = '59s'; \
        assert current_setting('search_path') = '\"odd, name\", public', current_setting('search_path'); end $$";
    assert_eq!(house.run_job(command).await, succeeded("DO"));
}

// DB-SUB-04: jobs of other databases.
#[tokio::test]
async fn a_job_runs_in_the_database_that_it_names() {
    let house = House::with_cron().await;
    let other = Postgres::shared().database().await;
    let client = other.connect().await;
    client
        .batch_execute("create table marks (i int); grant insert on marks to public")
        .await
        .unwrap();
    house
        .as_owner(&format!(
            "select cron.schedule_in_database('there', '* * * * *', 'insert into public.marks values (1)', '{}')",
            other.admin().database()
        ))
        .await;
    let mut cron = house.leading().await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.last_run().await, succeeded("INSERT 0 1"));
    house.run("update cron.job set database = 'nowhere'").await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    let failed = |message: &str| ("failed".to_owned(), message.to_owned());
    assert_eq!(
        house.last_run().await,
        failed("connection failed: database \"nowhere\" does not exist (3D000)")
    );
    house
        .run("update cron.job set nodename = 'db.example.com'")
        .await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(
        house.last_run().await,
        failed("the job's node is db.example.com; only jobs of this server (localhost) are run")
    );
    house
        .run("update cron.job set nodename = 'localhost', username = 'ghost'")
        .await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(
        house.last_run().await,
        failed("connection failed: role \"ghost\" does not exist")
    );
}

// DB-SUB-04: one run per job at a time; what becomes due meanwhile waits.
#[tokio::test]
async fn runs_of_a_job_never_overlap() {
    let house = House::with_cron().await;
    house
        .as_owner(
            "create table gate (open bool); create table runs (i int generated always as identity, at timestamptz);
            select cron.schedule('slow', '* * * * *', $$
              insert into runs (at) values (now());
              do $do$ begin while not exists (select from gate) loop perform pg_sleep(0.01); end loop; end $do$
            $$)",
        )
        .await;
    let mut cron = house.leading().await;
    for _ in 0..3 {
        house.clock.advance(TimeDelta::minutes(1));
        cron.tick().await.unwrap();
    }
    house.wait_for("running").await;
    let runs = || house.value::<i64>("select count(*) from cron.job_run_details", &[]);
    assert_eq!(runs().await, 1);
    house.as_owner("insert into gate values (true)").await;
    cron.settle().await;
    assert_eq!(runs().await, 3);
    assert_eq!(
        house.value::<i64>("select count(*) from runs", &[]).await,
        3
    );
}

// DB-SUB-04: bounded.
#[tokio::test]
async fn no_more_jobs_run_at_a_time_than_the_setting_says() {
    let mut house = House::with_cron().await;
    house.settings.cron_max_running = 2;
    house
        .as_owner(
            "create table gate (open bool);
            select cron.schedule('job ' || n, '* * * * *', $$
              do $do$ begin while not exists (select from gate) loop perform pg_sleep(0.01); end loop; end $do$
            $$) from generate_series(1, 5) n",
        )
        .await;
    let mut cron = house.leading().await;
    house.clock.advance(TimeDelta::minutes(1));
    cron.tick().await.unwrap();
    cron.tick().await.unwrap();
    let runs = || house.value::<i64>("select count(*) from cron.job_run_details", &[]);
    assert_eq!(runs().await, 2);
    house.as_owner("insert into gate values (true)").await;
    cron.settle().await;
    assert_eq!(runs().await, 5);
    let succeeded = "select count(*) from cron.job_run_details where status = 'succeeded'";
    assert_eq!(house.value::<i64>(succeeded, &[]).await, 5);
}

// DB-SUB-04: a job that is dropped or switched off while it runs.
#[tokio::test]
async fn the_run_of_a_dropped_job_is_cancelled() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('long', '* * * * *', 'select pg_sleep(3600)')")
        .await;
    let mut cron = house.leading().await;
    house.clock.advance(TimeDelta::minutes(1));
    cron.tick().await.unwrap();
    house.wait_for("running").await;
    house.as_owner("select cron.unschedule('long')").await;
    cron.tick().await.unwrap();
    cron.settle().await;
    assert_eq!(
        house.last_run().await,
        ("failed".into(), "job cancelled".into())
    );
}

// DB-SUB-04: a superuser's jobs are a superuser's, and no way for others to become one.
#[tokio::test]
async fn the_login_of_a_superusers_job_is_out_of_reach_for_the_owner() {
    let house = House::with_cron().await;
    house
        .run(
            "do $$ begin create role chief superuser; exception when duplicate_object then null; end $$;
            create table public.seen (who text)",
        )
        .await;
    house
        .run(
            "select cron.schedule_in_database('chiefs', '* * * * *',
               'insert into public.seen select current_user || current_setting($$is_superuser$$)',
               current_database(), 'chief')",
        )
        .await;
    let mut cron = house.leading().await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.last_run().await, succeeded("INSERT 0 1"));
    assert_eq!(house.texts("select who from seen").await, ["chiefon"]);
    let login: String = house
        .value(
            "select 'passerelle_as_' || oid from pg_roles where rolname = 'chief'",
            &[],
        )
        .await;
    let owner = house
        .database
        .endpoint_as("postgres")
        .connect()
        .await
        .unwrap();
    for attempt in [
        "alter role {} password 'mine'",
        "grant {} to postgres",
        "set role {}",
    ] {
        let done = owner.batch_execute(&attempt.replace("{}", &login)).await;
        assert!(done.is_err(), "{attempt}");
    }
    // Who is no superuser any more has jobs that are none.
    house.run("alter role chief nosuperuser; grant insert on public.seen to chief; truncate public.seen").await;
    house.run("grant usage on schema public to chief").await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(house.texts("select who from seen").await, ["chiefoff"]);
    house.run("alter role chief superuser").await;
}

// DB-SUB-04: the administrator's own jobs.
#[tokio::test]
async fn the_administrators_jobs_run_in_sessions_of_the_administrator() {
    let house = House::with_cron().await;
    house
        .run("create table public.seen (who text, session text)")
        .await;
    house
        .run("select cron.schedule('* * * * *', 'insert into public.seen values (current_user, session_user)')")
        .await;
    let mut cron = house.leading().await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    let seen = "select who || ' ' || session from seen";
    assert_eq!(house.texts(seen).await, ["supabase_admin supabase_admin"]);
}

// DB-SUB-04, DB-MGD-01: an administrator who is no superuser.
#[tokio::test]
async fn an_administrator_with_fewer_rights_runs_the_jobs_of_roles_it_made() {
    let house = House::with_cron().await;
    house
        .run(
            "do $$
            declare object text;
            begin
              create role manager login createrole;
              set role manager;
              create role helper;
              reset role;
            exception when duplicate_object then
              reset role;
            end $$;
            do $$
            declare object text;
            begin
              for object in select relname from pg_class
                where relnamespace = 'cron'::regnamespace and relkind = 'r'
              loop
                execute format('alter table cron.%I owner to manager', object);
              end loop;
            end $$;
            alter schema cron owner to manager;
            create table public.seen (who text);
            grant insert on public.seen to manager, helper;
            insert into cron.job (jobname, schedule, command, username)
            select who, '* * * * *', 'insert into public.seen values (current_user)', who
            from unnest(array['manager', 'helper', 'supabase_admin']) who",
        )
        .await;
    let mut cron = house.cron_as("manager");
    cron.tick().await.unwrap();
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    assert_eq!(
        house.texts("select who from seen order by 1").await,
        ["helper", "manager"]
    );
    let failed = house
        .texts("select username || ': ' || return_message from cron.job_run_details where status = 'failed'")
        .await;
    assert_eq!(failed.len(), 1);
    let begins =
        "supabase_admin: connection failed: a login for role \"supabase_admin\" cannot be made: ";
    assert!(failed[0].starts_with(begins), "{failed:?}");
}

// DB-GRT-11, DB-POW-25, DB-SCH-11: jobs are changed through functions, their records are the owner's to clear.
#[tokio::test]
async fn the_owner_reads_jobs_and_clears_records_and_changes_jobs_by_functions_only() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('mine', '* * * * *', 'select 1')")
        .await;
    house
        .run("select cron.schedule('theirs', '* * * * *', 'select 1')")
        .await;
    let mut cron = house.leading().await;
    house.pass(&mut cron, TimeDelta::minutes(1)).await;
    let runs = || house.value::<i64>("select count(*) from cron.job_run_details", &[]);
    assert_eq!(runs().await, 2);
    let owner = house
        .database
        .endpoint_as("postgres")
        .connect()
        .await
        .unwrap();
    for sql in [
        "select jobname from cron.job",
        "select username from cron.job_run_details",
    ] {
        assert_eq!(owner.query(sql, &[]).await.unwrap().len(), 2, "{sql}");
    }
    for sql in [
        "update cron.job set username = 'supabase_admin'",
        "insert into cron.job (schedule, command, username) values ('* * * * *', 'select 1', 'supabase_admin')",
        "update cron._runner set leader = null",
        "select cron.schedule_in_database('x', '* * * * *', 'select 1', current_database(), 'supabase_admin')",
    ] {
        let refused = owner.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "{sql}");
    }
    owner
        .batch_execute("delete from cron.job_run_details")
        .await
        .unwrap();
    assert_eq!(runs().await, 0);
}
