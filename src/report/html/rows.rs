//! Every row in one table, a body a status, what needs attention first; and the geometric means.
//!
//! The numbers that the script sorts by stand in `data-value`. A browser that is to stay usable cannot
//! show any number of rows: from [`MOST_ROWS`] on the last ones are left out, which the page says.

use std::io::{self, Write};

use maud::{Markup, PreEscaped, html};

use super::plot::plot;
use super::{Part, capital, name, path, sentence, sign};
use crate::figure::{self, count};
use crate::gate::{Evidence, JudgedRow, Report, Side, Status};
use crate::policy::Gating;
use crate::report::digest::{self, Names, Section};

/// Rows that are shown: some 30 MB, which a browser opens in a few seconds.
const MOST_ROWS: usize = 25_000;
/// The columns, and what the script sorts them by.
const COLUMNS: [(&str, &str); 8] = [
    ("Status", "order"),
    ("Benchmark", "text"),
    ("Unit", "text"),
    ("Baseline", "number"),
    ("Candidate", "number"),
    ("Change", "number"),
    ("Samples", ""),
    ("Why", "text"),
];

/// The sign of a status, beside its word.
pub(super) fn mark(status: Status) -> &'static str {
    match status {
        Status::Regressed | Status::OverBudget => "×",
        Status::Inconclusive => "?",
        Status::Failed => "!",
        Status::Vanished => "−",
        Status::RulerChanged => "≠",
        Status::Waived => "~",
        Status::WithinThreshold => "≈",
        Status::Improved => "✓",
        Status::New => "+",
        Status::Unchanged => "=",
    }
}

/// What links lead to the rows of a section by.
pub(super) fn group(section: &Section<'_>) -> String {
    let advisory = if section.advisory { "advisory-" } else { "" };
    format!("rows-{advisory}{}", section.status.as_str())
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let names = Names::of(report);
    let sections = Section::all(report);
    let start = html! {
        (PreEscaped("<section id=\"rows\">"))
        h2 { (Part::Rows.title()) }
        @for line in digest::advisory(report) {
            p { "Advisory, never fails the build: " (line) }
        }
        (legend())
        (controls(report, &sections))
        (left_out(&sections))
        (PreEscaped("<table class=\"rows\">"))
        caption { "Every row with its samples, what needs attention first" }
        thead { tr {
            @for (title, sort) in COLUMNS {
                @match sort {
                    "" => th scope="col" { (title) small { "● baseline, ■ candidate" } },
                    sort => th scope="col" data-sort=(sort) { (title) },
                }
            }
        } }
    };
    super::write(start, out)?;
    let mut room = MOST_ROWS;
    for section in sections {
        let shown = &section.rows[..section.rows.len().min(room)];
        room -= shown.len();
        if shown.is_empty() {
            continue;
        }
        let start = html! {
            (PreEscaped("<tbody>\n"))
            tr.group {
                th colspan=(COLUMNS.len()) scope="rowgroup" id=(group(&section)) {
                    (sign(mark(section.status))) " " (capital(&section.title()))
                    " (" (section.rows.len()) ") "
                    code { "allocgate explain " (section.status.as_str()) }
                }
            }
        };
        super::write(start, out)?;
        for one in shown {
            out.write_all(b"\n")?;
            super::write(row(one, &names), out)?;
        }
        out.write_all(b"</tbody>")?;
    }
    out.write_all(b"</table></section>")
}

