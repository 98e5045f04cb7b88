//! The step that judges, and the one that ends the job.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::repository::{Change, event, git, pull_request};
use crate::root;
use crate::runner::{Runner, Step};

const ONE: &str = "pkg: example.com/m\nBenchmarkX-8 \t1000\t 5 ns/op\t 64 B/op\t 1 allocs/op\n";
const TWO: &str = "pkg: example.com/m\nBenchmarkX-8 \t1000\t 6 ns/op\t 64 B/op\t 2 allocs/op\n";

/// The figures of the first, in another measurement.
const SAME: &str = "pkg: example.com/m\nBenchmarkX-8 \t1000\t 6 ns/op\t 64 B/op\t 1 allocs/op\n";

/// A job that has the output of both sides.
fn check(baseline: &str, candidate: &str) -> Runner {
    let runner = Runner::new()
        .set("INPUT_MODE", "check")
        .set("INPUT_BASELINE", "base.txt")
        .set("INPUT_CANDIDATE", "head.txt");
    runner.write("base.txt", &baseline.repeat(5));
    runner.write("head.txt", &candidate.repeat(5));
    runner
}

/// A pull request, checked out as actions/checkout does it with a depth.
fn checked_out(change: Change, depth: &str) -> (Runner, tempfile::TempDir) {
    let origin = tempfile::tempdir().unwrap();
    pull_request(origin.path(), change, |_| {});
    let runner = Runner::new();
    let (from, work) = (origin.path().display().to_string(), runner.workspace());
    git(&work, &["init", "--quiet"]);
    git(
        &work,
        &["remote", "add", "origin", &format!("file://{from}")],
    );
    let merge = git(origin.path(), &["rev-parse", "HEAD"]);
    let reference = format!("+{merge}:refs/remotes/pull/7/merge");
    git(&work, &["fetch", "--quiet", depth, "origin", &reference]);
    git(&work, &["checkout", "--quiet", "--detach", &merge]);
    let payload = runner.temp().join("event.json");
    fs::write(&payload, event(origin.path())).unwrap();
    let runner = runner
        .set("GITHUB_EVENT_NAME", "pull_request")
        .set("GITHUB_EVENT_PATH", payload.display().to_string())
        .set("GITHUB_REF", "refs/pull/7/merge")
        .set("GITHUB_BASE_REF", "main")
        .set("GITHUB_SHA", merge);
    (runner, origin)
}

/// That nothing could be judged, and why, wherever somebody looks.
fn could_not_run(step: &Step, why: &str) {
    assert_eq!(step.code, 0, "{step:?}");
    assert_eq!(step.output("verdict"), Some("error"), "{step:?}");
    assert_eq!(step.output("exit-code"), Some("2"), "{step:?}");
    let errors: Vec<&str> = step.commands();
    let [error] = errors[..] else {
        panic!("one annotation: {step:?}")
    };
    assert!(
        error.starts_with("::error title=allocgate::") && error.contains(why),
        "{error}"
    );
    assert!(step.summary.contains(why), "{}", step.summary);
}

#[test]
fn a_regression_is_in_summary_annotations_and_outputs() {
    let runner = check(ONE, TWO).set(
        "INPUT_REPORTS",
        "html sarif\njunit, codequality metrics csv",
    );
    let step = runner.judge();
    assert_eq!(step.code, 0, "{step:?}");
    assert_eq!(step.output("verdict"), Some("regression"));
    assert_eq!(step.output("exit-code"), Some("1"));
    assert_eq!(step.output("regressed"), Some("1"));
    assert_eq!(step.output("unchanged"), Some("1"));
    assert!(
        step.summary.contains("❌ allocgate: regression"),
        "{}",
        step.summary
    );
    let commands = step.commands();
    assert_eq!(commands.len(), 1, "{step:?}");
    assert!(commands[0].contains("X: allocs/op 1 → 2"), "{commands:?}");
    for report in [
        "json",
        "html",
        "sarif",
        "junit",
        "codequality",
        "metrics",
        "csv",
    ] {
        let file = Path::new(
            step.output(report)
                .unwrap_or_else(|| panic!("{report}: {step:?}")),
        );
        assert!(fs::metadata(file).unwrap().len() > 0, "{report}");
        assert!(
            file.starts_with(step.output("directory").unwrap()),
            "{report}"
        );
    }
}

