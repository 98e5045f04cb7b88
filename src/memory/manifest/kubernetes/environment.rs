//! The environment of a container, as the kubelet makes it: `envFrom` first, then `env` in its order,
//! in which each value may refer to those before it.

use std::collections::HashMap;

use super::{DEFAULT_LIMIT, Pod, objects, quantity, yaml_integer};
use crate::memory::amount;
use crate::memory::declared::Declared;
use crate::memory::manifest::expand;
use crate::memory::manifest::expand::{Lookup, Unresolved, bounded};
use crate::memory::manifest::node::{Node, Value};
use crate::memory::manifest::variable::{self, Variable, hidden, invalid, set, set_to, unknown};

/// How a value that refers to another one begins to say why it is not known.
const REFERS: &str = "it refers to ";

/// The environment of a container.
pub(super) struct Environment<'a> {
    pod: &'a Pod<'a>,
    /// What `env` sets.
    own: HashMap<&'a str, Variable>,
    /// What `envFrom` names, the last, which overrides, first.
    sources: Vec<Source<'a>>,
}

/// An entry of `envFrom`.
struct Source<'a> {
    prefix: &'a str,
    /// The data, if it was given.
    data: Option<objects::Object<'a>>,
    secret: bool,
    /// `ConfigMap shop`.
    name: String,
    line: usize,
}

impl<'a> Environment<'a> {
    pub(super) fn new(pod: &'a Pod<'a>, container: &'a Node) -> Self {
        let sources = container.items_of("envFrom").rev();
        let mut environment = Environment {
            pod,
            own: HashMap::new(),
            sources: sources.filter_map(|node| Source::new(pod, node)).collect(),
        };
        for entry in container.items_of("env") {
            if let Some(name) = entry.text_of("name") {
                let variable = environment.entry(entry, container);
                // An optional reference to nothing leaves what was there.
                if variable != Declared::Absent {
                    environment.own.insert(name, variable);
                }
            }
        }
        environment
    }

    /// A variable.
    pub(super) fn get(&self, name: &str) -> Variable {
        let from_sources = || {
            self.sources
                .iter()
                .map(|source| source.get(name, self.pod))
                .find(|variable| *variable != Declared::Absent)
        };
        self.own
            .get(name)
            .cloned()
            .or_else(from_sources)
            .unwrap_or_default()
    }

    /// The sources that were not given, each with the line that names it.
    pub(super) fn not_given(&self) -> impl Iterator<Item = (&str, usize)> {
        let sources = self.sources.iter().rev();
        sources
            .filter(|source| source.data.is_none())
            .map(|source| (&*source.name, source.line))
    }

    /// The words of a command or its arguments.
    pub(super) fn words(&self, node: &Node) -> impl Iterator<Item = String> {
        node.items().filter_map(Node::text).map(|text| {
            // What is not known stays a placeholder.
            self.expand(text)
                .unwrap_or_else(|_| text.replace("$(", "${"))
        })
    }

    /// The value of an entry of `env`.
    fn entry(&self, entry: &Node, container: &Node) -> Variable {
        let place = self.pod.place;
        if let Some(value) = entry.get("value") {
            let at = place.at(value.line);
            return match &value.value {
                Value::Scalar { text, plain: true } if is_no_text(text) => invalid(
                    format!(
                        "`{text}` is a number or a flag to YAML, and Kubernetes takes only text here; write \"{text}\""
                    ),
                    at,
                ),
                Value::Scalar { text, .. } => {
                    expand::variable(self.expand(text), text, place, value.line)
                }
                _ => variable::scalar(value, place),
            };
        }
        let Some(from) = entry.get("valueFrom") else {
            return set("", place.at(entry.line));
        };
        if let Some(reference) = from.get("configMapKeyRef") {
            self.referred("ConfigMap", reference)
        } else if let Some(reference) = from.get("secretKeyRef") {
            self.referred("Secret", reference)
        } else if let Some(field) = from.get("resourceFieldRef") {
            self.resource(field, container)
        } else {
            let what = from
                .entries()
                .first()
                .map_or("valueFrom", |entry| &*entry.key);
            unknown(format!("it comes from `{what}`"), place.at(from.line))
        }
    }

    /// The value under a key of a ConfigMap or Secret.
    fn referred(&self, kind: &str, reference: &Node) -> Variable {
        let Pod {
            place,
            objects,
            object,
            ..
        } = *self.pod;
        let at = place.at(reference.line);
        let name = reference.text_of("name").unwrap_or_default();
        let key = reference.text_of("key").unwrap_or_default();
        let Some(source) = objects.source(kind, name, object) else {
            return unknown(
                format!("it comes from the {kind} `{name}`, which was not given"),
                at,
            );
        };
        let found = value_in(source, key, kind == "Secret");
        match found {
            Declared::Absent if reference.text_of("optional") == Some("true") => Declared::Absent,
            Declared::Absent => invalid(
                format!("the {kind} `{name}` has no key `{key}`: the container would not start"),
                at,
            ),
            found => found,
        }
    }

