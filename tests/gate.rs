//! What a verdict means: the worked cases of the design and the corners around them, from files to
//! exit codes, through the program itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod program;

use program::{Run, Side, allocgate};

/// The status of the only gating row, and the exit code.
fn judged(baseline: &Side, candidate: &Side) -> (String, i32) {
    let run = allocgate().check(baseline, candidate).run();
    (run.status("allocs/op"), run.code)
}

fn side(values: &[u64]) -> Side {
    Side::new().benchmark("BenchmarkX-8", "allocs/op", values)
}

const FLAPPING: [u64; 10] = [9, 9, 10, 9, 10, 9, 9, 10, 9, 9];
const NOISY: [u64; 10] = [100, 101, 99, 100, 102, 100, 101, 99, 100, 101];

#[test]
fn the_worked_cases() {
    let shuffled = [10, 9, 9, 10, 10, 9, 9, 9, 10, 9];
    let raised = [110, 111, 109, 110, 112, 110, 111, 109, 110, 111];
    for (baseline, candidate, status, code) in [
        (&[12; 10][..], &[24; 10][..], "regressed", 1),
        (&[0; 10], &[1; 10], "regressed", 1),
        (&[5; 10], &[5; 10], "unchanged", 0),
        (&FLAPPING, &shuffled, "unchanged", 0),
        (&[12], &[24], "inconclusive", 3),
        (&[12], &[12], "unchanged", 0),
        (&NOISY, &raised, "regressed", 1),
    ] {
        let judged = judged(&side(baseline), &side(candidate));
        assert_eq!(
            judged,
            (status.to_owned(), code),
            "{baseline:?} → {candidate:?}"
        );
    }
}

#[test]
fn a_new_row_passes_and_a_vanished_one_does_not() {
    let two = side(&[3; 10]).benchmark("BenchmarkY-8", "allocs/op", &[3; 10]);
    let run = allocgate().check(&side(&[3; 10]), &two).run();
    assert_eq!(
        (run.code, run.statuses()),
        (0, vec!["new".to_owned(), "unchanged".to_owned()])
    );
    let run = allocgate().check(&two, &side(&[3; 10])).run();
    assert_eq!(
        (run.code, run.statuses()),
        (3, vec!["vanished".to_owned(), "unchanged".to_owned()])
    );
}

#[test]
fn a_panic_in_the_candidate_cannot_be_judged() {
    let panicked = Side::new().text("BenchmarkX-8 \tpanic: boom\n\nexit status 2\nFAIL\tp\t1s\n");
    let healthy = side(&[12; 10]).benchmark("BenchmarkA-8", "allocs/op", &[1; 10]);
    let with_other = Side::new()
        .benchmark("BenchmarkA-8", "allocs/op", &[1; 10])
        .text("BenchmarkX-8 \tpanic: boom\n\nexit status 2\nFAIL\tp\t1s\n");
    let run = allocgate().check(&healthy, &with_other).run();
    assert_eq!(
        (run.code, run.status_of("BenchmarkX", "allocs/op")),
        (3, "failed".to_owned())
    );
    assert_eq!(allocgate().check(&side(&[12; 10]), &panicked).run().code, 3);
}

#[test]
fn bytes_have_a_threshold_of_one_percent() {
    let bytes = |values: &[u64]| Side::new().benchmark("BenchmarkX-8", "B/op", values);
    let mut one_off = [64; 10];
    one_off[9] = 65;
    for (baseline, candidate, status, code) in [
        (&[64; 10], &one_off, "unchanged", 0),
        (&[64; 10], &[65; 10], "regressed", 1),
        (&[1000; 10], &[1010; 10], "within-threshold", 0),
        (&[1000; 10], &[1011; 10], "regressed", 1),
        (&[0; 10], &[1; 10], "regressed", 1),
        (&[1000; 10], &[900; 10], "improved", 0),
    ] {
        let run = allocgate().check(&bytes(baseline), &bytes(candidate)).run();
        assert_eq!(
            (run.status("B/op").as_str(), run.code),
            (status, code),
            "{baseline:?} {candidate:?}"
        );
    }
}

