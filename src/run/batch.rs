//! What is measured: the benchmarks of a package, in batches of those that share a process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cache::KeptBatch;
use super::execute::Program;
use super::output::{self, Figure};
use super::packages::Subject;
use super::ruler::Overlay;
use crate::gate::{IterationDependence, Named};
use crate::golang::Built;
use crate::unit::Unit;

/// The sides, as indices.
pub(super) const BASELINE: usize = 0;
pub(super) const CANDIDATE: usize = 1;

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
    /// Whether test data of the package differs; both sides are given the candidate's.
    pub(super) test_data: bool,
    /// A file that differs, is no test data, and is read.
    pub(super) reads: Option<PathBuf>,
    /// The benchmarks whose own code differs.
    pub(super) changed: BTreeSet<String>,
    pub(super) batches: Vec<Batch>,
    /// Where results of the baseline are kept.
    pub(super) key: Option<String>,
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
    /// Which of its sub-benchmarks, of one function.
    pub(super) part: Part,
    pub(super) source: Source,
    pub(super) benchtime: String,
    pub(super) pairs: Vec<Pair>,
    /// Whether the baseline's outputs are from the cache.
    pub(super) kept: bool,
    pub(super) state: State,
    /// What a probe of a hundred or more iterations saw.
    pub(super) probed: Vec<Figure>,
}

/// Which sub-benchmarks of a function run: those of one set of names, or all but those. The names are
/// those of the first level. Whatever they match, each sub-benchmark is in exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    names: Vec<String>,
    others: bool,
}

impl Part {
    /// Those of these names, and the others.
    pub(super) fn split(names: &[String]) -> [Part; 2] {
        [false, true].map(|others| Part {
            names: names.to_vec(),
            others,
        })
    }

    /// Whether it is all of them.
    pub(super) fn is_whole(&self) -> bool {
        self.names.is_empty()
    }

    fn pattern(&self, function: &str) -> String {
        let names: Vec<String> = self.names.iter().map(|name| regex::escape(name)).collect();
        format!("^{function}$/^({})$", names.join("|"))
    }

    /// What of `-test.bench` selects it, if it is not all.
    pub(super) fn only(&self, function: &str) -> Option<String> {
        (!self.is_whole() && !self.others).then(|| self.pattern(function))
    }

    /// What of `-test.skip` leaves out the others.
    pub(super) fn skip(&self, function: &str) -> Option<String> {
        (!self.is_whole() && self.others).then(|| self.pattern(function))
    }
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

impl<'a> Target<'a> {
    pub(super) fn named(&self, benchmark: &str) -> Named {
        Named {
            package: self.subject.package.clone(),
            benchmark: benchmark.to_owned(),
        }
    }

    /// The form in which its baseline is built first.
    pub(super) fn first_source(&self) -> Source {
        match self.overlay {
            Some(_) => Source::Overlay,
            None => Source::Own,
        }
    }

    /// The candidate as it is.
    pub(super) fn candidate_program(&self) -> Program {
        Program {
            side: CANDIDATE,
            binary: self.candidate.clone(),
            folder: self.folders[CANDIDATE].clone(),
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
                part: batch.part,
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
    pub(super) fn new(functions: Vec<String>, source: Source, benchtime: String) -> Self {
        Batch {
            functions,
            part: Part::default(),
            source,
            benchtime,
            pairs: Vec::new(),
            kept: false,
            state: State::Open,
            probed: Vec::new(),
        }
    }

    /// One that there is no time for.
    pub(super) fn late(functions: Vec<String>, source: Source) -> Self {
        Batch {
            state: State::TimeUp,
            ..Batch::new(functions, source, String::new())
        }
    }

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
