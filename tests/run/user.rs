//! What a user sees, keeps and has left.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::repository::{Repo, Run, SUM, sum_test};
use crate::{row, statuses};

#[test]
fn a_regression_of_the_working_tree_fails_and_leaves_the_repository_as_it_was() {
    let repo = Repo::new();
    repo.write("sum/sum.go", SUM);
    repo.write("sum/sum_test.go", &sum_test(""));
    repo.write("other/other.go", "package other\n");
    repo.write(
        "other/other_test.go",
        &sum_test("")
            .replace("package sum", "package other")
            .replace("Sum(100)", "nothing()")
            .replace("BenchmarkSum", "BenchmarkNothing")
            .replace(
                "var sink",
                "func nothing() []int { return nil }\n\nvar sink",
            ),
    );
    repo.commit("base");
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.write("untracked.txt", "kept");
    let before = repo.state();
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkSum", "regressed")],
        "{run}"
    );
    assert_eq!(
        run.report["circumstances"]["identical"][0]["package"],
        "example.com/m/other"
    );
    assert_eq!(repo.state(), before);
    run.left_nothing();
}

#[test]
fn the_saved_output_has_the_same_verdict() {
    let repo = Repo::with_sum();
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    let run = repo.run(&["--save", "saved dir"]);
    let compared = run.report["inputs"]["candidate"][0]["path"].as_str();
    assert_eq!(compared, Some("working tree"), "{run}");
    let saved = repo.path("saved dir");
    let files =
        ["baseline.txt", "candidate.txt"].map(|name| saved.join(name).display().to_string());
    let check = repo.allocgate(&["check", &files[0], &files[1]]);
    let joined = repo.allocgate(&["check", "--saved", &saved.display().to_string()]);
    assert_eq!((run.code, check.code, joined.code), (1, 1, 1), "{check}");
    for unit in ["allocs/op", "B/op"] {
        assert_eq!(statuses(&run.report, unit), statuses(&check.report, unit));
        assert_eq!(statuses(&run.report, unit), statuses(&joined.report, unit));
    }
    assert_eq!(run.report["circumstances"], joined.report["circumstances"]);
}

#[test]
fn results_of_the_base_are_kept_and_never_hide_or_make_a_regression() {
    let repo = Repo::with_sum();
    repo.write(
        "sum/sum.go",
        &SUM.replace("s := make", "_ = n\n\ts := make")
            .replace("append(s, i)", "append(s, i+1)"),
    );
    let first = repo.run(&[]);
    let entries = || fs::read_dir(repo.cache()).unwrap().count();
    assert_eq!((first.code, entries()), (0, 1), "{first}");
    let second = repo.run(&[]);
    assert_eq!(second.code, 0, "{second}");
    assert_eq!(
        statuses(&first.report, "allocs/op"),
        statuses(&second.report, "allocs/op")
    );
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    let third = repo.run(&[]);
    assert_eq!((third.code, entries()), (1, 1), "{third}");
    // A lie in the cache is found out: what differs is measured anew.
    repo.write(
        "sum/sum.go",
        &SUM.replace("s := make", "_ = n\n\ts := make")
            .replace("append(s, i)", "append(s, i+1)"),
    );
    let entry = fs::read_dir(repo.cache())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&entry).unwrap();
    let lie = text
        .replace("896 B/op", "1 B/op")
        .replace("1 allocs/op", "0 allocs/op");
    assert_ne!(text, lie);
    fs::write(&entry, lie).unwrap();
    assert_eq!(repo.run(&[]).code, 0);
    fs::write(&entry, "{").unwrap();
    assert_eq!(repo.run(&[]).code, 0);
}

