//! Task definitions of Amazon ECS, as its API takes and describes them, and as CloudFormation writes
//! them, with capitals.

use std::rc::Rc;

use super::declaration::{Declaration, Environment, Words};
use super::node::Node;
use super::variable::{self, NOT_SET, Variable, hidden, printable, unknown};
use super::{Found, ManifestError, Place};
use crate::memory::amount::{self, Limit};
use crate::memory::declared::{Declared, Role};

/// A task definition, and the name it goes by where it has none itself.
pub(super) struct Task<'a> {
    node: &'a Node,
    name: Option<&'a str>,
}

/// The task definitions in a document.
pub(super) fn task_definitions(document: &Node) -> impl Iterator<Item = Task<'_>> {
    let unnamed = [Some(document), document.get("taskDefinition")];
    let unnamed = unnamed.into_iter().flatten();
    let unnamed = unnamed.map(|node| Task { node, name: None });
    let resources = document.get("Resources").map_or(&[][..], Node::entries);
    let named = resources.iter().filter_map(|entry| {
        let node = entry.node.get("Properties")?;
        let name = Some(&*entry.key);
        Some(Task { node, name })
    });
    unnamed
        .chain(named)
        .filter(|task| either(task.node, "containerDefinitions").is_some())
}

/// The value of a key, written with a small or a capital letter.
fn either<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.get(key).or_else(|| {
        let first = key.get(..1)?.to_ascii_uppercase();
        node.get(&(first + &key[1..]))
    })
}

/// The elements of the list under a key.
fn items<'a>(node: &'a Node, key: &str) -> impl DoubleEndedIterator<Item = &'a Node> + use<'a> {
    either(node, key).into_iter().flat_map(Node::items)
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    either(node, key)?.text()
}

/// Reads the containers of all task definitions.
pub(super) fn read(place: Place<'_>, documents: &[Rc<Node>]) -> Result<Found, ManifestError> {
    let mut found = Found::default();
    for task in documents.iter().flat_map(|node| task_definitions(node)) {
        let workload = printable(text(task.node, "family").or(task.name).unwrap_or("task"));
        let shared = limit(place, task.node);
        let before = found.containers.len();
        for container in items(task.node, "containerDefinitions") {
            let name = printable(text(container, "name").unwrap_or("(unnamed)"));
            if let Some(reservation) = either(container, "memoryReservation") {
                found.remarks.push(format!(
                    "{}: memoryReservation of `{name}` is no limit, and is not looked at",
                    place.at(reservation.line),
                ));
            }
            if let Some(file) = items(container, "environmentFiles").next() {
                found.remarks.push(format!(
                    "{}: the environmentFiles of `{name}` are not read: {NOT_SET}",
                    place.at(file.line)
                ));
            }
            let words = |key| {
                let words: Vec<_> = items(container, key).filter_map(Node::text).collect();
                let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
                let at = place.at(either(container, key)?.line);
                (!words.is_empty()).then_some(Words { words, at })
            };
            found.containers.push(Declaration {
                name,
                workload: workload.clone(),
                role: Role::Main,
                at: place.at(container.line),
                image: text(container, "image").map(printable),
                limit: limit(place, container).least(shared.clone()),
                entrypoint: words("entryPoint"),
                arguments: words("command"),
                environment: Environment::new(|name| environment(place, container, name)),
            });
        }
        let sharing = found.containers.len() - before;
        if let Declared::Set { text, at, .. } = shared
            && sharing > 1
        {
            found.remarks.push(format!(
                "{at}: {sharing} containers share the limit {} of the task `{workload}`",
                printable(&text)
            ));
        }
    }
    if found.containers.is_empty() {
        return Err(place.error("holds no container: `containerDefinitions` is missing or empty"));
    }
    Ok(found)
}

/// The memory of a container or a task. ECS describes a container that has none as having 0.
fn limit(place: Place<'_>, node: &Node) -> Declared<Limit> {
    let memory = either(node, "memory");
    let memory = memory.map_or(Declared::Absent, |node| variable::scalar(node, place));
    match variable::bytes(memory, amount::ecs) {
        Declared::Set {
            value: Limit::Unlimited,
            ..
        } => Declared::Absent,
        limit => limit,
    }
}

