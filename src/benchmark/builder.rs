//! Collects the records of one side.
//!
//! While reading, a [`SampleSetBuilder`] only appends: to a log of (row, value). Once both sides are
//! read it is known which configuration keys tell rows apart and which suffixes are GOMAXPROCS;
//! [`SampleSetBuilder::finish`] then merges what belongs together and sorts once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

use super::procs::{self, Suffixes};
use super::record::{
    BenchResult, Configuration, Failure, Record, Setting, SkippedLine, SyntaxError,
    SyntaxErrorKind, UnitMetadata,
};
use super::sample::{Iterations, KeyEntry, RowEntry, SampleSet, UnitTraits};
use crate::unit::{Tidy, Unit};

/// How many syntax errors, failures and announcements of a side are kept; further ones are counted.
pub const MAX_KEPT: usize = 1000;

/// How many different configurations of a side are told apart; beyond, only the package is.
const MAX_CONFIGURATIONS: usize = 10_000;

/// How many rows of a benchmark are looked through one by one.
const MAX_FIRST_ROWS: usize = 16;

/// How many different units of a side are told apart.
const MAX_UNITS: usize = 1000;

/// Collects the records of one side, file by file.
#[derive(Default)]
pub struct SampleSetBuilder {
    files: Vec<FileSummary>,
    configurations: Vec<Vec<Setting>>,
    configuration_ids: FxHashMap<Vec<Setting>, u32>,
    benchmarks: Vec<Benchmark>,
    /// The names of all benchmarks, one behind the other.
    names: String,
    /// Indices of benchmarks by file, configuration and name.
    benchmark_ids: HashTable<u32>,
    units: Vec<PrintedUnit>,
    unit_ids: FxHashMap<Vec<u8>, u32>,
    rows: Vec<RawRow>,
    /// Indices of rows that their benchmark's range does not hold.
    stray_rows: FxHashMap<(u32, u32), u32>,
    log: Log,
    cursor: Cursor,
    metadata: Vec<UnitMetadata>,
    failures: Vec<Failure>,
    errors: Vec<SyntaxError>,
    announced: Vec<SkippedLine>,
    overflow: Overflow,
}

/// What is known of one input file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSummary {
    /// As the user named it.
    pub path: Arc<str>,
    /// The name of the format it was read as.
    pub format: &'static str,
    /// Number of results.
    pub results: usize,
    /// A hash of its results in their order: equal for copies of one file.
    pub fingerprint: u64,
}

/// How much beyond the bounds was counted only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflow {
    /// Malformed or unfinished results beyond [`MAX_KEPT`].
    pub lost: usize,
    /// Failures beyond [`MAX_KEPT`].
    pub failures: usize,
    /// Values whose unit came after 1,000 others.
    pub values: usize,
    /// Changes of configuration after 10,000 different ones.
    pub configurations: usize,
}

/// A benchmark as one file names it under one configuration.
struct Benchmark {
    file: u32,
    configuration: u32,
    /// Where its name stands in `names`.
    name: Range<usize>,
    /// The first rows: as a rule a benchmark's units all come in its first result.
    rows: Range<u32>,
    iterations: Iterations,
}

/// A unit as printed.
struct PrintedUnit {
    printed: Vec<u8>,
    tidied: Unit,
    factor: f64,
}

/// A row of one file: a benchmark in a unit. As long as it is constant it is a value and a count.
struct RawRow {
    benchmark: u32,
    unit: u32,
    count: u32,
    /// Whether it varies: then all its values are in the log.
    varies: bool,
    value: f64,
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

/// The last result: most results have the benchmark and the units of the one before.
#[derive(Default)]
struct Cursor {
    /// Version of the reader's configuration, and its index.
    configuration: Option<(u64, u32)>,
    benchmark: Option<u32>,
    /// The rows of its values, in their order; empty where the benchmark is another.
    rows: Vec<u32>,
    /// The units of its values, in their order.
    units: Vec<u32>,
    fingerprint: u64,
}

impl SampleSetBuilder {
    /// Begins a file: the records that follow are of it.
    pub fn begin_file(&mut self, path: &Arc<str>) {
        self.cursor = Cursor::default();
        self.files.push(FileSummary {
            path: Arc::clone(path),
            format: "",
            results: 0,
            fingerprint: 0,
        });
    }

