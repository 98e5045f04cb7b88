//! How much is run, and how it ends.

use std::time::{Duration, Instant};

use crate::repository::{COUNTING_TEST, Repo, SUM, counting, sees_the_rise, sum_test};
use crate::{row, statuses};

#[test]
fn failures_are_evidence() {
    let repo = Repo::with_sum();
    repo.write(
        "sum/sum.go",
        "package sum\n\nfunc Sum(n int) []int { return undefined }\n",
    );
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("undefined: undefined"), "{run}");
    assert!(run.has_finding("failure", "example.com/m/sum"), "{run}");

    repo.write(
        "sum/sum.go",
        "package sum\n\nfunc Sum(n int) []int { panic(\"no more\") }\n",
    );
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    // The testing package may print a result of nothing before the panic ends the process.
    let status = &statuses(&run.report, "allocs/op")[0].1;
    assert!(["failed", "unchanged"].contains(&status.as_str()), "{run}");
    assert!(run.has_finding("failure", "panicked: no more"), "{run}");
    assert!(run.stderr.contains("panic: no more"), "{run}");

    repo.write(
        "sum/sum.go",
        "package sum\n\nfunc Sum(n int) []int { select {} }\n",
    );
    let start = Instant::now();
    let run = repo.run(&["--timeout", "1s"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(start.elapsed() < Duration::from_secs(60));

    repo.write("sum/sum.go", "package sum\n\nimport \"fmt\"\n\nfunc Sum(n int) []int { for { fmt.Println(\"flood flood flood flood\") } }\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    run.left_nothing();
}

#[test]
fn what_depends_on_the_number_of_iterations_is_warned_about() {
    let repo = Repo::with_sum();
    let growing = sum_test("")
        + "\nvar all [][]int\n\nfunc BenchmarkGrowing(b *testing.B) {\n\tall = nil\n\tset := make([]byte, 1<<20)\n\t_ = set\n\tsink = Sum(1 << 16)\n\tfor i := 0; i < b.N; i++ {\n\t\tsink = Sum(i)\n\t}\n}\n";
    repo.write("sum/sum_test.go", &growing);
    repo.commit("growing");
    repo.write(
        "sum/sum.go",
        &SUM.replace("s := make", "_ = n\n\ts := make")
            .replace("append(s, i)", "append(s, i+1)"),
    );
    let run = repo.run(&["--base", "HEAD"]);
    assert!(
        run.has_finding("iteration-dependence", "BenchmarkGrowing"),
        "{run}"
    );
    assert!(
        run.has_finding("iteration-dependence", "number of iterations: B/op "),
        "{run}"
    );
}

#[test]
fn flags_reach_go_and_the_benchmarks() {
    let repo = Repo::with_sum();
    repo.write(
        "sum/tagged.go",
        "//go:build extra\n\npackage sum\n\nfunc init() { extra = true }\n",
    );
    repo.write("sum/extra.go", "package sum\n\nvar extra bool\n");
    repo.write("sum/sum_test.go", &(sum_test("") + "\nfunc BenchmarkExtra(b *testing.B) {\n\tif !extra {\n\t\tb.Skip()\n\t}\n\tfor i := 0; i < b.N; i++ {\n\t\tsink = Sum(i % 7)\n\t}\n}\n"));
    repo.commit("tags");
    repo.write("sum/sum.go", &SUM.replace("append(s, i)", "append(s, i+1)"));
    let base = ["--base", "HEAD"];
    let run = repo.run(&base);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.has_finding("no-result", "BenchmarkExtra"), "{run}");
    let run = repo.run(
        &[
            &base[..],
            &[
                "--tags",
                "extra",
                "--cpu",
                "1,2",
                "--bench",
                "Extra",
                "--count",
                "3",
                "--benchtime",
                "1000x",
                "--",
                "-test.short",
            ],
        ]
        .concat(),
    );
    assert_eq!(run.code, 0, "{run}");
    let rows = run.report["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter().filter(|row| row["unit"] == "allocs/op").count(),
        2
    );
    assert!(
        rows.iter()
            .all(|row| row["baseline"]["samples"].as_array().unwrap().len() == 3)
    );
    assert!(
        rows.iter()
            .all(|row| row["baseline"]["iterations"] == 1000.0)
    );
}

#[test]
fn set_up_inside_of_the_timed_part_does_not_hide_what_is_measured() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    let set_up = "\tfor i := 0; i < 100000; i++ {\n\t\tall = append(all, make([]byte, 8))\n\t}\n\tall = nil\n\tfor i := 0; i < b.N";
    let test = COUNTING_TEST.replace("\tfor i := 0; i < b.N", set_up) + "\nvar all [][]byte\n";
    repo.write("p/p_test.go", &test);
    let run = sees_the_rise(&repo);
    let iterations = run.report["rows"][0]["candidate"]["iterations"]
        .as_f64()
        .unwrap();
    assert!(iterations >= 10_000.0, "{run}");
}

