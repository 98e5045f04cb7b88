//! Filters, from files to exit codes: `check --filter` selects what is judged, and scopes of the
//! policy select rows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod program;

use program::{Run, Side, allocgate};

/// Two packages, of which only one gets worse.
fn sides() -> [Side; 2] {
    let side = |sort: u64, map: u64| {
        Side::new()
            .text("goos: linux\npkg: example.com/a\n")
            .benchmark("BenchmarkSort/n=1k-8", "allocs/op", &[sort; 6])
            .benchmark("BenchmarkSort/n=2k-8", "allocs/op", &[5; 6])
            .text("pkg: example.com/b\n")
            .benchmark("BenchmarkMap-8", "allocs/op", &[map; 6])
    };
    [side(3, 7), side(4, 7)]
}

fn check(filter: &str) -> Run {
    let [before, after] = sides();
    allocgate()
        .check(&before, &after)
        .args(["--filter", filter])
        .run()
}

fn report(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap()
}

/// The messages of findings of a code.
fn findings(run: &Run, code: &str) -> Vec<String> {
    let report = report(run);
    let findings = report["findings"].as_array().unwrap().iter();
    let own = findings.filter(|finding| finding["code"] == code);
    own.map(|finding| finding["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_filter_selects_what_is_judged() {
    for (filter, code, rows) in [
        ("*", 1, 3),
        (".name:Sort", 1, 2),
        ("/n:1k", 1, 1),
        ("/n:2k", 0, 1),
        ("-/n:1k", 0, 2),
        ("pkg:example.com/b", 0, 1),
        ("goos:linux /gomaxprocs:8 .unit:allocs/op", 1, 3),
        (".fullname:/^Sort\\/n=2/ OR pkg:/b$/", 0, 2),
    ] {
        let run = check(filter);
        let report = report(&run);
        assert_eq!(run.code, code, "{filter}");
        assert_eq!(report["rows"].as_array().unwrap().len(), rows, "{filter}");
        assert_eq!(report["settings"]["filter"], filter);
    }
}

#[test]
fn a_filter_that_tells_the_sides_apart_is_refused() {
    let [before, after] = sides();
    // What is selected of the candidate alone would look new, and pass.
    let before = before
        .text("note: old\n")
        .benchmark("BenchmarkX-8", "B/op", &[1; 6]);
    let after = after
        .text("note: new\n")
        .benchmark("BenchmarkX-8", "B/op", &[9; 6]);
    for (filter, message) in [
        (
            ".file:/b[.]txt$/",
            "BenchmarkMap of the candidate and not of the baseline",
        ),
        (
            "-note:old -/n:1k",
            "BenchmarkX of the candidate and not of the baseline",
        ),
        (
            "-note:new -/n:1k",
            "BenchmarkX of the baseline and not of the candidate",
        ),
    ] {
        let call = allocgate().check(&before, &after);
        let run = call.args(["--filter", filter]).run();
        assert_eq!(run.code, 2, "{filter}");
        let expected = format!(
            "error: --filter selects {message}: they would not be compared; select by what both sides have\n"
        );
        assert_eq!(run.stderr, expected);
    }
}

#[test]
fn what_selects_nothing_is_reported() {
    for (filter, dead) in [
        (".name:(Sort OR Map)", &[][..]),
        (
            ".name:(Sort OR map) OR /N:1k",
            &[
                "`.name:map` of the filter selects nothing",
                "`/N:1k` of the filter selects nothing",
            ],
        ),
        (
            ".name:BenchmarkSort",
            &["`.name:BenchmarkSort` of the filter selects nothing"],
        ),
        // What is left out may well be of another system.
        ("-goos:plan9 -(.name:Other OR -.name:Sort)", &[]),
        (
            ".name:Sort -(-goos:plan9)",
            &["`goos:plan9` of the filter selects nothing"],
        ),
        // The unit has two names.
        (".unit:(allocs/op)", &[]),
    ] {
        assert_eq!(findings(&check(filter), "filter-unused"), dead, "{filter}");
    }
    let run = check("-.nmae:Sort");
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .starts_with("error: --filter: there is no `.nmae`"),
        "{}",
        run.stderr
    );
}

#[test]
fn programs_are_told_that_only_a_selection_was_judged() {
    let run = |report: &str, filter: &[&str]| {
        let [before, after] = sides();
        let call = allocgate()
            .check(&before, &after)
            .args(["--report", report]);
        let call = filter
            .iter()
            .fold(call, |call, argument| call.arg(argument));
        call.run_as_is().stdout
    };
    let filter = ["--filter", "/n:2k"];
    for (report, everything, selection) in [
        ("outputs", "\nfiltered=false\n", "\nfiltered=true\n"),
        (
            "metrics",
            "\nallocgate_filtered 0\n",
            "\nallocgate_filtered 1\n",
        ),
    ] {
        assert!(run(report, &[]).contains(everything), "{report}");
        assert!(run(report, &filter).contains(selection), "{report}");
    }
    let said = "only what the filter selects was judged: /n:2k";
    for report in ["sarif", "github"] {
        assert!(!run(report, &[]).contains("filter"), "{report}");
        assert!(run(report, &filter).contains(said), "{report}");
    }
}

#[test]
fn a_filter_that_leaves_nothing_is_no_pass() {
    let run = check(".name:Other");
    assert_eq!(run.code, 3);
    assert_eq!(
        findings(&run, "no-benchmarks"),
        [
            "no benchmark result is left: there is nothing to judge (only what the filter \
          `.name:Other` selects is judged)"
        ]
    );
    // The allocations are there, and not selected.
    let [before, after] = sides().map(|side| side.benchmark("BenchmarkX-8", "ns/op", &[1; 6]));
    let run = allocgate()
        .check(&before, &after)
        .args(["--filter", ".unit:ns/op"])
        .run();
    assert_eq!(run.code, 3);
    assert!(findings(&run, "no-allocations")[0].contains("the filter `.unit:ns/op`"));
}

#[test]
fn what_was_lost_counts_whatever_is_selected() {
    let [before, after] = sides();
    let after = after.text("BenchmarkLost-8 \tpanic: boom\n\nexit status 2\nFAIL\tp\t1s\n");
    let run = allocgate()
        .check(&before, &after)
        .args(["--filter", "/n:2k"])
        .run();
    assert_eq!(run.code, 3);
}

#[test]
fn a_whole_file_decides_what_is_gomaxprocs() {
    // GOMAXPROCS is 1: the number is the sub-benchmark's own, even where it is all that is left.
    let side = Side::new()
        .benchmark("BenchmarkSort/n-10", "allocs/op", &[3; 6])
        .benchmark("BenchmarkMap", "allocs/op", &[3; 6]);
    let run = allocgate()
        .check(&side, &side)
        .args(["--filter", ".name:Sort"])
        .run();
    assert_eq!(run.code, 0);
    assert_eq!(report(&run)["rows"][0]["benchmark"], "BenchmarkSort/n-10");
}

#[test]
fn configurations_that_nothing_is_left_of_tell_no_rows_apart() {
    let side = Side::new()
        .text("note: a\n")
        .benchmark("BenchmarkX-8", "allocs/op", &[3; 6])
        .text("note: b\n")
        .benchmark("BenchmarkX-8", "allocs/op", &[4, 5, 4, 4, 5, 4]);
    let check = |filter: &str| {
        allocgate()
            .check(&side, &side)
            .args(["--filter", filter])
            .run()
    };
    assert_eq!(findings(&check("*"), "rows-split").len(), 1);
    let run = check("note:b");
    assert!(findings(&run, "rows-split").is_empty());
    assert_eq!(report(&run)["rows"].as_array().unwrap().len(), 1);
}

#[test]
fn every_page_says_that_it_is_of_a_selection() {
    for format in ["terminal", "markdown", "junit", "html"] {
        let [before, after] = sides();
        let filter = ".name:/<blink>|Sort/";
        let report = format!("--report={format}");
        let run = allocgate()
            .check(&before, &after)
            .args(["--filter", filter, &report])
            .run_as_is();
        assert_eq!(run.code, 1);
        let page = run.stdout.replace('\n', " ");
        assert!(
            page.contains("nly what the filter selects was judged: .name:/"),
            "{format}: {page}"
        );
        if format != "terminal" {
            assert!(!page.contains("<blink>"), "{format}");
        }
    }
}

#[test]
fn a_rule_for_what_is_not_selected_is_not_dead() {
    let policy = "[[rule]]\nbenchmark = 'Map'\ngate = false";
    let run = |filter: &str| {
        let [before, after] = sides();
        let call = allocgate().policy(policy).check(&before, &after);
        call.args(["--filter", filter]).run()
    };
    assert!(findings(&run(".name:Sort"), "rule-unused").is_empty());
}

#[test]
fn a_bad_filter_is_pointed_at() {
    let run = check(".name:(Sort Map)");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert_eq!(
        run.stderr,
        "error: --filter: syntax error: value list must be separated by OR\n\t\
         .name:(Sort Map)\n\t            ^\n"
    );
    assert_eq!(check(&"(".repeat(100_000)).code, 2);
}

/// The exit code under a policy.
fn under(policy: &str) -> Run {
    let [before, after] = sides();
    allocgate().policy(policy).check(&before, &after).run()
}

#[test]
fn scopes_of_the_policy_take_filters() {
    for (policy, code) in [
        ("", 1),
        ("[[rule]]\nfilter = '/n:1k'\ngate = false", 0),
        (
            "[[rule]]\nfilter = '/n:1k .unit:allocs/op'\ngate = false",
            0,
        ),
        ("[[rule]]\nfilter = '/n:1k .unit:B/op'\ngate = false", 1),
        ("[[rule]]\nfilter = '/n:2k'\ngate = false", 1),
        (
            "[[rule]]\nbenchmark = 'Sort/*'\nfilter = 'pkg:example.com/b'\ngate = false",
            1,
        ),
        ("[[budget]]\nfilter = '.name:Map'\nallocs = 6", 1),
        (
            "[[waiver]]\nfilter = '.fullname:\"Sort/n=1k-8\"'\nunit = 'allocs/op'\nup-to = 4\nreason = 'r'",
            0,
        ),
    ] {
        assert_eq!(under(policy).code, code, "{policy}");
    }
    let run = under("[[budget]]\nfilter = '.name:Map'\nallocs = 6");
    assert_eq!(run.statuses(), ["regressed", "over-budget", "unchanged"]);
    // goos is the same everywhere: no row says it.
    let run = under("[[rule]]\nfilter = '-goos:plan9'\ngate = false");
    assert_eq!(run.code, 1);
    assert_eq!(
        findings(&run, "rule-unused"),
        ["this rule matches nothing: all benchmarks, of which `-goos:plan9`"]
    );
}

#[test]
fn filters_of_configuration_that_tells_rows_apart() {
    let side = |b: u64| {
        Side::new()
            .text("note: a\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[3; 6])
            .text("note: b\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[b; 6])
    };
    let under = |filter: &str| {
        let policy = format!("[[rule]]\nfilter = '{filter}'\ngate = false");
        allocgate()
            .policy(&policy)
            .check(&side(4), &side(5))
            .run()
            .code
    };
    assert_eq!(under("note:b"), 0);
    assert_eq!(under("-note:a"), 0);
    assert_eq!(under("note:a"), 1);
}

#[test]
fn what_a_filter_of_the_policy_cannot_ask_is_refused_with_its_line() {
    for (policy, message) in [
        (
            "[[rule]]\nfilter = '.file:x'",
            "allocgate.toml:2: filter: a row has no `.file`: it is what several files say",
        ),
        (
            "ignore-keys = ['note']\n[[budget]]\nallocs = 1\nfilter = 'note:x'",
            "allocgate.toml:4: filter: a row has no `note`: it is one of `ignore-keys`",
        ),
        (
            "[[waiver]]\nunit = 'B/op'\nup-to = 1\nreason = 'r'\nfilter = '.name:'",
            "allocgate.toml:5: filter: syntax error: expected key:value\n\t.name:\n\t^",
        ),
        (
            "[[rule]]\nfilter = ''",
            "allocgate.toml:2: filter: syntax error: expected key:value or subexpression\n\t\n\t^",
        ),
    ] {
        let run = under(policy);
        assert_eq!(run.code, 2, "{policy}");
        assert_eq!(run.stderr, format!("error: {message}\n"));
    }
}
