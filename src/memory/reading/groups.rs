//! Samples sorted by whose they are.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::Figure;
use super::exposition::{Labels, Sample};
use super::families::{self, Kind, LIMIT_RESOURCE, Values};
use super::selector::Selector;
use super::targets::{self, LISTED, Target, list_of, only_containers};

/// The most targets that are kept. No machine has as many containers, and a reading is of one.
pub(super) const MAX_TARGETS: usize = 10_000;

/// The most bytes that the labels of those may have: a line may have a million.
const MAX_LABELS: usize = 16 << 20;

/// The most targets that are counted of those that the selector does not mean.
const MAX_COUNTED: usize = 100_000;

/// One metric of one target.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) value: f64,
    /// In seconds since 1970, if the source tells.
    pub(super) timestamp: Option<f64>,
    /// Where it stands on its page.
    pub(super) line: u64,
}

/// What there is of one target.
pub(super) struct Group {
    pub(super) target: Target,
    kind: Kind,
    /// By name.
    pub(super) seen: BTreeMap<&'static str, Seen>,
}

/// Targets that the selector does not mean: how many, and enough of them for a message. A page of
/// any length takes no more memory.
#[derive(Default)]
pub(super) struct Excluded {
    /// Hashes of the labels of those that are counted.
    counted: FxHashSet<u64>,
    /// The first ones by rank, and how many there are of it: containers and programs, sums of pods,
    /// control groups, and what is neither.
    ranks: [(BTreeSet<Target>, usize); 4],
    has_containers: bool,
}

/// Collects samples by target.
pub(super) struct Groups<'a> {
    selector: &'a Selector,
    excluded: Excluded,
    is_full: bool,
    /// The bytes of the labels of all.
    size: usize,
    all: Vec<Group>,
    /// Where each is in `all`, by its labels.
    index: FxHashMap<String, usize>,
    key: String,
}

impl<'a> Groups<'a> {
    pub(super) fn new(selector: &'a Selector) -> Self {
        Groups {
            selector,
            excluded: Excluded::default(),
            is_full: false,
            size: 0,
            all: Vec::new(),
            index: FxHashMap::default(),
            key: String::new(),
        }
    }

    /// Programs and containers that the selector means.
    pub(super) fn split(self) -> (Vec<Group>, Vec<Group>) {
        let is_program = |group: &Group| group.kind == Kind::Process;
        self.all.into_iter().partition(is_program)
    }

    /// Those that it does not mean.
    pub(super) fn excluded(&mut self) -> Excluded {
        std::mem::take(&mut self.excluded)
    }

    /// Whether it means more than [`MAX_TARGETS`], or such large ones that the rest is not kept.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    pub(super) fn add(&mut self, sample: &Sample<'_>) {
        let Some((kind, name)) = families::find(sample.name) else {
            return;
        };
        if name == LIMIT_RESOURCE && sample.labels.get("resource") != Some("memory") {
            return;
        }
        self.make_key(kind, &sample.labels);
        if !self.means(kind, &sample.labels) {
            self.excluded.add(&self.key, kind, &sample.labels);
            return;
        }
        if let Some(group) = self.group(kind, &sample.labels) {
            let seen = Seen {
                value: sample.value,
                timestamp: sample.timestamp,
                line: sample.line,
            };
            group.seen.insert(name, seen);
        }
    }

    fn means(&self, kind: Kind, labels: &Labels<'_>) -> bool {
        let has = |label: &str| labels.get(label).is_some_and(|value| !value.is_empty());
        // Labels that the program's metrics do not have on its own page are added by Prometheus.
        let is_exempt = kind == Kind::Process
            && !targets::TARGET.into_iter().any(has)
            && !self.selector.labels().any(has);
        is_exempt || self.selector.matches(|label| labels.get(label))
    }

    /// What tells the target of a sample apart. It is made without a new allocation: a page has many
    /// samples.
    fn make_key(&mut self, kind: Kind, labels: &Labels<'_>) {
        self.key.clear();
        self.key.push_str(match kind {
            Kind::Process => "program",
            Kind::Container => "container",
        });
        let mut push = |name: &str, value: &str| {
            for part in [name, value] {
                self.key.push('\0');
                self.key.push_str(part);
            }
        };
        match kind {
            Kind::Process => labels.iter().for_each(|(name, value)| push(name, value)),
            Kind::Container => targets::CONTAINER
                .iter()
                .for_each(|name| push(name, labels.get(name).unwrap_or_default())),
        }
    }

    /// What there is of the target of the key, which is made if it is new; none past the most.
    fn group(&mut self, kind: Kind, labels: &Labels<'_>) -> Option<&mut Group> {
        let index = match self.index.get(&self.key) {
            Some(index) => *index,
            None if self.all.len() == MAX_TARGETS || self.size > MAX_LABELS => {
                self.is_full = true;
                return None;
            }
            None => {
                self.size += self.key.len();
                self.index.insert(self.key.clone(), self.all.len());
                self.all.push(Group {
                    target: target(kind, labels),
                    kind,
                    seen: BTreeMap::new(),
                });
                self.all.len() - 1
            }
        };
        self.all.get_mut(index)
    }
}

