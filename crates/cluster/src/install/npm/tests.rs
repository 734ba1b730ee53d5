use super::*;

fn tree(list: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("lib")).unwrap();
    fs::write(dir.path().join("lib/libz.so.1.2"), "library").unwrap();
    fs::write(dir.path().join("pg-symlinks.json"), list).unwrap();
    dir
}

#[test]
fn listed_links_are_made_and_move_with_the_tree() {
    let dir = tree(r#"[{"source":"native/lib/libz.so.1.2","target":"native/lib/libz.so.1"}]"#);
    link(dir.path()).unwrap();
    let made = dir.path().join("lib/libz.so.1");
    assert_eq!(fs::read_to_string(&made).unwrap(), "library");
    assert!(fs::read_link(made).unwrap().is_relative());
}

#[test]
fn a_link_out_of_the_package_is_refused() {
    for list in [
        r#"[{"source":"native/../../etc/passwd","target":"native/lib/x"}]"#,
        r#"[{"source":"native/lib/libz.so.1.2","target":"/etc/x"}]"#,
    ] {
        let dir = tree(list);
        assert!(matches!(link(dir.path()), Err(Error::Install(_))), "{list}");
    }
}

#[test]
fn a_package_that_is_not_the_pinned_one_is_refused() {
    let dir = tree("[]");
    let file = dir.path().join("lib/libz.so.1.2");
    let expected = hex::encode(Sha256::digest("library"));
    check(&file, &expected).unwrap();
    fs::write(&file, "librarY").unwrap();
    let error = check(&file, &expected).unwrap_err();
    assert!(error.to_string().contains(&expected), "{error}");
}
