//! What was typed after `allocgate check`.

use std::path::PathBuf;

use clap::Args;

use super::{OutputArguments, PolicyArguments};
use crate::cli::exit;
use crate::parse::Format;

const EXAMPLES: &str = "\
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
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(in crate::cli) struct CheckArguments {
    /// Baseline and candidate: a file, a pattern, or - for standard input
    #[arg(value_names = ["BASELINE", "CANDIDATE"], num_args = 2, conflicts_with_all = ["baseline", "candidate"])]
    pub(in crate::cli) sides: Vec<String>,

    /// A file or pattern of the baseline; may be repeated
    #[arg(short, long, value_name = "FILE", requires = "candidate")]
    pub(in crate::cli) baseline: Vec<String>,

    /// A file or pattern of the candidate; may be repeated. Alone: only budgets are judged
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["sides", "saved"])]
    pub(in crate::cli) candidate: Vec<String>,

    /// A folder that `allocgate run --save` wrote; may be repeated: all parts of a run together
    #[arg(long, value_name = "DIR", conflicts_with_all = ["sides", "baseline", "candidate"])]
    pub(in crate::cli) saved: Vec<PathBuf>,

    /// Judge only what this selects, in the language of benchstat's -filter: `.name:Sort -/size:(1k OR 2k) .unit:B/op`
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    pub(in crate::cli) filter: Option<String>,

    /// Read every input as this format instead of detecting it
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(in crate::cli) format: Option<String>,

    /// The largest input that is read, unpacked
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    pub(in crate::cli) max_input: String,

    #[command(flatten)]
    pub(in crate::cli) policy: PolicyArguments,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

fn format_names() -> Vec<&'static str> {
    Format::ALL.iter().map(|format| format.name()).collect()
}
