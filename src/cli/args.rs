//! What was typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};

use super::comment::CommentArguments;
use super::exit;
use super::generate::Suggesting;
use super::memory::MemoryArguments;
use crate::gate::Explanation;
use crate::parse::Format;
use crate::policy::{Adjust, Doubt, Outcome, Test};
use crate::report;
use crate::run::Shard;

/// Fails the build when a change makes a Go program allocate more.
#[derive(Parser)]
#[command(name = "allocgate", version, max_term_width = 100)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  # before a merge: does this branch allocate more than the default branch?
  allocgate run

  # the same of benchmark output that you have
  allocgate check baseline.txt candidate.txt

  # before a release: does it still fit its container?
  allocgate memory check deploy.yaml Dockerfile go.mod

  # what does that mean, and what to do?
  allocgate explain regressed";

#[derive(Subcommand)]
pub(super) enum Command {
    Run(Box<RunArguments>),
    Check(Box<CheckArguments>),
    Memory(MemoryArguments),
    Report(Box<ReportArguments>),
    Comment(CommentArguments),
    Init(InitArguments),
    Explain(ExplainArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

const CHECK_EXAMPLES: &str = "\
Examples:
  go test -run '^$' -bench . -benchmem -count=10 ./... > candidate.txt
  allocgate check baseline.txt candidate.txt

  # several files a side, a report for people and one for machines
  allocgate check -b 'base/*.txt' -c 'head/*.txt' \\
    --report markdown=out.md --report json=out.json

  # ceilings only, without a baseline (needs [[budget]] in allocgate.toml)
  allocgate check --candidate candidate.txt

  # the parts of a run on several machines, joined
  allocgate check --saved part-1 --saved part-2

  # straight from a pipe; gate time as well, from 20 % on
  go test -bench . -benchmem -count=10 -json ./... | \\
    allocgate check base.json - --gate ns/op --threshold ns/op=20%";

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
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["sides", "saved"])]
    pub(super) candidate: Vec<String>,

    /// A folder that `allocgate run --save` wrote; may be repeated: all parts of a run together
    #[arg(long, value_name = "DIR", conflicts_with_all = ["sides", "baseline", "candidate"])]
    pub(super) saved: Vec<PathBuf>,

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

const RUN_EXAMPLES: &str = "\
Examples:
  # does the working tree allocate more than the default branch?
  allocgate run

  # this branch against another, one package, two benchmarks
  allocgate run --base origin/release-2 --packages ./codec \\
    --bench 'Encode|Decode'

  # a release against the one before, with a report and the raw output to keep
  allocgate run --base v1.4.0 --exact-base \\
    --report markdown=allocations.md --save allocations/

  # a part of the packages on each of four machines, and the verdict of all
  allocgate run --shard 2/4 --save part-2
  allocgate check --saved part-1 --saved part-2 --saved part-3 --saved part-4";

/// Measure a change against its base and judge it
///
/// Copies both sides into a temporary folder, builds their test binaries, runs the benchmarks of those
/// that differ, as often as the verdict needs, and judges as `allocgate check` does. The working tree,
/// the index and the branches are left as they are.
#[derive(Args)]
#[command(after_help = RUN_EXAMPLES, after_long_help = format!("{RUN_EXAMPLES}\n\n{}", exit::HELP))]
pub(super) struct RunArguments {
    /// Where to run, instead of here
    #[arg(short = 'C', value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,

    /// The revision to compare with: the baseline is its merge base with the candidate [default: the
    /// default branch; in GitHub Actions the base of the pull request]
    #[arg(long, value_name = "REVISION")]
    pub(super) base: Option<String>,

    /// Take --base itself as the baseline, not the merge base
    #[arg(long, requires = "base")]
    pub(super) exact_base: bool,

    /// The candidate [default: the working tree with its uncommitted changes]
    #[arg(long, value_name = "REVISION", env = "PRE_COMMIT_TO_REF")]
    pub(super) head: Option<String>,

    /// A shell command that makes both copies ready to build, such as `go generate ./...`
    #[arg(long, value_name = "COMMAND")]
    pub(super) prepare: Option<String>,

    #[command(flatten)]
    pub(super) measurement: MeasurementArguments,

    #[command(flatten)]
    pub(super) policy: PolicyArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments,

    /// Write the raw output of both sides and a manifest into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(super) save: Option<PathBuf>,

    /// Further flags: those that begin with -test. go to the test binaries, others to go list and go build
    #[arg(last = true, value_name = "FLAG")]
    pub(super) flags: Vec<String>,
}

/// What is measured, and for how long.
#[derive(Args)]
#[command(next_help_heading = "Measurement")]
pub(super) struct MeasurementArguments {
    /// Packages to measure; may be repeated [default: all here and below, nested modules included]
    #[arg(long, value_name = "PATTERN")]
    pub(super) packages: Vec<String>,

    /// Benchmarks to run, as `go test -bench` takes them
    #[arg(long, value_name = "REGEXP")]
    pub(super) bench: Option<String>,

    /// How long each benchmark runs, such as 1000x or 1s [default: iterations found by a probe]
    #[arg(long, value_name = "TIME", value_parser = benchtime)]
    pub(super) benchtime: Option<String>,

    /// Samples a side of every benchmark [default: 2 to 10, as many as the verdict needs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) count: Option<u16>,

