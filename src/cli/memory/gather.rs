//! The memory budget of what was given: manifests and readings in, checks out.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::readings;
use crate::bounded;
use crate::cli::place;
use crate::gate::{MemoryReport, Readings};
use crate::memory::check::{self, Case};
use crate::memory::declared::{Container, Declared};
use crate::memory::manifest::{self, File, Manifest, Options};
use crate::memory::reading::{Bound, Word};
use crate::memory::target;
use crate::parse;
use crate::policy::{MemoryPolicy, Policy};

/// Makes all checks. `manifests` are files or patterns; the containers and the stage are the policy's.
pub(super) fn judge(
    manifests: &[String],
    [candidate, baseline]: [Option<Readings>; 2],
    policy: &MemoryPolicy,
) -> Result<MemoryReport> {
    if let Some(both) = policy.require.iter().find(|id| policy.skip.contains(id)) {
        bail!("the check {both} is both required and skipped");
    }
    let names = match (parse::expand(manifests), &policy.vanished[..]) {
        // All of them are gone: that is told below.
        (Err(parse::OpenError::NoMatch(_)), [_, ..]) => Vec::new(),
        (names, _) => names?,
    };
    let seen = |name: String| place::seen_from_here(name.as_ref()).display().to_string();
    let names: Vec<String> = names.into_iter().map(seen).collect();
    let read = read(&names, policy.target.as_deref())?;
    let targets = target::choose(read, &policy.containers)?;
    if targets.containers.len() > 1 && (candidate.is_some() || baseline.is_some()) {
        bail!(
            "readings are of one container, and {} are to be judged; choose one with --container",
            targets.containers.len()
        );
    }
    let mut report = MemoryReport {
        sources: names,
        remarks: targets.remarks.clone(),
        ..MemoryReport::default()
    };
    let sides = [&baseline, &candidate].into_iter().flatten();
    report
        .sources
        .extend(sides.map(|readings| readings.now.source.clone()));
    let case = |container| Case {
        container,
        image_alone: targets.image_alone,
        automemlimit: &targets.automemlimit,
        candidate: candidate.as_ref(),
        baseline: baseline.as_ref(),
        policy,
    };
    match &targets.containers[..] {
        [] => report.checks = check::check(case(None)),
        [only] => {
            report.checks = check::check(case(Some(only)));
            if let Some(readings) = &candidate {
                report.remarks.extend(disagreements(only, readings));
            }
        }
        several => report.checks = each(several, case),
    }
    for path in &policy.vanished {
        report.checks.push(check::vanished(path));
    }
    report.candidate = candidate;
    report.baseline = baseline;
    Ok(report)
}

/// The checks of several containers, each with its name.
fn each<'a>(
    containers: &'a [Container],
    case: impl Fn(Option<&'a Container>) -> Case<'a>,
) -> Vec<check::Check> {
    let named = |container: &'a Container| {
        let name = format!("{}/{}", container.workload, container.name);
        let checks = check::check(case(Some(container)));
        checks.into_iter().map(move |check| check::Check {
            container: Some(name.clone()),
            ..check
        })
    };
    containers.iter().flat_map(named).collect()
}

/// Where what runs is not what is declared.
fn disagreements(container: &Container, readings: &Readings) -> Vec<String> {
    let pairs = [
        (Word::Limit, &container.limit),
        (Word::Gomemlimit, &container.gomemlimit),
    ];
    let differs = |(word, declared): (Word, &Declared<crate::memory::amount::Limit>)| {
        let Declared::Set { value, text, at } = declared else {
            return None;
        };
        let figure = readings
            .now
            .get(word)
            .filter(|figure| figure.bound != Bound::Doubtful)?;
        let declared = value.bytes().map_or(f64::INFINITY, |bytes| bytes as f64);
        let same =
            declared.total_cmp(&figure.value).is_eq() || (declared - figure.value).abs() <= 4096.0;
        (!same).then(|| {
            format!(
                "{at} declares a {} of {text}, and what runs has {} ({})",
                word.label(),
                check::show(figure.value, word.quantity()),
                figure.from
            )
        })
    };
    pairs.into_iter().filter_map(differs).collect()
}

fn read(names: &[String], stage: Option<&str>) -> Result<Vec<Manifest>> {
    let texts: Vec<_> = names.iter().map(|name| text(name)).collect::<Result<_>>()?;
    let files: Vec<_> = texts
        .iter()
        .map(|(path, text)| File { path, text })
        .collect();
    let read_beside = |manifest: &str, other: &str| {
        let folder = Path::new(manifest).parent().unwrap_or(Path::new(""));
        let path = folder.join(other);
        match fs::metadata(&path) {
            // To open a pipe would wait for who writes into it.
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is no regular file")),
            Ok(_) => whole(fs::File::open(path)?).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    };
    let options = Options {
        kind: None,
        stage,
        read_beside: &read_beside,
    };
    Ok(manifest::read_all(&files, &options)?)
}

/// A manifest, and how it is named in the report.
fn text(name: &str) -> Result<(&str, Vec<u8>)> {
    if name == "-" {
        let text = whole(io::stdin().lock()).context("standard input")?;
        return Ok(("standard input", text));
    }
    let file = fs::File::open(name).with_context(|| name.to_owned())?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        bail!("{name}: this is a folder; name the manifests in it, such as '{name}/*.yaml'");
    }
    Ok((name, whole(file).with_context(|| name.to_owned())?))
}

fn whole(input: impl Read) -> io::Result<Vec<u8>> {
    let text = bounded::read(input, manifest::MAX_SIZE as u64)?;
    text.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::FileTooLarge,
            "is larger than 32 MiB; this is no manifest",
        )
    })
}

/// What the policy itself names, for `check` and `run`; `None` if it names nothing.
pub(in crate::cli) fn of_policy(policy: &Policy) -> Result<Option<MemoryReport>> {
    let Some(memory) = &policy.memory else {
        return Ok(None);
    };
    let nothing = memory.manifests.is_empty() && memory.readings.is_empty();
    if nothing && memory.require.is_empty() {
        return Ok(None);
    }
    let candidate = readings::of_policy(memory)?;
    judge(&memory.manifests, [candidate, None], memory).map(Some)
}
