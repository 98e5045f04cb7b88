//! The figures as OpenMetrics text, which Prometheus reads as well: for GitLab's metrics reports
//! (`artifacts: reports: metrics`), for a Pushgateway or the textfile collector.
//!
//! GitLab compares the values of two reports series by series and lists every one that differs: only
//! rows that can fail the build are written, since times differ in every run. It takes everything from a
//! `#` on for a comment, quoted or not, and refuses the report if a quote is left open: `#` in a label
//! is `%23` therefore, and `%` is `%25`. There are no more than 5,000 rows, in the order of the report;
//! a metric counts what is left out.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::benchmark::Key;
use crate::gate::{Amount, Check, JudgedRow, Judgement, Report, Side, Status};
use crate::memory::reading::Quantity;
use crate::policy::Gating;
use crate::text::{fit_middle, plain};

/// The most rows.
const MOST: usize = 5000;
/// The most checks of the memory budget, of all containers together.
const MOST_CHECKS: usize = 1000;
/// Columns of a label's value.
const LABEL_COLUMNS: usize = 400;

/// Samples with their labels, and what is left out of them.
struct Labelled<'a, T> {
    all: Vec<(String, &'a T)>,
    left: usize,
}

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out };
    let exit_code = f64::from(report.verdict.exit_code());
    page.family("allocgate_exit_code", "Exit code: 0 is a pass.")?;
    page.sample("allocgate_exit_code", "", exit_code)?;
    let help = "1 if only what a filter selects was judged.";
    page.family("allocgate_filtered", help)?;
    let filtered = u8::from(report.settings.filter.is_some());
    page.sample("allocgate_filtered", "", f64::from(filtered))?;
    rows(report, &mut page)?;
    geomeans(report, &mut page)?;
    memory(report, &mut page)?;
    page.out.write_all(b"# EOF\n")
}

fn rows(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    page.family("allocgate_rows", "Rows that can fail the build, by status.")?;
    for status in Status::ALL {
        let labels = labels(&[("status", status.as_str())]);
        page.sample("allocgate_rows", &labels, report.counts.of(*status) as f64)?;
    }
    let gating = report.rows.iter().filter(|row| row.gating == Gating::Gate);
    let rows = Labelled::of(gating, MOST, |row: &JudgedRow| {
        row_labels(&row.key, row.unit.as_str())
    });
    page.family(
        "allocgate_rows_left_out",
        "Rows that are not in this report: too many, or another has the same labels.",
    )?;
    page.sample("allocgate_rows_left_out", "", rows.left as f64)?;
    let mut side = |name, help, side: fn(&JudgedRow) -> Option<&Side>| {
        page.family(name, help)?;
        for (labels, row) in &rows.all {
            if let Some(side) = side(row) {
                page.sample(name, labels, side.center)?;
            }
        }
        Ok(())
    };
    side(
        "allocgate_baseline",
        "Median of the baseline, in the unit of the row.",
        |row| row.baseline.as_ref(),
    )?;
    side(
        "allocgate_candidate",
        "Median of the candidate, in the unit of the row.",
        |row| row.candidate.as_ref(),
    )
}

fn geomeans(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let gating = report.rows.iter().filter(|row| row.gating == Gating::Gate);
    let units: BTreeSet<&str> = gating.map(|row| row.unit.as_str()).collect();
    let means = report.geomeans.iter();
    let means = means.filter(|mean| units.contains(mean.unit.as_str()));
    let samples: Vec<(String, f64)> = means
        .flat_map(|mean| {
            let sides = [("baseline", mean.baseline), ("candidate", mean.candidate)];
            sides.map(|(side, value)| {
                let labels = labels(&[("side", side), ("unit", mean.unit.as_str())]);
                value.map(|value| (labels, value))
            })
        })
        .flatten()
        .collect();
    // A mean over a zero is none.
    if samples.is_empty() {
        return Ok(());
    }
    page.family(
        "allocgate_geomean",
        "Geometric mean over the rows of a unit.",
    )?;
    for (labels, value) in samples {
        page.sample("allocgate_geomean", &labels, value)?;
    }
    Ok(())
}

fn memory(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let Some(memory) = &report.memory else {
        return Ok(());
    };
    page.family(
        "allocgate_memory_checks",
        "Checks of the memory budget, by judgement.",
    )?;
    for judgement in Judgement::ALL {
        let labels = labels(&[("judgement", judgement.as_str())]);
        let count = memory.count(*judgement) as f64;
        page.sample("allocgate_memory_checks", &labels, count)?;
    }
    let checks = Labelled::of(memory.checks.iter(), MOST_CHECKS, check_labels);
    page.family(
        "allocgate_memory_checks_left_out",
        "Checks whose figures are not in this report.",
    )?;
    page.sample("allocgate_memory_checks_left_out", "", checks.left as f64)?;
    let mut amount = |name, help, amount: fn(&Check) -> Option<&Amount>| {
        page.family(name, help)?;
        for (labels, check) in &checks.all {
            if let Some(amount) = amount(check) {
                page.sample(name, labels, amount.value)?;
            }
        }
        Ok(())
    };
    amount(
        "allocgate_memory_measured",
        "The figure that a check judged.",
        |check| check.measured.as_ref(),
    )?;
    amount(
        "allocgate_memory_bound",
        "What the figure was held against.",
        |check| check.bound.as_ref(),
    )
}

