//! What was typed of the policy.

use std::path::PathBuf;

use clap::Args;

use crate::policy::{Adjust, Doubt, Outcome, Test};

/// Where the policy comes from, and what overrides it.
#[derive(Args)]
#[command(next_help_heading = "Policy")]
pub(in crate::cli) struct PolicyArguments {
    #[command(flatten)]
    pub(in crate::cli) source: PolicySource,

    /// Accept the Allocgate-Waiver trailers of the commits since this git revision
    #[arg(long, value_name = "REVISION")]
    pub(in crate::cli) waivers_since: Option<String>,

    /// Significance level where rows vary
    #[arg(long, value_name = "P", value_parser = share)]
    pub(in crate::cli) alpha: Option<f64>,

    /// Confidence level of intervals
    #[arg(long, value_name = "LEVEL", value_parser = share)]
    pub(in crate::cli) confidence: Option<f64>,

    /// The test where rows vary: mann-whitney or welch
    #[arg(long, value_name = "TEST")]
    pub(in crate::cli) test: Option<Test>,

    /// The adjustment of p-values for many rows: bh, holm or none
    #[arg(long, value_name = "METHOD")]
    pub(in crate::cli) adjust: Option<Adjust>,

    /// How much a unit may rise: relative, absolute, or both (`B/op=2%`, `B/op=2%,64B`, `allocs/op=1`)
    #[arg(long, value_name = "UNIT=RISE")]
    pub(in crate::cli) threshold: Vec<String>,

    /// Let a unit fail the build (`ns/op`)
    #[arg(long, value_name = "UNIT")]
    pub(in crate::cli) gate: Vec<String>,

    /// Show a unit without letting it fail the build (`B/op`)
    #[arg(long, value_name = "UNIT")]
    pub(in crate::cli) advisory: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) on: OnArguments,

    /// A configuration key that does not tell rows apart
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) ignore_key: Vec<String>,
}

/// Where the policy is read from.
#[derive(Args)]
pub(in crate::cli) struct PolicySource {
    /// The policy file [default: allocgate.toml of this or the nearest parent directory]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: Option<PathBuf>,

    /// Ignore any allocgate.toml
    #[arg(long, conflicts_with = "policy")]
    pub(in crate::cli) no_policy: bool,

    /// Read allocgate.toml as it is in this git revision, so that a change cannot loosen its own gate
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["policy", "no_policy"])]
    pub(in crate::cli) policy_from: Option<String>,
}

/// What doubts do.
#[derive(Args)]
pub(in crate::cli) struct OnArguments {
    /// What a doubt does: CAUSE is inconclusive, failed, vanished, deleted, ruler-changed,
    /// malformed, no-benchmarks, no-allocations or memory-unknown; OUTCOME is pass, fail or could-not-judge
    #[arg(long, value_name = "CAUSE=OUTCOME", value_parser = doubt_outcome)]
    pub(in crate::cli) on: Vec<(Doubt, Outcome)>,
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
