//! Reports to test the renderers with: one that has everything, hostile names included, and some
//! that have little.

use std::io::{self, Write};

use std::sync::Arc;

use crate::benchmark::{Key, SharedKey};
use crate::gate::*;
use crate::memory::reading::{Bound, Figure, Quantity, Reading, Word};
use crate::policy::{Gating, Threshold};
use crate::unit::{Better, Unit};

pub(super) fn all() -> Vec<Report> {
    vec![
        everything(),
        pass(),
        empty(),
        could_not_judge(),
        memory(),
        many(3000),
    ]
}

fn key(package: &str, benchmark: &str) -> SharedKey {
    Arc::new(Key {
        package: package.to_owned(),
        benchmark: benchmark.to_owned(),
        procs: Some(8),
        config: Vec::new(),
    })
}

fn side(samples: &[f64]) -> Side {
    let mut samples = samples.to_vec();
    samples.sort_by(f64::total_cmp);
    let center = (samples[samples.len() / 2] + samples[(samples.len() - 1) / 2]) / 2.0;
    let (lo, hi) = match samples.len() {
        0..6 => (f64::NEG_INFINITY, f64::INFINITY),
        n => (samples[1], samples[n - 2]),
    };
    Side {
        center,
        lo,
        hi,
        samples,
        iterations: 1000.0,
    }
}

/// A row of two sides with `evidence`; the change is computed from the samples.
fn row(
    key: &SharedKey,
    unit: &str,
    status: Status,
    a: &[f64],
    b: &[f64],
    evidence: Evidence,
) -> JudgedRow {
    let unit = Unit::new(unit);
    let (gating, relative) = match unit.as_str() {
        Unit::ALLOCS => (Gating::Gate, 0.0),
        Unit::BYTES => (Gating::Gate, 0.01),
        _ => (Gating::Advisory, 0.1),
    };
    let (baseline, candidate) = (side(a), side(b));
    let change = Change::between(baseline.center, candidate.center);
    JudgedRow {
        key: key.clone(),
        at: None,
        sites: Vec::new(),
        better: unit.default_better(),
        unit,
        gating,
        status,
        baseline: Some(baseline),
        candidate: Some(candidate),
        change: Some(change),
        evidence: Some(evidence),
        threshold: Threshold {
            relative,
            absolute: 0.0,
        },
        budget: None,
        waiver: None,
        notes: Vec::new(),
    }
}

/// A row of which all samples of a side are equal.
fn exact(key: &SharedKey, unit: &str, status: Status, a: f64, b: f64) -> JudgedRow {
    row(key, unit, status, &[a; 10], &[b; 10], Evidence::Exact)
}

fn alone(mut row: JudgedRow, baseline: bool) -> JudgedRow {
    if baseline {
        row.candidate = None;
    } else {
        row.baseline = None;
    }
    JudgedRow {
        change: None,
        evidence: None,
        ..row
    }
}

fn tested(raw: f64, adjusted: f64, estimate: f64, lo: f64, hi: f64, significant: bool) -> Evidence {
    let (p, shift) = (PValue { raw, adjusted }, Shift { estimate, lo, hi });
    Evidence::Tested {
        p,
        shift,
        significant,
    }
}

fn noted(mut row: JudgedRow, notes: &[Note]) -> JudgedRow {
    row.notes.extend(notes.iter().cloned());
    row
}

fn waiver(reason: &str, up_to: f64, expires: Option<&str>, expired: bool) -> Option<WaiverUse> {
    Some(WaiverUse {
        reason: reason.to_owned(),
        up_to,
        expires: expires.map(str::to_owned),
        expired,
        at: "allocgate.toml:30".to_owned(),
    })
}

fn budget(ceiling: f64) -> Option<BudgetCheck> {
    Some(BudgetCheck {
        ceiling,
        at: "allocgate.toml:12".to_owned(),
    })
}