/// What is not shown, if anything.
fn left_out(sections: &[Section<'_>]) -> Markup {
    let number: usize = sections.iter().map(|section| section.rows.len()).sum();
    html! {
        @if number > MOST_ROWS {
            p.left-out {
                strong { (count(number - MOST_ROWS, "row")) " left out: " }
                "this page shows the first " (MOST_ROWS) " of " (number)
                ", those that need attention first. All of them are in the reports "
                code { "--report json=FILE" } " and " code { "--report csv=FILE" } "."
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        details.legend {
            summary { "How to read the samples" }
            p {
                "Each picture has the baseline's samples above (round) and the candidate's below (square), \
                 on one scale of its own that grows to the right and spans 5% of the greatest value or more. "
                "The line across a strip is the centre of its samples, the band behind them the confidence interval \
                 of that centre, where there are enough samples for one. "
                "Where all samples of a side are equal there is one dot with their number. "
                "A picture says all of this in words, too: as its name, and when pointed at."
            }
        }
    }
}

/// What only works with scripts, and is hidden without.
fn controls(report: &Report, sections: &[Section<'_>]) -> Markup {
    let advisory: usize = sections
        .iter()
        .filter(|section| section.advisory)
        .map(|section| section.rows.len())
        .sum();
    let number = |status: Status| {
        let own = report.rows.iter().filter(|row| row.status == status);
        own.count()
    };
    html! {
        div.controls hidden role="search" aria-label="Filter rows" {
            label { "Filter " input type="search" placeholder="package, benchmark, unit, reason" size="32" autocomplete="off" spellcheck="false"; }
            fieldset {
                legend { "Show" }
                @for &status in Status::ALL {
                    @let rows = number(status);
                    @if rows > 0 {
                        label {
                            input type="checkbox" checked value=(status.as_str());
                            " " (status.as_str().replace('-', " ")) " (" (rows) ")"
                        }
                    }
                }
                @if advisory > 0 {
                    label.advisory {
                        input type="checkbox" checked value="advisory";
                        " advisory rows (" (advisory) ")"
                    }
                }
            }
            button type="button" { "Show all" }
            p role="status" {}
        }
    }
}

fn row(row: &JudgedRow, names: &Names) -> Markup {
    let (baseline, candidate) = row.shown_values();
    let center = |side: &Option<Side>| side.as_ref().map(|side| side.center);
    let advisory = row.gating != Gating::Gate;
    html! {
        tr data-status=(row.status.as_str()) data-advisory[advisory] {
            td {
                (sign(mark(row.status))) " " (row.status.as_str().replace('-', " "))
                @if advisory { small { (row.gating) } }
            }
            th scope="row" {
                code { (path(&names.name(&row.key))) }
                @if !row.key.package.is_empty() { small { (path(&row.key.package)) } }
                @if let Some(place) = &row.at {
                    small { (path(&place.file)) ":" (place.line) }
                }
            }
            td { (name(row.unit.as_str())) }
            td data-value=[center(&row.baseline)] { (baseline) }
            td data-value=[center(&row.candidate)] { (candidate) }
            (change(row))
            td { (plot(row)) }
            td { (sentence(&row.why())) }
        }
    }
}

/// The difference of the centres with what it rests on. It is sorted by what share it is.
fn change(row: &JudgedRow) -> Markup {
    let Some(change) = row.change else {
        return html! { td { "–" } };
    };
    // From zero any change is without bound.
    let share = change
        .relative
        .unwrap_or(f64::INFINITY.copysign(change.absolute));
    html! {
        td data-value=(share) {
            (figure::change(change.absolute, change.relative, &row.unit))
            @if let Some(interval) = interval(row) { small { (interval) } }
        }
    }
}

/// `shift +10 [+9, +11]`, `exact`.
fn interval(row: &JudgedRow) -> Option<String> {
    Some(match row.evidence.as_ref()? {
        Evidence::Exact => "exact".to_owned(),
        Evidence::Short { .. } => "too few samples for an interval".to_owned(),
        Evidence::Tested { shift, .. } => {
            let signed = |value| figure::signed(value, &row.unit);
            let estimate = signed(shift.estimate);
            if shift.lo.is_finite() && shift.hi.is_finite() {
                format!(
                    "shift {estimate} [{}, {}]",
                    signed(shift.lo),
                    signed(shift.hi)
                )
            } else {
                format!("shift {estimate}, too few samples for an interval")
            }
        }
    })
}

pub(super) fn geomeans(report: &Report) -> Markup {
    html! {
        section id=(Part::Geomeans.id()) {
            h2 { (Part::Geomeans.title()) }
            div.box tabindex="0" role="region" aria-label=(Part::Geomeans.title()) {
                table {
                    caption { "Geometric means over all rows of a unit" }
                    thead { tr {
                        th scope="col" { "unit" }
                        th.number scope="col" { "baseline" }
                        th.number scope="col" { "candidate" }
                        th.number scope="col" { "change" }
                    } }
                    tbody { @for mean in &report.geomeans {
                        @let [baseline, candidate, change] = digest::geomean(mean);
                        tr {
                            th scope="row" { (name(mean.unit.as_str())) }
                            td.number { (baseline) }
                            td.number { (candidate) }
                            td.number { (change) }
                        }
                    } }
                }
            }
        }
    }
}
