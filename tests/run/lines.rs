//! Which lines a rise is due to: the right one is named, and no wrong one.

use crate::repository::{COUNTING_TEST, Repo, Run};

/// The lines of a row: file, line, function and rise.
fn sites(run: &Run, benchmark: &str, unit: &str) -> Vec<(String, u64, String, f64)> {
    let rows = run.report["rows"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["benchmark"] == benchmark && row["unit"] == unit)
        .unwrap_or_else(|| panic!("{benchmark}: {run}"));
    assert_eq!(row["status"], "regressed", "{run}");
    let sites = row["sites"].as_array().into_iter().flatten();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    sites
        .map(|site| {
            (
                text(&site["place"]["file"]),
                site["place"]["line"].as_u64().unwrap(),
                text(&site["function"]),
                site["rise"].as_f64().unwrap(),
            )
        })
        .collect()
}

fn allocs(run: &Run, benchmark: &str) -> Vec<(String, u64, String, f64)> {
    sites(run, benchmark, "allocs/op")
}

fn site(file: &str, line: u64, function: &str, rise: f64) -> (String, u64, String, f64) {
    (file.to_owned(), line, function.to_owned(), rise)
}

/// A package with a function that may be changed, and its benchmark.
const SHOP: &str = "package shop

import \"strings\"

type Item struct {
	Name  string
	Price [16]int
}

type Cart struct{ Items []*Item }

var Sink any

func (c *Cart) Add(name string) {
	item := &Item{Name: name}
	c.Items = append(c.Items, item)
}

func Price(c *Cart) *Item {
	total := new(Item)
	for _, item := range c.Items {
		total.Price[0] += item.Price[0]
	}
	return total
}

func Label(words []string) string {
	return strings.Repeat(words[0], 20)
}

func Map[T any](in []T, f func(T) T) []T {
	out := make([]T, 0, 40)
	for _, one := range in {
		out = append(out, f(one))
	}
	return out
}

func short(n int) *[40]int {
	return &[40]int{n}
}

func Chain(n int) any {
	return short(n)
}
";

const SHOP_TEST: &str = "package shop

import \"testing\"

var words = []string{\"abc\", \"def\"}

func cart() *Cart {
	c := &Cart{}
	for range 3 {
		c.Add(\"x\")
	}
	return c
}

func BenchmarkPrice(b *testing.B) {
	c := cart()
	for _, size := range []string{\"one[1]\", \"two+2\"} {
		b.Run(size, func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				Sink = Price(c)
			}
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Sink = cart()
	}
}

func BenchmarkLabel(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Sink = Label(words)
	}
}

func BenchmarkMap(b *testing.B) {
	for b.Loop() {
		Sink = Map(words, func(s string) string { return s })
	}
}

func BenchmarkChain(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Sink = Chain(i)
	}
}
";

fn shop_at(folder: &str) -> Repo {
    let repo = Repo::new();
    if !folder.is_empty() {
        std::fs::remove_file(repo.path("go.mod")).unwrap();
        repo.write("README.md", "not a module\n");
    }
    repo.write(
        &format!("{folder}go.mod"),
        "module example.com/m\n\ngo 1.24\n",
    );
    repo.write(&format!("{folder}shop/shop.go"), SHOP);
    repo.write(&format!("{folder}shop/shop_test.go"), SHOP_TEST);
    repo.commit("base");
    repo
}

