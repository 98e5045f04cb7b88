//! What is counted while rows are judged: most of them are not kept.

use rustc_hash::FxHashMap;

use super::difference::Shapes;
use super::judge::Case;
use super::report::{AdvisoryCounts, Counts, Geomean};
use super::row::{Note, Status, WaiverUse};
use crate::benchmark::{Key, KeyRef};
use crate::policy::{Gating, Policy};
use crate::stats;
use crate::unit::Unit;

/// Counts over all rows of a run.
pub(super) struct Tally<'a> {
    policy: &'a Policy,
    /// The rows that can fail the build, by status.
    pub(super) gating: Counts,
    /// Regressed rows whose waiver has expired.
    pub(super) expired: usize,
    /// New rows that the baseline may have lost to a failure.
    pub(super) lost_in_baseline: usize,
    /// Which waivers, rules and budgets of the policy concern a row.
    pub(super) waivers_used: Vec<bool>,
    pub(super) rules_used: Vec<bool>,
    pub(super) budgets_used: Vec<bool>,
    /// Benchmarks whose sides were measured differently.
    pub(super) iterations_differ: Noted,
    pub(super) few_iterations: Noted,
    pub(super) procs_differ: Noted,
    pub(super) renumbered: Noted,
    /// Rows by the sides that have them.
    pub(super) gating_in_baseline: usize,
    pub(super) gating_in_candidate: usize,
    paired: usize,
    budgeted: usize,
    units: Vec<UnitTally>,
    unit_ids: FxHashMap<Unit, usize>,
}

/// Benchmarks that a note applies to.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) benchmarks: usize,
    pub(super) example: Option<Key>,
    last: Option<Key>,
}

impl Noted {
    /// Counts a benchmark once, however many of its rows, which follow each other, have the note.
    fn add(&mut self, key: KeyRef<'_>) {
        if self.last.as_ref().is_some_and(|last| last.as_ref() == key) {
            return;
        }
        self.benchmarks += 1;
        self.last = Some(key.to_key());
        self.example.get_or_insert_with(|| key.to_key());
    }
}

/// The rows of a unit.
struct UnitTally {
    unit: Unit,
    advisory: Counts,
    centers: Centers,
}

/// The centres of a unit's rows.
#[derive(Default)]
pub(super) struct Centers {
    baseline: Vec<f64>,
    candidate: Vec<f64>,
    ratios: Vec<f64>,
    /// Whether a ratio is undefined: something came of nothing.
    from_zero: bool,
}

impl Centers {
    /// Adds a row by the centres that it has.
    pub(super) fn add(&mut self, before: Option<f64>, after: Option<f64>) {
        self.baseline.extend(before);
        self.candidate.extend(after);
        if let (Some(before), Some(after)) = (before, after) {
            if before.total_cmp(&after).is_eq() {
                self.ratios.push(1.0);
            } else if before > 0.0 {
                self.ratios.push(after / before);
            } else {
                self.from_zero = true;
            }
        }
    }

    /// Their geometric means, as benchstat's last row of each table.
    pub(super) fn geomean(&self, unit: &Unit) -> Geomean {
        let geomean = |values: &[f64]| stats::geomean(values.iter().copied());
        let ratio = || geomean(&self.ratios);
        Geomean {
            unit: unit.clone(),
            baseline: geomean(&self.baseline),
            candidate: geomean(&self.candidate),
            ratio: (!self.from_zero).then(ratio).flatten(),
        }
    }
}

