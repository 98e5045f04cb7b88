//! Changes that touch the benchmarks as well.

use crate::repository::{COUNTING_TEST, Repo, SUM, counting, sum_test};
use crate::{row, statuses};

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