#[test]
fn what_is_not_asked_for_is_not_written() {
    let runner = check(ONE, SAME)
        .set("INPUT_SUMMARY", "false")
        .set("INPUT_REPORTS", "");
    let step = runner.judge();
    assert_eq!(step.output("verdict"), Some("pass"), "{step:?}");
    assert_eq!(step.summary, "");
    assert_eq!(step.commands(), [""; 0]);
    let written = fs::read_dir(step.output("directory").unwrap()).unwrap();
    let mut written: Vec<_> = written.map(|entry| entry.unwrap().file_name()).collect();
    written.sort();
    assert_eq!(written, ["outputs.txt", "report.json"]);
    let runner = check(ONE, TWO).set("INPUT_ANNOTATIONS", "false");
    assert_eq!(runner.judge().commands(), [""; 0]);
}

#[test]
fn the_job_ends_as_the_verdict_asks() {
    let end = |code: &str, mode: &str, fail: &str| {
        let runner = Runner::new()
            .set("EXIT_CODE", code)
            .set("INPUT_MODE", mode)
            .set("INPUT_FAIL", fail);
        runner.run(root(), "end.sh").code
    };
    for code in [0, 1, 2, 3, 4] {
        assert_eq!(end(&code.to_string(), "run", ""), code);
        assert_eq!(end(&code.to_string(), "report", "true"), code);
    }
    assert_eq!(end("1", "run", "false"), 0);
    assert_eq!(end("3", "report", ""), 0);
    // What could not run at all, or was cut off, is never a success.
    assert_eq!(end("2", "run", "false"), 2);
    for none in ["", "137", "x", "1x"] {
        assert_eq!(end(none, "report", ""), 2, "{none}");
    }
    // Neither is what nobody has asked for.
    for fail in ["True", "yes", "no", "1", "false "] {
        assert_eq!(end("1", "run", fail), 2, "{fail}");
    }
}

