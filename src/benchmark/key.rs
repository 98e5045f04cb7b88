//! What makes a row: package, benchmark, GOMAXPROCS and the configuration that tells runs apart.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The identity of a benchmark within one side. Rows never merge across different keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Import path, empty where the output names none.
    pub package: String,
    /// Full name with its sub-benchmarks and the `Benchmark` prefix, without the GOMAXPROCS suffix.
    pub benchmark: String,
    /// GOMAXPROCS as the name's suffix gives it; `None` where names bear no suffix (GOMAXPROCS=1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procs: Option<u32>,
    /// Other configuration keys that tell the runs of one side apart, in order of appearance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<(String, String)>,
}

/// The function of a benchmark: its full name without those of sub-benchmarks.
pub fn function_of(benchmark: &str) -> &str {
    benchmark.split('/').next().unwrap_or(benchmark)
}

/// A key shared by the rows of its units.
pub type SharedKey = Arc<Key>;

/// A key that borrows its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyRef<'a> {
    /// As [`Key::package`].
    pub package: &'a str,
    /// As [`Key::benchmark`].
    pub benchmark: &'a str,
    /// As [`Key::procs`].
    pub procs: Option<u32>,
    /// As [`Key::config`].
    pub config: &'a [(String, String)],
}

impl Key {
    /// The key, borrowed.
    pub fn as_ref(&self) -> KeyRef<'_> {
        KeyRef {
            package: &self.package,
            benchmark: &self.benchmark,
            procs: self.procs,
            config: &self.config,
        }
    }

    /// The name as `go test` prints it: with its GOMAXPROCS suffix, if it has one.
    pub fn name_with_procs(&self) -> String {
        self.as_ref().name_with_procs()
    }
}

impl KeyRef<'_> {
    /// The key with parts of its own.
    pub fn to_key(self) -> Key {
        Key {
            package: self.package.to_owned(),
            benchmark: self.benchmark.to_owned(),
            procs: self.procs,
            config: self.config.to_vec(),
        }
    }

    /// The name as `go test` prints it: with its GOMAXPROCS suffix, if it has one.
    pub fn name_with_procs(self) -> String {
        match self.procs {
            Some(procs) => format!("{}-{procs}", self.benchmark),
            None => self.benchmark.to_owned(),
        }
    }
}

impl fmt::Display for KeyRef<'_> {
    /// `package.BenchmarkName-8 key:value`, the form used where a row is named in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.package.is_empty() {
            write!(f, "{}.", self.package)?;
        }
        f.write_str(self.benchmark)?;
        if let Some(procs) = self.procs {
            write!(f, "-{procs}")?;
        }
        for (key, value) in self.config {
            write!(f, " {key}:{value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}