impl<'a, T> Labelled<'a, T> {
    /// The first `most`. Two of the same labels would be one series: only the first is taken.
    fn of(
        samples: impl Iterator<Item = &'a T>,
        most: usize,
        labels: impl Fn(&T) -> String,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let (mut all, mut left) = (Vec::new(), 0);
        for sample in samples {
            if all.len() == most {
                left += 1;
                continue;
            }
            let labels = labels(sample);
            match seen.insert(labels.clone()) {
                true => all.push((labels, sample)),
                false => left += 1,
            }
        }
        Labelled { all, left }
    }
}

/// Families of gauges, one after the other.
struct Page<'a> {
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn family(&mut self, name: &str, help: &str) -> io::Result<()> {
        writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} gauge")
    }

    fn sample(&mut self, name: &str, labels: &str, value: f64) -> io::Result<()> {
        writeln!(self.out, "{name}{labels} {}", number(value))
    }
}

fn row_labels(key: &Key, unit: &str) -> String {
    let procs = key.procs.map(|procs| procs.to_string());
    let config: Vec<String> = key
        .config
        .iter()
        .map(|(setting, value)| format!("{setting}:{value}"))
        .collect();
    labels(&[
        ("package", &key.package),
        ("benchmark", &key.benchmark),
        ("gomaxprocs", procs.as_deref().unwrap_or_default()),
        ("config", &config.join(" ")),
        ("unit", unit),
    ])
}

fn check_labels(check: &Check) -> String {
    let amount = check.measured.as_ref().or(check.bound.as_ref());
    labels(&[
        ("check", &check.id.to_string()),
        ("container", check.container.as_deref().unwrap_or_default()),
        (
            "quantity",
            amount.map_or("", |amount| quantity(amount.quantity)),
        ),
    ])
}

fn quantity(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Bytes => "bytes",
        Quantity::Count => "count",
        Quantity::CpuSeconds => "cpu-seconds",
        Quantity::Percent => "percent",
        Quantity::Share => "share",
        Quantity::Instant => "instant",
    }
}

/// `{name="value",…}`; an empty label is none.
fn labels(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
        let before = if text.is_empty() { '{' } else { ',' };
        let value = plain(value).replace('%', "%25").replace('#', "%23");
        let value = fit_middle(&value, LABEL_COLUMNS);
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(text, "{before}{name}=\"{value}\"");
    }
    if !text.is_empty() {
        text.push('}');
    }
    text
}

/// The shortest that is read as the same number.
fn number(value: f64) -> String {
    let exponential = format!("{value:?}");
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ if exponential.contains('e') => exponential,
        _ => value.to_string(),
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
    fn snapshots() {
        insta::assert_snapshot!("metrics", rendered(&fixture::everything()));
        insta::assert_snapshot!("metrics_memory", rendered(&fixture::memory()));
    }

    /// As GitLab reads a line: nothing from `#` on, then words as a shell splits them.
    #[test]
    fn every_line_is_a_series_and_a_value_for_gitlab() {
        for report in fixture::all() {
            for line in rendered(&report).lines() {
                let line = line.split('#').next().unwrap();
                let mut words = 1;
                let (mut quoted, mut escaped) = (false, false);
                for c in line.chars() {
                    match c {
                        _ if escaped => escaped = false,
                        '\\' => escaped = true,
                        '"' => quoted = !quoted,
                        ' ' if !quoted => words += 1,
                        _ => {}
                    }
                }
                assert!(!quoted, "{line}");
                assert!(line.is_empty() || words == 2, "{line}");
            }
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let text = rendered(&fixture::many(MOST + 7));
        assert!(text.contains("\nallocgate_rows_left_out 7\n"));
        assert_eq!(text.matches("\nallocgate_candidate{").count(), MOST);
        assert!(text.len() < 5 << 20);
    }

    #[test]
    fn numbers_are_short() {
        for (value, shown) in [
            (12.0, "12"),
            (0.5, "0.5"),
            (1.25e-8, "1.25e-8"),
            (1e300, "1e300"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), shown);
        }
        assert_eq!(
            labels(&[("a", "x\"\\#01\n%"), ("b", "")]),
            "{a=\"x\\\"\\\\%2301\\\\n%25\"}"
        );
    }
}