#[test]
fn uses_of_the_action_do_not_share_a_comment() {
    let id = |use_: &str, named: &str| {
        let runner = Runner::new()
            .set("ALLOCGATE", "echo")
            .set("REPORT", "report.json")
            .set("USE", use_)
            .set("INPUT_COMMENT_ID", named);
        let step = runner.run(root(), "comment.sh");
        let log = step.log.trim_end().to_owned();
        let id = log.strip_prefix("comment --id ").unwrap();
        id.strip_suffix(" report.json").unwrap().to_owned()
    };
    assert_eq!(id("ci test null run .", "mine"), "mine");
    let one = id("ci test null run .", "");
    assert_eq!(one, id("ci test null run .", ""));
    for other in ["ci test null memory .", "ci test {\n  \"go\": 1\n} run ."] {
        assert_ne!(one, id(other, ""), "{other}");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    assert!(one.chars().all(plain) && !one.contains("--"), "{one}");
}

/// Something in place of the program: a script, called as it is.
fn instead(runner: Runner, script: &str) -> Step {
    let own = env!("CARGO_BIN_EXE_allocgate");
    let text = format!(
        "#!/usr/bin/env bash\nown={own}\n[ \"$1\" != report ] || exec \"$own\" \"$@\"\n{script}\n"
    );
    let program = runner.temp().join("instead");
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    runner
        .set("ALLOCGATE", program.display().to_string())
        .judge()
}

#[test]
fn what_is_cut_off_is_no_verdict() {
    let pass = || check(ONE, SAME);
    assert_eq!(
        instead(pass(), "exec \"$own\" \"$@\"").output("verdict"),
        Some("pass")
    );
    let killed = instead(pass(), "\"$own\" \"$@\"; kill -9 $$");
    could_not_run(&killed, "exit code 137");
    assert_eq!(killed.output("json"), None, "{killed:?}");
    could_not_run(&instead(pass(), "\"$own\" \"$@\"; exit 2"), "exit code 2");
    could_not_run(&instead(pass(), "\"$own\" \"$@\"; exit 1"), "exit code 1");
    let half = "for report; do case $report in --report=json=*) file=${report#*json=} ;; esac; done\n\
        \"$own\" \"$@\"; head -c 300 \"$file\" >\"$file.half\"; mv \"$file.half\" \"$file\"";
    let step = instead(pass(), &format!("{half}; kill -9 $$"));
    could_not_run(&step, "exit code 137");
    assert_eq!(step.output("json"), None, "{step:?}");
    could_not_run(&instead(pass(), half), "exit code 0");
}

#[test]
fn what_runs_does_not_speak_for_the_step() {
    let files = "for file in output summary environment path state; do echo verdict=hostile >>\"$RUNNER_TEMP/../$file\"; done";
    for end in ["\"$own\" \"$@\"", "exit 2"] {
        let step = instead(check(ONE, TWO), &format!("{files}; {end}"));
        let told = format!("{:?}{}{}", step.outputs, step.summary, step.later);
        assert!(!told.contains("hostile"), "{told}");
        assert!(step.output("verdict").is_some(), "{told}");
    }
}

#[test]
fn an_error_of_any_length_is_told_and_is_only_text() {
    let long = "echo 'error: it broke' >&2; yes 'why it broke' | head -n 100000 >&2; exit 2";
    could_not_run(&instead(check(ONE, SAME), long), "it broke");
    let returns = "printf 'error: it broke\\r# A heading\\n' >&2; exit 2";
    let step = instead(check(ONE, SAME), returns);
    could_not_run(&step, "it broke");
    assert!(!step.summary.contains('\r'), "{:?}", step.summary);
}

#[test]
fn a_pull_request_is_measured_against_its_base_in_a_shallow_checkout() {
    let (runner, _origin) = checked_out(Change::Regression, "--depth=1");
    let step = runner.judge();
    assert_eq!(step.output("verdict"), Some("regression"), "{step:?}");
    assert!(
        step.log.contains("(base of the pull request)"),
        "{}",
        step.log
    );
    let commands = step.commands();
    let expected =
        "::error file=shop_test.go,line=7,title=allocgate%3A BenchmarkPrice%3A regressed::";
    assert!(
        commands.len() == 2 && commands[0].starts_with(expected),
        "{commands:?}"
    );
    let line = "::notice file=shop.go,line=7,title=allocgate%3A Price allocates more here::";
    assert!(commands[1].starts_with(line), "{commands:?}");

    let (runner, _origin) = checked_out(Change::Nothing, "--depth=1");
    let step = runner.judge();
    assert_eq!(step.output("verdict"), Some("pass"), "{step:?}");
    assert_eq!(step.commands(), [""; 0]);
}

#[test]
fn the_head_of_a_pull_request_may_be_checked_out_in_place_of_its_merge() {
    let (runner, origin) = checked_out(Change::Regression, "--depth=1");
    let work = runner.workspace();
    // This one has been merged since: its base is no longer where it left the branch.
    let head = git(origin.path(), &["rev-parse", "change"]);
    git(&work, &["fetch", "--quiet", "--depth=1", "origin", &head]);
    git(&work, &["checkout", "--quiet", "--detach", &head]);
    let step = runner.judge();
    assert_eq!(step.output("verdict"), Some("regression"), "{step:?}");
}

#[test]
fn the_policy_of_the_base_is_read_in_a_shallow_checkout() {
    let (runner, _origin) = checked_out(Change::Nothing, "--depth=1");
    runner.write("base.txt", &ONE.repeat(5));
    runner.write("head.txt", &SAME.repeat(5));
    let step = runner
        .set("INPUT_MODE", "check")
        .set("INPUT_BASELINE", "base.txt")
        .set("INPUT_CANDIDATE", "head.txt")
        .set("INPUT_POLICY_FROM", "HEAD^1")
        .judge();
    assert_eq!(step.output("verdict"), Some("pass"), "{step:?}");
}

#[test]
fn a_shallow_checkout_without_its_origin_says_what_to_do() {
    let (runner, origin) = checked_out(Change::Regression, "--depth=1");
    drop(origin);
    let step = runner.judge();
    assert_eq!(step.output("verdict"), Some("error"), "{step:?}");
    let commands = step.commands();
    assert!(commands[0].starts_with("::warning ") && commands[0].contains("shallow"));
    assert!(
        commands[1].starts_with("::error ") && commands[1].contains("fetch-depth: 2"),
        "{commands:?}"
    );
}

#[test]
fn without_go_the_missing_step_is_named() {
    let (runner, _origin) = checked_out(Change::Nothing, "--depth=2");
    // What the script itself needs, and no go.
    let folder = runner.temp().join("bin");
    fs::create_dir(&folder).unwrap();
    for name in [
        "bash", "env", "git", "mkdir", "mktemp", "rm", "sed", "tr", "od", "tee", "head", "cat",
    ] {
        let found = crate::tool(name).unwrap();
        std::os::unix::fs::symlink(found, folder.join(name)).unwrap();
    }
    let step = runner.set("PATH", folder.display().to_string()).judge();
    could_not_run(&step, "actions/setup-go");
}

#[test]
fn bad_inputs_get_one_sentence() {
    let step = Runner::new().set("INPUT_MODE", "measure::error::").judge();
    could_not_run(&step, "there is no mode");
    let step = Runner::new()
        .set("INPUT_WORKING_DIRECTORY", "no/such")
        .judge();
    could_not_run(&step, "working-directory");
    let step = Runner::new().set("INPUT_MODE", "report").judge();
    could_not_run(&step, "input report");
    let step = check(ONE, "").judge();
    // Nothing to judge is a verdict, with a report.
    assert_eq!(step.output("verdict"), Some("could-not-judge"), "{step:?}");
    let step = check(ONE, SAME).set("INPUT_CANDIDATE", "gone.txt").judge();
    could_not_run(&step, "gone.txt");
    let step = check(ONE, SAME).set("INPUT_ARGS", "--no-such-flag").judge();
    could_not_run(&step, "--no-such-flag");
    let step = check(ONE, SAME).set("INPUT_REPORTS", "html pdf").judge();
    assert!(
        step.commands()[0].contains("there is no report `pdf`"),
        "{step:?}"
    );
    assert_eq!(step.output("verdict"), Some("pass"));
}

#[test]
fn inputs_are_never_commands() {
    let runner = check(ONE, SAME);
    let mark = runner.temp().join("mark");
    let evil = format!(
        "$(touch {0}) `touch {0}` ; touch {0}\n::error::x",
        mark.display()
    );
    for input in [
        "INPUT_BASELINE",
        "INPUT_CANDIDATE",
        "INPUT_POLICY",
        "INPUT_POLICY_FROM",
        "INPUT_ARGS",
        "INPUT_REPORTS",
        "INPUT_MODE",
        "INPUT_WORKING_DIRECTORY",
    ] {
        let step = check(ONE, SAME).set(input, evil.clone()).judge();
        assert!(!mark.exists(), "{input}");
        let plain = |line: &&str| !line.starts_with("::error::x");
        assert!(step.commands().iter().all(plain), "{input}: {step:?}");
    }
}

#[test]
fn a_saved_report_is_judged_and_a_tampered_one_is_not() {
    let first = check(ONE, TWO).set("INPUT_REPORTS", "");
    let json = fs::read_to_string(first.judge().output("json").unwrap()).unwrap();
    let second = |text: &str| {
        let runner = Runner::new()
            .set("INPUT_MODE", "report")
            .set("INPUT_REPORT", "saved.json");
        runner.write("saved.json", text);
        runner.judge()
    };
    let step = second(&json);
    assert_eq!(step.output("verdict"), Some("regression"), "{step:?}");
    assert!(step.summary.contains("❌"), "{}", step.summary);
    let tampered = json.replace("\"verdict\": \"regression\"", "\"verdict\": \"pass\"");
    could_not_run(&second(&tampered), "its verdict is");
    could_not_run(&second(&json[..json.len() / 2]), "no JSON report");
    could_not_run(&second(""), "no JSON report");
    let hostile = json.replace("\"unit\":\"B/op\"", "\"unit\":[\"\\n::error::pwned\"]");
    could_not_run(&second(&hostile), "/unit");
    // Reports are not written over what is read.
    let runner = Runner::new()
        .set("INPUT_MODE", "report")
        .set("INPUT_REPORT", "out/report.json")
        .set("INPUT_REPORT_DIRECTORY", "out");
    let file = runner.write("out/report.json", &json);
    could_not_run(&runner.judge(), "the input report lies where");
    assert_eq!(fs::read_to_string(file).unwrap(), json);
}

#[test]
fn hostile_names_do_nothing() {
    let names = [
        "a|b",
        "`code`",
        "<script>alert(1)</script>",
        "@team/fixes/#12",
        "::error::pwned",
        "##[error]pwned",
        "a%0A::error::pwned",
        "\u{1b}[31mred",
        "\u{202e}gpj.exe",
    ];
    let side = |allocations: u32| -> String {
        let line = |name: &&str| format!("BenchmarkX/{name}-8 \t1000\t {allocations} allocs/op\n");
        let results: String = names.iter().map(line).collect();
        format!(
            "pkg: example.com/m\n::error::pwned\n##[error]pwned\n{}",
            results.repeat(2)
        )
    };
    let step = check(&side(1), &side(2))
        .set("INPUT_REPORTS", "html sarif junit")
        .judge();
    assert_eq!(step.output("verdict"), Some("regression"), "{step:?}");
    let commands = step.commands();
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(
        commands[0].starts_with("::error title=allocgate%3A "),
        "{commands:?}"
    );
    for acting in ["\u{1b}", "\u{202e}"] {
        assert!(
            !step.summary.contains(acting),
            "{acting:?}: {}",
            step.summary
        );
    }
    // Markup, mentions and references stand in code.
    let markup = step
        .summary
        .lines()
        .find(|line| line.contains("<script"))
        .unwrap();
    assert!(markup.contains("`X/<script>alert(1)</script>`"), "{markup}");
    let mention = step
        .summary
        .lines()
        .find(|line| line.contains("@team"))
        .unwrap();
    assert!(mention.contains("`X/@team/fixes/#12`"), "{mention}");
}

#[test]
fn ten_thousand_regressions_stay_within_what_github_takes() {
    let side = |allocations: u32| -> String {
        let line = |index| format!("BenchmarkRow{index}-8 \t1000\t {allocations} allocs/op\n");
        let results: String = (0..10_000).map(line).collect();
        format!("pkg: example.com/m\n{}", results.repeat(2))
    };
    let step = check(&side(1), &side(2))
        .set("INPUT_REPORTS", "html")
        .judge();
    assert_eq!(
        step.output("regressed"),
        Some("10000"),
        "{:?}",
        step.outputs
    );
    assert!(step.summary.len() < 1 << 20, "{} bytes", step.summary.len());
    assert!(step.summary.contains(" more"));
    let commands = step.commands();
    assert_eq!(commands.len(), 10, "{commands:?}");
    assert!(
        commands[9].contains("and 9991 more errors"),
        "{}",
        commands[9]
    );
}
