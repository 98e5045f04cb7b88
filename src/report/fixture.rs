//! Reports to test the renderers with: one that has everything, hostile names included, and some
//! that have little.

mod everything;
mod memory;

use std::io::{self, Write};
use std::sync::Arc;

use crate::benchmark::{Key, SharedKey};
use crate::gate::*;
use crate::policy::{Gating, Threshold};
use crate::unit::{Better, Unit};

pub(super) use everything::everything;
pub(super) use memory::memory;

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
            filter: None,
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
                crate::text::HOSTILE[index % crate::text::HOSTILE.len()].repeat(5)
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

/// What a renderer writes.
pub(super) fn rendered(
    render: impl Fn(&Report, &mut dyn Write) -> io::Result<()>,
    report: &Report,
) -> String {
    let mut out = Vec::new();
    render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
