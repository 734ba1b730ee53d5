use super::Name;

#[test]
fn a_name_reads_back_as_it_is_shown() {
    for name in [
        Name::new("public", "users"),
        Name::new("Some.Schema", "A \"quoted\" table"),
        Name::new("public", "\"; drop table users; --"),
    ] {
        assert_eq!(Name::parse(&name.to_string()), Some(name));
    }
}

#[test]
fn a_name_without_a_schema_is_in_public() {
    assert_eq!(Name::parse("users"), Some(Name::new("public", "users")));
    for wrong in ["", ".", "a.", "a.b.c", "\"open"] {
        assert_eq!(Name::parse(wrong), None, "{wrong}");
    }
}
