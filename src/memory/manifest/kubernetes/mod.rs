//! Objects of Kubernetes. Whatever holds a pod is found by its shape, so that an Argo Rollout and a
//! Knative Service are read like a Deployment.

mod environment;
mod objects;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use self::environment::Environment;
use self::objects::Objects;
use super::declaration::{self, Declaration, Words};
use super::node::{Node, Value};
use super::variable::{self, NOT_SET, Variable, printable, set_to};
use super::{Found, ManifestError, ManifestKind, Place, Source};
use crate::memory::amount::{self, Limit};
use crate::memory::declared::{Declared, Role};

/// Where a pod is declared in what makes it.
const POD_SPECS: [&[&str]; 4] = [
    &["spec"],
    &["spec", "template", "spec"],
    &["spec", "jobTemplate", "spec", "template", "spec"],
    &["template", "spec"],
];

/// What a LimitRange gives as the limit, as the API fills it in.
const DEFAULT_LIMIT: &[&str] = &["default", "max"];

/// What it gives as the request.
const DEFAULT_REQUEST: &[&str] = &["defaultRequest", "default", "max", "min"];

/// Whether a document is an object of Kubernetes.
pub(super) fn is_object(document: &Node) -> bool {
    document.text_of("apiVersion").is_some() && document.text_of("kind").is_some()
}

/// Reads the containers of all workloads, by file.
pub(super) fn read(files: &[&Source<'_>]) -> Vec<Found> {
    let objects = Objects::new(files.iter().copied());
    let mut not_given = HashSet::new();
    let read = objects.all.iter().map(|file| {
        let mut found = Found::default();
        for object in file {
            for spec in POD_SPECS.iter().filter_map(|path| object.node.path(path)) {
                let pod = Pod {
                    place: object.place,
                    objects: &objects,
                    object: object.node,
                    spec,
                };
                pod.read(&mut found, &mut not_given);
            }
        }
        found
    });
    read.collect()
}

/// That there is no container in the objects, if there are any files of them.
pub(super) fn not_empty(files: &[Source<'_>]) -> Result<(), ManifestError> {
    let of_kubernetes = |file: &&Source<'_>| file.kind == ManifestKind::Kubernetes;
    let Some(first) = files.iter().find(of_kubernetes) else {
        return Ok(());
    };
    let objects = Objects::new(files.iter().filter(of_kubernetes));
    let kinds = objects.kinds().into_iter().take(12);
    let kinds: Vec<_> = kinds.map(printable).collect();
    let others = match objects.all.len() - 1 {
        0 => String::new(),
        1 => ", and neither does the other manifest".to_owned(),
        others => format!(", and neither do the {others} other manifests"),
    };
    Err(first.place.error(if kinds.is_empty() {
        format!("holds no object of Kubernetes{others}: apiVersion and kind are missing")
    } else {
        format!(
            "holds no container{others}: the objects are of kind {}; \
             give the file of a workload, such as a Deployment",
            kinds.join(", ")
        )
    }))
}

/// The scalar of a quantity. YAML writes whole numbers in ways of its own, which are gone when they
/// reach the API: `0x20000000`, `536_870_912`.
fn quantity(node: &Node, place: Place<'_>) -> Variable {
    if let Value::Scalar { text, plain: true } = &node.value
        && let Some(number) = yaml_integer(text)
    {
        return set_to(number.to_string(), text, place.at(node.line));
    }
    variable::scalar(node, place)
}

/// The whole number that a scalar without quotes is to the YAML of Kubernetes.
fn yaml_integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) if text.starts_with('-') => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text),
    };
    let digits = digits.replace('_', "");
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, &*digits),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

/// A pod, and the object that makes it.
struct Pod<'a> {
    place: Place<'a>,
    objects: &'a Objects<'a>,
    object: &'a Node,
    spec: &'a Node,
}

impl<'a> Pod<'a> {
    fn read(&self, found: &mut Found, not_given: &mut HashSet<String>) {
        let main = self.spec.items_of("containers");
        let init = self.spec.items_of("initContainers");
        let with_roles = init
            .map(|container| match container.text_of("restartPolicy") {
                Some("Always") => (container, Role::Sidecar),
                _ => (container, Role::Init),
            })
            .chain(main.map(|container| (container, Role::Main)));
        let before = found.containers.len();
        for (container, role) in with_roles {
            let environment = Environment::new(self, container);
            for (name, line) in environment.not_given() {
                if not_given.insert(name.to_owned()) {
                    found.remarks.push(format!(
                        "{}: the {} was not given: {NOT_SET}",
                        self.place.at(line),
                        printable(name)
                    ));
                }
            }
            let words = |key| {
                let node = container.get(key)?;
                let words: Vec<_> = environment.words(node).collect();
                let at = self.place.at(node.line);
                (!words.is_empty()).then_some(Words { words, at })
            };
            found.containers.push(Declaration {
                name: printable(container.text_of("name").unwrap_or("(unnamed)")),
                workload: printable(&self.workload()),
                role,
                at: self.place.at(container.line),
                image: container.text_of("image").map(printable),
                limit: self.limit(container),
                entrypoint: words("command"),
                arguments: words("args"),
                environment: declaration::Environment::new(|name| environment.get(name)),
            });
        }
        let long = |declaration: &&Declaration| declaration.role != Role::Init;
        let sharing = found.containers[before..].iter().filter(long).count();
        if let Declared::Set { text, at, .. } = self.shared()
            && sharing > 1
        {
            found.remarks.push(format!(
                "{at}: {sharing} containers share the limit {} of {}",
                printable(&text),
                printable(&self.workload())
            ));
        }
    }

    /// `Deployment/shop`.
    fn workload(&self) -> String {
        let kind = self.object.text_of("kind").unwrap_or("object");
        let name = self.object.get("metadata").and_then(|metadata| {
            metadata
                .text_of("name")
                .or_else(|| metadata.text_of("generateName"))
        });
        match name {
            Some(name) => format!("{kind}/{name}"),
            None => kind.to_owned(),
        }
    }

    /// The limit of a container: its own, or the default of the namespace, and in any case no more
    /// than that of its pod.
    fn limit(&self, container: &Node) -> Declared<Limit> {
        let own = self.own(container, "limits");
        let own = match self.shared() {
            Declared::Absent => own.or(self.objects.default_limit(self.object, DEFAULT_LIMIT)),
            _ => own,
        };
        let own = variable::bytes(own, amount::kubernetes);
        own.least(variable::bytes(self.shared(), amount::kubernetes))
    }

    /// The limit of the pod, which its containers share.
    fn shared(&self) -> Variable {
        self.own(self.spec, "limits")
    }

    /// What a container asks for: if it says nothing, its limit, or the default of the namespace.
    fn request(&self, container: &Node) -> Variable {
        self.own(container, "requests")
            .or(self.own(container, "limits"))
            .or(self.objects.default_limit(self.object, DEFAULT_REQUEST))
    }

    /// The memory under the resources of a container or pod.
    fn own(&self, node: &Node, what: &str) -> Variable {
        node.path(&["resources", what, "memory"])
            .map_or(Declared::Absent, |node| quantity(node, self.place))
    }

    /// The container of a name.
    fn container(&self, name: &str) -> Option<&'a Node> {
        ["containers", "initContainers"]
            .into_iter()
            .flat_map(|key| self.spec.items_of(key))
            .find(|container| container.text_of("name") == Some(name))
    }
}
