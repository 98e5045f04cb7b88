//! What was typed.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};

use super::exit;
use crate::parse::Format;
use crate::policy::{Adjust, Doubt, Outcome, Test};

/// Fails the build when a change makes a Go program allocate more.
#[derive(Parser)]
#[command(name = "allocgate", version, after_help = exit::HELP, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    Check(Box<CheckArguments>),
    Init(InitArguments),
    Explain(ExplainArguments),
}

const CHECK_EXAMPLES: &str = "\
Examples:
  go test -run '^$' -bench . -benchmem -count=10 ./... > candidate.txt
  allocgate check baseline.txt candidate.txt

  # several files a side, a report for people and one for machines
  allocgate check -b 'base/*.txt' -c 'head/*.txt' --report markdown=out.md --report json=out.json

  # absolute ceilings only, without a baseline (needs [[budget]] in allocgate.toml)
  allocgate check --candidate candidate.txt

  # straight from a pipe; gate time as well, from 20 % on
  go test -bench . -benchmem -count=10 -json ./... | allocgate check base.json - --gate ns/op --threshold ns/op=20%";

/// Compare benchmark output of two versions and judge it
///
/// Reads what `go test -bench` prints, as text or as -json, plain or gzipped, in UTF-8 or UTF-16.
#[derive(Args)]
#[command(after_help = CHECK_EXAMPLES, after_long_help = format!("{CHECK_EXAMPLES}\n\n{}", exit::HELP))]
pub(super) struct CheckArguments {
    /// Baseline and candidate: a file, a pattern, or - for standard input
    #[arg(value_names = ["BASELINE", "CANDIDATE"], num_args = 2, conflicts_with_all = ["baseline", "candidate"])]
    pub(super) sides: Vec<String>,

    /// A file or pattern of the baseline; may be repeated
    #[arg(short, long, value_name = "FILE", requires = "candidate")]
    pub(super) baseline: Vec<String>,

    /// A file or pattern of the candidate; may be repeated. Alone: only budgets are judged
    #[arg(short, long, value_name = "FILE", required_unless_present = "sides")]
    pub(super) candidate: Vec<String>,

    /// Read every input as this format instead of detecting it
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(super) format: Option<String>,

    /// The largest input that is read, unpacked
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    pub(super) max_input: String,

    #[command(flatten)]
    pub(super) policy: PolicyArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments,
}

/// Where the policy comes from, and what overrides it.
#[derive(Args)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArguments {
    /// The policy file [default: allocgate.toml of this or the nearest parent directory]
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,

    /// Ignore any allocgate.toml
    #[arg(long, conflicts_with = "policy")]
    pub(super) no_policy: bool,

    /// Read allocgate.toml as it is in this git revision, so that a change cannot loosen its own gate
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["policy", "no_policy"])]
    pub(super) policy_from: Option<String>,

    /// Accept the Allocgate-Waiver trailers of the commits since this git revision
    #[arg(long, value_name = "REVISION")]
    pub(super) waivers_since: Option<String>,

    /// Significance level where rows vary
    #[arg(long, value_name = "P", value_parser = share)]
    pub(super) alpha: Option<f64>,

    /// Confidence level of intervals
    #[arg(long, value_name = "LEVEL", value_parser = share)]
    pub(super) confidence: Option<f64>,

    /// The test where rows vary: mann-whitney or welch
    #[arg(long, value_name = "TEST")]
    pub(super) test: Option<Test>,

    /// The adjustment of p-values for many rows: bh, holm or none
    #[arg(long, value_name = "METHOD")]
    pub(super) adjust: Option<Adjust>,

    /// How much a unit may rise: relative, absolute, or both (`B/op=2%`, `B/op=2%,64B`, `allocs/op=1`)
    #[arg(long, value_name = "UNIT=RISE")]
    pub(super) threshold: Vec<String>,

    /// Let a unit fail the build (`ns/op`)
    #[arg(long, value_name = "UNIT")]
    pub(super) gate: Vec<String>,

    /// Show a unit without letting it fail the build (`B/op`)
    #[arg(long, value_name = "UNIT")]
    pub(super) advisory: Vec<String>,

    /// What a doubt does: CAUSE is inconclusive, failed, vanished, malformed, no-benchmarks or
    /// no-allocations; OUTCOME is pass, fail or could-not-judge
    #[arg(long, value_name = "CAUSE=OUTCOME", value_parser = doubt_outcome)]
    pub(super) on: Vec<(Doubt, Outcome)>,

    /// A configuration key that does not tell rows apart
    #[arg(long, value_name = "KEY")]
    pub(super) ignore_key: Vec<String>,
}

/// What is written, and how.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArguments {
    /// Write a report: terminal, markdown, json or csv, to a file (`json=out.json`) or, without
    /// `=FILE`, to standard output; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(super) report: Vec<String>,

    /// Show every row, unchanged and advisory ones included
    #[arg(long)]
    pub(super) all: bool,

    /// Print nothing to the terminal: the exit code and the reports tell
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: When,
}

/// `--color`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
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

/// Write a commented allocgate.toml for the benchmarks of the files given
///
/// Benchmarks that never allocate get a budget of zero; what varies from run to run is pointed out.
#[derive(Args)]
pub(super) struct InitArguments {
    /// Benchmark output to write the policy for: files, patterns, or - for standard input
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<String>,

    /// Where to write it, - for standard output
    #[arg(short, long, value_name = "FILE", default_value = crate::policy::FILE_NAME)]
    pub(super) output: String,

    /// Replace an existing file
    #[arg(long)]
    pub(super) force: bool,
}

/// Say what a status or a finding means and what to do about it
#[derive(Args)]
pub(super) struct ExplainArguments {
    /// The code, such as `regressed` or `no-allocations`; without one, all codes are listed
    #[arg(value_name = "CODE")]
    pub(super) code: Option<String>,
}

fn format_names() -> Vec<&'static str> {
    Format::ALL.iter().map(|format| format.name()).collect()
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("expected a number between 0 and 1, exclusively".to_owned()),
    }
}

fn doubt_outcome(text: &str) -> Result<(Doubt, Outcome), String> {
    let (doubt, outcome) = text.split_once('=').ok_or("expected CAUSE=OUTCOME")?;
    let doubt = doubt.parse::<Doubt>().map_err(|error| error.to_string())?;
    let outcome = outcome
        .parse::<Outcome>()
        .map_err(|error| error.to_string())?;
    Ok((doubt, outcome))
}
