//! Filters: grammar, errors, matching.

use super::{result, unit};
use crate::query::{Filter, Subject, UnitNames};

fn error(query: &str) -> (String, usize) {
    let error = Filter::parse(query).unwrap_err();
    (error.message, error.offset)
}

#[test]
fn filters_are_read() {
    for (query, read) in [
        ("*", "*"),
        ("a:b", "a:b"),
        ("a :b", "a:b"),
        (" a : b ", "a:b"),
        (r#""a":"b c""#, r#"a:"b c""#),
        (r#""a\"":"b c""#, r#""a\"":"b c""#),
        (r#""a\u2603":x"#, "a☃:x"),
        ("a-b:c", "a-b:c"),
        ("a*b:c", "a*b:c"),
        ("(a:b)", "a:b"),
        ("a:b c:d e:f", "(a:b AND c:d AND e:f)"),
        ("-a:b", "-a:b"),
        ("--a:b", "--a:b"),
        ("-*", "-*"),
        ("a:b AND AND c:d", "(a:b AND c:d)"),
        ("-a:b AND c:d", "(-a:b AND c:d)"),
        ("-(a:b AND c:d)", "-(a:b AND c:d)"),
        ("a:b AND * AND c:d", "(a:b AND * AND c:d)"),
        ("a:b c:d OR e:f g:h", "((a:b AND c:d) OR (e:f AND g:h))"),
        ("a:b (c:d OR e:f) g:h", "(a:b AND (c:d OR e:f) AND g:h)"),
        (r"a:/b[/](/)\/c/", r"a:/b[/](/)\/c/"),
        ("a:(b OR c OR d)", "(a:b OR a:c OR a:d)"),
        (r#"a:(b OR "c " OR /d/)"#, r#"(a:b OR a:"c " OR a:/d/)"#),
        ("a:(b)", "a:b"),
        ("/a:b", "/a:b"),
        ("a\u{3000}:b\u{a0}c:d", "(a:b AND c:d)"),
        (r#"a:"AND""#, r#"a:"AND""#),
        (r#"a:"/b/""#, r#"a:"/b/""#),
        (r#"a:"\xff""#, r#"a:"\xff""#),
        (r#"a:b\"#, r"a:b\"),
        (r#"a:"\x5c b""#, r#"a:"\x5c b""#),
    ] {
        let filter = Filter::parse(query).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(filter.to_string(), read, "{query}");
        let again = Filter::parse(read).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again.to_string(), read, "{query}");
    }
}

#[test]
fn errors_are_those_of_benchproc_and_where_it_has_them() {
    for (query, message, offset) in [
        ("a", "expected key:value", 0),
        (" a :", "expected key:value", 1),
        ("a:", "expected key:value", 0),
        ("a:AND", "expected key:value", 0),
        ("", "expected key:value or subexpression", 0),
        ("  ", "expected key:value or subexpression", 2),
        ("()", "expected key:value or subexpression", 1),
        ("AND", "expected key:value or subexpression", 0),
        ("a:b OR", "expected key:value or subexpression", 6),
        (r#""a\z":"b c""#, "bad escape sequence", 0),
        (r#"a "b"#, "missing end quote", 2),
        (r#"a:"b\\""#, "missing end quote", 2),
        ("(a:b", "missing \")\"", 4),
        ("(a:b ", "missing \")\"", 5),
        ("(a:b))", "unexpected \")\"", 5),
        ("a:b @", "unexpected \"@\"", 4),
        ("a:b:c", "unexpected \":\"", 3),
        ("a:b,c:d", "unexpected \",\"", 3),
        ("a:/b", "missing close \"/\"", 2),
        (
            "a:/b/c",
            "regexp must be followed by space or an operator (unescaped \"/\"?)",
            5,
        ),
        (
            "a:/b/\u{a0}",
            "regexp must be followed by space or an operator (unescaped \"/\"?)",
            5,
        ),
        (
            "a:/[[:foo:]]/",
            "error parsing regexp: invalid character class range: `[:foo:]`",
            2,
        ),
        (
            "a:/*/",
            "error parsing regexp: missing argument to repetition operator: `*`",
            2,
        ),
        ("a:(b c)", "value list must be separated by OR", 5),
        ("a:(b AND c)", "value list must be separated by OR", 5),
        ("a:(b OR AND)", "expected value", 8),
        ("a:()", "expected value", 3),
        (".config:x", ".config is only allowed in projections", 0),
        (r#"a:b "":x"#, "key must not be empty", 4),
    ] {
        assert_eq!(error(query), (message.to_owned(), offset), "{query}");
    }
}

#[test]
fn the_caret_counts_what_is_drawn() {
    let error = Filter::parse("é\u{200b}\u{a0}:x )").unwrap_err();
    assert_eq!(
        error.to_string(),
        "syntax error: unexpected \")\"\n\té\u{200b}\u{a0}:x )\n\t     ^"
    );
}

#[test]
fn depth_is_an_error_and_not_the_end() {
    for part in ["(", "-", "-(", "a:b (", "(a:b OR "] {
        let error = Filter::parse(&part.repeat(1_000_000)).unwrap_err();
        assert_eq!(error.message, "expression nests too deeply", "{part}");
    }
    let deep = format!("{}a:b{}", "(".repeat(190), ")".repeat(190));
    assert_eq!(Filter::parse(&deep).unwrap().to_string(), "a:b");
    let wide = "a:b ".repeat(100_000);
    assert!(
        Filter::parse(&wide)
            .unwrap()
            .matches(&result("A", "a=b"), unit("B/op"))
    );
    let groups = format!("a:/{}{}/", "(".repeat(100_000), ")".repeat(100_000));
    let error = Filter::parse(&groups).unwrap_err().message;
    assert!(error.starts_with("error parsing regexp: expression nests too deeply"));
}

#[test]
fn keys_are_parts_of_names_settings_and_units() {
    let subject = result("Sort/n=1k/deep/m=2-8", "goos=linux pkg=a/b");
    for (query, expected) in [
        ("*", true),
        ("-*", false),
        (".name:Sort", true),
        (".fullname:Sort/n=1k/deep/m=2-8", true),
        ("/n:1k /m:2", true),
        ("/m:2-8", false),
        ("/deep:\"\"", true),
        ("/gomaxprocs:8", true),
        ("goos:linux", true),
        ("goos:/^lin/ -pkg:/^lin/", true),
        ("goarch:\"\"", true),
        (".file:f.txt", true),
        (".other:\"\"", true),
        ("\"\\xff\":\"\"", true),
        ("goos:(darwin OR linux)", true),
        ("--goos:linux", true),
        ("goos:linux goos:darwin", false),
        ("goos:linux OR goos:darwin", true),
        ("-(goos:darwin OR .name:Sort)", false),
    ] {
        let filter = Filter::parse(query).unwrap();
        assert_eq!(filter.matches(&subject, unit("B/op")), expected, "{query}");
    }
}

#[test]
fn gomaxprocs_is_the_suffix_or_a_part() {
    for (name, procs, base) in [
        ("A-8", "8", "A"),
        ("A", "", "A"),
        ("A/gomaxprocs=4", "4", "A"),
        ("A/gomaxprocs=4-8", "8", "A"),
        ("A-", "", "A-"),
        ("A-8x", "", "A-8x"),
        ("A-8/b", "", "A-8"),
        ("A--8", "8", "A-"),
        ("-8", "8", ""),
        ("8", "", "8"),
        ("", "", ""),
        ("A/n=1-08", "08", "A"),
    ] {
        let query = format!("/gomaxprocs:\"{procs}\" .name:\"{base}\"");
        let filter = Filter::parse(&query).unwrap();
        assert!(filter.matches(&result(name, ""), unit("B/op")), "{name}");
    }
}

#[test]
fn units_match_as_tidied_and_as_printed() {
    let subject = result("A", "f=v");
    let time = UnitNames {
        unit: b"sec/op",
        printed: Some(b"ns/op"),
    };
    for (query, of_time, of_bytes) in [
        (".unit:ns/op", true, false),
        (".unit:sec/op", true, false),
        (".unit:B/op", false, true),
        (".unit:/op$/", true, true),
        ("f:v -.unit:B/op", true, false),
        ("f:v AND --(f:w OR .unit:(B/op OR x))", false, true),
        ("f:w .unit:B/op", false, false),
    ] {
        let filter = Filter::parse(query).unwrap();
        assert!(filter.depends_on_unit());
        assert_eq!(filter.matches(&subject, time), of_time, "{query}");
        assert_eq!(filter.matches(&subject, unit("B/op")), of_bytes, "{query}");
    }
    assert!(!Filter::parse("a:b").unwrap().depends_on_unit());
}

#[test]
fn bytes_that_are_no_text_count_as_one_character_each() {
    struct Bytes(&'static [u8]);
    impl Subject for Bytes {
        fn full_name(&self) -> &[u8] {
            self.0
        }
        fn setting(&self, _: &str) -> Option<&[u8]> {
            None
        }
        fn for_each_setting(&self, _: &mut dyn FnMut(&[u8], &[u8])) {}
    }
    for (query, expected) in [
        (".fullname:/^A..B$/", true),
        (".fullname:/^A.B$/", false),
        (".fullname:/B/", true),
        (".fullname:/\\x{fffd}{2}/", true),
        (".fullname:/\\xe2/", false),
        (".fullname:\"A\\xe2\\x82B\"", true),
    ] {
        let filter = Filter::parse(query).unwrap();
        assert_eq!(
            filter.matches(&Bytes(b"A\xe2\x82B"), unit("B/op")),
            expected,
            "{query}"
        );
    }
}
