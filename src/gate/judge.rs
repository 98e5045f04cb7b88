//! From evidence and policy to statuses, causes and a verdict.

use std::sync::Arc;

use jiff::civil::Date;

use super::causes::{causes, verdict};
use super::circumstances::Circumstances;
use super::difference::{Scales, Shape, Shapes};
use super::findings;
use super::renumbered::Renumbered;
use super::report::{Input, Report, Settings, SideInputs};
use super::row::{BudgetCheck, JudgedRow, Note, Status, WaiverUse};
use super::tally::{Counted, Tally};
use super::units::Units;
use crate::benchmark::{
    Failure, FailureKind, FileSummary, KeyRef, RowId, SampleSet, SharedKey, SyntaxError,
    SyntaxErrorKind,
};
use crate::compare::{Change, Comparison, Evidence, Pair, Shift, Side, Weight, pair};
use crate::policy::{Adjust, Gating, Policy, RowPolicy, Statistics};
use crate::stats::{self, UDistributions};
use crate::unit::{Better, Unit};

/// What the gate judges.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The baseline; `None` where only budgets are checked.
    pub baseline: Option<&'a SampleSet>,
    /// The candidate.
    pub candidate: &'a SampleSet,
    /// The configuration keys that tell rows apart.
    pub row_keys: &'a [String],
    /// What the rows are held against.
    pub policy: &'a Policy,
    /// The day that waivers are held against.
    pub today: Date,
    /// Whether the report is to hold unchanged rows, too; they are counted in any case.
    pub keep_unchanged: bool,
    /// What is known of the run besides its figures; `None` of two files.
    pub circumstances: Option<&'a Circumstances>,
    /// The filter that selected the rows; `None` where all are there.
    pub filter: Option<&'a str>,
    /// What the filter selects by and no row has.
    pub dead_selectors: &'a [String],
}

/// Judges every row and the run as a whole.
pub fn judge(case: Case<'_>) -> Report {
    let comparison = case.comparison();
    let pairs = pair(case.baseline, case.candidate);
    let mut weights = comparison.weigh(&pairs);
    let sides = [Some(case.candidate), case.baseline].into_iter().flatten();
    let units = Units::new(case, sides);
    let policies: Vec<(Better, RowPolicy<'_>)> =
        pairs.iter().map(|pair| units.of(case, *pair)).collect();
    adjust_families(&case.policy.statistics, &policies, &mut weights);

    let mut judging = Judging {
        case,
        comparison,
        renumbered: Renumbered::between(case.baseline, case.candidate),
        tally: Tally::new(case.policy),
        shared_key: None,
        distributions: UDistributions::new(),
    };
    let mut rows = Vec::new();
    for ((pair, (better, policy)), weight) in pairs.into_iter().zip(&policies).zip(weights) {
        rows.extend(judging.row(&Row {
            pair,
            policy,
            better: *better,
            weight,
        }));
    }
    let tally = judging.tally;
    let causes = causes(case, &tally);
    rows.sort_by_key(|row| (row.status, row.gating != Gating::Gate));
    Report {
        verdict: verdict(&causes),
        causes,
        counts: tally.gating,
        advisory: tally.advisory(),
        rows,
        findings: findings::all(case, &tally),
        geomeans: tally.geomeans(),
        settings: Settings {
            filter: case.filter.map(str::to_owned),
            ..settings(case.policy)
        },
        inputs: SideInputs {
            baseline: case
                .baseline
                .map_or_else(Vec::new, |side| inputs(side.files())),
            candidate: inputs(case.candidate.files()),
        },
        directory: None,
        circumstances: case.circumstances.cloned(),
        memory: None,
    }
}

impl<'a> Case<'a> {
    fn comparison(&self) -> Comparison<'a> {
        Comparison {
            baseline: self.baseline,
            candidate: self.candidate,
            statistics: &self.policy.statistics,
        }
    }

    /// Whether results were read and the filter leaves none of them.
    pub(super) fn is_filtered_out(&self) -> bool {
        let sides = || [Some(self.candidate), self.baseline].into_iter().flatten();
        let mut files = sides().flat_map(SampleSet::files);
        self.filter.is_some()
            && sides().all(|side| side.rows().len() == 0)
            && files.any(|file| file.results > 0)
    }

    /// The side that names a pair's row, and the row: the candidate where it has it.
    pub(super) fn naming(&self, pair: Pair) -> (&'a SampleSet, RowId) {
        match (pair, self.baseline) {
            (Pair::Both { candidate, .. } | Pair::CandidateOnly(candidate), _) => {
                (self.candidate, candidate)
            }
            (Pair::BaselineOnly(row), baseline) => (baseline.unwrap_or(self.candidate), row),
        }
    }
}

