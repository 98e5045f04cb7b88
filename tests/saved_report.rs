//! `allocgate report`: what was saved is written again as it would have been at first, and what no
//! gate has written is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const BASELINE: &str = "testdata/measured/gorilla__mux__10f71ea4.txt";
const CANDIDATE: &str = "testdata/measured/gorilla__mux__1a848bfc.txt";

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_allocgate"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may refuse what it is given before it has read all.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// A report of a regression, saved.
fn saved(folder: &Path) -> String {
    let file = path(folder, "report.json");
    let to = format!("json={file}");
    let output = run(
        &["check", BASELINE, CANDIDATE, "--quiet", "--report", &to],
        b"",
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    file
}

#[test]
fn every_format_is_as_it_would_have_been_at_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = saved(folder.path());
    let text = fs::read(&file).unwrap();
    for format in allocgate::report::Format::ALL {
        let name = format.as_str();
        let first = run(
            &["check", BASELINE, CANDIDATE, "--all", "--report", name],
            b"",
        );
        assert_eq!(first.status.code(), Some(1), "{name}");
        let again = run(&["report", &file, "--all", "--report", name], b"");
        assert_eq!(again.status.code(), Some(0), "{name}: {again:?}");
        assert!(again.stdout == first.stdout, "{name} differs");
        let piped = run(&["report", "-", "--all", "--report", name], &text);
        assert!(
            piped.stdout == first.stdout,
            "{name} differs from standard input"
        );
    }
}

#[test]
fn the_exit_code_is_the_verdicts_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = saved(folder.path());
    assert_eq!(run(&["report", &file, "-q"], b"").status.code(), Some(0));
    let asked = run(&["report", &file, "-q", "--exit-code"], b"");
    assert_eq!(asked.status.code(), Some(1));
}

#[test]
fn what_no_gate_has_written_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = saved(folder.path());
    let text = fs::read_to_string(&file).unwrap();
    let out = path(folder.path(), "out.md");
    let to = format!("markdown={out}");
    let swapped = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    let deep = "[".repeat(100_000);
    let cases: [(Vec<u8>, &str); 9] = [
        (Vec::new(), "no JSON report"),
        (text.as_bytes()[..text.len() / 2].to_vec(), "no JSON report"),
        (vec![0xff; 4096], "no JSON report"),
        (deep.into_bytes(), "no JSON report"),
        (
            swapped("\"schema_version\": 1", "\"schema_version\": 7"),
            "schema version 7",
        ),
        (
            swapped("\"verdict\": \"regression\"", "\"verdict\": \"pass\""),
            "its verdict is `pass`",
        ),
        (swapped("\"exit_code\": 1", "\"exit_code\": 0"), "exit code"),
        (
            swapped("\"regressed\":20", "\"regressed\":0"),
            "it counts 0",
        ),
        (
            swapped("\"unit\":\"B/op\"", "\"unit\":[\"::error::\\u001b[31m\"]"),
            "/unit",
        ),
    ];
    for (input, why) in cases {
        let output = run(&["report", "-", "--quiet", "--report", &to], &input);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{why}: {message}");
        assert!(message.contains(why), "{why}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(!message.contains('\x1b'), "{message}");
        assert!(!Path::new(&out).exists(), "{why}");
    }
    let large = run(&["report", &file, "--max-input", "1KiB"], b"");
    assert_eq!(large.status.code(), Some(2));
    assert!(
        String::from_utf8(large.stderr)
            .unwrap()
            .contains("larger than 1 KiB")
    );
    let over = run(&["report", &file, "--report", &format!("html={file}")], b"");
    assert_eq!(over.status.code(), Some(2));
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        text,
        "the input is intact"
    );
}

