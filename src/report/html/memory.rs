//! The container memory budget: the checks of each container, and the memory of a command over time.

use maud::{Markup, PreEscaped, html};

use super::{Part, name, sentence, sign};
use crate::gate::{Amount, Check, CommandRun, Judgement, MemoryReport, Report};
use crate::report::{chart, digest};

/// Containers that are shown, and entries of a list.
const MOST: usize = 500;

pub(super) fn write(report: &Report) -> Markup {
    let Some(memory) = &report.memory else {
        return html! {};
    };
    let mut containers = digest::containers(memory);
    // Those with the worst checks stay.
    if containers.len() > MOST {
        containers.sort_by_key(|(_, checks)| checks.first().map(|check| check.judgement));
    }
    html! {
        section id=(Part::Memory.id()) {
            h2 { (Part::Memory.title()) }
            @for (container, checks) in containers.iter().take(MOST) {
                (table(*container, checks))
            }
            (left_out(containers.len()))
            (asides(memory))
            @if let Some(command) = &memory.command { (figure(command)) }
        }
    }
}

fn table(container: Option<&str>, checks: &[&Check]) -> Markup {
    html! {
        table.checks {
            caption {
                "Checks"
                @if let Some(container) = container { " of " code { (name(container)) } }
                ", worst first"
            }
            thead { tr {
                @for title in ["Outcome", "Check", "Finding", "Measured", "Bound", "What to do"] {
                    th scope="col" { (title) }
                }
            } }
            tbody { @for check in checks {
                @let (tone, mark) = tone(check.judgement);
                tr data-tone=(tone) {
                    td { (sign(mark)) " " (digest::judgement(check.judgement)) }
                    th scope="row" { code { (check.id) } }
                    td { (sentence(&check.message)) }
                    td { (amount(check.measured.as_ref())) }
                    td { (amount(check.bound.as_ref())) }
                    td { (check.remedy.as_deref().map_or("–".to_owned(), sentence)) }
                }
            } }
        }
    }
}

fn amount(amount: Option<&Amount>) -> Markup {
    html! {
        @match amount {
            None => "–",
            Some(amount) => { (amount.text()) " " small { (name(&amount.from)) } },
        }
    }
}

fn tone(judgement: Judgement) -> (&'static str, &'static str) {
    match judgement {
        Judgement::Fail => ("bad", "×"),
        Judgement::CouldNotJudge => ("doubt", "?"),
        Judgement::Pass => ("good", "✓"),
        Judgement::Advice => ("calm", "i"),
        Judgement::NotAsked => ("calm", "–"),
    }
}

/// What was not asked for, and what deserves attention besides.
fn asides(memory: &MemoryReport) -> Markup {
    let not_asked = digest::not_asked(memory);
    html! {
        @if !not_asked.is_empty() {
            h3 { "Not asked" }
            (list(&not_asked))
        }
        @if !memory.remarks.is_empty() {
            h3 { "Remarks" }
            (list(&memory.remarks))
        }
    }
}

fn list(entries: &[String]) -> Markup {
    html! {
        ul { @for entry in entries.iter().take(MOST) { li { (sentence(entry)) } } }
        (left_out(entries.len()))
    }
}

/// What is not shown of so many, if anything.
fn left_out(all: usize) -> Markup {
    html! {
        @if all > MOST {
            p.left-out {
                strong { (all - MOST) " more left out: " }
                "all of them are in the report " code { "--report json=FILE" } "."
            }
        }
    }
}

/// The memory of a command over time. The picture is drawn on white; the style sheet gives it the
/// colours of the page.
fn figure(command: &CommandRun) -> Markup {
    let text = sentence(&digest::command(command));
    html! {
        h3 { "The command" }
        p { (text) }
        @if !command.samples.is_empty() {
            figure {
                figcaption { "Memory over time, in " (command.samples.len()) " samples" }
                div.box tabindex="0" role="region" aria-label="Memory over time" {
                    div.chart role="img" aria-label=(text) {
                        (PreEscaped(chart::svg(command)))
                    }
                }
            }
        }
    }
}