    /// The limit or request of a container, in units of the divisor.
    fn resource(&self, field: &Node, container: &Node) -> Variable {
        let Pod { place, .. } = *self.pod;
        let at = place.at(field.line);
        let container = match field.text_of("containerName") {
            None => container,
            Some(name) => match self.pod.container(name) {
                Some(container) => container,
                None => return invalid(format!("there is no container `{name}` in this pod"), at),
            },
        };
        let resource = field.text_of("resource").unwrap_or_default();
        let amount = match resource {
            "limits.memory" => self.pod.own(container, "limits").or(self
                .pod
                .objects
                .default_limit(self.pod.object, DEFAULT_LIMIT)),
            "requests.memory" => self.pod.request(container),
            _ => return unknown(format!("it comes from `{resource}`"), at),
        };
        let divisor = match field.get("divisor").map(|node| quantity(node, place)) {
            None => Declared::Absent,
            Some(divisor) => variable::parsed(divisor, amount::kubernetes),
        };
        let divisor = match divisor {
            Declared::Absent | Declared::Set { value: 0, .. } => 1,
            Declared::Set { value, .. } => value,
            Declared::Invalid { why, .. } => return invalid(format!("divisor {why}"), at),
            Declared::Unknown { why, .. } => return unknown(why, at),
        };
        match variable::parsed(amount, amount::kubernetes) {
            Declared::Set { value, .. } => {
                set_to(value.div_ceil(divisor).to_string(), resource, at)
            }
            Declared::Absent if resource == "requests.memory" => {
                set_to("0".to_owned(), resource, at)
            }
            Declared::Absent => unknown(
                "it comes from `limits.memory`, which the container does not set: it is the memory of the node",
                at,
            ),
            Declared::Invalid { why, .. } => invalid(format!("`{resource}` {why}"), at),
            Declared::Unknown { why, .. } => unknown(why, at),
        }
    }

    /// A text with `$(NAME)` replaced, where the name is known; `$$` is a dollar.
    fn expand(&self, text: &str) -> Result<String, Unresolved> {
        let mut value = String::new();
        let mut rest = bounded(text)?;
        while let Some((before, after)) = rest.split_once('$') {
            value.push_str(before);
            let name = after
                .strip_prefix('(')
                .and_then(|after| after.split_once(')'));
            rest = match (name, after.strip_prefix('$')) {
                (_, Some(after)) => {
                    value.push('$');
                    after
                }
                (Some((name, behind)), _) => {
                    match Lookup::from(&self.get(name)) {
                        Lookup::Set(found) => value.push_str(&found),
                        Lookup::Unset => value.extend(["$(", name, ")"]),
                        // Of a chain of references the last one tells most.
                        Lookup::Unknown(why) if why.starts_with(REFERS) => {
                            return Err(Unresolved::Unknown(why));
                        }
                        Lookup::Unknown(why) => {
                            return Err(Unresolved::Unknown(format!("{REFERS}`{name}`: {why}")));
                        }
                    }
                    behind
                }
                (None, None) => {
                    value.push('$');
                    after
                }
            };
            bounded(&value)?;
        }
        value.push_str(rest);
        Ok(value)
    }
}

impl<'a> Source<'a> {
    fn new(pod: &Pod<'a>, node: &'a Node) -> Option<Self> {
        let (kind, reference) = match node.get("configMapRef") {
            Some(reference) => ("ConfigMap", reference),
            None => ("Secret", node.get("secretRef")?),
        };
        let name = reference.text_of("name").unwrap_or_default();
        Some(Source {
            prefix: node.text_of("prefix").unwrap_or_default(),
            data: pod.objects.source(kind, name, pod.object),
            secret: kind == "Secret",
            name: format!("{kind} `{name}`"),
            line: node.line,
        })
    }

    /// A variable, if it can come from here.
    fn get(&self, name: &str, pod: &Pod<'_>) -> Variable {
        let Some(key) = name.strip_prefix(self.prefix) else {
            return Declared::Absent;
        };
        match self.data {
            Some(data) => value_in(data, key, self.secret),
            None => {
                let why = format!("it may be set by the {}, which was not given", self.name);
                hidden(name, why, pod.place.at(self.line))
            }
        }
    }
}

/// The value under a key of a ConfigMap or Secret that was given.
fn value_in(object: objects::Object<'_>, key: &str, secret: bool) -> Variable {
    let under = |field| object.node.path(&[field, key]);
    if secret {
        return match under("stringData").or_else(|| under("data")) {
            Some(node) => unknown("it comes from a Secret", object.place.at(node.line)),
            None => Declared::Absent,
        };
    }
    under("data").map_or(Declared::Absent, |node| {
        variable::scalar(node, object.place)
    })
}

/// Whether a scalar without quotes is a number or a flag to the YAML of Kubernetes.
fn is_no_text(text: &str) -> bool {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.parse::<f64>().is_ok();
    let flags = ["true", "false", "yes", "no", "on", "off"];
    number
        || yaml_integer(text).is_some()
        || flags.iter().any(|flag| text.eq_ignore_ascii_case(flag))
}
