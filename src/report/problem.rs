//! What a report has to complain about, row by row, finding by finding and check by check: the
//! formats that CI systems read are lists of these.

use std::fmt::Write;

use super::digest::Names;
use super::place;
use crate::figure;
use crate::gate::{
    CauseKind, Check, Finding, JudgedRow, Judgement, Outcome, Place, Report, Severity, Status,
};
use crate::policy::Gating;

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
}

/// One complaint.
#[derive(Clone, Debug)]
pub(super) struct Problem<'a> {
    pub(super) level: Level,
    pub(super) subject: Subject<'a>,
    /// The line that it concerns, if that is known.
    pub(super) place: Option<Place>,
}

/// Every problem, errors first, in the order of the report otherwise: rows, then checks, then findings.
pub(super) fn all(report: &Report) -> Vec<Problem<'_>> {
    let rows = report.rows.iter().filter_map(|row| {
        Some(Problem {
            level: level_of_row(report, row)?,
            subject: Subject::Row(row),
            place: row.at.clone(),
        })
    });
    let checks = report.memory.iter().flat_map(|memory| &memory.checks);
    let checks = checks.filter_map(|check| {
        let kind = match check.judgement {
            Judgement::Fail => CauseKind::MemoryFailed,
            Judgement::CouldNotJudge => CauseKind::MemoryUnknown,
            Judgement::Pass | Judgement::Advice | Judgement::NotAsked => return None,
        };
        Some(Problem {
            level: level(report, kind),
            subject: Subject::Check(check),
            place: place::of_check(report, check),
        })
    });
    let findings = report.findings.iter().filter_map(|finding| {
        let level = match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Info => return None,
        };
        Some(Problem {
            level,
            subject: Subject::Finding(finding),
            place: place::of_finding(report, finding),
        })
    });
    let mut problems: Vec<Problem<'_>> = rows.chain(checks).chain(findings).collect();
    problems.sort_by_key(|problem| problem.level);
    problems
}

/// `None` of a row that nobody need look at.
fn level_of_row(report: &Report, row: &JudgedRow) -> Option<Level> {
    if row.gating != Gating::Gate {
        return None;
    }
    let kind = match row.status {
        // An expired waiver leaves its row regressed, under a cause of its own.
        Status::Regressed | Status::OverBudget => return Some(Level::Error),
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
    Some(level(report, kind))
}

/// What the policy makes of a cause. What is no cause lets the build pass.
fn level(report: &Report, kind: CauseKind) -> Level {
    let fails = report
        .causes
        .iter()
        .any(|cause| cause.kind == kind && cause.outcome != Outcome::Pass);
    if fails { Level::Error } else { Level::Warning }
}

impl Problem<'_> {
    /// The code that `allocgate explain` knows it by.
    pub(super) fn code(&self) -> String {
        match self.subject {
            Subject::Row(row) => row.status.as_str().to_owned(),
            Subject::Finding(finding) => finding.code.as_str().to_owned(),
            Subject::Check(check) => check.id.to_string(),
        }
    }

    /// One sentence. Of a row: `Put: allocs/op 12 → 24, +12 (+100%): exact: …`. It holds text of others.
    pub(super) fn message(&self, names: &Names) -> String {
        match self.subject {
            Subject::Row(row) => {
                format!("{}: {}: {}", names.name(&row.key), figures(row), row.why())
            }
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
