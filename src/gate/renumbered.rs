//! Sub-benchmarks that are told apart by a number (`#01`) alone, and whose numbers have shifted.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use crate::benchmark::{KeyRef, SampleSet};

/// The numbered sub-benchmarks (`#01`) whose numbers differ between the sides: a case that was
/// inserted or removed has shifted those that follow.
pub(super) struct Renumbered {
    groups: FxHashSet<(String, String)>,
}

impl Renumbered {
    pub(super) fn between(baseline: Option<&SampleSet>, candidate: &SampleSet) -> Self {
        let Some(baseline) = baseline else {
            return Renumbered {
                groups: FxHashSet::default(),
            };
        };
        let (before, after) = (numbers(baseline), numbers(candidate));
        let changed = |group: &&(String, String)| before.get(*group) != after.get(*group);
        Renumbered {
            groups: before.keys().filter(changed).cloned().collect(),
        }
    }

    pub(super) fn contains(&self, key: KeyRef<'_>) -> bool {
        !self.groups.is_empty()
            && numbered(key.benchmark).is_some_and(|(group, _)| {
                self.groups
                    .contains(&(key.package.to_owned(), group.to_owned()))
            })
    }
}

/// The numbers of each group of numbered sub-benchmarks.
fn numbers(side: &SampleSet) -> BTreeMap<(String, String), BTreeSet<u32>> {
    let mut groups: BTreeMap<(String, String), BTreeSet<u32>> = BTreeMap::new();
    for key in side.keys().map(|key| side.key(key)) {
        if let Some((group, number)) = numbered(key.benchmark) {
            let group = (key.package.to_owned(), group.to_owned());
            groups.entry(group).or_default().insert(number);
        }
    }
    groups
}

/// Splits `BenchmarkX/case#02` into its group and its number.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let (group, number) = name.rsplit_once('#')?;
    let valid = number.len() >= 2 && number.bytes().all(|b| b.is_ascii_digit());
    if valid {
        Some((group, number.parse().ok()?))
    } else {
        None
    }
}
