use super::*;

#[test]
fn versions_are_read_from_every_packager_s_spelling() {
    for (answer, expected) in [
        (
            "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n",
            Some((15, 14)),
        ),
        ("postgres (PostgreSQL) 17.2\n", Some((17, 2))),
        ("postgres (PostgreSQL) 18beta1\n", Some((18, 0))),
        ("psql (PostgreSQL) 17.2\n", None),
        ("postgres (PostgreSQL) \n", None),
    ] {
        let expected = expected.map(|(major, minor)| Version { major, minor });
        assert_eq!(Version::read(answer), expected, "{answer:?}");
    }
}
