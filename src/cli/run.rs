//! `allocgate run`: measure both sides, judge, report.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::args::{MeasurementArguments, RunArguments};
use super::check;
use super::memory;
use super::outputs::Outputs;
use super::place;
use super::policy::policy;
use super::progress::{Progress, short};
use super::read;
use crate::figure::count;
use crate::gate::{Circumstances, Report};
use crate::policy::{Gating, Policy, Rule, Scope};
use crate::process::{Interrupt, Workspace};
use crate::run::{self, BASELINE_FILE, CANDIDATE_FILE, Measured, Options, Outcome};
use crate::text;
use crate::unit::Unit;

/// Lines of the output of what failed that are shown, and of how many packages.
const LOG_LINES: usize = 20;
const LOGS: usize = 5;
/// Units that a measurement made for allocations says nothing of.
const UNMEASURED: [&str; 2] = [Unit::TIME, "B/s"];

pub(super) fn run(arguments: &RunArguments) -> Result<u8> {
    let here = here(arguments)?;
    let policy = policy(&arguments.policy, &here)?;
    let asks_for_time = policy.rules.iter().any(|rule| {
        let time = rule
            .unit
            .as_ref()
            .is_some_and(|unit| unit.as_str() == Unit::TIME);
        time && rule.gate == Some(Gating::Gate)
    });
    let policy = for_run(policy, arguments.measurement.time);
    // Before anything long: what cannot be read is said at once.
    let memory = memory::of_policy(&policy)?;
    let outputs = Outputs::open(&arguments.output)?;
    let options = options(arguments, here, &policy, &outputs)?;
    if let Some(folder) = &arguments.save {
        fs::create_dir_all(folder).with_context(|| format!("cannot write {}", folder.display()))?;
    }
    let interrupt = Interrupt::catch().context("cannot catch signals")?;
    let workspace = Workspace::new(&env::temp_dir()).with_context(|| {
        format!(
            "cannot make a temporary folder in {}",
            env::temp_dir().display()
        )
    })?;
    let mut progress = Progress::new(arguments.output.quiet);
    let outcome = run::run(
        &options,
        workspace.path(),
        &interrupt,
        &mut |event| progress.tell(event),
        &mut |measured| judged(["baseline", "candidate"], measured, &policy, true),
    );
    progress.finish();
    drop(workspace);
    let mut outcome = outcome?;
    if !arguments.measurement.time && asks_for_time {
        let remark =
            "the policy lets ns/op fail the build, and a run measures time only with --time";
        outcome
            .measured
            .circumstances
            .remarks
            .push(remark.to_owned());
    }
    if let Some(folder) = &arguments.save {
        run::save(&outcome, options.shard, folder)?;
    }
    let names = match &arguments.save {
        Some(folder) => {
            [BASELINE_FILE, CANDIDATE_FILE].map(|name| folder.join(name).display().to_string())
        }
        None => outcome.names.clone(),
    };
    let keep_unchanged = outputs.show_unchanged(&arguments.output);
    let mut report = judged(
        [&names[0], &names[1]],
        &outcome.measured,
        &policy,
        keep_unchanged,
    );
    // What was not measured for its own sake is not shown either, unless a budget was asked for that it
    // exceeds.
    let measured = |unit: &Unit| arguments.measurement.time || !UNMEASURED.contains(&unit.as_str());
    report
        .rows
        .retain(|row| measured(&row.unit) || row.gating == Gating::Gate);
    report.geomeans.retain(|mean| measured(&mean.unit));
    // What was compared are commits, wherever their output was written to.
    let sides = [&mut report.inputs.baseline, &mut report.inputs.candidate];
    for (inputs, name) in sides.into_iter().zip(&outcome.names) {
        inputs
            .iter_mut()
            .for_each(|input| input.path.clone_from(name));
    }
    report.locate(&outcome.functions);
    report.attribute(&outcome.attributed);
    report.directory = place::directory(&options.here);
    if let Some(mut memory) = memory {
        if let Some(head) = &arguments.head {
            let remark =
                format!("what [memory] names was read from the working tree, not from {head}");
            memory.remarks.push(remark);
        }
        report = report.with_memory(memory, &policy);
    }
    if !arguments.output.quiet {
        tell(&outcome, &options)?;
    }
    outputs.write(&report, &arguments.output)?;
    Ok(report.verdict.exit_code())
}

/// Judges what was measured, as `check` would.
fn judged(names: [&str; 2], measured: &Measured, policy: &Policy, keep_unchanged: bool) -> Report {
    let side = |side: usize| read::memory(names[side], &measured.outputs[side]).unwrap_or_default();
    let circumstances: &Circumstances = &measured.circumstances;
    check::report(
        Some(side(0)),
        side(1),
        policy,
        keep_unchanged,
        Some(circumstances),
        None,
    )
}