    /// Ends the file, which was read as `format`.
    pub fn end_file(&mut self, format: &'static str) {
        if let Some(file) = self.files.last_mut() {
            file.format = format;
            file.fingerprint = self.cursor.fingerprint;
        }
    }

    /// Takes one record.
    pub fn add(&mut self, record: Record<'_>) {
        match record {
            Record::Result(result) => self.add_result(&result),
            Record::Unit(metadata) if self.metadata.len() < MAX_KEPT => {
                self.metadata.push(metadata)
            }
            Record::Unit(_) => {}
            Record::Failure(failure) if self.failures.len() < MAX_KEPT => {
                self.failures.push(failure)
            }
            Record::Failure(_) => self.overflow.failures += 1,
            Record::Syntax(error) if self.errors.len() < MAX_KEPT => self.errors.push(error),
            Record::Syntax(error) => {
                self.overflow.lost += usize::from(error.kind != SyntaxErrorKind::Doubtful);
            }
            // Only a name with a suffix can turn out to be a lost result.
            Record::Skipped(line) => {
                if self.announced.len() < MAX_KEPT && procs::split(&line.name).is_some() {
                    self.announced.push(line);
                }
            }
        }
    }

    /// The configurations under which results were measured.
    pub fn configurations(&self) -> &[Vec<Setting>] {
        &self.configurations
    }

    /// The files, in the order in which they were read.
    pub fn files(&self) -> &[FileSummary] {
        &self.files
    }

    fn add_result(&mut self, result: &BenchResult<'_>) {
        let configuration = self.configuration_id(result.config);
        let benchmark = self.benchmark_id(configuration, result.name);
        self.benchmarks[benchmark as usize]
            .iterations
            .add(result.iterations);
        for (index, (value, unit)) in result.values().enumerate() {
            match self.row_id(benchmark, index, unit) {
                Some(row) => self.add_value(row, value),
                None => self.overflow.values += 1,
            }
        }
        let figures = result.measurements.iter().fold(0_u64, |sum, (value, _)| {
            sum.rotate_left(7) ^ value.to_bits()
        });
        self.cursor.fingerprint = hash_of((self.cursor.fingerprint, result.iterations, figures));
        if let Some(file) = self.files.last_mut() {
            file.results += 1;
        }
    }

