//! What applies to each unit: its direction, and what the policy says of its rows.

use super::judge::Case;
use crate::benchmark::SampleSet;
use crate::compare::Pair;
use crate::policy::{Gating, RowPolicy, UnitPolicy};
use crate::unit::{Better, Unit};

/// What applies to each unit.
pub(super) struct Units<'a> {
    units: Vec<(Unit, Better, UnitPolicy<'a>)>,
}

impl<'a> Units<'a> {
    pub(super) fn new(case: Case<'a>, sides: impl Iterator<Item = &'a SampleSet>) -> Self {
        let mut units: Vec<(Unit, Better, UnitPolicy<'a>)> = Vec::new();
        for unit in sides.flat_map(SampleSet::units) {
            if !units.iter().any(|(known, ..)| known == unit) {
                units.push((unit.clone(), better(case, unit), case.policy.unit(unit)));
            }
        }
        Units { units }
    }

    /// The direction of a pair's row and what applies to it. Without a direction nothing is judged.
    pub(super) fn of(&self, case: Case<'a>, pair: Pair) -> (Better, RowPolicy<'a>) {
        let (side, row) = case.naming(pair);
        let unit = side.unit_of(row);
        // The candidate's units come first and in its order.
        let index = side.unit_index(row);
        let own = self.units.get(index).filter(|(known, ..)| known == unit);
        let found = own.or_else(|| self.units.iter().find(|(known, ..)| known == unit));
        let Some((_, better, policy)) = found else {
            let policy = case.policy.unit(unit).row(side.key(side.key_of(row)));
            return (
                Better::Unknown,
                RowPolicy {
                    gating: Gating::Ignore,
                    ..policy
                },
            );
        };
        let mut policy = policy.row(side.key(side.key_of(row)));
        if *better == Better::Unknown {
            policy.gating = Gating::Ignore;
        }
        (*better, policy)
    }
}

/// The direction of a unit: the policy's word, else the one that everybody knows (no line of the
/// output turns allocs/op around), else the baseline's declaration, else the candidate's.
fn better(case: Case<'_>, unit: &Unit) -> Better {
    let known = |better: &Better| *better != Better::Unknown;
    let declared = |side: &SampleSet| side.traits(unit).map(|traits| traits.better).filter(known);
    let policy = case.policy.better.get(unit).copied();
    policy
        .or_else(|| Some(unit.default_better()).filter(known))
        .or_else(|| case.baseline.and_then(declared))
        .or_else(|| declared(case.candidate))
        .unwrap_or(Better::Unknown)
}
