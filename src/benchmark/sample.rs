//! All measurements of one side, merged by row and sorted.
//!
//! A side may have hundreds of thousands of rows, most of them constant: these are kept as a value
//! and a count, and names stand one behind the other in one string.

use std::collections::BTreeMap;
use std::ops::Range;

use super::builder::{FileSummary, Overflow};
use super::key::KeyRef;
use super::pooled::Pooled;
use super::record::{Failure, SyntaxError, UnitMetadata};
use crate::unit::{Better, Unit};

/// The measurements of one side. Keys are in order of first appearance, rows are grouped by key.
#[derive(Debug)]
pub struct SampleSet {
    pub(super) keys: Vec<KeyEntry>,
    pub(super) names: String,
    pub(super) packages: Vec<String>,
    pub(super) configs: Vec<Vec<(String, String)>>,
    pub(super) units: Vec<Unit>,
    pub(super) traits: Vec<UnitTraits>,
    pub(super) rows: Vec<RowEntry>,
    /// The samples of rows that vary.
    pub(super) values: Vec<f64>,
    pub(super) failures: Vec<Failure>,
    pub(super) errors: Vec<SyntaxError>,
    pub(super) overflow: Overflow,
    pub(super) environment: BTreeMap<String, Vec<String>>,
    pub(super) files: Vec<FileSummary>,
}

/// A key by the places of its parts.
#[derive(Debug)]
pub(super) struct KeyEntry {
    pub(super) package: u32,
    pub(super) config: u32,
    /// In `names`.
    pub(super) name: Range<usize>,
    /// 0 where the name bears no suffix.
    pub(super) procs: u32,
    /// In `rows`.
    pub(super) rows: Range<u32>,
    pub(super) iterations: Iterations,
}

#[derive(Debug)]
pub(super) struct RowEntry {
    pub(super) key: u32,
    pub(super) unit: u32,
    /// Those that vary stand in `values`.
    pub(super) samples: Pooled,
}

impl AsMut<Pooled> for RowEntry {
    fn as_mut(&mut self) -> &mut Pooled {
        &mut self.samples
    }
}

/// A benchmark of a side: an index into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub(super) u32);

impl KeyId {
    /// Its place among the side's keys.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A benchmark in one unit, of a side: an index into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowId(pub(super) u32);

impl RowId {
    /// Its place among the side's rows.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The samples of a row, ascending. Never empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Samples<'a> {
    /// All equal.
    Constant {
        /// What they equal.
        value: f64,
        /// How many there are.
        count: usize,
    },
    /// Not all equal.
    Varied(&'a [f64]),
}

impl<'a> Samples<'a> {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Samples::Constant { count, .. } => count,
            Samples::Varied(values) => values.len(),
        }
    }

    /// The least.
    pub fn least(self) -> f64 {
        match self {
            Samples::Constant { value, .. } => value,
            Samples::Varied(values) => values[0],
        }
    }

    /// The greatest.
    pub fn greatest(self) -> f64 {
        match self {
            Samples::Constant { value, .. } => value,
            Samples::Varied(values) => values[values.len() - 1],
        }
    }

    /// Whether all are equal.
    pub fn is_constant(self) -> bool {
        matches!(self, Samples::Constant { .. })
    }

    /// All of them; `buffer` holds those of a constant row.
    pub fn as_slice<'b>(self, buffer: &'b mut Vec<f64>) -> &'b [f64]
    where
        'a: 'b,
    {
        match self {
            Samples::Varied(values) => values,
            Samples::Constant { value, count } => {
                buffer.clear();
                buffer.resize(count, value);
                buffer
            }
        }
    }
}

/// How a unit is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitTraits {
    /// The direction in which it improves.
    pub better: Better,
    /// Declared by a `Unit … assume=exact` line: measured without noise.
    pub exact: bool,
}

impl UnitTraits {
    /// The traits of each unit. The first line that declares something of a unit wins.
    pub(super) fn of_all(units: &[Unit], metadata: &[UnitMetadata]) -> Vec<UnitTraits> {
        let traits = |unit: &Unit| {
            let lines = || metadata.iter().filter(|line| line.unit == *unit);
            UnitTraits {
                better: lines()
                    .find_map(|line| line.better)
                    .unwrap_or(unit.default_better()),
                exact: lines().find_map(|line| line.exact).unwrap_or(false),
            }
        };
        units.iter().map(traits).collect()
    }
}

/// Iteration counts of a benchmark's results.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Iterations {
    sum: f64,
    least: u64,
    results: u32,
}

impl Iterations {
    pub(super) fn add(&mut self, iterations: u64) {
        self.merge(Iterations {
            sum: iterations as f64,
            results: 1,
            least: iterations,
        });
    }

    pub(super) fn merge(&mut self, other: Iterations) {
        if other.results > 0 {
            self.least = if self.results == 0 {
                other.least
            } else {
                self.least.min(other.least)
            };
            self.sum += other.sum;
            self.results += other.results;
        }
    }

    /// The mean, 0 if there was no result.
    pub fn mean(&self) -> f64 {
        if self.results == 0 {
            0.0
        } else {
            self.sum / f64::from(self.results)
        }
    }

    /// The least of them.
    pub fn least(&self) -> u64 {
        self.least
    }
}

impl SampleSet {
    /// All rows, grouped by key.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = RowId> + use<> {
        (0..self.rows.len() as u32).map(RowId)
    }

    /// All keys, in order of first appearance.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = KeyId> + use<> {
        (0..self.keys.len() as u32).map(KeyId)
    }

    /// The rows of a key.
    pub fn rows_of(&self, key: KeyId) -> impl Iterator<Item = RowId> + use<> {
        self.keys[key.0 as usize].rows.clone().map(RowId)
    }

    /// A key.
    pub fn key(&self, key: KeyId) -> KeyRef<'_> {
        let entry = &self.keys[key.0 as usize];
        KeyRef {
            package: &self.packages[entry.package as usize],
            benchmark: &self.names[entry.name.clone()],
            procs: (entry.procs > 0).then_some(entry.procs),
            config: &self.configs[entry.config as usize],
        }
    }

    /// The key of a row.
    pub fn key_of(&self, row: RowId) -> KeyId {
        KeyId(self.rows[row.0 as usize].key)
    }

    /// The unit of a row.
    pub fn unit_of(&self, row: RowId) -> &Unit {
        &self.units[self.unit_index(row)]
    }

    /// The unit of a row, as an index into [`SampleSet::units`].
    pub fn unit_index(&self, row: RowId) -> usize {
        self.rows[row.0 as usize].unit as usize
    }

    /// The samples of a row.
    pub fn samples(&self, row: RowId) -> Samples<'_> {
        self.rows[row.0 as usize].samples.samples(&self.values)
    }

    /// The iteration counts of a benchmark.
    pub fn iterations(&self, key: KeyId) -> Iterations {
        self.keys[key.0 as usize].iterations
    }

    /// The units that occur, in order of first appearance.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// How a unit is to be taken, if it occurs.
    pub fn traits(&self, unit: &Unit) -> Option<UnitTraits> {
        let index = self.units.iter().position(|other| other == unit)?;
        Some(self.traits[index])
    }

    /// Packages and benchmarks that failed, up to [`super::MAX_KEPT`].
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Lines that could not be read, up to [`super::MAX_KEPT`].
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// What was counted beyond these bounds.
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The values that configuration keys took, but for the package.
    pub fn environment(&self) -> &BTreeMap<String, Vec<String>> {
        &self.environment
    }

    /// The files that were read.
    pub fn files(&self) -> &[FileSummary] {
        &self.files
    }
}
