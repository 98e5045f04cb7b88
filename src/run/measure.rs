//! The measurement itself: probes, rounds, and what the figures are kept in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::binaries::{Builder, Job};
use super::cache::KeptBatch;
use super::error::RunError;
use super::execute::{Executor, Program, Ran};
use super::output::{self, Figure, closed};
use super::packages::Subject;
use super::ruler::Overlay;
use super::schedule;
use super::{Event, Notify};
use crate::gate::{IterationDependence, Measured, Named, Ruler, Unmeasured};
use crate::golang::Built;
use crate::process::Finished;
use crate::unit::Unit;

/// The sides, as indices.
pub(super) const BASELINE: usize = 0;
pub(super) const CANDIDATE: usize = 1;

/// If a process starts within this time, each benchmark gets one of its own.
const QUICK_START: Duration = Duration::from_millis(100);

/// A package that is measured.
pub(super) struct Target<'a> {
    pub(super) number: usize,
    pub(super) subject: &'a Subject,
    /// The folder of the package in each tree.
    pub(super) folders: [PathBuf; 2],
    pub(super) candidate: PathBuf,
    pub(super) overlay: Option<Overlay>,
    /// The candidate's code under the baseline's test files, once it was needed: the binary, if that
    /// compiles, and the benchmarks that it has.
    pub(super) old_benchmarks: Option<Option<(PathBuf, BTreeSet<String>)>>,
    /// The baseline's binaries, built when they are needed.
    pub(super) binaries: BTreeMap<Source, Built>,
    pub(super) trimpath: bool,
    /// What differs of the files that it may read.
    pub(super) data: Data,
    /// The benchmarks whose own code differs.
    pub(super) changed: BTreeSet<String>,
    pub(super) batches: Vec<Batch>,
    /// Where results of the baseline are kept.
    pub(super) key: Option<String>,
}

/// What differs of the files that a benchmark may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// Nothing.
    Same,
    /// Files in folders called `testdata`: part of the benchmark, and so given to both sides.
    TestDataDiffers,
    /// Other files: part of the program.
    Differs,
    /// Files of both kinds, which cannot be told apart when they are read.
    BothDiffer,
}

/// With what a benchmark is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The code of both sides under the candidate's test files.
    Overlay,
    /// The code of both sides under the baseline's test files.
    Old,
    /// The test binary of each side as it is.
    Own,
    /// The candidate's alone: the benchmark is new.
    None,
}

/// Benchmarks that run in one process.
pub(super) struct Batch {
    pub(super) functions: Vec<String>,
    pub(super) source: Source,
    pub(super) benchtime: String,
    pub(super) pairs: Vec<Pair>,
    /// Whether the baseline's outputs are from the cache.
    pub(super) kept: bool,
    pub(super) state: State,
    /// What the second probe saw.
    probed: Vec<Figure>,
}

/// The outputs of one run of each side.
#[derive(Clone, Debug, Default)]
pub(super) struct Pair {
    /// The baseline's is empty where the benchmark is new.
    pub(super) outputs: [Vec<u8>; 2],
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// More runs would tell nothing more.
    Settled,
    /// It does not run on one side.
    Failed,
    /// The time was up.
    TimeUp,
}

/// What the measurement found beside figures.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) rulers: Vec<Ruler>,
    pub(super) unmeasured: Vec<Unmeasured>,
    /// Outputs of runs that failed: side, package, text.
    pub(super) logs: Vec<(usize, String, String)>,
}

/// How much longer one start of a process may take than another.
const JITTER: Duration = Duration::from_millis(50);

/// Measures targets.
pub(super) struct Measurement<'a> {
    pub(super) executor: &'a Executor<'a>,
    pub(super) builder: &'a Builder<'a>,
}

impl<'a> Target<'a> {
    fn named(&self, benchmark: &str) -> Named {
        Named {
            package: self.subject.package.clone(),
            benchmark: benchmark.to_owned(),
        }
    }

    /// What a benchmark's baseline is measured with.
    pub(super) fn source(&self, benchmark: &str) -> Source {
        let in_overlay = self
            .overlay
            .as_ref()
            .is_some_and(|overlay| overlay.benchmarks.contains(benchmark));
        let own = self
            .subject
            .benchmarks(BASELINE)
            .iter()
            .any(|name| name == benchmark);
        match (in_overlay, own) {
            (true, _) => Source::Overlay,
            (false, true) => Source::Own,
            (false, false) => Source::None,
        }
    }

