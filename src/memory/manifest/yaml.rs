//! Reads YAML and JSON into the tree of `node`. Aliases share what they stand for, and count as if they
//! were written out: no file can grow beyond what it is read for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, Tag};

use super::json::as_yaml;
use super::node::{Entry, Mapping, Node, Value};
use super::{ManifestError, Place};

/// How deep a document may be nested.
const MAX_DEPTH: usize = 64;

/// How many nodes a file may have, with its aliases written out.
const MAX_NODES: usize = 2_000_000;

/// How many bytes of a text count like a node.
const NODE_BYTES: usize = 64;

/// How many bytes are read again, all in all, for quoted texts that are not indented.
const MAX_READ_AGAIN: usize = 64 << 20;

/// What the tags of YAML itself start with.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// The documents of a file that are not empty.
pub(super) fn documents(place: Place<'_>, text: &str) -> Result<Vec<Rc<Node>>, ManifestError> {
    read(text).map_err(|error| match template_line(text, error.line) {
        Some(line) => place.error_at(
            line,
            "this is a template, not a manifest; render it first: \
             helm template … | allocgate memory check -",
        ),
        None => place.error_at(error.line, error.message),
    })
}

/// A document that cannot be read.
struct Unreadable {
    line: usize,
    message: String,
    /// A quoted text goes on there, not indented: what reads Kubernetes and compose takes that.
    quoted: bool,
}

impl Unreadable {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Unreadable {
            line,
            message: message.into(),
            quoted: false,
        }
    }
}

fn read(text: &str) -> Result<Vec<Rc<Node>>, Unreadable> {
    let mut text = as_yaml(text);
    let mut again = 0;
    loop {
        let error = match read_once(&text) {
            Err(error) if error.quoted => error,
            read => return read,
        };
        again += text.len();
        if again > MAX_READ_AGAIN {
            return Err(error);
        }
        text = Cow::Owned(indented(&text, error.line));
    }
}

fn read_once(text: &str) -> Result<Vec<Rc<Node>>, Unreadable> {
    let mut parser = Parser::new_from_str(text);
    let mut reader = Reader::default();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| Unreadable {
            line: error.marker().line().clamp(1, text.lines().count()),
            message: format!("this is neither YAML nor JSON: {}", error.info()),
            quoted: *error.kind() == ErrorKind::InvalidQuotedScalarIndent,
        })?;
        reader.event(event, span)?;
    }
    reader.documents.retain(|document| !document.is_null());
    Ok(reader.documents)
}

/// The text with a line, and those behind it up to the next quote, moved to the right of whatever
/// may hold it. Blanks that start a line of a quoted text mean nothing.
fn indented(text: &str, line: usize) -> String {
    let start = text
        .match_indices('\n')
        .nth(line.saturating_sub(2))
        .map_or(0, |(index, _)| index + 1);
    let (before, after) = text.split_at(if line < 2 { 0 } else { start });
    let margin = " ".repeat(4 * MAX_DEPTH);
    let end = after.find(['"', '\'']).unwrap_or(after.len());
    let (inside, behind) = after.split_at(end);
    let inside = inside.replace('\n', &format!("\n{margin}"));
    [before, &margin, &inside, behind].concat()
}

/// The first line, up to the one that cannot be read, on which a template stands outside of quotes
/// and comments.
fn template_line(text: &str, last: usize) -> Option<usize> {
    let found = text.lines().take(last).position(|line| {
        let Some(start) = line.find("{{").or_else(|| line.find("{%")) else {
            return false;
        };
        let before = &line[..start];
        let even = |quote| before.matches(quote).count() % 2 == 0;
        !line.trim_start().starts_with('#') && !before.contains(" #") && even('"') && even('\'')
    });
    found.map(|index| index + 1)
}

/// Builds documents from the events of the parser.
#[derive(Default)]
struct Reader {
    documents: Vec<Rc<Node>>,
    /// The collections that are not closed yet, the outermost first.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    nodes: usize,
}

/// A collection that is not closed yet.
struct Open {
    line: usize,
    anchor: usize,
    size: usize,
    height: usize,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Rc<Node>>),
    Mapping {
        mapping: Mapping,
        /// The key whose value comes next.
        key: Option<Key>,
        /// What is to be merged into it.
        merged: Vec<Rc<Node>>,
    },
}

