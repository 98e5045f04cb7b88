//! What whoever ran the benchmarks knew: what was not run and why, what is gone, what changed itself.

use maud::{Markup, html};

use super::{Part, name, sentence};
use crate::figure::{self, count};
use crate::gate::{IdenticalBy, Measured, Named, Report};

/// Entries of a list that are shown.
const MOST: usize = 500;

pub(super) fn write(report: &Report) -> Markup {
    let Some(known) = &report.circumstances else {
        return html! {};
    };
    html! {
        section id=(Part::Circumstances.id()) {
            h2 { (Part::Circumstances.title()) }
            (list("Not measured", known.unmeasured.iter().map(|one| {
                html! { (which(&one.which)) ": " (sentence(&one.why)) }
            })))
            (list("Deleted from the source", known.deleted.iter().map(which)))
            (list("Changed benchmarks", known.rulers.iter().map(|one| html! {
                (which(&one.which)) ": " (sentence(&one.why)) "; " (measured(one.measured))
            })))
            (list("No result on either side", known.silent.iter().map(which)))
            (list("Figures that depend on the number of iterations", known.iteration_dependent.iter().map(|one| {
                let [few, many] = one.figures.map(|(iterations, value)| {
                    format!("{} at {}", figure::show(value, &one.unit), count(iterations as usize, "iteration"))
                });
                html! {
                    code { (name(&one.benchmark)) } " of " (name(&one.package)) ", "
                    (name(one.unit.as_str())) ": " (few) ", " (many)
                }
            })))
            (list("Not run, since nothing that they do can differ", known.identical.iter().map(|one| html! {
                code { (name(&one.package)) } " (" (count(one.benchmarks, "benchmark")) "): " (identical(one.by))
            })))
            (list("Remarks", known.remarks.iter().map(|remark| html! { (sentence(remark)) })))
        }
    }
}

/// A list that can be folded away, with the number of its entries.
fn list(title: &str, entries: impl ExactSizeIterator<Item = Markup>) -> Markup {
    let number = entries.len();
    html! {
        @if number > 0 {
            details open[number <= 20] {
                summary { (title) " (" (number) ")" }
                ul {
                    @for entry in entries.take(MOST) { li { (entry) } }
                    @if number > MOST {
                        li.left-out { "and " (number - MOST) " more, which the report " code { "--report json=FILE" } " has" }
                    }
                }
            }
        }
    }
}

fn which(which: &Named) -> Markup {
    html! { code { (name(&which.benchmark)) } " of " (name(&which.package)) }
}

fn measured(measured: Measured) -> &'static str {
    match measured {
        Measured::Candidate => "both sides were measured with the candidate's benchmark",
        Measured::Baseline => "both sides were measured with the baseline's benchmark",
        Measured::Apart => "each side was measured with its own: a rise may be the benchmark's",
    }
}

fn identical(by: IdenticalBy) -> &'static str {
    match by {
        IdenticalBy::Sources => "no file that its test binary is built from differs",
        IdenticalBy::Binaries => "its test binaries are equal, byte by byte",
    }
}