fn report(
    verdict: Verdict,
    causes: Vec<Cause>,
    rows: Vec<JudgedRow>,
    findings: Vec<Finding>,
) -> Report {
    let mut counts = Counts::default();
    let mut advisory: Vec<AdvisoryCounts> = Vec::new();
    for row in &rows {
        let own = match row.gating {
            Gating::Gate => &mut counts,
            _ => match advisory.iter().position(|known| known.unit == row.unit) {
                Some(index) => &mut advisory[index].counts,
                None => {
                    let (unit, counts) = (row.unit.clone(), Counts::default());
                    advisory.push(AdvisoryCounts { unit, counts });
                    let last = advisory.len() - 1;
                    &mut advisory[last].counts
                }
            },
        };
        *own.of_mut(row.status) += 1;
    }
    let input = |path: &str, results| Input {
        path: path.to_owned(),
        format: "go-text".to_owned(),
        results,
    };
    let results = rows.len() * 10;
    Report {
        verdict,
        causes,
        counts,
        advisory,
        rows,
        findings,
        geomeans: Vec::new(),
        settings: Settings {
            alpha: 0.05,
            confidence: 0.95,
            test: "mann-whitney".to_owned(),
            adjust: "bh".to_owned(),
            policy: Some("allocgate.toml".to_owned()),
        },
        inputs: SideInputs {
            baseline: vec![input("base.txt", results)],
            candidate: vec![input("head.txt", results)],
        },
        directory: Some("services/store".to_owned()),
        circumstances: None,
        memory: None,
    }
}

fn cause(kind: CauseKind, count: usize, outcome: Outcome) -> Cause {
    Cause {
        kind,
        count,
        outcome,
    }
}

/// Names that try to be more than names.
pub(super) const HOSTILE: &[&str] = &[
    "BenchmarkPipe/a|b",
    "BenchmarkBackslash/a\\|b\\",
    "BenchmarkTicks/`code`/``more``",
    "BenchmarkHTML/<script>alert(1)</script>",
    "BenchmarkMention/@team/fixes/#12",
    "Benchmark::error::pwned",
    "BenchmarkAzure/##vso[task.setvariable]x",
    "BenchmarkLink/[a](https://example.com)",
    "BenchmarkNewline/a\n::error::b%0Ac",
    "BenchmarkANSI/\x1b[31mred\x1b[0m\x07",
    "BenchmarkBidi/\u{202e}gpj.exe\u{2066}",
    "BenchmarkZeroWidth/a\u{200b}b\u{feff}",
    "BenchmarkWide/日本語/🚀",
    "=HYPERLINK(\"https://example.com\")",
    "+1",
    "",
];

