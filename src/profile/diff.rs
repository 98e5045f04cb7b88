//! Which lines allocate more than they did. A wrong line is worse than none, so that whatever fell may
//! have moved: a rise counts only as far as it exceeds all that fell beside it.
//!
//! Functions are compared by their names, since lines move. Within one, a line is the one with the same
//! text, wherever it stands; else it is the only one of the whole program that allocates the same.
//!
//! Objects of less than 16 bytes without pointers share a block of 16, and a profile has only the one
//! that begins a block. Which one that is may change with code that did not. So where a profile has less
//! than was measured, blocks of 16 bytes count for a line only if it is new.

use std::collections::{BTreeMap, BTreeSet};

use super::site::{Allocation, Site};

/// The size of a block that small objects share.
const BLOCK: i64 = 16;
/// Objects an iteration that a profile may lack: figures are rounded down, and processes differ.
const SLACK: f64 = 0.25;
/// What of a rise may be missing from, or added by, the profiles.
const MOST_APART: f64 = 0.25;
/// What is less than this is noise, in objects an iteration and as a share of the rise.
const NOISE: f64 = 0.01;
/// Lines that are told.
const MOST: usize = 3;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Objects an iteration.
    Objects,
    /// Bytes an iteration.
    Bytes,
}

/// What is known of a side.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// By the profile.
    pub allocations: Vec<Allocation>,
    /// Objects an iteration as the benchmark reports them.
    pub objects: f64,
    /// What it reports of what is compared.
    pub value: f64,
}

/// The source of both sides.
pub trait Source {
    /// The text of a line, without space around it; `None` if the line is not to be named.
    fn text(&self, candidate: bool, site: &Site) -> Option<String>;
    /// Whether the baseline has a line of that text in the file of a line of the candidate.
    fn is_old(&self, site: &Site) -> bool;
}

/// A line that allocates more.
#[derive(Clone, Debug, PartialEq)]
pub struct Rise {
    /// Of the candidate.
    pub site: Site,
    /// How much more, an iteration.
    pub rise: f64,
}

/// The lines whose rise is at least `least`, the greatest first. None if the profiles do not show the
/// rise that was measured.
pub fn rises(
    baseline: &Side,
    candidate: &Side,
    measure: Measure,
    least: f64,
    source: &dyn Source,
) -> Vec<Rise> {
    let sides = [baseline, candidate];
    let measured = candidate.value - baseline.value;
    if measured.is_nan() || measured < least {
        return Vec::new();
    }
    let packed = sides.iter().any(|side| side.hides_objects());
    let counts = |one: &&Allocation| !(packed && one.size == BLOCK);
    let [old, new] = sides.map(|side| Lines::of(side, measure, counts));
    let shown = new.total() - old.total();
    let changes = changes(&old, &new, source);
    let falls = changes.iter().map(|(_, change)| (-change).max(0.0));
    let mut fallen = Fallen {
        sum: falls.sum(),
        noise: NOISE * measured,
    };
    let mut found = Vec::new();
    if packed {
        let blocks = Blocks::of(sides, source);
        // What was measured must not be less than what is told of.
        fallen.sum += blocks.gone * measure.of(BLOCK) + (shown - measured - least).max(0.0);
        let rise = measured - shown - fallen.value();
        // A block holds at most as many objects as it has bytes.
        let most = |objects: f64| objects * BLOCK as f64 * measure.of(BLOCK);
        let only = blocks
            .only_new()
            .filter(|(_, objects)| rise <= most(*objects));
        found.extend(only.map(|(site, _)| Rise { site, rise }));
    } else if (shown - measured).abs() > least.max(MOST_APART * measured.abs()) {
        return Vec::new();
    }
    found.extend(changes.into_iter().filter_map(|(site, change)| {
        let rise = change - fallen.value();
        let site = site.filter(|_| rise > 0.0)?.clone();
        Some(Rise { site, rise })
    }));
    let mut lines: BTreeMap<Site, f64> = BTreeMap::new();
    for one in found {
        *lines.entry(one.site).or_default() += one.rise;
    }
    let rise = |(site, rise)| Rise {
        site,
        rise: measure.rounded(rise, measured),
    };
    let enough = lines.into_iter().filter(|(_, rise)| *rise >= least);
    let mut rises: Vec<Rise> = enough.map(rise).collect();
    rises.sort_by(|a, b| b.rise.total_cmp(&a.rise));
    rises.truncate(MOST);
    rises
}

