//! Tests: workloads, their limits and their environments.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::memory::amount::Gogc;
use crate::memory::declared::Container;
use crate::memory::manifest::yaml;

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
        documents: yaml::documents(place, text).map_err(|error| error.to_string())?,
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
    let error = containers("apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: ConfigMap\n");
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
