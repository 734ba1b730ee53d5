//! Several nodes side by side.

use std::collections::BTreeSet;

use base::Tasks;
use chrono::TimeDelta;
use extensions::cron::Standing;
use pg::Listener;

use crate::house::House;
use crate::receiver::Receiver;

// DB-SUB-03: at most once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_send_each_of_500_requests_once() {
    let (mut house, receiver) = (House::new().await, Receiver::start().await);
    house.settings.net_in_flight = 20;
    house
        .run(&format!(
            "select net.http_get('{}' || n, timeout_milliseconds := 600000) from generate_series(1, 500) n",
            receiver.url("/gate/")
        ))
        .await;
    let (first, second) = (house.net(), house.net());
    // A node has 20 on their way at most: with 40 unanswered, both take part.
    let both_take_part = async {
        receiver.wait_for(40).await;
        receiver.open_gate();
    };
    let (one, two, ()) = tokio::join!(first.run_due(), second.run_due(), both_take_part);
    assert_eq!(one.unwrap() + two.unwrap(), 500);
    let targets: Vec<String> = receiver
        .received()
        .into_iter()
        .map(|one| one.target)
        .collect();
    assert_eq!(targets.len(), 500);
    assert_eq!(targets.into_iter().collect::<BTreeSet<_>>().len(), 500);
    let answered = "select count(distinct id) from net._http_response where status_code = 201";
    assert_eq!(house.value::<i64>(answered, &[]).await, 500);
}

// DB-SUB-03: a node that was slower with all that it chose goes on with the rest, and does not take it for nothing.
#[tokio::test]
async fn a_node_that_loses_what_it_chose_takes_the_rest() {
    let (mut house, receiver) = (House::new().await, Receiver::start().await);
    house.settings.net_in_flight = 20;
    house
        .run(&format!(
            "select net.http_get('{}' || n, timeout_milliseconds := 600000) from generate_series(1, 30) n",
            receiver.url("/in?n=")
        ))
        .await;
    // Another node is about to have the first twenty.
    house
        .run(
            "begin; insert into net._in_flight (id, node, until)
             select id, gen_random_uuid(), 'infinity' from net.http_request_queue order by id limit 20",
        )
        .await;
    let node = house.net();
    let watcher = house.database.connect().await;
    let waits = "select count(*) = 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let other = async {
        while !watcher
            .query_one(waits, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
        {
            tokio::task::yield_now().await;
        }
        house.run("commit").await;
    };
    let (sent, ()) = tokio::join!(node.run_due(), other);
    assert_eq!(sent.unwrap(), 10);
    assert_eq!(receiver.received().len(), 10);
}

// DB-SUB-03: at most once; what a killed node was sending is not sent again, and its answer says so.
#[tokio::test]
async fn a_request_of_a_node_that_died_is_answered_and_not_sent_again() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    house
        .run(&format!(
            "select net.http_get('{}', timeout_milliseconds := 30000)",
            receiver.url("/slow")
        ))
        .await;
    let dying = house.net();
    {
        let sending = dying.run_due();
        tokio::pin!(sending);
        tokio::select! {
            _ = &mut sending => panic!("the answer never comes"),
            () = receiver.wait_for(1) => {}
        }
    }
    let other = house.net();
    assert_eq!(other.run_due().await.unwrap(), 0);
    let pending = "select (r).status::text from net.http_collect_response(1) r";
    house.clock.advance(TimeDelta::seconds(90));
    other.sweep().await.unwrap();
    assert_eq!(house.texts(pending).await, ["PENDING"]);
    house.clock.advance(TimeDelta::seconds(1));
    other.sweep().await.unwrap();
    let told = "select (r).status || ': ' || (r).message from net.http_collect_response(1) r";
    assert_eq!(
        house.texts(told).await,
        [
            "ERROR: The node that sent this request ended before the answer; it is not known whether it arrived"
        ]
    );
    assert_eq!(other.run_due().await.unwrap(), 0);
    assert_eq!(receiver.received().len(), 1);
}

// DB-SUB-03: one answer each, also when a node was thought dead.
#[tokio::test]
async fn an_answer_that_comes_after_the_request_was_given_up_is_dropped() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    let ask = format!(
        "select net.http_get('{}', timeout_milliseconds := 60000)",
        receiver.url("/held")
    );
    house.run(&ask).await;
    let slow = house.net();
    let sending = slow.run_due();
    tokio::pin!(sending);
    tokio::select! {
        _ = &mut sending => panic!("the answer is held"),
        () = receiver.wait_for(1) => {}
    }
    house.clock.advance(TimeDelta::seconds(121));
    house.net().sweep().await.unwrap();
    receiver.release();
    assert_eq!(sending.await.unwrap(), 1);
    let answers = "select coalesce(content, error_msg) from net._http_response";
    let answers = house.texts(answers).await;
    assert_eq!(answers.len(), 1);
    assert!(answers[0].starts_with("The node that sent this request ended"));
}

