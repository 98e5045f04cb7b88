//! The formats that pipelines read, written by the real program and held against the schemas and the
//! tools that read them: no format changes the exit code, no name breaks one, no size does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod tools;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use allocgate::memory::reading::exposition;
use allocgate::parse::LineReader;
use serde_json::Value;
use tempfile::TempDir;
use tools::not_run;

const FORMATS: [&str; 4] = ["sarif", "junit", "codequality", "metrics"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program in `folder`; its exit code and what it wrote in each format.
fn reports(folder: &Path, arguments: &[&str]) -> (i32, BTreeMap<&'static str, String>) {
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_allocgate"));
    command.args(arguments).current_dir(folder);
    for format in FORMATS {
        let file = out.path().join(format);
        command.arg(format!("--report={format}={}", file.display()));
    }
    let output = command.arg("--quiet").output().unwrap();
    let read = |format| (format, fs::read_to_string(out.path().join(format)).unwrap());
    (output.status.code().unwrap(), FORMATS.map(read).into())
}

/// Two sides in a folder.
fn sides(baseline: &str, candidate: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), baseline).unwrap();
    fs::write(folder.path().join("b.txt"), candidate).unwrap();
    folder
}

fn results(name: &str, allocs: u64, times: usize) -> String {
    format!("Benchmark{name}-8 \t1000\t {allocs}5 ns/op\t 8 B/op\t {allocs} allocs/op\n")
        .repeat(times)
}

/// Holds reports against everything that is known of their formats, and against the exit code.
fn assert_valid(code: i32, reports: &BTreeMap<&str, String>) {
    let failed = code != 0;
    let sarif: Value = serde_json::from_str(&reports["sarif"]).unwrap();
    assert_keeps(&sarif_schema(), &sarif);
    let run = &sarif["runs"][0];
    assert_eq!(run["invocations"][0]["exitCode"], code);
    let list = run["results"].as_array().unwrap();
    assert!(list.len() <= 5000);
    assert_eq!(list.iter().any(|one| one["level"] == "error"), failed);

    let entries: Vec<Value> = serde_json::from_str(&reports["codequality"]).unwrap();
    assert!(entries.len() <= 5000);
    let fails = |entry: &Value| {
        ["major", "critical"]
            .iter()
            .any(|one| entry["severity"] == *one)
    };
    assert_eq!(entries.iter().any(fails), failed);
    for entry in &entries {
        assert!(
            entry["location"]["path"]
                .as_str()
                .is_some_and(|path| !path.is_empty())
        );
    }

    let junit = &reports["junit"];
    let red = junit.contains("<failure") || junit.contains("<error");
    assert_eq!(red, failed, "{junit}");
    assert_keeps_jenkins_schema(junit);

    let metrics = &reports["metrics"];
    assert!(metrics.contains(&format!("\nallocgate_exit_code {code}\n")));
    assert_read_by_prometheus(metrics);
    let mut samples = 0;
    let lines = LineReader::new(Cursor::new(metrics.as_bytes()), u64::MAX);
    exposition::read(lines, "metrics", |_| true, |_| samples += 1).unwrap();
    let written = metrics.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(samples, written.count());

    for report in reports.values() {
        assert!(report.len() < 10 << 20);
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!report.contains(acts));
    }
}

fn sarif_schema() -> Value {
    let path = root().join("testdata/schemas/sarif-2.1.0.schema.json");
    let schema = fs::read_to_string(path).unwrap();
    // One of its patterns is no regular expression as validators read them: a bracket is not escaped.
    serde_json::from_str(&schema.replace("{2}]?$", "{2}\\\\]?$")).unwrap()
}

