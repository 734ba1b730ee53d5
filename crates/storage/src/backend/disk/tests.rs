use futures_util::TryStreamExt as _;

use super::*;
use crate::backend::Digest;

const VERSION: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const OTHER: &str = "9f2504e0-4f89-41d3-9a0c-0305e82c3302";

fn at(key: &str, version: &str) -> Location {
    Location {
        bucket: "b".into(),
        key: key.into(),
        version: version.into(),
    }
}

async fn disk(root: &Path) -> Disk {
    Disk::open(root, None, Arc::new(base::OsRandom))
        .await
        .unwrap()
}

fn body(chunks: Vec<Result<&'static str, String>>) -> Body<'static> {
    stream::iter(chunks.into_iter().map(|chunk| chunk.map(Bytes::from))).boxed()
}

async fn put(disk: &Disk, at: &Location, text: &'static str) -> Digest {
    let pending = disk.write(body(vec![Ok(text)]), 1000).await.unwrap();
    let digest = pending.digest().clone();
    pending.keep(at).await.unwrap();
    digest
}

async fn get(disk: &Disk, at: &Location) -> Option<String> {
    let content = disk.read(at, &|size| Some(0..size)).await.unwrap()?;
    let bytes: Vec<Bytes> = content.stream.try_collect().await.unwrap();
    Some(String::from_utf8(bytes.concat()).unwrap())
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test]
async fn a_version_is_written_read_copied_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let disk = disk(root.path()).await;
    let digest = put(&disk, &at("a", VERSION), "hello").await;
    // STO-UPL-11
    assert_eq!(
        digest,
        Digest {
            size: 5,
            md5: "5d41402abc4b2a76b9719d911017c592".into()
        }
    );
    assert_eq!(
        get(&disk, &at("a", VERSION)).await.as_deref(),
        Some("hello")
    );
    assert!(
        disk.copy(&at("a", VERSION), &at("a/b", OTHER))
            .await
            .unwrap()
    );
    disk.remove(&at("a", VERSION)).await.unwrap();
    disk.remove(&at("a", VERSION)).await.unwrap();
    assert_eq!(get(&disk, &at("a", VERSION)).await, None);
    assert_eq!(
        get(&disk, &at("a/b", OTHER)).await.as_deref(),
        Some("hello")
    );
    assert!(
        !disk
            .copy(&at("a", VERSION), &at("c", VERSION))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_version_of_another_key_opens_nothing() {
    let root = tempfile::tempdir().unwrap();
    let disk = disk(root.path()).await;
    put(&disk, &at("secret", VERSION), "hello").await;
    assert_eq!(get(&disk, &at("mine", VERSION)).await, None);
    assert_eq!(get(&disk, &at("x", "../../../etc/passwd")).await, None);
}

#[tokio::test]
async fn what_breaks_off_or_is_too_long_leaves_nothing() {
    // STO-UPL-13
    let root = tempfile::tempdir().unwrap();
    let disk = disk(root.path()).await;
    let broken = disk
        .write(body(vec![Ok("hel"), Err("gone".into())]), 1000)
        .await;
    assert!(matches!(broken, Err(WriteError::Body(_))));
    let long = disk.write(body(vec![Ok("hello"), Ok("!")]), 5).await;
    assert!(matches!(long, Err(WriteError::TooLarge)));
    let pending = disk.write(body(vec![Ok("hello")]), 5).await.unwrap();
    assert_eq!(files(root.path()).len(), 1);
    drop(pending);
    assert_eq!(files(root.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_folder_of_upstream_is_read_in_place() {
    // STO-FS-01
    let root = tempfile::tempdir().unwrap();
    let upstream = root.path().join("stub/stub");
    fs::create_dir_all(upstream.join("b/d/a.txt")).unwrap();
    fs::write(upstream.join("b/d/a.txt/v1"), "old").unwrap();
    let disk = Disk::open(root.path(), Some(upstream), Arc::new(base::OsRandom))
        .await
        .unwrap();
    assert_eq!(
        get(&disk, &at("d/a.txt", "v1")).await.as_deref(),
        Some("old")
    );
    assert!(
        disk.copy(&at("d/a.txt", "v1"), &at("new", VERSION))
            .await
            .unwrap()
    );
    disk.remove(&at("d/a.txt", "v1")).await.unwrap();
    assert_eq!(
        get(&disk, &at("new", VERSION)).await.as_deref(),
        Some("old")
    );
}

#[tokio::test]
async fn old_versions_and_unfinished_bodies_are_found() {
    // STO-OPS-03
    let root = tempfile::tempdir().unwrap();
    let disk = disk(root.path()).await;
    put(&disk, &at("a", VERSION), "hello").await;
    fs::write(root.path().join("incoming/left"), "half").unwrap();
    let now = base::Clock::now(&base::SystemClock);
    let past: Vec<Vec<Stray>> = disk
        .old_versions(now - chrono::TimeDelta::days(1))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(past.concat(), []);
    let future = now + chrono::TimeDelta::days(1);
    let strays: Vec<Vec<Stray>> = disk.old_versions(future).try_collect().await.unwrap();
    let strays = strays.concat();
    assert_eq!(
        (strays.len(), strays[0].version.as_str(), strays[0].size),
        (1, VERSION, 5)
    );
    disk.remove_stray(&strays[0]).await.unwrap();
    assert_eq!(disk.remove_unfinished(future).await.unwrap(), 1);
    assert_eq!(files(root.path()), Vec::<PathBuf>::new());
}
