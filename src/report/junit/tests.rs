//! JUnit XML, held against what reads it.

use quick_xml::Reader;

use super::super::fixture;
use super::*;

fn rendered(report: &Report) -> String {
    fixture::rendered(render, report)
}

/// How often each element occurs; every attribute and text is read.
fn elements(xml: &str) -> BTreeMap<String, usize> {
    let mut reader = Reader::from_str(xml);
    let mut elements: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().into_inner().to_owned();
                *elements.entry(name).or_default() += 1;
                for attribute in element.attributes() {
                    attribute.unwrap();
                }
            }
            Event::Eof => return elements,
            _ => {}
        }
    }
}

#[test]
fn snapshots() {
    insta::assert_snapshot!("junit", rendered(&fixture::everything()));
    insta::assert_snapshot!("junit_memory", rendered(&fixture::memory()));
    insta::assert_snapshot!("junit_pass", rendered(&fixture::pass()));
}

#[test]
fn a_red_build_is_never_green_and_a_green_one_never_red() {
    for mut report in fixture::all() {
        for clear in [false, true] {
            if clear {
                // What no row, check or finding tells.
                report.rows.clear();
                report.findings.clear();
                report.memory = None;
            }
            let text = rendered(&report);
            let red = text.contains("<failure") || text.contains("<error");
            assert_eq!(red, report.verdict.exit_code() != 0);
            assert!(text.contains("<testcase"));
        }
    }
}

#[test]
fn is_well_formed_and_counts_are_right() {
    for report in fixture::all() {
        let text = rendered(&report);
        let elements = elements(&text);
        let number = |name: &str| elements.get(name).copied().unwrap_or_default();
        let head = text.lines().nth(1).unwrap();
        for (attribute, element) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
        ] {
            let shown = format!(" {attribute}=\"{}\"", number(element));
            assert!(head.contains(&shown), "{head}: {shown}");
        }
        let allowed = |c: char| c == '\n' || !c.is_control();
        assert!(text.chars().all(allowed));
    }
}

#[test]
fn what_xml_cannot_say_is_escaped() {
    assert_eq!(xml("[[ATTACHMENT|/etc/x]]"), "[\\x5bATTACHMENT|/etc/x]]");
    assert_eq!(
        xml("a\0\u{fffe}\u{ffff}\u{1b}"),
        "a\\x00\\u{fffe}\\u{ffff}\\x1b"
    );
}

#[test]
fn what_is_left_out_is_counted() {
    let text = rendered(&fixture::many(MOST_ROWS + 7));
    assert!(text.contains(">and 7 more rows: --report json has all of them</failure>"));
    assert_eq!(text.matches("<testcase").count(), MOST_ROWS + 2);
    assert!(text.len() < 20 << 20);
}
