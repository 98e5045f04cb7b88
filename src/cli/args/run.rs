//! What was typed after `allocgate run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{OutputArguments, PolicyArguments, duration};
use crate::cli::exit;
use crate::run::Shard;

const EXAMPLES: &str = "\
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
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(in crate::cli) struct RunArguments {
    /// Where to run, instead of here
    #[arg(short = 'C', value_name = "DIR")]
    pub(in crate::cli) directory: Option<PathBuf>,

    /// The revision to compare with: the baseline is its merge base with the candidate [default: the
    /// default branch; in GitHub Actions the base of the pull request]
    #[arg(long, value_name = "REVISION")]
    pub(in crate::cli) base: Option<String>,

    /// Take --base itself as the baseline, not the merge base
    #[arg(long, requires = "base")]
    pub(in crate::cli) exact_base: bool,

    /// The candidate [default: the working tree with its uncommitted changes]
    #[arg(long, value_name = "REVISION", env = "PRE_COMMIT_TO_REF")]
    pub(in crate::cli) head: Option<String>,

    /// A shell command that makes both copies ready to build, such as `go generate ./...`
    #[arg(long, value_name = "COMMAND")]
    pub(in crate::cli) prepare: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) measurement: MeasurementArguments,

    #[command(flatten)]
    pub(in crate::cli) policy: PolicyArguments,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,

    /// Write the raw output of both sides and a manifest into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(in crate::cli) save: Option<PathBuf>,

    /// Further flags: those that begin with -test. go to the test binaries, others to go list and go build
    #[arg(last = true, value_name = "FLAG")]
    pub(in crate::cli) flags: Vec<String>,
}

/// What is measured, and for how long.
#[derive(Args)]
#[command(next_help_heading = "Measurement")]
pub(in crate::cli) struct MeasurementArguments {
    /// Packages to measure; may be repeated [default: all here and below, nested modules included]
    #[arg(long, value_name = "PATTERN")]
    pub(in crate::cli) packages: Vec<String>,

    /// Benchmarks to run, as `go test -bench` takes them
    #[arg(long, value_name = "REGEXP")]
    pub(in crate::cli) bench: Option<String>,

    /// How long each benchmark runs, such as 1000x or 1s [default: iterations found by a probe]
    #[arg(long, value_name = "TIME", value_parser = benchtime)]
    pub(in crate::cli) benchtime: Option<String>,

    /// Samples a side of every benchmark [default: 2 to 10, as many as the verdict needs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) count: Option<u16>,

    /// Measure time, too, and let it fail the build: 10 samples of a second each
    #[arg(long)]
    pub(in crate::cli) time: bool,

    /// Do not profile the allocations of what regressed, which tells the lines that allocate more
    #[arg(long)]
    pub(in crate::cli) no_profile: bool,

    /// Start nothing more after this long; what is undecided then is no pass
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(in crate::cli) max_time: Duration,

    /// How long one process of benchmarks may take
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub(in crate::cli) timeout: Duration,

    /// Build tags
    #[arg(long, value_name = "TAGS")]
    pub(in crate::cli) tags: Option<String>,

    /// GOMAXPROCS values to run with
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) cpu: Vec<u32>,

    /// Build with the race detector
    #[arg(long)]
    pub(in crate::cli) race: bool,

    /// Measure only this part of the packages
    #[arg(long, value_name = "INDEX/COUNT")]
    pub(in crate::cli) shard: Option<Shard>,

    /// Where results of base commits are kept [default: allocgate in the user's cache folder]
    #[arg(long, value_name = "DIR", env = "ALLOCGATE_CACHE")]
    pub(in crate::cli) cache: Option<PathBuf>,

    /// Keep no results of base commits, and use none
    #[arg(long)]
    pub(in crate::cli) no_cache: bool,
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