#[test]
fn numbers_that_no_machine_counts_are_written_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read(saved(folder.path())).unwrap();
    let mut report: Value = serde_json::from_slice(&text).unwrap();
    let file = json!({"path": "x", "format": "go", "results": u64::MAX});
    report["inputs"]["baseline"] = json!([file, file]);
    let cause = json!({"kind": "failed", "count": u64::MAX, "outcome": "pass"});
    report["causes"].as_array_mut().unwrap().push(cause);
    let text = serde_json::to_vec(&report).unwrap();
    for format in allocgate::report::Format::ALL {
        let output = run(&["report", "-", "--report", format.as_str()], &text);
        assert_eq!(output.status.code(), Some(0), "{format}: {output:?}");
    }
}

/// As many checks as a file can hold take seconds, not hours.
#[test]
fn a_great_many_containers_take_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read(saved(folder.path())).unwrap();
    let mut report: Value = serde_json::from_slice(&text).unwrap();
    let checks = (0..100_000).flat_map(|index| {
        let container = format!("container-{index}");
        ["pass", "not-asked"].map(|judgement| {
            json!({"id": "gogc", "container": container, "judgement": judgement,
                "message": format!("GOGC of {container}")})
        })
    });
    report["memory"] = json!({"checks": checks.collect::<Vec<_>>(), "sources": []});
    let text = serde_json::to_vec(&report).unwrap();
    let start = std::time::Instant::now();
    let output = run(&["report", "-", "--report", "comment"], &text);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let seconds = start.elapsed().as_secs();
    assert!(seconds < 40, "{seconds} s");
}

/// The row of a benchmark and unit.
fn row<'a>(report: &'a mut Value, benchmark: &str, unit: &str) -> &'a mut Value {
    let rows = report["rows"].as_array_mut().unwrap();
    let own = |row: &&mut Value| row["benchmark"] == benchmark && row["unit"] == unit;
    rows.iter_mut().find(own).unwrap()
}

/// Counts of a row that gates moved from one status to another, wherever they are counted.
fn recount(report: &mut Value, from: &str, to: &str) {
    for (status, by) in [(from, -1), (to, 1)] {
        let count = &mut report["counts"][status];
        *count = json!(count.as_i64().unwrap() + by);
    }
    let causes = report["causes"].as_array_mut().unwrap();
    for cause in causes.iter_mut().filter(|cause| cause["kind"] == from) {
        cause["count"] = json!(cause["count"].as_i64().unwrap() - 1);
    }
    causes.retain(|cause| cause["count"] != 0);
}

