//! What a report has to complain about, row by row, finding by finding and check by check: the
//! formats that CI systems read are lists of these.
//!
//! A report that fails the build has a problem that does: what no row, check or finding tells is told
//! by its cause. A fingerprint tells a problem from the others of its report and is the same in the next
//! run, whatever the figures are.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::digest::{self, Names};
use super::place;
use crate::figure;
use crate::gate::{
    Cause, CauseKind, Check, CommandRun, Finding, JudgedRow, Judgement, Outcome, Place, Report,
    Severity, Status,
};
use crate::policy::Gating;
use crate::text::{fit, fit_middle, plain};

/// Columns of a name, and of a sentence.
const NAME_COLUMNS: usize = 160;
const SENTENCE_COLUMNS: usize = 400;

/// What a problem does to the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It fails the build.
    Error,
    /// It deserves attention, and the build passes with it.
    Warning,
}

/// What it is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Row(&'a JudgedRow),
    Finding(&'a Finding),
    Check(&'a Check),
    /// What nothing else tells of, with the command that it concerns.
    Cause(&'a Cause, Option<&'a CommandRun>),
}

/// One complaint.
#[derive(Clone, Debug)]
pub(super) struct Problem<'a> {
    /// What it makes of the build.
    pub(super) outcome: Outcome,
    pub(super) subject: Subject<'a>,
    /// The line that it concerns, if that is known.
    pub(super) place: Option<Place>,
}

/// Every problem, errors first, in the order of the report otherwise: rows, then checks, then findings.
pub(super) fn all(report: &Report) -> Vec<Problem<'_>> {
    let rows = report.rows.iter().filter_map(|row| {
        let outcome = outcome_of_row(report, row)?;
        Some(Problem::of_row(report, row, outcome))
    });
    let checks = report.memory.iter().flat_map(|memory| &memory.checks);
    let checks = checks.filter_map(|check| {
        let kind = match check.judgement {
            Judgement::Fail => CauseKind::MemoryFailed,
            Judgement::CouldNotJudge => CauseKind::MemoryUnknown,
            Judgement::Pass | Judgement::Advice | Judgement::NotAsked => return None,
        };
        Some(Problem::of_check(report, check, outcome(report, kind)))
    });
    let findings = report.findings.iter().filter_map(|finding| {
        let outcome = match finding.severity {
            Severity::Error => Outcome::CouldNotJudge,
            Severity::Warning => Outcome::Pass,
            Severity::Info => return None,
        };
        Some(Problem {
            outcome,
            subject: Subject::Finding(finding),
            place: place::of_finding(report, finding),
        })
    });
    let mut problems: Vec<Problem<'_>> = rows.chain(checks).chain(findings).collect();
    problems.extend(untold(report, |cause| is_told_by_nothing(cause.kind)));
    let fails = report.verdict.exit_code() != 0;
    if fails
        && problems
            .iter()
            .all(|problem| problem.level() == Level::Warning)
    {
        // Such as results that were lost without being listed.
        problems.extend(untold(report, |cause| cause.outcome != Outcome::Pass));
    }
    problems.sort_by_key(Problem::level);
    problems
}

/// The rows that regressed and whose waivers accept it.
pub(super) fn waived(report: &Report) -> impl Iterator<Item = Problem<'_>> {
    let waived = |row: &&JudgedRow| row.status == Status::Waived && row.gating == Gating::Gate;
    let rows = report.rows.iter().filter(waived);
    rows.map(|row| Problem::of_row(report, row, Outcome::Pass))
}

/// Causes that are problems by themselves.
fn untold(report: &Report, which: impl Fn(&Cause) -> bool) -> impl Iterator<Item = Problem<'_>> {
    let memory = report.memory.as_ref();
    let command = memory.and_then(|memory| memory.command.as_ref());
    let causes = report.causes.iter().filter(move |cause| which(cause));
    causes.map(move |cause| Problem {
        outcome: cause.outcome,
        subject: Subject::Cause(cause, command),
        place: None,
    })
}

