//! Objects of Kubernetes. Whatever holds a pod is found by its shape, so that an Argo Rollout and a
//! Knative Service are read like a Deployment.

mod environment;
mod objects;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::memory::amount::Gogc;
    use crate::memory::declared::Container;
    use crate::memory::manifest::node;

    const MI: u64 = 1 << 20;

    fn containers(text: &str) -> Result<Vec<Container>, String> {
        Ok(found(text)?
            .containers
            .iter()
            .map(Declaration::container)
            .collect())
    }

    fn found(text: &str) -> Result<Found, String> {
        let place = Place("d.yaml");
        let source = Source {
            place,
            kind: ManifestKind::Kubernetes,
            text,
            documents: node::documents(place, text).map_err(|error| error.to_string())?,
        };
        let found = read(&[&source]).remove(0);
        if found.containers.is_empty() {
            not_empty(&[source]).map_err(|error| error.to_string())?;
        }
        Ok(found)
    }

    /// A container of a pod, with other documents behind it.
    fn container(body: &str, others: &str) -> Container {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: a\n{body}\n{others}"
        );
        containers(&text).unwrap().swap_remove(0)
    }

    fn environment(entries: &str, others: &str) -> Container {
        container(
            &format!(
                "    resources: {{limits: {{memory: 1Gi}}, requests: {{memory: 1000}}}}\n{entries}"
            ),
            others,
        )
    }

    fn unknown_because(limit: &Declared<Limit>, part: &str) -> bool {
        matches!(limit, Declared::Unknown { why, .. } if why.contains(part))
    }

    fn invalid_because(limit: &Declared<Limit>, part: &str) -> bool {
        matches!(limit, Declared::Invalid { why, .. } if why.contains(part))
    }

    const CONFIG: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {GOMEMLIMIT: 512MiB, limit: 256MiB, X: '512'}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {OTHER: x}
