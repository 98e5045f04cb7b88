//! Which rows of the two sides belong together. A row that only one side has is data, too.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::benchmark::{KeyId, KeyRef, RowId, SampleSet};

/// A row of either side or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Both sides have it.
    Both {
        /// The baseline's row.
        baseline: RowId,
        /// The candidate's row.
        candidate: RowId,
    },
    /// It vanished.
    BaselineOnly(RowId),
    /// It is new.
    CandidateOnly(RowId),
}

impl Pair {
    /// The baseline's row, if it has it.
    pub fn baseline(self) -> Option<RowId> {
        match self {
            Pair::Both { baseline, .. } | Pair::BaselineOnly(baseline) => Some(baseline),
            Pair::CandidateOnly(_) => None,
        }
    }

    /// The candidate's row, if it has it.
    pub fn candidate(self) -> Option<RowId> {
        match self {
            Pair::Both { candidate, .. } | Pair::CandidateOnly(candidate) => Some(candidate),
            Pair::BaselineOnly(_) => None,
        }
    }
}

/// Pairs the rows of two sides: equal keys and units first; then, where a benchmark is left over on
/// both sides with one GOMAXPROCS each, those (the sides ran on different machines). In order of
/// the candidate; what vanished comes last.
pub fn pair(baseline: Option<&SampleSet>, candidate: &SampleSet) -> Vec<Pair> {
    let Some(baseline) = baseline else {
        return candidate.rows().map(Pair::CandidateOnly).collect();
    };
    // The baseline's index of each of the candidate's units.
    let units: Vec<Option<usize>> = candidate
        .units()
        .iter()
        .map(|unit| baseline.units().iter().position(|other| other == unit))
        .collect();
    let mut paired = vec![false; baseline.rows().len()];
    let mut pairs = Vec::with_capacity(candidate.rows().len());
    for (key, partner) in candidate.keys().zip(partners(baseline, candidate)) {
        for row in candidate.rows_of(key) {
            let unit = units[candidate.unit_index(row)];
            let found = partner.zip(unit).and_then(|(partner, unit)| {
                baseline
                    .rows_of(partner)
                    .find(|row| baseline.unit_index(*row) == unit)
            });
            pairs.push(match found {
                Some(other) => {
                    paired[other.index()] = true;
                    Pair::Both {
                        baseline: other,
                        candidate: row,
                    }
                }
                None => Pair::CandidateOnly(row),
            });
        }
    }
    pairs.extend(
        baseline
            .rows()
            .filter(|row| !paired[row.index()])
            .map(Pair::BaselineOnly),
    );
    pairs
}

/// The baseline's benchmark for each of the candidate's.
fn partners(baseline: &SampleSet, candidate: &SampleSet) -> Vec<Option<KeyId>> {
    let mut table = None;
    let mut baseline_in_order = baseline.keys();
    let mut partners: Vec<Option<KeyId>> = candidate
        .keys()
        .map(|key| {
            let wanted = candidate.key(key);
            // Two runs print the same benchmarks in the same order.
            match baseline_in_order.next() {
                Some(next) if baseline.key(next) == wanted => Some(next),
                _ => find(
                    table.get_or_insert_with(|| index(baseline)),
                    baseline,
                    wanted,
                ),
            }
        })
        .collect();
    if partners.contains(&None) {
        pair_printed_names(baseline, candidate, &mut partners);
        pair_across_procs(baseline, candidate, &mut partners);
    }
    partners
}

fn hash_of(key: KeyRef<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    hasher.finish()
}

fn index(side: &SampleSet) -> HashTable<KeyId> {
    let mut table = HashTable::with_capacity(side.keys().len());
    for key in side.keys() {
        let hash = |key: &KeyId| hash_of(side.key(*key));
        table.insert_unique(hash(&key), key, hash);
    }
    table
}

fn find(table: &HashTable<KeyId>, side: &SampleSet, wanted: KeyRef<'_>) -> Option<KeyId> {
    table
        .find(hash_of(wanted), |key| side.key(*key) == wanted)
        .copied()
}

/// Pairs what is left over and was printed alike: whether a final number is GOMAXPROCS may have been
/// answered differently for the two sides.
fn pair_printed_names(baseline: &SampleSet, candidate: &SampleSet, partners: &mut [Option<KeyId>]) {
    let printed = |side: &SampleSet, key: KeyId| {
        let key = side.key(key);
        (
            key.package.to_owned(),
            key.name_with_procs(),
            key.config.to_vec(),
        )
    };
    let taken: FxHashSet<KeyId> = partners.iter().flatten().copied().collect();
    let left = baseline.keys().filter(|key| !taken.contains(key));
    let by_name: FxHashMap<_, KeyId> = left.map(|key| (printed(baseline, key), key)).collect();
    for key in candidate.keys() {
        if partners[key.index()].is_none() {
            partners[key.index()] = by_name.get(&printed(candidate, key)).copied();
        }
    }
}

/// Pairs what is left over under one GOMAXPROCS on each side.
fn pair_across_procs(baseline: &SampleSet, candidate: &SampleSet, partners: &mut [Option<KeyId>]) {
    let (ours, theirs) = (by_name(candidate), by_name(baseline));
    for key in candidate.keys() {
        let name = without_procs(candidate, key);
        if partners[key.index()].is_none()
            && let ([_], Some([partner])) = (&ours[&name][..], theirs.get(&name).map(Vec::as_slice))
        {
            partners[key.index()] = Some(*partner);
        }
    }
}

fn without_procs(side: &SampleSet, key: KeyId) -> KeyRef<'_> {
    KeyRef {
        procs: None,
        ..side.key(key)
    }
}

/// The benchmarks of each name, whatever their GOMAXPROCS.
fn by_name(side: &SampleSet) -> FxHashMap<KeyRef<'_>, Vec<KeyId>> {
    let mut names: FxHashMap<KeyRef<'_>, Vec<KeyId>> = FxHashMap::default();
    for key in side.keys() {
        names.entry(without_procs(side, key)).or_default().push(key);
    }
    names
}