struct Key {
    text: Rc<str>,
    line: usize,
    merge: bool,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Unreadable> {
        let line = span.start.line().max(1);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                // A long text that an alias repeats takes as much as many short ones.
                let size = 1 + text.len() / NODE_BYTES;
                self.count(size, 1, line)?;
                let node = Node {
                    line,
                    value: scalar(text.into_owned(), style, tag.as_deref()),
                    size,
                    height: 1,
                };
                self.add(node, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(line, anchor, OpenKind::Sequence(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, _) => {
                let kind = OpenKind::Mapping {
                    mapping: Mapping::default(),
                    key: None,
                    merged: Vec::new(),
                };
                self.open(line, anchor, kind)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let anchor = open.anchor;
                    self.add(open.close()?, anchor)?;
                }
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).map(Rc::clone) else {
                    let message = "an alias stands within what it stands for";
                    return Err(Unreadable::new(line, message));
                };
                self.count(node.size, node.height, line)?;
                self.place(node, line)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Counts nodes that are to be placed.
    fn count(&mut self, nodes: usize, height: usize, line: usize) -> Result<(), Unreadable> {
        self.nodes += nodes;
        let message = if self.nodes > MAX_NODES {
            format!("holds more than {MAX_NODES} values, with its aliases written out")
        } else if self.open.len() + height > MAX_DEPTH {
            format!("is nested deeper than {MAX_DEPTH} levels")
        } else {
            return Ok(());
        };
        let message = format!("{message}; this is no manifest");
        Err(Unreadable::new(line, message))
    }

    fn open(&mut self, line: usize, anchor: usize, kind: OpenKind) -> Result<(), Unreadable> {
        self.count(1, 1, line)?;
        self.open.push(Open {
            line,
            anchor,
            size: 1,
            height: 1,
            kind,
        });
        Ok(())
    }

    /// Places a node that is complete, and remembers it for its aliases.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Unreadable> {
        let (line, node) = (node.line, Rc::new(node));
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node, line)
    }

    /// Places a node, written or meant on a line, where the document has come to.
    fn place(&mut self, node: Rc<Node>, line: usize) -> Result<(), Unreadable> {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        open.size += node.size;
        open.height = open.height.max(node.height + 1);
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node),
            OpenKind::Mapping {
                mapping,
                key,
                merged,
            } => match key.take() {
                None => *key = Some(Key::new(&node, line)?),
                Some(Key { merge: true, .. }) => merged.push(node),
                Some(Key { text, line, .. }) => {
                    let key = text;
                    mapping.insert(Entry { key, line, node }).map_err(|entry| {
                        let message = format!(
                            "`{}` stands twice in one mapping, first on line {}; \
                                 keep the one that is meant",
                            entry.key,
                            mapping.line_of(&entry.key)
                        );
                        Unreadable::new(line, message)
                    })?;
                }
            },
        }
        Ok(())
    }
}

impl Key {
    fn new(node: &Node, line: usize) -> Result<Key, Unreadable> {
        match &node.value {
            Value::Scalar { text, plain } => Ok(Key {
                text: Rc::from(text.as_str()),
                line,
                merge: *plain && text == "<<",
            }),
            _ => {
                let message = "a list or a mapping stands where a key belongs; keys are texts";
                Err(Unreadable::new(line, message))
            }
        }
    }
}

impl Open {
    fn close(self) -> Result<Node, Unreadable> {
        let line = self.line;
        let value = match self.kind {
            OpenKind::Sequence(items) => Value::Sequence(items),
            OpenKind::Mapping {
                mut mapping,
                merged,
                ..
            } => {
                for node in merged {
                    mapping.merge(&node).map_err(|()| {
                        let message = "`<<` merges mappings, and lists of them, only";
                        Unreadable::new(line, message)
                    })?;
                }
                Value::Mapping(mapping)
            }
        };
        Ok(Node {
            line,
            value,
            size: self.size,
            height: self.height,
        })
    }
}

fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    match tag {
        Some(tag) if tag.suffix_in_namespace(YAML_TAGS).is_none() && !tag.suffix().is_empty() => {
            Value::Tagged(tag.to_string())
        }
        _ => Value::Scalar {
            text,
            plain: style == ScalarStyle::Plain && tag.is_none_or(|tag| tag.suffix() != "str"),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parse(text: &str) -> Result<Vec<Rc<Node>>, String> {
        documents(Place("f.yaml"), text).map_err(|error| error.to_string())
    }

    fn one(text: &str) -> Rc<Node> {
        parse(text).unwrap().swap_remove(0)
    }

    #[test]
    fn values_know_their_lines() {
        let node = one("a:\r\n  b: [x, 'y']\r\n  c: |\r\n    z\r\n");
        let items: Vec<_> = node.path(&["a", "b"]).unwrap().items().collect();
        assert_eq!(items[1].text(), Some("y"));
        assert_eq!(items[1].line, 2);
        assert_eq!(node.path(&["a", "c"]).unwrap().text(), Some("z\n"));
        assert_eq!(node.get("a").unwrap().entries()[1].line, 3);
        assert!(node.path(&["a", "b", "x"]).is_none());
        assert_eq!(one("a: ~").get("a").map(Node::is_null), None);
        assert_eq!(one("a: '~'").text_of("a"), Some("~"));
        assert_eq!(one("1: x\nnull: y").text_of("1"), Some("x"));
        assert_eq!(one("a: !!str ~").text_of("a"), Some("~"));
        assert!(
            matches!(&one("a: !Ref b").get("a").unwrap().value, Value::Tagged(tag) if tag == "!Ref")
        );
        assert_eq!(parse("---\n---\na: b\n...\n---\nc\n").unwrap().len(), 2);
    }

    #[test]
    fn json_is_read_as_it_is_written() {
        let node = one("\t{\n\t\"a\":\t\"b\\tc\td\\\"\te\",\n\t\"f\":[1,2],\"g\":{}}");
        assert_eq!(node.text_of("a"), Some("b\tc\td\"\te"));
        assert_eq!(node.get("f").unwrap().line, 3);
        assert_eq!(
            one(r#"{"a": "\/ \ud83d\ude00"}"#).text_of("a"),
            Some("/ \u{1f600}")
        );
    }

    #[test]
    fn what_kubectl_and_compose_take_is_read() {
        for (text, value) in [
            ("b: [\n  x\n]\na: y\n", "y"),
            ("b: [x,\nz]\na: y\n", "y"),
            ("c:\n  b: [\n    x\n  ]\na: y\n", "y"),
            ("c:\n  b: [\"x\",\n  \"z\"]\na: y\n", "y"),
            ("c:\n- b: {\n  d: e\n  }\na: y\n", "y"),
            ("b: {\n}\na: y\n", "y"),
            ("a: \"x\ny\n\nz\"\nb: c\n", "x y\nz"),
            ("a: 'x\ny\nz ''q'' \nw'\nb: 'c'\n", "x y z 'q' w"),
            ("c:\n  b: \"x\n  y\"\na: y\n", "y"),
            ("a: \"x \\\ny\"", "x y"),
        ] {
            assert_eq!(one(text).text_of("a"), Some(value), "{text:?}");
        }
        let node = one("c:\n  b: \"x\n  y\"\na: y\n");
        assert_eq!(node.path(&["c", "b"]).unwrap().text(), Some("x y"));
        assert_eq!(node.get("a").unwrap().line, 4);
        let many = "- \"x\ny'\n\"\n".repeat(200);
        assert_eq!(one(&many).items().count(), 200);
    }

    #[test]
    fn aliases_and_merges() {
        let text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\nw: *x\n";
        let node = one(text);
        let z = node.get("z").unwrap();
        let found: Vec<_> = ["a", "b", "c"].map(|key| z.text_of(key).unwrap()).into();
        assert_eq!(found, ["0", "2", "4"]);
        assert_eq!(node.path(&["w", "b"]).unwrap().text(), Some("2"));
        assert_eq!(one("\"<<\": x").text_of("<<"), Some("x"));
    }

    #[test]
    fn what_cannot_be_read() {
        for (text, message) in [
            (
                "a: 1\nb: 2\na: 3\n",
                "f.yaml:3: `a` stands twice in one mapping, first on line 1",
            ),
            ("{\"a\": 1,\n\"a\": 2}", "f.yaml:2: `a` stands twice"),
            ("a: &a [*a]", "f.yaml:1: an alias stands within"),
            ("a: *b", "f.yaml:1: "),
            ("a:\n  <<: 5\n", "f.yaml:2: `<<` merges mappings"),
            (
                "? [a]\n: b\n",
                "f.yaml:1: a list or a mapping stands where a key belongs",
            ),
            ("a: [b", "f.yaml:1: this is neither YAML nor JSON: "),
            ("a: b\n c: d\n", "f.yaml:2: this is neither"),
            ("a:\n\tb: c\n", "f.yaml:2: this is neither"),
            ("a: {{ .Values.a }}\n", "f.yaml:1: this is a template"),
            (
                "a: b\n{{- if .Values.a }}\nc: d\n{{- end }}\n",
                "f.yaml:2: this is a template",
            ),
            ("a: b\n{% if a %}\nc: d\n", "f.yaml:2: this is a template"),
            ("# {{ }}\na: '{{ }}'\nb: [\n", "is neither"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(message), "{text:?}: {error}");
        }
        assert_eq!(
            one("a: '{{ .b }}' # {{ }}\nc: d{{ e }}").text_of("a"),
            Some("{{ .b }}")
        );
    }

    #[test]
    fn bombs_do_not_go_off() {
        let mut bomb = "a0: &a0 [x, x]\n".to_owned();
        for level in 1..40 {
            let last = level - 1;
            bomb += &format!(
                "a{level}: &a{level} [{}]\n",
                vec![format!("*a{last}"); 9].join(", ")
            );
        }
        assert!(
            parse(&bomb)
                .unwrap_err()
                .contains("more than 2000000 values")
        );
        let mut merges = "a0: &a0 {k: v}\n".to_owned();
        for level in 1..70 {
            let last = level - 1;
            merges += &format!("a{level}: &a{level} {{b: *a{last}}}\n");
        }
        assert!(parse(&merges).unwrap_err().contains("nested deeper"));
        for deep in ["[", "{a: ", "- ", "? "] {
            let error = parse(&deep.repeat(10_000)).unwrap_err();
            assert!(error.contains("f.yaml:1: "), "{error}");
        }
        let long = format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(1 << 20),
            "*a, ".repeat(200)
        );
        assert!(parse(&long).unwrap_err().contains("values"));
        let quotes = format!("a: \"{}\"", "x\ny\\\"\n".repeat(100_000));
        assert!(parse(&quotes).is_err());
    }
}
