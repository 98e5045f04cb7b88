//! `allocgate report`: what was saved is written again as it would have been at first, and what no
//! gate has written is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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
