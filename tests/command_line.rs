//! The command line as a whole: bad input gets one clear sentence and exit code 2, nothing is left
//! behind, and policies and waivers come from where they are said to come from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod program;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use program::{Side, allocgate};

const ONE: &str = "BenchmarkX-8 \t1000\t 5 ns/op\t 1 allocs/op\n";
const TWO: &str = "BenchmarkX-8 \t1000\t 5 ns/op\t 2 allocs/op\n";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_allocgate"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), ONE.repeat(5)).unwrap();
    fs::write(folder.path().join("b.txt"), TWO.repeat(5)).unwrap();
    folder
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Exit code 2 and one sentence.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    message
}

#[test]
fn two_reports_do_not_go_to_one_file() {
    let folder = folder();
    let report = |one: &str, two: &str| {
        let check = ["check", "a.txt", "b.txt", "--report", one, "--report", two];
        refused(folder.path(), &check)
    };
    let twice = "another report goes to ./out";
    assert!(report("json=out", "csv=./out").contains(twice));
    // One that was there stays as it was.
    fs::write(folder.path().join("out"), "old").unwrap();
    assert!(report("json=out", "csv=./out").contains(twice));
    assert_eq!(fs::read(folder.path().join("out")).unwrap(), b"old");
    assert!(report("json=", "csv").contains("--report json=: no file is named"));
}

#[test]
fn bad_input_is_refused_in_one_sentence() {
    let folder = folder();
    fs::create_dir(folder.path().join("dir")).unwrap();
    fs::write(
        folder.path().join("cut.gz"),
        [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2],
    )
    .unwrap();
    for (arguments, message) in [
        (
            &["check", "gone.txt", "b.txt"][..],
            "error: gone.txt: No such file or directory (os error 2)\n",
        ),
        (
            &["check", "dir", "b.txt"],
            "error: dir: is a directory; name the files in it, or a pattern such as dir/*.txt\n",
        ),
        (
            &["check", "x*.txt", "b.txt"],
            "error: x*.txt: no file matches this pattern\n",
        ),
        (
            &["check", "-", "-"],
            "error: standard input (-) can be given only once\n",
        ),
        (
            &["check", "a.txt", "b.txt", "--report=pdf"],
            "error: --report pdf: ",
        ),
        (
            &["check", "a.txt", "b.txt", "--report=json=no/such/dir/x"],
            "error: cannot write no/such/dir/x: No such file or directory (os error 2)\n",
        ),
        (
            &["check", "a.txt", "b.txt", "--max-input=10B"],
            "error: b.txt: is larger than ",
        ),
        (
            &["comment", "a.txt", "--dry-run", "--max-input=10B"],
            "error: a.txt: larger than 10 B; raise --max-input",
        ),
        (
            &["check", "a.txt", "b.txt", "--max-input=x"],
            "error: --max-input: expected a size",
        ),
        (
            &["check", "a.txt", "b.txt", "--threshold=B/op"],
            "error: --threshold B/op: expected UNIT=RISE\n",
        ),
        (
            &["check", "a.txt", "b.txt", "--threshold=B/op=x"],
            "error: --threshold B/op=x: expected a size such as `64`, `1KiB` or `512MiB`, found `x`\n",
        ),
        (
            &["check", "a.txt", "b.txt", "--report=json=b.txt"],
            "error: --report json=b.txt: b.txt is an input\n",
        ),
        (
            &["check", "a.txt", "b.txt", "--threshold=ns/op=100"],
            "error: --threshold ns/op=100: expected a duration such as `100ns` or `2ms`, found `100`\n",
        ),
        (&["check", "cut.gz", "b.txt"], "error: cut.gz: "),
        (
            &["check", "a.txt", "b.txt", "--policy=gone.toml"],
            "error: gone.toml: No such file",
        ),
        (
            &["check", "a.txt", "b.txt", "--policy-from=HEAD"],
            "is not inside a git repository\n",
        ),
        (
            &["explain", "nonsense"],
            "error: there is no code `nonsense`; `allocgate explain` lists them all\n",
        ),
        (&["init", "gone.txt"], "error: gone.txt: "),
    ] {
        let found = refused(folder.path(), arguments);
        assert!(found.contains(message), "{arguments:?}: {found}");
        assert_eq!(found.lines().count(), 1, "{arguments:?}: {found}");
    }
    for usage in [
        &["check", "a.txt"][..],
        &["check"],
        &[],
        &["check", "a.txt", "b.txt", "--alpha=2"],
    ] {
        refused(folder.path(), usage);
    }
}