// DB-SUB-03: NOTIFY, not only the poll.
#[tokio::test]
async fn a_running_worker_is_woken_by_the_commit_and_stops_when_asked() {
    let (mut house, receiver) = (House::new().await, Receiver::start().await);
    house.settings.net_poll = std::time::Duration::from_secs(3_600);
    let tasks = Tasks::new();
    let listener = Listener::start(house.database.admin(), &extensions::CHANNELS, &tasks);
    let mut heard = listener.subscribe();
    house.net().start(&listener, &tasks);
    heard.recv().await.unwrap();
    for n in 1..=3 {
        house
            .run(&format!("select net.http_get('{}')", receiver.url("/in")))
            .await;
        receiver.wait_for(n).await;
    }
    assert!(tasks.shut_down(std::time::Duration::from_secs(60)).await);
    let answered = "select count(*) from net._http_response where status_code = 201";
    assert_eq!(house.value::<i64>(answered, &[]).await, 3);
}

// DB-SUB-04: exactly one of several processes runs it.
#[tokio::test]
async fn one_of_two_nodes_runs_the_jobs_and_the_other_goes_on_where_it_ended() {
    let house = House::with_cron().await;
    house
        .as_owner("create table ticks (at timestamptz); select cron.schedule('* * * * *', 'insert into ticks values (now())')")
        .await;
    let (mut first, mut second) = (house.cron(), house.cron());
    assert_eq!(first.tick().await.unwrap(), Standing::Leading);
    assert_eq!(second.tick().await.unwrap(), Standing::Following);
    let ticks = || house.value::<i64>("select count(*) from ticks", &[]);
    for n in 1..=3 {
        house.clock.advance(TimeDelta::minutes(1));
        assert_eq!(second.tick().await.unwrap(), Standing::Following);
        assert_eq!(first.tick().await.unwrap(), Standing::Leading);
        first.settle().await;
        assert_eq!(ticks().await, n);
    }
    // Two minutes pass with nobody there; they are made up for.
    drop(first);
    house.clock.advance(TimeDelta::minutes(2));
    while second.tick().await.unwrap() != Standing::Leading {
        // The server has not yet noticed that the connection with the lock is gone.
        tokio::task::yield_now().await;
    }
    second.settle().await;
    assert_eq!(ticks().await, 5);
}

// DB-SUB-04: a leader that was overtaken without noticing starts nothing.
#[tokio::test]
async fn a_leader_that_was_overtaken_starts_nothing() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('* * * * *', 'select 1')")
        .await;
    let mut cron = house.cron();
    assert_eq!(cron.tick().await.unwrap(), Standing::Leading);
    house
        .run("update cron._runner set leader = gen_random_uuid()")
        .await;
    house.clock.advance(TimeDelta::minutes(1));
    assert_eq!(cron.tick().await.unwrap(), Standing::Following);
    let runs = house
        .value::<i64>("select count(*) from cron.job_run_details", &[])
        .await;
    assert_eq!(runs, 0);
}

// DB-SUB-04: one run of a job at a time, also when the node that began it is gone.
#[tokio::test]
async fn runs_of_a_node_that_died_are_ended_and_marked() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('long', '* * * * *', 'select pg_sleep(3600)')")
        .await;
    let mut dying = house.cron();
    dying.tick().await.unwrap();
    house.clock.advance(TimeDelta::minutes(1));
    dying.tick().await.unwrap();
    let status = "select status from cron.job_run_details";
    while house.texts(status).await != ["running"] {
        tokio::task::yield_now().await;
    }
    let pid: i32 = house
        .value("select job_pid from cron.job_run_details", &[])
        .await;
    drop(dying);
    let mut other = house.cron();
    while other.tick().await.unwrap() != Standing::Leading {
        tokio::task::yield_now().await;
    }
    let ended = "select status || ': ' || return_message from cron.job_run_details";
    assert_eq!(house.texts(ended).await, ["failed: server restarted"]);
    let alive = "select exists (select from pg_stat_activity where pid = $1)";
    while house.value::<bool>(alive, &[&pid]).await {
        tokio::task::yield_now().await;
    }
}

// DB-SUB-04: an orderly stop hands the jobs on, and cuts nothing off without a word.
#[tokio::test]
async fn a_node_that_stops_cancels_its_runs_and_hands_on_the_lead() {
    let house = House::with_cron().await;
    house
        .as_owner("select cron.schedule('long', '* * * * *', 'select pg_sleep(3600)')")
        .await;
    let (mut first, mut second) = (house.cron(), house.cron());
    first.tick().await.unwrap();
    house.clock.advance(TimeDelta::minutes(1));
    first.tick().await.unwrap();
    let status = "select status || coalesce(': ' || return_message, '') from cron.job_run_details";
    while house.texts(status).await != ["running"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(second.tick().await.unwrap(), Standing::Following);
    first.step_down().await;
    assert_eq!(house.texts(status).await, ["failed: job cancelled"]);
    assert_eq!(second.tick().await.unwrap(), Standing::Leading);
}
