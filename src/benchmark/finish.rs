//! Merging what belongs together, once both sides are read: the keys of benchmarks, tidied units,
//! and the rows of both with their samples.

use std::collections::BTreeMap;
use std::hash::Hash;

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use super::builder::{MAX_KEPT, SampleSetBuilder};
use super::pooled::sort;
use super::procs::Suffixes;
use super::raw::{RawRow, hash_of};
use super::record::{Record, Setting, SyntaxError, SyntaxErrorKind};
use super::sample::{Iterations, KeyEntry, RowEntry, SampleSet, UnitTraits};
use crate::unit::Unit;

impl SampleSetBuilder {
    /// Merges and sorts what was collected. `row_keys` are the configuration keys that tell rows
    /// apart, besides the package.
    pub fn finish(mut self, row_keys: &[String]) -> SampleSet {
        self.raw.close();
        // Every name was text when it was added.
        let names = String::from_utf8(self.raw.take_names()).unwrap_or_default();
        let decided = self.decided_suffixes.take();
        let suffixes = decided.unwrap_or_else(|| self.suffixes(&names));
        self.report_lost_announcements(&suffixes, &names);
        let KeyTable {
            mut keys,
            key_of,
            packages,
            configs,
        } = self.keys(&suffixes, &names, row_keys);
        let (units, unit_of) = self.canonical_units();
        let (mut rows, row_of) = merge_rows(self.raw.rows(), &key_of, &unit_of);
        let mut values = self.raw.gather(&row_of, &mut rows);
        sort(&mut values, &mut rows);
        for (index, row) in rows.iter().enumerate() {
            let own = &mut keys[row.key as usize].rows;
            if own.end == 0 {
                own.start = index as u32;
            }
            own.end = index as u32 + 1;
        }
        SampleSet {
            traits: UnitTraits::of_all(&units, &self.metadata),
            keys,
            names,
            packages,
            configs,
            units,
            rows,
            values,
            failures: self.failures,
            errors: self.errors,
            overflow: self.overflow,
            environment: environment(&self.configurations),
            files: self.files,
        }
    }

    /// What suffixes are GOMAXPROCS, for each file.
    pub(super) fn suffixes(&self, names: &str) -> Vec<Suffixes> {
        let mut files: Vec<Vec<&str>> = vec![Vec::new(); self.files.len().max(1)];
        for benchmark in self.raw.benchmarks() {
            files[benchmark.file as usize].push(&names[benchmark.name.clone()]);
        }
        files
            .iter()
            .map(|names| Suffixes::of(names.iter().copied()))
            .collect()
    }

    /// `go test -v` announces benchmarks without the suffix, and parents have no result. But a
    /// name that bears its file's suffix is the beginning of a result, one that was lost, unless
    /// it is the name of a benchmark or a parent that happens to end like a suffix.
    pub(super) fn report_lost_announcements(&mut self, suffixes: &[Suffixes], names: &str) {
        let announced = std::mem::take(&mut self.announced);
        if announced.is_empty() {
            return;
        }
        let mut bases: Vec<(u32, String)> = self
            .raw
            .benchmarks()
            .iter()
            .map(|benchmark| {
                (
                    benchmark.file,
                    suffixes[benchmark.file as usize].strip(&names[benchmark.name.clone()]),
                )
            })
            .map(|(file, (base, _))| (file, base.to_owned()))
            .collect();
        bases.sort_unstable();
        for line in announced {
            let file = self
                .files
                .iter()
                .position(|file| file.path == line.at.file)
                .unwrap_or(0);
            let own = (file as u32, line.name.clone());
            let next = bases.partition_point(|base| *base < own);
            let announces = bases[next..]
                .iter()
                .take_while(|(f, base)| *f == own.0 && base.starts_with(&line.name));
            let known = announces
                .map(|(_, base)| &base[line.name.len()..])
                .any(|rest| rest.is_empty() || rest.starts_with('/'));
            if !known
                && suffixes
                    .get(file)
                    .is_some_and(|suffixes| suffixes.begin_result(&line.name))
            {
                self.add(Record::Syntax(SyntaxError {
                    at: line.at,
                    message: format!(
                        "`{}`: the benchmark printed its name and no result",
                        line.name
                    ),
                    kind: SyntaxErrorKind::Unfinished,
                    benchmark: Some(line.name),
                }));
            }
        }
    }

