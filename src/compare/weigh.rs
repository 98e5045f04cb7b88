//! The evidence for a difference: exact, tested, or short.

use super::evidence::{PValue, Shift, Side};
use super::pairing::Pair;
use crate::benchmark::{RowId, SampleSet, Samples};
use crate::parallel::{in_parallel, workers};
use crate::policy::{Statistics, Test};
use crate::stats::{self, Interval, TTest, UDistributions};
use crate::unit::Unit;

/// The sides of a comparison and how they are compared.
#[derive(Clone, Copy)]
pub struct Comparison<'a> {
    /// The baseline, if there is one.
    pub baseline: Option<&'a SampleSet>,
    /// The candidate.
    pub candidate: &'a SampleSet,
    /// How differences are tested.
    pub statistics: &'a Statistics,
}

/// How a row is judged: the evidence without what only a report needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weight {
    /// As [`super::Evidence::Exact`].
    Exact,
    /// As [`super::Evidence::Tested`]; the p-value is not adjusted until the gate does so.
    Tested {
        /// The p-value.
        p: PValue,
        /// Whether adjusted p < α.
        significant: bool,
    },
    /// As [`super::Evidence::Short`].
    Short {
        /// The number of samples a side that could reach significance.
        needed: usize,
    },
}

/// Rows below which threads cost more than they save.
const ROWS_A_THREAD: usize = 2000;

impl Comparison<'_> {
    /// The weight of each pair that both sides have, on all cores.
    pub fn weigh(&self, pairs: &[Pair]) -> Vec<Option<Weight>> {
        let weigh_some = |scale: &mut Scale, pairs: &[Pair]| -> Vec<Option<Weight>> {
            let weigh = |pair: &Pair| match *pair {
                Pair::Both {
                    baseline,
                    candidate,
                } => {
                    let unit = self.candidate.unit_of(candidate);
                    let declared = self.declared_exact(candidate);
                    let before = self.baseline?.samples(baseline);
                    let after = self.candidate.samples(candidate);
                    Some(scale.weight([before, after], unit, declared))
                }
                _ => None,
            };
            pairs.iter().map(weigh).collect()
        };
        let mut scales = workers(|| Scale::new(*self.statistics));
        in_parallel(&mut scales, pairs, |_| 1, ROWS_A_THREAD, weigh_some)
    }

    /// The shift between two rows, by the test that weighed them.
    pub fn shift(
        &self,
        baseline: RowId,
        candidate: RowId,
        distributions: &mut UDistributions,
    ) -> Option<Shift> {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let a = self.baseline?.samples(baseline).as_slice(&mut first);
        let b = self.candidate.samples(candidate).as_slice(&mut second);
        Some(shift([a, b], self.statistics, distributions))
    }

    /// Whether a `Unit` line of either side declares the unit of a row exact.
    fn declared_exact(&self, row: RowId) -> bool {
        let unit = self.candidate.unit_of(row);
        let exact = |side: &SampleSet| side.traits(unit).is_some_and(|traits| traits.exact);
        exact(self.candidate) || self.baseline.is_some_and(exact)
    }

    /// The summary of a side's row.
    pub fn side(&self, set: &SampleSet, row: RowId) -> Side {
        let mut buffer = Vec::new();
        let samples = set.samples(row).as_slice(&mut buffer).to_vec();
        let exact = set
            .traits(set.unit_of(row))
            .is_some_and(|traits| traits.exact);
        let Interval { center, lo, hi, .. } = interval(&samples, self.statistics, exact);
        Side {
            center,
            lo,
            hi,
            samples,
            iterations: set.iterations(set.key_of(row)).mean(),
        }
    }

    /// The centre of a side's row alone.
    pub fn center(&self, set: &SampleSet, row: RowId) -> f64 {
        match set.samples(row) {
            Samples::Constant { value, .. } => value,
            Samples::Varied(samples) => {
                let exact = set
                    .traits(set.unit_of(row))
                    .is_some_and(|traits| traits.exact);
                match self.statistics.test {
                    _ if exact => stats::mode_interval(samples).center,
                    Test::MannWhitney => stats::median(samples),
                    Test::Welch => stats::mean_interval(samples, self.statistics.confidence).center,
                }
            }
        }
    }
}

