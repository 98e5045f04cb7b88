//! What a run found beyond its rows: failures, lines that could not be read, dead rules, unlike environments.

use serde::{Deserialize, Serialize};

/// A finding that is not tied to one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is; `allocgate explain CODE` tells more.
    pub code: FindingCode,
    /// Whether it can change the verdict.
    pub severity: Severity,
    /// One sentence: what is wrong and what to do.
    pub message: String,
    /// Where: `candidate.txt:17` or `allocgate.toml:4`, if there is a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Whether a finding bears on the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Counts as a cause of the verdict.
    Error,
    /// Deserves attention, does not change the verdict.
    Warning,
    /// For information.
    Info,
}

macro_rules! finding_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal,)*) => {
        /// The codes of findings that are not rows. They are stable: scripts may rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FindingCode {
            $($(#[doc = $doc])* #[serde(rename = $code)] $variant,)*
        }

        impl FindingCode {
            /// Every code.
            pub const ALL: &[FindingCode] = &[$(FindingCode::$variant,)*];

            /// The code as it is printed and as `allocgate explain` takes it.
            pub fn as_str(self) -> &'static str {
                match self { $(FindingCode::$variant => $code,)* }
            }
        }
    };
}

finding_codes! {
    /// A package or benchmark failed, panicked or timed out.
    Failure = "failure",
    /// A line starts as a result and cannot be read.
    Malformed = "malformed",
    /// A benchmark printed its name and never its numbers.
    Unfinished = "unfinished",
    /// Nothing to judge.
    NoBenchmarks = "no-benchmarks",
    /// No allocation columns.
    NoAllocations = "no-allocations",
    /// A budget matches no benchmark.
    BudgetUnused = "budget-unused",
    /// A waiver matches no regressed row.
    WaiverUnused = "waiver-unused",
    /// A part of the filter selects nothing.
    FilterUnused = "filter-unused",
    /// A rule of the policy matches no benchmark.
    RuleUnused = "rule-unused",
    /// The sides ran in different environments.
    EnvironmentDiffers = "environment-differs",
    /// Iteration counts differ by more than 10× between the sides.
    IterationsDiffer = "iterations-differ",
    /// Fewer than 100 iterations on allocation rows.
    FewIterations = "few-iterations",
    /// The same results were given twice.
    DuplicateInput = "duplicate-input",
    /// The baseline and the candidate are one and the same measurement.
    SameMeasurement = "same-measurement",
    /// A configuration key splits rows.
    RowsSplit = "rows-split",
    /// The GOMAXPROCS suffix of names differs between the sides.
    ProcsDiffer = "procs-differ",
    /// `#NN` sub-benchmarks seem to have been renumbered.
    Renumbered = "renumbered",
    /// A benchmark is gone from the source.
    Deleted = "deleted",
    /// A benchmark was to be measured and was not.
    Unmeasured = "unmeasured",
    /// A benchmark of the source printed no result on either side.
    Silent = "no-result",
    /// Packages were not run, since nothing that they do can differ.
    Identical = "identical",
    /// The benchmark changed; both sides were measured with the candidate's, or each with its own.
    Ruler = "ruler",
    /// Figures depend on the number of iterations.
    IterationDependence = "iteration-dependence",
    /// Something about the sides.
    Remark = "remark",
    /// The input holds a bound's worth of problems; further ones are only counted.
    Truncated = "truncated",
}