    /// Whether the baseline runs with the candidate's data.
    fn shares_data(&self, source: Source) -> bool {
        self.data == Data::TestDataDiffers && (source == Source::Overlay || self.overlay.is_none())
    }

    /// The batches of a kept result, if they are of the same benchmarks.
    pub(super) fn use_kept(&mut self, kept: Vec<KeptBatch>) -> bool {
        let names: BTreeSet<&String> = kept.iter().flat_map(|batch| &batch.functions).collect();
        let wanted: BTreeSet<&String> = self
            .subject
            .benchmarks(CANDIDATE)
            .iter()
            .filter(|name| self.source(name) != Source::None)
            .collect();
        if names != wanted || kept.iter().any(|batch| batch.outputs.is_empty()) {
            return false;
        }
        let batches: Vec<Batch> = kept
            .into_iter()
            .map(|batch| Batch {
                source: self.source(&batch.functions[0]),
                functions: batch.functions,
                benchtime: batch.benchtime,
                pairs: batch
                    .outputs
                    .into_iter()
                    .map(|output| Pair {
                        outputs: [output.into_bytes(), Vec::new()],
                    })
                    .collect(),
                kept: true,
                state: State::Open,
                probed: Vec::new(),
            })
            .collect();
        self.batches = batches;
        true
    }
}

impl Batch {
    fn new(functions: Vec<String>, source: Source, benchtime: String) -> Self {
        Batch {
            functions,
            source,
            benchtime,
            pairs: Vec::new(),
            kept: false,
            state: State::Open,
            probed: Vec::new(),
        }
    }
}