impl Measure {
    fn of(self, size: i64) -> f64 {
        match self {
            Measure::Objects => 1.0,
            Measure::Bytes => size as f64,
        }
    }

    /// A rise without the noise of the profiles.
    fn rounded(self, rise: f64, measured: f64) -> f64 {
        if rise > (1.0 - NOISE) * measured {
            return measured;
        }
        match self {
            Measure::Objects => (rise * 100.0).round() / 100.0,
            Measure::Bytes => rise.round(),
        }
    }
}

impl Side {
    /// Whether it allocates more objects than its profile has.
    fn hides_objects(&self) -> bool {
        let shown: f64 = self.allocations.iter().map(|one| one.objects).sum();
        let hidden = self.objects - shown;
        hidden.is_nan() || hidden > SLACK
    }
}

/// What fell, and may have moved.
#[derive(Clone, Copy)]
struct Fallen {
    sum: f64,
    noise: f64,
}

impl Fallen {
    fn value(self) -> f64 {
        if self.sum < self.noise { 0.0 } else { self.sum }
    }
}

/// A function; `None` for all that is of no own one.
type Name = Option<(String, String)>;
/// How a line allocates: by which functions, and objects of which size.
type Shape = BTreeSet<(Vec<String>, i64)>;

/// What each line of a side allocates.
struct Lines {
    by_function: BTreeMap<Name, BTreeMap<Option<Site>, (f64, Shape)>>,
}

impl Lines {
    fn of(side: &Side, measure: Measure, counts: impl Fn(&&Allocation) -> bool) -> Self {
        let mut by_function: BTreeMap<Name, BTreeMap<Option<Site>, (f64, Shape)>> = BTreeMap::new();
        for one in side.allocations.iter().filter(counts) {
            let name = one.site.as_ref().map(|site| site.function.clone());
            let lines = by_function.entry(name).or_default();
            let (value, shape) = lines.entry(one.site.clone()).or_default();
            *value += one.objects * measure.of(one.size);
            if one.objects > NOISE {
                shape.insert((one.by.clone(), one.size));
            }
        }
        Lines { by_function }
    }

    fn total(&self) -> f64 {
        self.by_function
            .keys()
            .map(|name| self.of_function(name))
            .sum()
    }

    fn of_function(&self, name: &Name) -> f64 {
        let lines = self.by_function.get(name);
        let values = lines.into_iter().flatten().map(|(_, (value, _))| value);
        values.sum()
    }
}

/// A line of a function on one side.
struct Line<'a> {
    site: &'a Site,
    text: Option<String>,
    value: f64,
    shape: &'a Shape,
}

fn lines<'a>(
    side: &'a Lines,
    name: &(String, String),
    candidate: bool,
    source: &dyn Source,
) -> Vec<Line<'a>> {
    let own = side.by_function.get(&Some(name.clone()));
    own.into_iter()
        .flatten()
        .filter_map(|(site, (value, shape))| {
            let site = site.as_ref()?;
            Some(Line {
                site,
                text: source.text(candidate, site),
                value: *value,
                shape,
            })
        })
        .collect()
}

/// A line of the candidate, `None` if it is not to be named, and how much more it allocates.
type Change<'a> = (Option<&'a Site>, f64);

/// What became of every line.
fn changes<'a>(old: &'a Lines, new: &'a Lines, source: &dyn Source) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    let mut left: [Vec<Line<'a>>; 2] = Default::default();
    let names: BTreeSet<&Name> = old
        .by_function
        .keys()
        .chain(new.by_function.keys())
        .collect();
    for name in names {
        let Some(own) = name else {
            changes.push((None, new.of_function(name) - old.of_function(name)));
            continue;
        };
        let mut texts: BTreeMap<Option<String>, [Vec<Line<'a>>; 2]> = BTreeMap::new();
        for (side, all) in [old, new].into_iter().enumerate() {
            for line in lines(all, own, side == 1, source) {
                texts.entry(line.text.clone()).or_default()[side].push(line);
            }
        }
        for (text, sides) in texts {
            of_text(text.is_some(), sides, &mut changes, &mut left);
        }
    }
    leave_out_alike(&mut left);
    let [old, new] = left;
    changes.extend(new.iter().map(|line| (Some(line.site), line.value)));
    changes.extend(old.iter().map(|line| (None, -line.value)));
    changes
}