/// A run measures for allocations. Times are judged if they were measured for that, and not otherwise:
/// a hundred iterations say nothing of them.
fn for_run(mut policy: Policy, time: bool) -> Policy {
    let rule = |unit: &str, gate| Rule {
        scope: Scope::default(),
        unit: Some(Unit::new(unit)),
        gate: Some(gate),
        relative: None,
        absolute: None,
        at: "allocgate run".to_owned(),
        specific: false,
    };
    if time {
        policy.rules.push(rule(Unit::TIME, Gating::Gate));
    } else {
        policy
            .rules
            .extend([Unit::TIME, "B/s"].map(|unit| rule(unit, Gating::Ignore)));
    }
    policy
}

fn here(arguments: &RunArguments) -> Result<PathBuf> {
    match &arguments.directory {
        Some(directory) if !directory.is_dir() => {
            bail!("-C {}: not a folder", directory.display())
        }
        Some(directory) => {
            fs::canonicalize(directory).with_context(|| format!("-C {}", directory.display()))
        }
        None => env::current_dir().context("the working directory"),
    }
}

fn options(
    arguments: &RunArguments,
    here: PathBuf,
    policy: &Policy,
    outputs: &Outputs,
) -> Result<Options> {
    let MeasurementArguments {
        packages,
        bench,
        benchtime,
        count,
        time,
        no_profile,
        max_time,
        timeout,
        tags,
        cpu,
        race,
        shard,
        cache,
        no_cache,
    } = &arguments.measurement;
    let (test, build): (Vec<String>, Vec<String>) = arguments
        .flags
        .iter()
        .cloned()
        .partition(|flag| flag.starts_with("-test."));
    let mut build_flags: Vec<String> = tags.iter().map(|tags| format!("-tags={tags}")).collect();
    build_flags.extend(race.then(|| "-race".to_owned()));
    build_flags.extend(build);
    let cpu: Vec<String> = cpu.iter().map(u32::to_string).collect();
    let mut test_flags = Vec::new();
    if !cpu.is_empty() {
        test_flags.push(format!("-test.cpu={}", cpu.join(",")));
    }
    test_flags.extend(test);
    Ok(Options {
        here,
        base: arguments.base.clone(),
        exact_base: arguments.exact_base,
        head: arguments.head.clone(),
        prepare: arguments.prepare.clone(),
        packages: packages.clone(),
        bench: bench.clone(),
        build_flags,
        test_flags,
        benchtime: benchtime.clone(),
        count: count.map(usize::from),
        time: *time,
        profile: !no_profile,
        max_time: *max_time,
        timeout: *timeout,
        results: outputs.paths(),
        budgeted: policy
            .budgets
            .iter()
            .map(|budget| budget.scope.clone())
            .collect(),
        shard: *shard,
        cache: cache.clone().or_else(usual_cache).filter(|_| !no_cache),
    })
}

fn usual_cache() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    Some(
        etcetera::choose_base_strategy()
            .ok()?
            .cache_dir()
            .join("allocgate"),
    )
}

/// What there is to say besides the report, on standard error.
fn tell(outcome: &Outcome, options: &Options) -> Result<()> {
    let mut err = io::stderr().lock();
    let logs = &outcome.logs;
    for (side, package, text) in logs.iter().take(LOGS) {
        writeln!(err, "--- {side}: {package}")?;
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        // What fails says so first; what comes before are results, what comes after are stacks.
        let start = lines
            .iter()
            .position(|line| line.contains("panic:") || line.contains("--- FAIL"));
        let start = start.unwrap_or(lines.len().saturating_sub(LOG_LINES));
        for line in lines[start..].iter().take(LOG_LINES) {
            // A CI system takes `::error::` for a command wherever a line starts with it.
            let line = line.replace('\t', "    ");
            writeln!(err, "    {}", text::plain(&line))?;
        }
    }
    if logs.len() > LOGS {
        writeln!(
            err,
            "… and the output of {} more (--save keeps it)",
            logs.len() - LOGS
        )?;
    }
    let identical: usize = outcome
        .measured
        .circumstances
        .identical
        .iter()
        .map(|one| one.benchmarks)
        .sum();
    let mut line = format!(
        "{} measured in {}",
        count(outcome.benchmarks, "benchmark"),
        short(outcome.elapsed)
    );
    if identical > 0 {
        line.push_str(&format!(", {identical} not run"));
        if outcome.benchmarks > 0 {
            let each = outcome.measuring / u32::try_from(outcome.benchmarks).unwrap_or(1);
            let saved: Duration = each.saturating_mul(u32::try_from(identical).unwrap_or(u32::MAX));
            line.push_str(&format!(" (about {} saved)", short(saved)));
        }
    }
    if let Some(shard) = options.shard {
        line.push_str(&format!("; part {shard} only"));
    }
    writeln!(err, "{line}")?;
    Ok(())
}