fn target(kind: Kind, labels: &Labels<'_>) -> Target {
    match kind {
        Kind::Process => Target::program(labels.iter()),
        Kind::Container => Target::container(|label| labels.get(label)),
    }
}

impl Excluded {
    fn add(&mut self, key: &str, kind: Kind, labels: &Labels<'_>) {
        self.has_containers |= kind == Kind::Container;
        let mut hasher = FxHasher::default();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        if self.counted.len() == MAX_COUNTED || !self.counted.insert(hash) {
            return;
        }
        let target = target(kind, labels);
        let rank = match kind {
            Kind::Process if target.is_labelled() => 0,
            Kind::Process => 3,
            Kind::Container => target.rank(),
        };
        let (first, count) = &mut self.ranks[rank];
        *count += 1;
        first.insert(target);
        if first.len() > LISTED {
            first.pop_last();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counted.is_empty()
    }

    /// Whether there are containers among them.
    pub(super) fn has_containers(&self) -> bool {
        self.has_containers
    }

    /// For a message, the containers and programs alone where there are any.
    pub(super) fn list(&self) -> String {
        let rank = self.ranks.iter().find(|(_, count)| *count > 0);
        rank.map_or_else(String::new, |(first, count)| {
            let is_cut = self.counted.len() == MAX_COUNTED;
            list_of(first.iter().map(Target::to_string), *count, is_cut)
        })
    }
}

impl Group {
    /// What its metrics say. A place comes before each of their names.
    pub(super) fn figures(&self, place: impl Fn(&Seen) -> String) -> Vec<Figure> {
        let values = self.seen.iter().map(|(name, seen)| (*name, seen.value));
        let labels = match self.target == Target::default() {
            true => String::new(),
            false => self.target.to_string(),
        };
        let place = |name: &'static str| {
            let place = self.seen.get(name).map(&place).unwrap_or_default();
            format!("{place}{name}{labels}")
        };
        let values = Values {
            values: &values.collect(),
            place: &place,
        };
        values.figures(self.kind)
    }

    /// When the container was started, or before all time.
    fn started(&self) -> f64 {
        let seen = self.seen.get("container_start_time_seconds");
        seen.map_or(f64::NEG_INFINITY, |seen| seen.value)
    }
}

/// Containers, each once: of those that were started again the last one, together with what is known
/// of the container whatever its id.
pub(super) fn current(groups: Vec<Group>) -> Vec<Group> {
    let mut containers: BTreeMap<Target, Vec<Group>> = BTreeMap::new();
    for group in only_containers(groups, |group| &group.target) {
        containers
            .entry(group.target.lasting())
            .or_default()
            .push(group);
    }
    let latest = |(target, mut runs): (Target, Vec<Group>)| {
        runs.sort_by(|a, b| b.started().total_cmp(&a.started()));
        let mut runs = runs.into_iter();
        let mut last = runs.next()?;
        for undated in runs.filter(|run| run.started() == f64::NEG_INFINITY) {
            for (name, seen) in undated.seen {
                last.seen.entry(name).or_insert(seen);
            }
        }
        last.target = target;
        Some(last)
    };
    containers.into_iter().filter_map(latest).collect()
}