    /// Measure time, too, and let it fail the build: 10 samples of a second each
    #[arg(long)]
    pub(super) time: bool,

    /// Do not profile the allocations of what regressed, which tells the lines that allocate more
    #[arg(long)]
    pub(super) no_profile: bool,

    /// Start nothing more after this long; what is undecided then is no pass
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(super) max_time: Duration,

    /// How long one process of benchmarks may take
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub(super) timeout: Duration,

    /// Build tags
    #[arg(long, value_name = "TAGS")]
    pub(super) tags: Option<String>,

    /// GOMAXPROCS values to run with
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) cpu: Vec<u32>,

    /// Build with the race detector
    #[arg(long)]
    pub(super) race: bool,

    /// Measure only this part of the packages
    #[arg(long, value_name = "INDEX/COUNT")]
    pub(super) shard: Option<Shard>,

    /// Where results of base commits are kept [default: allocgate in the user's cache folder]
    #[arg(long, value_name = "DIR", env = "ALLOCGATE_CACHE")]
    pub(super) cache: Option<PathBuf>,

    /// Keep no results of base commits, and use none
    #[arg(long)]
    pub(super) no_cache: bool,
}

/// Where the policy comes from, and what overrides it.
#[derive(Args)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArguments {
    #[command(flatten)]
    pub(super) source: PolicySource,

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

    #[command(flatten)]
    pub(super) on: OnArguments,

    /// A configuration key that does not tell rows apart
    #[arg(long, value_name = "KEY")]
    pub(super) ignore_key: Vec<String>,
}

/// Where the policy is read from.
#[derive(Args)]
pub(crate) struct PolicySource {
    /// The policy file [default: allocgate.toml of this or the nearest parent directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Ignore any allocgate.toml
    #[arg(long, conflicts_with = "policy")]
    pub(crate) no_policy: bool,

    /// Read allocgate.toml as it is in this git revision, so that a change cannot loosen its own gate
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["policy", "no_policy"])]
    pub(crate) policy_from: Option<String>,
}

/// What doubts do.
#[derive(Args)]
pub(crate) struct OnArguments {
    /// What a doubt does: CAUSE is inconclusive, failed, vanished, deleted, ruler-changed,
    /// malformed, no-benchmarks, no-allocations or memory-unknown; OUTCOME is pass, fail or could-not-judge
    #[arg(long, value_name = "CAUSE=OUTCOME", value_parser = doubt_outcome)]
    pub(crate) on: Vec<(Doubt, Outcome)>,
}

const REPORT_EXAMPLES: &str = "\
Examples:
  # at first the verdict, with everything that led to it
  allocgate run --report json=report.json

  # then, there or on another machine, whatever reads it
  allocgate report report.json
  allocgate report report.json --all --quiet \\
    --report markdown=summary.md --report github

  # a gate of its own: exit with the code of the verdict
  allocgate report report.json --exit-code";

/// Write a saved JSON report in other formats
///
/// The report may come from anybody: it must keep its schema and agree with itself, and everything is written anew
/// from its figures. What was measured cannot be proven so.
#[derive(Args)]
#[command(after_help = REPORT_EXAMPLES)]
pub(super) struct ReportArguments {
    /// What `--report json=FILE` wrote, - for standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,

    /// Exit with the code of the verdict, not with 0
    #[arg(long)]
    pub(super) exit_code: bool,

    /// The largest report that is read
    #[arg(long, value_name = "SIZE", default_value = "128MiB")]
    pub(super) max_input: String,

    #[command(flatten)]
    pub(super) output: OutputArguments,
}

/// What is written, and how.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// Write a report in a format to a file (`json=out.json`) or, without `=FILE`, to standard output; may be
    /// repeated
    #[arg(long, value_name = "FORMAT[=FILE]", long_help = report_help())]
    #[arg(value_parser = Suggesting(report_formats), hide_possible_values = true)]
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
    #[arg(value_name = "CODE", value_parser = Suggesting(codes), hide_possible_values = true)]
    pub(super) code: Option<String>,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  allocgate completions bash > \\
    ~/.local/share/bash-completion/completions/allocgate
  allocgate completions zsh  > ~/.zfunc/_allocgate
  allocgate completions fish > ~/.config/fish/completions/allocgate.fish";

/// Write completions for a shell to standard output
#[derive(Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

const MAN_EXAMPLES: &str = "\
Examples:
  allocgate man | man -l -
  allocgate man --directory ~/.local/share/man/man1";

/// Write the man page to standard output, or the pages of all commands to a folder
#[derive(Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(super) struct ManArguments {
    /// The folder, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
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

fn codes() -> Vec<&'static str> {
    Explanation::all().map(|one| one.code).collect()
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

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = text
        .parse::<jiff::SignedDuration>()
        .map_err(|error| error.to_string())?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("expected more than nothing, such as 90s or 10m".to_owned()),
    }
}

/// What `go test -benchtime` takes: `1000x`, or a duration.
fn benchtime(text: &str) -> Result<String, String> {
    let valid = match text.strip_suffix('x') {
        Some(count) => count.parse::<u32>().is_ok_and(|count| count > 0),
        None => !text.contains(' ') && duration(text).is_ok(),
    };
    if valid {
        Ok(text.to_owned())
    } else {
        Err("expected a number of iterations, such as 1000x, or a duration, such as 1s".to_owned())
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