fn assert_keeps(schema: &Value, value: &Value) {
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The output of a tool that reads `input`; `None` where there is no such tool.
fn piped(command: &mut Command, input: &str) -> Option<(bool, String)> {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    // A tool that stops at the first error reads no more.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((output.status.success(), said))
}

/// The schema does not know `file` and `line` of a test, which others read.
fn assert_keeps_jenkins_schema(junit: &str) {
    let places = regex::Regex::new(r#" file="[^"]*" line="\d+""#).unwrap();
    let junit = places.replace_all(junit, "");
    let mut xmllint = Command::new("xmllint");
    let schema = root().join("testdata/schemas/jenkins-junit-10.xsd");
    xmllint
        .args(["--noout", "--huge", "--schema"])
        .arg(schema)
        .arg("-");
    match piped(&mut xmllint, &junit) {
        Some((valid, said)) => assert!(valid, "{said}"),
        None => not_run(
            "JUnit XML against the schema of Jenkins",
            "there is no xmllint",
        ),
    }
}

fn assert_read_by_prometheus(metrics: &str) {
    match piped(Command::new("promtool").args(["check", "metrics"]), metrics) {
        Some((valid, said)) => assert!(valid && said.is_empty(), "{said}"),
        None => not_run("metrics as Prometheus reads them", "there is no promtool"),
    }
}

#[test]
fn a_real_regression_is_one_in_every_format() {
    let (code, reports) = reports(
        root(),
        &[
            "check",
            "testdata/measured/gorilla__mux__10f71ea4.txt",
            "testdata/measured/gorilla__mux__1a848bfc.txt",
        ],
    );
    assert_eq!(code, 1);
    assert_valid(code, &reports);
    let sarif: Value = serde_json::from_str(&reports["sarif"]).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "regressed");
    assert!(reports["junit"].contains("<failure type=\"regressed\""));
    let entries: Vec<Value> = serde_json::from_str(&reports["codequality"]).unwrap();
    assert_eq!(entries[0]["check_name"], "allocgate/regressed");
    assert!(!reports["metrics"].contains("allocgate_rows{status=\"regressed\"} 0"));
}

#[test]
fn no_format_changes_the_exit_code() {
    let (one, two) = (results("X", 1, 10), results("X", 2, 10));
    let waiver = "[[waiver]]\nbenchmark = \"BenchmarkX\"\nunit = \"allocs/op\"\nup-to = 2\nreason = \"on purpose\"\n";
    let check = ["check", "a.txt", "b.txt"];
    let deployment = root().join("testdata/memory/manifests/deployment.yaml");
    let deployment = deployment.to_str().unwrap();
    let memory = ["memory", "check", deployment, "--container", "api"];
    for (case, candidate, policy, arguments, expected) in [
        ("pass", &one, "", &check[..], 0),
        ("regression", &two, "", &check[..], 1),
        ("waived", &two, waiver, &check[..], 0),
        ("too few samples", &results("X", 2, 1), "", &check[..], 3),
        ("vanished", &results("Y", 1, 10), "", &check[..], 3),
        (
            "vanished, let pass",
            &format!("{one}{}", results("Y", 1, 10)),
            "",
            &["check", "b.txt", "a.txt", "--on=vanished=pass"][..],
            0,
        ),
        (
            "vanished, forbidden",
            &format!("{one}{}", results("Y", 1, 10)),
            "",
            &["check", "b.txt", "a.txt", "--on=vanished=fail"][..],
            1,
        ),
        (
            "unreadable",
            &format!("{one}BenchmarkX-8 1000 5 ns/op x allocs/op\n"),
            "",
            &check[..],
            3,
        ),
        ("empty", &String::new(), "", &check[..], 3),
        ("memory", &one, "", &memory[..], 1),
    ] {
        let folder = sides(&one, candidate);
        fs::write(folder.path().join("allocgate.toml"), policy).unwrap();
        let (code, reports) = reports(folder.path(), arguments);
        assert_eq!(code, expected, "{case}");
        assert_valid(code, &reports);
        for format in FORMATS {
            let alone = Command::new(env!("CARGO_BIN_EXE_allocgate"))
                .args(arguments)
                .arg(format!("--report={format}"))
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert_eq!(alone.status.code(), Some(expected), "{case}, {format}");
            let stdout = String::from_utf8(alone.stdout).unwrap();
            assert_eq!(stdout, reports[format], "{case}, {format}");
        }
    }
}

#[test]
fn problems_stand_where_the_benchmark_is_declared() {
    let text = |allocs| format!("pkg: example.com/m/codec\n{}", results("X", allocs, 10));
    let folder = sides(&text(1), &text(2));
    let git = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(folder.path())
        .status();
    assert!(git.unwrap().success());
    fs::write(folder.path().join("go.mod"), "module example.com/m\n").unwrap();
    fs::create_dir(folder.path().join("codec")).unwrap();
    let source = "package codec\n\nimport \"testing\"\n\nfunc BenchmarkX(b *testing.B) {}\n";
    fs::write(folder.path().join("codec/a b_test.go"), source).unwrap();
    let (code, reports) = reports(folder.path(), &["check", "a.txt", "b.txt"]);
    assert_eq!(code, 1);
    assert_valid(code, &reports);
    let sarif: Value = serde_json::from_str(&reports["sarif"]).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "codec/a%20b_test.go");
    assert_eq!(place["region"]["startLine"], 5);
    let entries: Vec<Value> = serde_json::from_str(&reports["codequality"]).unwrap();
    assert_eq!(entries[0]["location"]["path"], "codec/a b_test.go");
    assert_eq!(entries[0]["location"]["lines"]["begin"], 5);
    assert!(reports["junit"].contains(" file=\"codec/a b_test.go\" line=\"5\""));
}

