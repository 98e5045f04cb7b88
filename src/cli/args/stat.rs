//! What was typed after `allocgate stat`.

use std::ffi::OsString;

use clap::{Args, CommandFactory, ValueEnum};

use super::{Arguments, When};
use crate::policy::Adjust;
use crate::stat::{Format, Order};

const EXAMPLES: &str = "\
Examples:
  # benchstat's tables: a row a benchmark, a column a file
  allocgate stat old.txt new.txt

  # columns by a part of the names, rows by their base name
  allocgate stat -col /format -row .name new.txt

  # what is looked at, in benchstat's filters; columns with names of their own
  allocgate stat -filter '/format:json .unit:ns/op' before=old.txt after=new.txt

  # what changed, worst first, with p-values adjusted for the number of rows
  allocgate stat --only changed --sort delta --adjust holm old.txt new.txt

  # for a spreadsheet, a pull request, a script
  allocgate stat -format csv old.txt new.txt > table.csv
  allocgate stat -format markdown old.txt new.txt
  allocgate stat -format json old.txt new.txt | jq '.tables[].rows[].name'

Flags may have one dash, as benchstat's have. docs/stat.md has the language of
filters and projections, and where the answer differs from benchstat's.";

const EXIT_CODES: &str = "\
Exit codes:
  0  the tables were written, whatever they say
  2  could not run: bad usage, an input that cannot be read or has no results";

/// Summarise and compare benchmark output as benchstat does
///
/// Same flags, same language, same numbers and warnings as golang.org/x/perf/cmd/benchstat, and more. It judges
/// nothing: `allocgate check` does.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), args_override_self = true)]
pub(in crate::cli) struct StatArguments {
    /// Benchmark output: a file, - for standard input, or `label=file`
    #[arg(value_name = "INPUT", required = true)]
    pub(in crate::cli) inputs: Vec<String>,

    /// Use only results that match a filter, such as `.name:Encode /format:(gob OR json) -goos:plan9`
    #[arg(
        long,
        value_name = "QUERY",
        default_value = "*",
        allow_hyphen_values = true
    )]
    pub(in crate::cli) filter: String,

    /// Split results into tables by distinct values of a projection
    #[arg(
        long,
        value_name = "PROJECTION",
        default_value = ".config",
        allow_hyphen_values = true
    )]
    pub(in crate::cli) table: String,

    /// Split results into rows by distinct values of a projection
    #[arg(
        long,
        value_name = "PROJECTION",
        default_value = ".fullname",
        allow_hyphen_values = true
    )]
    pub(in crate::cli) row: String,

    /// Split results into columns by distinct values of a projection
    #[arg(
        long,
        value_name = "PROJECTION",
        default_value = ".file",
        allow_hyphen_values = true
    )]
    pub(in crate::cli) col: String,

    /// Ignore variations in keys
    #[arg(
        long,
        value_name = "KEYS",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    pub(in crate::cli) ignore: String,

    #[command(flatten)]
    pub(in crate::cli) statistics: StatisticsArguments,

    #[command(flatten)]
    pub(in crate::cli) view: ViewArguments,

    /// The largest input that is read, unpacked
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    pub(in crate::cli) max_input: String,
}

/// How samples are compared.
#[derive(Args)]
#[command(next_help_heading = "Statistics")]
pub(in crate::cli) struct StatisticsArguments {
    /// A difference is significant if p is at most this
    #[arg(long, value_name = "P", default_value = "0.05", value_parser = probability, allow_hyphen_values = true)]
    pub(in crate::cli) alpha: f64,

    /// The confidence level of ranges
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = probability, allow_hyphen_values = true)]
    pub(in crate::cli) confidence: f64,

    /// The adjustment of p-values for the number of comparisons: bh, holm or none
    #[arg(long, value_name = "METHOD", default_value = "none")]
    pub(in crate::cli) adjust: Adjust,
}