impl Measurement<'_> {
    /// The program of a side.
    fn program(&self, target: &Target<'_>, side: usize, source: Source) -> Option<Program> {
        let (binary, folder) = match (side, source) {
            (CANDIDATE, Source::Old) => {
                let (binary, _) = target.old_benchmarks.as_ref()?.as_ref()?;
                // With its benchmarks comes the data that they read.
                let data = if target.data == Data::TestDataDiffers {
                    BASELINE
                } else {
                    CANDIDATE
                };
                (binary, data)
            }
            (CANDIDATE, _) => (&target.candidate, CANDIDATE),
            _ => match target.binaries.get(&built_for(source))? {
                Built::Binary(binary) if target.shares_data(source) => (binary, CANDIDATE),
                Built::Binary(binary) => (binary, BASELINE),
                Built::Failed(_) => return None,
            },
        };
        Some(Program {
            side,
            binary: binary.clone(),
            folder: target.folders[folder].clone(),
        })
    }

    /// Builds a binary of the baseline if it is not there yet.
    fn need(&self, target: &mut Target<'_>, source: Source) -> Result<(), RunError> {
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

    /// Finds out how the benchmarks of a target that have no batch yet are to be run.
    pub(super) fn plan(&self, target: &mut Target<'_>, notes: &mut Notes) -> Result<(), RunError> {
        let known: BTreeSet<String> = target
            .batches
            .iter()
            .flat_map(|batch| batch.functions.clone())
            .collect();
        let functions: Vec<String> = target
            .subject
            .benchmarks(CANDIDATE)
            .iter()
            .filter(|name| !known.contains(*name))
            .cloned()
            .collect();
        let options = self.executor.options;
        let fixed = options
            .benchtime
            .clone()
            .or_else(|| options.time.then(|| "1s".to_owned()));
        let mut planned: Vec<Batch> = Vec::new();
        let mut start = Duration::MAX;
        for function in functions {
            let mut source = target.source(&function);
            if source == Source::Own
                && target.changed.contains(&function)
                && self.has_old(target, &function)?
            {
                source = Source::Old;
            }
            let one = vec![function.clone()];
            if self.executor.time_is_up() {
                let mut batch = Batch::new(one, source, String::new());
                batch.state = State::TimeUp;
                planned.push(batch);
                continue;
            }
            if let Some(benchtime) = &fixed {
                start = Duration::ZERO;
                planned.push(Batch::new(one, source, benchtime.clone()));
                continue;
            }
            let mut first = self.candidate(target, &one, "1x")?;
            if target.trimpath && matches!(&first, Ran::Ended(finished) if !finished.succeeded()) {
                // It may look for its data where it was compiled.
                self.build_with_paths(target)?;
                first = self.candidate(target, &one, "1x")?;
            }
            let mut batch = match first {
                Ran::TimeUp => {
                    let mut batch = Batch::new(one, source, String::new());
                    batch.state = State::TimeUp;
                    batch
                }
                // The rounds show how it fails.
                Ran::Ended(finished) if !finished.succeeded() => {
                    Batch::new(one, source, "1x".to_owned())
                }
                Ran::Ended(finished) => {
                    let figures = output::figures(&finished.output);
                    let times = times(&figures);
                    let inside: Duration = times.iter().sum();
                    start = start.min(finished.elapsed.saturating_sub(inside));
                    self.probe_again(target, &function, source, &finished, &figures)?
                }
            };
            batch.kept = false;
            planned.push(batch);
        }
        if start > QUICK_START {
            planned = together(planned);
        }
        target.batches.extend(planned);
        self.tell_rulers(target, notes);
        Ok(())
    }

    /// With how many iterations a benchmark is run whose first iteration is known.
    fn probe_again(
        &self,
        target: &Target<'_>,
        function: &str,
        source: Source,
        first: &Finished,
        figures: &[Figure],
    ) -> Result<Batch, RunError> {
        let one = vec![function.to_owned()];
        let results = times(figures).len();
        let once: Duration = times(figures).iter().sum();
        // The first iteration is slow, and what is done besides iterating counts, too.
        let affordable = Duration::from_secs(2).as_secs_f64() / once.as_secs_f64().max(1e-9);
        let few = if affordable >= schedule::PROBE as f64 {
            schedule::PROBE
        } else {
            0
        };
        if few == 0 {
            let iterations = schedule::iterations(once, results);
            return Ok(Batch::new(one, source, format!("{iterations}x")));
        }
        let Ran::Ended(second) = self.candidate(target, &one, &format!("{few}x"))? else {
            let mut batch = Batch::new(one, source, String::new());
            batch.state = State::TimeUp;
            return Ok(batch);
        };
        let probed = output::figures(&second.output);
        let inside: Duration = times(&probed).iter().sum();
        let beyond = second.elapsed.saturating_sub(first.elapsed);
        let outside = beyond.saturating_sub(JITTER) / u32::try_from(few).unwrap_or(1);
        let iterations = schedule::iterations(inside.max(outside), results);
        let mut batch = Batch::new(one, source, format!("{iterations}x"));
        batch.probed = probed;
        Ok(batch)
    }

    fn candidate(
        &self,
        target: &Target<'_>,
        functions: &[String],
        benchtime: &str,
    ) -> Result<Ran, RunError> {
        let program = Program {
            side: CANDIDATE,
            binary: target.candidate.clone(),
            folder: target.folders[CANDIDATE].clone(),
        };
        self.executor.run(&program, functions, benchtime, None)
    }

    /// Builds a target again with the paths of its files, which some benchmarks find their data by.
    fn build_with_paths(&self, target: &mut Target<'_>) -> Result<(), RunError> {
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

    fn tell_rulers(&self, target: &Target<'_>, notes: &mut Notes) {
        for batch in &target.batches {
            for function in &batch.functions {
                let code = target.changed.contains(function);
                let data = matches!(target.data, Data::TestDataDiffers | Data::BothDiffer);
                let why = match (code, data) {
                    (true, _) => "its code or what it reaches of the test files changed",
                    (false, true) => "its test data changed",
                    (false, false) => continue,
                };
                let measured = match batch.source {
                    Source::None => continue,
                    Source::Old => Measured::Baseline,
                    Source::Overlay if code || target.shares_data(Source::Overlay) => {
                        Measured::Candidate
                    }
                    Source::Overlay => Measured::Apart,
                    Source::Own if !code && target.shares_data(Source::Own) => Measured::Candidate,
                    Source::Own => Measured::Apart,
                };
                let ruler = Ruler {
                    which: target.named(function),
                    measured,
                    why: why.to_owned(),
                };
                notes.rulers.push(ruler);
            }
        }
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
                let ran = self.candidate(target, &batch.functions, &batch.benchtime)?;
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
                let batch = &target.batches[index];
                let ran = self
                    .executor
                    .run(&program, &batch.functions, &batch.benchtime, None)?;
                let Ran::Ended(finished) = ran else {
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
                    && source != Source::None
                    && let Some(program) = self.program(target, BASELINE, source)
                    && let Ran::Ended(other) = {
                        let batch = &target.batches[index];
                        self.executor
                            .run(&program, &batch.functions, &batch.benchtime, None)?
                    }
                {
                    pair.outputs[BASELINE] = closed(&other, &target.subject.package);
                }
                let batch = &mut target.batches[index];
                batch.state = State::Failed;
                batch.pairs.push(pair);
                return Ok(());
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
        let batch = &target.batches[index];
        let mut pair = Pair {
            outputs: [output, Vec::new()],
        };
        if let Ran::Ended(finished) = self.candidate(target, &batch.functions, &batch.benchtime)? {
            pair.outputs[CANDIDATE] = closed(&finished, &target.subject.package);
        }
        let batch = &mut target.batches[index];
        batch.pairs.push(pair);
        batch.state = State::Failed;
        Ok(())
    }
}

impl Measurement<'_> {
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
    fn has_old(&self, target: &mut Target<'_>, function: &str) -> Result<bool, RunError> {
        if target.old_benchmarks.is_none() {
            target.old_benchmarks = Some(self.build_old(target)?);
        }
        let old = target.old_benchmarks.as_ref().and_then(Option::as_ref);
        Ok(old.is_some_and(|(_, benchmarks)| benchmarks.contains(function)))
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

/// The binary of the baseline that a source needs.
fn built_for(source: Source) -> Source {
    match source {
        Source::Old => Source::Own,
        other => other,
    }
}

impl Notes {
    fn log(&mut self, side: usize, target: &Target<'_>, output: &[u8]) {
        let text = String::from_utf8_lossy(output).into_owned();
        self.logs.push((side, target.subject.package.clone(), text));
    }
}

impl Batch {
    /// Measures a batch anew, side by side.
    pub(super) fn forget(&mut self) {
        self.pairs.clear();
        self.kept = false;
        self.state = State::Open;
    }

    /// Figures that depend on the number of iterations: of a hundred, and of at least five times as many.
    pub(super) fn dependences(&self, package: &str) -> Vec<IterationDependence> {
        // The probe was of the candidate's own benchmark.
        let Some(pair) = self.pairs.first().filter(|_| self.source != Source::Old) else {
            return Vec::new();
        };
        let measured = output::figures(&pair.outputs[CANDIDATE]);
        let mut found = Vec::new();
        for few in &self.probed {
            let many = measured
                .iter()
                .find(|many| many.benchmark == few.benchmark && many.unit == few.unit);
            let Some(many) = many.filter(|many| many.iterations >= 5 * few.iterations) else {
                continue;
            };
            // Not what the runtime allocates beside the program, spread over fewer iterations.
            let background = if few.unit.as_str() == Unit::BYTES {
                256.0
            } else {
                1.0
            };
            let apart = (few.value - many.value).abs();
            if few.unit.is_allocation()
                && apart > background
                && apart > 0.25 * few.value.max(many.value)
            {
                found.push(IterationDependence {
                    package: package.to_owned(),
                    benchmark: few.benchmark.clone(),
                    unit: few.unit.clone(),
                    figures: [(few.iterations, few.value), (many.iterations, many.value)],
                });
            }
        }
        found
    }
}

/// How long an iteration of each result takes.
fn times(figures: &[Figure]) -> Vec<Duration> {
    let time = figures
        .iter()
        .filter(|figure| figure.unit.as_str() == Unit::TIME);
    time.map(|figure| Duration::try_from_secs_f64(figure.value).unwrap_or_default())
        .collect()
}

/// Benchmarks of one kind in one process: starting it takes long.
fn together(batches: Vec<Batch>) -> Vec<Batch> {
    let mut joined: Vec<Batch> = Vec::new();
    for batch in batches {
        let like = |other: &&mut Batch| {
            other.source == batch.source
                && other.benchtime == batch.benchtime
                && other.state == State::Open
                && batch.state == State::Open
        };
        match joined.iter_mut().find(like) {
            Some(other) => {
                other.functions.extend(batch.functions);
                other.probed.extend(batch.probed);
            }
            None => joined.push(batch),
        }
    }
    joined
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