#[test]
fn waived_rows_are_suppressed_with_their_reason() {
    let folder = sides(&results("X", 1, 10), &results("X", 2, 10));
    let policy = "[[waiver]]\nbenchmark = \"BenchmarkX\"\nunit = \"allocs/op\"\nup-to = 2\nreason = \"on purpose <#123>\"\n";
    fs::write(folder.path().join("allocgate.toml"), policy).unwrap();
    let (code, reports) = reports(folder.path(), &["check", "a.txt", "b.txt"]);
    assert_eq!(code, 0);
    let sarif: Value = serde_json::from_str(&reports["sarif"]).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|one| one["ruleId"] == "waived");
    let result = result.unwrap();
    assert_eq!(result["level"], "note");
    assert_eq!(
        result["suppressions"][0]["justification"],
        "on purpose <#123>"
    );
    assert!(reports["junit"].contains("<system-out>waived up to 2: on purpose &lt;#123&gt;"));
    assert_eq!(reports["codequality"], "[]\n");
}

#[test]
fn a_failed_command_is_red_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let command = ["memory", "run", "--limit=512MiB"];
    let (code, reports) = {
        let out = tempfile::tempdir().unwrap();
        let mut call = Command::new(env!("CARGO_BIN_EXE_allocgate"));
        call.args(command).current_dir(folder.path());
        for format in FORMATS {
            call.arg(format!(
                "--report={format}={}",
                out.path().join(format).display()
            ));
        }
        call.args(["--quiet", "--", "sh", "-c", "exit 7"]);
        let output = call.output().unwrap();
        let read = |format| (format, fs::read_to_string(out.path().join(format)).unwrap());
        (
            output.status.code().unwrap(),
            BTreeMap::from(FORMATS.map(read)),
        )
    };
    assert_eq!(code, 4);
    assert_valid(code, &reports);
    assert!(reports["junit"].contains("<error type=\"command-failed\""));
}

#[test]
fn hostile_names_break_no_format() {
    let names = [
        "Pipe/a|b",
        "Quote/\"'`\\",
        "Markup/<script>]]>&amp;",
        "Comment/#01--><!--",
        "Hash/a\"#\\",
        "Braces/{0}{{}}",
        "Link/[a](https://example.com)",
        "Attach/[[ATTACHMENT|/etc/passwd]]",
        "ANSI/\x1b[31m\x07",
        "Bidi/\u{202e}gpj.exe",
        "Noncharacter/\u{fffe}\u{ffff}\u{1fffe}",
        "Wide/日本語/🚀",
        "Percent/90%/%0A",
        "::error::pwned",
        "Comma/a,b=c;d",
    ];
    let side = |allocs: u64| {
        let mut text = String::from("pkg: example.com/<b>&\"{0}\"#\n");
        for name in names {
            text.push_str(&results(name, allocs, 4));
        }
        text
    };
    let folder = sides(&side(1), &side(2));
    let (code, reports) = reports(folder.path(), &["check", "a.txt", "b.txt"]);
    assert_eq!(code, 1);
    assert_valid(code, &reports);
    let regressed = reports["junit"]
        .matches("<failure type=\"regressed\"")
        .count();
    assert!(
        regressed >= names.len() - 2,
        "{regressed} of {}",
        names.len()
    );
    assert!(!reports["junit"].contains("[[ATTACHMENT|"));
}

