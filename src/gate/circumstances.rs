//! What whoever ran the benchmarks knows of the run and the figures do not tell: what was not run and
//! why, what is gone from the source, where the benchmark itself has changed.

use serde::{Deserialize, Serialize};

use crate::benchmark::{KeyRef, function_of};
use crate::unit::Unit;

/// The circumstances of a run. Without any, the gate judges as of two files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// Packages that were not run, because nothing that they do can differ.
    pub identical: Vec<Identical>,
    /// Benchmarks of the baseline's source that the candidate's does not have.
    pub deleted: Vec<Named>,
    /// Benchmarks that were to be measured and were not.
    pub unmeasured: Vec<Unmeasured>,
    /// Benchmarks whose own code, or the data that they read, differs between the sides.
    pub rulers: Vec<Ruler>,
    /// Benchmarks of the source that printed no result on either side.
    pub silent: Vec<Named>,
    /// Benchmarks whose figures depend on the number of iterations.
    pub iteration_dependent: Vec<IterationDependence>,
    /// What else is to be said of the sides.
    pub remarks: Vec<String>,
}

/// A benchmark function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    /// Import path.
    pub package: String,
    /// The name of the function.
    pub benchmark: String,
}

/// A package that cannot have regressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identical {
    /// Import path.
    pub package: String,
    /// Number of its benchmark functions.
    pub benchmarks: usize,
    /// How that is known.
    pub by: IdenticalBy,
}

/// How it is known that a package cannot have regressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdenticalBy {
    /// No file that its test binary is built from differs.
    Sources,
    /// The test binaries are equal, byte by byte.
    Binaries,
}

/// A benchmark that was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmeasured {
    /// Which.
    #[serde(flatten)]
    pub which: Named,
    /// Why not, to follow its name.
    pub why: String,
}

/// A benchmark whose own code, or the data that it reads, differs between the sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruler {
    /// Which.
    #[serde(flatten)]
    pub which: Named,
    /// What was done about it.
    pub measured: Measured,
    /// What differs, to follow its name.
    pub why: String,
}

/// With what the sides of a changed benchmark were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measured {
    /// Both with the candidate's benchmark: the figures can be compared.
    Candidate,
    /// Both with the baseline's benchmark: the figures can be compared.
    Baseline,
    /// Each with its own: a rise may be the benchmark's.
    Apart,
}

/// A figure that depends on the number of iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IterationDependence {
    /// Import path.
    pub package: String,
    /// Full name of the benchmark.
    pub benchmark: String,
    /// The unit.
    pub unit: Unit,
    /// Iterations, and the figure with them: few, then many.
    pub figures: [(u64, f64); 2],
}

impl Circumstances {
    /// Whether the sides of a row were measured with different benchmarks.
    pub(super) fn rulers_differ(&self, key: KeyRef<'_>) -> bool {
        !self.rulers.is_empty() && {
            let function = function_of(key.benchmark);
            self.rulers.iter().any(|ruler| {
                ruler.measured == Measured::Apart
                    && ruler.which.package == key.package
                    && ruler.which.benchmark == function
            })
        }
    }

    /// Whether there was anything to judge that has no figures.
    pub(super) fn has_benchmarks(&self) -> bool {
        !(self.identical.is_empty() && self.deleted.is_empty() && self.unmeasured.is_empty())
    }

    /// Joins what the parts of a run know.
    pub fn join(&mut self, other: Circumstances) {
        self.identical.extend(other.identical);
        self.unmeasured.extend(other.unmeasured);
        self.rulers.extend(other.rulers);
        self.silent.extend(other.silent);
        self.iteration_dependent.extend(other.iteration_dependent);
        // Every part knows all that was deleted.
        for deleted in other.deleted {
            if !self.deleted.contains(&deleted) {
                self.deleted.push(deleted);
            }
        }
        for remark in other.remarks {
            if !self.remarks.contains(&remark) {
                self.remarks.push(remark);
            }
        }
    }
}
