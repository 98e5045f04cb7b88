//! Compose files: services with their limits and environment.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::HashMap;
use std::io;

use super::declaration::{Declaration, Environment, Words};
use super::env_file::{self, EnvFile, caller};
use super::expand::{self, Lookup, dollars};
use super::node::{Entry, Node, Value};
use super::variable::{self, NOT_SET, Variable, hidden, invalid, printable, unknown};
use super::{Found, ManifestError, Place, Source, shell};
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

/// Reads the services of the files of a project, of which the later override the earlier, as of
/// `docker compose -f a -f b`.
pub(super) fn read(
    files: &[&Source<'_>],
    read_beside: &dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
) -> Result<Found, ManifestError> {
    let mut found = Found::default();
    // A pattern gives `compose.override.yaml` before `compose.yaml`.
    let mut files = files.to_vec();
    files.sort_by_key(|file| file.place.name().contains(".override."));
    let project = Project {
        variables: env_file::read(".env", read_beside),
        read_beside,
    };
    if let (EnvFile::Unreadable(why), Some(first)) = (&project.variables, files.first()) {
        found.remarks.push(format!("{}: {why}", first.place.0));
    }
    let mut services: Vec<Vec<Part<'_>>> = Vec::new();
    let mut known = HashMap::new();
    for (place, document) in files
        .iter()
        .flat_map(|file| file.documents.iter().map(|document| (file.place, document)))
    {
        if let Some(include) = document.get("include") {
            found.remarks.push(format!(
                "{}: the files that `include` names are not read",
                place.at(include.line)
            ));
        }
        let all = document.get("services");
        for entry in all.map_or(&[][..], Node::entries) {
            let index = *known.entry(&*entry.key).or_insert(services.len());
            if index == services.len() {
                services.push(Vec::new());
            }
            services[index].push(Part { place, all, entry });
        }
    }
    for parts in &services {
        project.read(parts, &mut found)?;
    }
    match files.first() {
        Some(first) if services.is_empty() => Err(first
            .place
            .error("holds no service: `services` is missing or empty")),
        _ => Ok(found),
    }
}

/// The files of a project.
struct Project<'a> {
    /// Those of the file `.env`.
    variables: EnvFile,
    read_beside: &'a dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
}

/// What one file says of a service.
struct Part<'a> {
    place: Place<'a>,
    /// The services of the file.
    all: Option<&'a Node>,
    entry: &'a Entry,
}

/// A service with those that it extends.
struct Service<'a> {
    /// What overrides first.
    nodes: Vec<(Place<'a>, &'a Node)>,
    /// What it extends in another file, which is not read.
    elsewhere: Option<(Place<'a>, &'a Node, String)>,
}

impl<'a> Service<'a> {
    /// The value of a key, with its file.
    fn get(&self, key: &str) -> Option<(Place<'a>, &'a Node)> {
        self.path(&[key])
    }

    /// The value at the end of a path of keys, with its file.
    fn path(&self, keys: &[&str]) -> Option<(Place<'a>, &'a Node)> {
        let mut nodes = self.nodes.iter();
        nodes.find_map(|(place, node)| Some((*place, node.path(keys)?)))
    }

    /// Why the file that is not read counts, and where that stands.
    fn elsewhere(&self) -> Option<(String, String)> {
        let (place, node, file) = self.elsewhere.as_ref()?;
        let why = format!("it may come from `{file}`, which is not read");
        Some((why, place.at(node.line)))
    }

    /// The words of an entrypoint or a command.
    fn words(&self, key: &str) -> Option<Words> {
        let (place, node) = self.get(key)?;
        Some(Words {
            words: words_of(node),
            at: place.at(node.line),
        })
    }
}

