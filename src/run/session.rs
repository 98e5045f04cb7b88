//! A run from its beginning to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::batch::{BASELINE, Batch, CANDIDATE, Source, State, Target};
use super::binaries::{Builder, Job, digest};
use super::cache::{self, Cache, Entry, KeptBatch};
use super::error::RunError;
use super::execute::{Executor, Program, Ran};
use super::measure::{Measurement, Notes};
use super::options::Options;
use super::output;
use super::packages::{Selection, Subject, affected, subjects};
use super::ruler::{self, Overlay};
use super::schedule::{self, LEAST_SAMPLES, MOST_SAMPLES};
use super::trees::Trees;
use super::{Event, Measured, Notify, Outcome};
use crate::gate::{Circumstances, Identical, IdenticalBy, Named, Report, Status, Unmeasured};
use crate::golang::{Built, Environment, Go, GoError};
use crate::policy::{self, Gating};
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
    let trees = Trees::make(options, &plain, workspace, interrupt)?;
    let go = [BASELINE, CANDIDATE].map(|side| trees.go(side, options, interrupt));
    notify(Event::Step("listing packages"));
    let environments = environments(&trees, &go)?;
    let mut subjects = subjects(&trees, options, &selection, &go)?;
    let mut circumstances = Circumstances {
        remarks: trees.remarks.clone(),
        ..Circumstances::default()
    };
    circumstances.deleted = deleted(&subjects);
    circumstances.unmeasured = doubled(&subjects);
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
        base_commit: trees.base_commit.clone(),
        identity: session.identity(),
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

/// Benchmarks of one name in a package and in the one beside it: nobody can tell their figures apart.
fn doubled(subjects: &[Subject]) -> Vec<Unmeasured> {
    let of = |subject: &Subject| -> Vec<Unmeasured> {
        let names = subject.sides[CANDIDATE]
            .iter()
            .flat_map(|tests| &tests.doubled);
        let unmeasured = |name: &String| Unmeasured {
            which: Named {
                package: subject.package.clone(),
                benchmark: name.clone(),
            },
            why: "two benchmarks bear this name, one of them in the external test package"
                .to_owned(),
        };
        names.map(unmeasured).collect()
    };
    subjects.iter().flat_map(of).collect()
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

/// What is known of the files that benchmarks open.
enum Reads {
    Nothing,
    File(PathBuf),
    Unknown,
}

struct Session<'a> {
    options: &'a Options,
    trees: &'a Trees,
    executor: &'a Executor<'a>,
    measurement: Measurement<'a>,
    builder: &'a Builder<'a>,
    cache: Option<Cache>,
    environments: &'a [Environment; 2],
    circumstances: Circumstances,
    notes: Notes,
    /// What candidates print that do not build.
    broken: Vec<Vec<u8>>,
    processes: usize,
}

impl<'a> Session<'a> {
    /// What has to be measured, and what is kept of it. What cannot differ is noted.
    fn targets(
        &mut self,
        subjects: &'a [Subject],
        differing: &BTreeSet<String>,
        notify: Notify<'_>,
    ) -> Result<(Vec<Target<'a>>, BTreeMap<usize, Entry>), RunError> {
        let mut wanted: Vec<(usize, &Subject)> = Vec::new();
        for (number, subject) in subjects.iter().enumerate() {
            if subject.benchmarks(CANDIDATE).is_empty() {
                continue;
            }
            let data = self.trees.changes.data(subject.module()).next().is_some();
            if differing.contains(&subject.package) || data || self.has_new_budget(subject) {
                wanted.push((number, subject));
            } else {
                self.identical(subject, IdenticalBy::Sources);
            }
        }
        if wanted.is_empty() {
            return Ok((Vec::new(), BTreeMap::new()));
        }
        notify(Event::Step("building the candidate"));
        let jobs: Vec<Job<'_>> = wanted
            .iter()
            .map(|(number, subject)| Job {
                number: *number,
                subject,
                overlay: None,
            })
            .collect();
        let candidates = self.builder.build(CANDIDATE, true, &jobs)?;
        let mut targets = Vec::new();
        for ((number, subject), built) in wanted.into_iter().zip(candidates) {
            match built {
                Built::Binary(binary) => targets.push(self.target(number, subject, binary)?),
                Built::Failed(log) => {
                    let output = output::build_failed(&log, &subject.package);
                    self.notes
                        .logs
                        .push((CANDIDATE, subject.package.clone(), log));
                    self.broken.push(output);
                }
            }
        }
        notify(Event::Step("building the baseline"));
        let kept = self.kept(&targets);
        self.build_baselines(&mut targets, &kept)?;
        let mut left = Vec::new();
        for mut target in targets {
            let number = target.number;
            if self.cannot_differ(&mut target, kept.get(&number))? {
                self.identical(target.subject, IdenticalBy::Binaries);
            } else {
                left.push(target);
            }
        }
        Ok((left, kept))
    }

