//! The rows as CSV (RFC 4180, UTF-8, comma, header line): a line a row, every figure in the tidied
//! unit and in full. Columns keep their names; new ones are added at the end.
//!
//! A spreadsheet takes a cell that starts with `=`, `+`, `-`, `@` or a tab for a formula, and names
//! of benchmarks are text of others. Text cells that start so bear a single quote in front; columns
//! of numbers never do, so that `-12` stays a number. Infinite bounds are `inf` and `-inf`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::digest;
use crate::gate::{Amount, Check, CommandRun, Evidence, JudgedRow, Judgement, Report};
use crate::memory::reading::Quantity;
use crate::policy::Gating;
use crate::text::plain;

/// The header, in the order of the fields of [`Line`]: written even where there are no rows.
const COLUMNS: [&str; 33] = [
    "package",
    "benchmark",
    "gomaxprocs",
    "config",
    "unit",
    "status",
    "gating",
    "baseline",
    "candidate",
    "change",
    "change_percent",
    "rule",
    "p",
    "p_adjusted",
    "n_baseline",
    "n_candidate",
    "shift",
    "shift_lo",
    "shift_hi",
    "samples_needed",
    "baseline_lo",
    "baseline_hi",
    "candidate_lo",
    "candidate_hi",
    "threshold_percent",
    "threshold_absolute",
    "budget",
    "budget_at",
    "waiver_up_to",
    "waiver_expires",
    "waiver_reason",
    "waiver_at",
    "why",
];

/// One line.
#[derive(Default, Serialize)]
struct Line<'a> {
    package: Cow<'a, str>,
    benchmark: Cow<'a, str>,
    gomaxprocs: Option<u32>,
    config: String,
    unit: Cow<'a, str>,
    status: &'static str,
    gating: String,
    baseline: Option<f64>,
    candidate: Option<f64>,
    change: Option<f64>,
    change_percent: Option<f64>,
    rule: Option<&'static str>,
    p: Option<f64>,
    p_adjusted: Option<f64>,
    n_baseline: usize,
    n_candidate: usize,
    shift: Option<f64>,
    shift_lo: Option<f64>,
    shift_hi: Option<f64>,
    samples_needed: Option<usize>,
    baseline_lo: Option<f64>,
    baseline_hi: Option<f64>,
    candidate_lo: Option<f64>,
    candidate_hi: Option<f64>,
    threshold_percent: f64,
    threshold_absolute: f64,
    budget: Option<f64>,
    budget_at: Option<Cow<'a, str>>,
    waiver_up_to: Option<f64>,
    waiver_expires: Option<Cow<'a, str>>,
    waiver_reason: Option<Cow<'a, str>>,
    waiver_at: Option<Cow<'a, str>>,
    why: String,
}

impl<'a> Line<'a> {
    fn of(row: &'a JudgedRow) -> Self {
        let (baseline, candidate) = (row.baseline.as_ref(), row.candidate.as_ref());
        let (budget, waiver) = (row.budget.as_ref(), row.waiver.as_ref());
        let (rule, p, shift, samples_needed) = match &row.evidence {
            None => (None, None, None, None),
            Some(Evidence::Exact) => (Some("exact"), None, None, None),
            Some(Evidence::Tested { p, shift, .. }) => (Some("tested"), Some(p), Some(shift), None),
            Some(Evidence::Short { needed }) => (Some("short"), None, None, Some(*needed)),
        };
        let config: Vec<String> = row
            .key
            .config
            .iter()
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        Line {
            package: text(&row.key.package),
            benchmark: text(&row.key.benchmark),
            gomaxprocs: row.key.procs,
            config: text(&config.join(" ")).into_owned(),
            unit: text(row.unit.as_str()),
            status: row.status.as_str(),
            gating: row.gating.to_string(),
            baseline: baseline.map(|side| side.center),
            candidate: candidate.map(|side| side.center),
            change: row.change.map(|change| change.absolute),
            change_percent: row
                .change
                .and_then(|change| change.relative)
                .map(|share| 100.0 * share),
            rule,
            p: p.map(|p| p.raw),
            p_adjusted: p.map(|p| p.adjusted),
            n_baseline: baseline.map_or(0, |side| side.samples.len()),
            n_candidate: candidate.map_or(0, |side| side.samples.len()),
            shift: shift.map(|shift| shift.estimate),
            shift_lo: shift.map(|shift| shift.lo),
            shift_hi: shift.map(|shift| shift.hi),
            samples_needed,
            baseline_lo: baseline.map(|side| side.lo),
            baseline_hi: baseline.map(|side| side.hi),
            candidate_lo: candidate.map(|side| side.lo),
            candidate_hi: candidate.map(|side| side.hi),
            threshold_percent: 100.0 * row.threshold.relative,
            threshold_absolute: row.threshold.absolute,
            budget: budget.map(|budget| budget.ceiling),
            budget_at: budget.map(|budget| text(&budget.at)),
            waiver_up_to: waiver.map(|waiver| waiver.up_to),
            waiver_expires: waiver
                .and_then(|waiver| waiver.expires.as_deref())
                .map(text),
            waiver_reason: waiver.map(|waiver| text(&waiver.reason)),
            waiver_at: waiver.map(|waiver| text(&waiver.at)),
            why: text(&row.why()).into_owned(),
        }
    }
}