data: {key: eA==}
";

    #[test]
    fn workloads_are_found_by_their_shape() {
        let pod = "containers: [{name: a}]";
        for (kind, body) in [
            ("Pod", format!("spec: {{{pod}}}")),
            (
                "Deployment",
                format!("spec: {{template: {{spec: {{{pod}}}}}}}"),
            ),
            (
                "Rollout",
                format!("spec: {{template: {{spec: {{{pod}}}}}}}"),
            ),
            (
                "CronJob",
                format!("spec: {{jobTemplate: {{spec: {{template: {{spec: {{{pod}}}}}}}}}}}"),
            ),
            ("PodTemplate", format!("template: {{spec: {{{pod}}}}}")),
        ] {
            let text = format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\n{body}\n");
            let found = containers(&text).unwrap();
            assert_eq!(found.len(), 1, "{kind}");
            assert_eq!(found[0].workload, format!("{kind}/x"));
            assert_eq!(found[0].at, "d.yaml:4");
        }
        let list = "\
apiVersion: v1
kind: List
items:
- kind: Service
- kind: Job
  metadata: {generateName: x-}
  spec:
    template:
      spec:
        initContainers:
        - name: i
        - name: s
          restartPolicy: Always
        containers:
        - name: m
        ephemeralContainers: [{name: e}]
";
        let found = containers(list).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|c| (&*c.name, c.role, &*c.workload))
            .collect();
        assert_eq!(
            found,
            [
                ("i", Role::Init, "Job/x-"),
                ("s", Role::Sidecar, "Job/x-"),
                ("m", Role::Main, "Job/x-")
            ]
        );
        let error =
            containers("apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: ConfigMap\n");
        assert!(
            error
                .unwrap_err()
                .contains("the objects are of kind ConfigMap, Service;")
        );
        assert!(
            containers("a: b")
                .unwrap_err()
                .contains("holds no object of Kubernetes")
        );
    }

    #[test]
    fn limits() {
        let range = "---\napiVersion: v1\nkind: LimitRange\nspec:\n  limits:\n  - {type: Pod, default: {memory: 1Ki}}\n  - {type: Container, default: {memory: 64Mi}}\n";
        let whole = "  resources: {limits: {memory: 1Gi}}\n";
        for (body, others, limit) in [
            (
                "    resources: {limits: {memory: 512Mi}}",
                whole,
                Some(Limit::Bytes(512 * MI)),
            ),
            (
                "    resources: {limits: {memory: 536870912}}",
                "",
                Some(Limit::Bytes(512 * MI)),
            ),
            (
                "    resources: {limits: {memory: 1e9}}",
                "",
                Some(Limit::Bytes(1_000_000_000)),
            ),
            (
                "    resources: {limits: {memory: 0}}",
                range,
                Some(Limit::Unlimited),
            ),
            (
                "    resources: {limits: {memory: 2Gi}}",
                whole,
                Some(Limit::Bytes(1024 * MI)),
            ),
            (
                "    resources: {limits: {memory: 0x20000000}}",
                "",
                Some(Limit::Bytes(512 * MI)),
            ),
            (
                "    resources: {limits: {memory: 536_870_912}}",
                "",
                Some(Limit::Bytes(512 * MI)),
            ),
            (
                "    image: b",
                &range.replace("default: {memory: 64Mi}", "max: {memory: 32Mi}"),
                Some(Limit::Bytes(32 * MI)),
            ),
            (
                "    image: b",
                &range.replace(
                    "default: {memory: 64Mi}",
                    "default: {memory: 16Mi}, max: {memory: 32Mi}",
                ),
                Some(Limit::Bytes(16 * MI)),
            ),
            (
                "    resources: {limits: {memory: }}",
                whole,
                Some(Limit::Bytes(1024 * MI)),
            ),
            (
                "    resources: {requests: {memory: 1Gi}}",
                range,
                Some(Limit::Bytes(64 * MI)),
            ),
            ("    resources: {requests: {memory: 1Gi}}", "", None),
            (
                "    image: b",
                &range.replace("spec:", "metadata: {namespace: n}\nspec:"),
                None,
            ),
        ] {
            let found = container(body, others).limit;
            assert_eq!(found.value(), limit.as_ref(), "{body}: {found:?}");
        }
        let limit = |text| {
            container(
                &format!("    resources: {{limits: {{memory: {text}}}}}"),
                "",
            )
            .limit
        };
        assert_eq!(limit("512Mi").at(), Some("d.yaml:7"));
        assert!(invalid_because(&limit("512m"), "`512m` is 0.512 byte"));
        assert!(invalid_because(&limit("[1]"), "a list stands"));
        assert!(unknown_because(&limit("'{{ .Values.memory }}'"), "`{{`"));
        assert!(unknown_because(&limit("'${MEMORY}'"), "`${`"));
    }

    #[test]
    fn environments() {
        for (entries, mebibytes) in [
            ("    env: [{name: GOMEMLIMIT, value: 512MiB}]", 512),
            ("    env: [{name: GOMEMLIMIT, value: '536870912'}]", 512),
            (
                "    env: [{name: GOMEMLIMIT, value: 1MiB}, {name: GOMEMLIMIT, value: 512MiB}]",
                512,
            ),
            (
                "    env: [{name: L, value: '512'}, {name: GOMEMLIMIT, value: $(L)MiB}]",
                512,
            ),
            ("    envFrom: [{configMapRef: {name: c}}]", 512),
            (
                "    envFrom: [{configMapRef: {name: c}}]\n    env: [{name: GOMEMLIMIT, value: $(X)MiB}]",
                512,
            ),
            (
                "    envFrom: [{configMapRef: {name: c}}, {secretRef: {name: s}}]",
                512,
            ),
            (
                "    envFrom: [{configMapRef: {name: c}}]\n    env: [{name: GOMEMLIMIT, value: 256MiB}]",
                256,
            ),
            (
                "    envFrom: [{secretRef: {name: hidden}}]\n    env: [{name: GOMEMLIMIT, value: 256MiB}]",
                256,
            ),
            (
                "    envFrom: [{prefix: P_, secretRef: {name: hidden}}, {configMapRef: {name: c}}]",
                512,
            ),
            (
                "    env: [{name: GOMEMLIMIT, valueFrom: {configMapKeyRef: {name: c, key: limit}}}]",
                256,
            ),
            (
                "    env: [{name: GOMEMLIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}]",
                1024,
            ),
            (
                "    env: [{name: GOMEMLIMIT, valueFrom: {resourceFieldRef: {containerName: a, resource: limits.memory, divisor: '0'}}}]",
                1024,
            ),
            (
                "    command: [env, GOMEMLIMIT=256MiB, app]\n    env: [{name: GOMEMLIMIT, value: 512MiB}]",
                256,
            ),
            (
                "    args: [env, GOMEMLIMIT=256MiB, app]\n    env: [{name: GOMEMLIMIT, value: 512MiB}]",
                256,
            ),
            (
                "    command: [sh, -c]\n    args: ['GOMEMLIMIT=256MiB exec app']",
                256,
            ),
            (
                "    envFrom: [{configMapRef: {name: c}}]\n    env: [{name: GOMEMLIMIT, valueFrom: {configMapKeyRef: {name: c, key: none, optional: true}}}]",
                512,
            ),
        ] {
            let limit = environment(entries, CONFIG).gomemlimit;
            assert_eq!(
                limit.value(),
                Some(&Limit::Bytes(mebibytes * MI)),
                "{entries}: {limit:?}"
            );
        }
        let field = |field| {
            environment(
                &format!(
                    "    env: [{{name: GOMEMLIMIT, valueFrom: {{resourceFieldRef: {{{field}}}}}}}]"
                ),
                "",
            )
            .gomemlimit
        };
        assert_eq!(
            field("resource: limits.memory, divisor: 1Mi").value(),
            Some(&Limit::Bytes(1024))
        );
        assert_eq!(
            field("resource: requests.memory, divisor: 300").value(),
            Some(&Limit::Bytes(4))
        );
        assert!(unknown_because(
            &field("resource: limits.cpu"),
            "`limits.cpu`"
        ));
        assert!(invalid_because(
            &field("resource: limits.memory, containerName: b"),
            "no container `b`"
        ));
        let set = environment(
            "    env: [{name: GOGC, value: 'off'}, {name: AUTOMEMLIMIT, value: '0.9'}]",
            "",
        );
        assert_eq!(set.gogc.value(), Some(&Gogc::Off));
        assert_eq!(set.automemlimit.value().map(String::as_str), Some("0.9"));
        let at = environment("    envFrom: [{configMapRef: {name: c}}]", CONFIG).gomemlimit;
        assert_eq!(at.at(), Some("d.yaml:13"));
    }

    #[test]
    fn what_is_not_known() {
        for (entries, part) in [
            (
                "    envFrom: [{configMapRef: {name: d}}]",
                "ConfigMap `d`, which was not given",
            ),
            (
                "    envFrom: [{configMapRef: {name: c}}, {secretRef: {name: d}}]",
                "Secret `d`, which was not given",
            ),
            (
                "    env: [{name: GOMEMLIMIT, valueFrom: {secretKeyRef: {name: s, key: key}}}]",
                "it comes from a Secret",
            ),
            (
                "    env: [{name: GOMEMLIMIT, valueFrom: {secretKeyRef: {name: d, key: key, optional: true}}}]",
                "Secret `d`",
            ),
            (
                "    env: [{name: GOMEMLIMIT, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]",
                "`fieldRef`",
            ),
            (
                "    env: [{name: GOMEMLIMIT, value: '{{ .limit }}'}]",
                "`{{`",
            ),
            (
                "    env: [{name: L, valueFrom: {secretKeyRef: {name: s, key: key}}}, {name: GOMEMLIMIT, value: $(L)}]",
                "refers to `L`",
            ),
            (
                "    env: [{name: L, valueFrom: {secretKeyRef: {name: s, key: key}}}]\n    command: [env, GOMEMLIMIT=$(L), a]",
                "`${`",
            ),
        ] {
            let limit = environment(entries, CONFIG).gomemlimit;
            assert!(unknown_because(&limit, part), "{entries}: {limit:?}");
        }
        let plain = container(
            "    env: [{name: GOMEMLIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}]",
            "",
        );
        assert!(unknown_because(&plain.gomemlimit, "memory of the node"));
        for (entries, part) in [
            (
                "    env: [{name: GOMEMLIMIT, value: 536870912}]",
                "write \"536870912\"",
            ),
            ("    env: [{name: GOMEMLIMIT, value: off}]", "write \"off\""),
            (
                "    env: [{name: GOMEMLIMIT, value: 512Mi}]",
                "write `512MiB`",
            ),
            ("    env: [{name: GOMEMLIMIT, value: $(NONE)}]", "`$(NONE)`"),
            ("    env: [{name: GOMEMLIMIT, value: $$(X)}]", "`$(X)`"),
            (
                "    env: [{name: GOMEMLIMIT, valueFrom: {configMapKeyRef: {name: c, key: none}}}]",
                "has no key `none`",
            ),
        ] {
            let limit = environment(entries, CONFIG).gomemlimit;
            assert!(invalid_because(&limit, part), "{entries}: {limit:?}");
        }
    }

    #[test]
    fn what_is_not_looked_at_is_said_once() {
        let text = "\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  resources: {limits: {memory: 1Gi}}
  containers:
  - name: a
    envFrom: [{secretRef: {name: db}}]
    env: [{name: GOMEMLIMIT, value: 512MiB}]
  - name: b
    envFrom: [{secretRef: {name: db}}]
";
        let found = found(text).unwrap();
        assert_eq!(
            found.remarks,
            [
                "d.yaml:8: the Secret `db` was not given: GOGC and AUTOMEMLIMIT are taken not to be set there",
                "d.yaml:5: 2 containers share the limit 1Gi of Pod/p",
            ]
        );
        let [a, b] = [0, 1].map(|index: usize| found.containers[index].container());
        assert_eq!(a.gomemlimit.value(), Some(&Limit::Bytes(512 * MI)));
        assert!(unknown_because(&b.gomemlimit, "Secret `db`"));
        assert_eq!(
            (a.gogc, b.automemlimit),
            (Declared::Absent, Declared::Absent)
        );
    }

    #[test]
    fn a_chain_of_references_names_its_root() {
        let mut entries =
            "    env:\n    - {name: V0, valueFrom: {secretKeyRef: {name: s, key: k}}}\n".to_owned();
        for number in 1..2_000 {
            entries += &format!("    - {{name: V{number}, value: $(V{})}}\n", number - 1);
        }
        entries += "    - {name: GOMEMLIMIT, value: $(V1999)}\n";
        let limit = environment(&entries, "").gomemlimit;
        assert!(
            unknown_because(&limit, "it refers to `V0`: it comes from the Secret `s`"),
            "{limit:?}"
        );
    }
}
