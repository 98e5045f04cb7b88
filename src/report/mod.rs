//! The report written down: one renderer a file, each of the same [`Report`]. None decides anything:
//! verdict and statuses are as the gate left them, and the exit code does not depend on the format.
//!
//! What is shown of the input (names, paths, reasons) is text of others. `text` makes it harmless,
//! and each renderer adds what its format needs.

pub mod chart;
mod codequality;
mod csv;
mod digest;
mod format;
mod github;
mod html;
pub mod json;
mod junit;
mod markdown;
mod metrics;
mod outputs;
mod place;
mod problem;
mod sarif;
mod terminal;
mod text;

#[cfg(test)]
mod fixture;

use std::io::{self, Write};

pub use format::{Format, UnknownFormat};

use crate::gate::Report;

/// How the report for the terminal looks. The other formats have one look only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalStyle {
    /// Whether colours are used. They never tell what words do not.
    pub color: bool,
    /// Columns of a line.
    pub width: usize,
    /// Whether every row is shown: unchanged and advisory ones, and lists to their end.
    pub all_rows: bool,
}

/// Text of others on one line, with everything that a terminal or a CI system would act on escaped.
pub fn inert(text: &str) -> std::borrow::Cow<'_, str> {
    text::plain(text)
}

/// A text in lines of at most `columns`.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    text::wrap(text, columns, usize::MAX)
        .into_iter()
        .map(|line| line.to_string())
        .collect()
}

/// A note for the log of GitHub Actions that the page of the run shows as well.
pub fn notice(message: &str) -> String {
    github::notice(message)
}

/// Writes the report. `out` should be buffered.
///
/// # Errors
///
/// As writing to `out` fails.
pub fn render(
    report: &Report,
    format: Format,
    style: &TerminalStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::render(report, style, out),
        Format::Markdown => markdown::render_summary(report, out),
        Format::Comment => markdown::render_comment(report, out),
        Format::Html => html::render(report, out),
        Format::Json => json::render(report, out),
        Format::Csv => csv::render(report, out),
        Format::Github => github::render(report, out),
        Format::Sarif => sarif::render(report, out),
        Format::Codequality => codequality::render(report, out),
        Format::Metrics => metrics::render(report, out),
        Format::Junit => junit::render(report, out),
        Format::Outputs => outputs::render(report, out),
    }
}