    fn add_value(&mut self, index: u32, value: f64) {
        let row = &mut self.rows[index as usize];
        let value = value * self.units[row.unit as usize].factor;
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

    fn configuration_id(&mut self, configuration: &Configuration) -> u32 {
        if let Some((version, id)) = self.cursor.configuration
            && version == configuration.version()
        {
            return id;
        }
        let known = self.configuration_ids.get(configuration.settings());
        let id = match known {
            Some(id) => *id,
            None => self.new_configuration(configuration),
        };
        self.cursor.configuration = Some((configuration.version(), id));
        self.cursor.benchmark = None;
        id
    }

    fn new_configuration(&mut self, configuration: &Configuration) -> u32 {
        let mut settings = configuration.settings().to_vec();
        if self.configurations.len() >= MAX_CONFIGURATIONS {
            self.overflow.configurations += 1;
            settings.retain(|(key, _)| **key == *"pkg");
            if let Some(id) = self.configuration_ids.get(&settings) {
                return *id;
            }
        }
        let id = self.configurations.len() as u32;
        self.configurations.push(settings.clone());
        self.configuration_ids.insert(settings, id);
        id
    }

    fn benchmark_id(&mut self, configuration: u32, name: &[u8]) -> u32 {
        if let Some(last) = self.cursor.benchmark
            && self.name(&self.benchmarks[last as usize]).as_bytes() == name
        {
            return last;
        }
        let name = readable(name);
        let file = self.files.len().saturating_sub(1) as u32;
        let hash = hash_of((file, configuration, name.as_ref()));
        let known = self.benchmark_ids.find(hash, |id| {
            let benchmark = &self.benchmarks[*id as usize];
            (
                benchmark.file,
                benchmark.configuration,
                self.name(benchmark),
            ) == (file, configuration, name.as_ref())
        });
        let id = match known {
            Some(id) => *id,
            None => self.new_benchmark(file, configuration, &name, hash),
        };
        self.cursor.benchmark = Some(id);
        self.cursor.rows.clear();
        id
    }

    fn new_benchmark(&mut self, file: u32, configuration: u32, name: &str, hash: u64) -> u32 {
        let id = self.benchmarks.len() as u32;
        let start = self.names.len();
        self.names.push_str(name);
        self.benchmarks.push(Benchmark {
            file,
            configuration,
            name: start..self.names.len(),
            rows: 0..0,
            iterations: Iterations::default(),
        });
        let (benchmarks, names) = (&self.benchmarks, &self.names);
        self.benchmark_ids.insert_unique(hash, id, |id| {
            let Benchmark {
                file,
                configuration,
                name,
                ..
            } = &benchmarks[*id as usize];
            hash_of((*file, *configuration, &names[name.clone()]))
        });
        id
    }

    fn name(&self, benchmark: &Benchmark) -> &str {
        &self.names[benchmark.name.clone()]
    }

    /// The row of a result's value at `index`, or `None` past [`MAX_UNITS`].
    fn row_id(&mut self, benchmark: u32, index: usize, printed: &[u8]) -> Option<u32> {
        if let Some(row) = self.cursor.rows.get(index).copied() {
            let unit = self.rows[row as usize].unit as usize;
            if self.units[unit].printed == printed {
                return Some(row);
            }
        }
        let unit = self.unit_id(index, printed)?;
        let row = match self.known_row(benchmark, unit) {
            Some(row) => row,
            None => self.new_row(benchmark, unit),
        };
        self.cursor.rows.truncate(index);
        self.cursor.rows.push(row);
        Some(row)
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

    fn unit_id(&mut self, index: usize, printed: &[u8]) -> Option<u32> {
        // Results have their units in the same places.
        if let Some(unit) = self.cursor.units.get(index).copied()
            && self.units[unit as usize].printed == printed
        {
            return Some(unit);
        }
        let unit = match self.unit_ids.get(printed) {
            Some(unit) => *unit,
            None if self.units.len() == MAX_UNITS => return None,
            None => {
                let name = readable(printed);
                let factor = Tidy::of(&name).factor;
                let tidied = Unit::new(&name);
                let unit = self.units.len() as u32;
                self.units.push(PrintedUnit {
                    printed: printed.to_vec(),
                    tidied,
                    factor,
                });
                self.unit_ids.insert(printed.to_vec(), unit);
                unit
            }
        };
        self.cursor.units.truncate(index);
        self.cursor.units.push(unit);
        Some(unit)
    }

    /// Merges and sorts what was collected. `row_keys` are the configuration keys that tell rows
    /// apart, besides the package.
    pub fn finish(mut self, row_keys: &[String]) -> SampleSet {
        self.benchmark_ids = HashTable::new();
        self.stray_rows = FxHashMap::default();
        let suffixes = self.suffixes();
        self.report_lost_announcements(&suffixes);
        let KeyTable {
            mut keys,
            key_of,
            packages,
            configs,
        } = self.keys(&suffixes, row_keys);
        let (units, unit_of) = self.canonical_units();
        let (mut rows, row_of) = merge_rows(&self.rows, &key_of, &unit_of);
        let values = gather_values(&self.rows, &self.log, &row_of, &mut rows);
        for (index, row) in rows.iter().enumerate() {
            let own = &mut keys[row.key as usize].rows;
            if own.end == 0 {
                own.start = index as u32;
            }
            own.end = index as u32 + 1;
        }
        SampleSet {
            traits: UnitTraits::of_all(&units, &self.metadata),
            keys,
            names: self.names,
            packages,
            configs,
            units,
            rows,
            values,
            failures: self.failures,
            errors: self.errors,
            overflow: self.overflow,
            environment: environment(&self.configurations),
            files: self.files,
        }
    }

    /// What suffixes are GOMAXPROCS, for each file.
    fn suffixes(&self) -> Vec<Suffixes> {
        let mut files: Vec<Vec<&str>> = vec![Vec::new(); self.files.len().max(1)];
        for benchmark in &self.benchmarks {
            files[benchmark.file as usize].push(self.name(benchmark));
        }
        files
            .iter()
            .map(|names| Suffixes::of(names.iter().copied()))
            .collect()
    }

    /// `go test -v` announces benchmarks without the suffix, and parents have no result. But a
    /// name that bears its file's suffix is the beginning of a result, one that was lost, unless
    /// it is the name of a benchmark or a parent that happens to end like a suffix.
    fn report_lost_announcements(&mut self, suffixes: &[Suffixes]) {
        let announced = std::mem::take(&mut self.announced);
        if announced.is_empty() {
            return;
        }
        let mut bases: Vec<(u32, String)> = self
            .benchmarks
            .iter()
            .map(|benchmark| {
                (
                    benchmark.file,
                    suffixes[benchmark.file as usize].strip(self.name(benchmark)),
                )
            })
            .map(|(file, (base, _))| (file, base.to_owned()))
            .collect();
        bases.sort_unstable();
        for line in announced {
            let file = self
                .files
                .iter()
                .position(|file| file.path == line.at.file)
                .unwrap_or(0);
            let own = (file as u32, line.name.clone());
            let next = bases.partition_point(|base| *base < own);
            let announces = bases[next..]
                .iter()
                .take_while(|(f, base)| *f == own.0 && base.starts_with(&line.name));
            let known = announces
                .map(|(_, base)| &base[line.name.len()..])
                .any(|rest| rest.is_empty() || rest.starts_with('/'));
            if !known
                && suffixes
                    .get(file)
                    .is_some_and(|suffixes| suffixes.begin_result(&line.name))
            {
                self.add(Record::Syntax(SyntaxError {
                    at: line.at,
                    message: format!(
                        "`{}`: the benchmark printed its name and no result",
                        line.name
                    ),
                    kind: SyntaxErrorKind::Unfinished,
                    benchmark: Some(line.name),
                }));
            }
        }
    }

    /// The keys of rows. Benchmarks of several files or configurations may have one key.
    fn keys(&self, suffixes: &[Suffixes], row_keys: &[String]) -> KeyTable {
        let mut packages = Interner::default();
        let mut configs = Interner::default();
        let of_configuration: Vec<(u32, u32)> = self
            .configurations
            .iter()
            .map(|settings| {
                let setting = |key: &str| settings.iter().find(|(k, _)| **k == *key);
                let config = row_keys.iter().filter_map(|key| setting(key));
                let config = config.map(|(key, value)| (key.to_string(), value.to_string()));
                let package = setting("pkg").map_or(String::new(), |(_, value)| value.to_string());
                (packages.id(package), configs.id(config.collect::<Vec<_>>()))
            })
            .collect();
        let mut keys: Vec<KeyEntry> = Vec::with_capacity(self.benchmarks.len());
        let mut ids: HashTable<u32> = HashTable::with_capacity(self.benchmarks.len());
        let mut key_of = Vec::with_capacity(self.benchmarks.len());
        let parts = |key: &KeyEntry| {
            let name = &self.names[key.name.clone()];
            (key.package, key.config, key.procs, name)
        };
        for benchmark in &self.benchmarks {
            let full = self.name(benchmark);
            let (name, procs) = suffixes[benchmark.file as usize].strip(full);
            let (package, config) = of_configuration[benchmark.configuration as usize];
            let start = benchmark.name.start;
            let entry = KeyEntry {
                package,
                config,
                name: start..start + name.len(),
                procs: procs.unwrap_or(0),
                rows: 0..0,
                iterations: Iterations::default(),
            };
            let hash = hash_of(parts(&entry));
            let known = ids
                .find(hash, |id| parts(&keys[*id as usize]) == parts(&entry))
                .copied();
            let id = known.unwrap_or_else(|| {
                let id = keys.len() as u32;
                keys.push(entry);
                ids.insert_unique(hash, id, |id| hash_of(parts(&keys[*id as usize])));
                id
            });
            keys[id as usize].iterations.merge(benchmark.iterations);
            key_of.push(id);
        }
        KeyTable {
            keys,
            key_of,
            packages: packages.items,
            configs: configs.items,
        }
    }

    /// Tidied units without repetition, and the one that each printed unit is.
    fn canonical_units(&self) -> (Vec<Unit>, Vec<u32>) {
        let mut units = Interner::default();
        let unit_of = self
            .units
            .iter()
            .map(|unit| units.id(unit.tidied.clone()))
            .collect();
        (units.items, unit_of)
    }
}

/// Keys, the key of each benchmark, and what keys refer to.
struct KeyTable {
    keys: Vec<KeyEntry>,
    key_of: Vec<u32>,
    packages: Vec<String>,
    configs: Vec<Vec<(String, String)>>,
}

/// Numbers different items in order of appearance.
struct Interner<T> {
    items: Vec<T>,
    ids: FxHashMap<T, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Interner {
            items: Vec::new(),
            ids: FxHashMap::default(),
        }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    fn id(&mut self, item: T) -> u32 {
        if let Some(id) = self.ids.get(&item) {
            return *id;
        }
        let id = self.items.len() as u32;
        self.items.push(item.clone());
        self.ids.insert(item, id);
        id
    }
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Numbers the rows by key, then by unit in order of appearance, and merges raw rows that are one.
/// Returns the rows, their samples still missing, and the row of each raw row.
fn merge_rows(raw: &[RawRow], key_of: &[u32], unit_of: &[u32]) -> (Vec<RowEntry>, Vec<u32>) {
    let place = |row: &RawRow| (key_of[row.benchmark as usize], unit_of[row.unit as usize]);
    let mut order: Vec<u32> = (0..raw.len() as u32).collect();
    order.sort_by_key(|index| place(&raw[*index as usize]));
    let mut row_of = vec![0; raw.len()];
    let mut rows: Vec<RowEntry> = Vec::with_capacity(raw.len());
    for index in order {
        let piece = &raw[index as usize];
        let (key, unit) = place(piece);
        match rows.last_mut() {
            Some(row) if (row.key, row.unit) == (key, unit) => {
                row.varies |= piece.varies || piece.value.to_bits() != row.value.to_bits();
                row.count += piece.count;
            }
            _ => {
                let RawRow {
                    count,
                    varies,
                    value,
                    ..
                } = *piece;
                rows.push(RowEntry {
                    key,
                    unit,
                    count,
                    varies,
                    value,
                    start: 0,
                });
            }
        }
        row_of[index as usize] = rows.len() as u32 - 1;
    }
    (rows, row_of)
}

/// Brings the samples of varying rows together (a counting sort) and sorts each row.
fn gather_values(raw: &[RawRow], log: &Log, row_of: &[u32], rows: &mut [RowEntry]) -> Vec<f64> {
    let mut total = 0;
    for row in rows.iter_mut().filter(|row| row.varies) {
        row.start = total;
        total += row.count as usize;
    }
    let mut values = vec![0.0; total];
    // While values are put in place, `start` is where the next one goes.
    let mut put = |row: &mut RowEntry, value: f64| {
        values[row.start] = value;
        row.start += 1;
    };
    for (piece, row) in raw.iter().zip(row_of).filter(|(piece, _)| !piece.varies) {
        let row = &mut rows[*row as usize];
        if row.varies {
            (0..piece.count).for_each(|_| put(row, piece.value));
        }
    }
    for (piece, value) in log.chunks.iter().flatten() {
        put(&mut rows[row_of[*piece as usize] as usize], *value);
    }
    for row in rows.iter_mut().filter(|row| row.varies) {
        row.start -= row.count as usize;
        values[row.start..][..row.count as usize].sort_unstable_by(f64::total_cmp);
    }
    values
}

/// The values that each configuration key takes, but for the package.
fn environment(configurations: &[Vec<Setting>]) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in configurations
        .iter()
        .flatten()
        .filter(|(key, _)| **key != *"pkg")
    {
        let known = values.entry(key.to_string()).or_default();
        if known.len() < MAX_KEPT && !known.iter().any(|other| **other == **value) {
            known.push(value.to_string());
        }
    }
    values
}

/// The text of a name or unit; bytes that are no UTF-8 become `\xNN`, so that names which differ
/// in them stay different.
fn readable(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let chunks = bytes.utf8_chunks().flat_map(|chunk| {
                let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
                std::iter::once(chunk.valid().to_owned()).chain(invalid)
            });
            Cow::Owned(chunks.collect())
        }
    }
}
