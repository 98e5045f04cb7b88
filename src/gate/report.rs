//! The report: everything a renderer may show, decided already.

use serde::{Deserialize, Serialize};

use super::circumstances::Circumstances;
use super::finding::Finding;
use super::memory::MemoryReport;
use super::row::{JudgedRow, Status};
use super::verdict::{Cause, Verdict};
use crate::unit::Unit;

/// The outcome of a run. Renderers write it down; none of them decides anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The conclusion.
    pub verdict: Verdict,
    /// Why it is not a pass, or what the policy let pass; most serious first.
    pub causes: Vec<Cause>,
    /// The rows that can fail the build, by status.
    pub counts: Counts,
    /// The rows that cannot, by unit and status.
    pub advisory: Vec<AdvisoryCounts>,
    /// Every row, most serious status first, then in order of appearance. Unchanged rows are left
    /// out, and only counted, where no report is going to show them.
    pub rows: Vec<JudgedRow>,
    /// What was found beyond the rows, most severe first.
    pub findings: Vec<Finding>,
    /// Geometric means by unit.
    pub geomeans: Vec<Geomean>,
    /// How the evidence was weighed.
    pub settings: Settings,
    /// What was read.
    pub inputs: SideInputs,
    /// The folder in which allocgate ran, relative to the root of the repository, with `/` between its
    /// parts and empty at the root: paths in findings and checks are relative to it. `None` outside of a
    /// repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// What is known of the run besides its figures; `None` of two files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circumstances: Option<Circumstances>,
    /// The container memory budget; `None` if it was not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryReport>,
}

/// Number of rows by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each field counts the status of its name")]
pub struct Counts {
    pub regressed: usize,
    pub over_budget: usize,
    pub inconclusive: usize,
    pub failed: usize,
    pub vanished: usize,
    pub ruler_changed: usize,
    pub waived: usize,
    pub within_threshold: usize,
    pub improved: usize,
    pub new: usize,
    pub unchanged: usize,
}

/// The advisory rows of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdvisoryCounts {
    /// The unit.
    pub unit: Unit,
    /// Its rows, by status.
    pub counts: Counts,
}

impl Counts {
    /// Number of rows of any status.
    pub fn total(self) -> usize {
        Status::ALL.iter().map(|status| self.of(*status)).sum()
    }

    /// Number of rows of a status.
    pub fn of(mut self, status: Status) -> usize {
        *self.of_mut(status)
    }

    /// The counter of a status.
    pub fn of_mut(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Regressed => &mut self.regressed,
            Status::OverBudget => &mut self.over_budget,
            Status::Inconclusive => &mut self.inconclusive,
            Status::Failed => &mut self.failed,
            Status::Vanished => &mut self.vanished,
            Status::RulerChanged => &mut self.ruler_changed,
            Status::Waived => &mut self.waived,
            Status::WithinThreshold => &mut self.within_threshold,
            Status::Improved => &mut self.improved,
            Status::New => &mut self.new,
            Status::Unchanged => &mut self.unchanged,
        }
    }
}

/// Geometric means of one unit over its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Geomean {
    /// The unit.
    pub unit: Unit,
    /// Over the baseline's centres; `None` where one of them is zero.
    pub baseline: Option<f64>,
    /// Over the candidate's centres; `None` where one of them is zero.
    pub candidate: Option<f64>,
    /// Over the ratios candidate ÷ baseline of paired rows (0 ÷ 0 counts as 1); `None` where one is undefined.
    pub ratio: Option<f64>,
}

/// The settings of the statistics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Significance level of adjusted p-values.
    pub alpha: f64,
    /// Confidence level of intervals.
    pub confidence: f64,
    /// The test used where rows vary: `mann-whitney` or `welch`.
    pub test: String,
    /// The adjustment of p-values: `bh`, `holm` or `none`.
    pub adjust: String,
    /// The policy file, or `None` for the defaults.
    pub policy: Option<String>,
    /// The filter that selected what was judged; `None` where all was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

/// What was read on each side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SideInputs {
    /// The baseline's files; empty where only budgets were checked.
    pub baseline: Vec<Input>,
    /// The candidate's files.
    pub candidate: Vec<Input>,
}

/// One file that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// As it was given.
    pub path: String,
    /// The format it was read as.
    pub format: String,
    /// Result lines read.
    pub results: usize,
}