/// Changes the code, and sees which lines are named.
fn changed(repo: &Repo, file: &str, changes: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(repo.path(file)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    repo.write(file, &text);
}

#[test]
fn the_line_of_the_program_is_named_and_lines_that_only_moved_are_not() {
    let repo = shop_at("");
    changed(
        &repo,
        "shop/shop.go",
        &[
            (
                "type Cart",
                "// A comment\n// that moves\n// all below.\ntype Cart",
            ),
            (
                "	return total\n",
                "	Sink = append([]*Item(nil), c.Items...)\n	return total\n",
            ),
        ],
    );
    let run = repo.run(&[]);
    let named = site("shop/shop.go", 27, "Price", 1.0);
    for benchmark in ["BenchmarkPrice/one[1]", "BenchmarkPrice/two+2"] {
        // The slice, and its header as an interface.
        let found = allocs(&run, benchmark);
        assert_eq!(found.len(), 1, "{found:?} {run}");
        assert_eq!(
            (&found[0].0, found[0].1, &found[0].2),
            (&named.0, named.1, &named.2)
        );
        let bytes = sites(&run, benchmark, "B/op");
        assert_eq!((&bytes[0].0, bytes[0].1), (&named.0, named.1), "{bytes:?}");
    }
    assert!(run.stdout.contains("shop/shop.go:27 in Price: "), "{run}");
    let rows = run.report["rows"].as_array().unwrap();
    let named = rows.iter().filter(|row| row.get("sites").is_some());
    assert!(named.count() >= 2);
    let calm = rows.iter().filter(|row| row["status"] != "regressed");
    assert!(calm.into_iter().all(|row| row.get("sites").is_none()));
    run.left_nothing();
}

#[test]
fn methods_closures_generic_and_inlined_functions_are_named_as_the_source_has_them() {
    let repo = shop_at("");
    changed(
        &repo,
        "shop/shop.go",
        &[
            (
                "	item := &Item{Name: name}\n",
                "	item := &Item{Name: name}\n	func() { Sink = new([30]int) }()\n",
            ),
            (
                "	out := make([]T, 0, 40)\n",
                "	out := make([]T, 0, 40)\n	Sink = &[9]T{}\n",
            ),
            (
                "	return &[40]int{n}\n",
                "	Sink = new([50]int)\n	return &[40]int{n}\n",
            ),
        ],
    );
    let run = repo.run(&[]);
    let file = "shop/shop.go";
    assert_eq!(
        allocs(&run, "BenchmarkAdd"),
        [site(file, 16, "(*Cart).Add", 3.0)],
        "{run}"
    );
    assert_eq!(
        allocs(&run, "BenchmarkMap"),
        [site(file, 34, "Map[...]", 1.0)],
        "{run}"
    );
    assert_eq!(
        allocs(&run, "BenchmarkChain"),
        [site(file, 42, "short", 1.0)],
        "{run}"
    );
}

#[test]
fn what_the_standard_library_allocates_is_the_callers() {
    let repo = shop_at("");
    changed(
        &repo,
        "shop/shop.go",
        &[(
            "	return strings.Repeat(words[0], 20)\n",
            "	text := strings.Repeat(words[0], 20)\n	return strings.ToUpper(text)\n",
        )],
    );
    let run = repo.run(&[]);
    assert_eq!(
        allocs(&run, "BenchmarkLabel"),
        [site("shop/shop.go", 29, "Label", 1.0)],
        "{run}"
    );
}

#[test]
fn what_small_objects_share_is_named_where_it_is_new() {
    let repo = shop_at("");
    changed(
        &repo,
        "shop/shop.go",
        &[("	return short(n)\n", "	Sink = n + 1000\n	return short(n)\n")],
    );
    let run = repo.run(&[]);
    assert_eq!(
        allocs(&run, "BenchmarkChain"),
        [site("shop/shop.go", 44, "Chain", 1.0)],
        "{run}"
    );
}

#[test]
fn the_benchmarks_own_code_and_a_module_below_the_root_are_named() {
    let repo = shop_at("libs/go/");
    repo.write(
        "libs/go/N/n.go",
        "package n\n\nconst N = 1\n\ntype T [30]int\n",
    );
    repo.write(
        "libs/go/N/n_test.go",
        "package n_test\n\nimport (\n\t\"testing\"\n\n\tn \"example.com/m/N\"\n)\n\nvar sink any\n\nfunc BenchmarkOwn(b *testing.B) {\n\
         \tfor i := 0; i < b.N; i++ {\n\t\tfor range n.N {\n\t\t\tsink = new(n.T)\n\t\t}\n\t}\n}\n",
    );
    repo.commit("more");
    changed(&repo, "libs/go/N/n.go", &[("N = 1", "N = 2")]);
    changed(
        &repo,
        "libs/go/shop/shop.go",
        &[(
            "	return short(n)\n",
            "	Sink = new(Item)\n	return short(n)\n",
        )],
    );
    let run = repo.run_in(&repo.path("libs/go"), &["--base", "HEAD"]);
    assert_eq!(
        allocs(&run, "BenchmarkOwn"),
        [site("libs/go/N/n_test.go", 14, "BenchmarkOwn", 1.0)],
        "{run}"
    );
    assert_eq!(
        allocs(&run, "BenchmarkChain"),
        [site("libs/go/shop/shop.go", 44, "Chain", 1.0)],
        "{run}"
    );
}

#[test]
fn what_vendored_code_allocates_is_the_callers() {
    let repo = Repo::new();
    repo.write(
        "vendor/example.com/far/far.go",
        "package far\n\nvar Sink any\n\nfunc Do() {\n\tSink = new([20]int)\n}\n",
    );
    repo.write(
        "vendor/modules.txt",
        "# example.com/far v1.0.0\n## explicit; go 1.21\nexample.com/far\n",
    );
    repo.write(
        "go.mod",
        "module example.com/m\n\ngo 1.21\n\nrequire example.com/far v1.0.0\n",
    );
    repo.write(
        "p/p.go",
        "package p\n\nimport \"example.com/far\"\n\nfunc F() {\n\tfar.Do()\n}\n",
    );
    repo.write("p/p_test.go", COUNTING_TEST);
    repo.commit("base");
    changed(
        &repo,
        "vendor/example.com/far/far.go",
        &[(
            "	Sink = new([20]int)\n",
            "	Sink = new([20]int)\n	Sink = new([30]int)\n",
        )],
    );
    let run = repo.run(&[]);
    assert_eq!(
        allocs(&run, "BenchmarkF"),
        [site("p/p.go", 6, "F", 1.0)],
        "{run}"
    );
}

#[test]
fn a_module_that_is_replaced_by_a_folder_is_the_repositorys_own() {
    let repo = Repo::new();
    repo.write("near/go.mod", "module example.com/near\n\ngo 1.21\n");
    repo.write(
        "near/near.go",
        "package near\n\nvar Sink any\n\nfunc Do() {\n\tSink = new([20]int)\n}\n",
    );
    repo.write(
        "go.mod",
        "module example.com/m\n\ngo 1.21\n\nrequire example.com/near v0.0.0\n\nreplace example.com/near => ./near\n",
    );
    repo.write(
        "q_test.go",
        "package q\n\nimport (\n\t\"testing\"\n\n\t\"example.com/near\"\n)\n\nfunc BenchmarkG(b *testing.B) {\n\
         \tfor i := 0; i < b.N; i++ {\n\t\tnear.Do()\n\t}\n}\n",
    );
    repo.commit("base");
    changed(
        &repo,
        "near/near.go",
        &[(
            "	Sink = new([20]int)\n",
            "	Sink = new([30]int)\n	Sink = new([20]int)\n",
        )],
    );
    let run = repo.run(&[]);
    assert_eq!(
        allocs(&run, "BenchmarkG"),
        [site("near/near.go", 6, "Do", 1.0)],
        "{run}"
    );
}

#[test]
fn a_saved_run_keeps_its_lines_and_profiling_can_be_left_out() {
    let repo = shop_at("");
    changed(
        &repo,
        "shop/shop.go",
        &[(
            "	return short(n)\n",
            "	Sink = new(Item)\n	return short(n)\n",
        )],
    );
    let run = repo.run(&["--save", "saved", "--bench", "Chain", "--cpu", "1,2"]);
    let expected = [site("shop/shop.go", 44, "Chain", 1.0)];
    assert_eq!(allocs(&run, "BenchmarkChain"), expected, "{run}");
    let rows = run.report["rows"].as_array().unwrap().iter();
    let of_both = rows.filter(|row| row["unit"] == "allocs/op" && row.get("sites").is_some());
    assert_eq!(of_both.count(), 2, "{run}");
    let again = repo.allocgate(&["check", "--saved", "saved"]);
    let rows = |run: &Run| run.report["rows"].as_array().unwrap().clone();
    for (again, first) in rows(&again).iter().zip(rows(&run)) {
        assert_eq!(
            (&again["sites"], &again["procs"]),
            (&first["sites"], &first["procs"])
        );
    }
    let without = repo.run(&["--bench", "Chain", "--no-profile"]);
    assert_eq!(without.code, 1, "{without}");
    assert_eq!(allocs(&without, "BenchmarkChain"), [], "{without}");
    assert!(!without.stderr.contains("profiling"), "{without}");
}

#[test]
fn nothing_is_profiled_where_nothing_rose() {
    let repo = shop_at("");
    changed(
        &repo,
        "shop/shop.go",
        &[
            ("	total := new(Item)\n", "	total := Sink.(*Item)\n"),
            ("var Sink any", "var Sink any = new(Item)"),
        ],
    );
    let run = repo.run(&["--bench", "Chain"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!run.stderr.contains("profiling"), "{run}");
    assert!(!run.stdout.contains("lines that allocate more"), "{run}");
}

#[test]
fn a_benchmark_that_spoils_its_profile_takes_no_lines_from_others() {
    let repo = shop_at("");
    let spoils = "package shop

import (
	\"flag\"
	\"os\"
	\"testing\"
)

func BenchmarkSpoils(b *testing.B) {
	if path := flag.Lookup(\"test.memprofile\").Value.String(); path != \"\" {
		os.MkdirAll(path+\"/folder\", 0o700)
	}
	for i := 0; i < b.N; i++ {
		Chain(i)
	}
}
";
    repo.write("shop/spoils_test.go", spoils);
    repo.commit("spoils");
    changed(
        &repo,
        "shop/shop.go",
        &[(
            "	return short(n)\n",
            "	Sink = new([9]int)\n	return short(n)\n",
        )],
    );
    let run = repo.run(&["--bench", "Chain|Spoils"]);
    assert_eq!(allocs(&run, "BenchmarkSpoils"), []);
    assert_eq!(
        allocs(&run, "BenchmarkChain"),
        [site("shop/shop.go", 44, "Chain", 1.0)],
        "{run}"
    );
    run.left_nothing();
}
