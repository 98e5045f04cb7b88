//! What was found beyond the rows.

use maud::{Markup, html};

use super::{Part, name, sentence, sign};
use crate::figure::count;
use crate::gate::{Report, Severity};

/// Findings that are listed.
const MOST: usize = 1000;

pub(super) fn write(report: &Report) -> Markup {
    let findings = &report.findings;
    html! {
        section id=(Part::Findings.id()) {
            h2 { (Part::Findings.title()) }
            ul.findings {
                @for finding in findings.iter().take(MOST) {
                    @let (tone, mark, word) = severity(finding.severity);
                    li data-tone=(tone) {
                        strong { (sign(mark)) " " (word) } " "
                        code { (finding.code.as_str()) } " "
                        @if let Some(at) = &finding.at { code.place { (name(at)) } " " }
                        span { (sentence(&finding.message)) }
                    }
                }
            }
            @if findings.len() > MOST {
                p.left-out {
                    strong { (count(findings.len() - MOST, "finding")) " left out: " }
                    "all of them are in the report " code { "--report json=FILE" } "."
                }
            }
            p.hint { code { "allocgate explain CODE" } " says what a code means and what to do." }
        }
    }
}

fn severity(severity: Severity) -> (&'static str, &'static str, &'static str) {
    match severity {
        Severity::Error => ("bad", "×", "error"),
        Severity::Warning => ("doubt", "!", "warning"),
        Severity::Info => ("calm", "i", "note"),
    }
}
