//! The only judge: evidence and policy go in, a [`Report`] with its [`Verdict`] comes out.

mod causes;
mod circumstances;
mod consistency;
mod difference;
mod explanation;
mod finding;
mod findings;
mod judge;
mod known;
mod memory;
mod place;
mod renumbered;
mod report;
mod row;
mod tally;
mod units;
mod verdict;
mod why;

pub use circumstances::{
    Circumstances, Identical, IdenticalBy, IterationDependence, Measured, Named, Ruler, Unmeasured,
};
pub use consistency::Inconsistent;
pub use explanation::Explanation;
pub use finding::{Finding, FindingCode, Severity};
pub use judge::{Case, judge};
pub use memory::{CommandEnd, CommandRun, MemoryReport, MemorySample};
pub use place::{Attributed, Located, Place, Site};
pub use report::{AdvisoryCounts, Counts, Geomean, Input, Report, Settings, SideInputs};
pub use row::{BudgetCheck, JudgedRow, Note, Status, WaiverUse};
pub use verdict::{Cause, CauseKind, Verdict};

pub use crate::compare::{Change, Evidence, PValue, Shift, Side};
pub use crate::memory::check::{Amount, Check, Judgement, Readings};
pub use crate::policy::{MemoryCheck, Outcome};
