//! The objects of a file, and the few that others refer to.

use std::collections::HashMap;
use std::rc::Rc;

use crate::memory::declared::Declared;
use crate::memory::manifest::Place;
use crate::memory::manifest::node::Node;
use crate::memory::manifest::variable::{self, Variable};

/// The objects of a file.
pub(super) struct Objects<'a> {
    place: Place<'a>,
    all: Vec<&'a Node>,
    /// ConfigMaps and Secrets, by kind, namespace and name.
    sources: HashMap<(&'a str, Option<&'a str>, &'a str), &'a Node>,
    limit_ranges: Vec<&'a Node>,
}

impl<'a> Objects<'a> {
    /// The objects of the documents; of a list, those that it lists.
    pub(super) fn new(place: Place<'a>, documents: &'a [Rc<Node>]) -> Self {
        let mut objects = Objects {
            place,
            all: Vec::new(),
            sources: HashMap::new(),
            limit_ranges: Vec::new(),
        };
        for document in documents {
            objects.add(document);
        }
        objects
    }

    fn add(&mut self, object: &'a Node) {
        let kind = object.text_of("kind").unwrap_or_default();
        if kind.ends_with("List") && object.get("items").is_some() {
            object.items_of("items").for_each(|item| self.add(item));
            return;
        }
        match kind {
            "ConfigMap" | "Secret" => {
                if let Some(name) = object.path(&["metadata", "name"]).and_then(Node::text) {
                    self.sources.insert((kind, namespace(object), name), object);
                }
            }
            "LimitRange" => self.limit_ranges.push(object),
            _ => {}
        }
        self.all.push(object);
    }

    /// All of them.
    pub(super) fn all(&self) -> &[&'a Node] {
        &self.all
    }

    /// A ConfigMap or Secret that an object refers to.
    pub(super) fn source(&self, kind: &str, name: &str, object: &Node) -> Option<&'a Node> {
        self.sources.get(&(kind, namespace(object), name)).copied()
    }

    /// What a LimitRange gives the containers of an object that say nothing.
    pub(super) fn default_limit(&self, object: &Node, what: &str) -> Variable {
        self.limit_ranges
            .iter()
            .filter(|range| namespace(range) == namespace(object))
            .filter_map(|range| range.get("spec"))
            .flat_map(|spec| spec.items_of("limits"))
            .filter(|limit| limit.text_of("type") == Some("Container"))
            .find_map(|limit| limit.path(&[what, "memory"]))
            .map_or(Declared::Absent, |node| variable::scalar(node, self.place))
    }
}

fn namespace(object: &Node) -> Option<&str> {
    object.path(&["metadata", "namespace"])?.text()
}