/// p-values are adjusted over all tested rows that gate; the advisory ones are a family of their own.
fn adjust_families(
    statistics: &Statistics,
    policies: &[(Better, RowPolicy<'_>)],
    weights: &mut [Option<Weight>],
) {
    for gating in [Gating::Gate, Gating::Advisory, Gating::Ignore] {
        let mut family: Vec<_> = weights
            .iter_mut()
            .zip(policies)
            .filter(|(_, (_, policy))| policy.gating == gating)
            .filter_map(|(weight, _)| match weight {
                Some(Weight::Tested { p, significant }) => Some((p, significant)),
                _ => None,
            })
            .collect();
        let mut values: Vec<f64> = family.iter().map(|(p, _)| p.raw).collect();
        match statistics.adjust {
            Adjust::Bh => stats::benjamini_hochberg(&mut values),
            Adjust::Holm => stats::holm(&mut values),
            Adjust::None => {}
        }
        for ((p, significant), adjusted) in family.iter_mut().zip(values) {
            p.adjusted = adjusted;
            **significant = adjusted < statistics.alpha;
        }
    }
}

/// A row on its way to a status.
struct Row<'a> {
    pair: Pair,
    policy: &'a RowPolicy<'a>,
    better: Better,
    weight: Option<Weight>,
}

/// The state of a run over all rows.
struct Judging<'a> {
    case: Case<'a>,
    comparison: Comparison<'a>,
    renumbered: Renumbered,
    tally: Tally<'a>,
    /// The key of the last row that was kept: the rows of a benchmark follow each other.
    shared_key: Option<SharedKey>,
    distributions: UDistributions,
}

