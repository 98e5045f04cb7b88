//! Which endings of benchmark names are GOMAXPROCS suffixes.
//!
//! The testing package appends `-N` to every name of a run unless N is 1; with `-cpu 1,2,4` each
//! name appears bare, with `-2` and with `-4`. A sub-benchmark's own name may end in `-10` just as
//! well. One line cannot tell, the whole file can: a run's names all bear the same suffixes.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

/// The suffixes of one file's names that are GOMAXPROCS.
pub(super) enum Suffixes {
    /// Every name bears one of these, and all with the same ones.
    All(FxHashSet<u32>),
    /// GOMAXPROCS is 1 for some: a suffix counts only on these names, which appear bare as well and
    /// all with the same suffixes.
    Bases(FxHashSet<String>),
}

impl Suffixes {
    /// Decides from all names of a file.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        if names.clone().all(|name| split(name).is_some()) {
            Suffixes::where_all_bear_one(names.filter_map(split))
        } else {
            Suffixes::where_some_are_bare(names)
        }
    }

    fn where_all_bear_one<'a>(names: impl Iterator<Item = (&'a str, u32)> + Clone) -> Self {
        let mut suffixes = names.clone().map(|(_, procs)| procs);
        let first = suffixes.next();
        // Nearly every file is told at once.
        if suffixes.all(|procs| Some(procs) == first) {
            return Suffixes::All(first.into_iter().collect());
        }
        let mut by_base: FxHashMap<&str, BTreeSet<u32>> = FxHashMap::default();
        for (base, procs) in names {
            by_base.entry(base).or_default().insert(procs);
        }
        match common(&by_base) {
            Some(procs) => Suffixes::All(procs.iter().copied().collect()),
            // `X/n-10` beside `Z/m-5`: these numbers are the sub-benchmarks' own.
            None => Suffixes::Bases(FxHashSet::default()),
        }
    }

    fn where_some_are_bare<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        // The suffixes that each bare name also appears with.
        let mut by_base: FxHashMap<&str, BTreeSet<u32>> = FxHashMap::default();
        for name in names.clone().filter(|name| split(name).is_none()) {
            by_base.entry(name).or_default();
        }
        for (base, procs) in names.filter_map(split) {
            if let Some(suffixes) = by_base.get_mut(base) {
                suffixes.insert(procs);
            }
        }
        let counts = common(&by_base).is_some_and(|procs| !procs.is_empty());
        let bases = by_base.into_keys().filter(|_| counts);
        Suffixes::Bases(bases.map(str::to_owned).collect())
    }

    /// The name without its GOMAXPROCS suffix, and the suffix.
    pub(super) fn strip<'a>(&self, name: &'a str) -> (&'a str, Option<u32>) {
        match (self, split(name)) {
            (Suffixes::All(_), Some((base, procs))) => (base, Some(procs)),
            (Suffixes::Bases(bases), Some((base, procs))) if bases.contains(base) => {
                (base, Some(procs))
            }
            _ => (name, None),
        }
    }

    /// Whether every name of the file bears a suffix and `name` bears one of them: then it is the
    /// beginning of a result.
    pub(super) fn begin_result(&self, name: &str) -> bool {
        match (self, split(name)) {
            (Suffixes::All(all), Some((_, procs))) => all.contains(&procs),
            _ => false,
        }
    }
}

/// The suffixes that every base has, if all have the same.
fn common<'a>(by_base: &'a FxHashMap<&str, BTreeSet<u32>>) -> Option<&'a BTreeSet<u32>> {
    let mut sets = by_base.values();
    let first = sets.next()?;
    sets.all(|set| set == first).then_some(first)
}

/// Splits off a final `-N` that can be a GOMAXPROCS: a whole number from 2, without leading zeros.
pub(super) fn split(name: &str) -> Option<(&str, u32)> {
    let (base, digits) = name.rsplit_once('-')?;
    if base.is_empty() || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let procs: u32 = digits.parse().ok()?;
    (procs >= 2).then_some((base, procs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped<'a>(names: &[&'a str]) -> Vec<(&'a str, Option<u32>)> {
        let suffixes = Suffixes::of(names.iter().copied());
        names.iter().map(|name| suffixes.strip(name)).collect()
    }

    #[test]
    fn the_whole_file_decides() {
        assert_eq!(
            stripped(&["A-8", "B/size-10-8", "B/size-100-8"]),
            [
                ("A", Some(8)),
                ("B/size-10", Some(8)),
                ("B/size-100", Some(8))
            ]
        );
        // GOMAXPROCS=1: the number is the sub-benchmark's own.
        assert_eq!(
            stripped(&["A", "B/size-10", "B/size-100"]),
            [("A", None), ("B/size-10", None), ("B/size-100", None)]
        );
        // -cpu 1,2,4
        assert_eq!(
            stripped(&["A", "A-2", "A-4", "B", "B-2", "B-4"]),
            [
                ("A", None),
                ("A", Some(2)),
                ("A", Some(4)),
                ("B", None),
                ("B", Some(2)),
                ("B", Some(4))
            ]
        );
        // -cpu 1,2 of a name that ends in a number itself
        assert_eq!(
            stripped(&["B/n-10", "B/n-10-2", "B/n-20", "B/n-20-2", "C", "C-2"])[4..],
            [("C", None), ("C", Some(2))]
        );
        // A sub-benchmark named like another with a suffix: not every name has it, so it is none.
        assert_eq!(
            stripped(&["A", "A-10", "B"]),
            [("A", None), ("A-10", None), ("B", None)]
        );
        assert_eq!(
            stripped(&["generate--12", "A-12"])[0],
            ("generate-", Some(12))
        );
        assert!(stripped(&[]).is_empty());
    }

    #[test]
    fn only_plausible_numbers_are_suffixes() {
        for name in [
            "A-1",
            "A-0",
            "A-08",
            "A-",
            "A",
            "-8",
            "A-8x",
            "A-99999999999",
        ] {
            assert_eq!(split(name), None, "{name}");
        }
        assert_eq!(split("A-8"), Some(("A", 8)));
    }
}