/// What is written, and how.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct ViewArguments {
    /// The form: text, csv, markdown, json, or plain (text in ASCII)
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format, allow_hyphen_values = true)]
    pub(in crate::cli) format: Format,

    /// Sort the rows of each table: by name, or by the change in the last column, worst first. A leading - reverses
    /// the order
    #[arg(long, value_name = "[-]ORDER", value_parser = order, allow_hyphen_values = true)]
    pub(in crate::cli) sort: Option<(Order, bool)>,

    /// Show only the rows that changed significantly
    #[arg(long, value_name = "ROWS")]
    pub(in crate::cli) only: Option<Only>,

    /// Show the Hodges-Lehmann estimate of each difference, with its interval
    #[arg(long)]
    pub(in crate::cli) shift: bool,

    /// Show a difference from a baseline of zero as +n, not as ?
    #[arg(long)]
    pub(in crate::cli) zero_baseline: bool,

    /// Show the samples of each cell, in the order in which they were measured (text and plain)
    #[arg(long)]
    pub(in crate::cli) sparklines: bool,

    /// When to use colour (text)
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(in crate::cli) color: When,
}

/// `--only`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Only {
    Changed,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number in [0, 1]".to_owned()),
    }
}

fn format(text: &str) -> Result<Format, String> {
    let found = Format::ALL
        .into_iter()
        .find(|format| format.as_str() == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.into_iter().map(Format::as_str).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn order(text: &str) -> Result<(Order, bool), String> {
    let (name, reverse) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    match name {
        "name" => Ok((Order::Name, reverse)),
        "delta" => Ok((Order::Delta, reverse)),
        _ => Err("expected name, -name, delta or -delta".to_owned()),
    }
}

/// Gives the flags of `stat` that have one dash, as Go's have, the second one. Only single letters keep theirs.
pub(in crate::cli) fn with_two_dashes(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_none_or(|command| command != "stat") {
        return arguments;
    }
    let program = Arguments::command();
    let Some(command) = program.find_subcommand("stat") else {
        return arguments;
    };
    let takes_value = |name: &str| {
        let argument = command
            .get_arguments()
            .find(|argument| argument.get_long() == Some(name));
        argument.map(|argument| argument.get_action().takes_values())
    };
    let mut is_value = false;
    for argument in arguments.iter_mut().skip(2) {
        if std::mem::take(&mut is_value) {
            continue;
        }
        let Some(text) = argument.to_str() else {
            continue;
        };
        let Some(flag) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else {
            continue;
        };
        if flag.is_empty() && text == "--" {
            break;
        }
        let (name, value) = flag
            .split_once('=')
            .map_or((flag, None), |(name, value)| (name, Some(value)));
        let known = match name {
            "help" => Some(false),
            _ => takes_value(name),
        };
        if let Some(takes_value) = known {
            is_value = takes_value && value.is_none();
        }
        // A word that is no flag is refused as a word: clap would read `-html` as `-h`, and end with 0.
        if known.is_some() || flag.chars().count() > 1 {
            *argument = format!("--{flag}").into();
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dash_is_as_good_as_two() {
        for (typed, meant) in [
            (
                &["-col", "/format", "new.txt"][..],
                &["--col", "/format", "new.txt"][..],
            ),
            (&["--col=/format", "-"], &["--col=/format", "-"]),
            (&["-alpha=0.01", "-h"], &["--alpha=0.01", "-h"]),
            // What belongs to a flag is no flag.
            (
                &["-filter", "-row", "-row", "x"],
                &["--filter", "-row", "--row", "x"],
            ),
            (&["--filter", "-goos:linux"], &["--filter", "-goos:linux"]),
            (&["-shift", "-col", "x"], &["--shift", "--col", "x"]),
            (
                &["-help", "-html", "--", "-row"],
                &["--help", "--html", "--", "-row"],
            ),
        ] {
            let of = |rest: &[&str]| -> Vec<OsString> {
                ["allocgate", "stat"]
                    .iter()
                    .chain(rest)
                    .map(OsString::from)
                    .collect()
            };
            assert_eq!(with_two_dashes(of(typed)), of(meant));
        }
        let check: Vec<OsString> = ["allocgate", "check", "-row"].map(OsString::from).into();
        assert_eq!(with_two_dashes(check.clone()), check);
    }
}
