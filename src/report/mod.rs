//! The report written down: one renderer a file, each of the same [`Report`]. None decides anything:
//! verdict and statuses are as the gate left them, and the exit code does not depend on the format.
//!
//! What is shown of the input (names, paths, reasons) is text of others. `text` makes it harmless,
//! and each renderer adds what its format needs.

pub mod chart;
mod csv;
mod digest;
mod github;
pub mod json;
mod markdown;
mod outputs;
mod place;
mod problem;
mod terminal;
mod text;

#[cfg(test)]
mod fixture;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use crate::gate::Report;

/// What a report can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people, at a terminal or in a log.
    Terminal,
    /// For people, in a job summary or a comment: GitHub-flavoured.
    Markdown,
    /// For programs, with everything there is; described by `report.v1.schema.json`.
    Json,
    /// For spreadsheets and data frames: a line a row.
    Csv,
    /// For GitHub Actions: workflow commands that annotate the lines of a pull request.
    Github,
    /// For scripts and later steps of a workflow: the verdict and its counts, `name=value` a line.
    Outputs,
}

impl Format {
    /// Every format.
    pub const ALL: &[Format] = &[
        Format::Terminal,
        Format::Markdown,
        Format::Json,
        Format::Csv,
        Format::Github,
        Format::Outputs,
    ];

    /// Whether it points at lines of the sources.
    pub fn has_places(self) -> bool {
        match self {
            Format::Json | Format::Github => true,
            Format::Terminal | Format::Markdown | Format::Csv | Format::Outputs => false,
        }
    }

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Terminal => "terminal",
            Format::Markdown => "markdown",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Github => "github",
            Format::Outputs => "outputs",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no report format `{name}`; expected one of {known}", name = .0, known = names())]
pub struct UnknownFormat(String);

/// The names of all formats, in a sentence.
fn names() -> String {
    let names = Format::ALL.iter().map(|format| format.as_str());
    names.collect::<Vec<_>>().join(", ")
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "md" => Ok(Format::Markdown),
            _ => Format::ALL
                .iter()
                .find(|format| format.as_str() == name)
                .copied()
                .ok_or_else(|| UnknownFormat(name.to_owned())),
        }
    }
}

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
        Format::Markdown => markdown::render(report, out),
        Format::Json => json::render(report, out),
        Format::Csv => csv::render(report, out),
        Format::Github => github::render(report, out),
        Format::Outputs => outputs::render(report, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_names() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(*format));
        }
        assert_eq!("md".parse(), Ok(Format::Markdown));
        assert!(
            "xml"
                .parse::<Format>()
                .is_err_and(|error| error.to_string().contains("`xml`"))
        );
    }
}
