//! Whether a report that comes from elsewhere is one that a gate could have written: its verdict
//! follows from its causes, its causes and counts from its rows and checks, and its rows from their
//! samples. What was measured cannot be proven so: whoever ran the benchmarks could have written any
//! figures.

mod row;

use std::collections::BTreeMap;

use super::causes::verdict;
use super::finding::Severity;
use super::memory::MemoryReport;
use super::report::{AdvisoryCounts, Counts, Report};
use super::row::{JudgedRow, Note, Status};
use super::tally::Centers;
use super::verdict::CauseKind;
use crate::compare::Side;
use crate::memory::check::{Check, Judgement};
use crate::policy::{Gating, MemoryCheck, Outcome};
use crate::unit::Unit;
use row::Rows;

/// What contradicts itself in a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: the report was changed after it was written, or is not allocgate's")]
pub struct Inconsistent(String);

/// What is wrong, in words.
type Fault = Inconsistent;

fn fault<T>(what: &str) -> Result<T, Fault> {
    Err(Inconsistent(what.to_owned()))
}

/// Whether two numbers are one, but for how machines round.
fn close(a: f64, b: f64) -> bool {
    let most = 1e-9 * a.abs().max(b.abs());
    a.total_cmp(&b).is_eq() || (most.is_finite() && (a - b).abs() <= most)
}

impl Report {
    /// Checks that the report, which holds all of its rows, agrees with itself.
    ///
    /// # Errors
    ///
    /// If it does not, with what contradicts what.
    pub fn check(&self) -> Result<(), Inconsistent> {
        let follows = verdict(&self.causes);
        if self.verdict != follows {
            return fault(&format!(
                "its verdict is `{}`, and what it gives as causes makes `{}`",
                self.verdict.label(),
                follows.label()
            ));
        }
        self.check_counts()?;
        self.check_causes()?;
        self.check_nothing_judged()?;
        let checks = self.memory.iter().flat_map(|memory| &memory.checks);
        checks.into_iter().try_for_each(check_check)?;
        if leaves(self.directory.as_deref().unwrap_or_default()) {
            return fault("its directory lies outside of the repository");
        }
        let mut rows = Rows::of(self)?;
        self.rows.iter().try_for_each(|row| {
            let sites = row.sites.iter();
            let mut places = row.at.iter().chain(sites.clone().map(|site| &site.place));
            let checked = if places.any(|place| leaves(&place.file)) {
                fault("its file lies outside of the repository")
            } else if !row.sites.is_empty() && !row.asks_where() {
                fault("it names lines that allocate more, and did not rise")
            } else if !sites.clone().all(|site| site.rise > 0.0) {
                fault("it names a line for a rise that is none")
            } else {
                rows.check(row)
            };
            checked.map_err(|Inconsistent(what)| {
                let (benchmark, unit) = (&row.key.benchmark, &row.unit);
                Inconsistent(format!("{}, {unit}: {what}", benchmark.escape_debug()))
            })
        })?;
        self.check_geomeans()
    }

    fn check_counts(&self) -> Result<(), Inconsistent> {
        let gating = self.rows.iter().filter(|row| row.gating == Gating::Gate);
        agree("rows that can fail the build", self.counts, gating)?;
        let mut advisory: BTreeMap<&Unit, Vec<&JudgedRow>> = BTreeMap::new();
        for row in &self.rows {
            if row.gating == Gating::Advisory {
                advisory.entry(&row.unit).or_default().push(row);
            }
        }
        for AdvisoryCounts { unit, counts } in &self.advisory {
            // A unit that is given twice has no rows the second time.
            let own = advisory.remove(unit).unwrap_or_default();
            agree(unit.as_str(), *counts, own)?;
        }
        match advisory.into_keys().next() {
            Some(unit) => fault(&format!("it does not count its advisory rows of {unit}")),
            None => Ok(()),
        }
    }