    /// Whether the change touches the policy and that has a ceiling for a package: what did not change
    /// may exceed it now.
    fn has_new_budget(&self, subject: &Subject) -> bool {
        self.trees.changes.touch_name(policy::FILE_NAME)
            && self.options.budgeted.iter().any(|scope| {
                let package = scope.package.as_ref();
                let benchmark = scope.benchmark.as_ref();
                package.is_none_or(|pattern| pattern.matches_package(&subject.package))
                    && benchmark.is_none_or(|pattern| {
                        let functions = subject.benchmarks(CANDIDATE);
                        pattern.to_string().contains('/')
                            || functions.iter().any(|name| pattern.matches_benchmark(name))
                    })
            })
    }

    fn identical(&mut self, subject: &Subject, by: IdenticalBy) {
        self.circumstances.identical.push(Identical {
            package: subject.package.clone(),
            benchmarks: subject.benchmarks(CANDIDATE).len(),
            by,
        });
    }

    fn target(
        &mut self,
        number: usize,
        subject: &'a Subject,
        candidate: PathBuf,
    ) -> Result<Target<'a>, RunError> {
        let roots = &self.trees.roots;
        let changes = &self.trees.changes;
        let folders = [BASELINE, CANDIDATE].map(|side| subject.folder(side));
        let tests_differ =
            folders[0] != folders[1] || changes.touch_tests_in(subject.folder(CANDIDATE));
        let overlay = if tests_differ {
            let into = self.builder.folder.join(format!("overlay-{number:04}"));
            Overlay::fit(subject, BASELINE, roots, &self.builder.go[BASELINE], &into)?
        } else {
            None
        };
        let mut target = Target {
            number,
            subject,
            folders: [BASELINE, CANDIDATE].map(|side| roots[side].join(folders[side])),
            candidate,
            overlay,
            old_benchmarks: None,
            binaries: BTreeMap::new(),
            trimpath: true,
            test_data: changes
                .test_data()
                .any(|path| path.starts_with(folders[CANDIDATE])),
            reads: None,
            changed: if tests_differ {
                ruler::changed(subject)
            } else {
                BTreeSet::new()
            },
            batches: Vec::new(),
            key: None,
        };
        // What is kept holds for one tree: with anything outside of it, it does not.
        let whole = !self.trees.outside && subject.sides[BASELINE].is_some();
        if self.cache.is_some() && whole {
            target.key = Some(self.key(&target));
        }
        Ok(target)
    }

    /// What all parts of a run have in common.
    fn identity(&self) -> String {
        let candidate = self.trees.changes.digest(&self.trees.roots[CANDIDATE]);
        let packages = format!("{:?} {:?}", self.options.packages, self.trees.here);
        cache::key([
            self.trees.base_tree.as_str(),
            &candidate,
            &packages,
            &self.settings(),
        ])
    }

    /// How benchmarks are chosen, built and run.
    fn settings(&self) -> String {
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

    /// Everything that decides what a package of the baseline measures.
    fn key(&self, target: &Target<'_>) -> String {
        let overlay = target
            .overlay
            .as_ref()
            .map(Overlay::digest)
            .unwrap_or_default();
        // Test data is the candidate's.
        let changes = &self.trees.changes;
        let data = changes.test_data_digest(&self.trees.roots[CANDIDATE]);
        let go = &self.environments[BASELINE];
        let environment = [
            &go.goversion,
            &go.goos,
            &go.goarch,
            &go.goflags,
            &go.goexperiment,
            &go.cgo_enabled,
            &go.cgo_cflags,
            &go.cgo_cppflags,
            &go.goamd64,
            &go.goarm64,
        ]
        .map(String::as_str);
        let settings = self.settings();
        let machine = cache::machine();
        let parts = [
            self.trees.base_tree.as_str(),
            &target.subject.package,
            &overlay,
            &settings,
            &data,
        ];
        let parts = parts.into_iter().chain(environment);
        cache::key(parts.chain(machine.iter().map(String::as_str)))
    }

    fn kept(&self, targets: &[Target<'_>]) -> BTreeMap<usize, Entry> {
        let Some(cache) = &self.cache else {
            return BTreeMap::new();
        };
        let entry = |target: &Target<'_>| Some((target.number, cache.get(target.key.as_ref()?)?));
        targets.iter().filter_map(entry).collect()
    }

    /// Builds the baselines that nothing is kept of: with the candidate's benchmarks where that goes.
    fn build_baselines(
        &self,
        targets: &mut [Target<'a>],
        kept: &BTreeMap<usize, Entry>,
    ) -> Result<(), RunError> {
        let mut places = Vec::new();
        for (place, target) in targets.iter().enumerate() {
            if target.subject.sides[BASELINE].is_some() && !kept.contains_key(&target.number) {
                places.push(place);
            }
        }
        let jobs: Vec<Job<'_>> = places
            .iter()
            .map(|place| Job {
                number: targets[*place].number,
                subject: targets[*place].subject,
                overlay: targets[*place].overlay.as_ref(),
            })
            .collect();
        if jobs.is_empty() {
            return Ok(());
        }
        let built = self.builder.build(BASELINE, true, &jobs)?;
        for (place, built) in places.into_iter().zip(built) {
            let target = &mut targets[place];
            let source = if target.overlay.is_some() {
                Source::Overlay
            } else {
                Source::Own
            };
            target.binaries.insert(source, built);
        }
        Ok(())
    }

    /// Whether both sides run the same binary on the same data. What of other data is read is noted.
    fn cannot_differ(
        &mut self,
        target: &mut Target<'_>,
        kept: Option<&Entry>,
    ) -> Result<bool, RunError> {
        let source = if target.overlay.is_some() {
            Source::Overlay
        } else {
            Source::Own
        };
        let baseline = match (kept, target.binaries.get(&source)) {
            (Some(entry), _) => Some(entry.binary.clone()),
            (None, Some(Built::Binary(binary))) => Some(digest(binary)?),
            (None, _) => None,
        };
        let same = Some(digest(&target.candidate)?) == baseline;
        let changes = &self.trees.changes;
        let folder = target.subject.folder(CANDIDATE);
        let mut data: Vec<&Path> = changes.data(target.subject.module()).collect();
        if same {
            // What is not compiled may be read.
            data.extend(changes.go_in(folder));
        }
        if self.has_new_budget(target.subject) {
            return Ok(false);
        }
        if data.is_empty() {
            return Ok(same);
        }
        Ok(match self.reads(target, &data)? {
            Reads::Nothing => same,
            Reads::Unknown => false,
            Reads::File(file) => {
                target.reads = Some(file);
                false
            }
        })
    }

    /// Which of these files the benchmarks of a package open, as the test binary's own log has it: what
    /// `go test` itself uses to know whether a cached result is still good.
    fn reads(&mut self, target: &Target<'_>, data: &[&Path]) -> Result<Reads, RunError> {
        let log = self.builder.folder.join("testlog.txt");
        let folder = &target.folders[CANDIDATE];
        let program = Program {
            side: CANDIDATE,
            binary: target.candidate.clone(),
            folder: folder.clone(),
        };
        let functions = target.subject.benchmarks(CANDIDATE);
        self.processes += 1;
        let ran = self.executor.run(&program, functions, "1x", Some(&log))?;
        let (Ran::Ended(finished), Ok(text)) = (ran, fs::read_to_string(&log)) else {
            return Ok(Reads::Unknown);
        };
        let root = &self.trees.roots[CANDIDATE];
        let differing: BTreeMap<PathBuf, &Path> =
            data.iter().map(|path| (root.join(path), *path)).collect();
        for line in text.lines() {
            let Some(("open" | "stat", path)) = line.split_once(' ') else {
                continue;
            };
            let path = folder.join(path);
            let path = path.canonicalize().unwrap_or(path);
            let listed = || differing.keys().find(|file| file.parent() == Some(&path));
            let key = differing
                .get_key_value(&path)
                .map(|(key, _)| key)
                .or_else(listed);
            if let Some(file) = key.and_then(|key| differing.get(key)) {
                return Ok(Reads::File(file.to_path_buf()));
            }
        }
        // Only if all of them ran, where they were started, is that all that they read.
        let printed = output::figures(&finished.output);
        let ran = |name: &String| {
            let of = |figure: &output::Figure| is_of(schedule::function(&figure.benchmark), name);
            printed.iter().any(of)
        };
        // What is read before the tests start is in no log: its name may be in the binary.
        let binary = fs::read(&target.candidate).map_err(RunError::io(&target.candidate))?;
        let named = data.iter().any(|path| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            memchr::memmem::find(&binary, name).is_some()
        });
        let moved = text.lines().any(|line| line.starts_with("chdir "));
        Ok(
            if finished.succeeded() && !moved && !named && functions.iter().all(ran) {
                Reads::Nothing
            } else {
                Reads::Unknown
            },
        )
    }

    /// Finds out with what is kept whether nothing has changed. Where something may have, both sides
    /// are measured anew.
    fn use_kept(
        &mut self,
        targets: &mut [Target<'a>],
        kept: &BTreeMap<usize, Entry>,
        notify: Notify<'_>,
        judge: &mut dyn FnMut(&Measured) -> Report,
    ) -> Result<(), RunError> {
        let mut any = false;
        for target in targets.iter_mut() {
            let Some(entry) = kept.get(&target.number) else {
                continue;
            };
            if target.use_kept(entry.batches.clone()) {
                any = true;
                self.measurement.meet_kept(target, notify)?;
            }
        }
        if !any {
            return Ok(());
        }
        let report = judge(&self.measured(targets));
        let mut suspect = schedule::undecided(&report);
        let calm = [Status::Unchanged, Status::New];
        for row in report.rows.iter().filter(|row| row.gating == Gating::Gate) {
            if !calm.contains(&row.status) {
                let function = schedule::function(&row.key.benchmark).to_owned();
                suspect.insert((row.key.package.clone(), function));
            }
        }
        for target in targets.iter_mut() {
            let package = &target.subject.package;
            for batch in target.batches.iter_mut().filter(|batch| batch.kept) {
                if concerns(&suspect, package, batch) {
                    batch.forget();
                } else {
                    batch.state = State::Settled;
                }
            }
        }
        Ok(())
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
                    self.notes.unmeasured.extend(unmeasured);
                    continue;
                }
                self.circumstances
                    .iteration_dependent
                    .extend(batch.dependences(package));
                if batch.state == State::Failed {
                    continue;
                }
                let mut printed = BTreeSet::new();
                for output in batch.pairs.iter().flat_map(|pair| &pair.outputs) {
                    let figures = output::figures(output);
                    printed.extend(
                        figures
                            .iter()
                            .map(|figure| schedule::function(&figure.benchmark).to_owned()),
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
        self.circumstances.rulers = std::mem::take(&mut self.notes.rulers);
        self.circumstances
            .unmeasured
            .append(&mut self.notes.unmeasured);
    }

    fn keep(&self, target: &Target<'_>) {
        let (Some(cache), Some(key)) = (&self.cache, &target.key) else {
            return;
        };
        let compared = target
            .batches
            .iter()
            .filter(|batch| batch.source != Source::None);
        let compared: Vec<&Batch> = compared.collect();
        // What had to be measured otherwise than it was planned is not what the next run plans.
        let whole = compared.iter().all(|batch| {
            let planned = |name: &String| target.source(name) == batch.source;
            batch.state == State::Settled && batch.functions.iter().all(planned)
        });
        let fresh = compared.iter().any(|batch| !batch.kept);
        let source = if target.overlay.is_some() {
            Source::Overlay
        } else {
            Source::Own
        };
        let Some(Built::Binary(binary)) = target.binaries.get(&source) else {
            return;
        };
        let Ok(binary) = digest(binary) else {
            return;
        };
        if !whole || !fresh || compared.is_empty() {
            return;
        }
        let text = |output: &Vec<u8>| String::from_utf8(output.clone()).ok();
        let batches: Option<Vec<KeptBatch>> = compared
            .into_iter()
            .map(|batch| {
                let outputs = batch.pairs.iter().map(|pair| text(&pair.outputs[BASELINE]));
                Some(KeptBatch {
                    functions: batch.functions.clone(),
                    benchtime: batch.benchtime.clone(),
                    outputs: outputs.collect::<Option<_>>()?,
                })
            })
            .collect();
        if let Some(batches) = batches {
            cache.put(key, &Entry { binary, batches });
        }
    }

    /// All that was printed so far, with what is known.
    fn measured(&self, targets: &[Target<'_>]) -> Measured {
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
fn concerns(functions: &BTreeSet<(String, String)>, package: &str, batch: &Batch) -> bool {
    functions
        .iter()
        .any(|(own, name)| own == package && batch.functions.iter().any(|of| is_of(name, of)))
}

/// Whether a printed name is that of a function, with or without a suffix.
fn is_of(printed: &str, function: &str) -> bool {
    printed
        .strip_prefix(function)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
