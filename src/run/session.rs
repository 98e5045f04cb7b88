//! A run from its beginning to its end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::batch::{BASELINE, Batch, CANDIDATE, State, Target};
use super::binaries::Builder;
use super::cache::{self, Cache};
use super::error::RunError;
use super::execute::Executor;
use super::measure::{Measurement, Notes};
use super::options::Options;
use super::output;
use super::packages::{Selection, Subject, affected, functions, subjects};
use super::schedule::{self, LEAST_SAMPLES, MOST_SAMPLES};
use super::trees::Trees;
use super::{Event, Measured, Notify, Outcome};
use crate::benchmark::function_of;
use crate::gate::{Circumstances, Named, Report, Unmeasured};
use crate::golang::{Environment, Go, GoError};
use crate::process::Interrupt;

/// Measures both sides in `workspace`, asking `judge` after each round what is still undecided.
///
/// # Errors
///
/// If git or go cannot do their part, there is nothing to compare, or the user stops it. A benchmark
/// that fails is no error: it is part of the outcome.
pub fn run(
    options: &Options,
    workspace: &Path,
    interrupt: &Interrupt,
    notify: Notify<'_>,
    judge: &mut dyn FnMut(&Measured) -> Report,
) -> Result<Outcome, RunError> {
    session(options, workspace, interrupt, notify, judge).map_err(|error| {
        match interrupt.signal() {
            // Whatever failed, it failed because of that.
            Some(signal) => RunError::Interrupted(signal),
            None => error,
        }
    })
}

fn session(
    options: &Options,
    workspace: &Path,
    interrupt: &Interrupt,
    notify: Notify<'_>,
    judge: &mut dyn FnMut(&Measured) -> Report,
) -> Result<Outcome, RunError> {
    let start = Instant::now();
    let selection = Selection::new(options.bench.as_deref())?;
    notify(Event::Step("copying both sides"));
    let plain = Go {
        flags: options.build_flags.clone(),
        variables: Vec::new(),
        patience: Duration::from_secs(600),
        interrupt: interrupt.clone(),
    };
    let mut trees = Trees::make(options, &plain, workspace, interrupt)?;
    let go = [BASELINE, CANDIDATE].map(|side| trees.go(side, options, interrupt));
    notify(Event::Step("listing packages"));
    let environments = environments(&trees, &go)?;
    let mut subjects = subjects(&trees, options, &selection, &go)?;
    // What tests embed is their data, wherever it lies.
    trees
        .changes
        .take_for_test_data(embedded_by_tests(&subjects));
    trees.share_test_data()?;
    let selected: Vec<String> = subjects
        .iter()
        .map(|subject| format!("{} {:?}", subject.package, subject.benchmarks(CANDIDATE)))
        .collect();
    let mut circumstances = Circumstances {
        remarks: trees.remarks.clone(),
        ..Circumstances::default()
    };
    circumstances.deleted = deleted(&subjects);
    if let Some(shard) = options.shard {
        let mut place = 0..;
        subjects.retain(|_| place.next().is_some_and(|place| shard.takes(place)));
    }
    let mut differing = affected(&trees, &subjects, &go[CANDIDATE])?;
    if environments[BASELINE].goversion != environments[CANDIDATE].goversion {
        differing = subjects
            .iter()
            .map(|subject| subject.package.clone())
            .collect();
    }

    let executor = Executor {
        options,
        selection: &selection,
        interrupt,
        goroots: [BASELINE, CANDIDATE].map(|side| environments[side].goroot.clone()),
        deadline: start + options.max_time,
    };
    let builder = Builder {
        roots: &trees.roots,
        go: &go,
        folder: &workspace.join("bin"),
    };
    let mut session = Session {
        options,
        trees: &trees,
        executor: &executor,
        measurement: Measurement {
            executor: &executor,
            builder: &builder,
        },
        builder: &builder,
        cache: options
            .cache
            .as_deref()
            .filter(|_| !options.time)
            .map(Cache::open),
        environments: &environments,
        circumstances,
        notes: Notes::default(),
        broken: Vec::new(),
        processes: 0,
    };
    let (mut targets, kept) = session.targets(&subjects, &differing, notify)?;
    let benchmarks: usize = targets
        .iter()
        .map(|target| target.subject.benchmarks(CANDIDATE).len())
        .sum();
    notify(Event::Plan {
        packages: targets.len(),
        benchmarks,
        identical: session.circumstances.identical.len(),
    });
    let measuring = Instant::now();
    session.use_kept(&mut targets, &kept, notify, judge)?;
    session.plan(&mut targets, notify)?;
    session.rounds(&mut targets, notify, judge)?;
    session.finish(&targets);
    let measured = session.measured(&targets);
    let attributed = match options.profile {
        true => session.attribute(&targets, &judge(&measured), workspace, notify)?,
        false => Vec::new(),
    };
    let side = |side| {
        if side == BASELINE {
            "baseline"
        } else {
            "candidate"
        }
    };
    Ok(Outcome {
        measured,
        names: trees.names.clone(),
        functions: functions(&subjects),
        attributed,
        base_commit: trees.base_commit.clone(),
        identity: session.identity(&selected),
        logs: session
            .notes
            .logs
            .iter()
            .map(|(at, package, text)| (side(*at), package.clone(), text.clone()))
            .collect(),
        benchmarks,
        processes: session.processes,
        elapsed: start.elapsed(),
        measuring: measuring.elapsed(),
    })
}

