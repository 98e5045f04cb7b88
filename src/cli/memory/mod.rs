//! `allocgate memory`: the container memory budget, a file a command.

mod args;
mod check;
mod gather;
mod plan;
mod read;
mod readings;
mod run;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::cli::policy::written;
use crate::policy::{Policy, Stated, parse_quantity};
use crate::unit::Unit;

pub(in crate::cli) use args::MemoryArguments;
use args::{MemoryCommand, MemoryPolicyArguments};
pub(in crate::cli) use gather::of_policy;

pub(super) fn run(arguments: &MemoryArguments) -> Result<u8> {
    match &arguments.command {
        MemoryCommand::Check(arguments) => check::run(arguments),
        MemoryCommand::Read(arguments) => read::run(arguments),
        MemoryCommand::Run(arguments) => run::run(arguments),
        MemoryCommand::Plan(arguments) => plan::run(arguments),
    }
}

/// The policy, with a `[memory]` section whatever was written.
fn policy(arguments: &MemoryPolicyArguments) -> Result<Policy> {
    let mut policy = written(&arguments.source, &here()?)?;
    policy.outcomes.extend(arguments.on.on.iter().copied());
    policy.memory.get_or_insert_default();
    Ok(policy)
}

fn here() -> Result<PathBuf> {
    std::env::current_dir().context("the working directory")
}

/// A size that was typed.
fn size(flag: &str, text: &str) -> Result<f64> {
    parse_quantity(text, &Unit::new(Unit::BYTES)).with_context(|| flag.to_owned())
}

/// A size that was typed and counts as stated.
fn stated(flag: &str, text: Option<&String>) -> Result<Option<Stated>> {
    let stated = |text: &String| {
        let value = size(flag, text)?;
        if value < 1.0 {
            bail!("{flag}: expected more than nothing, found `{text}`");
        }
        Ok(Stated {
            value,
            at: "command line".to_owned(),
        })
    };
    text.map(stated).transpose()
}
