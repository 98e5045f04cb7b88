//! Whether a report that comes from elsewhere is one that a gate could have written: its verdict
//! follows from its causes, and its causes and counts from its rows and checks. What was measured
//! cannot be proven so: whoever ran the benchmarks could have written any figures.

use super::judge::verdict;
use super::report::{Counts, Report};
use super::row::{JudgedRow, Status};
use super::verdict::CauseKind;
use crate::memory::check::Judgement;
use crate::policy::{Gating, Outcome};

/// What contradicts itself in a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: the report was changed after it was written, or is not allocgate's")]
pub struct Inconsistent(String);

impl Report {
    /// Checks that the report agrees with itself.
    ///
    /// # Errors
    ///
    /// If it does not, with what contradicts what.
    pub fn check(&self) -> Result<(), Inconsistent> {
        let follows = verdict(&self.causes);
        if self.verdict != follows {
            return Err(Inconsistent(format!(
                "its verdict is `{}`, and what it gives as causes makes `{}`",
                self.verdict.label(),
                follows.label()
            )));
        }
        self.check_counts()?;
        self.check_causes()?;
        self.rows.iter().try_for_each(check_row)
    }

    fn check_counts(&self) -> Result<(), Inconsistent> {
        let gating = self.rows.iter().filter(|row| row.gating == Gating::Gate);
        agree("rows that can fail the build", self.counts, gating)?;
        for advisory in &self.advisory {
            let own = self
                .rows
                .iter()
                .filter(|row| row.gating == Gating::Advisory && row.unit == advisory.unit);
            agree(advisory.unit.as_str(), advisory.counts, own)?;
        }
        Ok(())
    }

    fn check_causes(&self) -> Result<(), Inconsistent> {
        let expired = self.rows.iter().filter(|row| {
            let expired = row.waiver.as_ref().is_some_and(|waiver| waiver.expired);
            row.gating == Gating::Gate && row.status == Status::Regressed && expired
        });
        let expired = expired.count();
        let checks = |judgement| {
            let memory = self.memory.as_ref();
            memory.map_or(0, |memory| memory.count(judgement))
        };
        let deleted = self.circumstances.as_ref();
        let expected = [
            (
                CauseKind::Regressed,
                self.counts.regressed.saturating_sub(expired),
            ),
            (CauseKind::WaiverExpired, expired),
            (CauseKind::OverBudget, self.counts.over_budget),
            (CauseKind::Inconclusive, self.counts.inconclusive),
            (CauseKind::Vanished, self.counts.vanished),
            (CauseKind::RulerChanged, self.counts.ruler_changed),
            (
                CauseKind::Deleted,
                deleted.map_or(0, |known| known.deleted.len()),
            ),
            (CauseKind::MemoryFailed, checks(Judgement::Fail)),
            (CauseKind::MemoryUnknown, checks(Judgement::CouldNotJudge)),
        ];
        for (kind, expected) in expected {
            let own = self.causes.iter().filter(|cause| cause.kind == kind);
            let found: usize = own.map(|cause| cause.count).fold(0, usize::saturating_add);
            if found != expected {
                return Err(Inconsistent(format!(
                    "it gives {found} as the count of `{}`, and holds {expected}",
                    kind.as_str()
                )));
            }
        }
        let always = [
            CauseKind::Regressed,
            CauseKind::WaiverExpired,
            CauseKind::OverBudget,
            CauseKind::MemoryFailed,
        ];
        match self
            .causes
            .iter()
            .find(|cause| always.contains(&cause.kind) && cause.outcome != Outcome::Fail)
        {
            Some(cause) => Err(Inconsistent(format!(
                "`{}` always fails the build, and it says otherwise",
                cause.kind.as_str()
            ))),
            None => Ok(()),
        }
    }
}

/// Whether counts are those of the rows. Unchanged rows may have been left out.
fn agree<'a>(
    what: &str,
    mut counts: Counts,
    rows: impl Iterator<Item = &'a JudgedRow>,
) -> Result<(), Inconsistent> {
    let mut found = Counts::default();
    for row in rows {
        *found.of_mut(row.status) += 1;
    }
    for status in Status::ALL {
        let (counted, there) = (*counts.of_mut(*status), *found.of_mut(*status));
        let left_out = *status == Status::Unchanged && there <= counted;
        if counted != there && !left_out {
            return Err(Inconsistent(format!(
                "{what}: it counts {counted} as `{}`, and holds {there}",
                status.as_str()
            )));
        }
    }
    Ok(())
}

fn check_row(row: &JudgedRow) -> Result<(), Inconsistent> {
    let wrong = |what: &str| {
        let (benchmark, unit) = (&row.key.benchmark, &row.unit);
        Err(Inconsistent(format!(
            "{}, {unit}: {what}",
            benchmark.escape_debug()
        )))
    };
    let sides = [&row.baseline, &row.candidate];
    if sides.iter().all(|side| side.is_none()) {
        return wrong("it has figures of neither side");
    }
    for side in sides.into_iter().flatten() {
        let (Some(least), Some(most)) = (side.samples.first(), side.samples.last()) else {
            return wrong("it has a side without samples");
        };
        if !side.samples.is_sorted() || !least.is_finite() || !most.is_finite() {
            return wrong("its samples are not in order");
        }
    }
    let file = row.at.as_ref().map_or("", |place| &place.file);
    if file.starts_with('/') || file.split(['/', '\\']).any(|part| part == "..") {
        return wrong("its file lies outside of the repository");
    }
    Ok(())
}
