//! Objects of Kubernetes. Whatever holds a pod is found by its shape, so that an Argo Rollout and a
//! Knative Service are read like a Deployment.

mod environment;
mod objects;

use std::collections::BTreeSet;
use std::rc::Rc;

use self::environment::Environment;
use self::objects::Objects;
use super::node::Node;
use super::variable::{self, Variable};
use super::{Found, ManifestError, Place, command};
use crate::memory::amount;
use crate::memory::declared::{Declared, Role};

/// Where a pod is declared in what makes it.
const POD_SPECS: [&[&str]; 4] = [
    &["spec"],
    &["spec", "template", "spec"],
    &["spec", "jobTemplate", "spec", "template", "spec"],
    &["template", "spec"],
];

/// Whether a document is an object of Kubernetes.
pub(super) fn is_object(document: &Node) -> bool {
    document.text_of("apiVersion").is_some() && document.text_of("kind").is_some()
}

/// Reads the containers of all workloads.
pub(super) fn read(place: Place<'_>, documents: &[Rc<Node>]) -> Result<Found, ManifestError> {
    let objects = Objects::new(place, documents);
    let mut found = Found::default();
    for object in objects.all() {
        for pod in POD_SPECS.iter().filter_map(|path| object.path(path)) {
            let pod = Pod {
                place,
                objects: &objects,
                object,
                spec: pod,
            };
            pod.read(&mut found);
        }
    }
    if found.containers.is_empty() {
        let kinds: BTreeSet<_> = objects
            .all()
            .iter()
            .filter_map(|object| object.text_of("kind"))
            .map(|kind| kind.escape_debug().to_string())
            .collect();
        let kinds: Vec<_> = kinds.into_iter().take(12).collect();
        return Err(place.error(if kinds.is_empty() {
            "holds no object of Kubernetes: apiVersion and kind are missing".to_owned()
        } else {
            format!(
                "holds no container: its objects are of kind {}; give the file of a workload, such as a Deployment",
                kinds.join(", ")
            )
        }));
    }
    Ok(found)
}

/// A pod, and the object that makes it.
struct Pod<'a> {
    place: Place<'a>,
    objects: &'a Objects<'a>,
    object: &'a Node,
    spec: &'a Node,
}

impl<'a> Pod<'a> {
    fn read(&self, found: &mut Found) {
        let main = self.spec.items_of("containers");
        let init = self.spec.items_of("initContainers");
        let with_roles = init
            .map(|container| match container.text_of("restartPolicy") {
                Some("Always") => (container, Role::Sidecar),
                _ => (container, Role::Init),
            })
            .chain(main.map(|container| (container, Role::Main)));
        for (container, role) in with_roles {
            let environment = Environment::new(self, container);
            let words = environment.command(container);
            let at = self.place.at(container
                .get("command")
                .map_or(container.line, |node| node.line));
            found.containers.push(variable::container(
                container.text_of("name").unwrap_or("(unnamed)"),
                self.workload(),
                role,
                self.place.at(container.line),
                variable::bytes(self.limit(container), amount::kubernetes),
                |name| command::variable(&words, name, &at).or(environment.get(name)),
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

    /// The limit of a container: its own, that of its pod, or the default of the namespace.
    fn limit(&self, container: &Node) -> Variable {
        self.own(container, "limits")
            .or(self.own(self.spec, "limits"))
            .or(self.objects.default_limit(self.object, "default"))
    }

    /// What a container asks for: if it says nothing, its limit, or the default of the namespace.
    fn request(&self, container: &Node) -> Variable {
        self.own(container, "requests")
            .or(self.own(container, "limits"))
            .or(self.objects.default_limit(self.object, "defaultRequest"))
            .or(self.objects.default_limit(self.object, "default"))
    }

    /// The memory under the resources of a container or pod.
    fn own(&self, node: &Node, what: &str) -> Variable {
        node.path(&["resources", what, "memory"])
            .map_or(Declared::Absent, |node| variable::scalar(node, self.place))
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
    use crate::memory::amount::{Gogc, Limit};
    use crate::memory::declared::Container;
    use crate::memory::manifest::node;

    const MI: u64 = 1 << 20;

    fn containers(text: &str) -> Result<Vec<Container>, String> {
        let place = Place("d.yaml");
        let documents = node::documents(place, text).map_err(|error| error.to_string())?;
        let found = read(place, &documents).map_err(|error| error.to_string())?;
        Ok(found.containers)
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
                .contains("its objects are of kind ConfigMap, Service;")
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
                "ConfigMap `d`, which is not in this file",
            ),
            (
                "    envFrom: [{configMapRef: {name: c}}, {secretRef: {name: d}}]",
                "Secret `d`, which is not in this file",
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
}