/// What a gate cannot have made of its own figures, though all that is counted agrees.
#[test]
fn a_row_is_what_its_samples_make_of_it() {
    type Change = fn(&mut Value);
    const UNIT: &str = "allocs/op";
    const NAME: &str = "BenchmarkMuxSimple/default";
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read(saved(folder.path())).unwrap();
    let report: Value = serde_json::from_slice(&text).unwrap();
    let cases: [(Change, &str); 29] = [
        (
            |report| {
                report["tool"]["version"] = json!("7.0.0\n::error::x");
                row(report, NAME, UNIT)["change"]["absolute"] = json!(1);
            },
            "the rules of the allocgate 7.0.0\\n",
        ),
        (|report| report["verdict"] = json!("<b>"), "/verdict: "),
        (
            |report| row(report, NAME, UNIT)["status"] = json!("improved"),
            "it counts",
        ),
        (
            |report| report["causes"][0]["count"] = json!(9),
            "`regressed`",
        ),
        (
            |report| row(report, NAME, UNIT)["at"] = json!({"file": "a.go", "line": 0}),
            "/at/line",
        ),
        (
            |report| row(report, NAME, UNIT)["at"] = json!({"file": "../a.go", "line": 1}),
            "its file lies outside of the repository",
        ),
        (
            |report| row(report, NAME, UNIT)["candidate"]["samples"] = json!([9, 3]),
            "not in order",
        ),
        (
            |report| row(report, NAME, UNIT)["candidate"]["samples"] = json!([-9, 3]),
            "a sample below zero",
        ),
        (
            |report| report["rows"][0] = json!({}),
            "is a required property",
        ),
        (
            |report| {
                row(report, NAME, UNIT)["status"] = json!("unchanged");
                recount(report, "regressed", "unchanged");
            },
            "its status is `unchanged`, and its figures make `regressed`",
        ),
        (
            |report| {
                let row = row(report, NAME, UNIT);
                row["status"] = json!("waived");
                row["waiver"] = json!({"reason": "x", "up_to": 4, "expired": false, "at": "x:1"});
                recount(report, "regressed", "waived");
            },
            "a waiver that does not cover it",
        ),
        (
            |report| {
                row(report, NAME, UNIT)["status"] = json!("vanished");
                recount(report, "regressed", "vanished");
                let cause = json!({"kind": "vanished", "count": 1, "outcome": "pass"});
                report["causes"].as_array_mut().unwrap().push(cause);
            },
            "its status is `vanished`",
        ),
        (
            |report| row(report, NAME, UNIT)["candidate"]["center"] = json!(3),
            "its centre, or the interval",
        ),
        (
            |report| row(report, NAME, UNIT)["candidate"]["hi"] = json!(500),
            "its centre, or the interval",
        ),
        (
            |report| row(report, NAME, UNIT)["change"]["relative"] = json!(0.01),
            "its change",
        ),
        (
            |report| row(report, NAME, UNIT)["change"]["relative"] = Value::Null,
            "its change",
        ),
        (
            |report| row(report, NAME, UNIT)["evidence"] = json!({"rule": "short", "needed": 4}),
            "its evidence",
        ),
        (
            // One unit more is put down to rounding in a test, and is certain here.
            |report| {
                row(report, NAME, UNIT)["evidence"] = json!({"rule": "tested", "significant": false,
                    "p": {"raw": 0.5, "adjusted": 0.5},
                    "shift": {"estimate": 0, "lo": 0, "hi": 0}});
            },
            "its evidence",
        ),
        (
            |report| row(report, NAME, UNIT)["notes"] = json!([{"note": "underpowered"}]),
            "its notes",
        ),
        (
            |report| row(report, NAME, UNIT)["better"] = json!("unknown"),
            "its status",
        ),
        (
            |report| report["settings"]["test"] = json!("looks fine"),
            "its test",
        ),
        (|report| report["settings"]["alpha"] = json!(0), "its alpha"),
        (
            |report| report["counts"]["unchanged"] = json!(u64::MAX),
            "as `unchanged`",
        ),
        (
            |report| report["advisory"] = json!([]),
            "advisory rows of sec/op",
        ),
        (
            |report| {
                let mut more = report["advisory"][0].clone();
                more["unit"] = json!("approvals/op");
                report["advisory"].as_array_mut().unwrap().push(more);
            },
            "approvals/op: it counts",
        ),
        (
            |report| {
                let more = report["advisory"][0].clone();
                report["advisory"].as_array_mut().unwrap().push(more);
            },
            "sec/op: it counts",
        ),
        (
            |report| report["geomeans"][0]["ratio"] = json!(0.5),
            "its geometric means of sec/op",
        ),
        (
            |report| report["directory"] = json!("../../etc"),
            "its directory lies outside",
        ),
        (
            |report| {
                for part in ["causes", "rows", "advisory", "geomeans"] {
                    report[part] = json!([]);
                }
                for (_, count) in report["counts"].as_object_mut().unwrap() {
                    *count = json!(0);
                }
                report["verdict"] = json!("pass");
                report["exit_code"] = json!(0);
            },
            "nothing was judged in it",
        ),
    ];
    for (change, why) in cases {
        let mut tampered = report.clone();
        change(&mut tampered);
        let tampered = serde_json::to_vec(&tampered).unwrap();
        let output = run(&["report", "-", "--quiet"], &tampered);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{why}: {message}");
        assert!(message.contains(why), "{why}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
