//! What is run, and what cannot differ.

use std::fs;

use crate::repository::{COUNTING_TEST, Repo, SUM, counting, sees_the_rise};
use crate::{row, statuses};

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
    sees_the_rise(&repo);
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
fn test_data_that_leads_back_into_the_code_does_not_replace_it() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    fs::create_dir_all(repo.path("lint/testdata/src")).unwrap();
    std::os::unix::fs::symlink("../../..", repo.path("lint/testdata/src/m")).unwrap();
    std::os::unix::fs::symlink("../p", repo.path("lint/testdata")).unwrap_err();
    sees_the_rise(&repo);
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
