//! `allocgate memory check`: manifests and readings against the budget.

use anyhow::Result;

use super::args::CheckArguments;
use super::{gather, here, policy, readings, stated};
use crate::cli::outputs::Outputs;
use crate::cli::place;
use crate::gate::Report;

pub(super) fn run(arguments: &CheckArguments) -> Result<u8> {
    let policy = policy(&arguments.policy)?;
    let mut memory = policy.memory.clone().unwrap_or_default();
    if !arguments.container.is_empty() {
        memory.containers.clone_from(&arguments.container);
    }
    memory.target = arguments.target.clone().or(memory.target);
    memory.limit = stated("--limit", arguments.limit.as_ref())?.or(memory.limit);
    memory.require.extend(&arguments.require);
    memory.skip.extend(&arguments.skip);
    let outputs = Outputs::open(&arguments.output)?;
    // What is given counts instead of what the policy names.
    let manifests = match &arguments.manifests[..] {
        [] => &memory.manifests,
        given => given,
    };
    let mut sides = readings::sides(&arguments.readings)?;
    if sides[0].is_none() && arguments.manifests.is_empty() {
        sides[0] = readings::of_policy(&memory)?;
    }
    let memory = gather::judge(manifests, sides, &memory)?;
    let mut report = Report::of_memory(memory, &policy);
    report.directory = place::directory(&here()?);
    outputs.write(&report, &arguments.output)?;
    Ok(report.verdict.exit_code())
}
