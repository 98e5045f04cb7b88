//! What a run finds beyond its rows: failures, lines that could not be read, dead rules, sides that
//! were not measured alike.

use rustc_hash::{FxHashMap, FxHashSet};

use super::circumstances::Circumstances;
use super::finding::{Finding, FindingCode, Severity};
use super::judge::Case;
use super::known::known;
use super::tally::{Noted, Tally};
use crate::benchmark::{Failure, MAX_KEPT, SampleSet, SyntaxErrorKind};
use crate::policy::{Doubt, Outcome};
use crate::unit::Unit;

/// Configuration keys whose difference between the sides makes figures hard to compare.
const TELLING: [&str; 12] = [
    "goos",
    "goarch",
    "cpu",
    "go",
    "goversion",
    "toolchain",
    "gomaxprocs",
    "goexperiment",
    "gogc",
    "gomemlimit",
    "race",
    "tags",
];

/// All findings, most severe first.
pub(super) fn all(case: Case<'_>, tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    nothing_judged(case, tally, &mut findings);
    if let Some(baseline) = case.baseline {
        side(baseline, None, &mut findings);
        environment(baseline, case.candidate, &mut findings);
        same_measurement(baseline, case.candidate, &mut findings);
    }
    side(case.candidate, Some(case), &mut findings);
    if let Some(circumstances) = case.circumstances {
        known(case, circumstances, &mut findings);
    }
    // What was not run, or not selected, may be what a rule is for.
    let is_partial = |known: &Circumstances| !known.identical.is_empty();
    if case.filter.is_none() && !case.circumstances.is_some_and(is_partial) {
        dead_rules(case, tally, &mut findings);
    }
    for selector in case.dead_selectors {
        let message = format!("`{selector}` of the filter selects nothing");
        findings.push(warning(FindingCode::FilterUnused, message));
    }
    unlike_measurements(tally, &mut findings);
    for key in case.row_keys {
        let message = format!(
            "rows are told apart by the configuration key `{key}`, which varies within a side; \
             if it is no part of the benchmark, add it to `ignore-keys` of the policy"
        );
        findings.push(Finding {
            severity: Severity::Info,
            ..warning(FindingCode::RowsSplit, message)
        });
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Number of results that a side lost: malformed and unfinished ones.
pub(super) fn lost_results(side: &SampleSet) -> usize {
    let kept = side
        .errors()
        .iter()
        .filter(|error| error.kind != SyntaxErrorKind::Doubtful)
        .count();
    kept + side.overflow().lost + side.overflow().values
}

pub(super) fn warning(code: FindingCode, message: String) -> Finding {
    Finding {
        code,
        severity: Severity::Warning,
        message,
        at: None,
    }
}

pub(super) fn doubt(case: Case<'_>, doubt: Doubt) -> Severity {
    match case.policy.outcome(doubt) {
        Outcome::Pass => Severity::Warning,
        Outcome::Fail | Outcome::CouldNotJudge => Severity::Error,
    }
}

/// The sentence, with what it may be due to.
fn of_selection(case: Case<'_>, message: &str) -> String {
    match case.filter {
        Some(filter) => format!("{message} (only what the filter `{filter}` selects is judged)"),
        None => message.to_owned(),
    }
}

fn nothing_judged(case: Case<'_>, tally: &Tally<'_>, findings: &mut Vec<Finding>) {
    let (no_benchmarks, no_allocations) = tally.nothing_to_judge(case);
    let empty = |side: &SampleSet| side.rows().len() == 0;
    if no_benchmarks {
        let message = match case.baseline {
            _ if case.is_filtered_out() => "no benchmark result is left: there is nothing to judge",
            _ if case.filter.is_some() && empty(case.candidate) => {
                "no benchmark result of the candidate is left: nothing was compared"
            }
            Some(baseline) if case.filter.is_some() && empty(baseline) => {
                "no benchmark result of the baseline is left: nothing was compared"
            }
            _ if case.circumstances.is_some() => {
                "no benchmark was found, or none printed a result: there is nothing to judge"
            }
            None if !empty(case.candidate) => {
                "no baseline was given and no budget of the policy matches a benchmark: nothing was judged"
            }
            _ if empty(case.candidate) => {
                "the candidate holds no benchmark result; was it made with `go test -bench . -benchmem`?"
            }
            Some(baseline) if empty(baseline) => {
                "the baseline holds no benchmark result; was it made with `go test -bench . -benchmem`?"
            }
            _ => "no benchmark occurs on both sides: nothing was compared",
        };
        findings.push(Finding {
            severity: doubt(case, Doubt::NoBenchmarks),
            ..warning(FindingCode::NoBenchmarks, of_selection(case, message))
        });
    }
    if no_allocations {
        let side = if tally.gating_in_candidate > 0 {
            "baseline"
        } else {
            "candidate"
        };
        findings.push(Finding {
            severity: doubt(case, Doubt::NoAllocations),
            ..warning(FindingCode::NoAllocations, of_selection(case, &format!(
                "the {side} has no allocs/op and no B/op figures; measure it with `go test -bench . -benchmem`"
            )))
        });
    }
}

/// What is wrong with one side's input. `judged` is given for the candidate, whose flaws count.
fn side(side: &SampleSet, judged: Option<Case<'_>>, findings: &mut Vec<Finding>) {
    let severity = |of| judged.map_or(Severity::Warning, |case| doubt(case, of));
    for failure in side.failures() {
        findings.push(Finding {
            code: FindingCode::Failure,
            severity: severity(Doubt::Failed),
            message: describe(failure),
            at: Some(failure.at.to_string()),
        });
    }
    for error in side.errors() {
        let (code, severity) = match error.kind {
            SyntaxErrorKind::Malformed => (FindingCode::Malformed, severity(Doubt::Malformed)),
            SyntaxErrorKind::Unfinished => (FindingCode::Unfinished, severity(Doubt::Malformed)),
            SyntaxErrorKind::Doubtful => (FindingCode::Malformed, Severity::Info),
        };
        let (message, at) = (error.message.clone(), Some(error.at.to_string()));
        findings.push(Finding {
            code,
            severity,
            message,
            at,
        });
    }
    let overflow = side.overflow();
    let beyond = [
        (
            overflow.lost,
            format!("unreadable results after the first {MAX_KEPT} are not listed"),
        ),
        (
            overflow.failures,
            format!("failures after the first {MAX_KEPT} are not listed"),
        ),
        (
            overflow.values,
            "values were not read: there are more different units than can be told apart"
                .to_owned(),
        ),
        (
            overflow.configurations,
            "changes of configuration came after too many others: from then on only the package \
             tells rows apart"
                .to_owned(),
        ),
    ];
    for (count, what) in beyond.into_iter().filter(|(count, _)| *count > 0) {
        findings.push(warning(FindingCode::Truncated, format!("{count} {what}")));
    }
    let mut seen: FxHashMap<u64, &str> = FxHashMap::default();
    for file in side.files().iter().filter(|file| file.results > 0) {
        if let Some(first) = seen.insert(file.fingerprint, &file.path) {
            let message = format!(
                "{} and {} hold the same results: each sample counts twice, which makes noise look certain",
                first, file.path
            );
            findings.push(warning(FindingCode::DuplicateInput, message));
        }
    }
}

/// One sentence on a failure.
fn describe(failure: &Failure) -> String {
    let who = match (&failure.benchmark, failure.package.as_str()) {
        (Some(benchmark), "") => benchmark.clone(),
        (Some(benchmark), package) => format!("{benchmark} of {package}"),
        (None, "") => "a package".to_owned(),
        (None, package) => package.to_owned(),
    };
    match failure.detail.as_str() {
        "" => format!("{who} {}", failure.kind.label()),
        detail => format!("{who} {}: {detail}", failure.kind.label()),
    }
}

/// Configurations that are constant on each side and differ between them.
fn environment(baseline: &SampleSet, candidate: &SampleSet, findings: &mut Vec<Finding>) {
    for (key, before) in baseline.environment() {
        let Some(after) = candidate.environment().get(key) else {
            continue;
        };
        let ([before], [after]) = (&before[..], &after[..]) else {
            continue;
        };
        if before == after {
            continue;
        }
        let telling = TELLING.contains(&key.as_str());
        findings.push(Finding {
            severity: if telling {
                Severity::Warning
            } else {
                Severity::Info
            },
            ..warning(
                FindingCode::EnvironmentDiffers,
                format!("`{key}` differs between the sides: `{before}` and `{after}`"),
            )
        });
    }
}

/// Whether both sides are one measurement: a file given twice, or under two names. Only times never
/// repeat themselves; counts alone may well be equal.
fn same_measurement(baseline: &SampleSet, candidate: &SampleSet, findings: &mut Vec<Finding>) {
    if !candidate
        .units()
        .iter()
        .any(|unit| unit.as_str() == Unit::TIME)
    {
        return;
    }
    let known: FxHashSet<u64> = baseline
        .files()
        .iter()
        .filter(|file| file.results > 0)
        .map(|file| file.fingerprint)
        .collect();
    let twice = |file: &&crate::benchmark::FileSummary| known.contains(&file.fingerprint);
    if let Some(file) = candidate
        .files()
        .iter()
        .filter(|file| file.results > 0)
        .find(twice)
    {
        findings.push(Finding {
            at: Some(file.path.to_string()),
            ..warning(
                FindingCode::SameMeasurement,
                "these results are the baseline's, too: one measurement on both sides cannot differ".to_owned(),
            )
        });
    }
}

/// Rules, budgets and waivers that match nothing: each is a hole in the gate.
fn dead_rules(case: Case<'_>, tally: &Tally<'_>, findings: &mut Vec<Finding>) {
    let dead = |code, message: String, at: &str| Finding {
        at: Some(at.to_owned()),
        ..warning(code, message)
    };
    for (rule, _) in unused(&case.policy.rules, &tally.rules_used) {
        let unit = rule
            .unit
            .as_ref()
            .map_or(String::new(), |unit| format!(", {unit}"));
        let message = format!("this rule matches nothing: {}{unit}", rule.scope);
        findings.push(dead(FindingCode::RuleUnused, message, &rule.at));
    }
    for (budget, _) in unused(&case.policy.budgets, &tally.budgets_used) {
        let message = format!(
            "this budget matches nothing: {}, {}",
            budget.scope, budget.unit
        );
        findings.push(dead(FindingCode::BudgetUnused, message, &budget.at));
    }
    for (waiver, _) in unused(&case.policy.waivers, &tally.waivers_used) {
        let message = format!(
            "this waiver covers no regression and can go: {}, {}",
            waiver.scope, waiver.unit
        );
        findings.push(dead(FindingCode::WaiverUnused, message, &waiver.at));
    }
}

fn unused<'a, T>(items: &'a [T], used: &'a [bool]) -> impl Iterator<Item = (&'a T, &'a bool)> {
    items.iter().zip(used).filter(|(_, used)| !**used)
}

/// Benchmarks whose sides were measured differently, each kind once.
fn unlike_measurements(tally: &Tally<'_>, findings: &mut Vec<Finding>) {
    let kinds: [(&Noted, FindingCode, &str); 4] = [
        (
            &tally.iterations_differ,
            FindingCode::IterationsDiffer,
            "ran with iteration counts that differ by more than 10× between the sides; growth and \
             pools are amortised differently then; measure both with the same `-benchtime Nx`",
        ),
        (
            &tally.few_iterations,
            FindingCode::FewIterations,
            "ran fewer than 100 iterations: allocations of the runtime and of other goroutines show \
             in the figures; use a larger -benchtime",
        ),
        (
            &tally.procs_differ,
            FindingCode::ProcsDiffer,
            "ran with a different GOMAXPROCS on each side and were paired all the same",
        ),
        (
            &tally.renumbered,
            FindingCode::Renumbered,
            "are told apart by a number (`#01`), and the numbers differ between the sides: a case may \
             have been inserted, so that figures of different cases are compared; give the \
             sub-benchmarks names",
        ),
    ];
    for (noted, code, what) in kinds {
        let Some(example) = &noted.example else {
            continue;
        };
        let who = match noted.benchmarks {
            1 => format!("1 benchmark ({example})"),
            count => format!("{count} benchmarks (such as {example})"),
        };
        findings.push(warning(code, format!("{who} {what}")));
    }
}