/// Every status, kind of evidence, note and severity.
pub(super) fn everything() -> Report {
    use Status::*;
    let long = format!("BenchmarkLong/{}/end", "segment_of_a_name/".repeat(16));
    let store = "example.com/store";
    let [get, put, scan] =
        ["BenchmarkGet", "BenchmarkPut", "BenchmarkScan/rows=1000"].map(|n| key(store, n));
    let codec = |name: &str| key("example.com/store/internal/codec", name);
    let noisy = [
        100.0, 101.0, 99.0, 100.0, 102.0, 100.0, 101.0, 99.0, 100.0, 101.0,
    ];
    let noisier = noisy.map(|value| value + 10.0);
    let mut rows = vec![
        exact(&put, "B/op", Regressed, 640.0, 1280.0),
        exact(&put, "allocs/op", Regressed, 12.0, 24.0),
        exact(&get, "allocs/op", Regressed, 0.0, 1.0),
        row(
            &codec("BenchmarkEncode/json"),
            "allocs/op",
            Regressed,
            &noisy,
            &noisier,
            tested(0.000_18, 0.000_9, 10.0, 9.0, 11.0, true),
        ),
        JudgedRow {
            waiver: waiver("until the pool is back", 24.0, Some("2026-06-30"), true),
            ..exact(&codec("BenchmarkDecode"), "allocs/op", Regressed, 3.0, 4.0)
        },
        noted(
            exact(
                &key(store, &long),
                "B/op",
                Regressed,
                1_240_000.0,
                1_310_720.0,
            ),
            &[Note::FewIterations],
        ),
        JudgedRow {
            budget: budget(0.0),
            ..exact(&scan, "allocs/op", OverBudget, 3.0, 3.0)
        },
        row(
            &get,
            "B/op",
            Inconclusive,
            &[64.0],
            &[96.0],
            Evidence::Short { needed: 4 },
        ),
        noted(
            row(
                &scan,
                "B/op",
                Inconclusive,
                &[50e3; 4],
                &[60e3; 4],
                tested(0.029, 0.058, 10e3, 9e3, 11e3, false),
            ),
            &[Note::Underpowered],
        ),
        alone(
            exact(&codec("BenchmarkPanics"), "allocs/op", Failed, 7.0, 7.0),
            true,
        ),
        noted(
            alone(
                exact(&codec("BenchmarkMended"), "allocs/op", Failed, 7.0, 7.0),
                false,
            ),
            &[Note::OtherSideFailed],
        ),
        alone(
            exact(&key(store, "BenchmarkOld"), "B/op", Vanished, 48.0, 48.0),
            true,
        ),
        alone(
            exact(&key(store, "BenchmarkOld"), "allocs/op", Vanished, 2.0, 2.0),
            true,
        ),
        exact(
            &codec("BenchmarkReshaped"),
            "allocs/op",
            RulerChanged,
            10.0,
            20.0,
        ),
        JudgedRow {
            waiver: waiver(
                "index kept in memory, see ADR 12\n@team",
                40.0,
                Some("2026-12-31"),
                false,
            ),
            ..exact(
                &key(store, "BenchmarkIndex"),
                "allocs/op",
                Waived,
                20.0,
                38.0,
            )
        },
        exact(&scan, "B/op", WithinThreshold, 835.0, 838.0),
        noted(
            row(
                &get,
                "allocs/op",
                WithinThreshold,
                &[9.0; 10],
                &[10.0; 10],
                tested(0.01, 0.02, 1.0, 0.0, 1.0, true),
            ),
            &[Note::Quantised],
        ),
        exact(&codec("BenchmarkIntern"), "allocs/op", Improved, 30.0, 10.0),
        alone(
            exact(&key(store, "BenchmarkBatch"), "allocs/op", New, 5.0, 5.0),
            false,
        ),
    ];
    for (index, name) in HOSTILE.iter().enumerate() {
        let package = if index % 4 == 3 {
            "example.com/<b>@team</b>|`x`"
        } else {
            "::error::example.com/hostile"
        };
        rows.push(exact(
            &key(package, name),
            "allocs/op",
            Regressed,
            index as f64,
            index as f64 + 1.0,
        ));
    }
    rows.extend([
        noted(
            exact(
                &key(store, "BenchmarkQuiet#01"),
                "allocs/op",
                Unchanged,
                5.0,
                5.0,
            ),
            &[
                Note::ProcsDiffer {
                    baseline: Some(4),
                    candidate: Some(8),
                },
                Note::IterationsDiffer,
                Note::MaybeRenumbered,
            ],
        ),
        noted(
            row(
                &key(store, "BenchmarkOnce"),
                "allocs/op",
                Unchanged,
                &[12.0],
                &[12.0],
                Evidence::Short { needed: 4 },
            ),
            &[Note::OneSample],
        ),
        noted(
            row(
                &key(store, "BenchmarkLess"),
                "allocs/op",
                Unchanged,
                &[12.0],
                &[11.0],
                Evidence::Short { needed: 4 },
            ),
            &[Note::OneSample, Note::FellShort],
        ),
        noted(
            JudgedRow {
                budget: budget(10.0),
                ..row(
                    &key(store, "BenchmarkTouches"),
                    "allocs/op",
                    Unchanged,
                    &[9.0, 9.0, 10.0, 9.0],
                    &[10.0, 9.0, 11.0, 9.0],
                    tested(0.6, 0.7, 0.0, f64::NEG_INFINITY, f64::INFINITY, false),
                )
            },
            &[Note::Quantised, Note::BudgetTouched],
        ),
        noted(
            JudgedRow {
                gating: Gating::Advisory,
                ..row(
                    &key(store, "BenchmarkDeclared"),
                    "widgets/op",
                    Regressed,
                    &[5.0, 6.0],
                    &[9.0, 9.0],
                    Evidence::Exact,
                )
            },
            &[Note::ExactVaries],
        ),
        row(
            &put,
            "ns/op",
            Regressed,
            &noisy.map(|v| v * 1.5e-8),
            &noisier.map(|v| v * 2e-8),
            tested(0.000_01, 0.000_01, 7e-7, 6.9e-7, 7.1e-7, true),
        ),
        row(
            &get,
            "ns/op",
            Improved,
            &noisier.map(|v| v * 1e-9),
            &noisy.map(|v| v * 1e-9),
            tested(0.000_01, 0.000_01, -1e-8, -1.1e-8, -9e-9, true),
        ),
        row(
            &scan,
            "ns/op",
            Unchanged,
            &noisy,
            &noisy,
            tested(1.0, 1.0, 0.0, f64::NEG_INFINITY, f64::INFINITY, false),
        ),
        JudgedRow {
            better: Better::Unknown,
            gating: Gating::Ignore,
            ..exact(&put, "ratio<img>|x", Unchanged, 1.0, 2.0)
        },
    ]);
    for row in &mut rows {
        // One of the keys has more to it.
        if row.key.benchmark == "BenchmarkBatch" {
            let key = Arc::make_mut(&mut row.key);
            key.config.push(("tags".to_owned(), "purego|@x".to_owned()));
        }
    }
    rows.sort_by_key(|row| (row.status, row.gating != Gating::Gate));
    let finding = |code, severity, message: &str, at: Option<&str>| Finding {
        code,
        severity,
        message: message.to_owned(),
        at: at.map(str::to_owned),
    };
    let mut report = report(
        Verdict::Regression,
        vec![
            cause(CauseKind::Regressed, 21, Outcome::Fail),
            cause(CauseKind::OverBudget, 1, Outcome::Fail),
            cause(CauseKind::WaiverExpired, 1, Outcome::Fail),
            cause(CauseKind::Inconclusive, 2, Outcome::CouldNotJudge),
            cause(CauseKind::Failed, 2, Outcome::CouldNotJudge),
            cause(CauseKind::Deleted, 1, Outcome::CouldNotJudge),
            cause(CauseKind::RulerChanged, 1, Outcome::CouldNotJudge),
            cause(CauseKind::Malformed, 1, Outcome::CouldNotJudge),
            cause(CauseKind::Vanished, 2, Outcome::Pass),
        ],
        rows,
        vec![
            finding(
                FindingCode::Failure,
                Severity::Error,
                "BenchmarkPanics of example.com/store/internal/codec panicked: runtime error: index out of range [3] with length 3",
                Some("head.txt:1044"),
            ),
            finding(
                FindingCode::Malformed,
                Severity::Error,
                "expected a number, found `\x1b[31mx`, <b>@team</b> ::error::",
                Some("head.txt:17"),
            ),
            finding(
                FindingCode::WaiverUnused,
                Severity::Warning,
                "this waiver covers no regression and can go: BenchmarkGone, allocs/op",
                Some("allocgate.toml:41"),
            ),
            finding(
                FindingCode::EnvironmentDiffers,
                Severity::Info,
                "`cpu` differs between the sides: `A` and `B`",
                None,
            ),
        ],
    );
    let geomean = |unit: &str, baseline, candidate, ratio| Geomean {
        unit: Unit::new(unit),
        baseline,
        candidate,
        ratio,
    };
    report.circumstances = Some(circumstances());
    report.locate(&functions());
    report.attribute(&attributed());
    report.geomeans = vec![
        geomean("allocs/op", None, Some(12.25), None),
        geomean("B/op", Some(1204.4), Some(1501.2), Some(1.2464)),
        geomean("ns/op", Some(1.2e-7), Some(1.3e-7), Some(1.0833)),
    ];
    report
}