#[test]
fn two_samples_are_exact_for_counts_and_too_few_for_bytes() {
    let at = |unit: &str, value: u64| Side::new().benchmark("BenchmarkX-8", unit, &[value; 2]);
    let judged = |unit: &str, before: u64, after: u64| {
        let run = allocgate().check(&at(unit, before), &at(unit, after)).run();
        (run.status(unit), run.code)
    };
    assert_eq!(judged("allocs/op", 5, 6), ("regressed".to_owned(), 1));
    assert_eq!(judged("B/op", 33, 42), ("inconclusive".to_owned(), 3));
    assert_eq!(judged("B/op", 33, 33), ("unchanged".to_owned(), 0));
}

#[test]
fn the_loss_of_a_zero_is_never_put_down_to_quantisation() {
    let mut nearly_zero = [0; 10];
    nearly_zero[3] = 1;
    assert_eq!(
        judged(&side(&nearly_zero), &side(&[1; 10])),
        ("regressed".to_owned(), 1)
    );
    let mut nearly_one = [1; 10];
    nearly_one[3] = 0;
    assert_eq!(
        judged(&side(&[0; 10]), &side(&nearly_one)),
        ("regressed".to_owned(), 1)
    );
    // One unit up, and more than one unit apart: no rounding explains that.
    let raised = FLAPPING.map(|value| value + 1);
    assert_eq!(
        judged(&side(&FLAPPING), &side(&raised)),
        ("regressed".to_owned(), 1)
    );
    // All within one unit of each other: rounding does.
    let mut nearly_ten = [10; 10];
    nearly_ten[0] = 9;
    assert_eq!(
        judged(&side(&FLAPPING), &side(&nearly_ten)),
        ("within-threshold".to_owned(), 0)
    );
}

#[test]
fn too_few_samples_for_so_many_rows_is_said() {
    // 4+4 samples reach p = 0.029 at best. Alone that suffices; among forty noisy rows it does not.
    let mut baseline = Side::new().benchmark("BenchmarkX-8", "allocs/op", &[100, 101, 102, 103]);
    let mut candidate = Side::new().benchmark("BenchmarkX-8", "allocs/op", &[200, 201, 202, 203]);
    assert_eq!(judged(&baseline, &candidate), ("regressed".to_owned(), 1));
    for row in 0..40 {
        let name = format!("BenchmarkN{row}-8");
        baseline = baseline.benchmark(&name, "allocs/op", &[100, 103, 105, 107]);
        candidate = candidate.benchmark(&name, "allocs/op", &[101, 102, 106, 106]);
    }
    let run = allocgate().check(&baseline, &candidate).run();
    assert_eq!(
        (run.status_of("BenchmarkX", "allocs/op").as_str(), run.code),
        ("inconclusive", 3)
    );
}

#[test]
fn nothing_judged_is_no_pass() {
    let empty = Side::new().text("PASS\n");
    let full = side(&[1; 10]);
    let time_only = Side::new().benchmark("BenchmarkX-8", "ns/op", &[100; 10]);
    for (baseline, candidate) in [
        (&empty, &full),
        (&full, &empty),
        (&empty, &empty),
        (&time_only, &time_only),
        (&full, &time_only),
        (&time_only, &full),
    ] {
        assert_eq!(allocgate().check(baseline, candidate).run().code, 3);
    }
    let junk = Side::new().bytes(&[0, 159, 146, 150, 10, 13, 255, 254, 0, 0]);
    assert_eq!(allocgate().check(&junk, &junk).run().code, 3);
}

#[test]
fn a_lost_result_of_the_candidate_counts() {
    let full = side(&[1; 10]);
    for lost in ["BenchmarkX-8 \t 100\t oops ns/op\n", "BenchmarkX-8 \t"] {
        let cut = side(&[1; 9]).text(lost);
        assert_eq!(allocgate().check(&full, &cut).run().code, 3, "{lost:?}");
        assert_eq!(allocgate().check(&cut, &full).run().code, 0, "{lost:?}");
    }
}

#[test]
fn time_is_advisory_until_asked_for() {
    let baseline =
        side(&[1; 10]).benchmark("BenchmarkX-8", "ns/op", &(100..110).collect::<Vec<_>>());
    let candidate =
        side(&[1; 10]).benchmark("BenchmarkX-8", "ns/op", &(200..210).collect::<Vec<_>>());
    let run = allocgate().check(&baseline, &candidate).run();
    assert_eq!((run.status("sec/op").as_str(), run.code), ("regressed", 0));
    let run = allocgate()
        .arg("--gate=ns/op")
        .check(&baseline, &candidate)
        .run();
    assert_eq!((run.status("sec/op").as_str(), run.code), ("regressed", 1));
    let run = allocgate()
        .args(["--gate=ns/op", "--threshold=ns/op=200%"])
        .check(&baseline, &candidate)
        .run();
    assert_eq!(
        (run.status("sec/op").as_str(), run.code),
        ("within-threshold", 0)
    );
}

