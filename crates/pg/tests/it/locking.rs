//! A lock that the whole cluster sees.

use pg::Lock;

use crate::cluster::eventually;
use crate::support::{World, until};

#[tokio::test]
async fn a_lock_has_one_holder_until_it_is_dropped() {
    let world = World::new().await;
    let endpoint = world.login();
    let held = Lock::acquire(&endpoint, "migrate").await.unwrap();
    assert!(held.is_held());
    assert!(
        Lock::try_acquire(&endpoint, "migrate")
            .await
            .unwrap()
            .is_none()
    );
    let other = Lock::try_acquire(&endpoint, "vacuum")
        .await
        .unwrap()
        .expect("another name is another lock");
    drop(other);

    let waiting = Lock::acquire(&endpoint, "migrate");
    tokio::pin!(waiting);
    let blocked = "select count(*) = 1 from pg_locks l join pg_database d on d.oid = l.database \
        where d.datname = current_database() and locktype = 'advisory' and not granted";
    tokio::select! {
        _ = &mut waiting => panic!("it is held by another"),
        () = until(&world.admin, blocked) => {}
    }
    drop(held);
    let second = waiting.await.unwrap();
    second.check().await.unwrap();
    second.release().await.unwrap();
    Lock::try_acquire(&endpoint, "migrate")
        .await
        .unwrap()
        .expect("released means free at once");
}

#[tokio::test]
async fn a_lock_dies_with_its_session() {
    let world = World::new().await;
    let endpoint = world.login();
    let held = Lock::acquire(&endpoint, "migrate").await.unwrap();
    let kill = "select pg_terminate_backend(pid) from pg_locks l join pg_database d on d.oid = l.database \
        where d.datname = current_database() and locktype = 'advisory'";
    world.admin.batch_execute(kill).await.unwrap();
    assert!(held.check().await.is_err());
    eventually(async || {
        Lock::try_acquire(&endpoint, "migrate")
            .await
            .unwrap()
            .ok_or("held")
    })
    .await;
}
