//! One judged row: what was measured on both sides, the evidence, the status and the sentence that explains it.

use serde::{Deserialize, Serialize};

use super::place::{Place, Site};
use crate::benchmark::SharedKey;
use crate::compare::{Change, Evidence, Side};
use crate::policy::{Gating, Threshold};
use crate::unit::{Better, Unit};

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
// Declared in the order in which rows are shown: what needs attention first.
pub enum Status {
    /// Rose past its threshold, with evidence.
    Regressed,
    /// The candidate exceeds an absolute ceiling.
    OverBudget,
    /// Rose, but there are too few samples to tell whether it means anything.
    Inconclusive,
    /// Its package or benchmark failed, panicked or timed out on one side, so that there is nothing to compare.
    Failed,
    /// In the baseline only.
    Vanished,
    /// Rose, but the benchmark itself changed: two different rulers.
    RulerChanged,
    /// Rose, and a waiver accepts it.
    Waived,
    /// Rose with evidence, by no more than its threshold.
    WithinThreshold,
    /// Fell past its threshold, with evidence.
    Improved,
    /// In the candidate only.
    New,
    /// No difference that the evidence supports.
    Unchanged,
}

impl Status {
    /// Every status, in the order in which rows are shown.
    pub const ALL: &[Status] = &[
        Status::Regressed,
        Status::OverBudget,
        Status::Inconclusive,
        Status::Failed,
        Status::Vanished,
        Status::RulerChanged,
        Status::Waived,
        Status::WithinThreshold,
        Status::Improved,
        Status::New,
        Status::Unchanged,
    ];

    /// The word for it, as reports and `allocgate explain` have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Regressed => "regressed",
            Status::OverBudget => "over-budget",
            Status::Inconclusive => "inconclusive",
            Status::Failed => "failed",
            Status::Vanished => "vanished",
            Status::RulerChanged => "ruler-changed",
            Status::Waived => "waived",
            Status::WithinThreshold => "within-threshold",
            Status::Improved => "improved",
            Status::New => "new",
            Status::Unchanged => "unchanged",
        }
    }
}

/// A row with its evidence and its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedRow {
    /// The benchmark.
    #[serde(flatten)]
    pub key: SharedKey,
    /// Where its benchmark function is declared, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The lines that allocate more, the greatest rise first, if they were looked for and found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
    /// What was measured.
    pub unit: Unit,
    /// The direction in which the unit improves.
    pub better: Better,
    /// Whether the row can fail the build.
    pub gating: Gating,
    /// What became of it.
    pub status: Status,
    /// The baseline's measurements, if it has the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Side>,
    /// The candidate's measurements, if it has the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Side>,
    /// The difference, where both sides have the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What supports the status, where both sides have the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The threshold that applied.
    pub threshold: Threshold,
    /// The budget that applied, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetCheck>,
    /// The waiver that was used, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverUse>,
    /// What else a reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// An absolute ceiling and whether the candidate keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetCheck {
    /// The ceiling, in the unit of the row.
    pub ceiling: f64,
    /// Where the ceiling is written: `allocgate.toml:12`.
    pub at: String,
}

/// The waiver that covers a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaiverUse {
    /// Why the regression is accepted.
    pub reason: String,
    /// The ceiling up to which it is, in the unit of the row.
    pub up_to: f64,
    /// The last day on which it counts (ISO 8601), if it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Whether that day has passed. An expired waiver leaves the row regressed.
    pub expired: bool,
    /// Where it is written: `allocgate.toml:30` or `commit 1a2b3c4`.
    pub at: String,
}

/// What a reader should know of a row besides its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// Only one sample on a side: nothing but equality could be said.
    OneSample,
    /// The values differ within one unit of quantisation (the testing package drops fractions).
    Quantised,
    /// Some samples exceed the budget and the median does not.
    BudgetTouched,
    /// The sides ran with different GOMAXPROCS and were paired nevertheless.
    ProcsDiffer {
        /// Suffix of the baseline.
        baseline: Option<u32>,
        /// Suffix of the candidate.
        candidate: Option<u32>,
    },
    /// Iteration counts differ by more than 10×.
    IterationsDiffer,
    /// Fewer than 100 iterations: background allocations of the process may be in the figure.
    FewIterations,
    /// A unit declared exact varied.
    ExactVaries,
    /// The other side's package failed, which is why this row stands alone.
    OtherSideFailed,
    /// No sample of the candidate is as good as any of the baseline, and still there are too few
    /// samples for the number of rows tested.
    Underpowered,
    /// Fell, without enough samples to call it an improvement.
    FellShort,
    /// A `#NN` sub-benchmark that may have been renumbered: its figures may belong to another case.
    MaybeRenumbered,
    /// The sides were measured with different benchmark code or data: their figures say nothing of the
    /// program.
    RulerChanged,
}