impl Judging<'_> {
    /// Judges a row and returns it if the report is to hold it.
    fn row(&mut self, row: &Row<'_>) -> Option<JudgedRow> {
        let case = self.case;
        let (naming, id) = case.naming(row.pair);
        let (key, unit) = (naming.key(naming.key_of(id)), naming.unit_of(id));
        let shapes = Shapes::new(case.baseline, case.candidate, &self.comparison, row.pair);
        let mut notes = Vec::new();
        let mut status = self.status(row, &shapes, unit, key, &mut notes);
        if unit.is_allocation() {
            note_iterations(case, row.pair, &mut notes);
        }
        if let Pair::Both { baseline, .. } = row.pair {
            let procs = case
                .baseline
                .and_then(|side| side.key(side.key_of(baseline)).procs);
            if procs != key.procs {
                notes.push(Note::ProcsDiffer {
                    baseline: procs,
                    candidate: key.procs,
                });
            }
            notes.extend(
                self.renumbered
                    .contains(key)
                    .then_some(Note::MaybeRenumbered),
            );
        }
        if case
            .circumstances
            .is_some_and(|known| known.rulers_differ(key))
        {
            status = under_changed_ruler(status);
            notes.push(Note::RulerChanged);
        }
        let waiver = match &shapes.candidate {
            Some(candidate) if row.policy.gating != Gating::Ignore => {
                self.waive(key, unit, row.better, candidate.center, &mut status)
            }
            _ => None,
        };
        let budget = shapes.candidate.as_ref().and_then(|candidate| {
            check_budget(row.policy, row.better, candidate, &mut status, &mut notes)
        });
        // An absolute ceiling was asked for: it gates whatever the unit does otherwise.
        let gating = match status {
            Status::OverBudget => Gating::Gate,
            _ => row.policy.gating,
        };
        self.tally.add(&Counted {
            key,
            unit,
            gating,
            status,
            shapes: &shapes,
            notes: &notes,
            budgeted: budget.is_some(),
            waiver: waiver.as_ref(),
        });
        if status == Status::Unchanged && !case.keep_unchanged {
            return None;
        }
        let shared_key = match &self.shared_key {
            Some(shared) if shared.as_ref().as_ref() == key => Arc::clone(shared),
            _ => Arc::clone(self.shared_key.insert(Arc::new(key.to_key()))),
        };
        let side = |set: Option<&SampleSet>, row: Option<RowId>| {
            set.zip(row)
                .map(|(set, row)| self.comparison.side(set, row))
        };
        let baseline: Option<Side> = side(case.baseline, row.pair.baseline());
        let candidate: Option<Side> = side(Some(case.candidate), row.pair.candidate());
        let both = baseline.as_ref().zip(candidate.as_ref());
        Some(JudgedRow {
            at: None,
            sites: Vec::new(),
            key: shared_key,
            unit: unit.clone(),
            better: row.better,
            gating,
            status,
            change: both.map(|(before, after)| Change::between(before.center, after.center)),
            baseline,
            candidate,
            evidence: self.evidence(row),
            threshold: row.policy.threshold,
            budget,
            waiver,
            notes,
        })
    }

    /// The evidence of a row that the report holds.
    fn evidence(&mut self, row: &Row<'_>) -> Option<Evidence> {
        Some(match row.weight? {
            Weight::Exact => Evidence::Exact,
            Weight::Short { needed } => Evidence::Short { needed },
            Weight::Tested { p, significant } => Evidence::Tested {
                p,
                shift: self.shift(row.pair)?,
                significant,
            },
        })
    }

    fn shift(&mut self, pair: Pair) -> Option<Shift> {
        match pair {
            Pair::Both {
                baseline,
                candidate,
            } => self
                .comparison
                .shift(baseline, candidate, &mut self.distributions),
            Pair::BaselineOnly(_) | Pair::CandidateOnly(_) => None,
        }
    }

    fn status(
        &mut self,
        row: &Row<'_>,
        shapes: &Shapes,
        unit: &Unit,
        key: KeyRef<'_>,
        notes: &mut Vec<Note>,
    ) -> Status {
        match row.pair {
            Pair::BaselineOnly(_) if lost_to_failure(key, self.case.candidate) => Status::Failed,
            Pair::BaselineOnly(_) => Status::Vanished,
            Pair::CandidateOnly(_)
                if self
                    .case
                    .baseline
                    .is_some_and(|side| lost_to_failure(key, side)) =>
            {
                notes.push(Note::OtherSideFailed);
                Status::Failed
            }
            Pair::CandidateOnly(_) => Status::New,
            Pair::Both { .. } => {
                let (Some(before), Some(after), Some(weight)) =
                    (&shapes.baseline, &shapes.candidate, row.weight)
                else {
                    return Status::Unchanged;
                };
                let scales = Scales {
                    better: row.better,
                    threshold: row.policy.threshold,
                    allocation: unit.is_allocation(),
                    alpha: self.case.policy.statistics.alpha,
                };
                scales.status(before, after, weight, || self.shift(row.pair), notes)
            }
        }
    }

    /// Accepts a regression that a waiver covers. One that has expired is named and changes nothing.
    fn waive(
        &mut self,
        key: KeyRef<'_>,
        unit: &Unit,
        better: Better,
        center: f64,
        status: &mut Status,
    ) -> Option<WaiverUse> {
        if !matches!(
            status,
            Status::Regressed | Status::Inconclusive | Status::RulerChanged
        ) {
            return None;
        }
        let mut used = None;
        for (index, waiver) in self.case.policy.waivers.iter().enumerate() {
            if waiver.unit != *unit || !waiver.scope.contains(key, unit) {
                continue;
            }
            self.tally.waivers_used[index] = true;
            let covered = match better {
                Better::Higher => center >= waiver.up_to,
                _ => center <= waiver.up_to,
            };
            let expired = waiver.expires.is_some_and(|last| last < self.case.today);
            if !covered || (expired && used.is_some()) {
                continue;
            }
            used = Some(WaiverUse {
                reason: waiver.reason.clone(),
                up_to: waiver.up_to,
                expires: waiver.expires.map(|last| last.to_string()),
                expired,
                at: waiver.at.clone(),
            });
            if !expired {
                *status = Status::Waived;
                break;
            }
        }
        used
    }
}

