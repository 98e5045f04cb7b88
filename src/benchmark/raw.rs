//! The values of rows as they come, in little room and with little work a line.
//!
//! A row is a benchmark (a name in a file under a configuration) in a unit. Most results have the
//! benchmark and the units of the one before: their values are collected in columns, and given to
//! their rows when another benchmark comes. What files, configurations and units are is the caller's
//! business: here they are numbers.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

use super::pooled::{Pooled, Values, sort};
use super::sample::Samples;

/// How many rows of a benchmark are looked through one by one.
const MAX_FIRST_ROWS: usize = 16;

/// Distinct rows in the order of their first lines, with their values.
#[derive(Default)]
pub(crate) struct RawRows {
    benchmarks: Vec<RawBenchmark>,
    /// The names of all benchmarks, one behind the other.
    names: Vec<u8>,
    /// Hashes of file, configuration and name, and indices of benchmarks.
    benchmark_ids: HashTable<(u64, u32)>,
    rows: Vec<RawRow>,
    /// Indices of rows that their benchmark's range does not hold.
    stray_rows: FxHashMap<(u32, u32), u32>,
    values: Values,
    /// The benchmark of the last result.
    last: Option<u32>,
    /// The values of the last results, by their places in a result: all of one benchmark.
    columns: Vec<Column>,
    /// How many columns have been used since it began.
    used_columns: usize,
}

/// A benchmark as one file names it under one configuration.
pub(crate) struct RawBenchmark {
    pub(crate) file: u32,
    pub(crate) configuration: u32,
    /// Where its name stands.
    pub(crate) name: Range<usize>,
    /// The first rows: as a rule a benchmark's units all come in its first result.
    rows: Range<u32>,
}

/// A benchmark in a unit.
pub(crate) struct RawRow {
    pub(crate) benchmark: u32,
    pub(crate) unit: u32,
    /// The column that collects values of it, or [`NONE`].
    column: u32,
    pub(super) samples: Pooled,
}

/// No column, no unit.
const NONE: u32 = u32::MAX;

/// The values that results of one benchmark have at one place, not given to their row yet.
struct Column {
    /// [`NONE`] while the column collects nothing.
    unit: u32,
    row: u32,
    values: Vec<f64>,
}

impl Column {
    /// The most values that a column collects.
    const MAX: usize = 1 << 12;
}

impl Default for Column {
    fn default() -> Self {
        Column {
            unit: NONE,
            row: NONE,
            values: Vec::new(),
        }
    }
}

impl RawRows {
    /// The benchmark of the last result, of which results can still be added: file and configuration
    /// are its own, unless [`RawRows::forget_last`] was told of others.
    pub(crate) fn last(&self) -> Option<u32> {
        self.last
    }

    /// The same, if it has this name.
    pub(crate) fn last_if_named(&self, name: &[u8]) -> Option<u32> {
        let last = self.last?;
        (self.name(&self.benchmarks[last as usize]) == name).then_some(last)
    }

    /// To be called when the file or the configuration changes.
    pub(crate) fn forget_last(&mut self) {
        self.last = None;
    }

    /// The benchmark of the next results.
    pub(crate) fn benchmark(&mut self, file: u32, configuration: u32, name: &[u8]) -> u32 {
        let hash = hash_of((file, configuration, name));
        let known = self.benchmark_ids.find(hash, |(other, id)| {
            let benchmark = &self.benchmarks[*id as usize];
            *other == hash
                && (benchmark.file, benchmark.configuration) == (file, configuration)
                && self.name(benchmark) == name
        });
        let id = match known {
            Some((_, id)) => *id,
            None => self.new_benchmark(file, configuration, name, hash),
        };
        self.last = Some(id);
        self.empty_columns();
        id
    }

    fn new_benchmark(&mut self, file: u32, configuration: u32, name: &[u8], hash: u64) -> u32 {
        let id = self.benchmarks.len() as u32;
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.benchmarks.push(RawBenchmark {
            file,
            configuration,
            name: start..self.names.len(),
            rows: 0..0,
        });
        self.benchmark_ids
            .insert_unique(hash, (hash, id), |(hash, _)| *hash);
        id
    }

    /// Adds the value at `index` of a result of this benchmark, the last that was asked for.
    pub(crate) fn add(&mut self, benchmark: u32, index: usize, unit: u32, value: f64) {
        match self.columns.get_mut(index) {
            Some(column) if column.unit == unit && column.values.len() < Column::MAX => {
                column.values.push(value);
            }
            _ => self.begin_column(benchmark, index, unit, value),
        }
    }

