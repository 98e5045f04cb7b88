//! The objects of all files, and the few that others refer to.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;

use crate::memory::declared::Declared;
use crate::memory::manifest::node::Node;
use crate::memory::manifest::variable::Variable;
use crate::memory::manifest::{Place, Source};

/// An object, and the file that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub place: Place<'a>,
    pub node: &'a Node,
}

impl<'a> Deref for Object<'a> {
    type Target = Node;

    fn deref(&self) -> &Node {
        self.node
    }
}

/// The objects of all files.
#[derive(Default)]
pub(super) struct Objects<'a> {
    /// By file.
    pub all: Vec<Vec<Object<'a>>>,
    /// ConfigMaps and Secrets, by kind, namespace and name.
    sources: HashMap<(&'a str, Option<&'a str>, &'a str), Object<'a>>,
    limit_ranges: Vec<Object<'a>>,
}

impl<'a> Objects<'a> {
    /// The objects of the files; of a list, those that it lists.
    pub(super) fn new(files: impl IntoIterator<Item = &'a Source<'a>>) -> Self {
        let mut objects = Objects::default();
        for file in files {
            objects.all.push(Vec::new());
            for node in &file.documents {
                let place = file.place;
                objects.add(Object { place, node });
            }
        }
        objects
    }

    fn add(&mut self, object: Object<'a>) {
        let node = object.node;
        let kind = node.text_of("kind").unwrap_or_default();
        if kind.ends_with("List") && node.get("items").is_some() {
            let items = node.items_of("items");
            items.for_each(|node| self.add(Object { node, ..object }));
            return;
        }
        match kind {
            "ConfigMap" | "Secret" => {
                if let Some(name) = node.path(&["metadata", "name"]).and_then(Node::text) {
                    self.sources.insert((kind, namespace(node), name), object);
                }
            }
            "LimitRange" => self.limit_ranges.push(object),
            _ => {}
        }
        if let Some(file) = self.all.last_mut() {
            file.push(object);
        }
    }

    /// The kinds of all of them.
    pub(super) fn kinds(&self) -> BTreeSet<&'a str> {
        let all = self.all.iter().flatten();
        all.filter_map(|object| object.node.text_of("kind"))
            .collect()
    }

    /// A ConfigMap or Secret that an object refers to.
    pub(super) fn source(&self, kind: &str, name: &str, object: &Node) -> Option<Object<'a>> {
        self.sources.get(&(kind, namespace(object), name)).copied()
    }

    /// What a LimitRange gives the containers of an object that say nothing: the first of its parts
    /// that there is.
    pub(super) fn default_limit(&self, object: &Node, parts: &[&str]) -> Variable {
        for range in &self.limit_ranges {
            let limits = range.path(&["spec", "limits"]).into_iter();
            let of_containers = limits
                .flat_map(Node::items)
                .filter(|limit| limit.text_of("type") == Some("Container"));
            for limit in of_containers.filter(|_| namespace(range) == namespace(object)) {
                let found = parts.iter().find_map(|part| limit.path(&[part, "memory"]));
                if let Some(node) = found {
                    return super::quantity(node, range.place);
                }
            }
        }
        Declared::Absent
    }
}

fn namespace(object: &Node) -> Option<&str> {
    object.path(&["metadata", "namespace"])?.text()
}