#[test]
fn a_broken_policy_is_refused_with_its_place() {
    let folder = folder();
    for (policy, message) in [
        (
            "[[rule]]\nbenchmrak = \"X\"\n",
            "allocgate.toml:2: unknown field `benchmrak`",
        ),
        (
            "[statistics]\nalpha = 1.5\n",
            "allocgate.toml:2: alpha lies between 0 and 1, exclusively",
        ),
        ("alpha = 0.1\n", "allocgate.toml:1: unknown field `alpha`"),
        (
            "\n[[rule]]\nbenchmark = \"/(/\"\n",
            "allocgate.toml:3: bad pattern `/(/`: unclosed group",
        ),
        (
            "[[budget]]\nbenchmark = \"X\"\n",
            "allocgate.toml:1: a budget needs `allocs`, `bytes`, or",
        ),
        (
            "[[budget]]\nbytes = \"1Mi\"\n",
            "allocgate.toml:2: expected a size such as",
        ),
        (
            "[[waiver]]\nunit = \"allocs/op\"\nup-to = 1\nreason = \" \"\n",
            "allocgate.toml:4: a waiver needs a reason",
        ),
        (
            "[[waiver]]\nunit = \"allocs/op\"\nup-to = 1\n",
            "allocgate.toml:1: missing field `reason`",
        ),
        (
            "[outcomes]\nvanished = \"maybe\"\n",
            "allocgate.toml:2: unknown variant `maybe`",
        ),
        (
            "[units]\n\"B/op\" = { relative = 0.5 }\n",
            "allocgate.toml:2: expected a percentage",
        ),
        ("x = [", "allocgate.toml:1: "),
    ] {
        fs::write(folder.path().join("allocgate.toml"), policy).unwrap();
        let found = refused(folder.path(), &["check", "a.txt", "b.txt"]);
        assert!(found.contains(message), "{policy:?}: {found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn a_failed_run_leaves_no_report_behind() {
    let folder = folder();
    let arguments = ["check", "gone.txt", "b.txt", "--report=json=out.json"];
    refused(folder.path(), &arguments);
    assert!(!folder.path().join("out.json").exists());
    fs::write(folder.path().join("out.json"), "earlier").unwrap();
    refused(folder.path(), &arguments);
    assert_eq!(
        fs::read_to_string(folder.path().join("out.json")).unwrap(),
        "earlier"
    );
}

#[test]
fn several_reports_are_written_at_once() {
    let folder = folder();
    let output = run(
        folder.path(),
        &[
            "check",
            "a.txt",
            "b.txt",
            "--report=json=out.json",
            "--report=markdown=out.md",
            "--report=csv=out.csv",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("regression")
    );
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("out.json")).unwrap();
    assert_eq!(json["verdict"], "regression");
    assert!(read("out.md").contains("`X`"), "{}", read("out.md"));
    assert!(read("out.csv").starts_with("package,benchmark,"));
    // A second, shorter report replaces the first one whole.
    fs::write(folder.path().join("out.json"), " ".repeat(1 << 20)).unwrap();
    run(
        folder.path(),
        &["check", "a.txt", "b.txt", "-q", "--report=json=out.json"],
    );
    assert!(serde_json::from_str::<serde_json::Value>(&read("out.json")).is_ok());
}

#[test]
fn inputs_may_be_piped_packed_and_many() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_allocgate"))
        .args(["check", "a.txt", "-", "-q"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(TWO.repeat(5).as_bytes())
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(TWO.repeat(5).as_bytes()).unwrap();
    fs::write(folder.path().join("b.gz"), packed.finish().unwrap()).unwrap();
    assert_eq!(
        run(folder.path(), &["check", "a.txt", "b.gz"])
            .status
            .code(),
        Some(1)
    );

    for part in ["part1", "part2"] {
        fs::write(folder.path().join(format!("{part}.txt")), TWO).unwrap();
    }
    let output = run(
        folder.path(),
        &["check", "-b", "a.txt", "-c", "part*.txt", "--report=json"],
    );
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let samples = &json["rows"][0]["candidate"]["samples"];
    assert_eq!(
        samples.as_array().unwrap().len(),
        2,
        "both parts are one side's: {json}"
    );
    assert_eq!(json["inputs"]["candidate"].as_array().unwrap().len(), 2);
}

#[test]
fn init_writes_a_policy_that_holds() {
    let folder = folder();
    let zero = "BenchmarkZ/a*b-8 \t1000\t 5 ns/op\t 0 allocs/op\n".repeat(3);
    fs::write(
        folder.path().join("a.txt"),
        format!("pkg: p\n{}{zero}", ONE.repeat(3)),
    )
    .unwrap();
    let output = run(folder.path(), &["init", "a.txt"]);
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), "wrote allocgate.toml\n".to_owned())
    );
    let policy = fs::read_to_string(folder.path().join("allocgate.toml")).unwrap();
    assert!(
        policy.contains("[[budget]]\npackage = \"p\"\nbenchmark = "),
        "{policy}"
    );
    let again = refused(folder.path(), &["init", "a.txt"]);
    assert_eq!(
        again,
        "error: allocgate.toml exists already; --force replaces it\n"
    );
    assert_eq!(
        run(folder.path(), &["check", "a.txt", "a.txt", "-q"])
            .status
            .code(),
        Some(0)
    );
    let worse = fs::read_to_string(folder.path().join("a.txt"))
        .unwrap()
        .replace("0 allocs", "1 allocs");
    fs::write(folder.path().join("b.txt"), worse).unwrap();
    let output = run(folder.path(), &["check", "-c", "b.txt"]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "the budget of zero holds without a baseline"
    );
}