/// From how many samples on equal ones are exact, be they a side's only value.
#[derive(Clone, Copy)]
enum ExactFrom {
    Samples(usize),
    /// As many as a test needs to reach significance.
    Testable,
    Never,
}

/// Of allocs/op two equal samples are enough. Background allocations of the process shift B/op by a
/// few bytes in whole runs, so that two or three samples agree by chance: in `studies/aa`, 164 of
/// 9,676 pairs of two samples, constant on both sides, differed, and 11 of 5,541 pairs of three.
fn exact_from(unit: &Unit, declared: bool) -> ExactFrom {
    match unit.as_str() {
        _ if declared => ExactFrom::Samples(1),
        Unit::ALLOCS => ExactFrom::Samples(2),
        Unit::BYTES => ExactFrom::Testable,
        _ => ExactFrom::Never,
    }
}

/// Weighs rows one after the other.
pub struct Scale {
    statistics: Statistics,
    distributions: UDistributions,
    buffers: [Vec<f64>; 2],
}

impl Scale {
    /// A scale for rows that are tested in this way.
    pub fn new(statistics: Statistics) -> Self {
        Scale {
            statistics,
            distributions: UDistributions::new(),
            buffers: Default::default(),
        }
    }

    /// The three rules of evidence, for a unit and whether it is declared exact.
    pub fn weight(&mut self, sides: [Samples<'_>; 2], unit: &Unit, declared: bool) -> Weight {
        let [baseline, candidate] = sides;
        let constant = baseline.is_constant() && candidate.is_constant();
        let least = baseline.count().min(candidate.count());
        let alpha = self.statistics.alpha;
        let testable = stats::min_p(baseline.count(), candidate.count()) < alpha;
        let enough = match exact_from(unit, declared) {
            ExactFrom::Samples(count) => least >= count,
            ExactFrom::Testable => testable,
            ExactFrom::Never => false,
        };
        if constant && enough {
            return Weight::Exact;
        }
        if !testable {
            // 1,000 samples a side reach any α that makes sense.
            let needed = stats::samples_to_reach(alpha).unwrap_or(1000);
            return Weight::Short { needed };
        }
        let [first, second] = &mut self.buffers;
        let (a, b) = (baseline.as_slice(first), candidate.as_slice(second));
        let p = match welch(a, b, &self.statistics) {
            Some(test) => test.p,
            // benchstat's p is none where sizes differ and values tie; see `UTest`.
            None => self
                .distributions
                .mann_whitney(a, b)
                .map_or(1.0, |test| test.tail_p),
        };
        Weight::Tested {
            p: PValue {
                raw: p,
                adjusted: p,
            },
            significant: false,
        }
    }

    /// The shift between two sides, by the test that weighs them.
    pub fn shift(&mut self, sides: [&[f64]; 2]) -> Shift {
        shift(sides, &self.statistics, &mut self.distributions)
    }
}

/// The centre of a side's samples and the interval that it lies in.
pub fn interval(samples: &[f64], statistics: &Statistics, exact: bool) -> Interval {
    match statistics.test {
        _ if exact => stats::mode_interval(samples),
        Test::MannWhitney => stats::median_interval(samples, statistics.confidence),
        Test::Welch => stats::mean_interval(samples, statistics.confidence),
    }
}

fn shift(
    [a, b]: [&[f64]; 2],
    statistics: &Statistics,
    distributions: &mut UDistributions,
) -> Shift {
    if let Some(test) = welch(a, b, statistics) {
        let Interval { center, lo, hi, .. } = test.difference;
        return Shift {
            estimate: center,
            lo,
            hi,
        };
    }
    let shift = stats::hodges_lehmann(a, b, statistics.confidence, distributions);
    Shift {
        estimate: shift.estimate,
        lo: shift.lo,
        hi: shift.hi,
    }
}

/// Welch's test if it is asked for. Without any variance there is no t; ranks still tell.
fn welch(a: &[f64], b: &[f64], statistics: &Statistics) -> Option<TTest> {
    match statistics.test {
        Test::Welch => stats::welch(a, b, statistics.confidence),
        Test::MannWhitney => None,
    }
}
