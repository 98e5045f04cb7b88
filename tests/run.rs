//! `allocgate run` as a whole: the real go, real git repositories, real signals.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

#[path = "run/repository.rs"]
mod repository;

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use repository::{Repo, SUM, sum_test};

/// The statuses of the rows of one unit, by benchmark.
fn statuses(report: &serde_json::Value, unit: &str) -> Vec<(String, String)> {
    let rows = report["rows"].as_array().unwrap();
    let of_unit = rows.iter().filter(|row| row["unit"] == unit);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = of_unit
        .map(|row| (text(&row["benchmark"]), text(&row["status"])))
        .collect();
    found.sort();
    found
}

fn row(benchmark: &str, status: &str) -> (String, String) {
    (benchmark.to_owned(), status.to_owned())
}

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
fn what_cannot_differ_is_not_run() {
    let repo = Repo::with_sum();
    let same = repo.run(&[]);
    assert_eq!(
        (
            same.code,
            &same.report["circumstances"]["identical"][0]["by"]
        ),
        (0, &"sources".into()),
        "{same}"
    );
    // A comment behind everything, and a function that nothing calls: the binary is the same.
    repo.write(
        "sum/sum.go",
        &format!("{SUM}\nfunc unused() int {{ return 3 }}\n\n// The end.\n"),
    );
    let same = repo.run(&[]);
    assert_eq!(
        (
            same.code,
            &same.report["circumstances"]["identical"][0]["by"]
        ),
        (0, &"binaries".into()),
        "{same}"
    );
    assert!(same.report["rows"].as_array().unwrap().is_empty());
}

#[test]
fn the_saved_output_has_the_same_verdict() {
    let repo = Repo::with_sum();
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    let run = repo.run(&["--save", "saved dir"]);
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
fn a_changed_benchmark_measures_the_old_code_too() {
    let table = "var sizes = []int{100}\n";
    let body = "for _, size := range sizes { sink = Sum(size) }";
    let test = |sizes: &str| {
        sum_test(&format!("\nvar _ = 0\n{}", table.replace("{100}", sizes)))
            .replace("sink = Sum(100)", body)
    };
    let repo = Repo::new();
    repo.write("sum/sum.go", SUM);
    repo.write("sum/sum_test.go", &test("{100}"));
    repo.commit("base");
    // The table grew: twice the allocations an operation, by the benchmark alone.
    repo.write("sum/sum_test.go", &test("{100, 200}"));
    let grown = repo.run(&[]);
    assert_eq!(grown.code, 0, "{grown}");
    assert_eq!(
        grown.report["circumstances"]["identical"][0]["by"],
        "binaries"
    );
    // The code changed, too, and has a test that the old code does not compile with.
    repo.write(
        "sum/sum.go",
        &format!(
            "{}\nfunc New() int {{ return 1 }}\n",
            SUM.replace("s := make", "_ = \"changed\"\n\ts := make")
        ),
    );
    let with_new = test("{100, 200}")
        .replace("import \"testing\"", "import (\n\t\"os\"\n\t\"testing\"\n)")
        + "\nfunc TestNew(t *testing.T) { if New() != len(os.Args[:1]) { t.Fatal() } }\n\
           func BenchmarkAdded(b *testing.B) { for i := 0; i < b.N; i++ { sink = Sum(3) } }\n";
    repo.write("sum/sum_test.go", &with_new);
    let both = repo.run(&[]);
    assert_eq!(both.code, 0, "{both}");
    // And now the code allocates more: the new benchmark sees that as well as the changed one.
    repo.write(
        "sum/sum.go",
        &format!(
            "{}\nfunc New() int {{ return 1 }}\n",
            SUM.replace("make([]int, 0, n)", "make([]int, 0)")
        ),
    );
    let worse = repo.run(&[]);
    assert_eq!(worse.code, 1, "{worse}");
    assert_eq!(
        statuses(&worse.report, "allocs/op"),
        [
            row("BenchmarkAdded", "regressed"),
            row("BenchmarkSum", "regressed")
        ],
        "{worse}"
    );
    assert_eq!(
        worse.report["circumstances"]["rulers"][0]["measured"],
        "candidate"
    );
}

#[test]
fn a_benchmark_that_the_old_code_cannot_run_is_measured_as_it_was() {
    let repo = Repo::with_sum();
    let twice = "\nfunc Twice(n int) []int { return append(Sum(n), Sum(n)...) }\n";
    repo.write("sum/sum.go", &format!("{SUM}{twice}"));
    let test = sum_test("").replace("Sum(100)", "Twice(100)");
    repo.write("sum/sum_test.go", &test);
    let run = repo.run(&[]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkSum", "unchanged")],
        "{run}"
    );
    assert_eq!(
        run.report["circumstances"]["rulers"][0]["measured"],
        "baseline"
    );
    // The old benchmark sees what became of the old function.
    repo.write(
        "sum/sum.go",
        &format!(
            "{}{twice}",
            SUM.replace("make([]int, 0, n)", "make([]int, 0)")
        ),
    );
    assert_eq!(repo.run(&[]).code, 1);
    // It compiles with the old code, and fails there.
    let check = "if len(Sum(3)) != 4 {\n\t\t\tb.Fatal(\"old\")\n\t\t}\n\t\tsink = Sum(100)";
    repo.write(
        "sum/sum_test.go",
        &sum_test("").replace("sink = Sum(100)", check),
    );
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0, n+1)")
            .replace("i < n;", "i <= n;"),
    );
    let run = repo.run(&[]);
    assert_eq!(
        run.report["circumstances"]["rulers"][0]["measured"], "baseline",
        "{run}"
    );
}

