//! Collects the records of one side.
//!
//! While reading, a [`SampleSetBuilder`] only appends. Once both sides are read it is known which
//! configuration keys tell rows apart and which suffixes are GOMAXPROCS; [`SampleSetBuilder::finish`]
//! then merges what belongs together and sorts once.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::procs::{self, Suffixes};
use super::raw::{PrintedUnits, RawRows, hash_of};
use super::record::{
    BenchResult, Configuration, Failure, Record, Setting, SkippedLine, SyntaxError,
    SyntaxErrorKind, UnitMetadata,
};
use super::sample::Iterations;
use crate::unit::{Tidy, Unit};

/// How many syntax errors, failures and announcements of a side are kept; further ones are counted.
pub const MAX_KEPT: usize = 1000;

/// How many different configurations of a side are told apart; beyond, only the package is.
const MAX_CONFIGURATIONS: usize = 10_000;

/// How many different units of a side are told apart.
const MAX_UNITS: usize = 1000;

/// Collects the records of one side, file by file.
#[derive(Default)]
pub struct SampleSetBuilder {
    pub(super) files: Vec<FileSummary>,
    pub(super) configurations: Vec<Vec<Setting>>,
    configuration_ids: FxHashMap<Vec<Setting>, u32>,
    /// Names are text here: see [`readable`].
    pub(super) raw: RawRows,
    /// Of each benchmark.
    pub(super) iterations: Vec<Iterations>,
    pub(super) printed_units: PrintedUnits,
    /// What each printed unit is.
    pub(super) units: Vec<TidiedUnit>,
    cursor: Cursor,
    pub(super) metadata: Vec<UnitMetadata>,
    pub(super) failures: Vec<Failure>,
    pub(super) errors: Vec<SyntaxError>,
    pub(super) announced: Vec<SkippedLine>,
    /// What suffixes are GOMAXPROCS, where some of the names that tell have been left out since.
    pub(super) decided_suffixes: Option<Vec<Suffixes>>,
    pub(super) overflow: Overflow,
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

/// What a printed unit is.
pub(super) struct TidiedUnit {
    pub(super) tidied: Unit,
    factor: f64,
}

/// The last result: most results have the configuration of the one before.
#[derive(Default)]
struct Cursor {
    /// Version of the reader's configuration, and its index.
    configuration: Option<(u64, u32)>,
    fingerprint: u64,
}

impl SampleSetBuilder {
    /// Begins a file: the records that follow are of it.
    pub fn begin_file(&mut self, path: &Arc<str>) {
        self.cursor = Cursor::default();
        self.raw.forget_last();
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
        self.iterations[benchmark as usize].add(result.iterations);
        for (index, (value, printed)) in result.values().enumerate() {
            match self.unit_id(index, printed) {
                Some(unit) => {
                    let value = value * self.units[unit as usize].factor;
                    self.raw.add(benchmark, index, unit, value);
                }
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
        self.raw.forget_last();
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
        if let Some(last) = self.raw.last_if_named(name) {
            return last;
        }
        let file = self.files.len().saturating_sub(1) as u32;
        let id = self
            .raw
            .benchmark(file, configuration, readable(name).as_bytes());
        if id as usize == self.iterations.len() {
            self.iterations.push(Iterations::default());
        }
        id
    }

    /// The unit of a result's value at `index`, or `None` past [`MAX_UNITS`].
    fn unit_id(&mut self, index: usize, printed: &[u8]) -> Option<u32> {
        if let Some(unit) = self.printed_units.find(index, printed) {
            return Some(unit);
        }
        if self.units.len() == MAX_UNITS {
            return None;
        }
        let name = readable(printed);
        self.units.push(TidiedUnit {
            tidied: Unit::new(&name),
            factor: Tidy::of(&name).factor,
        });
        Some(self.printed_units.add(printed))
    }
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