    fn check_causes(&self) -> Result<(), Inconsistent> {
        let gating = || self.rows.iter().filter(|row| row.gating == Gating::Gate);
        let expired = gating().filter(|row| {
            let expired = row.waiver.as_ref().is_some_and(|waiver| waiver.expired);
            row.status == Status::Regressed && expired
        });
        let expired = expired.count();
        let known = self.circumstances.as_ref();
        let mut expected = vec![
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
                known.map_or(0, |known| known.deleted.len()),
            ),
            (
                CauseKind::Unmeasured,
                known.map_or(0, |known| known.unmeasured.len()),
            ),
        ];
        expected.extend(match &self.memory {
            Some(memory) => memory.counts(),
            None => MemoryReport::default().counts().map(|(kind, _)| (kind, 0)),
        });
        for (kind, expected) in expected {
            let found = self.times(kind);
            if found != expected {
                return fault(&format!(
                    "it gives {found} as the count of `{}`, and holds {expected}",
                    kind.as_str()
                ));
            }
        }
        let lost = gating().filter(|row| row.notes.contains(&Note::OtherSideFailed));
        let lost = lost.count();
        if self.times(CauseKind::Failed) < lost {
            return fault(&format!(
                "it holds {lost} rows that failed in the baseline, and does not give them as a cause"
            ));
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
            Some(cause) => fault(&format!(
                "`{}` always fails the build, and it says otherwise",
                cause.kind.as_str()
            )),
            None => Ok(()),
        }
    }

    fn check_geomeans(&self) -> Result<(), Inconsistent> {
        let mut units: BTreeMap<&Unit, Centers> = BTreeMap::new();
        for row in &self.rows {
            let center = |side: &Option<Side>| side.as_ref().map(|side| side.center);
            let centers = units.entry(&row.unit).or_default();
            centers.add(center(&row.baseline), center(&row.candidate));
        }
        let same = |own: Option<f64>, found: Option<f64>| match (own, found) {
            (Some(own), Some(found)) => close(own, found),
            (own, found) => own.is_none() && found.is_none(),
        };
        for mean in &self.geomeans {
            let found = units.remove(&mean.unit).unwrap_or_default();
            let found = found.geomean(&mean.unit);
            if !same(mean.baseline, found.baseline)
                || !same(mean.candidate, found.candidate)
                || !same(mean.ratio, found.ratio)
            {
                return fault(&format!(
                    "its geometric means of {} are not those of its rows",
                    mean.unit
                ));
            }
        }
        Ok(())
    }

    /// How often a cause occurs, as the report gives it.
    fn times(&self, kind: CauseKind) -> usize {
        let own = self.causes.iter().filter(|cause| cause.kind == kind);
        own.map(|cause| cause.count).fold(0, usize::saturating_add)
    }

    /// A report of nothing, or one with errors, says so among its causes.
    fn check_nothing_judged(&self) -> Result<(), Inconsistent> {
        let nothing =
            self.times(CauseKind::NoBenchmarks) > 0 || self.times(CauseKind::NoAllocations) > 0;
        let judged = |row: &JudgedRow| match self.inputs.baseline[..] {
            [] => row.budget.is_some(),
            _ => row.gating == Gating::Gate && row.baseline.is_some() && row.candidate.is_some(),
        };
        let alone = self.is_memory_alone() || self.circumstances.is_some();
        if !alone && !nothing && !self.rows.iter().any(judged) {
            return fault("nothing was judged in it, and it does not give that as a cause");
        }
        let error = |severity| severity == Severity::Error;
        let errors = self.findings.iter().any(|finding| error(finding.severity));
        let passes = |outcome| outcome == Outcome::Pass;
        if errors && self.causes.iter().all(|cause| passes(cause.outcome)) {
            return fault("it has errors among its findings, and no cause of them");
        }
        Ok(())
    }
}

/// Whether a path leaves the folder that it is relative to.
fn leaves(path: &str) -> bool {
    path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..")
}

/// Whether a check passes what is over its bound. Others may have a reason to, which their figures do
/// not tell.
fn check_check(check: &Check) -> Result<(), Inconsistent> {
    let strict = matches!(
        check.id,
        MemoryCheck::GomemlimitHeadroom | MemoryCheck::NoOom | MemoryCheck::Capacity
    );
    match (check.judgement, &check.measured, &check.bound) {
        (Judgement::Pass, Some(measured), Some(bound))
            if strict && measured.value > bound.value =>
        {
            fault(&format!("{}: it passes what is over its bound", check.id))
        }
        _ => Ok(()),
    }
}

/// Whether counts are those of the rows.
fn agree<'a>(
    what: &str,
    counts: Counts,
    rows: impl IntoIterator<Item = &'a JudgedRow>,
) -> Result<(), Inconsistent> {
    let mut found = Counts::default();
    for row in rows {
        *found.of_mut(row.status) += 1;
    }
    for status in Status::ALL {
        let (counted, there) = (counts.of(*status), found.of(*status));
        if counted != there {
            return fault(&format!(
                "{what}: it counts {counted} as `{}`, and holds {there}",
                status.as_str()
            ));
        }
    }
    Ok(())
}