#[test]
fn the_parts_of_a_run_make_one_verdict() {
    let repo = Repo::new();
    for name in ["a", "b", "c"] {
        repo.write(
            &format!("{name}/x.go"),
            &SUM.replace("package sum", &format!("package {name}")),
        );
        repo.write(
            &format!("{name}/x_test.go"),
            &sum_test("").replace("package sum", &format!("package {name}")),
        );
    }
    repo.commit("base");
    repo.write(
        "c/x.go",
        &SUM.replace("package sum", "package c")
            .replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    let codes: Vec<i32> = (1..=3)
        .map(|part| {
            repo.run(&[
                "--shard",
                &format!("{part}/3"),
                "--save",
                &format!("part-{part}"),
            ])
            .code
        })
        .collect();
    assert_eq!(codes, [0, 0, 1]);
    let part = |number: usize| repo.path(&format!("part-{number}")).display().to_string();
    let all = repo.allocgate(&[
        "check",
        "--saved",
        &part(1),
        "--saved",
        &part(2),
        "--saved",
        &part(3),
    ]);
    assert_eq!(all.code, 1, "{all}");
    assert_eq!(
        all.report["circumstances"]["identical"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let missing = repo.allocgate(&["check", "--saved", &part(1), "--saved", &part(2)]);
    assert_eq!(missing.code, 2, "{missing}");
    assert!(missing.stderr.contains("3 is missing"), "{missing}");
}

#[test]
fn bad_input_gets_one_clear_sentence() {
    let repo = Repo::with_sum();
    let says = |run: &Run, code: i32, text: &str| {
        assert_eq!(run.code, code, "{run}");
        assert!(run.stderr.contains(text), "{run}");
        run.left_nothing();
    };
    says(
        &repo.run(&["--base", "nowhere"]),
        2,
        "`nowhere` names no commit here",
    );
    says(&repo.run(&["--bench", "("]), 2, "--bench (");
    says(
        &repo.run(&["--packages", "./nothing/..."]),
        2,
        "no package matches ./nothing/...",
    );
    says(&repo.run(&["-C", "nowhere"]), 2, "not a folder");
    says(&repo.run(&["--shard", "3/2"]), 2, "expected INDEX/COUNT");
    says(
        &repo.run_with(&[("PATH", "/nowhere")], &[]),
        2,
        "there is no `go` on PATH",
    );
    // Something to measure, and no time for it.
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    let late = repo.run(&["--max-time", "1ms"]);
    assert!(late.code == 3 || late.code == 2, "{late}");
    let none = Repo::new();
    none.write("x.go", "package x\n");
    none.commit("base");
    let run = none.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.has_finding("no-benchmarks", ""), "{run}");
    let plain = Repo::new();
    fs::remove_file(plain.path("go.mod")).unwrap();
    plain.write("x", "x");
    plain.commit("base");
    says(&plain.run(&[]), 2, "there is no Go module");
    let folder = tempfile::tempdir().unwrap();
    says(
        &repo.run(&["-C", &folder.path().display().to_string()]),
        2,
        "is not inside a git repository",
    );
}

#[test]
fn a_run_that_is_stopped_leaves_nothing_and_one_that_is_killed_leaves_the_repository() {
    let repo = Repo::with_sum();
    repo.write("sum/sum.go", "package sum\n\nimport \"time\"\n\nfunc Sum(n int) []int { time.Sleep(time.Minute); return nil }\n");
    let before = repo.state();
    for (signal, code) in [("INT", Some(130)), ("TERM", Some(143)), ("KILL", None)] {
        let mut child = repo.start(&[]);
        // Until the benchmark runs.
        let started = Instant::now();
        while !repo.is_measuring() {
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "it never measured"
            );
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended before it was stopped"
            );
            thread::sleep(Duration::from_millis(50));
        }
        let kill = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), code, "{signal}");
        assert_eq!(repo.state(), before, "{signal}");
        assert_eq!(repo.left().len(), usize::from(signal == "KILL"), "{signal}");
    }
    // The next run clears up.
    repo.kill_leftovers();
    repo.write("sum/sum.go", SUM);
    assert_eq!(repo.run(&[]).code, 0);
    assert!(repo.left().is_empty());
}

#[test]
fn two_runs_at_once_do_not_know_of_each_other() {
    let repo = Repo::with_sum();
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    let before = repo.state();
    thread::scope(|scope| {
        let other = scope.spawn(|| repo.run(&[]).code);
        assert_eq!((repo.run(&[]).code, other.join().unwrap()), (1, 1));
    });
    assert_eq!(repo.state(), before);
    assert!(repo.left().is_empty());
}
