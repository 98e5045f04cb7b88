//! What was typed of the reports.

use clap::{Args, ColorChoice, ValueEnum};

use crate::cli::generate::Suggesting;
use crate::report;

/// What is written, and how.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct OutputArguments {
    /// Write a report in a format to a file (`json=out.json`) or, without `=FILE`, to standard output; may be
    /// repeated
    #[arg(long, value_name = "FORMAT[=FILE]", long_help = report_help())]
    #[arg(value_parser = Suggesting(report_formats), hide_possible_values = true)]
    pub(in crate::cli) report: Vec<String>,

    /// Show every row, unchanged and advisory ones included
    #[arg(long)]
    pub(in crate::cli) all: bool,

    /// Print nothing to the terminal: the exit code and the reports tell
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(in crate::cli) color: When,
}

/// `--color`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum When {
    Auto,
    Always,
    Never,
}

impl From<When> for ColorChoice {
    fn from(when: When) -> Self {
        match when {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        }
    }
}

fn report_help() -> String {
    let mut help = "Write a report to a file (`json=out.json`) or, without `=FILE`, to standard output; may be repeated. \
                    The formats, and who reads them:\n"
        .to_owned();
    for format in report::Format::ALL {
        help.push_str(&format!("\n  {:<12} {}", format.as_str(), format.about()));
    }
    help
}

fn report_formats() -> Vec<&'static str> {
    let formats = report::Format::ALL.iter();
    formats.map(|format| format.as_str()).collect()
}
