//! YAML and JSON as one small tree, in which every node knows its line.

use std::collections::HashMap;
use std::rc::Rc;

/// A value, and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    /// Its line, counted from 1.
    pub line: usize,
    /// What it is.
    pub value: Value,
    /// How many nodes it has, itself included.
    pub size: usize,
    /// How many levels it has, its own included.
    pub height: usize,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Value {
    /// A text; `plain` is one without quotes, which may as well be a number, a flag or null.
    Scalar { text: String, plain: bool },
    /// A value with a tag of its own, such as `!Ref`, which some other program resolves.
    Tagged(String),
    /// A list.
    Sequence(Vec<Rc<Node>>),
    /// A mapping.
    Mapping(Mapping),
}

/// Keys and values, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    entries: Vec<Entry>,
    index: HashMap<Rc<str>, usize>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key.
    pub key: Rc<str>,
    /// The line of the key.
    pub line: usize,
    /// The value.
    pub node: Rc<Node>,
}

impl Node {
    /// The value of a key, if this is a mapping that has it and it is not null.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Value::Mapping(mapping) = &self.value else {
            return None;
        };
        let node = &*mapping.entries[*mapping.index.get(key)?].node;
        (!node.is_null()).then_some(node)
    }

    /// The value at the end of a path of keys.
    pub(super) fn path(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The text of a key.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Whether it is null, in one of the ways of YAML.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The elements of a list, none if it is no list.
    pub(super) fn items(&self) -> impl DoubleEndedIterator<Item = &Node> {
        let items = match &self.value {
            Value::Sequence(items) => &items[..],
            _ => &[],
        };
        items.iter().map(Rc::as_ref)
    }

    /// The elements of the list under a key.
    pub(super) fn items_of(&self, key: &str) -> impl DoubleEndedIterator<Item = &Node> {
        self.get(key).into_iter().flat_map(Node::items)
    }

    /// The entries of a mapping, none if it is no mapping.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(mapping) => &mapping.entries,
            _ => &[],
        }
    }
}

impl Mapping {
    /// The line of a key.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.index
            .get(key)
            .map_or(0, |index| self.entries[*index].line)
    }

    /// Adds an entry, or gives it back if its key is there already.
    pub(super) fn insert(&mut self, entry: Entry) -> Result<(), Entry> {
        if self.index.contains_key(&entry.key) {
            return Err(entry);
        }
        self.index.insert(Rc::clone(&entry.key), self.entries.len());
        self.entries.push(entry);
        Ok(())
    }

    /// Adds the entries of a node that this does not have yet.
    pub(super) fn merge(&mut self, node: &Node) -> Result<(), ()> {
        match &node.value {
            Value::Mapping(other) => {
                for entry in &other.entries {
                    // An entry that is there already overrides the merged one.
                    let _ = self.insert(entry.clone());
                }
                Ok(())
            }
            Value::Sequence(items) if items.iter().all(|item| is_mapping(item)) => {
                items.iter().try_for_each(|item| self.merge(item))
            }
            _ => Err(()),
        }
    }
}

fn is_mapping(node: &Node) -> bool {
    matches!(node.value, Value::Mapping(_))
}