impl<'a> Line<'a> {
    /// A check of the memory budget: the figure as the candidate's, the bound as the budget.
    fn of_check(check: &'a Check) -> Self {
        let value = |amount: &Option<Amount>| amount.as_ref().map(|amount| amount.value);
        let quantity = check.measured.as_ref().or(check.bound.as_ref());
        Line {
            package: text(check.container.as_deref().unwrap_or_default()),
            benchmark: check.id.to_string().into(),
            unit: match quantity.map(|amount| amount.quantity) {
                Some(Quantity::Bytes) => "B",
                Some(Quantity::CpuSeconds | Quantity::Instant) => "sec",
                Some(Quantity::Percent) => "percent",
                Some(Quantity::Count | Quantity::Share) | None => "",
            }
            .into(),
            status: check.judgement.as_str(),
            gating: match check.judgement {
                Judgement::Advice | Judgement::NotAsked => Gating::Advisory,
                _ => Gating::Gate,
            }
            .to_string(),
            candidate: value(&check.measured),
            n_candidate: usize::from(check.measured.is_some()),
            budget: value(&check.bound),
            budget_at: check.bound.as_ref().map(|bound| text(&bound.from)),
            why: text(&check.message).into_owned(),
            ..Line::of_memory()
        }
    }

    /// The command that was run under a limit.
    fn of_command(command: &'a CommandRun) -> Self {
        Line {
            benchmark: "command".into(),
            unit: "sec".into(),
            status: command.end.as_str(),
            gating: Gating::Gate.to_string(),
            candidate: Some(command.seconds),
            n_candidate: 1,
            why: text(&digest::command(command)).into_owned(),
            ..Line::of_memory()
        }
    }

    /// A line of the memory budget without anything in it.
    fn of_memory() -> Self {
        Line {
            rule: Some("memory"),
            ..Line::default()
        }
    }
}

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out);
    csv.write_record(COLUMNS)?;
    for row in &report.rows {
        csv.serialize(Line::of(row))?;
    }
    for check in report.memory.iter().flat_map(|memory| &memory.checks) {
        csv.serialize(Line::of_check(check))?;
    }
    let command = report
        .memory
        .as_ref()
        .and_then(|memory| memory.command.as_ref());
    if let Some(command) = command {
        csv.serialize(Line::of_command(command))?;
    }
    csv.flush()
}

/// Text of others, on one line and no formula.
fn text(text: &str) -> Cow<'_, str> {
    let shown = plain(text);
    // What a spreadsheet folds into the signs before it looks counts as these.
    match shown.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => format!("'{shown}").into(),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn rendered(report: &Report) -> String {
        fixture::rendered(render, report)
    }

    #[test]
    fn snapshot() {
        insta::assert_snapshot!(rendered(&fixture::everything()));
        insta::assert_snapshot!("csv_memory", rendered(&fixture::memory()));
    }

    #[test]
    fn columns_and_fields_agree() {
        let json = serde_json::to_string(&Line::of(&fixture::everything().rows[0])).unwrap();
        let mut at = 0;
        for column in COLUMNS {
            let found = json[at..].find(&format!("\"{column}\":"));
            at += found.unwrap_or_else(|| panic!("{column} is missing or out of order"));
        }
        assert_eq!(rendered(&fixture::empty()).trim_end(), COLUMNS.join(","));
    }

    #[test]
    fn no_cell_is_a_formula_and_numbers_stay_numbers() {
        for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"] {
            assert!(matches!(text(name).as_bytes()[0], b'\'' | b'\\'), "{name}");
        }
        for report in fixture::all() {
            let csv = rendered(&report);
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            for line in reader.records() {
                for (column, cell) in COLUMNS.iter().zip(line.unwrap().iter()) {
                    let active = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                    assert!(!active || cell.parse::<f64>().is_ok(), "{column}: {cell}");
                    assert!(!cell.chars().any(char::is_control), "{column}: {cell}");
                }
            }
        }
    }
}
