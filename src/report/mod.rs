//! The report written down: one renderer a file, each of the same [`Report`]. None decides anything:
//! verdict and statuses are as the gate left them, and the exit code does not depend on the format.
//!
//! What is shown of the input (names, paths, reasons) is text of others. [`crate::text`] makes it harmless,
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
mod lines;
mod markdown;
mod metrics;
mod outputs;
mod place;
mod problem;
mod sarif;
mod terminal;

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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(50))]
        #[test]
        fn no_text_breaks_what_programs_read(name in ".{0,40}", package in ".{0,20}", reason in ".{0,20}") {
            let mut report = fixture::everything();
            for row in &mut report.rows {
                let key = std::sync::Arc::make_mut(&mut row.key);
                key.benchmark.clone_from(&name);
                key.package.clone_from(&package);
                if let Some(waiver) = &mut row.waiver {
                    waiver.reason.clone_from(&reason);
                }
            }
            let rendered = |format| {
                let style = TerminalStyle { color: false, width: 80, all_rows: true };
                let mut out = Vec::new();
                render(&report, format, &style, &mut out).unwrap();
                String::from_utf8(out).unwrap()
            };
            for format in [Format::Sarif, Format::Codequality] {
                serde_json::from_str::<serde_json::Value>(&rendered(format)).unwrap();
            }
            let xml = rendered(Format::Junit);
            let mut reader = quick_xml::Reader::from_str(&xml);
            while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
            let forbidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
            proptest::prop_assert!(!xml.contains(forbidden));
            let metrics = rendered(Format::Metrics);
            let samples = metrics.lines().filter(|line| !line.starts_with('#'));
            for line in samples {
                proptest::prop_assert!(!line.contains('#'));
                let (_, value) = line.rsplit_once(' ').unwrap();
                value.parse::<f64>().unwrap();
            }
        }
    }
}