/// A variable of a container.
fn environment(place: Place<'_>, container: &Node, name: &str) -> Variable {
    let named = |key| {
        items(container, key)
            .rev()
            .find(|node| text(node, "name") == Some(name))
    };
    if let Some(secret) = named("secrets") {
        return unknown("it comes from a secret", place.at(secret.line));
    }
    if let Some(value) = named("environment").and_then(|node| either(node, "value")) {
        return variable::scalar(value, place);
    }
    match items(container, "environmentFiles").next() {
        Some(file) => {
            let file_name = text(file, "value").unwrap_or("environmentFiles");
            let why = format!("it may come from `{file_name}`, which is not read");
            hidden(name, why, place.at(file.line))
        }
        None => Declared::Absent,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::memory::amount::Gogc;
    use crate::memory::declared::Container;
    use crate::memory::manifest::yaml;

    const MI: u64 = 1 << 20;

    fn found(text: &str) -> Result<Found, String> {
        let place = Place("task.json");
        let documents = yaml::documents(place, text).unwrap();
        read(place, &documents).map_err(|error| error.to_string())
    }

    fn container(body: &str) -> Container {
        let text = format!(
            "{{\"memory\": \"1024\", \"containerDefinitions\": [{{\"name\": \"a\", {body}}}]}}"
        );
        found(&text).unwrap().containers[0].container()
    }

    #[test]
    fn containers() {
        for (body, mebibytes) in [
            (r#""memory": 512"#, 512),
            (r#""memory": "512""#, 512),
            (r#""memory": 0"#, 1024),
            (r#""memory": 2048"#, 1024),
            (r#""memoryReservation": 128"#, 1024),
        ] {
            let limit = container(body).limit;
            assert_eq!(limit.value(), Some(&Limit::Bytes(mebibytes * MI)), "{body}");
        }
        let limit = |body| container(body).limit;
        assert!(matches!(
            limit(r#""memory": "512Mi""#),
            Declared::Invalid { .. }
        ));
        assert!(matches!(
            limit(r#""memory": "${mem}""#),
            Declared::Unknown { .. }
        ));
        let set = container(
            r#""environment": [{"name": "GOGC", "value": "off"}, {"name": "GOMEMLIMIT", "value": "1GiB"}],
               "environmentFiles": [{"value": "s3"}]"#,
        );
        assert_eq!(set.gogc.value(), Some(&Gogc::Off));
        assert_eq!(set.gomemlimit.value(), Some(&Limit::Bytes(1024 * MI)));
        assert_eq!(set.gomemlimit.at(), Some("task.json:1"));
        for body in [
            r#""environmentFiles": [{"value": "s3", "type": "s3"}]"#,
            r#""secrets": [{"name": "GOMEMLIMIT", "valueFrom": "arn"}]"#,
            r#""command": ["sh", "-c", "GOMEMLIMIT=$X app"]"#,
        ] {
            let limit = container(body).gomemlimit;
            assert!(
                matches!(limit, Declared::Unknown { .. }),
                "{body}: {limit:?}"
            );
        }
        let other = container(r#""secrets": [{"name": "X"}]"#);
        assert_eq!(other.gomemlimit, Declared::Absent);
    }

    #[test]
    fn wrapped_definitions() {
        let described = "{\"taskDefinition\": {\"family\": \"shop\", \"containerDefinitions\": [\n{\"name\": \"a\"}]}}";
        let inner = found(described).unwrap().containers[0].container();
        assert_eq!((&*inner.workload, &*inner.at), ("shop", "task.json:2"));
        assert_eq!(inner.limit, Declared::Absent);
        let template = "\
Resources:
  Bucket: {Type: x}
  Task:
    Properties:
      Memory: !Ref Memory
      ContainerDefinitions:
        - Name: a
          Environment: [{Name: GOGC, Value: {Ref: Gogc}}]
        - Name: b
          Memory: 512
          Environment: [{Name: GOGC, Value: '50'}]
";
        let containers = found(template).unwrap().containers;
        let containers: Vec<_> = containers.iter().map(Declaration::container).collect();
        let unknown = |why: &str, part: &str| assert!(why.contains(part), "{why}");
        match (&containers[0].limit, &containers[0].gogc) {
            (Declared::Unknown { why: limit, .. }, Declared::Unknown { why: gogc, .. }) => {
                unknown(limit, "!Ref");
                unknown(gogc, "`Ref`");
            }
            other => panic!("{other:?}"),
        }
        let second = &containers[1];
        assert_eq!(second.limit.value(), Some(&Limit::Bytes(512 * MI)));
        assert_eq!((&*second.workload, &*second.at), ("Task", "task.json:9"));
    }

    #[test]
    fn errors_and_remarks() {
        let error = found("{\"containerDefinitions\": []}").err().unwrap();
        assert!(
            error.starts_with("task.json: holds no container"),
            "{error}"
        );
        let two =
            "{family: f, memory: 512,\ncontainerDefinitions: [{name: a}, {name: b, memory: 256}]}";
        assert_eq!(
            found(two).unwrap().remarks,
            ["task.json:1: 2 containers share the limit 512 of the task `f`"]
        );
        let files = "{containerDefinitions: [{name: a, environmentFiles: [{value: s3}]}]}";
        let remark = &found(files).unwrap().remarks[0];
        assert!(
            remark.starts_with("task.json:1: the environmentFiles of `a`"),
            "{remark}"
        );
        let reserved = "{containerDefinitions: [{name: a, memoryReservation: 5}]}";
        assert_eq!(
            found(reserved).unwrap().remarks,
            ["task.json:1: memoryReservation of `a` is no limit, and is not looked at"]
        );
    }
}