/// A row as it is counted.
pub(super) struct Counted<'a> {
    pub(super) key: KeyRef<'a>,
    pub(super) unit: &'a Unit,
    pub(super) gating: Gating,
    pub(super) status: Status,
    pub(super) shapes: &'a Shapes,
    pub(super) notes: &'a [Note],
    pub(super) budgeted: bool,
    pub(super) waiver: Option<&'a WaiverUse>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(policy: &'a Policy) -> Self {
        Tally {
            policy,
            gating: Counts::default(),
            expired: 0,
            lost_in_baseline: 0,
            waivers_used: vec![false; policy.waivers.len()],
            rules_used: policy.rules.iter().map(|rule| !rule.specific).collect(),
            budgets_used: vec![false; policy.budgets.len()],
            iterations_differ: Noted::default(),
            few_iterations: Noted::default(),
            procs_differ: Noted::default(),
            renumbered: Noted::default(),
            gating_in_baseline: 0,
            gating_in_candidate: 0,
            paired: 0,
            budgeted: 0,
            units: Vec::new(),
            unit_ids: FxHashMap::default(),
        }
    }

    pub(super) fn add(&mut self, row: &Counted<'_>) {
        let (before, after) = (
            row.shapes.baseline.is_some(),
            row.shapes.candidate.is_some(),
        );
        if row.gating == Gating::Gate {
            *self.gating.of_mut(row.status) += 1;
            self.gating_in_baseline += usize::from(before);
            self.gating_in_candidate += usize::from(after);
            let expired = row.waiver.is_some_and(|waiver| waiver.expired);
            self.expired += usize::from(expired && row.status == Status::Regressed);
            self.lost_in_baseline += usize::from(row.notes.contains(&Note::OtherSideFailed));
        }
        let gates = row.gating == Gating::Gate;
        self.paired += usize::from(before && after && gates);
        self.budgeted += usize::from(row.budgeted);
        if after {
            self.use_rules(row);
        }
        for note in row.notes {
            match note {
                Note::IterationsDiffer => self.iterations_differ.add(row.key),
                Note::FewIterations => self.few_iterations.add(row.key),
                Note::ProcsDiffer { .. } => self.procs_differ.add(row.key),
                Note::MaybeRenumbered => self.renumbered.add(row.key),
                _ => {}
            }
        }
        self.add_to_unit(row);
    }

    /// Marks the rules and budgets that concern a row, unless they are marked already.
    fn use_rules(&mut self, row: &Counted<'_>) {
        for (rule, used) in self.policy.rules.iter().zip(&mut self.rules_used) {
            let unit = rule.unit.as_ref();
            *used = *used
                || unit.is_none_or(|u| u == row.unit) && rule.scope.contains(row.key, row.unit);
        }
        for (budget, used) in self.policy.budgets.iter().zip(&mut self.budgets_used) {
            *used = *used || budget.unit == *row.unit && budget.scope.contains(row.key, row.unit);
        }
    }

    fn add_to_unit(&mut self, row: &Counted<'_>) {
        let index = match self.unit_ids.get(row.unit) {
            Some(index) => *index,
            None => {
                let index = self.units.len();
                self.unit_ids.insert(row.unit.clone(), index);
                self.units.push(UnitTally {
                    unit: row.unit.clone(),
                    advisory: Counts::default(),
                    centers: Centers::default(),
                });
                index
            }
        };
        let unit = &mut self.units[index];
        if row.gating == Gating::Advisory {
            *unit.advisory.of_mut(row.status) += 1;
        }
        let before = row.shapes.baseline.as_ref().map(|shape| shape.center);
        let after = row.shapes.candidate.as_ref().map(|shape| shape.center);
        unit.centers.add(before, after);
    }

    /// Whether there is no benchmark to judge, and whether there is one but no row that gates.
    pub(super) fn nothing_to_judge(&self, case: Case<'_>) -> (bool, bool) {
        let Some(baseline) = case.baseline else {
            // Budgets only: what has no budget is not judged.
            return (self.budgeted == 0, false);
        };
        if let Some(circumstances) = case.circumstances
            && !case.is_filtered_out()
        {
            // The sources are at hand: a row that is new is known to be.
            let (before, after) = (baseline.rows().len(), case.candidate.rows().len());
            let failed = !case.candidate.failures().is_empty();
            let judged = circumstances.has_benchmarks() || before + after > 0 || failed;
            return (!judged, after > 0 && self.gating_in_candidate == 0);
        }
        if baseline.rows().len() == 0 || case.candidate.rows().len() == 0 {
            return (true, false);
        }
        if self.gating_in_baseline == 0 || self.gating_in_candidate == 0 {
            return (false, true);
        }
        (self.paired == 0, false)
    }

    /// The advisory rows by unit, in order of appearance.
    pub(super) fn advisory(&self) -> Vec<AdvisoryCounts> {
        let units = self.units.iter().filter(|unit| unit.advisory.total() > 0);
        let of = |unit: &UnitTally| AdvisoryCounts {
            unit: unit.unit.clone(),
            counts: unit.advisory,
        };
        units.map(of).collect()
    }

    /// Geometric means by unit, in order of appearance.
    pub(super) fn geomeans(&self) -> Vec<Geomean> {
        let of = |unit: &UnitTally| unit.centers.geomean(&unit.unit);
        self.units.iter().map(of).collect()
    }
}
