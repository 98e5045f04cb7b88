//! The one sentence that says why a row has its status: every renderer shows the same.
//!
//! A sentence may hold text of others (the reason of a waiver, the name of a file): renderers make
//! it harmless as they do names.

use std::fmt::Write;

use super::row::{JudgedRow, Note, Status, WaiverUse};
use crate::compare::{Evidence, PValue, Shift, Side};
use crate::figure::{pair, percent, show, signed};
use crate::unit::Better;

impl JudgedRow {
    /// Why the row has its status, without a full stop: "p<0.001 (n=10), shift +10 [+9, +11]".
    pub fn why(&self) -> String {
        let mut why = match self.status {
            Status::Failed if self.notes.contains(&Note::OtherSideFailed) => {
                "in the candidate only: it failed in the baseline".to_owned()
            }
            Status::Failed => {
                "in the baseline only: it or its package failed in the candidate".to_owned()
            }
            Status::Vanished => {
                "in the baseline only: deleted, renamed, or it did not run".to_owned()
            }
            Status::New => "in the candidate only".to_owned(),
            Status::Waived => self.waived(),
            Status::OverBudget => self.over_budget().unwrap_or_default(),
            Status::RulerChanged => {
                format!(
                    "the benchmark itself changed between the sides; {}",
                    self.evidence()
                )
            }
            Status::Regressed => match &self.waiver {
                Some(waiver) if waiver.expired => {
                    let WaiverUse { expires, at, .. } = waiver;
                    let when = expires.as_deref().unwrap_or("an earlier day");
                    format!("its waiver ended on {when} ({at}); {}", self.evidence())
                }
                _ => self.evidence(),
            },
            Status::Inconclusive
            | Status::WithinThreshold
            | Status::Improved
            | Status::Unchanged => self.evidence(),
        };
        if self.status != Status::OverBudget
            && let Some(over) = self.over_budget()
        {
            let _ = write!(why, "; {over}");
        }
        for note in &self.notes {
            if let Some(remark) = self.remark(note) {
                let _ = write!(why, "; {remark}");
            }
        }
        why
    }

    /// The centres of both sides as they are shown, `–` where a side has none.
    pub fn shown_values(&self) -> (String, String) {
        let center = |side: &Option<Side>| side.as_ref().map(|side| side.center);
        match (center(&self.baseline), center(&self.candidate)) {
            (Some(baseline), Some(candidate)) => pair(baseline, candidate, &self.unit),
            (baseline, candidate) => {
                let one =
                    |value: Option<f64>| value.map_or("–".to_owned(), |v| show(v, &self.unit));
                (one(baseline), one(candidate))
            }
        }
    }

    fn waived(&self) -> String {
        let Some(WaiverUse {
            reason,
            up_to,
            expires,
            at,
            ..
        }) = &self.waiver
        else {
            return "a waiver accepts it".to_owned();
        };
        let up_to = show(*up_to, &self.unit);
        let until = expires
            .as_ref()
            .map_or(String::new(), |day| format!(" until {day}"));
        let kept = if self.better == Better::Higher {
            "down to"
        } else {
            "up to"
        };
        format!("waived {kept} {up_to}{until}: {reason} ({at})")
    }

    /// What is said of a budget that the candidate exceeds.
    fn over_budget(&self) -> Option<String> {
        let (budget, candidate) = (self.budget.as_ref()?, self.candidate.as_ref()?);
        let (exceeds, word) = match self.better {
            Better::Higher => (candidate.center < budget.ceiling, "<"),
            _ => (candidate.center > budget.ceiling, ">"),
        };
        exceeds.then(|| {
            let (value, ceiling) = (
                show(candidate.center, &self.unit),
                show(budget.ceiling, &self.unit),
            );
            format!("over budget: {value} {word} {ceiling} ({})", budget.at)
        })
    }

    /// What the evidence says of the difference.
    fn evidence(&self) -> String {
        let (Some(baseline), Some(candidate), Some(evidence)) =
            (&self.baseline, &self.candidate, &self.evidence)
        else {
            return "on one side only".to_owned();
        };
        if self.better == Better::Unknown {
            return "not judged: nobody says in which direction this unit improves".to_owned();
        }
        let moved = self
            .change
            .is_some_and(|change| change.absolute.abs() > 0.0);
        let within = matches!(self.status, Status::WithinThreshold)
            || (moved && self.status == Status::Unchanged);
        match evidence {
            Evidence::Exact if within => {
                format!("{}; {}", self.within(None), self.exact(baseline, candidate))
            }
            Evidence::Exact if moved => self.exact(baseline, candidate),
            Evidence::Exact => format!(
                "equal in all {}+{} samples",
                baseline.samples.len(),
                candidate.samples.len()
            ),
            Evidence::Tested {
                p,
                shift,
                significant,
            } => {
                let n = sizes(baseline, candidate);
                if self.notes.contains(&Note::Underpowered) {
                    let PValue { raw, adjusted } = p;
                    format!(
                        "every sample is worse, yet too few for so many rows: {} alone, {} adjusted ({n}): raise -count",
                        probability(*raw),
                        probability(*adjusted)
                    )
                } else if !significant {
                    format!(
                        "no significant difference: {} ({n})",
                        probability(p.adjusted)
                    )
                } else if within {
                    format!(
                        "{}: {} ({n})",
                        self.within(Some(shift)),
                        probability(p.adjusted)
                    )
                } else {
                    format!("{} ({n}), {}", probability(p.adjusted), self.shift(shift))
                }
            }
            Evidence::Short { needed } => self.short(baseline, candidate, *needed, moved),
        }
    }