/// Where some of the functions are declared, one of them in a file with a hostile name.
fn functions() -> Vec<Located> {
    [
        ("", "BenchmarkGet", "store_test.go", 12),
        ("", "BenchmarkPut", "store_test.go", 31),
        (
            "/internal/codec",
            "BenchmarkEncode",
            "internal/codec/a,b::c\n%0A|<i>_test.go",
            7,
        ),
    ]
    .into_iter()
    .map(|(package, benchmark, file, line)| Located {
        which: Named {
            package: format!("example.com/store{package}"),
            benchmark: benchmark.to_owned(),
        },
        place: Place {
            file: format!("services/store/{file}"),
            line,
        },
    })
    .collect()
}

/// The lines of some rows, one of them with hostile names.
fn attributed() -> Vec<Attributed> {
    let site = |file: &str, line, function: &str, rise| Site {
        place: Place {
            file: format!("services/store/{file}"),
            line,
        },
        function: function.to_owned(),
        rise,
    };
    let of = |package: &str, benchmark: &str, unit: &str, sites: &[Site]| Attributed {
        which: Named {
            package: format!("example.com/store{package}"),
            benchmark: benchmark.to_owned(),
        },
        procs: Some(8),
        unit: Unit::new(unit),
        sites: sites.to_vec(),
    };
    let insert = |rise| site("tree.go", 88, "(*Tree).insert", rise);
    let hostile = site(
        "internal/codec/a,b::c\n%0A|<i>.go",
        9,
        "Encode[...]\n::error::`@team`",
        10.0,
    );
    vec![
        of("", "BenchmarkPut", "B/op", &[insert(640.0)]),
        of(
            "",
            "BenchmarkPut",
            "allocs/op",
            &[insert(11.0), site("log.go", 7, "record", 1.0)],
        ),
        of("", "BenchmarkGet", "allocs/op", &[insert(1.0)]),
        of(
            "/internal/codec",
            "BenchmarkEncode/json",
            "allocs/op",
            &[hostile],
        ),
    ]
}

