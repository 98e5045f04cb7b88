//! The report as one HTML page that needs nothing else: no network, no other file, and scripts only
//! for comfort.
//!
//! Text of others is made harmless by `text` and escaped by the template. Behind both stands a
//! Content-Security-Policy that allows the one style sheet and the one script of this folder, each by
//! its hash, and nothing else: markup that came in through a name would not run. It forbids `style`
//! attributes and event handlers as well, so that the page has none.

use std::io::{self, Write};

mod circumstances;
mod findings;
mod head;
mod memory;
mod plot;
mod rows;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::digest;
use crate::gate::{CauseKind, Report};
use crate::text::{capital, fit, fit_middle, plain};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");
/// Columns of a name, and of a sentence. Both are cut with a visible `…`.
const NAME_COLUMNS: usize = 300;
const SENTENCE_COLUMNS: usize = 1200;

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("{} – allocgate", digest::label(report));
    let start = html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\">"))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy());
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="generator" content=(concat!("allocgate ", env!("CARGO_PKG_VERSION")));
            title { (title) }
            style { (PreEscaped(STYLE)) }
        }
        (PreEscaped("<body>"))
        (head::write(report))
        (PreEscaped("<main>"))
    };
    write(start, out)?;
    for part in parts(report) {
        match part {
            // As many as there are: written one by one.
            Part::Rows => rows::write(report, out)?,
            Part::Memory => write(memory::write(report), out)?,
            Part::Findings => write(findings::write(report), out)?,
            Part::Circumstances => write(circumstances::write(report), out)?,
            Part::Geomeans => write(rows::geomeans(report), out)?,
        }
    }
    let end = html! {
        (PreEscaped("</main>"))
        script { (PreEscaped(SCRIPT)) }
        (PreEscaped("</body></html>\n"))
    };
    write(end, out)
}

fn write(markup: Markup, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(markup.into_string().as_bytes())
}

/// What the page may do: show itself, with its own style and script.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// A part of the page below its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Rows,
    Memory,
    Findings,
    Circumstances,
    Geomeans,
}

impl Part {
    /// What links lead to it by.
    fn id(self) -> &'static str {
        match self {
            Part::Rows => "rows",
            Part::Memory => "memory",
            Part::Findings => "findings",
            Part::Circumstances => "circumstances",
            Part::Geomeans => "geomeans",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Part::Rows => "Rows",
            Part::Memory => "Memory budget",
            Part::Findings => "Findings",
            Part::Circumstances => "What was run",
            Part::Geomeans => "Geometric means",
        }
    }
}

/// The parts that there are, the one that led to the verdict first: the gate has the most serious
/// cause in front.
fn parts(report: &Report) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |part, there: bool| parts.extend(there.then_some(part));
    add(Part::Rows, !report.rows.is_empty());
    add(Part::Memory, report.memory.is_some());
    add(Part::Findings, !report.findings.is_empty());
    add(Part::Circumstances, report.circumstances.is_some());
    add(Part::Geomeans, !report.geomeans.is_empty());
    let first = match report.causes.first().map(|cause| cause.kind) {
        Some(
            CauseKind::MemoryFailed
            | CauseKind::MemoryUnknown
            | CauseKind::NoMemoryChecks
            | CauseKind::CommandFailed
            | CauseKind::NotEnforced,
        ) => Part::Memory,
        Some(
            CauseKind::Malformed
            | CauseKind::Deleted
            | CauseKind::Unmeasured
            | CauseKind::NoBenchmarks
            | CauseKind::NoAllocations,
        ) => Part::Findings,
        _ => Part::Rows,
    };
    parts.sort_by_key(|part| *part != first);
    parts
}

/// A name of others, cut in its middle if it is very long.
fn name(text: &str) -> String {
    fit_middle(&plain(text), NAME_COLUMNS).into_owned()
}

/// A name of others in parts, between which a line may break.
fn path(text: &str) -> Markup {
    let text = name(text);
    let mut parts = text.split_inclusive('/');
    html! {
        (parts.next().unwrap_or_default())
        @for part in parts { wbr; (part) }
    }
}

/// A sentence that may hold text of others.
fn sentence(text: &str) -> String {
    fit(&plain(text), SENTENCE_COLUMNS).into_owned()
}

/// A sign in front of a word that says the same: for the eye alone.
fn sign(sign: &str) -> Markup {
    html! { span.sign aria-hidden="true" { (sign) } }
}

#[cfg(test)]
mod tests;