#[test]
fn a_benchmark_that_neither_side_can_share_is_another_ruler() {
    let repo = Repo::with_sum();
    let renamed = SUM
        .replace("func Sum(", "func Total(")
        .replace("make([]int, 0, n)", "make([]int, 0)");
    repo.write("sum/sum.go", &renamed);
    repo.write(
        "sum/sum_test.go",
        &sum_test("").replace("Sum(100)", "Total(100)"),
    );
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkSum", "ruler-changed")],
        "{run}"
    );
    assert_eq!(
        run.report["circumstances"]["rulers"][0]["measured"],
        "apart"
    );
    assert_eq!(repo.run(&["--on", "ruler-changed=pass"]).code, 0);
}

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
fn a_baseline_that_does_not_build_is_no_pass_and_a_new_package_is() {
    let repo = Repo::new();
    repo.write(
        "sum/sum.go",
        "package sum\n\nfunc Sum(n int) []int { return undefined }\n",
    );
    repo.write("sum/sum_test.go", &sum_test(""));
    repo.commit("base");
    repo.write("sum/sum.go", SUM);
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkSum", "failed")],
        "{run}"
    );

    let repo = Repo::new();
    repo.write("README", "nothing yet");
    repo.commit("base");
    repo.write("sum/sum.go", SUM);
    repo.write("sum/sum_test.go", &sum_test(""));
    let run = repo.run(&[]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkSum", "new")],
        "{run}"
    );
}

#[test]
fn a_deleted_benchmark_is_told_of_and_is_no_failure() {
    let repo = Repo::with_sum();
    repo.write("sum/sum_test.go", "package sum\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert!(
        run.has_finding("deleted", "BenchmarkSum of example.com/m/sum"),
        "{run}"
    );
    assert_eq!(repo.run(&["--on", "deleted=pass"]).code, 0);
}

