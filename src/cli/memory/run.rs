//! `allocgate memory run`: a command under a real limit, judged by what it used.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use signal_hook::consts::SIGTERM;

use super::args::RunArguments;
use super::{here, policy, size};
use crate::cli::outputs::{OutputFile, Outputs};
use crate::cli::place;
use crate::figure;
use crate::gate::{
    CommandEnd, CommandRun, Judgement, MemoryReport, MemorySample, Readings, Report,
};
use crate::memory::check::{self, Case};
use crate::memory::declared::Declared;
use crate::memory::limited::{self, Enforcement, Options, Outcome, Sample, StoppedBy};
use crate::memory::reading::{Bound, Figure, Reading, Word};
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
    let standard = outputs.standard();
    if let Some(format) = standard.filter(|format| format.is_whole()) {
        bail!(
            "--report {format} would stand in the middle of the command's own output; write it to a file: --report {format}=FILE"
        );
    }
    let picture = arguments
        .chart
        .as_deref()
        .map(OutputFile::open)
        .transpose()?;
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
    // Drawn only if it is asked for.
    let svg = picture
        .as_ref()
        .and(report.command.as_ref())
        .map(chart::svg);
    let mut report = Report::of_memory(report, &policy);
    report.directory = place::directory(&here()?);
    // The command's own output ends where it ends.
    let _ = io::stdout().flush();
    let written = outputs.write(&report, &arguments.output);
    let drawn = match (picture, svg) {
        (Some(mut picture), Some(svg)) => {
            let drawn = picture.write(|out| out.write_all(svg.as_bytes()));
            if drawn.is_ok() {
                picture.keep();
            }
            drawn
        }
        _ => Ok(()),
    };
    if let Some(signal) = outcome.interrupted {
        return Ok(128 + signal);
    }
    written.and(drawn)?;
    Ok(report.verdict.exit_code())
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
    let cached = |sample: &Sample| Some(sample.usage?.saturating_sub(sample.uncached?));
    if let Some(cache) = outcome.samples.iter().filter_map(cached).max() {
        let figure = Figure::new(Word::PeakFileCache, cache as f64, "samples");
        now.figures
            .push(figure.but(Bound::AtLeast, "the greatest of all samples"));
    }
    let readings = Readings {
        before: (settle > 0.0).then(|| settled(&samples, settle)).flatten(),
        now,
    };
    let enforced = matches!(outcome.enforced, Enforcement::By { .. }) && !outcome.escaped;
    let mut policy = policy.clone();
    if !enforced {
        // What is stated is no limit where nothing enforces it.
        policy.skip.push(MemoryCheck::LimitDeclared);
    }
    let policy = &policy;
    let mut checks = check::check(Case {
        container: None,
        image_alone: false,
        automemlimit: &Declared::Absent,
        candidate: Some(&readings),
        baseline: None,
        policy,
    });
    let mut remarks = Vec::new();
    if let Some(capped) = outcome.capped {
        remarks.push(format!(
            "the limit that bound is {}, that of a cgroup above, and not the {} asked for",
            figure::size(capped as f64),
            figure::size(limit)
        ));
        // What does not fit the smaller one may fit the one asked for.
        for check in checks
            .iter_mut()
            .filter(|check| check.judgement == Judgement::Fail)
        {
            check.judgement = Judgement::CouldNotJudge;
            check.remedy = Some("run it where that much is allowed".to_owned());
        }
    }
    if outcome.escaped {
        // What was seen is only a part.
        for check in checks
            .iter_mut()
            .filter(|check| check.judgement == Judgement::Pass)
        {
            check.judgement = Judgement::CouldNotJudge;
            check.remedy =
                Some("let the command stay in the cgroup that it is started in".to_owned());
        }
    }
    let enforced_by = match &outcome.enforced {
        Enforcement::By { .. } if outcome.escaped => {
            remarks.push(
                "a process of the command left its cgroup: the limit did not hold it".to_owned(),
            );
            None
        }
        Enforcement::By { version, .. } => Some(format!("cgroup v{version}")),
        Enforcement::Not { why } => {
            remarks.push(format!("the limit was not enforced: {why}"));
            None
        }
    };
    remarks.extend(stopped(&outcome.end));
    if let Some(parent) = &outcome.left_on {
        remarks.push(format!(
            "the memory controller was switched on in {}, and stays on, since others may rely on it",
            parent.display()
        ));
    }
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
        limited::CommandEnd::Stopped {
            by: StoppedBy::Signaled(signal),
        } if *signal != SIGTERM => CommandEnd::Signaled(*signal),
        limited::CommandEnd::Stopped { .. } => CommandEnd::Stopped,
        limited::CommandEnd::NotStarted { why, .. } => CommandEnd::NotStarted(why.clone()),
    }
}

/// What a command made of being asked to stop, if that deserves a word.
fn stopped(end: &limited::CommandEnd) -> Option<String> {
    let limited::CommandEnd::Stopped { by } = end else {
        return None;
    };
    match by {
        StoppedBy::Exited(0) | StoppedBy::Signaled(SIGTERM) => None,
        StoppedBy::Exited(status) => {
            Some(format!("asked to stop, the command exited with {status}"))
        }
        StoppedBy::Signaled(signal) => Some(format!(
            "asked to stop, the command was ended by signal {signal}"
        )),
        StoppedBy::Killed => {
            Some("asked to stop, the command did not in time, and was killed (--grace)".to_owned())
        }
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
    // Processes are looked at more seldom: what was seen much later is of another moment.
    let resident = samples
        .iter()
        .find(|sample| sample.at >= settle && sample.resident.is_some())
        .filter(|sample| sample.at < settle + 0.5);
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