    fn begin_column(&mut self, benchmark: u32, index: usize, unit: u32, value: f64) {
        if self.columns.len() <= index {
            self.columns.resize_with(index + 1, Column::default);
        }
        self.used_columns = self.used_columns.max(index + 1);
        self.empty_column(index);
        let known = self.known_row(benchmark, unit);
        let row = known.unwrap_or_else(|| self.new_row(benchmark, unit));
        // A result may have a unit twice.
        let other = self.rows[row as usize].column;
        if other != NONE {
            self.empty_column(other as usize);
        }
        self.rows[row as usize].column = index as u32;
        let column = &mut self.columns[index];
        (column.unit, column.row) = (unit, row);
        column.values.push(value);
    }

    fn empty_columns(&mut self) {
        for index in 0..std::mem::take(&mut self.used_columns) {
            self.empty_column(index);
        }
    }

    /// Gives the values of a column to their row.
    fn empty_column(&mut self, index: usize) {
        let column = &mut self.columns[index];
        if column.unit == NONE {
            return;
        }
        column.unit = NONE;
        let row = &mut self.rows[column.row as usize];
        row.column = NONE;
        self.values
            .add(column.row, &mut row.samples, &column.values);
        column.values.clear();
    }

    fn known_row(&self, benchmark: u32, unit: u32) -> Option<u32> {
        let mut own = self.benchmarks[benchmark as usize].rows.clone();
        own.find(|row| self.rows[*row as usize].unit == unit)
            .or_else(|| self.stray_rows.get(&(benchmark, unit)).copied())
    }

    fn new_row(&mut self, benchmark: u32, unit: u32) -> u32 {
        let row = self.rows.len() as u32;
        self.rows.push(RawRow {
            benchmark,
            unit,
            column: NONE,
            samples: Pooled::default(),
        });
        let own = &mut self.benchmarks[benchmark as usize].rows;
        if own.start == own.end {
            *own = row..row + 1;
        } else if own.end == row && own.len() < MAX_FIRST_ROWS {
            own.end += 1;
        } else {
            self.stray_rows.insert((benchmark, unit), row);
        }
        row
    }

    /// Frees what only adding needs.
    pub(crate) fn close(&mut self) {
        self.empty_columns();
        self.columns = Vec::new();
        self.benchmark_ids = HashTable::new();
        self.stray_rows = FxHashMap::default();
    }

    /// All benchmarks, in the order of their first lines.
    pub(crate) fn benchmarks(&self) -> &[RawBenchmark] {
        &self.benchmarks
    }

    /// All rows, in the order of their first lines.
    pub(crate) fn rows(&self) -> &[RawRow] {
        &self.rows
    }

    /// The name of a benchmark.
    pub(crate) fn name(&self, benchmark: &RawBenchmark) -> &[u8] {
        &self.names[benchmark.name.clone()]
    }

    /// The text that the names of benchmarks stand in, which has none afterwards.
    pub(crate) fn take_names(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.names)
    }

    /// Gives back the text of all names that [`RawRows::take_names`] took.
    pub(crate) fn restore_names(&mut self, names: Vec<u8>) {
        self.names = names;
    }

    /// Keeps some of the rows, and the benchmarks that have any. Returns which benchmarks stay. To be
    /// asked once all is read: rows are not found again.
    pub(crate) fn retain(&mut self, kept: &[bool]) -> Vec<bool> {
        self.empty_columns();
        let mut has_rows = vec![false; self.benchmarks.len()];
        for (row, _) in self.rows.iter().zip(kept).filter(|(_, kept)| **kept) {
            has_rows[row.benchmark as usize] = true;
        }
        let (row_of, benchmark_of) = (numbered(kept), numbered(&has_rows));
        let rows = std::mem::take(&mut self.rows).into_iter().zip(kept);
        let rows = rows.filter(|(_, kept)| **kept).filter_map(|(row, _)| {
            let benchmark = benchmark_of[row.benchmark as usize]?;
            Some(RawRow { benchmark, ..row })
        });
        self.rows = rows.collect();
        let benchmarks = std::mem::take(&mut self.benchmarks).into_iter();
        let benchmarks = benchmarks.zip(&has_rows).filter(|(_, has_rows)| **has_rows);
        self.benchmarks = benchmarks.map(|(benchmark, _)| benchmark).collect();
        self.values.retain(&row_of);
        has_rows
    }

    /// Brings the values of each group of rows together, see [`Values::gather`]. `group_of` has the group of
    /// each row.
    pub(super) fn gather<G: AsMut<Pooled>>(
        &mut self,
        group_of: &[u32],
        groups: &mut [G],
    ) -> Vec<f64> {
        let rows = self.rows.iter().map(|row| row.samples);
        std::mem::take(&mut self.values).gather(rows, group_of, groups)
    }

    /// Brings the values of each row together, as [`RawRows::gather`] does, and returns them in the order
    /// in which they came.
    pub(crate) fn gather_rows(&mut self) -> Vec<f64> {
        let mut samples: Vec<Pooled> = Vec::new();
        let mut every_row: Vec<u32> = Vec::new();
        // Nothing is to be done for most inputs.
        if self.rows.iter().any(|row| row.samples.is_apart()) {
            samples.extend(self.rows.iter().map(|row| row.samples));
            every_row.extend(0..self.rows.len() as u32);
        }
        let values = self.gather(&every_row, &mut samples);
        for (row, samples) in self.rows.iter_mut().zip(samples) {
            row.samples = samples;
        }
        values
    }

    /// Sorts what [`RawRows::gather_rows`] returned.
    pub(crate) fn sort_rows(&mut self, values: &mut [f64]) {
        sort(values, &mut self.rows);
    }
}

