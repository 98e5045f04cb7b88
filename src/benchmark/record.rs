//! What a reader can report: results, unit metadata, lines it could not read, failures. Errors are
//! records with a position, as in `golang.org/x/perf/benchfmt`, so that reading always goes on.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::unit::{Better, Unit};

/// A place in the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One thing that a reader found.
#[derive(Debug)]
pub enum Record<'a> {
    /// A benchmark result.
    Result(BenchResult<'a>),
    /// A `Unit` line.
    Unit(UnitMetadata),
    /// A line that should have been a result and could not be read.
    Syntax(SyntaxError),
    /// A package or benchmark that failed.
    Failure(Failure),
    /// A line that is no result, worth a remark only if its benchmark turns out to be missing.
    Skipped(SkippedLine),
}

/// One result line. Borrows the reader's buffers: whoever keeps it must copy.
#[derive(Debug)]
pub struct BenchResult<'a> {
    /// Full name, `Benchmark` prefix and GOMAXPROCS suffix included.
    pub name: &'a [u8],
    /// Number of iterations that the figures are averages over.
    pub iterations: u64,
    /// The text that the units are slices of.
    pub text: &'a [u8],
    /// Values and where in `text` their units stand. Values are finite and not negative; units do not repeat.
    pub measurements: &'a [(f64, Range<usize>)],
    /// The configuration in force.
    pub config: &'a Configuration,
}

impl<'a> BenchResult<'a> {
    /// Values with their units as printed (not tidied).
    pub fn values(&self) -> impl Iterator<Item = (f64, &'a [u8])> + '_ {
        self.measurements
            .iter()
            .map(|(value, unit)| (*value, &self.text[unit.clone()]))
    }
}

/// A configuration key with its value, cheap to clone.
pub type Setting = (Arc<str>, Arc<str>);

/// The `key: value` lines in force, in order of first appearance. An empty value removes its key.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    settings: Vec<Setting>,
    version: u64,
}

/// The number of changes to any [`Configuration`] so far.
static CHANGES: AtomicU64 = AtomicU64::new(0);

impl Configuration {
    /// The most keys that are kept; further ones are noise of a program, not configuration.
    pub const MAX_KEYS: usize = 64;
    /// The longest key or value that is kept, in bytes.
    pub const MAX_LENGTH: usize = 1 << 10;

    /// Sets, replaces or (with an empty value) removes a key.
    pub fn set(&mut self, key: &str, value: &str) {
        if key.len().max(value.len()) > Self::MAX_LENGTH {
            return;
        }
        match self.settings.iter().position(|(k, _)| **k == *key) {
            Some(index) if *self.settings[index].1 == *value => return,
            Some(index) if value.is_empty() => drop(self.settings.remove(index)),
            Some(index) => self.settings[index].1 = Arc::from(value),
            None if value.is_empty() => return,
            // The keys that the testing package prints are never crowded out.
            None if self.settings.len() >= Self::MAX_KEYS
                && !matches!(key, "goos" | "goarch" | "pkg" | "cpu") =>
            {
                return;
            }
            None => self.settings.push((Arc::from(key), Arc::from(value))),
        }
        self.version = CHANGES.fetch_add(1, Ordering::Relaxed) + 1;
    }

    /// The value of a key, if it is set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(k, _)| **k == *key)
            .map(|(_, value)| &**value)
    }

    /// The import path of the package, empty if none was named.
    pub fn package(&self) -> &str {
        self.get("pkg").unwrap_or("")
    }

    /// All keys and values, in order of first appearance.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// A number that changes whenever the configuration does. Equal versions mean equal contents,
    /// be they of one `Configuration` or of two.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// What a `Unit` line says.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitMetadata {
    /// The unit, tidied.
    pub unit: Unit,
    /// `better=lower` or `better=higher`, if the line has it.
    pub better: Option<Better>,
    /// Whether the line says `assume=exact`.
    pub exact: Option<bool>,
    /// Where it stands.
    pub at: Position,
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where it stands.
    pub at: Position,
    /// What was expected.
    pub message: String,
    /// How sure it is that a result was lost.
    pub kind: SyntaxErrorKind,
    /// The benchmark whose result it was, as printed, if its name is known.
    pub benchmark: Option<String>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// How sure a [`SyntaxError`] is that a result was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// A result line whose fields could not be read.
    Malformed,
    /// A benchmark's name was printed and its numbers never came.
    Unfinished,
    /// A line that may well be a message of the program: no result was lost as far as can be told.
    Doubtful,
}

/// A bare benchmark name on a line of its own, as `go test -v` announces a benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedLine {
    /// The name.
    pub name: String,
    /// The package in force.
    pub package: String,
    /// Where it stands.
    pub at: Position,
}

/// A package or benchmark that did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Import path, empty if unknown.
    pub package: String,
    /// Full name of the benchmark (or test) if one is to blame.
    pub benchmark: Option<String>,
    /// What happened.
    pub kind: FailureKind,
    /// The line that told, such as the text of the panic; bounded in length.
    pub detail: String,
    /// Where it stands.
    pub at: Position,
}

/// What happened in a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// `--- FAIL`, or a non-zero exit.
    Failed,
    /// A panic or a fatal error of the runtime.
    Panicked,
    /// `panic: test timed out`, or a SIGQUIT.
    TimedOut,
    /// Killed by a signal.
    Killed,
    /// The package or its tests did not compile.
    BuildFailed,
    /// The package could not be loaded.
    SetupFailed,
    /// The stream ends before the package does.
    Interrupted,
}

impl FailureKind {
    /// In words, to follow the name of the package or benchmark.
    pub fn label(self) -> &'static str {
        match self {
            FailureKind::Failed => "failed",
            FailureKind::Panicked => "panicked",
            FailureKind::TimedOut => "timed out",
            FailureKind::Killed => "was killed",
            FailureKind::BuildFailed => "did not build",
            FailureKind::SetupFailed => "could not be set up",
            FailureKind::Interrupted => "was cut off before its end",
        }
    }
}
