//! Compose files: services with their limits and environment.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use super::env_file::{self, Dialect, EnvFile, caller};
use super::expand::{self, Lookup, dollars};
use super::node::{Entry, Node, Value};
use super::variable::{self, Variable, invalid, unknown};
use super::{Found, ManifestError, Place, command};
use crate::memory::amount::{self, Limit};
use crate::memory::declared::{Declared, Role};

/// How long a chain of `extends` may be.
const MAX_EXTENDS: usize = 32;

/// Whether a document is a compose file.
pub(super) fn is_project(document: &Node) -> bool {
    document
        .get("services")
        .is_some_and(|services| matches!(services.value, Value::Mapping(_)))
}

/// Reads the services.
pub(super) fn read(
    place: Place<'_>,
    documents: &[Rc<Node>],
    read_beside: &dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
) -> Result<Found, ManifestError> {
    let mut found = Found::default();
    let variables = match env_file::read(".env", Dialect::Compose, read_beside) {
        EnvFile::Read(variables) => variables,
        EnvFile::Missing => HashMap::new(),
        EnvFile::Unreadable(why) => {
            found.remarks.push(format!("{}: {why}", place.0));
            HashMap::new()
        }
    };
    for document in documents {
        if let Some(include) = document.get("include") {
            found.remarks.push(format!(
                "{}: the files that `include` names are not read",
                place.at(include.line)
            ));
        }
        let project = Project {
            place,
            services: document.get("services"),
            variables: &variables,
            read_beside,
        };
        for entry in project.services.map_or(&[][..], Node::entries) {
            project.read(entry, &mut found)?;
        }
    }
    if found.containers.is_empty() {
        return Err(place.error("holds no service: `services` is missing or empty"));
    }
    Ok(found)
}

/// A compose file.
struct Project<'a> {
    place: Place<'a>,
    services: Option<&'a Node>,
    /// Those of the file `.env`.
    variables: &'a HashMap<String, Variable>,
    read_beside: &'a dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
}

/// A service with those that it extends.
struct Service<'a> {
    /// Itself first.
    nodes: Vec<&'a Node>,
    /// What it extends in another file, which is not read.
    elsewhere: Option<(&'a Node, String)>,
}

impl Service<'_> {
    /// What the file that is not read may say.
    fn elsewhere<T>(&self, place: Place<'_>) -> Declared<T> {
        match &self.elsewhere {
            Some((node, file)) => {
                let why = format!("it may come from `{file}`, which is not read");
                unknown(why, place.at(node.line))
            }
            None => Declared::Absent,
        }
    }
}

impl<'a> Project<'a> {
    fn read(&self, entry: &'a Entry, found: &mut Found) -> Result<(), ManifestError> {
        let place = self.place;
        let service = self.service(entry)?;
        if let Some((node, file)) = &service.elsewhere {
            found.remarks.push(format!(
                "{}: `{}` extends a service of `{file}`, which is not read",
                place.at(node.line),
                entry.key.escape_debug()
            ));
        }
        let env_files = self.env_files(&service);
        let command = |key| service.nodes.iter().find_map(|node| node.get(key));
        let words = [command("entrypoint"), command("command")];
        let at = words
            .iter()
            .flatten()
            .next()
            .map_or(entry.line, |node| node.line);
        let words: Vec<_> = words.into_iter().flatten().flat_map(words_of).collect();
        found.containers.push(variable::container(
            &entry.key,
            "compose",
            Role::Main,
            place.at(entry.line),
            self.limit(&service),
            |name| {
                command::variable(&words, name, &place.at(at))
                    .or(self.environment(&service, name))
                    .or(env_file::variable(&env_files, name, place))
                    .or(service.elsewhere(place))
            },
        ));
        Ok(())
    }

