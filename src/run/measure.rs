//! The measurement itself: builds what is still needed, runs rounds, and finds another way where one side
//! does not run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::batch::{BASELINE, Batch, CANDIDATE, Pair, Part, Source, State, Target};
use super::binaries::{Builder, Job};
use super::error::RunError;
use super::execute::{Executor, Program, Ran};
use super::output::{self, closed};
use super::ruler::Overlay;
use super::{Event, Notify};
use crate::benchmark::function_of;
use crate::gate::{Measured, Ruler};
use crate::golang::Built;
use crate::process::End;

/// What the measurement found beside figures.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) rulers: Vec<Ruler>,
    /// Outputs of runs that failed: side, package, text.
    pub(super) logs: Vec<(usize, String, String)>,
}

/// Measures targets.
pub(super) struct Measurement<'a> {
    pub(super) executor: &'a Executor<'a>,
    pub(super) builder: &'a Builder<'a>,
}

impl Measurement<'_> {
    /// The program of a side.
    pub(super) fn program(
        &self,
        target: &Target<'_>,
        side: usize,
        source: Source,
    ) -> Option<Program> {
        let binary = match (side, source) {
            (CANDIDATE, Source::Old) => &target.old_benchmarks.as_ref()?.as_ref()?.0,
            (CANDIDATE, _) => return Some(target.candidate_program()),
            _ => match target.binaries.get(&built_for(source))? {
                Built::Binary(binary) => binary,
                Built::Failed(_) => return None,
            },
        };
        Some(Program {
            side,
            binary: binary.clone(),
            folder: target.folders[side].clone(),
        })
    }

    /// Runs the benchmarks of a batch once.
    fn run(&self, program: &Program, batch: &Batch) -> Result<Ran, RunError> {
        let Batch {
            functions,
            part,
            benchtime,
            ..
        } = batch;
        self.executor.run(program, functions, part, benchtime, None)
    }

    /// Builds what a source needs if it is not there yet.
    fn need(&self, target: &mut Target<'_>, source: Source) -> Result<(), RunError> {
        if source == Source::Old {
            self.need_old(target)?;
        }
        let source = built_for(source);
        if source == Source::None || target.binaries.contains_key(&source) {
            return Ok(());
        }
        let overlay = target
            .overlay
            .as_ref()
            .filter(|_| source == Source::Overlay);
        let job = Job {
            number: target.number,
            subject: target.subject,
            overlay,
        };
        let mut built = self.builder.build(BASELINE, target.trimpath, &[job])?;
        target.binaries.insert(source, built.remove(0));
        Ok(())
    }

    /// Runs the candidate as it is.
    pub(super) fn candidate(
        &self,
        target: &Target<'_>,
        functions: &[String],
        part: &Part,
        benchtime: &str,
    ) -> Result<Ran, RunError> {
        let program = target.candidate_program();
        self.executor
            .run(&program, functions, part, benchtime, None)
    }

    /// Builds a target again with the paths of its files, which some benchmarks find their data by.
    pub(super) fn build_with_paths(&self, target: &mut Target<'_>) -> Result<(), RunError> {
        target.trimpath = false;
        let job = Job {
            number: target.number,
            subject: target.subject,
            overlay: None,
        };
        let mut built = self.builder.build(CANDIDATE, false, &[job])?;
        if let Built::Binary(binary) = built.remove(0) {
            target.candidate = binary;
        }
        target.binaries.clear();
        target.old_benchmarks = None;
        target.key = None;
        Ok(())
    }

    /// Runs the candidate as often as results of the baseline are kept.
    pub(super) fn meet_kept(
        &self,
        target: &mut Target<'_>,
        notify: Notify<'_>,
    ) -> Result<(), RunError> {
        for index in 0..target.batches.len() {
            if !target.batches[index].kept {
                continue;
            }
            for pair in 0..target.batches[index].pairs.len() {
                let batch = &target.batches[index];
                notify(Event::Running {
                    package: &target.subject.package,
                    functions: &batch.functions,
                });
                let ran = self.run(&target.candidate_program(), batch)?;
                let batch = &mut target.batches[index];
                match ran {
                    Ran::Ended(finished) if finished.succeeded() => {
                        batch.pairs[pair].outputs[CANDIDATE] =
                            closed(&finished, &target.subject.package);
                    }
                    // Both sides are measured anew.
                    Ran::Ended(_) | Ran::TimeUp => {
                        batch.forget();
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// One round of a batch: baseline, candidate, candidate, baseline; or one pair of them.
    pub(super) fn round(
        &self,
        target: &mut Target<'_>,
        index: usize,
        pairs: usize,
        notes: &mut Notes,
    ) -> Result<(), RunError> {
        let source = target.batches[index].source;
        self.need(target, source)?;
        if let Some(Built::Failed(log)) = target.binaries.get(&built_for(source)) {
            let log = output::build_failed(log, &target.subject.package);
            return self.baseline_fails(target, index, log, notes);
        }
        for _ in 0..pairs {
            // Only whole pairs count: figures of one side alone would say that something is new or gone.
            let first = if target.batches[index].pairs.len().is_multiple_of(2) {
                BASELINE
            } else {
                CANDIDATE
            };
            let mut pair = Pair::default();
            for side in [first, 1 - first] {
                if side == BASELINE && source == Source::None {
                    continue;
                }
                let Some(program) = self.program(target, side, source) else {
                    continue;
                };
                let Ran::Ended(finished) = self.run(&program, &target.batches[index])? else {
                    target.batches[index].state = State::TimeUp;
                    return Ok(());
                };
                pair.outputs[side] = closed(&finished, &target.subject.package);
                if finished.succeeded() {
                    continue;
                }
                if target.batches[index].functions.len() > 1 {
                    split(&mut target.batches, index);
                    return Ok(());
                }
                if side == BASELINE {
                    let output = std::mem::take(&mut pair.outputs[BASELINE]);
                    return self.baseline_fails(target, index, output, notes);
                }
                if source == Source::Old {
                    // The old benchmark does not suit the new code: each side has its own.
                    return self.measure_apart(target, index, notes);
                }
                notes.log(CANDIDATE, target, &finished.output);
                // The other side shows what is lost.
                if side == first
                    && finished.end != End::OutOfTime
                    && source != Source::None
                    && let Some(program) = self.program(target, BASELINE, source)
                    && let Ran::Ended(other) = self.run(&program, &target.batches[index])?
                {
                    pair.outputs[BASELINE] = closed(&other, &target.subject.package);
                }
                let batch = &mut target.batches[index];
                batch.state = State::Failed;
                batch.pairs.push(pair);
                return Ok(());
            }
            if source == Source::Overlay && skipped(&pair) {
                // The candidate's benchmark does not run on the old code, and says so by skipping.
                return self.baseline_fails(target, index, Vec::new(), notes);
            }
            target.batches[index].pairs.push(pair);
        }
        Ok(())
    }

    /// The baseline fails under the candidate's benchmarks: its own are tried, or there is nothing to
    /// compare with. Under its own, that is what there is to say.
    fn baseline_fails(
        &self,
        target: &mut Target<'_>,
        index: usize,
        output: Vec<u8>,
        notes: &mut Notes,
    ) -> Result<(), RunError> {
        let function = target.batches[index].functions[0].clone();
        if target.batches[index].functions.len() > 1 {
            split(&mut target.batches, index);
            return Ok(());
        }
        let source = target.batches[index].source;
        let own = target.subject.benchmarks(BASELINE).contains(&function);
        if source == Source::Overlay {
            let source = match own {
                true if self.has_old(target, &function)? => Source::Old,
                true => return self.measure_apart(target, index, notes),
                false => Source::None,
            };
            let batch = &mut target.batches[index];
            batch.source = source;
            batch.pairs.clear();
            let which = target.named(&function);
            notes
                .rulers
                .retain(|ruler| ruler.which != which || source != Source::None);
            for ruler in notes.rulers.iter_mut().filter(|ruler| ruler.which == which) {
                ruler.measured = Measured::Baseline;
            }
            return Ok(());
        }
        if source == Source::Old {
            return self.measure_apart(target, index, notes);
        }
        notes.log(BASELINE, target, &output);
        // What the candidate has of it is shown, too.
        let mut pair = Pair {
            outputs: [output, Vec::new()],
        };
        let program = target.candidate_program();
        if let Ran::Ended(finished) = self.run(&program, &target.batches[index])? {
            pair.outputs[CANDIDATE] = closed(&finished, &target.subject.package);
        }
        let batch = &mut target.batches[index];
        batch.pairs.push(pair);
        batch.state = State::Failed;
        Ok(())
    }

    /// Measures each side with its own benchmark. If that is another, a rise may be the benchmark's.
    fn measure_apart(
        &self,
        target: &mut Target<'_>,
        index: usize,
        notes: &mut Notes,
    ) -> Result<(), RunError> {
        self.need(target, Source::Own)?;
        let batch = &mut target.batches[index];
        batch.source = Source::Own;
        batch.pairs.clear();
        let function = batch.functions[0].clone();
        let which = target.named(&function);
        notes.rulers.retain(|ruler| ruler.which != which);
        if target.changed.contains(&function) {
            let why = "it changed, and neither side's code runs under the other's benchmark";
            notes.rulers.push(Ruler {
                which,
                measured: Measured::Apart,
                why: why.to_owned(),
            });
        }
        Ok(())
    }

    /// Whether the candidate's code compiles with the baseline's form of a benchmark.
    pub(super) fn has_old(
        &self,
        target: &mut Target<'_>,
        function: &str,
    ) -> Result<bool, RunError> {
        self.need_old(target)?;
        let old = target.old_benchmarks.as_ref().and_then(Option::as_ref);
        Ok(old.is_some_and(|(_, benchmarks)| benchmarks.contains(function)))
    }

    fn need_old(&self, target: &mut Target<'_>) -> Result<(), RunError> {
        if target.old_benchmarks.is_none() {
            target.old_benchmarks = Some(self.build_old(target)?);
        }
        Ok(())
    }

    fn build_old(
        &self,
        target: &Target<'_>,
    ) -> Result<Option<(PathBuf, BTreeSet<String>)>, RunError> {
        let Builder { roots, go, folder } = self.builder;
        let into = folder.join(format!("old-{:04}", target.number));
        let fit = Overlay::fit(target.subject, CANDIDATE, roots, &go[CANDIDATE], &into)?;
        let Some(overlay) = fit else {
            return Ok(None);
        };
        let job = Job {
            number: target.number,
            subject: target.subject,
            overlay: Some(&overlay),
        };
        let mut built = self.builder.build(CANDIDATE, target.trimpath, &[job])?;
        Ok(match built.remove(0) {
            Built::Binary(binary) => Some((binary, overlay.benchmarks)),
            Built::Failed(_) => None,
        })
    }
}

/// Whether the baseline printed nothing of a benchmark that the candidate has figures of.
fn skipped(pair: &Pair) -> bool {
    let functions = |side: usize| -> BTreeSet<String> {
        let figures = output::figures(&pair.outputs[side]);
        figures
            .iter()
            .map(|figure| function_of(&figure.benchmark).to_owned())
            .collect()
    };
    functions(CANDIDATE)
        .iter()
        .any(|function| !functions(BASELINE).contains(function))
}

/// The binary of the baseline that a source needs.
fn built_for(source: Source) -> Source {
    match source {
        Source::Old => Source::Own,
        other => other,
    }
}

impl Notes {
    pub(super) fn log(&mut self, side: usize, target: &Target<'_>, output: &[u8]) {
        let text = String::from_utf8_lossy(output).into_owned();
        self.logs.push((side, target.subject.package.clone(), text));
    }
}

/// One of several benchmarks fails: each is run alone.
fn split(batches: &mut Vec<Batch>, index: usize) {
    let batch = batches.remove(index);
    for function in batch.functions {
        batches.push(Batch::new(
            vec![function],
            batch.source,
            batch.benchtime.clone(),
        ));
    }
}