/// Figures of two rulers say nothing of the program: a rise is shown as such, a fall is none.
pub(super) fn under_changed_ruler(status: Status) -> Status {
    match status {
        Status::Regressed | Status::Inconclusive | Status::WithinThreshold => Status::RulerChanged,
        Status::Improved => Status::Unchanged,
        other => other,
    }
}

fn note_iterations(case: Case<'_>, pair: Pair, notes: &mut Vec<Note>) {
    let iterations = |side: &SampleSet, row: RowId| side.iterations(side.key_of(row));
    let before = case
        .baseline
        .zip(pair.baseline())
        .map(|(side, row)| iterations(side, row));
    let after = pair.candidate().map(|row| iterations(case.candidate, row));
    if let (Some(before), Some(after)) = (before, after) {
        let (before, after) = (before.mean(), after.mean());
        if before.max(after) > 10.0 * before.min(after) {
            notes.push(Note::IterationsDiffer);
        }
    }
    if after.is_some_and(|after| after.least() < 100) {
        notes.push(Note::FewIterations);
    }
}

/// Whether a failure of `side`, or results of its that could not be read, are why it does not have a row.
fn lost_to_failure(key: KeyRef<'_>, side: &SampleSet) -> bool {
    let full = key.name_with_procs();
    let unread = |error: &SyntaxError| {
        let name = error.benchmark.as_deref();
        error.kind != SyntaxErrorKind::Doubtful
            && name.is_some_and(|name| name == full || name == key.benchmark)
    };
    let overflow = side.overflow();
    overflow.failures > 0
        || overflow.lost > 0
        || side.failures().iter().any(|failure| concerns(failure, key))
        || side.errors().iter().any(unread)
}

fn concerns(failure: &Failure, key: KeyRef<'_>) -> bool {
    let known = !failure.package.is_empty() && !key.package.is_empty();
    if known && failure.package != key.package {
        return false;
    }
    match (&failure.benchmark, failure.kind) {
        // `--- FAIL` ends one benchmark; the package goes on.
        (Some(name), FailureKind::Failed) => {
            let full = key.name_with_procs();
            [key.benchmark, &full].iter().any(|own| {
                own.strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        }
        _ => true,
    }
}

/// Holds the candidate against its ceiling, baseline or not.
fn check_budget(
    policy: &RowPolicy<'_>,
    better: Better,
    candidate: &Shape,
    status: &mut Status,
    notes: &mut Vec<Note>,
) -> Option<BudgetCheck> {
    let budget = policy.budget?;
    let over = |value: f64| match better {
        Better::Higher => value < budget.ceiling,
        _ => value > budget.ceiling,
    };
    if over(candidate.center) {
        // A regression that only informs must not hide a ceiling that gates.
        if *status != Status::Regressed || policy.gating != Gating::Gate {
            *status = Status::OverBudget;
        }
    } else if over(candidate.least) || over(candidate.greatest) {
        notes.push(Note::BudgetTouched);
    }
    Some(BudgetCheck {
        ceiling: budget.ceiling,
        at: budget.at.clone(),
    })
}

pub(super) fn settings(policy: &Policy) -> Settings {
    let statistics = &policy.statistics;
    Settings {
        alpha: statistics.alpha,
        confidence: statistics.confidence,
        test: statistics.test.to_string(),
        adjust: statistics.adjust.to_string(),
        policy: policy.source.clone(),
        filter: None,
    }
}

fn inputs(files: &[FileSummary]) -> Vec<Input> {
    let input = |file: &FileSummary| Input {
        path: file.path.to_string(),
        format: file.format.to_owned(),
        results: file.results,
    };
    files.iter().map(input).collect()
}