/// Whether a cause is no row, no check and no finding.
fn is_told_by_nothing(kind: CauseKind) -> bool {
    matches!(
        kind,
        CauseKind::CommandFailed | CauseKind::NotEnforced | CauseKind::NoMemoryChecks
    )
}

/// How many of `all` are listed where `most` fit: if some are left out, the last place counts them.
pub(super) fn listed(all: usize, most: usize) -> usize {
    if all > most { most - 1 } else { all }
}

/// What a row makes of the build; `None` of a row that nobody need look at.
pub(super) fn outcome_of_row(report: &Report, row: &JudgedRow) -> Option<Outcome> {
    if row.gating != Gating::Gate {
        return None;
    }
    let kind = match row.status {
        // An expired waiver leaves its row regressed, under a cause of its own.
        Status::Regressed | Status::OverBudget => return Some(Outcome::Fail),
        Status::Inconclusive => CauseKind::Inconclusive,
        Status::Failed => CauseKind::Failed,
        Status::Vanished => CauseKind::Vanished,
        Status::RulerChanged => CauseKind::RulerChanged,
        Status::Waived
        | Status::WithinThreshold
        | Status::Improved
        | Status::New
        | Status::Unchanged => return None,
    };
    Some(outcome(report, kind))
}

/// What the policy makes of a cause. What is no cause lets the build pass.
pub(super) fn outcome(report: &Report, kind: CauseKind) -> Outcome {
    let cause = report.causes.iter().find(|cause| cause.kind == kind);
    cause.map_or(Outcome::Pass, |cause| cause.outcome)
}