#[test]
fn slow_sub_benchmarks_do_not_leave_the_others_few_iterations() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    let test = "package p\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\nfunc BenchmarkF(b *testing.B) {\n\
        \tfor _, c := range []struct {\n\t\tname string\n\t\twait time.Duration\n\t}{{\"quick (1+)\", 0}, {\"slow-2\", 20 * time.Millisecond}, {\"quick-2\", 0}} {\n\
        \t\tb.Run(c.name, func(b *testing.B) {\n\t\t\tfor i := 0; i < b.N; i++ {\n\t\t\t\tif c.wait > 0 {\n\t\t\t\t\ttime.Sleep(c.wait)\n\t\t\t\t}\n\t\t\t\tF()\n\t\t\t}\n\t\t})\n\t}\n}\n";
    repo.write("p/p_test.go", test);
    let run = sees_the_rise(&repo);
    let names = [
        "BenchmarkF/quick-2",
        "BenchmarkF/quick_(1+)",
        "BenchmarkF/slow-2",
    ];
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        names.map(|name| row(name, "regressed"))
    );
    for row in run.report["rows"].as_array().unwrap() {
        let iterations = row["candidate"]["iterations"].as_f64().unwrap();
        let slow = row["benchmark"] == "BenchmarkF/slow-2";
        assert!(
            if slow {
                iterations <= 20.0
            } else {
                iterations >= 1000.0
            },
            "{row}"
        );
    }
    assert_eq!(repo.run(&[]).code, 1);
}

#[test]
fn long_set_up_leaves_enough_iterations() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    let test = COUNTING_TEST
        .replace(
            "import \"testing\"",
            "import (\n\t\"testing\"\n\t\"time\"\n)",
        )
        .replace(
            "\tfor i",
            "\ttime.Sleep(400 * time.Millisecond)\n\tb.ResetTimer()\n\tfor i",
        );
    repo.write("p/p_test.go", &test);
    let run = sees_the_rise(&repo);
    let iterations = run.report["rows"][0]["candidate"]["iterations"]
        .as_f64()
        .unwrap();
    assert!(iterations >= 1000.0, "{run}");
}

#[test]
fn a_time_over_its_budget_is_a_row_of_the_report() {
    let repo = Repo::with_sum();
    repo.write(
        "allocgate.toml",
        "[[budget]]\nbenchmark = \"BenchmarkSum\"\nunit = \"ns/op\"\nmax = 0\n",
    );
    repo.write("sum/sum.go", &SUM.replace("append(s, i)", "append(s, i+1)"));
    let run = repo.run(&["--base", "HEAD"]);
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.report["counts"]["over-budget"], 1, "{run}");
    let over = [row("BenchmarkSum", "over-budget")];
    assert_eq!(statuses(&run.report, "sec/op"), over, "{run}");
}
