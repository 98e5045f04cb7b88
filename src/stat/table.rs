//! What benchstat's tables hold: a row a benchmark, a column a side, in each cell a summary and, but for
//! the first column, the comparison with the first. How they look is for the renderers.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use super::number::general;
use crate::policy::Adjust;
use crate::query::KeyId;
use crate::stats::{self, Shift};
use crate::unit::{Better, Class, Unit};

/// How samples are summarised and compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// A difference is significant if p ≤ α. In [0, 1].
    pub alpha: f64,
    /// Of the intervals, in [0, 1].
    pub confidence: f64,
    /// The adjustment of p-values for the number of comparisons.
    pub adjust: Adjust,
    /// Whether the shift from the baseline is estimated.
    pub shift: bool,
}

/// The measurements in one unit under one configuration.
pub struct Table {
    /// Its key, whose last field is the unit.
    pub key: KeyId,
    /// As benchstat names it: tidied, unless a value of zero kept it as printed.
    pub unit: Vec<u8>,
    /// Whether the unit was declared exact (`assume=exact`).
    pub exact: bool,
    /// The direction in which it improves.
    pub better: Better,
    /// The keys of its columns, in their order. The first is the baseline.
    pub columns: Vec<KeyId>,
    /// Its rows, in their order.
    pub rows: Vec<Row>,
    /// What sums up each column.
    pub summaries: Vec<ColumnSummary>,
    /// The number of rows that were left out since nothing changed in them.
    pub hidden: usize,
}

/// A row of a table.
pub struct Row {
    /// Its key.
    pub key: KeyId,
    /// Its cells, by column. Not every column has one.
    pub cells: Vec<Cell>,
}

/// The results of one row in one column.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The index of its column.
    pub column: u32,
    /// Which of [`Tables::samples`] are its own.
    ///
    /// [`Tables::samples`]: super::Tables::samples
    pub(super) id: u32,
    /// The median; the mode where the unit is exact.
    pub center: f64,
    /// Lower bound of the interval of the centre; −∞ with too few samples.
    pub lo: f64,
    /// Upper bound of the interval of the centre; +∞ with too few samples.
    pub hi: f64,
    /// In what the benchmarks differ that fell into it, if they do.
    pub vary: Option<Arc<str>>,
    /// The comparison with the first column, where that has a cell.
    pub comparison: Option<Comparison>,
}

/// What a test says of a cell and that of the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The centre of the baseline.
    pub baseline: f64,
    /// The p-value as benchstat computes it (see [`stats::UDistributions::benchstat_p`]); 0 for units that are
    /// exact, 1 where all samples are equal.
    pub p: f64,
    /// The p-value after adjustment; `p` where there is none.
    pub adjusted: f64,
    /// The number of samples on each side, the baseline's first.
    pub counts: [u32; 2],
    /// The kind of comparison.
    pub kind: ComparisonKind,
    /// The Hodges-Lehmann estimate of the shift from the baseline, if asked for.
    pub shift: Option<Box<Shift>>,
}

/// How two cells were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonKind {
    /// The unit is exact: any difference counts.
    Exact,
    /// By the Mann-Whitney U test.
    Tested,
    /// Not at all: all samples of both are equal.
    Equal,
    /// Not at all: a sample is no number.
    NotANumber,
}

impl Comparison {
    /// Whether the difference is significant.
    pub fn is_significant(&self, alpha: f64) -> bool {
        self.kind == ComparisonKind::Exact || self.adjusted <= alpha
    }

    /// Whether something changed: a significant difference between centres that differ.
    pub fn is_change(&self, center: f64, alpha: f64) -> bool {
        self.is_significant(alpha) && center.partial_cmp(&self.baseline) != Some(Ordering::Equal)
    }

    /// What a reader should know of it.
    pub fn warning(&self, alpha: f64) -> Option<Warning> {
        match self.kind {
            ComparisonKind::Exact => None,
            ComparisonKind::Equal => Some(Warning::AllEqual),
            ComparisonKind::NotANumber => Some(Warning::NotANumber),
            ComparisonKind::Tested => {
                let too_few = self.p > alpha && {
                    let needed = samples_for_test(alpha).unwrap_or(MOST_SAMPLES_FOR_TEST + 1);
                    self.counts.iter().all(|count| (*count as usize) < needed)
                };
                too_few.then_some(Warning::TooFewForTest)
            }
        }
    }
}