/// What became of the lines of one function that have the same text. Those with nothing on the other side
/// are left.
fn of_text<'a>(
    is_known: bool,
    [old, new]: [Vec<Line<'a>>; 2],
    changes: &mut Vec<Change<'a>>,
    left: &mut [Vec<Line<'a>>; 2],
) {
    match (&old[..], &new[..]) {
        (_, []) => left[0].extend(old),
        ([], [_]) if is_known => left[1].extend(new),
        (old, [line]) if is_known => changes.push((Some(line.site), line.value - sum(old))),
        // One may be gone and another be new, but not if all others are as they were.
        (old, new) if is_known && old.len() == new.len() && others(old, new) <= 1 => {
            let pairs = old.iter().zip(new);
            changes.extend(pairs.map(|(old, new)| (Some(new.site), new.value - old.value)));
        }
        // Which of them is new nobody can tell.
        (old, new) => changes.push((None, sum(new) - sum(old))),
    }
}

/// How many lines are not what they were.
fn others(old: &[Line<'_>], new: &[Line<'_>]) -> usize {
    let pairs = old.iter().zip(new);
    pairs
        .filter(|(old, new)| !same(old.value, new.value))
        .count()
}

/// Equal but for noise.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= NOISE * a.max(1.0)
}

fn sum(lines: &[Line<'_>]) -> f64 {
    lines.iter().map(|line| line.value).sum()
}

/// A line whose text has changed, or that has moved to another function, allocates what it did, if there
/// is just one on each side that does.
fn leave_out_alike(left: &mut [Vec<Line<'_>>; 2]) {
    let is_only = |line: &Line<'_>| {
        let alike = |one: &&Line<'_>| one.shape == line.shape && same(one.value, line.value);
        left.iter()
            .all(|lines| lines.iter().filter(alike).count() == 1)
    };
    let only = [0, 1].map(|side| left[side].iter().map(is_only).collect::<Vec<bool>>());
    for (lines, only) in left.iter_mut().zip(only) {
        let mut only = only.into_iter();
        lines.retain(|_| !only.next().unwrap_or(false));
    }
}

/// The blocks that small objects share.
struct Blocks {
    /// Lines that are new, and how many blocks they begin.
    new: BTreeMap<Site, f64>,
    /// Objects an iteration that ways to allocate have had which are gone, at least.
    gone: f64,
}

impl Blocks {
    fn of(sides: [&Side; 2], source: &dyn Source) -> Self {
        type Way = (Name, Vec<String>, Option<String>);
        let mut ways: [BTreeMap<Way, (f64, Option<Site>)>; 2] = Default::default();
        for (place, side) in sides.into_iter().enumerate() {
            let blocks = side.allocations.iter();
            for one in blocks.filter(|one| one.size == BLOCK && one.objects > NOISE) {
                let site = one.site.as_ref();
                let way = (
                    site.map(|site| site.function.clone()),
                    one.by.clone(),
                    site.and_then(|site| source.text(place == 1, site)),
                );
                let known = ways[place].entry(way).or_insert((0.0, one.site.clone()));
                known.0 += one.objects;
            }
        }
        let [old, new] = ways;
        let gone = old.iter().filter(|(way, _)| !new.contains_key(way));
        let gone = gone.map(|(_, (objects, _))| objects.max(1.0)).sum();
        let added = new.into_iter().filter(|(way, _)| !old.contains_key(way));
        let added = added.filter_map(|((_, _, text), (objects, site))| {
            let site = text.and(site).filter(|site| !source.is_old(site))?;
            Some((site, objects))
        });
        let mut new: BTreeMap<Site, f64> = BTreeMap::new();
        for (site, objects) in added {
            *new.entry(site).or_default() += objects;
        }
        Blocks { new, gone }
    }

    /// The only line that can be due to what the profile does not show.
    fn only_new(self) -> Option<(Site, f64)> {
        let only = self.new.len() == 1 && self.gone <= 0.0;
        self.new.into_iter().next().filter(|_| only)
    }
}

#[cfg(test)]
mod tests;
