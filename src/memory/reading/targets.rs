//! Whose figures they are: containers and programs by their labels, and which of them is meant where
//! there are several.

use std::collections::BTreeSet;
use std::fmt;

use super::selector::quoted;

/// How many are listed in a message.
pub(super) const LISTED: usize = 8;

/// The labels that tell containers apart. The instance is who counts, which tells hosts apart where a
/// container has no more than a name.
pub(super) const CONTAINER: [&str; 7] = [
    "cluster",
    "namespace",
    "pod",
    "container",
    "name",
    "id",
    "instance",
];

/// The labels that name a target, of a container or of a program that Prometheus scrapes.
pub(super) const TARGET: [&str; 8] = [
    "cluster",
    "namespace",
    "pod",
    "container",
    "name",
    "id",
    "instance",
    "job",
];

/// A container or a program, by its labels that are not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target(Vec<(String, String)>);

impl Target {
    /// The container of a sample.
    pub(super) fn container<'a>(label: impl Fn(&str) -> Option<&'a str>) -> Target {
        let is_unique = label("container").is_some_and(|name| !name.is_empty());
        Target(
            CONTAINER
                .into_iter()
                .filter(|name| !is_unique || *name != "instance")
                .filter_map(|name| Some((name, label(name).filter(|value| !value.is_empty())?)))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// The program of a sample: all its labels.
    pub(super) fn program<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> Target {
        let mut labels: Vec<(String, String)> = labels
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        labels.sort_unstable();
        Target(labels)
    }

    /// A container by its name and id.
    pub(super) fn named(name: &str, id: &str) -> Target {
        Target::container(|label| match label {
            "name" => Some(name),
            "id" => Some(id),
            _ => None,
        })
    }

    /// The value of a label.
    pub(super) fn get(&self, label: &str) -> Option<&str> {
        self.0
            .iter()
            .find_map(|(name, value)| (name == label).then_some(value.as_str()))
    }

    /// Whether its labels name a target at all.
    pub(super) fn is_labelled(&self) -> bool {
        TARGET.iter().any(|label| self.get(label).is_some())
    }

    /// The pod, with its cluster and namespace.
    fn pod(&self) -> Option<[String; 3]> {
        self.get("pod")?;
        let part = |label| self.get(label).unwrap_or_default().to_owned();
        Some(["cluster", "namespace", "pod"].map(part))
    }

    /// The container that stays the same when it is started again, unlike its id.
    pub(super) fn lasting(&self) -> Target {
        match self.get("container").is_some() {
            true => Target(
                self.0
                    .iter()
                    .filter(|(name, _)| !matches!(name.as_str(), "name" | "id"))
                    .cloned()
                    .collect(),
            ),
            false => self.clone(),
        }
    }

    /// The infrastructure container that holds a pod's namespaces.
    fn is_pause(&self) -> bool {
        self.get("container") == Some("POD")
    }

    /// A control group that is no container: the machine, a slice, all pods.
    fn is_bare(&self) -> bool {
        self.get("pod").is_none() && self.get("container").is_none() && self.get("name").is_none()
    }

    /// How soon it is named in a message: containers, sums of pods, control groups, infrastructure.
    pub(super) fn rank(&self) -> usize {
        match self.get("container").or(self.get("name")) {
            _ if self.is_pause() => 3,
            Some(_) => 0,
            None if self.is_bare() => 2,
            None => 1,
        }
    }
}

/// By the labels that tell people which it is; they select it too.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redundant = |name: &str| match name {
            "name" => self.get("container").is_some(),
            "id" => self.get("container").or(self.get("name")).is_some(),
            _ => false,
        };
        let told = self.0.iter().filter(|(name, _)| !redundant(name));
        let told: Vec<String> = told
            .map(|(name, value)| format!("{name}={}", quoted(value)))
            .collect();
        write!(f, "{{{}}}", told.join(","))
    }
}

/// Leaves out what is no container of its own as long as there are others: pause containers, the
/// sums of pods whose containers are there, control groups that are none.
pub(super) fn only_containers<T>(mut all: Vec<T>, target: impl Fn(&T) -> &Target) -> Vec<T> {
    all.retain(|one| !target(one).is_pause());
    let named: BTreeSet<[String; 3]> = all
        .iter()
        .filter(|one| target(one).get("container").is_some())
        .filter_map(|one| target(one).pod())
        .collect();
    all.retain(|one| {
        let is_sum = target(one).get("container").is_none();
        !(is_sum && target(one).pod().is_some_and(|pod| named.contains(&pod)))
    });
    if all.iter().any(|one| !target(one).is_bare()) {
        all.retain(|one| !target(one).is_bare());
    }
    all
}

/// Several targets for a message: `{pod="a"}, {pod="b"} and 3 more`.
pub(super) fn listed<'a>(targets: impl Iterator<Item = &'a Target>) -> String {
    let mut all: Vec<String> = targets.map(Target::to_string).collect();
    all.sort_unstable();
    all.dedup();
    let count = all.len();
    list_of(all.into_iter(), count, false)
}

/// The first of a number of targets, which may be a lower bound.
pub(super) fn list_of(
    all: impl Iterator<Item = String>,
    count: usize,
    is_at_least: bool,
) -> String {
    let list = all.take(LISTED).collect::<Vec<_>>().join(", ");
    let least = if is_at_least { "at least " } else { "" };
    match count.saturating_sub(LISTED) {
        0 => list,
        more => format!("{list} and {least}{more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(labels: &[(&str, &str)]) -> Target {
        let get = |name: &str| {
            labels
                .iter()
                .find_map(|(own, value)| (*own == name).then_some(*value))
        };
        Target::container(get)
    }

    fn left(all: &[&[(&str, &str)]]) -> String {
        let all: Vec<Target> = all.iter().map(|labels| container(labels)).collect();
        listed(only_containers(all, |target| target).iter())
    }

    #[test]
    fn sums_and_pauses_go_where_the_containers_are_there() {
        let machine: &[_] = &[("id", "/")];
        let sum: &[_] = &[("id", "/x"), ("pod", "a"), ("container", "")];
        let other_sum: &[_] = &[("id", "/y"), ("pod", "a"), ("namespace", "other")];
        let pause: &[_] = &[("id", "/x/1"), ("pod", "a"), ("container", "POD")];
        let api: &[_] = &[
            ("id", "/x/2"),
            ("name", "d4"),
            ("pod", "a"),
            ("container", "api"),
        ];
        let named: &[_] = &[("id", "/docker/1"), ("name", "api")];
        assert_eq!(
            left(&[machine, sum, pause, api]),
            r#"{pod="a",container="api"}"#
        );
        assert_eq!(
            left(&[other_sum, api]),
            r#"{namespace="other",pod="a",id="/y"}, {pod="a",container="api"}"#
        );
        assert_eq!(left(&[machine, sum]), r#"{pod="a",id="/x"}"#);
        assert_eq!(left(&[machine, named]), r#"{name="api"}"#);
        assert_eq!(left(&[machine]), r#"{id="/"}"#);
        assert_eq!(left(&[pause]), "");
    }

    #[test]
    fn long_lists_are_cut() {
        let all: Vec<Target> = (0..20)
            .map(|n| Target::named(&format!("c{n:02}"), ""))
            .collect();
        let list = listed(all.iter());
        assert!(
            list.starts_with(r#"{name="c00"}, "#) && list.ends_with(r#"{name="c07"} and 12 more"#)
        );
    }
}
