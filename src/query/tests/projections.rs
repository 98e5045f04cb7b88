//! Projections: grammar, fields, orders.

use super::{Measured, result, unit};
use crate::query::{Expressions, Filter, KeyId, Projection, Projections};

fn parse(table: &str, row: &str, col: &str, ignore: &str) -> (Projections, Filter) {
    let mut filter = Filter::everything();
    let expressions = Expressions {
        table,
        row,
        col,
        ignore,
    };
    let projections = Projections::parse(&expressions, &mut filter);
    (
        projections.unwrap_or_else(|error| panic!("{error}")),
        filter,
    )
}

fn rows(row: &str) -> Projection {
    parse("", row, "", "").0.row
}

/// `a:1 b:2`, in the order of the fields.
fn text(projection: &Projection, key: KeyId) -> String {
    let fields = projection.fields();
    let values = fields.iter().filter_map(|field| {
        let value = String::from_utf8_lossy(projection.value(key, *field));
        let name = String::from_utf8_lossy(projection.field_name(*field));
        (!value.is_empty()).then(|| format!("{name}:{value}"))
    });
    values.collect::<Vec<_>>().join(" ")
}

#[test]
fn errors_are_those_of_benchproc_and_name_the_option() {
    for (row, message, offset) in [
        ("a,,b", "expected key", 2),
        (",a", "expected key", 0),
        ("a,", "expected key", 2),
        ("AND", "expected key", 0),
        ("a@", "expected named sort order or parenthesized list", 2),
        ("a@,b", "expected named sort order or parenthesized list", 2),
        ("a@(", "missing )", 3),
        ("a@(1,", "missing )", 4),
        ("a@()", "nothing to match", 3),
        ("a@foo", "unknown order \"foo\"", 2),
        ("a@\"f\\n\"", "unknown order \"f\\n\"", 2),
        (".config@(1 2)", "fixed order not allowed for .config", 8),
        ("a,.unit", ".unit is only allowed in filters", 2),
        ("\"\"", "key must not be empty", 0),
        ("a@foo (", "expected key", 6),
    ] {
        let expressions = Expressions {
            table: ".config",
            row,
            col: "a@",
            ignore: "",
        };
        let error = Projections::parse(&expressions, &mut Filter::everything()).unwrap_err();
        let found = (
            error.option,
            error.error.message.as_str(),
            error.error.offset,
        );
        assert_eq!(found, ("--row", message, offset), "{row}");
    }
}

#[test]
fn fields_hold_parts_of_the_name_and_settings() {
    for (row, name, settings, expected) in [
        (".fullname", "Name/a=1", "", ".fullname:Name/a=1"),
        ("/a", "Name/a=1", "", "/a:1"),
        (".name", "Name/a=1", "", ".name:Name"),
        ("a", "", "a=1 b=2", "a:1"),
        ("a", "", "b=2", ""),
        (".config", "", "a=1 b=2", "a:1 b:2"),
        ("a,.config", "", "b=2 a=1", "a:1 b:2"),
        ("a .config", "", "b=2 a=1", "a:1 b:2"),
        (".config b", "", "a=1 b=2", "a:1 b:2"),
        (".config .config", "", "a=1", "a:1 a:1"),
        (".fullname,/a", "N/b=2/a=1-8", "", ".fullname:N/b=2-8 /a:1"),
        (
            ".fullname,/gomaxprocs",
            "N/a=1-8",
            "",
            ".fullname:N/a=1 /gomaxprocs:8",
        ),
        (
            ".fullname,/gomaxprocs",
            "N/gomaxprocs=8",
            "",
            ".fullname:N /gomaxprocs:8",
        ),
        (
            ".fullname,.name",
            "N/a=1-8",
            "",
            ".fullname:*/a=1-8 .name:N",
        ),
        (".fullname,.name", "N-8", "", ".fullname:*-8 .name:N"),
    ] {
        let mut projection = rows(row);
        let key = projection.project(&result(name, settings));
        assert_eq!(text(&projection, key), expected, "{row} of {name}");
    }
}

#[test]
fn a_key_is_the_same_whatever_fields_come_to_be() {
    let mut projection = rows(".config a");
    let first = projection.project(&result("", "a=1 b=2"));
    let second = projection.project(&result("", "c=3 a=1"));
    assert_ne!(first, second);
    assert_eq!(first, projection.project(&result("", "b=2 a=1")));
    assert_eq!(text(&projection, first), "b:2 a:1");
    assert_eq!(text(&projection, second), "c:3 a:1");
    assert_eq!(&*projection.label(second), b"3 1");
    let names: Vec<_> = projection.differing(&[first, second]);
    let names: Vec<_> = names
        .iter()
        .map(|field| projection.field_name(*field))
        .collect();
    assert_eq!(names, [b"b", b"c"]);
    assert!(projection.differing(&[first]).is_empty());
    assert!(projection.differing(&[]).is_empty());
}