    /// Follows `extends`.
    fn service(&self, entry: &'a Entry) -> Result<Service<'a>, ManifestError> {
        let mut service = Service {
            nodes: vec![&entry.node],
            elsewhere: None,
        };
        let mut node: &Node = &entry.node;
        while let Some(extends) = node.get("extends") {
            let error = |message| Err(self.place.error_at(extends.line, message));
            if let Some(file) = extends.text_of("file") {
                service.elsewhere = Some((extends, file.escape_debug().to_string()));
                break;
            }
            let Some(name) = extends.text().or_else(|| extends.text_of("service")) else {
                return error("`extends` names no service".to_owned());
            };
            let Some(base) = self.services.and_then(|services| services.get(name)) else {
                return error(format!(
                    "`extends` names the service `{}`, which is not there",
                    name.escape_debug()
                ));
            };
            if service.nodes.len() > MAX_EXTENDS {
                return error("`extends` goes in a circle".to_owned());
            }
            service.nodes.push(base);
            node = base;
        }
        Ok(service)
    }

    /// The limit of a service. There are two ways to write it, and compose refuses two values.
    fn limit(&self, service: &Service<'_>) -> Declared<Limit> {
        let place = self.place;
        let at = |path: &[&str]| {
            let node = service.nodes.iter().find_map(|node| node.path(path));
            let text = node.map_or(Declared::Absent, |node| self.scalar(node));
            variable::parsed(text, amount::docker)
        };
        let old = at(&["mem_limit"]);
        let new = at(&["deploy", "resources", "limits", "memory"]);
        match (&new, &old) {
            (
                Declared::Set {
                    value: a,
                    text: new,
                    at,
                },
                Declared::Set {
                    value: b,
                    text: old,
                    ..
                },
            ) if a != b => invalid(
                format!(
                    "deploy.resources.limits.memory is `{new}` and mem_limit `{old}`, which compose refuses; keep one"
                ),
                at.clone(),
            ),
            _ => new.or(old).or(service.elsewhere(place)),
        }
    }

    /// A variable of `environment`, a mapping or a list.
    fn environment(&self, service: &Service<'_>, name: &str) -> Variable {
        let nodes = service
            .nodes
            .iter()
            .filter_map(|node| node.get("environment"));
        nodes
            .map(|node| self.entry(node, name))
            .find(|variable| *variable != Declared::Absent)
            .unwrap_or_default()
    }

    fn entry(&self, environment: &Node, name: &str) -> Variable {
        let place = self.place;
        let from_caller = |line| {
            let why = "it has no value here, and comes from the environment of the caller";
            unknown(why, place.at(line))
        };
        if let Some(entry) = environment
            .entries()
            .iter()
            .find(|entry| &*entry.key == name)
        {
            return if entry.node.is_null() {
                from_caller(entry.line)
            } else {
                self.scalar(&entry.node)
            };
        }
        for item in environment.items().rev() {
            let Some(text) = item.text() else { continue };
            match text.split_once('=') {
                Some((key, value)) if key == name => return self.expanded(value, item.line),
                None if text == name => return from_caller(item.line),
                _ => {}
            }
        }
        Declared::Absent
    }

    /// The files of `env_file`, the last, which overrides, first.
    fn env_files(&self, service: &Service<'_>) -> Vec<(EnvFile, usize)> {
        let mut files = Vec::new();
        for node in service.nodes.iter().filter_map(|node| node.get("env_file")) {
            let single = matches!(node.value, Value::Scalar { .. }).then_some(node);
            for file in single.into_iter().chain(node.items().rev()) {
                let (path, required) = match file.get("path") {
                    Some(path) => (path, file.text_of("required") != Some("false")),
                    None => (file, true),
                };
                let read = match self.scalar(path) {
                    Declared::Set { value, .. } => {
                        match env_file::read(&value, Dialect::Compose, self.read_beside) {
                            EnvFile::Missing if required => {
                                EnvFile::Unreadable(format!("`{value}` is not there"))
                            }
                            read => read,
                        }
                    }
                    Declared::Unknown { why, .. } | Declared::Invalid { why, .. } => {
                        EnvFile::Unreadable(why)
                    }
                    Declared::Absent => continue,
                };
                files.push((read, path.line));
            }
        }
        files
    }

    /// A scalar with its references replaced.
    fn scalar(&self, node: &Node) -> Variable {
        match &node.value {
            Value::Scalar { text, .. } if !node.is_null() => self.expanded(text, node.line),
            _ => variable::scalar(node, self.place),
        }
    }

    fn expanded(&self, text: &str, line: usize) -> Variable {
        let lookup = |name: &str| match self.variables.get(name) {
            Some(variable) => Lookup::from(variable),
            None => caller(name),
        };
        expand::variable(dollars(text, &lookup), text, self.place, line)
    }
}

/// The words of an entrypoint or a command: a list, or one text, which compose splits at blanks.
fn words_of(node: &Node) -> Vec<String> {
    match node.text() {
        Some(text) => command::words(text),
        None => node
            .items()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect(),
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

    fn beside(name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(match name {
            ".env" => Some(b"MEM=256m\n".to_vec()),
            "a.env" => Some(b"GOGC=50\nGOMEMLIMIT=1GiB\n".to_vec()),
            "b.env" => Some(b"export GOMEMLIMIT=\"2GiB\" # c\n".to_vec()),
            _ => None,
        })
    }

    fn found(text: &str) -> Result<Found, String> {
        let place = Place("compose.yaml");
        let documents = node::documents(place, text).unwrap();
        read(place, &documents, &beside).map_err(|error| error.to_string())
    }

    fn service(body: &str) -> Container {
        let text = format!("services:\n  api:\n{body}\n");
        found(&text).unwrap().containers.swap_remove(0)
    }

    #[test]
    fn limits() {
        for (body, bytes) in [
            ("    mem_limit: 512m", Some(512 * MI)),
            ("    mem_limit: 536870912", Some(512 * MI)),
            (
                "    deploy: {resources: {limits: {memory: 0.5gb}}}",
                Some(512 * MI),
            ),
            (
                "    deploy: {resources: {limits: {memory: 512M}}}\n    mem_limit: 512mb",
                Some(512 * MI),
            ),
            ("    mem_limit: ${MEM}", Some(256 * MI)),
            ("    mem_limit: ${NONE:-128m}", Some(128 * MI)),
            (
                "    deploy: {resources: {reservations: {memory: 1g}}}",
                None,
            ),
        ] {
            let limit = service(body).limit;
            assert_eq!(
                limit.value().and_then(|limit| limit.bytes()),
                bytes,
                "{body}: {limit:?}"
            );
        }
        assert_eq!(
            service("    mem_limit: 0").limit.value(),
            Some(&Limit::Unlimited)
        );
        for (body, why) in [
            ("    mem_limit: 512x", "no amount of memory to Docker"),
            ("    mem_limit: ${MEM", "has no closing brace"),
            ("    mem_limit: {a: b}", "a mapping stands"),
            (
                "    deploy: {resources: {limits: {memory: 1g}}}\n    mem_limit: 2g",
                "keep one",
            ),
        ] {
            let limit = service(body).limit;
            assert!(
                matches!(&limit, Declared::Invalid { why: found, .. } if found.contains(why)),
                "{limit:?}"
            );
        }
        let limit = service("    mem_limit: ${NONE}").limit;
        assert_eq!(
            limit,
            unknown(
                "`NONE` comes from the environment of the caller",
                "compose.yaml:3".to_owned()
            )
        );
    }

    #[test]
    fn environments() {
        for (body, value) in [
            ("    environment: {GOMEMLIMIT: 512MiB, GOGC: 50}", 512),
            (
                "    environment:\n      - GOGC=50\n      - GOMEMLIMIT=512MiB",
                512,
            ),
            (
                "    environment:\n      - GOMEMLIMIT=${NONE:-512}MiB\n      - GOGC=50",
                512,
            ),
            ("    env_file: a.env", 1024),
            (
                "    env_file: [a.env, b.env, {path: none.env, required: false}]",
                2048,
            ),
            ("    env_file: [{path: b.env}, a.env]", 1024),
            (
                "    env_file: a.env\n    environment: [GOMEMLIMIT=512MiB]",
                512,
            ),
            (
                "    env_file: a.env\n    entrypoint: env GOMEMLIMIT=256MiB app",
                256,
            ),
            (
                "    env_file: a.env\n    command: [sh, -c, 'GOMEMLIMIT=256MiB app']",
                256,
            ),
        ] {
            let container = service(body);
            let limit = container.gomemlimit.value().and_then(|limit| limit.bytes());
            assert_eq!(limit, Some(value * MI), "{body}: {container:?}");
            assert_eq!(container.gogc.value(), Some(&Gogc::Percent(50)), "{body}");
        }
        for (body, why) in [
            (
                "    environment: {GOMEMLIMIT: }",
                "comes from the environment of the caller",
            ),
            (
                "    environment: [GOMEMLIMIT]",
                "comes from the environment of the caller",
            ),
            ("    environment: ['GOMEMLIMIT=${NONE}']", "`NONE` comes"),
            (
                "    environment: {GOMEMLIMIT: '{{ .limit }}'}",
                "holds `{{`",
            ),
            ("    env_file: none.env", "`none.env` is not there"),
            ("    env_file: [a.env, '${NONE}.env']", "`NONE` comes"),
            (
                "    extends: {file: other.yaml, service: a}",
                "`other.yaml`, which is not read",
            ),
        ] {
            let found = service(body).gomemlimit;
            assert!(
                matches!(&found, Declared::Unknown { why: found, .. } if found.contains(why)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn services_share_and_extend() {
        let text = "\
x-base: &base
  mem_limit: 512m
services:
  a:
    <<: *base
    environment: {GOGC: 'off'}
  b:
    extends: a
    environment: {GOMEMLIMIT: 400MiB}
  c:
    extends: {service: b}
    mem_limit: 1g
";
        let found = found(text).unwrap();
        let mebibytes: Vec<_> = found
            .containers
            .iter()
            .map(|c| {
                (
                    &*c.name,
                    c.limit.value().and_then(|l| l.bytes()).map(|b| b / MI),
                    c.gogc.value(),
                    c.gomemlimit.at(),
                )
            })
            .collect();
        assert_eq!(
            mebibytes,
            [
                ("a", Some(512), Some(&Gogc::Off), None),
                ("b", Some(512), Some(&Gogc::Off), Some("compose.yaml:9")),
                ("c", Some(1024), Some(&Gogc::Off), Some("compose.yaml:9")),
            ]
        );
        assert_eq!(found.containers[1].at, "compose.yaml:7");
    }

    #[test]
    fn what_cannot_be_read() {
        for (text, message) in [
            ("services: {}", "compose.yaml: holds no service"),
            ("services: [a]", "compose.yaml: holds no service"),
            (
                "services:\n  a:\n    extends: b\n",
                "compose.yaml:3: `extends` names the service `b`",
            ),
            (
                "services:\n  a:\n    extends: a\n",
                "compose.yaml:3: `extends` goes in a circle",
            ),
            (
                "services:\n  a:\n    extends: {}\n",
                "compose.yaml:3: `extends` names no service",
            ),
        ] {
            let error = found(text).err().unwrap();
            assert!(error.starts_with(message), "{error}");
        }
        let found = found("include: [x.yaml]\nservices: {a: }\n").unwrap();
        assert_eq!(
            found.remarks,
            ["compose.yaml:1: the files that `include` names are not read"]
        );
        assert_eq!(found.containers.len(), 1);
    }
}
