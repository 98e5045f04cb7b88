//! Which configuration keys tell rows apart.
//!
//! Output may hold several runs of the same benchmarks under different configurations (`note:
//! before`, `toolchain: …`): these must not merge. It may as well hold lines of the program that
//! look like configuration (`elapsed: 12ms`): these must not tear one benchmark's samples apart.

use std::collections::{BTreeMap, BTreeSet};

use super::record::Setting;

/// What describes the machine and not the benchmark. The sides are paired whatever it says, and a
/// difference is reported.
const ENVIRONMENT: [&str; 2] = ["pkg", "cpu"];

/// The keys besides the package that are part of a row: those that take more than one value on a
/// side and share a value between the sides. `sides` are the configurations under which results
/// were measured; with a single side every varying key counts.
pub fn row_keys(sides: &[&[Vec<Setting>]], ignored: &[String]) -> Vec<String> {
    let values: Vec<_> = sides.iter().map(|side| values_by_key(side)).collect();
    let keys: BTreeSet<&str> = values
        .iter()
        .flat_map(|side| side.keys().copied())
        .collect();
    keys.into_iter()
        .filter(|key| !ENVIRONMENT.contains(key) && !ignored.iter().any(|other| other == key))
        .filter(|key| {
            let sides: Vec<_> = values.iter().map(|side| side.get(key)).collect();
            let varies = sides.iter().flatten().any(|values| values.len() > 1);
            let shared = match sides[..] {
                [Some(a), Some(b)] => a.intersection(b).next().is_some(),
                [Some(_)] => true,
                _ => false,
            };
            varies && shared
        })
        .map(str::to_owned)
        .collect()
}

/// The values that each key takes. Its absence is none: a line of noise half-way through a file would
/// make a key of it.
fn values_by_key(configurations: &[Vec<Setting>]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (key, value) in configurations.iter().flatten() {
        values.entry(key).or_default().insert(value);
    }
    values
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn side(configurations: &[&[(&str, &str)]]) -> Vec<Vec<Setting>> {
        let setting = |(key, value): &(&str, &str)| (Arc::from(*key), Arc::from(*value));
        configurations
            .iter()
            .map(|c| c.iter().map(setting).collect())
            .collect()
    }

    #[test]
    fn keys_that_vary_alike_on_both_sides_tell_rows_apart() {
        let two = side(&[
            &[("note", "a"), ("cpu", "x")],
            &[("note", "b"), ("cpu", "y")],
        ]);
        let one = side(&[&[("note", "b"), ("cpu", "x")]]);
        assert_eq!(row_keys(&[&two, &two], &[]), ["note"]);
        assert_eq!(row_keys(&[&two, &one], &[]), ["note"]);
        assert_eq!(row_keys(&[&two], &[]), ["note"]);
        assert!(row_keys(&[&one, &one], &[]).is_empty());
        assert!(row_keys(&[&two, &two], &["note".to_owned()]).is_empty());
    }

    #[test]
    fn what_differs_between_the_sides_is_environment_or_noise() {
        let baseline = side(&[
            &[("commit", "1"), ("took", "5ms")],
            &[("commit", "1"), ("took", "6ms")],
        ]);
        let candidate = side(&[&[("commit", "2"), ("took", "7ms")], &[("commit", "2")]]);
        assert!(row_keys(&[&baseline, &candidate], &[]).is_empty());
    }
}