    /// The keys of rows. Benchmarks of several files or configurations may have one key.
    fn keys(&self, suffixes: &[Suffixes], names: &str, row_keys: &[String]) -> KeyTable {
        let mut packages = Interner::default();
        let mut configs = Interner::default();
        let of_configuration: Vec<(u32, u32)> = self
            .configurations
            .iter()
            .map(|settings| {
                let setting = |key: &str| settings.iter().find(|(k, _)| **k == *key);
                let config = row_keys.iter().filter_map(|key| setting(key));
                let config = config.map(|(key, value)| (key.to_string(), value.to_string()));
                let package = setting("pkg").map_or(String::new(), |(_, value)| value.to_string());
                (packages.id(package), configs.id(config.collect::<Vec<_>>()))
            })
            .collect();
        let mut keys: Vec<KeyEntry> = Vec::with_capacity(self.raw.benchmarks().len());
        let mut ids: HashTable<u32> = HashTable::with_capacity(self.raw.benchmarks().len());
        let mut key_of = Vec::with_capacity(self.raw.benchmarks().len());
        let parts = |key: &KeyEntry| {
            let name = &names[key.name.clone()];
            (key.package, key.config, key.procs, name)
        };
        for (benchmark, iterations) in self.raw.benchmarks().iter().zip(&self.iterations) {
            let full = &names[benchmark.name.clone()];
            let (name, procs) = suffixes[benchmark.file as usize].strip(full);
            let (package, config) = of_configuration[benchmark.configuration as usize];
            let start = benchmark.name.start;
            let entry = KeyEntry {
                package,
                config,
                name: start..start + name.len(),
                procs: procs.unwrap_or(0),
                rows: 0..0,
                iterations: Iterations::default(),
            };
            let hash = hash_of(parts(&entry));
            let known = ids
                .find(hash, |id| parts(&keys[*id as usize]) == parts(&entry))
                .copied();
            let id = known.unwrap_or_else(|| {
                let id = keys.len() as u32;
                keys.push(entry);
                ids.insert_unique(hash, id, |id| hash_of(parts(&keys[*id as usize])));
                id
            });
            keys[id as usize].iterations.merge(*iterations);
            key_of.push(id);
        }
        KeyTable {
            keys,
            key_of,
            packages: packages.items,
            configs: configs.items,
        }
    }

    /// Tidied units without repetition, and the one that each printed unit is.
    fn canonical_units(&self) -> (Vec<Unit>, Vec<u32>) {
        let mut units = Interner::default();
        let unit_of = self
            .units
            .iter()
            .map(|unit| units.id(unit.tidied.clone()))
            .collect();
        (units.items, unit_of)
    }
}

/// Keys, the key of each benchmark, and what keys refer to.
struct KeyTable {
    keys: Vec<KeyEntry>,
    key_of: Vec<u32>,
    packages: Vec<String>,
    configs: Vec<Vec<(String, String)>>,
}

/// Numbers different items in order of appearance.
struct Interner<T> {
    items: Vec<T>,
    ids: FxHashMap<T, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Interner {
            items: Vec::new(),
            ids: FxHashMap::default(),
        }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    fn id(&mut self, item: T) -> u32 {
        if let Some(id) = self.ids.get(&item) {
            return *id;
        }
        let id = self.items.len() as u32;
        self.items.push(item.clone());
        self.ids.insert(item, id);
        id
    }
}

/// Numbers the rows by key, then by unit in order of appearance, and merges raw rows that are one.
/// Returns the rows, their samples still missing, and the row of each raw row.
fn merge_rows(raw: &[RawRow], key_of: &[u32], unit_of: &[u32]) -> (Vec<RowEntry>, Vec<u32>) {
    let place = |row: &RawRow| (key_of[row.benchmark as usize], unit_of[row.unit as usize]);
    let mut order: Vec<u32> = (0..raw.len() as u32).collect();
    order.sort_by_key(|index| place(&raw[*index as usize]));
    let mut row_of = vec![0; raw.len()];
    let mut rows: Vec<RowEntry> = Vec::with_capacity(raw.len());
    for index in order {
        let piece = &raw[index as usize];
        let (key, unit) = place(piece);
        match rows.last_mut() {
            Some(row) if (row.key, row.unit) == (key, unit) => row.samples.add(piece.samples),
            _ => rows.push(RowEntry {
                key,
                unit,
                samples: piece.samples,
            }),
        }
        row_of[index as usize] = rows.len() as u32 - 1;
    }
    (rows, row_of)
}

/// The values that each configuration key takes, but for the package.
fn environment(configurations: &[Vec<Setting>]) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in configurations
        .iter()
        .flatten()
        .filter(|(key, _)| **key != *"pkg")
    {
        let known = values.entry(key.to_string()).or_default();
        if known.len() < MAX_KEPT && !known.iter().any(|other| **other == **value) {
            known.push(value.to_string());
        }
    }
    values
}