impl Project<'_> {
    fn read(&self, parts: &[Part<'_>], found: &mut Found) -> Result<(), ManifestError> {
        let [first, ..] = parts else { return Ok(()) };
        let name = printable(&first.entry.key);
        let service = service(parts)?;
        if let Some((place, node, file)) = &service.elsewhere {
            found.remarks.push(format!(
                "{}: `{name}` extends a service of `{file}`, which is not read",
                place.at(node.line),
            ));
        }
        let env_files = self.env_files(&service);
        for (file, at) in env_files.iter().rev() {
            if let EnvFile::Unreadable(why) = file {
                found
                    .remarks
                    .push(format!("{at}: {}: {NOT_SET}", printable(why)));
            }
        }
        found.containers.push(Declaration {
            workload: "compose".to_owned(),
            role: Role::Main,
            at: first.place.at(first.entry.line),
            image: service.get("image").and_then(|(place, node)| {
                let image = self.scalar(place, node);
                image.value().map(|image| printable(image))
            }),
            limit: self.limit(&service),
            entrypoint: service.words("entrypoint"),
            arguments: service.words("command"),
            environment: Environment::new(|name| {
                let elsewhere = || {
                    let (why, at) = service.elsewhere()?;
                    Some(hidden(name, why, at))
                };
                self.environment(&service, name)
                    .or(env_file::variable(&env_files, name))
                    .or(elsewhere().unwrap_or_default())
            }),
            name,
        });
        Ok(())
    }

    /// The limit of a service. There are two ways to write it, and compose refuses two values.
    fn limit(&self, service: &Service<'_>) -> Declared<Limit> {
        let at = |path: &[&str]| {
            let found = service.path(path);
            let text = found.map_or(Declared::Absent, |(place, node)| self.scalar(place, node));
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
            _ => {
                let elsewhere = service.elsewhere().map(|(why, at)| unknown(why, at));
                new.or(old).or(elsewhere.unwrap_or_default())
            }
        }
    }

    /// A variable of `environment`, a mapping or a list.
    fn environment(&self, service: &Service<'_>, name: &str) -> Variable {
        let nodes = service.nodes.iter();
        nodes
            .filter_map(|(place, node)| Some(self.entry(*place, node.get("environment")?, name)))
            .find(|variable| *variable != Declared::Absent)
            .unwrap_or_default()
    }

    fn entry(&self, place: Place<'_>, environment: &Node, name: &str) -> Variable {
        if let Some(entry) = environment
            .entries()
            .iter()
            .find(|entry| &*entry.key == name)
        {
            return if entry.node.is_null() {
                self.of_caller(name, place, entry.line)
            } else {
                self.scalar(place, &entry.node)
            };
        }
        for item in environment.items().rev() {
            let Some(text) = item.text() else { continue };
            match text.split_once('=') {
                Some((key, value)) if key == name => {
                    return self.expanded(value, place, item.line);
                }
                None if text == name => return self.of_caller(name, place, item.line),
                _ => {}
            }
        }
        Declared::Absent
    }

    /// A variable without a value: that of `.env`, or of the caller.
    fn of_caller(&self, name: &str, place: Place<'_>, line: usize) -> Variable {
        match (&self.variables, self.lookup(name)) {
            (EnvFile::Read(variables), Lookup::Set(_)) => {
                variables.get(name).cloned().unwrap_or_default()
            }
            (_, Lookup::Unknown(why)) => {
                unknown(format!("it has no value here, and {why}"), place.at(line))
            }
            _ => Declared::Absent,
        }
    }

    /// The files of `env_file`, the last, which overrides, first, each with the place that names it.
    fn env_files(&self, service: &Service<'_>) -> Vec<(EnvFile, String)> {
        let mut files = Vec::new();
        let nodes = service.nodes.iter();
        for (place, node) in nodes.filter_map(|(place, node)| Some((place, node.get("env_file")?)))
        {
            let single = matches!(node.value, Value::Scalar { .. }).then_some(node);
            for file in single.into_iter().chain(node.items().rev()) {
                let (path, required) = match file.get("path") {
                    Some(path) => (path, file.text_of("required") != Some("false")),
                    None => (file, true),
                };
                let read = match self.scalar(*place, path) {
                    Declared::Set { value, .. } => match env_file::read(&value, self.read_beside) {
                        EnvFile::Missing if required => {
                            EnvFile::Unreadable(format!("`{value}` is not there"))
                        }
                        read => read,
                    },
                    Declared::Unknown { why, .. } | Declared::Invalid { why, .. } => {
                        EnvFile::Unreadable(why)
                    }
                    Declared::Absent => continue,
                };
                files.push((read, place.at(path.line)));
            }
        }
        files
    }

    /// A scalar with its references replaced.
    fn scalar(&self, place: Place<'_>, node: &Node) -> Variable {
        match &node.value {
            Value::Scalar { text, .. } if !node.is_null() => self.expanded(text, place, node.line),
            _ => variable::scalar(node, place),
        }
    }

    fn expanded(&self, text: &str, place: Place<'_>, line: usize) -> Variable {
        let asked = Cell::new(false);
        let lookup = |name: &str| {
            asked.set(true);
            self.lookup(name)
        };
        let expanded = dollars(text, &lookup);
        match &self.variables {
            // Not even a default is known to count.
            EnvFile::Unreadable(why) if asked.get() => unknown(why, place.at(line)),
            _ => expand::variable(expanded, text, place, line),
        }
    }

    /// A variable of `.env`, or else of the caller.
    fn lookup(&self, name: &str) -> Lookup {
        match &self.variables {
            EnvFile::Read(variables) => variables
                .get(name)
                .map_or_else(|| caller(name), Lookup::from),
            EnvFile::Missing => caller(name),
            EnvFile::Unreadable(why) => Lookup::Unknown(why.clone()),
        }
    }
}

/// Follows `extends` in the file of each part.
fn service<'a>(parts: &[Part<'a>]) -> Result<Service<'a>, ManifestError> {
    let mut service = Service {
        nodes: Vec::new(),
        elsewhere: None,
    };
    for part in parts.iter().rev() {
        let place = part.place;
        let mut node: &Node = &part.entry.node;
        service.nodes.push((place, node));
        let mut steps = 0;
        while let Some(extends) = node.get("extends") {
            let error = |message| Err(place.error_at(extends.line, message));
            if let Some(file) = extends.text_of("file") {
                let file = file.escape_debug().to_string();
                service.elsewhere = Some((place, extends, file));
                break;
            }
            let Some(name) = extends.text().or_else(|| extends.text_of("service")) else {
                return error("`extends` names no service".to_owned());
            };
            let Some(base) = part.all.and_then(|services| services.get(name)) else {
                return error(format!(
                    "`extends` names the service `{}`, which is not there",
                    name.escape_debug()
                ));
            };
            if steps >= MAX_EXTENDS {
                return error("`extends` goes in a circle".to_owned());
            }
            steps += 1;
            service.nodes.push((place, base));
            node = base;
        }
    }
    Ok(service)
}

/// The words of an entrypoint or a command: a list, or one text, which compose splits at blanks.
fn words_of(node: &Node) -> Vec<String> {
    match node.text() {
        Some(text) => shell::words(text),
        None => node
            .items()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect(),
    }
}
