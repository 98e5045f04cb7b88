//! `allocgate check`: read, compare, judge, report.

use std::env;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, bail};

use super::args::CheckArguments;
use super::filter::Selection;
use super::memory;
use super::outputs::{Outputs, refuse_to_overwrite};
use super::place;
use super::policy::policy;
use super::read::{self, Reading};
use crate::benchmark::{SampleSet, SampleSetBuilder, row_keys};
use crate::gate::{Case, Circumstances, Report, judge};
use crate::policy::Policy;
use crate::run::{self, BASELINE_FILE, CANDIDATE_FILE};

pub(super) fn run(arguments: &CheckArguments) -> Result<u8> {
    let here = env::current_dir().context("the working directory")?;
    let policy = policy(&arguments.policy, &here)?;
    let mut selection = Selection::parse(arguments.filter.as_deref())?;
    let reading = Reading::new(arguments.format.as_deref(), &arguments.max_input)?;
    refuse_to_overwrite(&arguments.output, inputs(arguments))?;
    let outputs = Outputs::open(&arguments.output)?;
    let files = |name: &str| -> Vec<String> {
        let file = |folder: &PathBuf| folder.join(name).display().to_string();
        arguments.saved.iter().map(file).collect()
    };
    let saved = [files(BASELINE_FILE), files(CANDIDATE_FILE)];
    let (baseline, candidate) = match (&arguments.sides[..], &saved) {
        ([baseline, candidate], _) => (
            std::slice::from_ref(baseline),
            std::slice::from_ref(candidate),
        ),
        (_, [baseline, candidate]) if !baseline.is_empty() => (&baseline[..], &candidate[..]),
        _ => (&arguments.baseline[..], &arguments.candidate[..]),
    };
    let manifests = arguments.saved.iter().map(|folder| {
        let manifest = run::read_manifest(folder)?;
        Ok((folder.clone(), manifest))
    });
    let manifest = run::join(manifests.collect::<Result<_, run::SaveError>>()?)?;
    let [mut baseline, candidate] = read::sides([baseline, candidate], reading)?;
    let Some(mut candidate) = candidate else {
        bail!("no candidate was given")
    };
    if let Some(selection) = &mut selection {
        selection.apply(baseline.as_mut(), &mut candidate)?;
    }
    let memory = memory::of_policy(&policy)?;
    let mut report = report(
        baseline,
        candidate,
        &policy,
        outputs.show_unchanged(&arguments.output),
        manifest.as_ref().map(|manifest| &manifest.circumstances),
        selection.as_ref(),
    );
    if let Some(manifest) = &manifest {
        report.attribute(&manifest.attributed);
    }
    if outputs.show_places() {
        let found = || place::functions(&report, &here);
        let functions = manifest.map_or_else(found, |manifest| manifest.functions);
        report.locate(&functions);
        report.directory = place::directory(&here);
    }
    if let Some(memory) = memory {
        report = report.with_memory(memory, &policy);
    }
    outputs.write(&report, &arguments.output)?;
    Ok(report.verdict.exit_code())
}

/// The files that are read, as they were given.
fn inputs(arguments: &CheckArguments) -> impl Iterator<Item = String> + '_ {
    let names = [BASELINE_FILE, CANDIDATE_FILE];
    let saved = arguments.saved.iter();
    let saved = saved.flat_map(move |folder| names.map(|name| folder.join(name)));
    let sides = [&arguments.sides, &arguments.baseline, &arguments.candidate];
    let given = sides.into_iter().flatten().cloned();
    given.chain(saved.map(|path| path.display().to_string()))
}

/// Both sides, read, to report.
pub(super) fn report(
    baseline: Option<SampleSetBuilder>,
    candidate: SampleSetBuilder,
    policy: &Policy,
    keep_unchanged: bool,
    circumstances: Option<&Circumstances>,
    selection: Option<&Selection>,
) -> Report {
    let configurations: Vec<_> = baseline
        .iter()
        .chain([&candidate])
        .map(|side| side.configurations())
        .collect();
    let row_keys = row_keys(&configurations, &policy.ignore_keys);
    let (baseline, candidate) = finish(baseline, candidate, &row_keys);
    let dead_selectors = selection.map_or_else(Vec::new, Selection::dead_selectors);
    judge(Case {
        baseline: baseline.as_ref(),
        candidate: &candidate,
        row_keys: &row_keys,
        policy,
        today: jiff::Zoned::now().date(),
        keep_unchanged,
        circumstances,
        filter: selection.map(|selection| selection.expression()),
        dead_selectors: &dead_selectors,
    })
}

/// Merges and sorts both sides at the same time.
fn finish(
    baseline: Option<SampleSetBuilder>,
    candidate: SampleSetBuilder,
    row_keys: &[String],
) -> (Option<SampleSet>, SampleSet) {
    thread::scope(|scope| {
        let other = scope.spawn(|| baseline.map(|side| side.finish(row_keys)));
        let candidate = candidate.finish(row_keys);
        let baseline = other
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (baseline, candidate)
    })
}