/// The last row of a table: geometric means over its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnSummary {
    /// Of the centres; `None` where one is not above zero.
    pub geomean: Option<f64>,
    /// Of the ratios to the baseline; `None` in the first column and where one is not known.
    pub ratio: Option<f64>,
    /// What a reader should know of them.
    pub warnings: Vec<Warning>,
}

/// What a reader should know of a figure, in benchstat's words.
#[derive(Clone, Debug)]
pub enum Warning {
    /// A cell holds the results of different benchmarks.
    Vary(Arc<str>),
    /// The interval of a centre is not bounded.
    TooFewForInterval,
    /// A unit was declared exact, and samples differ.
    NotExact {
        /// The least sample.
        least: f64,
        /// The greatest sample.
        greatest: f64,
    },
    /// There is nothing to test.
    AllEqual,
    /// A test was asked for what is no number.
    NotANumber,
    /// No difference could be significant.
    TooFewForTest,
    /// A column has not the rows of the baseline.
    SetDiffers,
    /// A centre is not above zero.
    NoGeomean,
    /// A ratio is not above zero.
    NoRatio,
}

impl Warning {
    /// The numbers in it, bit for bit: warnings are told apart to be said once.
    fn bits(&self) -> [u64; 2] {
        match self {
            Warning::NotExact { least, greatest } => [least.to_bits(), greatest.to_bits()],
            _ => [0; 2],
        }
    }

    fn fields(&self) -> Option<&str> {
        match self {
            Warning::Vary(fields) => Some(fields),
            _ => None,
        }
    }

    fn identity(&self) -> (Discriminant<Warning>, Option<&str>, [u64; 2]) {
        (discriminant(self), self.fields(), self.bits())
    }

    /// The sentence.
    pub fn message(&self, options: &Options) -> Cow<'static, str> {
        let needed = |found: Option<usize>, most: usize| match found {
            Some(count) => format!(">= {count}"),
            None => format!("> {most}"),
        };
        match self {
            Warning::Vary(fields) => format!("benchmarks vary in {fields}").into(),
            Warning::TooFewForInterval => format!(
                "need {} samples for confidence interval at level {}",
                needed(stats::samples_for_interval(options.confidence), 50),
                general(options.confidence)
            )
            .into(),
            Warning::NotExact { least, greatest } => format!(
                "exact distribution expected, but values range from {} to {}",
                general(*least),
                general(*greatest)
            )
            .into(),
            Warning::AllEqual => "all samples are equal".into(),
            Warning::NotANumber => "samples that are no numbers cannot be compared".into(),
            Warning::TooFewForTest => format!(
                "need {} samples to detect a difference at alpha level {}",
                needed(samples_for_test(options.alpha), MOST_SAMPLES_FOR_TEST + 1),
                general(options.alpha)
            )
            .into(),
            Warning::SetDiffers => {
                "benchmark set differs from baseline; geomeans may not be comparable".into()
            }
            Warning::NoGeomean => "summaries must be >0 to compute geomean".into(),
            Warning::NoRatio => "ratios must be >0 to compute geomean".into(),
        }
    }
}

impl PartialEq for Warning {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Warning {}

impl Hash for Warning {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// Up to here benchstat knows how many samples a test needs.
const MOST_SAMPLES_FOR_TEST: usize = 9;

/// The number of samples a side that a test needs to reach `alpha`, as far as benchstat knows.
fn samples_for_test(alpha: f64) -> Option<usize> {
    stats::samples_to_reach(alpha).filter(|count| *count <= MOST_SAMPLES_FOR_TEST)
}

impl Table {
    /// Whether prefixes of its figures count in powers of 1000 or of 1024.
    pub fn class(&self) -> Class {
        Unit::new(&String::from_utf8_lossy(&self.unit)).class()
    }

    /// What a reader should know of a cell's summary.
    pub fn warnings_of(&self, cell: &Cell) -> impl Iterator<Item = Warning> + use<> {
        let of_summary = if self.exact {
            (cell.lo < cell.hi).then_some(Warning::NotExact {
                least: cell.lo,
                greatest: cell.hi,
            })
        } else {
            (cell.lo.is_infinite() || cell.hi.is_infinite()).then_some(Warning::TooFewForInterval)
        };
        let vary = cell.vary.clone().map(Warning::Vary);
        vary.into_iter().chain(of_summary)
    }
}

impl Row {
    /// The cell of a column.
    pub fn cell(&self, column: usize) -> Option<&Cell> {
        let index = self
            .cells
            .binary_search_by_key(&column, |cell| cell.column as usize);
        index.ok().map(|index| &self.cells[index])
    }
}