#[test]
fn data_that_a_benchmark_reads_is_part_of_it() {
    let repo = Repo::new();
    repo.write(
        "read/read.go",
        "package read\n\nfunc Copy(text []byte) []byte { return append([]byte(nil), text...) }\n",
    );
    repo.write(
        "read/read_test.go",
        "package read\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nvar sink []byte\n\n\
         func BenchmarkCopy(b *testing.B) {\n\ttext, err := os.ReadFile(\"testdata/text\")\n\tif err != nil {\n\t\tb.Fatal(err)\n\t}\n\
         \tb.ResetTimer()\n\tfor i := 0; i < b.N; i++ {\n\t\tsink = Copy(text)\n\t}\n}\n",
    );
    repo.write("read/testdata/text", &"x".repeat(1000));
    repo.write("read/testdata/unread", "x");
    repo.commit("base");
    repo.write("read/testdata/unread", "y");
    let run = repo.run(&[]);
    assert_eq!(
        (run.code, &run.report["circumstances"]["identical"][0]["by"]),
        (0, &"sources".into()),
        "{run}"
    );
    // The same program on the same new data does the same.
    repo.write("read/testdata/text", &"x".repeat(3000));
    let run = repo.run(&[]);
    assert_eq!(
        (run.code, &run.report["circumstances"]["identical"][0]["by"]),
        (0, &"sources".into()),
        "{run}"
    );
    // Together with the code: both sides read the new data.
    repo.write("read/read.go", "package read\n\nfunc Copy(text []byte) []byte { return append(append([]byte(nil), text...), text...) }\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn data_that_is_found_by_the_path_of_the_source_is_found() {
    let repo = Repo::new();
    repo.write(
        "read/read.go",
        "package read\n\nfunc Copy(text []byte) []byte { return append([]byte(nil), text...) }\n",
    );
    repo.write(
        "read/read_test.go",
        "package read\n\nimport (\n\t\"os\"\n\t\"path/filepath\"\n\t\"runtime\"\n\t\"testing\"\n)\n\nvar sink []byte\n\n\
         func BenchmarkCopy(b *testing.B) {\n\t_, file, _, _ := runtime.Caller(0)\n\ttext, err := os.ReadFile(filepath.Join(filepath.Dir(file), \"text\"))\n\
         \tif err != nil {\n\t\tb.Fatal(err)\n\t}\n\tb.ResetTimer()\n\tfor i := 0; i < b.N; i++ {\n\t\tsink = Copy(text)\n\t}\n}\n",
    );
    repo.write("read/text", "some text");
    repo.commit("base");
    repo.write("read/read.go", "package read\n\nfunc Copy(text []byte) []byte { return append(append([]byte(nil), text...), text...) }\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn an_old_benchmark_is_measured_even_if_another_needs_the_paths_of_its_files() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    let read = "func BenchmarkRead(b *testing.B) {\n\t_, file, _, _ := runtime.Caller(0)\n\tif _, err := os.Stat(file); err != nil {\n\t\tb.Fatal(err)\n\t}\n\
        \tfor i := 0; i < b.N; i++ {\n\t}\n}\n";
    let imports = "import (\n\t\"os\"\n\t\"runtime\"\n\t\"testing\"\n)";
    let test = COUNTING_TEST.replace("import \"testing\"", imports) + "\n" + read;
    repo.write("p/p_test.go", &test);
    repo.commit("base");
    // The benchmark now calls what the old code does not have.
    repo.write("p/n.go", "package p\n\nconst N = 1\n\nfunc New() { F() }\n");
    repo.write("p/p_test.go", &test.replace("\t\tF()", "\t\tNew()"));
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [
            row("BenchmarkF", "regressed"),
            row("BenchmarkRead", "unchanged")
        ],
        "{run}"
    );
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
fn modules_lie_as_they_lie() {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("with space");
    let repo = Repo::at(&root.join("repo"));
    // A module beside the repository, one in a sibling folder of it, a workspace, and one vendored.
    fs::create_dir_all(root.join("beside")).unwrap();
    fs::write(
        root.join("beside/go.mod"),
        "module example.com/beside\n\ngo 1.21\n",
    )
    .unwrap();
    fs::write(
        root.join("beside/b.go"),
        "package beside\n\nfunc N() int { return 100 }\n",
    )
    .unwrap();
    repo.write("go.mod", "module example.com/m\n\ngo 1.21\n\nrequire example.com/beside v0.0.0\n\nreplace example.com/beside => ../beside\n");
    repo.write(
        "sum/sum.go",
        &SUM.replace(
            "package sum",
            "package sum\n\nimport \"example.com/beside\"\n\nvar N = beside.N()",
        ),
    );
    repo.write("sum/sum_test.go", &sum_test(""));
    repo.write("nested/go.mod", "module example.com/nested\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n");
    repo.write(
        "nested/n.go",
        &SUM.replace(
            "package sum",
            "package nested\n\nimport \"example.com/lib\"\n\nvar L = lib.L",
        ),
    );
    repo.write(
        "nested/n_test.go",
        &sum_test("").replace("package sum", "package nested"),
    );
    repo.write("lib/go.mod", "module example.com/lib\n\ngo 1.21\n");
    repo.write("lib/l.go", "package lib\n\nvar L = 1\n");
    repo.write(
        "vendored/go.mod",
        "module example.com/vendored\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
    );
    repo.write(
        "vendored/vendor/modules.txt",
        "# example.com/dep v1.0.0\n## explicit; go 1.21\nexample.com/dep\n",
    );
    repo.write(
        "vendored/vendor/example.com/dep/d.go",
        "package dep\n\nfunc Grow(n int) []int { return make([]int, 0, n) }\n",
    );
    repo.write("vendored/v.go", "package vendored\n\nimport \"example.com/dep\"\n\nfunc Sum(n int) []int { return append(dep.Grow(n), 1) }\n");
    repo.write(
        "vendored/v_test.go",
        &sum_test("").replace("package sum", "package vendored"),
    );
    repo.commit("base");
    repo.write(
        "sum/sum.go",
        &SUM.replace(
            "package sum",
            "package sum\n\nimport \"example.com/beside\"\n\nvar N = beside.N()",
        )
        .replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.write(
        "lib/l.go",
        "package lib\n\nvar L = 1 + len(make([]int, 3))\n",
    );
    repo.write("vendored/vendor/example.com/dep/d.go", "package dep\n\nfunc Grow(n int) []int { return append(make([]int, 0), make([]int, 0, n+1)[:n]...)[:0] }\n");
    let before = repo.state();
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    let mut packages: Vec<_> = run.report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["package"].as_str().unwrap().to_owned())
        .collect();
    packages.sort();
    packages.dedup();
    assert_eq!(
        packages,
        [
            "example.com/m/sum",
            "example.com/nested",
            "example.com/vendored"
        ]
    );
    assert_eq!(repo.state(), before);

    // A workspace that git ignores, in the repository.
    repo.write(".gitignore", "go.work\n");
    repo.write(
        "nested/go.mod",
        "module example.com/nested\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n",
    );
    repo.write("go.work", "go 1.21\n\nuse (\n\t.\n\t./nested\n\t./lib\n)\n");
    let run = repo.run(&["-C", "nested"]);
    assert_eq!(run.code, 0, "{run}");
    run.left_nothing();
}

#[test]
fn submodules_come_along() {
    let library = Repo::new();
    library.write("go.mod", "module example.com/lib\n\ngo 1.21\n");
    library.write(
        "lib.go",
        "package lib\n\nfunc Make(n int) []int { return make([]int, 0, n) }\n",
    );
    library.commit("one");
    let repo = Repo::new();
    repo.write("go.mod", "module example.com/m\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n");
    repo.write("sum/sum.go", "package sum\n\nimport \"example.com/lib\"\n\nfunc Sum(n int) []int { return append(lib.Make(n), 1) }\n");
    repo.write("sum/sum_test.go", &sum_test(""));
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        &library.root().display().to_string(),
        "lib",
    ]);
    repo.commit("base");
    let module = repo.path("lib");
    let lib = "package lib\n\nfunc Make(n int) []int { return make([]int, 0, n*2) }\n";
    fs::write(module.join("lib.go"), lib).unwrap();
    let dirty = repo.run(&[]);
    assert_eq!(dirty.code, 2, "{dirty}");
    assert!(
        dirty
            .stderr
            .contains("the submodule lib has changes of its own"),
        "{dirty}"
    );
    repo.git(&["-C", "lib", "commit", "-qam", "two"]);
    let before = repo.state();
    let moved = repo.run(&[]);
    assert_eq!(moved.code, 1, "{moved}");
    assert_eq!(
        statuses(&moved.report, "B/op"),
        [row("BenchmarkSum", "regressed")],
        "{moved}"
    );
    assert_eq!(repo.state(), before);
}

