//! Samples sorted by whose they are.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Figure;
use super::exposition::{Labels, Sample};
use super::families::{self, Kind, LIMIT_RESOURCE, Values};
use super::selector::Selector;
use super::targets::{self, Target, only_containers};

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
    /// By name. Empty if the selector does not mean this target.
    pub(super) seen: BTreeMap<&'static str, Seen>,
}

/// Collects samples by target.
pub(super) struct Groups<'a> {
    selector: &'a Selector,
    all: Vec<Group>,
    /// Where each is in `all`, by its labels.
    index: FxHashMap<String, usize>,
    key: String,
}

impl<'a> Groups<'a> {
    pub(super) fn new(selector: &'a Selector) -> Self {
        Groups {
            selector,
            all: Vec::new(),
            index: FxHashMap::default(),
            key: String::new(),
        }
    }

    /// Programs and containers, whether they are meant or not.
    pub(super) fn split(self) -> (Vec<Group>, Vec<Group>) {
        let is_program = |group: &Group| group.kind == Kind::Process;
        self.all.into_iter().partition(is_program)
    }

    pub(super) fn add(&mut self, sample: &Sample<'_>) {
        let Some((kind, name)) = families::find(sample.name) else {
            return;
        };
        if name == LIMIT_RESOURCE && sample.labels.get("resource") != Some("memory") {
            return;
        }
        let group = self.group(kind, &sample.labels);
        let group = &mut self.all[group];
        // Labels that the program's metrics do not have on its own page are added by Prometheus.
        let is_exempt = kind == Kind::Process
            && !group.target.is_labelled()
            && !group.target.has_any(self.selector.labels());
        if is_exempt || self.selector.matches(|label| sample.labels.get(label)) {
            let seen = Seen {
                value: sample.value,
                timestamp: sample.timestamp,
                line: sample.line,
            };
            group.seen.insert(name, seen);
        }
    }

    /// Where the target of a sample is, which is made if it is new.
    fn group(&mut self, kind: Kind, labels: &Labels<'_>) -> usize {
        // The key is made without a new allocation: a page has many samples.
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
        if let Some(index) = self.index.get(&self.key) {
            return *index;
        }
        let target = match kind {
            Kind::Process => Target::program(labels.iter()),
            Kind::Container => Target::container(|label| labels.get(label)),
        };
        self.index.insert(self.key.clone(), self.all.len());
        self.all.push(Group {
            target,
            kind,
            seen: BTreeMap::new(),
        });
        self.all.len() - 1
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

/// Those that the selector means.
pub(super) fn meant(mut groups: Vec<Group>) -> Vec<Group> {
    groups.retain(|group| !group.seen.is_empty());
    groups
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
