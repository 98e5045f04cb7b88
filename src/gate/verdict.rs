//! Verdicts, their causes and their exit codes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::policy::Outcome;

/// What a run of the gate concluded. The exit code is a function of this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing regressed, and everything that had to be judged was.
    Pass,
    /// At least one row regressed, exceeds its budget, or relies on an expired waiver; or a check of the
    /// memory budget failed.
    Regression,
    /// Something that had to be judged could not be. A gate fails closed: this is no pass.
    CouldNotJudge,
    /// The command that was measured (`allocgate memory run`) failed on its own.
    CommandFailed,
}

impl Verdict {
    /// The process exit code: 0, 1, 3 or 4. (2 is for runs that produced no verdict at all.)
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Pass => 0,
            Verdict::Regression => 1,
            Verdict::CouldNotJudge => 3,
            Verdict::CommandFailed => 4,
        }
    }

    /// As programs know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Regression => "regression",
            Verdict::CouldNotJudge => "could-not-judge",
            Verdict::CommandFailed => "command-failed",
        }
    }

    /// The words a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Regression => "regression",
            Verdict::CouldNotJudge => "could not judge",
            Verdict::CommandFailed => "command failed",
        }
    }
}

/// A reason for a verdict other than pass, with how often it occurred and what the policy makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What happened.
    pub kind: CauseKind,
    /// How many rows or findings it concerns.
    pub count: usize,
    /// What it does to the verdict.
    pub outcome: Outcome,
}

/// The kinds of [`Cause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// Rows that regressed.
    Regressed,
    /// Rows over an absolute ceiling.
    OverBudget,
    /// Regressed rows whose waiver has expired.
    WaiverExpired,
    /// Rows that rose without enough samples to tell.
    Inconclusive,
    /// Packages or benchmarks that failed, panicked or timed out in the candidate, and rows lost to a
    /// failure on either side.
    Failed,
    /// Rows of the baseline that the candidate does not have.
    Vanished,
    /// Benchmarks that are gone from the source.
    Deleted,
    /// Benchmarks that were to be measured and were not.
    Unmeasured,
    /// Rows that rose while the benchmark itself changed.
    RulerChanged,
    /// Result lines of the candidate that could not be read.
    Malformed,
    /// No benchmark to judge.
    NoBenchmarks,
    /// No allocation columns (`-benchmem` was forgotten).
    NoAllocations,
    /// Checks of the memory budget that failed.
    MemoryFailed,
    /// Checks of the memory budget that could not be judged.
    MemoryUnknown,
    /// The memory budget was to be checked, and nothing was given to check it on.
    NoMemoryChecks,
    /// The command that was measured failed on its own.
    CommandFailed,
    /// The limit that a command was to run under was not enforced.
    NotEnforced,
}

impl CauseKind {
    /// The code that `allocgate explain` knows it by.
    pub fn as_str(self) -> &'static str {
        match self {
            CauseKind::Regressed => "regressed",
            CauseKind::OverBudget => "over-budget",
            CauseKind::WaiverExpired => "waived",
            CauseKind::Inconclusive => "inconclusive",
            CauseKind::Failed => "failed",
            CauseKind::Vanished => "vanished",
            CauseKind::Deleted => "deleted",
            CauseKind::Unmeasured => "unmeasured",
            CauseKind::RulerChanged => "ruler-changed",
            CauseKind::Malformed => "malformed",
            CauseKind::NoBenchmarks => "no-benchmarks",
            CauseKind::NoAllocations => "no-allocations",
            CauseKind::MemoryFailed => "memory",
            CauseKind::MemoryUnknown => "memory-unknown",
            CauseKind::NoMemoryChecks => "no-memory-checks",
            CauseKind::CommandFailed => "command-failed",
            CauseKind::NotEnforced => "not-enforced",
        }
    }
}

impl fmt::Display for Cause {
    /// As a headline has it: "10 rows regressed".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = match self.kind {
            CauseKind::Regressed => ("row regressed", "rows regressed"),
            CauseKind::OverBudget => ("row over budget", "rows over budget"),
            CauseKind::WaiverExpired => ("waiver expired", "waivers expired"),
            CauseKind::Inconclusive => (
                "row with too few samples to tell",
                "rows with too few samples to tell",
            ),
            CauseKind::Failed => ("failure", "failures"),
            CauseKind::Vanished => ("row vanished", "rows vanished"),
            CauseKind::Deleted => ("benchmark deleted", "benchmarks deleted"),
            CauseKind::Unmeasured => ("benchmark not measured", "benchmarks not measured"),
            CauseKind::RulerChanged => (
                "row rose under a changed benchmark",
                "rows rose under a changed benchmark",
            ),
            CauseKind::Malformed => ("result unreadable", "results unreadable"),
            CauseKind::NoBenchmarks => return f.write_str("no benchmark to judge"),
            CauseKind::MemoryFailed => ("memory check failed", "memory checks failed"),
            CauseKind::MemoryUnknown => (
                "memory check could not be judged",
                "memory checks could not be judged",
            ),
            CauseKind::NoMemoryChecks => return f.write_str("no memory check could be made"),
            CauseKind::CommandFailed => return f.write_str("the command failed"),
            CauseKind::NotEnforced => return f.write_str("the limit was not enforced"),
            CauseKind::NoAllocations => return f.write_str("no allocation figures to judge"),
        };
        write!(
            f,
            "{} {}",
            self.count,
            if self.count == 1 { one } else { many }
        )
    }
}
