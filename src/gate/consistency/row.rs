//! Whether a row that comes from elsewhere is one that a gate could have written: its centres, its
//! evidence and its status are calculated anew from its samples and held against what it says.
//!
//! What the policy said (thresholds, directions, waivers, budgets) and the samples are taken as they are:
//! nothing in a report tells whether they are true.

use std::collections::BTreeSet;

use super::{Fault, close, fault};
use crate::benchmark::{Samples, function_of};
use crate::compare::{Change, Evidence, Scale, Shift, Side, Weight, interval};
use crate::gate::circumstances::Measured;
use crate::gate::difference::{Scales, Shape};
use crate::gate::judge::under_changed_ruler;
use crate::gate::report::Report;
use crate::gate::row::{JudgedRow, Note, Status};
use crate::policy::{Gating, Statistics};
use crate::unit::Better;

/// What rows are held against.
pub(super) struct Rows<'a> {
    statistics: Statistics,
    scale: Scale,
    /// Benchmarks whose sides were measured with different code.
    rulers: BTreeSet<(&'a str, &'a str)>,
    /// Number of rows that were tested, at most which an adjustment multiplies a p-value by.
    tested: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn of(report: &'a Report) -> Result<Self, Fault> {
        let settings = &report.settings;
        let share = |value: f64| value > 0.0 && value < 1.0;
        let (Ok(test), Ok(adjust)) = (settings.test.parse(), settings.adjust.parse()) else {
            return fault("its test, or its adjustment of p-values, is unknown");
        };
        if !share(settings.alpha) || !share(settings.confidence) {
            return fault("its alpha and its confidence are no numbers between 0 and 1");
        }
        let statistics = Statistics {
            alpha: settings.alpha,
            confidence: settings.confidence,
            test,
            adjust,
        };
        let rulers = report.circumstances.iter().flat_map(|known| &known.rulers);
        let apart = rulers.filter(|ruler| ruler.measured == Measured::Apart);
        let tested = |row: &&JudgedRow| matches!(row.evidence, Some(Evidence::Tested { .. }));
        Ok(Rows {
            statistics,
            scale: Scale::new(statistics),
            rulers: apart
                .map(|ruler| (ruler.which.package.as_str(), ruler.which.benchmark.as_str()))
                .collect(),
            tested: report.rows.iter().filter(tested).count(),
        })
    }

    pub(super) fn check(&mut self, row: &JudgedRow) -> Result<(), Fault> {
        for side in [&row.baseline, &row.candidate].into_iter().flatten() {
            self.check_side(side)?;
        }
        let mut notes = Vec::new();
        let mut status = self.status(row, &mut notes)?;
        let ruler = (row.key.package.as_str(), function_of(&row.key.benchmark));
        if self.rulers.contains(&ruler) {
            status = under_changed_ruler(status);
            notes.push(Note::RulerChanged);
        }
        let status = settled(row, status, &mut notes)?;
        if row.status != status {
            return fault(&format!(
                "its status is `{}`, and its figures make `{}`",
                row.status.as_str(),
                status.as_str()
            ));
        }
        if !row.notes.iter().filter(|note| follows(note)).eq(&notes) {
            return fault("its notes are not those of its figures");
        }
        let judged = row.better != Better::Unknown || row.gating == Gating::Ignore;
        if status == Status::OverBudget && row.gating != Gating::Gate
            || status != Status::OverBudget && !judged
        {
            return fault("whether it can fail the build does not follow from its status and unit");
        }
        Ok(())
    }

    /// Whether centre and interval are those of the samples. Whether the unit was declared exact, which
    /// makes the centre their mode, a report does not tell.
    fn check_side(&self, side: &Side) -> Result<(), Fault> {
        let (Some(least), Some(most)) = (side.samples.first(), side.samples.last()) else {
            return fault("it has a side without samples");
        };
        if !side.samples.is_sorted() || !least.is_finite() || !most.is_finite() {
            return fault("its samples are not in order");
        }
        if *least < 0.0 {
            return fault("it has a sample below zero, which no reader takes");
        }
        let possible = [false, true].into_iter().any(|exact| {
            let own = interval(&side.samples, &self.statistics, exact);
            close(own.center, side.center) && close(own.lo, side.lo) && close(own.hi, side.hi)
        });
        if possible {
            Ok(())
        } else {
            fault("its centre, or the interval of it, is not that of its samples")
        }
    }

    /// What the figures make of the row, with the notes that come with it.
    fn status(&mut self, row: &JudgedRow, notes: &mut Vec<Note>) -> Result<Status, Fault> {
        let (Some(baseline), Some(candidate)) = (&row.baseline, &row.candidate) else {
            if row.change.is_some() || row.evidence.is_some() {
                return fault("it has a difference of one side");
            }
            return match (&row.baseline, row.status) {
                // Why it is not there the figures do not tell.
                (Some(_), status @ (Status::Failed | Status::Vanished)) => Ok(status),
                (Some(_), _) => Ok(Status::Vanished),
                (None, _) if row.candidate.is_none() => fault("it has figures of neither side"),
                (None, _) if row.notes.contains(&Note::OtherSideFailed) => {
                    notes.push(Note::OtherSideFailed);
                    Ok(Status::Failed)
                }
                (None, _) => Ok(Status::New),
            };
        };
        let between = Change::between(baseline.center, candidate.center);
        let same = |change: Change| match (change.relative, between.relative) {
            (Some(own), Some(found)) => {
                close(own, found) && close(change.absolute, between.absolute)
            }
            (own, found) => own == found && close(change.absolute, between.absolute),
        };
        if !row.change.is_some_and(same) {
            return fault("its change is not that of its centres");
        }
        let (weight, shift) = self.weight(row, baseline, candidate)?;
        let scales = Scales {
            better: row.better,
            threshold: row.threshold,
            allocation: row.unit.is_allocation(),
            alpha: self.statistics.alpha,
        };
        Ok(scales.status(&shape(baseline), &shape(candidate), weight, || shift, notes))
    }

    /// The evidence of the row, if it is that of its samples.
    fn weight(
        &mut self,
        row: &JudgedRow,
        baseline: &Side,
        candidate: &Side,
    ) -> Result<(Weight, Option<Shift>), Fault> {
        let sides = [samples(baseline), samples(candidate)];
        // Whether the unit was declared exact a report does not tell.
        let possible = [false, true].map(|exact| self.scale.weight(sides, &row.unit, exact));
        let found = |weight| possible.contains(&weight).then_some((weight, None));
        let own = match &row.evidence {
            None => None,
            Some(Evidence::Exact) => found(Weight::Exact),
            Some(Evidence::Short { needed }) => found(Weight::Short { needed: *needed }),
            Some(Evidence::Tested {
                p,
                shift,
                significant,
            }) => {
                let raw = possible.iter().any(
                    |weight| matches!(weight, Weight::Tested { p: own, .. } if close(own.raw, p.raw)),
                );
                let most = p.raw * self.tested as f64;
                let adjusted =
                    p.adjusted >= p.raw && (p.adjusted <= most || close(p.adjusted, most));
                let own = self.scale.shift([&baseline.samples, &candidate.samples]);
                let same = close(own.estimate, shift.estimate)
                    && close(own.lo, shift.lo)
                    && close(own.hi, shift.hi);
                let certain = *significant == (p.adjusted < self.statistics.alpha);
                let weight = Weight::Tested {
                    p: *p,
                    significant: *significant,
                };
                (raw && adjusted && same && certain).then_some((weight, Some(*shift)))
            }
        };
        match own {
            Some(own) => Ok(own),
            None => fault("its evidence is not that of its samples"),
        }
    }
}

