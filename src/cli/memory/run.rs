//! `allocgate memory run`: a command under a real limit, judged by what it used.

use std::env;
use std::fs;
use std::io::{self, Write};

use anyhow::{Context, Result};

use super::args::RunArguments;
use super::{policy, size};
use crate::cli::outputs::Outputs;
use crate::gate::{CommandEnd, CommandRun, MemoryReport, MemorySample, Readings, Report};
use crate::memory::amount;
use crate::memory::check::{self, Case};
use crate::memory::declared::Declared;
use crate::memory::limited::{self, Enforcement, Options, Outcome, Sample};
use crate::memory::reading::{Figure, Reading, Word};
use crate::memory::source;
use crate::policy::{MemoryCheck, MemoryPolicy, Stated};
use crate::process::Interrupt;
use crate::report::chart;

pub(super) fn run(arguments: &RunArguments) -> Result<u8> {
    let policy = policy(&arguments.policy)?;
    let limit = size("--limit", &arguments.limit)?;
    let mut memory = policy.memory.clone().unwrap_or_default();
    memory.limit = Some(Stated {
        value: limit,
        at: "--limit".to_owned(),
    });
    memory.skip.extend(&arguments.skip);
    let asked = [MemoryCheck::WorkingSet, MemoryCheck::NoOom];
    let asked = asked.into_iter().filter(|id| !memory.skip.contains(id));
    memory.require = asked.collect();
    // Nothing is known of a heap, and there is nothing to compare with.
    memory
        .skip
        .extend([MemoryCheck::Capacity, MemoryCheck::Canary]);
    let outputs = Outputs::open(&arguments.output)?;
    let interrupt = Interrupt::catch().context("cannot catch signals")?;
    let options = Options {
        interval: arguments.interval,
        run_for: arguments.run_for,
        grace: arguments.grace,
        ..Options::new(arguments.command.clone(), limit as u64)
    };
    let outcome = limited::run(&options, &interrupt)?;
    let settle = arguments.settle.as_secs_f64();
    let report = report(arguments, &outcome, limit, settle, &memory);
    if let (Some(path), Some(command)) = (&arguments.chart, &report.command) {
        fs::write(path, chart::svg(command))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let report = Report::of_memory(report, &policy);
    // The command's own output ends where it ends.
    io::stdout().flush()?;
    outputs.write(&report, &arguments.output)?;
    Ok(match outcome.interrupted {
        Some(signal) => 128 + signal,
        None => report.verdict.exit_code(),
    })
}

fn report(
    arguments: &RunArguments,
    outcome: &Outcome,
    limit: f64,
    settle: f64,
    policy: &MemoryPolicy,
) -> MemoryReport {
    let command: Vec<String> = arguments
        .command
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let samples: Vec<MemorySample> = outcome.samples.iter().map(sample).collect();
    let mut now = source::join([outcome.peaks.clone(), outcome.last.clone()]).unwrap_or_default();
    now.source = command.join(" ");
    now.figures.extend(environment());
    let readings = Readings {
        before: (settle > 0.0).then(|| settled(&samples, settle)).flatten(),
        now,
    };
    let checks = check::check(Case {
        container: None,
        image_alone: false,
        automemlimit: &Declared::Absent,
        candidate: Some(&readings),
        baseline: None,
        policy,
    });
    let mut remarks = Vec::new();
    let enforced_by = match &outcome.enforced {
        Enforcement::By { version, .. } => Some(format!("cgroup v{version}")),
        Enforcement::Not { why } => {
            remarks.push(format!("the limit was not enforced: {why}"));
            None
        }
    };
    if outcome.left > 0 {
        remarks.push(format!(
            "processes that outlived the command and were killed: {}",
            outcome.left
        ));
    }
    if !outcome.cleaned {
        remarks.push(
            "a process of the command could not be killed, and its cgroup remains".to_owned(),
        );
    }
    MemoryReport {
        checks,
        sources: vec![command.join(" ")],
        remarks,
        candidate: Some(readings),
        baseline: None,
        command: Some(CommandRun {
            command,
            limit,
            enforced_by,
            end: end(&outcome.end),
            seconds: outcome.elapsed.as_secs_f64(),
            settled_after: settle,
            sampling_seconds: outcome.sampling_cpu.as_secs_f64(),
            samples,
        }),
    }
}

fn end(end: &limited::CommandEnd) -> CommandEnd {
    match end {
        limited::CommandEnd::Exited(status) => CommandEnd::Exited(*status),
        limited::CommandEnd::Signaled(signal) => CommandEnd::Signaled(*signal),
        limited::CommandEnd::OomKilled => CommandEnd::OomKilled,
        limited::CommandEnd::Stopped => CommandEnd::Stopped,
        limited::CommandEnd::NotStarted { why, .. } => CommandEnd::NotStarted(why.clone()),
    }
}

fn sample(sample: &Sample) -> MemorySample {
    let bytes = |value: Option<u64>| value.map(|bytes| bytes as f64);
    MemorySample {
        at: sample.at.as_secs_f64(),
        usage: bytes(sample.usage),
        working_set: bytes(sample.working_set),
        anonymous: bytes(sample.anonymous),
        resident: bytes(sample.resident),
    }
}

/// The reading at which the command counts as started up.
fn settled(samples: &[MemorySample], settle: f64) -> Option<Reading> {
    let sample = samples.iter().find(|sample| sample.at >= settle)?;
    let figure =
        |word, value: Option<f64>| Some(Figure::new(word, value?, "the sample after settling"));
    let resident = samples
        .iter()
        .find(|sample| sample.at >= settle && sample.resident.is_some());
    Some(Reading {
        source: "the sample after settling".to_owned(),
        taken: None,
        figures: [
            figure(Word::Usage, sample.usage),
            figure(Word::WorkingSet, sample.working_set),
            figure(Word::Anonymous, sample.anonymous),
            figure(Word::Resident, resident.and_then(|sample| sample.resident)),
        ]
        .into_iter()
        .flatten()
        .collect(),
    })
}

/// What the command was told of the runtime's settings.
fn environment() -> Vec<Figure> {
    const FROM: &str = "environment of the command";
    let gomemlimit = env::var("GOMEMLIMIT")
        .ok()
        .and_then(|text| amount::gomemlimit(&text).ok());
    let gogc = env::var("GOGC")
        .ok()
        .and_then(|text| amount::gogc(&text).ok());
    let gomemlimit = gomemlimit.map(|limit| {
        let bytes = limit.bytes().map_or(f64::INFINITY, |bytes| bytes as f64);
        Figure::new(Word::Gomemlimit, bytes, FROM)
    });
    let gogc = gogc.map(|gogc| {
        let percent = match gogc {
            amount::Gogc::Percent(percent) => f64::from(percent),
            amount::Gogc::Off => f64::INFINITY,
        };
        Figure::new(Word::Gogc, percent, FROM)
    });
    gomemlimit.into_iter().chain(gogc).collect()
}
