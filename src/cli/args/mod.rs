//! What was typed. The arguments of the smaller commands stand with them.

mod check;
mod output;
mod policy;
mod run;
mod stat;

use std::time::Duration;

use clap::{Parser, Subcommand};

use super::comment::CommentArguments;
use super::exit;
use super::explain::ExplainArguments;
use super::generate::{CompletionsArguments, ManArguments};
use super::init::InitArguments;
use super::memory::MemoryArguments;
use super::report::ReportArguments;

pub(super) use check::CheckArguments;
pub(super) use output::{OutputArguments, When};
pub(super) use policy::{OnArguments, PolicyArguments, PolicySource};
pub(super) use run::{MeasurementArguments, RunArguments};
pub(super) use stat::{Only, StatArguments, with_two_dashes};

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

  # benchstat's tables of it
  allocgate stat baseline.txt candidate.txt

  # before a release: does it still fit its container?
  allocgate memory check deploy.yaml Dockerfile go.mod

  # what does that mean, and what to do?
  allocgate explain regressed";

#[derive(Subcommand)]
pub(super) enum Command {
    Run(Box<RunArguments>),
    Check(Box<CheckArguments>),
    Stat(Box<StatArguments>),
    Memory(MemoryArguments),
    Report(Box<ReportArguments>),
    Comment(CommentArguments),
    Init(InitArguments),
    Explain(ExplainArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

/// A duration that is more than nothing.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = text
        .parse::<jiff::SignedDuration>()
        .map_err(|error| error.to_string())?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("expected more than nothing, such as 90s or 10m".to_owned()),
    }
}