#[test]
fn what_one_projection_asks_for_is_left_out_of_all() {
    let subject = result("N/a=1/b=2-8", "goos=linux commit=c");
    let (mut all, _) = parse(".config", ".fullname", "/a", "commit /gomaxprocs");
    let table = all.table.project_unit(&subject, b"B/op");
    assert_eq!(text(&all.table, table), "goos:linux .unit:B/op");
    let row = all.row.project(&subject);
    assert_eq!(text(&all.row, row), ".fullname:N/b=2");
    let residue = all.residue.project(&subject);
    assert_eq!(text(&all.residue, residue), "");
    assert!(all.residue.fields().is_empty());

    let (mut all, _) = parse("goos", ".name", "/a", "");
    let residue = all.residue.project(&subject);
    assert_eq!(text(&all.residue, residue), "commit:c .fullname:*/b=2-8");
    assert!(!all.table.depends_on_name() && all.row.depends_on_name());
    assert!(all.residue.depends_on_name() && all.col.depends_on_name());
}

/// The labels of the keys of some results, sorted.
fn sorted(projection: &mut Projection, results: &[Measured<'_>]) -> Vec<String> {
    let mut keys: Vec<KeyId> = results
        .iter()
        .map(|result| projection.project(result))
        .collect();
    projection.sort(&mut keys);
    let labels = keys.iter().map(|key| projection.label(*key));
    labels
        .map(|label| String::from_utf8(label.into_owned()).unwrap())
        .collect()
}

#[test]
fn keys_are_sorted_by_the_orders_of_their_fields() {
    for (row, expected) in [
        ("a", "a=2k a=b a=1 a=1.0 a=NaN a=3"),
        ("a@first", "a=2k a=b a=1 a=1.0 a=NaN a=3"),
        ("a@alpha", "a=1 a=1.0 a=2k a=3 a=NaN a=b"),
        ("a@num", "a=1 a=1.0 a=3 a=2k a=NaN a=b"),
        ("a@(NaN 3)", "a=1 a=1.0 a=2k a=NaN a=b a=3"),
        (".config", "a=1 a=1.0 a=2k a=3 a=NaN a=b"),
        (".config@num", "a=1 a=1.0 a=3 a=2k a=NaN a=b"),
    ] {
        let all = ["a=2k", "a=b", "a=1", "a=1.0", "a=NaN", "a=3"];
        let results: Vec<_> = all.iter().map(|settings| result("", settings)).collect();
        let expected: Vec<_> = expected.split(' ').map(|setting| &setting[2..]).collect();
        assert_eq!(sorted(&mut rows(row), &results), expected, "{row}");
    }
    let results: Vec<_> = ["a=2 b=1", "a=1 b=2", "a=2 b=0"]
        .map(|s| result("", s))
        .into();
    assert_eq!(
        sorted(&mut rows("a,b@num"), &results),
        ["2 0", "2 1", "1 2"]
    );
}

#[test]
fn a_fixed_order_is_a_filter_of_the_whole_value() {
    let (mut all, filter) = parse("", ".fullname@(A/n=2 A/n=1 B)", "/n", "");
    for (name, passes) in [("A/n=1", true), ("A/n=2", true), ("A", false), ("B", true)] {
        assert_eq!(
            filter.matches(&result(name, ""), unit("B/op")),
            passes,
            "{name}"
        );
    }
    let key = all.row.project(&result("A/n=1", ""));
    assert_eq!(&*all.row.label(key), b"A");
    // The word `fixed` is an order that names nothing.
    let (_, filter) = parse("", "a@fixed", "", "");
    assert!(!filter.matches(&result("A", "a=1"), unit("B/op")));
    assert_eq!(filter.to_string(), "(-*)");
    let mut filter = Filter::parse("a:1 OR b:2").unwrap();
    let expressions = Expressions {
        table: "c@(x y)",
        row: "",
        col: "",
        ignore: "d@(z)",
    };
    Projections::parse(&expressions, &mut filter).unwrap();
    assert!(filter.matches(&result("A", "b=2 c=y d=z"), unit("B/op")));
    assert!(!filter.matches(&result("A", "b=2 c=y"), unit("B/op")));
    assert!(!filter.matches(&result("A", "c=y d=z"), unit("B/op")));
}