/// The files that tests of either side embed, relative to the root.
fn embedded_by_tests(subjects: &[Subject]) -> Vec<PathBuf> {
    let sides = subjects
        .iter()
        .flat_map(|subject| subject.sides.iter().flatten());
    sides
        .flat_map(|tests| tests.embedded.iter().cloned())
        .collect()
}

/// Go's environment of each side: the trees may ask for different toolchains.
fn environments(trees: &Trees, go: &[Go; 2]) -> Result<[Environment; 2], GoError> {
    let of = |side: usize| {
        let own = trees.roots[side].join(&trees.here);
        go[side].environment(if own.is_dir() {
            &own
        } else {
            &trees.roots[side]
        })
    };
    Ok([of(BASELINE)?, of(CANDIDATE)?])
}

/// Benchmarks that only the baseline's source has.
fn deleted(subjects: &[Subject]) -> Vec<Named> {
    let of = |subject: &Subject| -> Vec<Named> {
        let left = subject.benchmarks(CANDIDATE);
        let gone = subject
            .benchmarks(BASELINE)
            .iter()
            .filter(|name| !left.contains(name));
        gone.map(|name| Named {
            package: subject.package.clone(),
            benchmark: name.clone(),
        })
        .collect()
    };
    subjects.iter().flat_map(of).collect()
}

/// The state of a run.
pub(super) struct Session<'a> {
    pub(super) options: &'a Options,
    pub(super) trees: &'a Trees,
    pub(super) executor: &'a Executor<'a>,
    pub(super) measurement: Measurement<'a>,
    pub(super) builder: &'a Builder<'a>,
    pub(super) cache: Option<Cache>,
    pub(super) environments: &'a [Environment; 2],
    pub(super) circumstances: Circumstances,
    pub(super) notes: Notes,
    /// What candidates print that do not build.
    pub(super) broken: Vec<Vec<u8>>,
    pub(super) processes: usize,
}

impl<'a> Session<'a> {
    /// What all parts of a run have in common.
    fn identity(&self, selected: &[String]) -> String {
        let candidate = self.trees.changes.digest(&self.trees.roots[CANDIDATE]);
        let packages = format!("{:?} {:?}", self.options.packages, self.trees.here);
        let settings = self.settings();
        let parts = [
            self.trees.base_tree.as_str(),
            &candidate,
            &packages,
            &settings,
        ];
        let selected = selected.iter().map(String::as_str);
        cache::key(parts.into_iter().chain(selected))
    }

