//! The values of rows as they come, in little room and with little work a line.
//!
//! A row is a benchmark (a name in a file under a configuration) in a unit. Most lines have the
//! benchmark and the units of the line before: a cursor finds their rows without a search. As long as
//! a row is constant it is a value and a count; the values of the others are appended to a log, which
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
    log: Log,
    cursor: Cursor,
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
    count: u32,
    /// Whether it varies: then all its values are in the log.
    varies: bool,
    value: f64,
}

/// The last result: most results have the benchmark and the units of the one before.
#[derive(Default)]
struct Cursor {
    benchmark: Option<u32>,
    /// The rows of its values, in their order; empty where the benchmark is another.
    rows: Vec<u32>,
}

/// The order of values: what is no number first, and zeros of either sign as equals, as Go's `sort`
/// has it.
pub(crate) fn ascending(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

impl RawRows {
    /// The benchmark of the last result, if it has this name. Its file and configuration are those of
    /// the last result too, unless [`RawRows::forget_last`] was told of others.
    pub(crate) fn last_if_named(&self, name: &[u8]) -> Option<u32> {
        let last = self.cursor.benchmark?;
        (self.name(&self.benchmarks[last as usize]) == name).then_some(last)
    }

    /// To be called when the file or the configuration changes.
    pub(crate) fn forget_last(&mut self) {
        self.cursor.benchmark = None;
    }

    /// The benchmark of the next result.
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
        self.cursor.benchmark = Some(id);
        self.cursor.rows.clear();
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

    /// The row of the value at `index` of a result.
    pub(crate) fn row(&mut self, benchmark: u32, index: usize, unit: u32) -> u32 {
        if let Some(row) = self.cursor.rows.get(index).copied()
            && self.rows[row as usize].unit == unit
        {
            return row;
        }
        let row = match self.known_row(benchmark, unit) {
            Some(row) => row,
            None => self.new_row(benchmark, unit),
        };
        self.cursor.rows.truncate(index);
        self.cursor.rows.push(row);
        row
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
            count: 0,
            varies: false,
            value: 0.0,
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

    /// Adds a value to a row.
    pub(crate) fn push(&mut self, index: u32, value: f64) {
        let row = &mut self.rows[index as usize];
        if row.count == 0 {
            row.value = value;
        } else if !row.varies && row.value.to_bits() != value.to_bits() {
            row.varies = true;
            for _ in 0..row.count {
                self.log.push(index, row.value);
            }
        }
        if row.varies {
            self.log.push(index, value);
        }
        row.count += 1;
    }

    /// Frees what only adding needs.
    pub(crate) fn close(&mut self) {
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
    /// rows. Returns the text of values that [`Pooled::samples`] takes.
    pub(crate) fn gather<G: AsMut<Pooled>>(&self, group_of: &[u32], groups: &mut [G]) -> Vec<f64> {
        let mut total = 0;
        for group in varying(groups) {
            group.start = total;
            total += group.count as usize;
        }
        let mut values = vec![0.0; total];
        // While values are put in place, `start` is where the next one goes.
        let mut put = |group: &mut Pooled, value: f64| {
            values[group.start] = value;
            group.start += 1;
        };
        for (row, group) in self
            .rows
            .iter()
            .zip(group_of)
            .filter(|(row, _)| !row.varies)
        {
            let group = groups[*group as usize].as_mut();
            if group.varies {
                (0..row.count).for_each(|_| put(group, row.value));
            }
        }
        for (row, value) in self.log.chunks.iter().flatten() {
            put(groups[group_of[*row as usize] as usize].as_mut(), *value);
        }
        for group in varying(groups) {
            group.start -= group.count as usize;
        }
        values
    }
}

/// The values of a group of rows: one and how many there are, or where they stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pooled {
    count: u32,
    varies: bool,
    /// The value of a constant group.
    value: f64,
    /// Where the values of a varying group begin.
    start: usize,
}

impl Pooled {
    /// A group of one row.
    pub(crate) fn of(row: &RawRow) -> Self {
        Pooled {
            count: row.count,
            varies: row.varies,
            value: row.value,
            start: 0,
        }
    }

    /// Adds a row to a group that has one.
    pub(crate) fn add(&mut self, row: &RawRow) {
        self.varies |= row.varies || row.value.to_bits() != self.value.to_bits();
        self.count += row.count;
    }

    /// The values of the group, if it is one of those whose values were gathered here.
    pub(crate) fn samples(self, values: &[f64]) -> Samples<'_> {
        if self.varies {
            Samples::Varied(&values[self.start..][..self.count as usize])
        } else {
            Samples::Constant {
                value: self.value,
                count: self.count as usize,
            }
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

/// Sorts the values of each group.
pub(crate) fn sort<G: AsMut<Pooled>>(values: &mut [f64], groups: &mut [G]) {
    for group in varying(groups) {
        values[group.start..][..group.count as usize].sort_by(ascending);
    }
}

fn varying<G: AsMut<Pooled>>(groups: &mut [G]) -> impl Iterator<Item = &mut Pooled> {
    groups
        .iter_mut()
        .map(G::as_mut)
        .filter(|group| group.varies)
}

/// The values of varying rows as they came, in chunks that are never moved.
#[derive(Default)]
struct Log {
    chunks: Vec<Vec<(u32, f64)>>,
}

impl Log {
    const CHUNK: usize = 1 << 16;

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
