//! The status of a row that both sides have.

use super::row::{Note, Status};
use crate::benchmark::{RowId, SampleSet};
use crate::compare::{Comparison, Pair, Shift, Weight};
use crate::policy::Threshold;
use crate::unit::Better;

/// What a status depends on of one side's samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) center: f64,
    pub(super) least: f64,
    pub(super) greatest: f64,
    pub(super) count: usize,
}

impl Shape {
    fn of(comparison: &Comparison<'_>, side: &SampleSet, row: RowId) -> Self {
        let samples = side.samples(row);
        Shape {
            center: comparison.center(side, row),
            least: samples.least(),
            greatest: samples.greatest(),
            count: samples.count(),
        }
    }

    fn varies(&self) -> bool {
        self.least < self.greatest
    }
}

/// The shapes of a pair's sides.
pub(super) struct Shapes {
    pub(super) baseline: Option<Shape>,
    pub(super) candidate: Option<Shape>,
}

impl Shapes {
    pub(super) fn new(
        baseline: Option<&SampleSet>,
        candidate: &SampleSet,
        comparison: &Comparison<'_>,
        pair: Pair,
    ) -> Self {
        let baseline = baseline.zip(pair.baseline());
        Shapes {
            baseline: baseline.map(|(side, row)| Shape::of(comparison, side, row)),
            candidate: pair
                .candidate()
                .map(|row| Shape::of(comparison, candidate, row)),
        }
    }
}

/// How one row is judged.
pub(super) struct Scales {
    /// The direction in which its unit improves.
    pub(super) better: Better,
    /// How much it may rise.
    pub(super) threshold: Threshold,
    /// Whether it counts allocations, in whole numbers.
    pub(super) allocation: bool,
    /// The significance level.
    pub(super) alpha: f64,
}

impl Scales {
    /// The status that the evidence supports; what else there is to say is added to `notes`. The shift
    /// is asked for only where there may be one.
    pub(super) fn status(
        &self,
        baseline: &Shape,
        candidate: &Shape,
        weight: Weight,
        shift: impl FnOnce() -> Option<Shift>,
        notes: &mut Vec<Note>,
    ) -> Status {
        // From here on a positive shift is a change for the worse.
        let sign = match self.better {
            Better::Lower => 1.0,
            Better::Higher => -1.0,
            Better::Unknown => return Status::Unchanged,
        };
        let worse_by = sign * (candidate.center - baseline.center);
        // Values that lie within one unit are what quantisation makes of equal means: the testing
        // package drops the fraction. The loss of a zero is never put down to it.
        let within_one = self.allocation
            && baseline.greatest.max(candidate.greatest) - baseline.least.min(candidate.least)
                <= 1.0;
        let quantised = within_one && baseline.center > 0.0;
        match weight {
            Weight::Exact => {
                notes
                    .extend((baseline.varies() || candidate.varies()).then_some(Note::ExactVaries));
                directed(worse_by, self.exceeded(worse_by, baseline))
            }
            Weight::Tested { p, significant } => {
                notes.extend(within_one.then_some(Note::Quantised));
                if p.raw >= self.alpha {
                    return Status::Unchanged;
                }
                let worse_by = shift().map_or(0.0, |shift| sign * shift.estimate);
                let counts =
                    self.exceeded(worse_by, baseline) && !quantised && self.whole(worse_by);
                // A zero that was certain is lost, by however little the ranks have shifted.
                let zero_lost = self.allocation
                    && baseline.greatest <= 0.0
                    && candidate.greatest > self.threshold.absolute;
                if significant && zero_lost {
                    return Status::Regressed;
                }
                if significant {
                    directed(worse_by, counts)
                } else if worse_by > 0.0 && counts && self.separated(baseline, candidate) {
                    // The samples could not say more, and for so many rows it does not suffice.
                    notes.push(Note::Underpowered);
                    Status::Inconclusive
                } else {
                    Status::Unchanged
                }
            }
            Weight::Short { .. } => {
                let one = baseline.count.min(candidate.count) == 1;
                notes.extend(one.then_some(Note::OneSample));
                let explained = quantised && !one;
                if worse_by > 0.0 && self.exceeded(worse_by, baseline) && !explained {
                    Status::Inconclusive
                } else {
                    notes.extend((worse_by < 0.0).then_some(Note::FellShort));
                    Status::Unchanged
                }
            }
        }
    }

    /// Whether a shift exceeds both bounds. A zero baseline has no percentage: any rise exceeds it.
    fn exceeded(&self, shift: f64, baseline: &Shape) -> bool {
        let shift = shift.abs();
        shift > self.threshold.absolute
            && (baseline.center <= 0.0 || shift > self.threshold.relative * baseline.center)
    }

    /// Whether a shift is a whole unit, the least that whole numbers can tell apart.
    fn whole(&self, shift: f64) -> bool {
        !self.allocation || shift.abs() >= 1.0
    }

    /// Whether every sample of the candidate is worse than every sample of the baseline.
    fn separated(&self, baseline: &Shape, candidate: &Shape) -> bool {
        match self.better {
            Better::Higher => candidate.greatest < baseline.least,
            _ => candidate.least > baseline.greatest,
        }
    }
}

fn directed(worse_by: f64, counts: bool) -> Status {
    match (counts, worse_by > 0.0, worse_by < 0.0) {
        (true, true, _) => Status::Regressed,
        (false, true, _) => Status::WithinThreshold,
        (true, _, true) => Status::Improved,
        _ => Status::Unchanged,
    }
}