/// A fingerprint of each problem, as hexadecimal digits: what it is and, of problems that cannot be told
/// apart otherwise, which of them.
pub(super) fn fingerprints(problems: &[Problem<'_>]) -> Vec<String> {
    let mut seen: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    let fingerprint = |problem: &Problem<'_>| {
        let identity = problem.identity();
        let mut hasher = Sha256::new();
        for part in &identity {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let before = seen.entry(identity).or_default();
        hasher.update(before.to_le_bytes());
        *before += 1;
        let digest = hasher.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    problems.iter().map(fingerprint).collect()
}

impl<'a> Problem<'a> {
    pub(super) fn of_row(report: &Report, row: &'a JudgedRow, outcome: Outcome) -> Self {
        Problem {
            outcome,
            subject: Subject::Row(row),
            place: place::of_row(report, row),
        }
    }

    pub(super) fn of_check(report: &Report, check: &'a Check, outcome: Outcome) -> Self {
        Problem {
            outcome,
            subject: Subject::Check(check),
            place: place::of_check(report, check),
        }
    }

    /// What it does to the build.
    pub(super) fn level(&self) -> Level {
        match self.outcome {
            Outcome::Pass => Level::Warning,
            Outcome::Fail | Outcome::CouldNotJudge => Level::Error,
        }
    }

    /// What tells it from other problems from run to run. There is no figure in it, and no line.
    fn identity(&self) -> Vec<String> {
        let mut parts = vec![self.code()];
        match self.subject {
            Subject::Row(row) => {
                let key = &row.key;
                parts.extend([
                    key.package.clone(),
                    key.name_with_procs(),
                    row.unit.to_string(),
                ]);
                for (setting, value) in &key.config {
                    parts.extend([setting.clone(), value.clone()]);
                }
            }
            // What a message counts may be another number in the next run, and an address is another one.
            Subject::Finding(finding) => {
                let words = finding.message.split(' ');
                let words = words.filter(|word| !word.contains("0x"));
                let message = words.collect::<Vec<_>>().join(" ");
                parts.push(message.replace(|c: char| c.is_ascii_digit(), ""));
            }
            Subject::Check(check) => parts.extend(check.container.clone()),
            Subject::Cause(..) => {}
        }
        parts
    }

    /// The code that `allocgate explain` knows it by.
    pub(super) fn code(&self) -> String {
        match self.subject {
            Subject::Row(row) => row.status.as_str().to_owned(),
            Subject::Finding(finding) => finding.code.as_str().to_owned(),
            Subject::Check(check) => check.id.to_string(),
            Subject::Cause(cause, _) => cause.kind.as_str().to_owned(),
        }
    }

    /// One sentence, harmless and of bounded length. Of a row: `Put: allocs/op 12 → 24, +12 (+100%): exact: …`.
    pub(super) fn message(&self, names: &Names) -> String {
        fit(&plain(&self.sentence(names)), SENTENCE_COLUMNS).into_owned()
    }

    fn sentence(&self, names: &Names) -> String {
        match self.subject {
            Subject::Row(row) => {
                let name = names.name(&row.key);
                let name = plain(&name);
                let name = fit_middle(&name, NAME_COLUMNS);
                format!("{name}: {}: {}", figures(row), row.why())
            }
            Subject::Cause(cause, Some(command)) if is_told_by_nothing(cause.kind) => {
                format!("{cause}: {}", digest::command(command))
            }
            Subject::Cause(cause, _) => cause.to_string(),
            Subject::Finding(finding) => match &finding.at {
                Some(at) if self.place.is_none() => format!("{at}: {}", finding.message),
                _ => finding.message.clone(),
            },
            Subject::Check(check) => {
                let mut message = match &check.container {
                    Some(container) => format!("{container}: {}", check.message),
                    None => check.message.clone(),
                };
                if let Some(remedy) = &check.remedy {
                    let _ = write!(message, " → {remedy}");
                }
                message
            }
        }
    }
}

/// `allocs/op 12 → 24, +12 (+100%)`.
pub(super) fn figures(row: &JudgedRow) -> String {
    let (baseline, candidate) = row.shown_values();
    let mut text = format!("{} {baseline} → {candidate}", row.unit);
    if let Some(change) = row.change {
        let change = figure::change(change.absolute, change.relative, &row.unit);
        let _ = write!(text, ", {change}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn a_report_that_fails_the_build_has_a_problem_that_does() {
        for report in fixture::all() {
            let fails = report.verdict.exit_code() != 0;
            let error = |problem: &Problem<'_>| problem.level() == Level::Error;
            assert_eq!(all(&report).iter().any(error), fails);
        }
    }

    #[test]
    fn addresses_make_no_other_fingerprint() {
        let of = |message: &str| {
            let mut report = fixture::empty();
            report.findings[0].message = message.to_owned();
            fingerprints(&all(&report))
        };
        assert_eq!(of("panic: at 0xc0ffee"), of("panic: at 0xbeef"));
        assert_ne!(of("panic: at 0xc0ffee"), of("panic: in 0xc0ffee"));
    }

    #[test]
    fn what_nothing_lists_is_told_by_its_cause() {
        let mut report = fixture::empty();
        report.findings.clear();
        let problems = all(&report);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].code(), "no-benchmarks");
        let codes: Vec<String> = all(&fixture::memory()).iter().map(Problem::code).collect();
        assert!(codes.contains(&"command-failed".to_owned()), "{codes:?}");
    }

    #[test]
    fn fingerprints_are_unique_and_hold_no_figure() {
        let report = fixture::everything();
        let mut later = report.clone();
        for row in &mut later.rows {
            for side in [&mut row.baseline, &mut row.candidate]
                .into_iter()
                .flatten()
            {
                side.center += 1.0;
            }
            row.at = None;
        }
        for finding in &mut later.findings {
            finding.message = finding.message.replace('3', "17");
            finding.at = None;
        }
        let (problems, later) = (all(&report), all(&later));
        let own = fingerprints(&problems);
        assert_eq!(own, fingerprints(&later));
        let twice: Vec<Problem<'_>> = problems.iter().chain(&later).cloned().collect();
        let unique: std::collections::BTreeSet<String> = fingerprints(&twice).into_iter().collect();
        assert_eq!(unique.len(), twice.len());
    }
}