    fn exact(&self, baseline: &Side, candidate: &Side) -> String {
        let (b, c) = (baseline.samples.len(), candidate.samples.len());
        if self.notes.contains(&Note::ExactVaries) {
            format!("this unit is declared exact, yet it varies within the {b}+{c} samples")
        } else if b.min(c) == 1 {
            "this unit is declared exact".to_owned()
        } else {
            format!("exact: all samples of a side agree ({b}+{c})")
        }
    }

    /// "a rise of 0.36% is within the threshold of 1%", of the centres or of an estimated shift.
    fn within(&self, shift: Option<&Shift>) -> String {
        let centers = self.change.map_or(0.0, |change| change.absolute);
        let by = shift.map_or(centers, |shift| shift.estimate);
        let what = if by < 0.0 { "fall" } else { "rise" };
        let base = self.baseline.as_ref().map_or(0.0, |side| side.center);
        let threshold = self.threshold;
        if by.abs() <= threshold.absolute {
            let (by, limit) = (
                show(by.abs(), &self.unit),
                show(threshold.absolute, &self.unit),
            );
            format!("a {what} of {by} is within the threshold of {limit}")
        } else if base > 0.0 && by.abs() <= threshold.relative * base {
            let (by, limit) = (percent(by.abs() / base), percent(threshold.relative));
            format!("a {what} of {by} is within the threshold of {limit}")
        } else if self.notes.contains(&Note::Quantised) {
            "differs within one unit, as figures do whose fraction is dropped".to_owned()
        } else if by.abs() < 1.0 {
            format!(
                "a {what} of {} is less than one unit",
                show(by.abs(), &self.unit)
            )
        } else {
            format!("a {what} of {} does not count", show(by.abs(), &self.unit))
        }
    }

    fn shift(&self, shift: &Shift) -> String {
        let estimate = signed(shift.estimate, &self.unit);
        if shift.lo.is_finite() && shift.hi.is_finite() {
            let (lo, hi) = (signed(shift.lo, &self.unit), signed(shift.hi, &self.unit));
            format!("shift {estimate} [{lo}, {hi}]")
        } else {
            format!("shift {estimate}")
        }
    }

    fn short(&self, baseline: &Side, candidate: &Side, needed: usize, moved: bool) -> String {
        let (b, c) = (baseline.samples.len(), candidate.samples.len());
        let samples = match (b, c) {
            (1, 1) => "one sample a side".to_owned(),
            _ => format!("only {b}+{c} samples"),
        };
        if self.status == Status::Inconclusive {
            return format!("{samples} cannot tell: run with -count={needed} or more");
        }
        if !moved {
            return format!("equal, {samples}");
        }
        if self.notes.contains(&Note::FellShort) {
            return format!("fell, but {samples} cannot tell: run with -count={needed} or more");
        }
        format!("{}; {samples}", self.within(None))
    }

    /// What a note adds, unless the sentence has said it already.
    fn remark(&self, note: &Note) -> Option<String> {
        Some(match note {
            Note::OtherSideFailed | Note::Underpowered | Note::FellShort | Note::ExactVaries => {
                return None;
            }
            Note::RulerChanged if self.status == Status::RulerChanged => return None,
            Note::RulerChanged => "the benchmark itself changed between the sides".to_owned(),
            Note::OneSample if matches!(self.evidence, Some(Evidence::Short { .. })) => {
                return None;
            }
            Note::OneSample => "one sample on a side".to_owned(),
            Note::Quantised if matches!(self.status, Status::Unchanged) => {
                "varies within one unit, as figures do whose fraction is dropped".to_owned()
            }
            Note::Quantised => return None,
            Note::BudgetTouched => {
                let budget = self.budget.as_ref()?;
                format!(
                    "some samples exceed the budget of {} ({})",
                    show(budget.ceiling, &self.unit),
                    budget.at
                )
            }
            Note::ProcsDiffer {
                baseline,
                candidate,
            } => {
                format!(
                    "GOMAXPROCS {} → {}",
                    baseline.unwrap_or(1),
                    candidate.unwrap_or(1)
                )
            }
            Note::IterationsDiffer => "iteration counts differ by more than 10×".to_owned(),
            Note::FewIterations => "fewer than 100 iterations".to_owned(),
            Note::MaybeRenumbered => {
                "may have been renumbered: perhaps the figures of another case".to_owned()
            }
        })
    }
}

/// `n=10`, or `n=10+8` where the sides differ.
fn sizes(baseline: &Side, candidate: &Side) -> String {
    match (baseline.samples.len(), candidate.samples.len()) {
        (b, c) if b == c => format!("n={b}"),
        (b, c) => format!("n={b}+{c}"),
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        "p<0.001".to_owned()
    } else {
        format!("p={p:.3}")
    }
}