    /// How benchmarks are chosen, built and run.
    pub(super) fn settings(&self) -> String {
        let options = self.options;
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {}",
            options.bench,
            options.build_flags,
            options.test_flags,
            options.benchtime,
            options.count,
            options.prepare,
            options.time
        )
    }

    fn plan(&mut self, targets: &mut [Target<'a>], notify: Notify<'_>) -> Result<(), RunError> {
        for target in targets {
            let functions = target.subject.benchmarks(CANDIDATE);
            notify(Event::Running {
                package: &target.subject.package,
                functions,
            });
            self.measurement.plan(target, &mut self.notes)?;
        }
        Ok(())
    }

    fn rounds(
        &mut self,
        targets: &mut [Target<'a>],
        notify: Notify<'_>,
        judge: &mut dyn FnMut(&Measured) -> Report,
    ) -> Result<(), RunError> {
        let fixed = self
            .options
            .count
            .or(self.options.time.then_some(MOST_SAMPLES));
        let mut last: Option<(Duration, usize)> = None;
        for number in 1.. {
            let open = |target: &Target<'_>| {
                let open = target
                    .batches
                    .iter()
                    .filter(|batch| batch.state == State::Open);
                open.map(|batch| batch.functions.len()).sum::<usize>()
            };
            let undecided: usize = targets.iter().map(open).sum();
            if undecided == 0 {
                return Ok(());
            }
            // What is left takes what it took before, a benchmark.
            let share = |(took, of): (Duration, usize)| took.mul_f64(undecided as f64 / of as f64);
            notify(Event::Round {
                number,
                undecided,
                left: last.map(share),
            });
            let began = Instant::now();
            for target in targets.iter_mut() {
                let mut index = 0;
                while index < target.batches.len() {
                    let batch = &target.batches[index];
                    if batch.state == State::Open {
                        if self.executor.time_is_up() {
                            target.batches[index].state = State::TimeUp;
                            continue;
                        }
                        let functions = &batch.functions;
                        notify(Event::Running {
                            package: &target.subject.package,
                            functions,
                        });
                        let pairs = pairs(fixed, batch.pairs.len());
                        let before = target.batches.len();
                        self.measurement
                            .round(target, index, pairs, &mut self.notes)?;
                        if target.batches.len() != before {
                            // It was split: what has taken its place comes next.
                            continue;
                        }
                    }
                    index += 1;
                }
            }
            last = Some((began.elapsed(), undecided));
            self.settle(targets, fixed, judge);
        }
        Ok(())
    }

    /// Closes the batches that more runs would tell nothing more of.
    fn settle(
        &mut self,
        targets: &mut [Target<'a>],
        fixed: Option<usize>,
        judge: &mut dyn FnMut(&Measured) -> Report,
    ) {
        let undecided = match fixed {
            Some(_) => BTreeSet::new(),
            None => schedule::undecided(&judge(&self.measured(targets))),
        };
        for target in targets {
            let package = &target.subject.package;
            for batch in target
                .batches
                .iter_mut()
                .filter(|batch| batch.state == State::Open)
            {
                let samples = batch.pairs.len();
                let done = match fixed {
                    Some(count) => samples >= count,
                    None => {
                        samples >= MOST_SAMPLES
                            || (samples >= LEAST_SAMPLES && !concerns(&undecided, package, batch))
                    }
                };
                if done {
                    batch.state = State::Settled;
                }
            }
        }
    }

    /// Notes what is left to say once everything was measured, and keeps what may be of use again.
    fn finish(&mut self, targets: &[Target<'a>]) {
        for target in targets {
            let package = &target.subject.package;
            for batch in &target.batches {
                self.processes += batch.pairs.len() * 2;
                let named = |name: &String| Named {
                    package: package.clone(),
                    benchmark: name.clone(),
                };
                if batch.state == State::TimeUp && batch.pairs.len() < LEAST_SAMPLES {
                    let unmeasured = batch.functions.iter().map(|name| Unmeasured {
                        which: named(name),
                        why: "the time was up".to_owned(),
                    });
                    for one in unmeasured {
                        if !self.circumstances.unmeasured.contains(&one) {
                            self.circumstances.unmeasured.push(one);
                        }
                    }
                    continue;
                }
                self.circumstances
                    .iteration_dependent
                    .extend(batch.dependences(package));
                // A part of a benchmark may be empty in one of its forms.
                if batch.state == State::Failed || !batch.part.is_whole() {
                    continue;
                }
                let mut printed = BTreeSet::new();
                for output in batch.pairs.iter().flat_map(|pair| &pair.outputs) {
                    let figures = output::figures(output);
                    printed.extend(
                        figures
                            .iter()
                            .map(|figure| function_of(&figure.benchmark).to_owned()),
                    );
                }
                let silent = batch
                    .functions
                    .iter()
                    .filter(|name| !printed.iter().any(|printed| is_of(printed, name)));
                self.circumstances.silent.extend(silent.map(named));
            }
            self.keep(target);
        }
    }

    /// All that was printed so far, with what is known.
    pub(super) fn measured(&self, targets: &[Target<'_>]) -> Measured {
        let mut circumstances = self.circumstances.clone();
        circumstances
            .rulers
            .extend(self.notes.rulers.iter().cloned());
        let outputs = [BASELINE, CANDIDATE].map(|side| {
            let mut output = self.header(side);
            for target in targets {
                for batch in &target.batches {
                    // A single sample of what the time did not suffice for says nothing.
                    let short = batch.state == State::TimeUp && batch.pairs.len() < LEAST_SAMPLES;
                    for pair in batch.pairs.iter().filter(|_| !short) {
                        output.extend(&pair.outputs[side]);
                    }
                }
            }
            if side == CANDIDATE {
                output.extend(self.broken.iter().flatten());
            }
            output
        });
        Measured {
            outputs,
            circumstances,
        }
    }

    /// What determines figures, as configuration lines.
    fn header(&self, side: usize) -> Vec<u8> {
        let mut text = format!("toolchain: {}\n", self.environments[side].goversion);
        let race = self.options.build_flags.iter().any(|flag| flag == "-race");
        text.push_str(if race { "race: true\n" } else { "" });
        let tags = self
            .options
            .build_flags
            .iter()
            .find_map(|flag| flag.strip_prefix("-tags="));
        if let Some(tags) = tags {
            text.push_str(&format!("tags: {tags}\n"));
        }
        text.into_bytes()
    }
}

/// How many pairs the next round of a batch has.
fn pairs(fixed: Option<usize>, done: usize) -> usize {
    match fixed {
        Some(count) => count.saturating_sub(done).min(2),
        None => 2,
    }
}

/// Whether any of these functions is one of a batch.
pub(super) fn concerns(
    functions: &BTreeSet<(String, String)>,
    package: &str,
    batch: &Batch,
) -> bool {
    functions
        .iter()
        .any(|(own, name)| own == package && batch.functions.iter().any(|of| is_of(name, of)))
}

/// Whether a printed name is that of a function, with or without a suffix.
pub(super) fn is_of(printed: &str, function: &str) -> bool {
    printed
        .strip_prefix(function)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
