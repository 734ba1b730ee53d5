//! Notifications, across lost connections.

use base::Tasks;
use pg::{Listener, Notification};
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::support::{PATIENCE, World};

async fn next(heard: &mut Receiver<Notification>) -> Notification {
    timeout(PATIENCE, heard.recv())
        .await
        .expect("something is heard")
        .unwrap()
}

fn notify(channel: &str, payload: &str) -> Notification {
    Notification::Notify {
        channel: channel.into(),
        payload: payload.into(),
    }
}

#[tokio::test]
async fn a_listener_hears_its_channels_and_says_when_it_may_have_missed_something() {
    let world = World::new().await;
    let tasks = Tasks::new();
    let listener = Listener::start(&world.login(), &["pgrst", "Odd \"name\""], &tasks);
    let mut heard = listener.subscribe();
    assert_eq!(next(&mut heard).await, Notification::Connected);
    world
        .admin
        .batch_execute("notify other; notify pgrst, 'reload schema'; notify \"Odd \"\"name\"\"\"")
        .await
        .unwrap();
    assert_eq!(next(&mut heard).await, notify("pgrst", "reload schema"));
    assert_eq!(next(&mut heard).await, notify("Odd \"name\"", ""));

    world
        .admin
        .batch_execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'passerelle listen' and datname = current_database()")
        .await
        .unwrap();
    assert_eq!(next(&mut heard).await, Notification::Connected);
    world.admin.batch_execute("notify pgrst").await.unwrap();
    assert_eq!(next(&mut heard).await, notify("pgrst", ""));
    assert!(tasks.shut_down(PATIENCE).await);
}

#[tokio::test]
async fn a_listener_without_a_database_ends_at_the_soft_stop() {
    let nowhere = pg::Endpoint::parse("host=/nowhere user=x").unwrap();
    let tasks = Tasks::new();
    let _listener = Listener::start(&nowhere, &["pgrst"], &tasks);
    assert!(tasks.shut_down(PATIENCE).await);
}
