//! One reading of several replicas: what makes them replicas of one thing, and which of them is shown.
//!
//! Figure by figure the worst counts, except where replicas have different limits: a working set says
//! nothing beside the limit of another replica.

use std::collections::BTreeMap;

use super::super::groups::Group;
use super::super::targets::Target;
use super::super::{Bound, Figure, Word};

/// How many values are listed in a message.
const LISTED: usize = 8;

/// Containers and programs that are there at one time.
pub(super) struct Replicas {
    pub(super) programs: Vec<Group>,
    pub(super) containers: Vec<Group>,
}

/// A label that tells apart what are no replicas of each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mixture {
    /// `containers` or `programs`.
    pub(super) what: &'static str,
    pub(super) label: &'static str,
    /// The values that it has, one of each kind.
    pub(super) values: Vec<String>,
}

/// What replicas of a container have in common, by label.
pub(super) type Kind = [(&'static str, String); 3];

/// What containers and programs that are there have in common.
#[derive(Default)]
pub(super) struct Kinds {
    pub(super) container: Option<Kind>,
    program: Option<[(&'static str, String); 2]>,
}

impl Mixture {
    /// Some of the values: `container="api", container="proxy" and 3 more`.
    pub(super) fn list(&self) -> String {
        let shown: Vec<String> = self
            .values
            .iter()
            .take(LISTED)
            .map(|value| format!("{}={}", self.label, super::quoted(value)))
            .collect();
        let list = shown.join(", ");
        match self.values.len().saturating_sub(LISTED) {
            0 => list,
            more => format!("{list} and {more} more"),
        }
    }
}

/// What all of these containers have in common.
///
/// # Errors
///
/// If they are no replicas of one container.
pub(super) fn kind_of_containers<'a>(
    targets: impl Iterator<Item = &'a Target>,
) -> Result<Option<Kind>, Mixture> {
    common("containers", targets, container)
}

/// What a container has in common with its replicas. Where it has no more than a name, the number of
/// the replica is in it.
pub(super) fn container(target: &Target) -> Kind {
    let label = |name| target.get(name).unwrap_or_default();
    let (own, name, id) = match (label("container"), label("name"), label("pod")) {
        ("", "", "") => ("", "", label("id")),
        ("", name, _) => ("", name, ""),
        (own, _, _) => (own, "", ""),
    };
    [
        ("container", own.to_owned()),
        ("name", without_number(name).to_owned()),
        ("id", id.to_owned()),
    ]
}

fn program(target: &Target) -> [(&'static str, String); 2] {
    // The container first: a job of a program does not select what counts its container.
    ["container", "job"].map(|label| (label, target.get(label).unwrap_or_default().to_owned()))
}

/// `shop-api-2`, `shop_api_2` and `shop_api.2.k3x9` without what follows `api`.
fn without_number(name: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((stem, rest)) = name.split_once('.') {
        let number = rest.split('.').next().unwrap_or_default();
        return if is_number(number) { stem } else { name };
    }
    match name.rsplit_once(['-', '_']) {
        Some((stem, number)) if is_number(number) => stem,
        _ => name,
    }
}

fn common<'a, const N: usize>(
    what: &'static str,
    targets: impl Iterator<Item = &'a Target>,
    kind: impl Fn(&Target) -> [(&'static str, String); N],
) -> Result<Option<[(&'static str, String); N]>, Mixture> {
    let mut kinds = BTreeMap::new();
    for target in targets {
        kinds.entry(kind(target)).or_insert(target);
    }
    let Some(first) = kinds.keys().next().cloned() else {
        return Ok(None);
    };
    let differs = |at: &usize| kinds.keys().any(|kind| kind[*at] != first[*at]);
    let Some(at) = (0..N).find(differs) else {
        return Ok(Some(first));
    };
    let label = first[at].0;
    let values: BTreeMap<&str, &str> = kinds
        .iter()
        .map(|(kind, target)| (kind[at].1.as_str(), target.get(label).unwrap_or_default()))
        .collect();
    Err(Mixture {
        what,
        label,
        values: values.into_values().map(str::to_owned).collect(),
    })
}

impl Replicas {
    pub(super) fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.containers.is_empty()
    }

    /// Takes those of these kinds, and tells which they are.
    ///
    /// # Errors
    ///
    /// If there are several.
    pub(super) fn of_one_kind(&mut self, kinds: &Kinds) -> Result<Kinds, Mixture> {
        let is_container = |group: &Group| group.target.get("container").is_some();
        // The sum of a pod is no replica of a container in another.
        if self.containers.iter().any(is_container) {
            let is_sum = |group: &Group| group.target.get("pod").is_some() && !is_container(group);
            self.containers.retain(|group| !is_sum(group));
        }
        if let Some(kind) = &kinds.container {
            self.containers
                .retain(|group| container(&group.target) == *kind);
        }
        if let Some(kind) = &kinds.program {
            self.programs
                .retain(|group| program(&group.target) == *kind);
        }
        let program = common("programs", targets(&self.programs), program)?;
        let container = kind_of_containers(targets(&self.containers))?;
        Ok(Kinds { container, program })
    }

    /// The replica that is nearest to its limit, if their limits differ. One without a limit comes
    /// before all others, and greater figures of the past count too.
    pub(super) fn nearest(&self, peaks: &[(Target, f64)]) -> Option<Target> {
        let figures: Vec<_> = self.containers.iter().map(figures).collect();
        let limit = |own: &BTreeMap<Word, Figure>| own.get(&Word::Limit).map(|limit| limit.value);
        let limits: Vec<f64> = figures.iter().filter_map(limit).collect();
        let least = limits.iter().copied().min_by(f64::total_cmp)?;
        if limits.iter().all(|limit| *limit <= least) {
            return None;
        }
        let rank = |group: &Group, own: &BTreeMap<Word, Figure>| {
            let now = [Word::WorkingSet, Word::Usage, Word::Anonymous];
            let now = now.iter().find_map(|word| own.get(word));
            let past = peaks.iter().filter(|(target, _)| *target == group.target);
            let need = past
                .map(|(_, peak)| *peak)
                .chain(now.map(|figure| figure.value))
                .fold(0.0, f64::max);
            // Where nobody tells its limit, it is no greater than necessary.
            match limit(own).unwrap_or(least) {
                limit if limit.is_infinite() => (true, need),
                limit => (false, need / limit),
            }
        };
        self.containers
            .iter()
            .zip(&figures)
            .map(|(group, own)| (rank(group, own), group))
            .max_by(|((a, x), _), ((b, y), _)| a.cmp(b).then(x.total_cmp(y)))
            .map(|(_, group)| group.target.clone())
    }

    /// One figure a word: that of the worst replica, or all together where they are counters. Of a
    /// replica that is chosen all is shown.
    pub(super) fn figures(&self, chosen: Option<&Target>) -> Vec<Figure> {
        let program = chosen.filter(|chosen| {
            // Not every server gives programs the labels of their pods.
            self.programs
                .iter()
                .any(|group| is_in_pod_of(&group.target, chosen))
        });
        let mut figures = worst(&self.programs, |target| {
            program.is_none_or(|chosen| is_in_pod_of(target, chosen))
        });
        figures.extend(worst(&self.containers, |target| {
            chosen.is_none_or(|chosen| target == chosen)
        }));
        figures
    }
}

fn targets(groups: &[Group]) -> impl Iterator<Item = &Target> {
    groups.iter().map(|group| &group.target)
}

fn is_in_pod_of(program: &Target, container: &Target) -> bool {
    program.get("pod").is_some()
        && ["namespace", "pod"]
            .iter()
            .all(|label| program.get(label) == container.get(label))
}

/// The figures of one replica, one a word.
fn figures(group: &Group) -> BTreeMap<Word, Figure> {
    let mut own = BTreeMap::new();
    for figure in group.figures(|_| String::new()) {
        own.entry(figure.word).or_insert(figure);
    }
    own
}

/// How the figures of several replicas become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Greatest,
    /// For bounds: none at all is worse than any.
    LeastUnlessNone,
    Sum,
}

fn way(word: Word) -> Way {
    match word {
        Word::Limit => Way::LeastUnlessNone,
        Word::GcCpu | Word::UsedCpu | Word::AllocatedTotal | Word::LimitHits => Way::Sum,
        // A GOMEMLIMIT that one replica lacks, or has greater than the others, is the one that hurts.
        _ => Way::Greatest,
    }
}

fn worst(groups: &[Group], is_chosen: impl Fn(&Target) -> bool) -> Vec<Figure> {
    let mut words: BTreeMap<Word, Vec<(bool, Figure)>> = BTreeMap::new();
    for group in groups {
        let is_chosen = is_chosen(&group.target);
        for (word, figure) in figures(group) {
            words.entry(word).or_default().push((is_chosen, figure));
        }
    }
    let one = |(word, mut all): (Word, Vec<(bool, Figure)>)| {
        let way = way(word);
        let count = all.len();
        let is_setting = matches!(word, Word::Gomemlimit | Word::Gogc);
        let is_of_all = way == Way::Sum
            || word == Word::Started
            || (is_setting && all.iter().any(|(_, figure)| figure.value.is_infinite()));
        if !is_of_all {
            all.retain(|(is_chosen, _)| *is_chosen);
        }
        if all.len() < count {
            let chosen = combined(all.into_iter().map(|(_, figure)| figure).collect(), way)?;
            let remark =
                format!("of {count} replicas with different limits the one nearest to its limit");
            return Some(remarked(chosen, remark));
        }
        combined(all.into_iter().map(|(_, figure)| figure).collect(), way)
    };
    words.into_iter().filter_map(one).collect()
}

fn combined(mut all: Vec<Figure>, way: Way) -> Option<Figure> {
    all.sort_by(|a, b| a.value.total_cmp(&b.value));
    let count = all.len();
    let sum: f64 = all.iter().map(|figure| figure.value).sum();
    let bounds: Vec<Bound> = all.iter().map(|figure| figure.bound).collect();
    let is_unbounded = all.last().is_some_and(|figure| figure.value.is_infinite());
    let (chosen, remark) = match way {
        Way::LeastUnlessNone if !is_unbounded => (all.into_iter().next()?, "the least"),
        Way::LeastUnlessNone | Way::Greatest => (all.pop()?, "the greatest"),
        Way::Sum => {
            let only = |bound| bounds.iter().all(|own| [Bound::Exact, bound].contains(own));
            let bound = [Bound::Exact, Bound::AtMost, Bound::AtLeast]
                .into_iter()
                .find(|bound| only(*bound));
            let chosen = Figure {
                value: sum,
                bound: bound.unwrap_or(Bound::Doubtful),
                ..all.pop()?
            };
            (chosen, "the sum")
        }
    };
    match count {
        1 => Some(chosen),
        _ => Some(remarked(chosen, format!("{remark} of {count} series"))),
    }
}

/// A figure with one more remark.
pub(super) fn remarked(figure: Figure, remark: String) -> Figure {
    Figure {
        remark: Some(match &figure.remark {
            Some(own) => format!("{own}; {remark}"),
            None => remark,
        }),
        ..figure
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_replica_is_no_part_of_its_name() {
        for (name, stem) in [
            ("shop-api-2", "shop-api"),
            ("shop_api_12", "shop_api"),
            ("shop_api.1.k3x9", "shop_api"),
            ("api", "api"),
            ("api-v2", "api-v2"),
            ("shop.example", "shop.example"),
        ] {
            assert_eq!(without_number(name), stem);
        }
    }

    #[test]
    fn what_differs_is_told() {
        let named = ["api-1", "api-2", "db-1"].map(|name| Target::named(name, ""));
        assert!(kind_of_containers(named[..2].iter()).is_ok());
        let mixture = kind_of_containers(named.iter()).unwrap_err();
        assert_eq!(mixture.list(), r#"name="api-1", name="db-1""#);
        let bare = ["/a", "/b"].map(|id| Target::named("", id));
        assert_eq!(kind_of_containers(bare.iter()).unwrap_err().label, "id");
        let many: Vec<Target> = ('a'..='k')
            .map(|name| Target::named(&name.to_string(), ""))
            .collect();
        let list = kind_of_containers(many.iter()).unwrap_err().list();
        assert!(list.ends_with(r#"name="h" and 3 more"#), "{list}");
    }
}