#[test]
fn the_written_defaults_are_the_defaults() {
    // The head of `init` shows every default commented out: taken at its word it changes nothing.
    let folder = folder();
    run(folder.path(), &["init"]);
    let policy = fs::read_to_string(folder.path().join("allocgate.toml")).unwrap();
    let defaults: String = policy
        .split("# Other thresholds")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.starts_with('[') || line.contains(" = "))
        .filter(|line| !line.starts_with("gate = "))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(folder.path().join("allocgate.toml"), &defaults).unwrap();
    let with = run(folder.path(), &["check", "a.txt", "b.txt", "--report=json"]);
    fs::remove_file(folder.path().join("allocgate.toml")).unwrap();
    let without = run(folder.path(), &["check", "a.txt", "b.txt", "--report=json"]);
    let json =
        |output: &Output| serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    let (mut with, without) = (json(&with), json(&without));
    with["settings"]["policy"] = without["settings"]["policy"].clone();
    assert_eq!(with, without, "{defaults}");
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        stderr(&output)
    );
}

#[test]
fn a_change_cannot_loosen_its_own_gate() {
    let folder = folder();
    let policy = folder.path().join("allocgate.toml");
    fs::write(&policy, "# strict\n").unwrap();
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "base"]);
    fs::write(&policy, "[units]\n\"allocs/op\" = { gate = false }\n").unwrap();
    git(folder.path(), &["commit", "-qam", "loosen"]);
    let check = |more: &[&str]| {
        let arguments = [&["check", "../a.txt", "../b.txt", "-q"], more].concat();
        run(&folder.path().join("sub"), &arguments)
    };
    fs::create_dir(folder.path().join("sub")).unwrap();
    assert_eq!(
        check(&[]).status.code(),
        Some(3),
        "the change's own policy gates nothing"
    );
    assert_eq!(check(&["--policy-from=HEAD~1"]).status.code(), Some(1));
    assert_eq!(check(&["--no-policy"]).status.code(), Some(1));
    let unknown = check(&["--policy-from=nope"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(stderr(&unknown), "error: `nope` names no commit here\n");
}

#[test]
fn commits_can_carry_waivers() {
    let folder = folder();
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "base"]);
    let commit = |trailer: &str| {
        let message = format!("change\n\nWhy.\n\n{trailer}\nSigned-off-by: t <t@example.com>\n");
        git(
            folder.path(),
            &["commit", "-q", "--allow-empty", "-m", &message],
        );
    };
    let check = |since: &str| {
        let since = format!("--waivers-since={since}");
        run(
            folder.path(),
            &["check", "a.txt", "b.txt", "--report=json", &since],
        )
    };
    commit("Allocgate-Waiver: benchmark=X unit=allocs/op up-to=2 reason=it is meant");
    let waived = check("HEAD~1");
    assert_eq!(waived.status.code(), Some(0), "{}", stderr(&waived));
    let json: serde_json::Value = serde_json::from_slice(&waived.stdout).unwrap();
    let row = json["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["status"] == "waived")
        .unwrap();
    assert_eq!(row["waiver"]["reason"], "it is meant");
    assert_eq!(
        check("HEAD").status.code(),
        Some(1),
        "the acceptance ends with its change"
    );
    commit("Allocgate-Waiver: benchmark=X unit=allocs/op reason=no ceiling");
    let broken = check("HEAD~2");
    assert_eq!(broken.status.code(), Some(2));
    assert!(
        stderr(&broken).ends_with("Allocgate-Waiver: a waiver has a ceiling up-to=…\n"),
        "{}",
        stderr(&broken)
    );
}

#[test]
fn output_that_nobody_reads_changes_no_verdict() {
    let side = Side::new().text(&ONE.repeat(5));
    let run = allocgate().check(&side, &side).run_as_is();
    assert_eq!(run.code, 0);
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_allocgate"))
        .args(["check", "a.txt", "b.txt", "--all"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn help_and_explanations_are_there() {
    let folder = folder();
    let help = run(folder.path(), &["check", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("Exit codes:") && help.contains("allocgate check baseline.txt candidate.txt")
    );
    let list = run(folder.path(), &["explain"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.lines().count() > 20 && list.lines().all(|line| line.chars().count() <= 80),
        "{list}"
    );
    // No meaning stands against its code.
    for line in list.lines() {
        let (code, meaning) = line.split_at(22);
        assert!(code.ends_with("  ") && !meaning.starts_with(' '), "{line}");
    }
    let one = run(folder.path(), &["explain", "regressed"]);
    assert!(
        String::from_utf8(one.stdout)
            .unwrap()
            .contains("What to do: ")
    );
}