/// One of each thing that a run may know.
fn circumstances() -> Circumstances {
    let named = |benchmark: &str| Named {
        package: "example.com/store".to_owned(),
        benchmark: benchmark.to_owned(),
    };
    Circumstances {
        identical: vec![Identical {
            package: "example.com/store/internal/codec".to_owned(),
            benchmarks: 4,
            by: IdenticalBy::Binaries,
        }],
        deleted: vec![named("BenchmarkGone")],
        unmeasured: vec![Unmeasured {
            which: named("BenchmarkSlow"),
            why: "the time was up".to_owned(),
        }],
        rulers: vec![Ruler {
            which: named("BenchmarkPut"),
            measured: Measured::Apart,
            why: "its code changed".to_owned(),
        }],
        silent: vec![named("BenchmarkSkipped")],
        iteration_dependent: vec![IterationDependence {
            package: "example.com/store".to_owned(),
            benchmark: "BenchmarkGrow/a|b".to_owned(),
            unit: Unit::new(Unit::BYTES),
            figures: [(100, 480.0), (1000, 64.0)],
        }],
        remarks: vec!["the submodule libs/x is not initialised".to_owned()],
    }
}

/// Nothing regressed.
pub(super) fn pass() -> Report {
    let key = |name: &str| key("example.com/store", name);
    let mut rows = vec![exact(
        &key("BenchmarkIntern"),
        "allocs/op",
        Status::Improved,
        30.0,
        10.0,
    )];
    for name in ["BenchmarkGet", "BenchmarkPut", "BenchmarkScan"] {
        rows.push(exact(&key(name), "B/op", Status::Unchanged, 64.0, 64.0));
        rows.push(exact(&key(name), "allocs/op", Status::Unchanged, 2.0, 2.0));
    }
    report(Verdict::Pass, Vec::new(), rows, Vec::new())
}

/// Nothing at all.
pub(super) fn empty() -> Report {
    let finding = Finding {
        code: FindingCode::NoBenchmarks,
        severity: Severity::Error,
        message: "the candidate holds no benchmark result; was it made with `go test -bench . -benchmem`?".to_owned(),
        at: None,
    };
    let causes = vec![cause(CauseKind::NoBenchmarks, 1, Outcome::CouldNotJudge)];
    let mut report = report(Verdict::CouldNotJudge, causes, Vec::new(), vec![finding]);
    report.inputs = SideInputs::default();
    report.settings.policy = None;
    report
}

/// One sample a side.
pub(super) fn could_not_judge() -> Report {
    let row = |name: &str, a: f64, b: f64| {
        let evidence = Evidence::Short { needed: 4 };
        row(
            &key("example.com/store", name),
            "allocs/op",
            Status::Inconclusive,
            &[a],
            &[b],
            evidence,
        )
    };
    let causes = vec![cause(CauseKind::Inconclusive, 2, Outcome::CouldNotJudge)];
    let mut rows = vec![
        row("BenchmarkGet", 12.0, 24.0),
        row("BenchmarkGet", 3.0, 4.0),
    ];
    Arc::make_mut(&mut rows[1].key).procs = None;
    report(Verdict::CouldNotJudge, causes, rows, Vec::new())
}

/// Many rows that regressed, with names as hostile as they are long.
pub(super) fn many(count: usize) -> Report {
    let rows: Vec<_> = (0..count)
        .map(|index| {
            let name = format!(
                "Benchmark{}{index}",
                HOSTILE[index % HOSTILE.len()].repeat(5)
            );
            let package = format!("example.com/{}", index / 100);
            exact(
                &key(&package, &name),
                "allocs/op",
                Status::Regressed,
                index as f64,
                index as f64 + 1.0,
            )
        })
        .collect();
    report(
        Verdict::Regression,
        vec![cause(CauseKind::Regressed, count, Outcome::Fail)],
        rows,
        Vec::new(),
    )
}

