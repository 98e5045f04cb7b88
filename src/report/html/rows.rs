//! Every row in one table, a body a status, what needs attention first; and the geometric means.
//!
//! The numbers that the script sorts by stand in `data-value`. A browser that is to stay usable cannot
//! show any number of rows: from [`MOST_BYTES`] on the last ones are left out, which the page says.

use std::io::{self, Write};

use maud::{Markup, PreEscaped, html};

use super::plot::plot;
use super::{Part, capital, name, path, sentence, sign};
use crate::figure::{self, count};
use crate::gate::{Evidence, JudgedRow, Report, Side, Status};
use crate::policy::Gating;
use crate::report::digest::{self, Names, Section};
use crate::report::lines;

/// What all rows may take: some 25,000 of them, which a browser opens in three seconds.
pub(super) const MOST_BYTES: usize = 20 << 20;
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
    let sections = Section::all(report);
    let names = Names::of(report);
    let (mut bodies, mut room, mut shown) = (String::new(), MOST_BYTES, 0);
    for section in &sections {
        shown += body(section, &names, &mut room, &mut bodies);
    }
    let markup = html! {
        section id=(Part::Rows.id()) {
            h2 { (Part::Rows.title()) }
            @if !report.advisory.is_empty() {
                p { "Advisory, never fails the build: " (digest::advisory(report).join("; ")) }
            }
            (legend())
            (controls(report, &sections))
            (left_out(shown, report.rows.len()))
            table.rows {
                caption { "Every row with its samples, what needs attention first" }
                thead { tr {
                    @for (title, sort) in COLUMNS {
                        @match sort {
                            "" => th scope="col" { (title) " " small { "● baseline, ■ candidate" } },
                            sort => th scope="col" data-sort=(sort) { (title) },
                        }
                    }
                } }
                (PreEscaped(bodies))
            }
        }
    };
    super::write(markup, out)
}

/// Adds the rows of a section to the page, as far as there is room. Returns how many.
fn body(section: &Section<'_>, names: &Names, room: &mut usize, page: &mut String) -> usize {
    let mut rows = String::new();
    let mut shown = 0;
    for one in &section.rows {
        let markup = row(one, names).into_string();
        if markup.len() > *room {
            // No smaller row comes in before one that matters more.
            *room = 0;
            break;
        }
        *room -= markup.len();
        rows.push('\n');
        rows.push_str(&markup);
        shown += 1;
    }
    let all = section.rows.len();
    let body = html! {
        tbody {
            tr.group {
                th colspan=(COLUMNS.len()) scope="rowgroup" id=(group(section)) {
                    (sign(mark(section.status))) " " (capital(&section.title())) " ("
                    @if shown < all { (shown) " of " }
                    (all) ") "
                    code { "allocgate explain " (section.status.as_str()) }
                }
            }
            (PreEscaped(rows))
        }
    };
    page.push_str(&body.into_string());
    shown
}

/// What is not shown, if anything.
fn left_out(shown: usize, all: usize) -> Markup {
    html! {
        @if shown < all {
            p.left-out {
                strong { (count(all - shown, "row")) " left out: " }
                "this page shows the first " (shown) " of " (all)
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
                "The line across a strip is the centre of its samples, the box around them the confidence interval \
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
    let center = |side: &Option<Side>| side.as_ref().map(|side| number(side.center));
    let advisory = row.gating != Gating::Gate;
    html! {
        tr data-status=(row.status.as_str()) data-advisory[advisory] {
            td {
                (sign(mark(row.status))) " " (row.status.as_str().replace('-', " "))
                @if advisory { " " small { (row.gating) } }
            }
            th scope="row" {
                code { (path(&names.name(&row.key))) }
                @if !row.key.package.is_empty() { " " small { (path(&row.key.package)) } }
                @if let Some(place) = &row.at {
                    " " small { (path(&place.file)) ":" (place.line) }
                }
            }
            td { (path(row.unit.as_str())) }
            td data-value=[center(&row.baseline)] { (baseline) }
            td data-value=[center(&row.candidate)] { (candidate) }
            (change(row))
            td { (plot(row)) }
            td {
                (sentence(&row.why()))
                @if let Some(sites) = lines::of_row(row) { " " small { (sentence(&sites)) } }
            }
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
        td data-value=(number(share)) {
            (figure::change(change.absolute, change.relative, &row.unit))
            " " (interval(row))
        }
    }
}

/// A number as scripts read it.
fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value => value.to_string(),
    }
}

/// What the difference rests on: `exact`, `shift +10 [+9, +11]`.
fn interval(row: &JudgedRow) -> Markup {
    let signed = |value| figure::signed(value, &row.unit);
    html! {
        @match &row.evidence {
            None => {},
            Some(Evidence::Exact) => small { "exact" },
            Some(Evidence::Short { .. }) => small { "too few samples" },
            Some(Evidence::Tested { shift, .. }) => small {
                "shift " (signed(shift.estimate)) " "
                @if shift.lo.is_finite() && shift.hi.is_finite() {
                    span { "[" (signed(shift.lo)) ", " (signed(shift.hi)) "]" }
                } @else {
                    span { "(no interval)" }
                }
            },
        }
    }
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