impl RawRow {
    /// Its values, if `values` are those that [`RawRows::gather_rows`] returned.
    pub(crate) fn samples<'a>(&self, values: &'a [f64]) -> Samples<'a> {
        self.samples.samples(values)
    }
}

impl AsMut<Pooled> for RawRow {
    fn as_mut(&mut self) -> &mut Pooled {
        &mut self.samples
    }
}

/// The numbers that those of many get which are kept.
fn numbered(kept: &[bool]) -> Vec<Option<u32>> {
    let mut next = 0;
    let number = |kept: &bool| {
        kept.then(|| {
            next += 1;
            next - 1
        })
    };
    kept.iter().map(number).collect()
}

/// Units as printed, numbered in order of appearance.
#[derive(Default)]
pub(crate) struct PrintedUnits {
    printed: Vec<Vec<u8>>,
    ids: FxHashMap<Vec<u8>, u32>,
    /// The units of the last result, in their order: results have their units in the same places.
    last: Vec<u32>,
}

impl PrintedUnits {
    /// The number of the unit that the last result had at `index`.
    pub(crate) fn last(&self, index: usize) -> Option<u32> {
        self.last.get(index).copied()
    }

    /// The number of the unit of the value at `index` of a result, if it is known.
    pub(crate) fn find(&mut self, index: usize, printed: &[u8]) -> Option<u32> {
        if let Some(unit) = self.last(index)
            && self.printed[unit as usize] == printed
        {
            return Some(unit);
        }
        self.last.truncate(index);
        let unit = *self.ids.get(printed)?;
        self.last.push(unit);
        Some(unit)
    }

    /// A unit as printed.
    pub(crate) fn name(&self, unit: u32) -> &[u8] {
        &self.printed[unit as usize]
    }

    /// Numbers a unit that [`PrintedUnits::find`] did not know.
    pub(crate) fn add(&mut self, printed: &[u8]) -> u32 {
        let unit = self.printed.len() as u32;
        self.printed.push(printed.to_vec());
        self.ids.insert(printed.to_vec(), unit);
        self.last.push(unit);
        unit
    }
}

/// The hash that tables here are keyed by.
pub(super) fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_have_their_values_in_the_order_in_which_they_came(
            results in prop::collection::vec(
                // A benchmark, and a unit and a value at each place. Units may repeat.
                (0..3_u8, prop::collection::vec((0..4_u32, 0..3_u8), 1..5)),
                0..60,
            ),
            repeat in 1..3_usize,
        ) {
            let mut rows = RawRows::default();
            let mut expected: Vec<((u8, u32), Vec<f64>)> = Vec::new();
            for (name, values) in results.iter().flat_map(|result| vec![result; repeat]) {
                let benchmark = match rows.last_if_named(&[*name]) {
                    Some(last) => last,
                    None => rows.benchmark(0, 0, &[*name]),
                };
                for (index, (unit, value)) in values.iter().enumerate() {
                    let value = f64::from(*value);
                    rows.add(benchmark, index, *unit, value);
                    match expected.iter_mut().find(|(row, _)| *row == (*name, *unit)) {
                        Some((_, values)) => values.push(value),
                        None => expected.push(((*name, *unit), vec![value])),
                    }
                }
            }
            rows.close();
            let mut values = rows.gather_rows();
            let found = |rows: &RawRows, values: &[f64]| {
                let found = rows.rows().iter().map(|row| {
                    let name = rows.name(&rows.benchmarks()[row.benchmark as usize])[0];
                    let samples = row.samples(values);
                    ((name, row.unit), samples.as_slice(&mut Vec::new()).to_vec())
                });
                found.collect::<Vec<_>>()
            };
            prop_assert_eq!(found(&rows, &values), &expected[..]);
            rows.sort_rows(&mut values);
            expected.iter_mut().for_each(|(_, values)| values.sort_by(f64::total_cmp));
            prop_assert_eq!(found(&rows, &values), expected);
        }
    }
}