#[test]
fn directions_come_from_metadata_or_policy() {
    let files = |text: &str, values: &[u64]| {
        side(&[1; 10])
            .text(text)
            .benchmark("BenchmarkX-8", "frames/op", values)
    };
    let run = allocgate()
        .arg("--gate=frames/op")
        .check(&files("", &[10; 10]), &files("", &[20; 10]))
        .run();
    assert_eq!(
        (run.status("frames/op").as_str(), run.code),
        ("unchanged", 0),
        "no direction"
    );
    for (text, code) in [
        ("Unit frames/op better=higher\n", 0),
        ("Unit frames/op better=lower\n", 1),
    ] {
        let (before, after) = (files(text, &[10; 10]), files(text, &[20; 10]));
        let run = allocgate()
            .arg("--gate=frames/op")
            .check(&before, &after)
            .run();
        assert_eq!(run.code, code, "{text}");
    }
    let exact = "Unit frames/op better=lower assume=exact\n";
    let run = allocgate()
        .arg("--gate=frames/op")
        .check(&files(exact, &[10]), &files(exact, &[20]))
        .run();
    assert_eq!(
        (run.status("frames/op").as_str(), run.code),
        ("regressed", 1),
        "one sample suffices"
    );
}

#[test]
fn packages_and_gomaxprocs_never_merge() {
    let two = |a: u64, b: u64| {
        Side::new()
            .text("pkg: a\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[a; 5])
            .text("pkg: b\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[b; 5])
    };
    let run = allocgate().check(&two(1, 2), &two(2, 1)).run();
    assert_eq!(run.statuses(), ["regressed", "improved"]);
    let cpus = |one: u64, four: u64| {
        Side::new()
            .benchmark("BenchmarkX", "allocs/op", &[one; 5])
            .benchmark("BenchmarkX-4", "allocs/op", &[four; 5])
    };
    let run = allocgate().check(&cpus(1, 9), &cpus(1, 8)).run();
    assert_eq!(run.statuses(), ["improved", "unchanged"]);
}

#[test]
fn machines_with_other_core_counts_are_paired() {
    let on = |procs: &str| {
        let name = |base: &str| format!("{base}{procs}");
        Side::new()
            .benchmark(&name("BenchmarkX"), "allocs/op", &[5; 5])
            .benchmark(&name("BenchmarkY/n-10"), "allocs/op", &[6; 5])
    };
    let run = allocgate().check(&on("-8"), &on("-4")).run();
    assert_eq!(
        (run.code, run.statuses()),
        (0, vec!["unchanged".to_owned(); 2])
    );
    assert!(run.findings().contains(&"procs-differ".to_owned()));
}

#[test]
fn noise_that_looks_like_configuration_tears_no_row_apart() {
    let noisy = |took: &str| {
        let mut side = Side::new();
        for sample in 0..5 {
            side = side.text(&format!("took: {took}{sample}ms\n")).benchmark(
                "BenchmarkX-8",
                "allocs/op",
                &[5],
            );
        }
        side
    };
    let run = allocgate().check(&noisy("1"), &noisy("2")).run();
    assert_eq!(
        (run.code, run.statuses()),
        (0, vec!["unchanged".to_owned()])
    );
    let noted = |after: u64| {
        Side::new()
            .text("note: a\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[5; 5])
            .text("note: b\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[after; 5])
    };
    let run = allocgate().check(&noted(7), &noted(9)).run();
    assert_eq!(
        (run.code, run.statuses()),
        (1, vec!["regressed".to_owned(), "unchanged".to_owned()])
    );
}

#[test]
fn what_is_beyond_the_bounds_is_said_and_never_merges_packages() {
    let mut baseline = Side::new();
    for package in ["a", "b"] {
        for noise in 0..10_001 {
            let name = format!("BenchmarkX{noise}-8");
            let text = format!("pkg: {package}\nelapsed: {package}{noise}\n");
            baseline = baseline.text(&text).benchmark(&name, "allocs/op", &[5]);
        }
    }
    let run = allocgate().check(&baseline, &baseline).run();
    assert_eq!((run.code, run.statuses().len()), (0, 20_002));
    assert!(run.findings().contains(&"truncated".to_owned()));

    let units: Side = (0..1001).fold(Side::new(), |side, unit| {
        side.benchmark("BenchmarkX-8", &format!("u{unit}"), &[5])
    });
    let units = units.benchmark("BenchmarkX-8", "allocs/op", &[5; 5]);
    let run = allocgate().check(&units, &units).run();
    assert_eq!(run.code, 3, "values were lost");
}

#[test]
fn budgets_hold_without_a_baseline() {
    let policy = "[[budget]]\nbenchmark = \"X\"\nallocs = 0\n";
    let run = |values: &[u64]| allocgate().policy(policy).candidate(&side(values)).run();
    assert_eq!(run(&[0; 5]).code, 0);
    assert_eq!(
        (run(&[1; 5]).code, run(&[1; 5]).status("allocs/op").as_str()),
        (1, "over-budget")
    );
    assert_eq!(run(&[0, 0, 0, 1, 0]).code, 0, "the median keeps the budget");
    // Nothing to hold against anything.
    assert_eq!(allocgate().candidate(&side(&[0; 5])).run().code, 3);
    let dead = "[[budget]]\nbenchmark = \"Gone\"\nallocs = 0\n";
    let run = allocgate().policy(dead).candidate(&side(&[0; 5])).run();
    assert_eq!(
        (run.code, run.findings()),
        (
            3,
            vec!["no-benchmarks".to_owned(), "budget-unused".to_owned()]
        )
    );
}

/// A unit that only informs may have regressed as well, by chance or not.
#[test]
fn a_ceiling_holds_where_the_regression_itself_would_only_inform() {
    let time = |value: u64| side(&[5; 7]).benchmark("BenchmarkX-8", "ns/op", &[value; 7]);
    for (max, baseline, status, code) in [
        ("10ns", 50, "over-budget", 1),
        ("10ns", 100, "over-budget", 1),
        ("200ns", 50, "regressed", 0),
    ] {
        let policy = format!("[[budget]]\nbenchmark = \"X\"\nunit = \"ns/op\"\nmax = \"{max}\"\n");
        let run = allocgate()
            .policy(&policy)
            .check(&time(baseline), &time(100))
            .run();
        assert_eq!((run.status("sec/op").as_str(), run.code), (status, code));
        let again = allocgate::report::json::read(run.stdout.as_bytes());
        assert!(again.is_ok(), "{again:?}");
    }
    let policy = "[[budget]]\nbenchmark = \"X\"\nallocs = 10\n";
    let run = allocgate()
        .policy(policy)
        .check(&side(&[9; 5]), &side(&[12; 5]));
    assert_eq!(run.run().statuses(), ["regressed"], "it gates by itself");
}

#[test]
fn waivers_accept_up_to_a_ceiling_and_a_day() {
    let waiver = |up_to: u64, expires: &str| {
        format!(
            "[[waiver]]\nbenchmark = \"X\"\nunit = \"allocs/op\"\nup-to = {up_to}\nreason = \"meant\"\n{expires}"
        )
    };
    let run = |policy: &str, after: u64| {
        let run = allocgate()
            .policy(policy)
            .check(&side(&[12; 5]), &side(&[after; 5]))
            .run();
        (run.status("allocs/op"), run.code)
    };
    assert_eq!(run(&waiver(24, ""), 24), ("waived".to_owned(), 0));
    assert_eq!(run(&waiver(23, ""), 24), ("regressed".to_owned(), 1));
    assert_eq!(
        run(&waiver(24, "expires = 9999-12-31"), 24),
        ("waived".to_owned(), 0)
    );
    assert_eq!(
        run(&waiver(24, "expires = 2020-01-01"), 24),
        ("regressed".to_owned(), 1)
    );
    let unused = allocgate()
        .policy(&waiver(24, ""))
        .check(&side(&[12; 5]), &side(&[12; 5]))
        .run();
    assert_eq!(
        (unused.code, unused.findings()),
        (0, vec!["waiver-unused".to_owned()])
    );
}

#[test]
fn rules_set_thresholds_for_some_benchmarks() {
    let policy = "[[rule]]\nbenchmark = \"X*\"\nunit = \"allocs/op\"\nabsolute = 2\n[[rule]]\nbenchmark = \"Z\"\ngate = false\n";
    let run = |name: &str, after: u64| {
        let at = |value| Side::new().benchmark(name, "allocs/op", &[value; 5]);
        allocgate()
            .policy(policy)
            .check(&at(10), &at(after))
            .run()
            .code
    };
    assert_eq!(run("BenchmarkX1-8", 12), 0);
    assert_eq!(run("BenchmarkX1-8", 13), 1);
    assert_eq!(run("BenchmarkY-8", 12), 1);
    assert_eq!(
        run("BenchmarkZ-8", 12),
        3,
        "an advisory row alone is nothing to judge"
    );
}

#[test]
fn every_doubt_can_be_settled_by_policy() {
    let vanished = (
        side(&[1; 5]).benchmark("BenchmarkY-8", "allocs/op", &[1; 5]),
        side(&[1; 5]),
    );
    let inconclusive = (side(&[1]), side(&[2]));
    let failed = (
        side(&[1; 5]),
        side(&[1; 5]).text("--- FAIL: BenchmarkY\nFAIL\tp\t1s\n"),
    );
    let malformed = (side(&[1; 5]), side(&[1; 5]).text("BenchmarkX-8 \t100\t\n"));
    let no_benchmarks = (Side::new(), Side::new());
    let time = Side::new().benchmark("BenchmarkX-8", "ns/op", &[100; 10]);
    let no_allocations = (time.clone(), time);
    for (doubt, (baseline, candidate)) in [
        ("vanished", vanished),
        ("inconclusive", inconclusive),
        ("failed", failed),
        ("malformed", malformed),
        ("no-benchmarks", no_benchmarks),
        ("no-allocations", no_allocations),
    ] {
        for (outcome, code) in [("pass", 0), ("fail", 1), ("could-not-judge", 3)] {
            let flag = format!("--on={doubt}={outcome}");
            assert_eq!(
                allocgate()
                    .arg(&flag)
                    .check(&baseline, &candidate)
                    .run()
                    .code,
                code,
                "{flag}"
            );
            let policy = format!("[outcomes]\n{doubt} = \"{outcome}\"\n");
            let run = allocgate()
                .policy(&policy)
                .check(&baseline, &candidate)
                .run();
            assert_eq!(run.code, code, "{policy}");
        }
        assert_eq!(
            allocgate().check(&baseline, &candidate).run().code,
            3,
            "{doubt} by default"
        );
    }
}

#[test]
fn the_exit_code_does_not_depend_on_the_format() {
    let regression = (side(&[1; 5]), side(&[2; 5]));
    let doubt = (side(&[1]), side(&[2]));
    let pass = (side(&[1; 5]), side(&[1; 5]));
    for ((baseline, candidate), code) in [(pass, 0), (regression, 1), (doubt, 3)] {
        for format in ["terminal", "markdown", "json", "csv"] {
            let run: Run = allocgate()
                .arg(format!("--report={format}"))
                .check(&baseline, &candidate)
                .run_as_is();
            assert_eq!(run.code, code, "{format}");
            assert!(!run.stdout.is_empty(), "{format}");
        }
        let run = allocgate()
            .arg("--quiet")
            .check(&baseline, &candidate)
            .run_as_is();
        assert_eq!((run.code, run.stdout.as_str()), (code, ""));
    }
}

#[test]
fn unlike_measurements_are_pointed_out() {
    let at = |iterations: u64, head: &str| {
        Side::new().text(head).iterations(iterations).benchmark(
            "BenchmarkX-8",
            "allocs/op",
            &[5; 5],
        )
    };
    let findings = |a: &Side, b: &Side| allocgate().check(a, b).run().findings();
    assert_eq!(
        findings(&at(1000, ""), &at(10_001, "")),
        ["iterations-differ"]
    );
    assert_eq!(findings(&at(99, ""), &at(98, "")), ["few-iterations"]);
    assert_eq!(
        findings(&at(1000, "goos: linux\n"), &at(1001, "goos: darwin\n")),
        ["environment-differs"]
    );
    let timed = at(1000, "").benchmark("BenchmarkX-8", "ns/op", &[100, 101, 102, 103, 104]);
    assert_eq!(findings(&timed, &timed), ["same-measurement"]);
    // Equal times alone are no proof.
    let both = |allocations: u64| {
        let line = format!("BenchmarkX-8 1000 5 ns/op {allocations} allocs/op\n");
        Side::new().text(&line.repeat(5))
    };
    assert_eq!(findings(&both(1), &both(2)), [""; 0]);
    let numbered = |count: usize| {
        (0..count).fold(Side::new(), |side, i| {
            side.benchmark(&format!("BenchmarkX/#{i:02}-8"), "allocs/op", &[5; 5])
        })
    };
    assert!(findings(&numbered(2), &numbered(3)).contains(&"renumbered".to_owned()));
}

#[test]
fn a_zero_that_was_certain_is_lost_by_half_the_samples() {
    let mut half = [0; 20];
    half[11..].fill(1);
    assert_eq!(
        judged(&side(&[0; 20]), &side(&half)),
        ("regressed".to_owned(), 1)
    );
}

#[test]
fn a_baseline_that_cannot_be_read_is_no_new_row() {
    let unread = side(&[1; 5]).text(&"BenchmarkQ-8 \t1000\tNaN ns/op\t0 allocs/op\n".repeat(5));
    let read = side(&[1; 5]).benchmark("BenchmarkQ-8", "allocs/op", &[50; 5]);
    let run = allocgate().check(&unread, &read).run();
    assert_eq!(
        (run.status_of("BenchmarkQ", "allocs/op").as_str(), run.code),
        ("failed", 3)
    );
}

#[test]
fn output_cannot_turn_allocations_around() {
    let turned = side(&[50; 5]).text("Unit allocs/op better=higher\n");
    assert_eq!(judged(&side(&[1; 5]), &turned), ("regressed".to_owned(), 1));
}

#[test]
fn only_rows_that_gate_count_as_compared() {
    let time = |name: &str| {
        let timed = Side::new().benchmark("BenchmarkT-8", "ns/op", &[100; 5]);
        timed.benchmark(name, "allocs/op", &[1; 5])
    };
    let (baseline, candidate) = (time("BenchmarkA-8"), time("BenchmarkB-8"));
    let run = allocgate()
        .arg("--on=vanished=pass")
        .check(&baseline, &candidate)
        .run();
    assert_eq!(run.code, 3);
}

#[test]
fn names_that_end_like_a_suffix_are_no_lost_results() {
    let verbose = Side::new()
        .text("BenchmarkX\nBenchmarkX/workers-8\n")
        .benchmark("BenchmarkX/workers-8-8", "allocs/op", &[5; 5]);
    assert_eq!(allocgate().check(&verbose, &verbose).run().code, 0);
    // GOMAXPROCS=1: the numbers are the benchmarks' own, and another size is another benchmark.
    let sizes = |size: &str| {
        let first = Side::new().benchmark(&format!("BenchmarkX/n-{size}"), "allocs/op", &[5; 5]);
        first.benchmark("BenchmarkZ/m-5", "allocs/op", &[5; 5])
    };
    assert_eq!(allocgate().check(&sizes("20"), &sizes("10")).run().code, 3);
    // The same names, told apart differently because of a third one.
    let two = Side::new()
        .benchmark("BenchmarkX/n-10", "allocs/op", &[5; 5])
        .benchmark("BenchmarkX/n-100", "allocs/op", &[6; 5]);
    let three = two.clone().benchmark("BenchmarkY", "allocs/op", &[1; 5]);
    assert_eq!(allocgate().check(&two, &three).run().code, 0);
}

#[test]
fn noise_of_tools_is_no_configuration() {
    let covered = |share: u32| {
        Side::new()
            .text("pkg: a\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[5; 5])
            .text(&format!(
                "PASS\ncoverage: {share}.0% of statements\npkg: b\n"
            ))
            .benchmark("BenchmarkX-8", "allocs/op", &[5; 5])
            .text("PASS\ncoverage: 50.0% of statements\npkg: c\n")
            .benchmark("BenchmarkX-8", "allocs/op", &[5; 5])
    };
    assert_eq!(allocgate().check(&covered(10), &covered(11)).run().code, 0);
}

#[test]
fn a_unit_that_nobody_measures_is_pointed_out() {
    let run = allocgate()
        .arg("--gate=nsop")
        .check(&side(&[1; 5]), &side(&[1; 5]))
        .run();
    assert_eq!(run.findings(), ["rule-unused"]);
}
