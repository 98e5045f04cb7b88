//! The head of the page: the verdict, what led to it, what was compared and how, and what to do next.

use maud::{Markup, html};

use super::{Part, capital, name, parts, rows, sentence, sign};
use crate::figure::{self, count};
use crate::gate::{Input, Report, Verdict};
use crate::report::digest;

/// Files of a side that are listed.
const MOST_FILES: usize = 200;

pub(super) fn write(report: &Report) -> Markup {
    let (verdict, causes) = digest::headline(report);
    let (tone, mark) = match verdict {
        Verdict::Pass => ("good", "✓"),
        Verdict::Regression => ("bad", "×"),
        Verdict::CouldNotJudge | Verdict::CommandFailed => ("doubt", "?"),
    };
    html! {
        header.verdict data-tone=(tone) {
            h1 { (sign(mark)) " " (capital(digest::label(report))) }
            p.causes { (sentence(&capital(&causes))) }
            @for aside in digest::asides(report) {
                p { (sentence(&capital(&aside))) }
            }
            p.next {
                "Exit code " (verdict.exit_code())
                @if let Some(topic) = digest::explain(report) {
                    "; what to do: " code { "allocgate explain " (name(&topic)) }
                }
            }
            p.inputs { (sentence(&digest::inputs(report))) }
            (counts(report))
            (settings(report))
            (files(report))
            (contents(report))
        }
    }
}

/// How many rows have which status.
fn counts(report: &Report) -> Markup {
    let shown = digest::Section::all(report);
    html! {
        @if !shown.is_empty() {
            ul.counts aria-label="Rows by status" {
                @for section in &shown {
                    li data-status=(section.status.as_str()) data-advisory[section.advisory] {
                        a href={ "#" (rows::group(section)) } {
                            (sign(rows::mark(section.status)))
                            " " (section.title()) " " b { (section.rows.len()) }
                        }
                    }
                }
            }
        }
    }
}

fn settings(report: &Report) -> Markup {
    let settings = &report.settings;
    let test = match settings.test.as_str() {
        "mann-whitney" => "Mann-Whitney",
        "welch" => "Welch",
        other => other,
    };
    let adjustment = match settings.adjust.as_str() {
        "bh" => "Benjamini-Hochberg",
        "holm" => "Holm",
        other => other,
    };
    html! {
        dl.settings {
            @if !report.is_memory_alone() {
                div { dt { "test" } dd { (name(test)) } }
                div { dt { "significance (alpha)" } dd { (settings.alpha) } }
                div { dt { "adjustment" } dd { (name(adjustment)) } }
                div { dt { "confidence of intervals" } dd { (figure::percent(settings.confidence)) } }
            }
            div { dt { "policy" } dd {
                @match &settings.policy {
                    Some(path) => code { (name(path)) },
                    None => "default",
                }
            } }
            @if let Some(filter) = &settings.filter {
                div { dt { "filter" } dd { code { (name(filter)) } } }
            }
            div { dt { "allocgate" } dd { (env!("CARGO_PKG_VERSION")) } }
        }
    }
}

/// Every file that was read.
fn files(report: &Report) -> Markup {
    let sides = [
        ("baseline", &report.inputs.baseline),
        ("candidate", &report.inputs.candidate),
    ];
    let files = |files: &Vec<Input>, side: &str| {
        html! {
            @for file in files.iter().take(MOST_FILES) {
                tr {
                    th scope="row" { code { (name(&file.path)) } }
                    td { (side) }
                    td { (name(&file.format)) }
                    td.number { (figure::number(file.results as f64)) }
                }
            }
            @if files.len() > MOST_FILES {
                tr { td colspan="4" { "and " (count(files.len() - MOST_FILES, "more file")) " of the " (side) } }
            }
        }
    };
    let number: usize = sides.iter().map(|(_, files)| files.len()).sum();
    let sources = report
        .memory
        .as_ref()
        .map_or(&[][..], |memory| &memory.sources);
    html! {
        @if number + sources.len() > 0 {
            details.files {
                summary { "What was read (" (number + sources.len()) ")" }
                @if number > 0 {
                    div.box tabindex="0" role="region" aria-label="Files of benchmark results" {
                        table {
                            caption { "Files of benchmark results" }
                            thead { tr {
                                th scope="col" { "file" }
                                th scope="col" { "side" }
                                th scope="col" { "format" }
                                th.number scope="col" { "results" }
                            } }
                            tbody { @for (side, list) in sides { (files(list, side)) } }
                        }
                    }
                }
                @if !sources.is_empty() {
                    p { "For the memory budget:" }
                    ul {
                        @for source in sources.iter().take(MOST_FILES) { li { code { (name(source)) } } }
                        @if sources.len() > MOST_FILES {
                            li { "and " (count(sources.len() - MOST_FILES, "more source")) }
                        }
                    }
                }
            }
        }
    }
}

/// Links to the parts of the page, where there are several.
fn contents(report: &Report) -> Markup {
    let parts = parts(report);
    let number = |part| match part {
        Part::Rows => Some(report.rows.len()),
        Part::Findings => Some(report.findings.len()),
        Part::Memory => report.memory.as_ref().map(|memory| memory.checks.len()),
        Part::Circumstances | Part::Geomeans => None,
    };
    html! {
        @if parts.len() > 1 {
            nav aria-label="Parts of the report" {
                ul {
                    @for part in parts {
                        li {
                            a href={ "#" (part.id()) } { (part.title()) }
                            @if let Some(number) = number(part) { " (" (number) ")" }
                        }
                    }
                }
            }
        }
    }
}