/// The status after waiver and budget.
fn settled(row: &JudgedRow, mut status: Status, notes: &mut Vec<Note>) -> Result<Status, Fault> {
    let center = row
        .candidate
        .as_ref()
        .map(|candidate| shape(candidate).center);
    let beyond = |ceiling: f64, value: f64| match row.better {
        Better::Higher => value < ceiling,
        _ => value > ceiling,
    };
    if let Some(waiver) = &row.waiver {
        let needed = matches!(
            status,
            Status::Regressed | Status::Inconclusive | Status::RulerChanged
        );
        let covers = center.is_some_and(|center| !beyond(waiver.up_to, center));
        if !needed || !covers {
            return fault("it has a waiver that does not cover it");
        }
        if !waiver.expired {
            status = Status::Waived;
        }
    }
    match (&row.budget, &row.candidate, center) {
        (Some(budget), Some(candidate), Some(center)) => {
            let over = |value| beyond(budget.ceiling, value);
            if over(center) {
                // Whether the regression would gate without the ceiling a report does not tell; the row gates.
                let regressed = status == Status::Regressed && row.status == status;
                if !regressed || row.gating != Gating::Gate {
                    status = Status::OverBudget;
                }
            } else if over(candidate.least()) || over(candidate.greatest()) {
                notes.push(Note::BudgetTouched);
            }
        }
        (Some(_), ..) => return fault("it has a budget and no candidate"),
        (None, ..) => {}
    }
    Ok(status)
}

/// Whether a note follows from the figures. The others tell of what is not in the report.
fn follows(note: &Note) -> bool {
    match note {
        Note::OneSample
        | Note::Quantised
        | Note::BudgetTouched
        | Note::ExactVaries
        | Note::OtherSideFailed
        | Note::Underpowered
        | Note::FellShort
        | Note::RulerChanged => true,
        Note::ProcsDiffer { .. }
        | Note::IterationsDiffer
        | Note::FewIterations
        | Note::MaybeRenumbered => false,
    }
}

fn samples(side: &Side) -> Samples<'_> {
    match &side.samples[..] {
        [value, ..] if side.is_constant() => Samples::Constant {
            value: *value,
            count: side.samples.len(),
        },
        values => Samples::Varied(values),
    }
}

fn shape(side: &Side) -> Shape {
    // As the gate has it: a mean of equal values may be off in its last bit.
    let constant = side.is_constant();
    Shape {
        center: if constant { side.least() } else { side.center },
        least: side.least(),
        greatest: side.greatest(),
        count: side.samples.len(),
    }
}
