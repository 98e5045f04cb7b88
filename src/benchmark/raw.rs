//! The values of rows as they come, in little room and with little work a line.
//!
//! A row is a benchmark (a name in a file under a configuration) in a unit. Most results have the
//! benchmark and the units of the one before: their values are collected in columns, and given to
//! their rows when another benchmark comes. A constant row is a value and a count; the values of most
//! others come in one go, and stay where they are then. Those that do not are appended to a log, which
//! is put in order once, when all is read. What files, configurations and units are is the caller's
//! business: here they are numbers.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

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
    /// The values of rows that are [`Stored::Together`].
    values: Vec<f64>,
    /// The values of rows that are [`Stored::Apart`].
    log: Log,
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
    samples: Pooled,
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

/// The order of values: what is no number first, and zeros of either sign as equals, as Go's `sort`
/// has it.
fn ascending(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
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
        let first = column.values[0];
        let is_constant = column
            .values
            .iter()
            .all(|value| value.to_bits() == first.to_bits());
        row.samples.stored = match row.samples.stored {
            _ if row.samples.count == 0 && is_constant => Stored::Constant(first),
            _ if row.samples.count == 0 => {
                let start = self.values.len();
                self.values.extend_from_slice(&column.values);
                Stored::Together(start)
            }
            Stored::Constant(value) if is_constant && value.to_bits() == first.to_bits() => {
                Stored::Constant(value)
            }
            _ => {
                let count = row.samples.count as usize;
                match row.samples.stored {
                    Stored::Constant(value) => {
                        (0..count).for_each(|_| self.log.push(column.row, value))
                    }
                    Stored::Together(start) => {
                        self.log.extend(column.row, &self.values[start..][..count])
                    }
                    Stored::Apart => {}
                }
                self.log.extend(column.row, &column.values);
                Stored::Apart
            }
        };
        row.samples.count += column.values.len() as u32;
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
        let mut log = Log::default();
        for (row, value) in std::mem::take(&mut self.log).chunks.into_iter().flatten() {
            if let Some(row) = row_of[row as usize] {
                log.push(row, value);
            }
        }
        self.log = log;
        has_rows
    }

    /// Brings the values of each group of rows together (a counting sort), in the order in which they
    /// came. `group_of` has the group of each row, which [`Pooled::add`] has been told of all its
    /// rows. Returns the values that [`Pooled::samples`] takes.
    pub(crate) fn gather<G: AsMut<Pooled>>(
        &mut self,
        group_of: &[u32],
        groups: &mut [G],
    ) -> Vec<f64> {
        let mut values = std::mem::take(&mut self.values);
        let log = std::mem::take(&mut self.log);
        let mut total = values.len();
        // Where the next value of a group goes, of those whose values are apart.
        let mut next = vec![None; groups.len()];
        for (next, group) in next.iter_mut().zip(groups) {
            let group = group.as_mut();
            if let Stored::Apart = group.stored {
                *next = Some(total);
                group.stored = Stored::Together(total);
                total += group.count as usize;
            }
        }
        values.resize(total, 0.0);
        for (row, group) in self.rows.iter().zip(group_of) {
            let (count, stored) = (row.samples.count as usize, row.samples.stored);
            let Some(next) = &mut next[*group as usize] else {
                continue;
            };
            match stored {
                Stored::Constant(value) => values[*next..][..count].fill(value),
                Stored::Together(start) => values.copy_within(start..start + count, *next),
                Stored::Apart => continue,
            }
            *next += count;
        }
        for (row, value) in log.chunks.into_iter().flatten() {
            if let Some(next) = &mut next[group_of[row as usize] as usize] {
                values[*next] = value;
                *next += 1;
            }
        }
        values
    }
}

/// The values of a row or of a group of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pooled {
    count: u32,
    stored: Stored,
}

/// Where values are.
#[derive(Clone, Copy, Debug, Default)]
enum Stored {
    /// They are all this one.
    Constant(f64),
    /// One behind the other, from here.
    Together(usize),
    /// Here and there.
    #[default]
    Apart,
}

impl Pooled {
    /// A group of one row.
    pub(crate) fn of(row: &RawRow) -> Self {
        row.samples
    }

    /// Adds a row to a group that has one.
    pub(crate) fn add(&mut self, row: &RawRow) {
        self.stored = match (self.stored, row.samples.stored) {
            (Stored::Constant(a), Stored::Constant(b)) if a.to_bits() == b.to_bits() => self.stored,
            _ => Stored::Apart,
        };
        self.count += row.samples.count;
    }

    /// The values of the group, if it is one of those whose values were gathered here.
    pub(crate) fn samples(self, values: &[f64]) -> Samples<'_> {
        let count = self.count as usize;
        match self.stored {
            Stored::Constant(value) => Samples::Constant { value, count },
            Stored::Together(start) => Samples::Varied(&values[start..][..count]),
            Stored::Apart => Samples::Varied(&[]),
        }
    }
}

impl AsMut<Pooled> for Pooled {
    fn as_mut(&mut self) -> &mut Pooled {
        self
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

/// Sorts values in the [`ascending`] order.
pub(crate) fn sort_values(values: &mut [f64]) {
    // Nearly all are neither zero nor no number: then equals are alike, and any sort will do.
    if values.iter().all(|value| value.abs() > 0.0) {
        values.sort_unstable_by(f64::total_cmp);
    } else {
        values.sort_by(ascending);
    }
}

/// Sorts the values of each group.
pub(crate) fn sort<G: AsMut<Pooled>>(values: &mut [f64], groups: &mut [G]) {
    for group in groups {
        let Pooled { count, stored } = group.as_mut();
        if let Stored::Together(start) = stored {
            sort_values(&mut values[*start..][..*count as usize]);
        }
    }
}

/// The values of rows as they came, in chunks that are never moved.
#[derive(Default)]
struct Log {
    chunks: Vec<Vec<(u32, f64)>>,
}

impl Log {
    const CHUNK: usize = 1 << 16;

    fn extend(&mut self, row: u32, values: &[f64]) {
        values.iter().for_each(|value| self.push(row, *value));
    }

    fn push(&mut self, row: u32, value: f64) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < Self::CHUNK => chunk.push((row, value)),
            _ => {
                // The first chunk grows from nothing: most inputs are small.
                let capacity = if self.chunks.is_empty() {
                    0
                } else {
                    Self::CHUNK
                };
                let mut chunk = Vec::with_capacity(capacity);
                chunk.push((row, value));
                self.chunks.push(chunk);
            }
        }
    }
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
    /// The number of the unit of the value at `index` of a result, if it is known.
    pub(crate) fn find(&mut self, index: usize, printed: &[u8]) -> Option<u32> {
        if let Some(unit) = self.last.get(index).copied()
            && self.printed[unit as usize] == printed
        {
            return Some(unit);
        }
        let unit = *self.ids.get(printed)?;
        self.last.truncate(index);
        self.last.push(unit);
        Some(unit)
    }

    /// A unit as printed.
    pub(crate) fn name(&self, unit: u32) -> &[u8] {
        &self.printed[unit as usize]
    }

    /// Numbers a unit that is not known.
    pub(crate) fn add(&mut self, printed: &[u8]) -> u32 {
        let unit = self.printed.len() as u32;
        self.printed.push(printed.to_vec());
        self.ids.insert(printed.to_vec(), unit);
        unit
    }
}

/// The hash that tables here are keyed by.
pub(super) fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