#[test]
fn ten_thousand_regressed_rows_stay_within_bounds() {
    let side = |allocs: u64| {
        let mut text = String::new();
        for index in 0..10_000 {
            if index % 100 == 0 {
                writeln!(text, "pkg: example.com/p{}", index / 100).unwrap();
            }
            for _ in 0..2 {
                writeln!(
                    text,
                    "BenchmarkRow/case={index}-8 1000 {allocs}5 ns/op {allocs} allocs/op"
                )
                .unwrap();
            }
        }
        text
    };
    let folder = sides(&side(1), &side(2));
    let (code, reports) = reports(folder.path(), &["check", "a.txt", "b.txt"]);
    assert_eq!(code, 1);
    assert_valid(code, &reports);
    assert!(reports["sarif"].contains("5000 more results left out"));
    assert!(reports["codequality"].contains("and 5001 more problems"));
    assert!(reports["metrics"].contains("\nallocgate_rows_left_out 5000\n"));
    assert_eq!(
        reports["junit"]
            .matches("<failure type=\"regressed\"")
            .count(),
        10_000
    );
}

#[test]
fn files_of_the_repository_are_named_from_its_root_wherever_the_program_runs() {
    let folder = sides(&results("X", 1, 10), &results("X", 1, 9));
    // Repositories are known by their real paths.
    let root = fs::canonicalize(folder.path()).unwrap();
    let init = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(&root)
        .status();
    assert!(init.unwrap().success());
    let below = root.join("services/store");
    fs::create_dir_all(&below).unwrap();
    fs::create_dir(root.join("deploy")).unwrap();
    let deployment = self::root().join("testdata/memory/manifests/deployment.yaml");
    fs::copy(deployment, root.join("deploy/app.yaml")).unwrap();
    let policy = "[memory]\nmanifests = [\"deploy/*.yaml\"]\ncontainer = \"api\"\n\
                  [[budget]]\nbenchmark = \"BenchmarkNone\"\nallocs = 0\n";
    fs::write(root.join("allocgate.toml"), policy).unwrap();
    let places = |at: &Path, arguments: &[&str]| -> Vec<String> {
        let (code, reports) = reports(at, arguments);
        assert_eq!(code, 1);
        assert_valid(code, &reports);
        let entries: Vec<Value> = serde_json::from_str(&reports["codequality"]).unwrap();
        let place = |entry: &Value| {
            let (file, line) = (
                &entry["location"]["path"],
                &entry["location"]["lines"]["begin"],
            );
            format!("{}:{line}", file.as_str().unwrap())
        };
        entries.iter().map(place).collect()
    };
    let both = ["deploy/app.yaml:65", "allocgate.toml:4"];
    let [a, b] = ["a.txt", "b.txt"].map(|name| root.join(name).display().to_string());
    for at in [&root, &below, &root.join("deploy")] {
        assert_eq!(places(at, &["check", &a, &b]), both);
    }
    let policy = root.join("allocgate.toml").display().to_string();
    let named = ["check", &a, &b, "--policy", &policy];
    assert_eq!(places(&below, &named), both);
    let manifest = root.join("deploy/app.yaml").display().to_string();
    let alone = ["memory", "check", "--no-policy", "--container=api"];
    for manifest in [&manifest, "../../deploy/app.yaml"] {
        let arguments = [&alone[..], &[manifest]].concat();
        assert_eq!(places(&below, &arguments), both[..1]);
    }
    // What lies in no repository has no place.
    fs::remove_dir_all(root.join(".git")).unwrap();
    let arguments = [&alone[..], &[manifest.as_str()]].concat();
    assert_eq!(places(&below, &arguments), ["allocgate.toml:1"]);
}
