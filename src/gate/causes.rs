//! Why a verdict is what it is: what was counted, and what the policy makes of it.

use super::circumstances::Circumstances;
use super::findings;
use super::judge::Case;
use super::tally::Tally;
use super::verdict::{Cause, CauseKind, Verdict};
use crate::policy::{Doubt, Outcome};

/// What keeps the run from a pass, and what the policy makes of it.
pub(super) fn causes(case: Case<'_>, tally: &Tally<'_>) -> Vec<Cause> {
    let gating = &tally.gating;
    let failures = case.candidate.failures().len() + case.candidate.overflow().failures;
    let (no_benchmarks, no_allocations) = tally.nothing_to_judge(case);
    let fixed = |kind, count| Cause {
        kind,
        count,
        outcome: Outcome::Fail,
    };
    let doubt = |kind, doubt, count| Cause {
        kind,
        count,
        outcome: case.policy.outcome(doubt),
    };
    let known = |count: fn(&Circumstances) -> usize| case.circumstances.map_or(0, count);
    let mut causes = vec![
        fixed(CauseKind::Regressed, gating.regressed - tally.expired),
        fixed(CauseKind::OverBudget, gating.over_budget),
        fixed(CauseKind::WaiverExpired, tally.expired),
        doubt(
            CauseKind::NoBenchmarks,
            Doubt::NoBenchmarks,
            usize::from(no_benchmarks),
        ),
        doubt(
            CauseKind::NoAllocations,
            Doubt::NoAllocations,
            usize::from(no_allocations),
        ),
        doubt(
            CauseKind::Inconclusive,
            Doubt::Inconclusive,
            gating.inconclusive,
        ),
        doubt(
            CauseKind::Failed,
            Doubt::Failed,
            failures + tally.lost_in_baseline,
        ),
        doubt(CauseKind::Vanished, Doubt::Vanished, gating.vanished),
        doubt(
            CauseKind::Deleted,
            Doubt::Deleted,
            known(|circumstances| circumstances.deleted.len()),
        ),
        doubt(
            CauseKind::Unmeasured,
            Doubt::Inconclusive,
            known(|circumstances| circumstances.unmeasured.len()),
        ),
        doubt(
            CauseKind::RulerChanged,
            Doubt::RulerChanged,
            gating.ruler_changed,
        ),
        doubt(
            CauseKind::Malformed,
            Doubt::Malformed,
            findings::lost_results(case.candidate),
        ),
    ];
    causes.retain(|cause| cause.count > 0);
    causes
}

pub(super) fn verdict(causes: &[Cause]) -> Verdict {
    let any = |outcome| causes.iter().any(|cause| cause.outcome == outcome);
    if any(Outcome::Fail) {
        Verdict::Regression
    } else if causes
        .iter()
        .any(|cause| cause.kind == CauseKind::CommandFailed)
    {
        Verdict::CommandFailed
    } else if any(Outcome::CouldNotJudge) {
        Verdict::CouldNotJudge
    } else {
        Verdict::Pass
    }
}