#[test]
fn large_files_are_there_if_git_lfs_has_them_here() {
    let repo = Repo::with_sum();
    let pointer = |name: &str| {
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize 5\n")
    };
    let (here, elsewhere) = ("ab".repeat(32), "cd".repeat(32));
    repo.write(
        ".gitattributes",
        "*.big filter=lfs diff=lfs merge=lfs -text\n",
    );
    repo.write("sum/testdata/here.big", &pointer(&here));
    repo.write("sum/testdata/elsewhere.big", &pointer(&elsewhere));
    repo.write("sum/sum_test.go", &sum_test("").replace("import \"testing\"", "import (\n\t\"os\"\n\t\"testing\"\n)").replace("\tfor i", "\tif text, _ := os.ReadFile(\"testdata/here.big\"); string(text) != \"large\" {\n\t\tb.Fatal(string(text))\n\t}\n\tfor i"));
    repo.git(&["-c", "filter.lfs.required=false", "add", "-A"]);
    repo.git(&[
        "-c",
        "filter.lfs.required=false",
        "commit",
        "-q",
        "-m",
        "pointers",
    ]);
    repo.write(&format!(".git/lfs/objects/ab/ab/{here}"), "large");
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.commit("worse");
    let run = repo.run(&["--base", "HEAD~1", "--head", "HEAD"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(
        run.has_finding("remark", "1 large files of git-lfs are not here"),
        "{run}"
    );
}

#[test]
fn bad_input_gets_one_clear_sentence() {
    let repo = Repo::with_sum();
    let says = |run: &repository::Run, code: i32, text: &str| {
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
fn a_pull_request_is_compared_with_its_base() {
    let repo = Repo::with_sum();
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.commit("worse");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("notes", "meanwhile");
    repo.commit("meanwhile");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.git(&["merge", "-q", "--no-edit", "feature"]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let ci = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SHA", head.trim()),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_BASE_REF", "main"),
    ];
    let run = repo.run_with(&ci, &[]);
    assert_eq!(run.code, 1, "{run}");
    // With the head of the pull request checked out, which is a merge, too, and no such base here.
    repo.git(&["checkout", "-q", "feature"]);
    repo.git(&["merge", "-q", "--no-edit", "main"]);
    let other = repo.run_with(&ci, &[]);
    assert_eq!(other.code, 2, "{other}");
    assert!(
        other.stderr.contains("`origin/main` names no commit"),
        "{other}"
    );
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    assert_eq!(repo.run_with(&ci, &[]).code, 1);
    repo.git(&["checkout", "-q", "--detach", head.trim()]);
    // What actions/checkout fetches unless it is told otherwise.
    let clone = tempfile::tempdir().unwrap();
    let to = clone.path().join("clone");
    let from = format!("file://{}", repo.root().display());
    let git = |arguments: &[&str]| {
        assert!(
            Command::new("git")
                .args(arguments)
                .status()
                .unwrap()
                .success()
        )
    };
    git(&[
        "clone",
        "-q",
        "--depth",
        "1",
        &from,
        &to.display().to_string(),
    ]);
    let shallow = repo.run_with(&ci, &["-C", &to.display().to_string()]);
    assert_eq!(shallow.code, 2, "{shallow}");
    assert!(shallow.stderr.contains("fetch-depth: 2"), "{shallow}");
    git(&[
        "-C",
        &to.display().to_string(),
        "fetch",
        "-q",
        "--depth",
        "2",
        "origin",
        "HEAD",
    ]);
    let deeper = repo.run_with(&ci, &["-C", &to.display().to_string()]);
    assert_eq!(deeper.code, 1, "{deeper}");
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

/// A package whose benchmark calls a function that allocates as often as a constant says.
fn counting(repo: &repository::Repo, constant: &str) {
    repo.write(
        "p/p.go",
        "package p\n\nvar sink []byte\n\nfunc F() {\n\tfor i := 0; i < N; i++ {\n\t\tsink = make([]byte, 64)\n\t}\n}\n",
    );
    repo.write("p/n.go", &format!("package p\n\n{constant}\n"));
    repo.write("p/p_test.go", COUNTING_TEST);
}

const COUNTING_TEST: &str = "package p\n\nimport \"testing\"\n\nfunc BenchmarkF(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\tF()\n\t}\n}\n";

#[test]
fn a_benchmark_is_found_however_it_is_written() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    let dot = COUNTING_TEST.replace("import \"testing\"", "import . \"testing\"");
    repo.write(
        "p/p_test.go",
        &dot.replace("(b *testing.B)", "(\n\tb *B,\n)"),
    );
    for file in ["p/p.go", "p/p_test.go"] {
        let text = fs::read_to_string(repo.path(file)).unwrap();
        repo.write(file, &text.replace("F()", "Call()"));
    }
    repo.commit("base");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn a_baseline_that_go_cannot_list_is_no_absence() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write(
        "go.mod",
        "module example.com/m\n\ngo 1.21\n\nrequire nonsense\n",
    );
    repo.commit("base");
    repo.write("go.mod", "module example.com/m\n\ngo 1.21\n");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn modules_that_come_go_or_share_a_name_are_seen() {
    // One that becomes part of the one above.
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write("p/go.mod", "module example.com/m/p\n\ngo 1.21\n");
    repo.commit("base");
    fs::remove_file(repo.path("p/go.mod")).unwrap();
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    // One that goes.
    fs::remove_dir_all(repo.path("p")).unwrap();
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert!(
        run.has_finding("deleted", "BenchmarkF of example.com/m/p"),
        "{run}"
    );
    // Two of one name.
    let repo = Repo::new();
    for folder in ["a", "b"] {
        repo.write(
            &format!("{folder}/go.mod"),
            "module example.com/x\n\ngo 1.21\n",
        );
        repo.write(
            &format!("{folder}/x_test.go"),
            &COUNTING_TEST.replace("F()", "_ = i"),
        );
    }
    repo.commit("base");
    let run = repo.run(&[]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("is both in"), "{run}");
}

#[test]
fn what_links_and_headers_lead_to_is_seen() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write("shared/n.go", "package p\n\nconst N = 0\n");
    fs::remove_file(repo.path("p/n.go")).unwrap();
    std::os::unix::fs::symlink("../shared/n.go", repo.path("p/n.go")).unwrap();
    repo.commit("base");
    repo.write("shared/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");

    let repo = Repo::new();
    counting(
        &repo,
        "// #cgo CFLAGS: -I${SRCDIR}/../include\n// #include \"n.h\"\nimport \"C\"\n\nvar N = int(C.N)",
    );
    repo.write("include/n.h", "enum { N = 0 };\n");
    repo.commit("base");
    repo.write("include/n.h", "enum { N = 1 };\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn data_beside_the_package_and_embedded_data_are_seen() {
    let repo = Repo::new();
    counting(
        &repo,
        "import \"os\"\n\nvar N = func() int {\n\ttext, _ := os.ReadFile(\"../data/n\")\n\treturn len(text)\n}()",
    );
    repo.write("data/n", "");
    repo.commit("base");
    // Before any test starts.
    repo.write("data/n", "1");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    // And while they run.
    let text = fs::read_to_string(repo.path("p/n.go")).unwrap();
    repo.write(
        "p/n.go",
        &text.replace("}()", "}").replace("var N", "var read"),
    );
    let text = fs::read_to_string(repo.path("p/p.go")).unwrap();
    repo.write(
        "p/p.go",
        &text.replace("i := 0; i < N", "i, n := 0, read(); i < n"),
    );
    repo.write("data/n", "");
    repo.commit("read at run time");
    repo.write("data/n", "1");
    let run = repo.run(&["--base", "HEAD"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(
        run.has_finding("ruler", "data/n differs, which it reads"),
        "{run}"
    );

    // Data that only the test embeds grew: that is the benchmark, not the program.
    let repo = Repo::new();
    repo.write(
        "p/p.go",
        "package p\n\nfunc Copy(text string) []byte { return []byte(text) }\n",
    );
    repo.write(
        "p/p_test.go",
        "package p\n\nimport (\n\t_ \"embed\"\n\t\"testing\"\n)\n\n//go:embed testdata/text\nvar text string\n\nvar sink []byte\n\n\
         func BenchmarkCopy(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\tsink = Copy(text)\n\t}\n}\n",
    );
    repo.write("p/testdata/text", "text");
    repo.commit("base");
    repo.write("p/testdata/text", &"text".repeat(1000));
    repo.write(
        "p/p.go",
        "package p\n\n// Copy copies.\nfunc Copy(text string) []byte { return []byte(text) }\n",
    );
    let run = repo.run(&[]);
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn what_an_overlay_leaves_out_is_not_measured_in_another_way() {
    let repo = Repo::new();
    repo.write(
        "p/p.go",
        "package p\n\nvar sink []byte\n\ntype fast interface{ Fast() int }\n\nfunc F(x any) {\n\tif _, ok := x.(fast); ok {\n\t\treturn\n\t}\n\tsink = make([]byte, 64)\n}\n",
    );
    let test = "package p\n\nimport \"testing\"\n\ntype T struct{}\n\nfunc (T) Fast() int { return 1 }\n\n\
        func BenchmarkF(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\tF(T{})\n\t}\n}\n";
    repo.write("p/p_test.go", test);
    repo.commit("base");
    let worse = "package p\n\nvar sink []byte\n\ntype fast interface{ Fast() int }\n\nfunc New() int { return 1 }\n\nfunc F(x any) {\n\tsink = make([]byte, 64)\n}\n";
    repo.write("p/p.go", worse);
    repo.write("p/p_test.go", &test.replace("return 1", "return New()"));
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn a_benchmark_that_skips_on_the_old_code_is_no_new_one() {
    let repo = Repo::new();
    counting(&repo, "const N = 0\n\nvar Has = map[string]bool{}");
    repo.commit("base");
    repo.write(
        "p/n.go",
        "package p\n\nconst N = 1\n\nvar Has = map[string]bool{\"new\": true}\n",
    );
    let skips = COUNTING_TEST.replace(
        "\tfor i",
        "\tif !Has[\"new\"] {\n\t\tb.Skip()\n\t}\n\tfor i",
    );
    repo.write("p/p_test.go", &skips);
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn set_up_inside_of_the_timed_part_does_not_hide_what_is_measured() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    let set_up = "\tfor i := 0; i < 100000; i++ {\n\t\tall = append(all, make([]byte, 8))\n\t}\n\tall = nil\n\tfor i := 0; i < b.N";
    let test = COUNTING_TEST.replace("\tfor i := 0; i < b.N", set_up) + "\nvar all [][]byte\n";
    repo.write("p/p_test.go", &test);
    repo.commit("base");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
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
    repo.commit("base");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
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
fn a_policy_is_that_of_the_folder_and_a_new_budget_is_judged_at_once() {
    let repo = Repo::new();
    counting(&repo, "const N = 3");
    repo.commit("base");
    repo.write(
        "allocgate.toml",
        "[[budget]]\nbenchmark = \"BenchmarkF\"\nallocs = 0\n",
    );
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkF", "over-budget")],
        "{run}"
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let root = repo.root().display().to_string();
    let run = repo.run_in(elsewhere.path(), &["-C", &root]);
    assert_eq!(run.code, 1, "{run}");
    // What nobody touched is not measured again.
    repo.commit("budget");
    assert_eq!(repo.run(&["--base", "HEAD"]).code, 0);
}

#[test]
fn two_benchmarks_of_one_name_are_no_verdict() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write(
        "p/x_test.go",
        &COUNTING_TEST
            .replace("package p", "package p_test")
            .replace("F()", "_ = i"),
    );
    repo.commit("base");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_ne!(run.code, 0, "{run}");
    assert!(
        run.has_finding("unmeasured", "two benchmarks bear this name"),
        "{run}"
    );
}

#[test]
fn a_path_that_became_something_else_is_what_it_was_in_the_baseline() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write("shared/n.go", "package p\n\nconst N = 0\n");
    fs::remove_file(repo.path("p/n.go")).unwrap();
    std::os::unix::fs::symlink("../shared/n.go", repo.path("p/n.go")).unwrap();
    repo.write("data", "a file");
    repo.write("folder/file", "in a folder");
    repo.commit("base");
    for path in ["p/n.go", "data", "folder/file"] {
        fs::remove_file(repo.path(path)).unwrap();
    }
    fs::remove_dir(repo.path("folder")).unwrap();
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    repo.write("data/now", "a folder");
    repo.write("folder", "a file");
    repo.commit("worse");
    let run = repo.run(&["--base", "HEAD~1"]);
    assert_eq!(run.code, 1, "{run}");
    // And the other way round.
    let run = repo.run(&["--base", "HEAD", "--exact-base", "--head", "HEAD~1"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkF", "improved")],
        "{run}"
    );
}

#[test]
fn test_data_that_leads_back_into_the_code_does_not_replace_it() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    fs::create_dir_all(repo.path("lint/testdata/src")).unwrap();
    std::os::unix::fs::symlink("../../..", repo.path("lint/testdata/src/m")).unwrap();
    std::os::unix::fs::symlink("../p", repo.path("lint/testdata")).unwrap_err();
    repo.commit("base");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn what_only_tests_embed_is_given_to_both_sides() {
    let repo = Repo::new();
    repo.write(
        "p/p.go",
        "package p\n\nfunc Copy(text string) []byte { return []byte(text) }\n",
    );
    repo.write(
        "p/p_test.go",
        "package p\n\nimport (\n\t_ \"embed\"\n\t\"testing\"\n)\n\n//go:embed input.txt\nvar text string\n\nvar sink []byte\n\n\
         func BenchmarkCopy(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\tsink = Copy(text)\n\t}\n}\n",
    );
    repo.write("p/input.txt", &"text".repeat(100));
    repo.commit("base");
    // It shrinks, and the code allocates more: no improvement.
    repo.write("p/input.txt", &"text".repeat(40));
    repo.write(
        "p/p.go",
        "package p\n\nfunc Copy(text string) []byte { return append([]byte(text), text...) }\n",
    );
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    // It grows, and the code is the same.
    repo.write("p/input.txt", &"text".repeat(1000));
    repo.write(
        "p/p.go",
        "package p\n\n// Copy copies.\nfunc Copy(text string) []byte { return []byte(text) }\n",
    );
    let run = repo.run(&[]);
    assert_eq!(run.code, 0, "{run}");
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
    repo.commit("base");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    let iterations = run.report["rows"][0]["candidate"]["iterations"]
        .as_f64()
        .unwrap();
    assert!(iterations >= 1000.0, "{run}");
}