/// The memory budget alone: a command under a limit, with every judgement.
pub(super) fn memory() -> Report {
    let amount = |value: f64, quantity, from: &str| Amount {
        value,
        quantity,
        from: from.to_owned(),
    };
    let check = |id, judgement, message: &str| Check {
        id,
        container: Some("api".to_owned()),
        judgement,
        measured: None,
        bound: None,
        message: message.to_owned(),
        remedy: None,
    };
    let mib =
        |mebibytes: f64, from: &str| Some(amount(mebibytes * 1_048_576.0, Quantity::Bytes, from));
    let checks = vec![
        Check {
            measured: mib(512.0, "deploy.yaml:17"),
            ..check(
                MemoryCheck::LimitDeclared,
                Judgement::Pass,
                "the limit is 512Mi",
            )
        },
        Check {
            measured: mib(500.0, "deploy.yaml:19"),
            bound: mib(460.8, "90% of the limit, deploy.yaml:17"),
            remedy: Some("set GOMEMLIMIT to at most 460MiB".to_owned()),
            ..check(
                MemoryCheck::GomemlimitHeadroom,
                Judgement::Fail,
                "GOMEMLIMIT 500 MiB is 97.7% of the limit 512 MiB: too little is left",
            )
        },
        Check {
            measured: Some(amount(f64::INFINITY, Quantity::Percent, "deploy.yaml:20")),
            remedy: Some("read /proc/PID/smaps_rollup, @team".to_owned()),
            ..check(
                MemoryCheck::WorkingSet,
                Judgement::CouldNotJudge,
                HOSTILE[8],
            )
        },
        check(
            MemoryCheck::Canary,
            Judgement::NotAsked,
            "no readings of a baseline were given",
        ),
        Check {
            remedy: Some("see where they wait".to_owned()),
            ..check(
                MemoryCheck::Diagnosis,
                Judgement::Advice,
                "goroutines 12 → 4012: leaked goroutines",
            )
        },
    ];
    let sample = |at: u8| {
        let used = f64::from(at.min(30)) * 8e6;
        MemorySample {
            at: f64::from(at) / 10.0,
            usage: Some(used + 2e8),
            working_set: Some(used),
            anonymous: Some(used * 0.9),
            resident: at.is_multiple_of(5).then_some(used * 0.95),
        }
    };
    let reading = Reading {
        source: "http://127.0.0.1:9090/metrics".to_owned(),
        taken: Some(1_700_000_000.0),
        figures: vec![
            Figure::new(Word::Limit, f64::INFINITY, "memory.max"),
            Figure::new(Word::Rss, 1e8, "status").but(Bound::AtMost, "shared pages included"),
        ],
    };
    let memory = MemoryReport {
        checks,
        sources: vec!["deploy.yaml".to_owned(), HOSTILE[9].to_owned()],
        remarks: vec![
            "Dockerfile:1: the environment of image `golang` is not known here".to_owned(),
        ],
        candidate: Some(Readings {
            before: None,
            now: reading,
        }),
        baseline: None,
        command: Some(CommandRun {
            command: vec!["./server".to_owned(), HOSTILE[5].to_owned()],
            limit: 536_870_912.0,
            enforced_by: Some("cgroup v2".to_owned()),
            end: CommandEnd::Exited(7),
            seconds: 6.0,
            settled_after: 1.0,
            sampling_seconds: 0.01,
            samples: (0..60).map(sample).collect(),
        }),
    };
    Report {
        memory: Some(memory),
        inputs: SideInputs::default(),
        ..report(
            Verdict::Regression,
            vec![
                cause(CauseKind::MemoryFailed, 1, Outcome::Fail),
                cause(CauseKind::CommandFailed, 1, Outcome::CouldNotJudge),
                cause(CauseKind::MemoryUnknown, 1, Outcome::CouldNotJudge),
            ],
            Vec::new(),
            Vec::new(),
        )
    }
}

/// What a renderer writes.
pub(super) fn rendered(
    render: impl Fn(&Report, &mut dyn Write) -> io::Result<()>,
    report: &Report,
) -> String {
    let mut out = Vec::new();
    render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
