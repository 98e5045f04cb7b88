//! How the source of a test file hangs together: its top-level declarations, what each mentions, and
//! which of them are benchmarks. Names are matched without types, so that a benchmark is rather said
//! to reach too much than too little.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::{Node, Parser};

/// A Go source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFile {
    /// Everything declared at the top level, in order.
    pub declarations: Vec<Declaration>,
    /// Its imports.
    pub imports: Vec<Import>,
}

/// A function, a method, or one type, variable or constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// What it declares; a method also bears the name of its receiver's type.
    pub names: Vec<String>,
    /// Whether it is a benchmark function.
    pub benchmark: bool,
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// Its lines, counted from 1.
    pub lines: Range<usize>,
    /// Its text without comments and white space.
    pub tokens: String,
    /// The names that occur in it.
    pub mentions: BTreeSet<String>,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The name it goes by in the file; what its path ends in, if none is given.
    pub name: String,
    /// Its text.
    pub tokens: String,
    /// Where a given name stands, or where one could.
    pub name_range: Range<usize>,
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// The line it stands on, counted from 1.
    pub line: usize,
}

impl SourceFile {
    /// Reads a file. What is no Go is read as far as it goes: the compiler has the last word.
    pub fn parse(text: &[u8]) -> SourceFile {
        let mut file = SourceFile::default();
        let mut parser = Parser::new();
        if parser
            .set_language(&tree_sitter_go::LANGUAGE.into())
            .is_err()
        {
            return file;
        }
        let Some(tree) = parser.parse(text, None) else {
            return file;
        };
        let root = tree.root_node();
        for node in root.children(&mut root.walk()) {
            match node.kind() {
                "import_declaration" => descend(node, &mut |node| {
                    let import = node.kind() == "import_spec";
                    file.imports.extend(import.then(|| import_of(node, text)));
                    !import
                }),
                "function_declaration" | "method_declaration" => {
                    file.declarations.push(function(node, text));
                }
                "type_declaration" | "var_declaration" => descend(node, &mut |inner| {
                    let spec = matches!(inner.kind(), "type_spec" | "type_alias" | "var_spec");
                    if spec {
                        let whole = if node.named_child_count() == 1 {
                            node
                        } else {
                            inner
                        };
                        file.declarations.push(declaration(inner, whole, text));
                    }
                    !spec
                }),
                // The value of one constant may come from the one above it: they stay together.
                "const_declaration" => file.declarations.push(declaration(node, node, text)),
                _ => {}
            }
        }
        if root.has_error() {
            file.declarations.extend(unread_benchmarks(text, &file));
        }
        file
    }

    /// The names of its benchmark functions.
    pub fn benchmarks(&self) -> impl Iterator<Item = &str> {
        self.declarations
            .iter()
            .filter(|declaration| declaration.benchmark)
            .filter_map(|declaration| declaration.names.first())
            .map(String::as_str)
    }

    /// The names of its benchmark functions, each with the line on which it starts.
    pub fn benchmark_lines(&self) -> impl Iterator<Item = (&str, usize)> {
        let benchmarks = self.declarations.iter().filter(|one| one.benchmark);
        benchmarks.filter_map(|one| Some((one.names.first()?.as_str(), one.lines.start)))
    }
}

/// Benchmarks that lie in what could not be read: one line is known of each.
fn unread_benchmarks(text: &[u8], file: &SourceFile) -> Vec<Declaration> {
    let text = String::from_utf8_lossy(text);
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let name = line
            .strip_prefix("func ")
            .and_then(|rest| rest.split('(').next());
        let Some(name) = name.filter(|name| is_benchmark_name(name)) else {
            continue;
        };
        let known = |one: &Declaration| one.names.iter().any(|own| own == name);
        if !file.declarations.iter().any(known) {
            found.push(Declaration {
                names: vec![name.to_owned()],
                benchmark: true,
                // Where it ends is not known: it cannot be left out.
                range: 0..0,
                lines: index + 1..index + 2,
                tokens: line.to_owned(),
                mentions: BTreeSet::new(),
            });
        }
    }
    found
}

/// Calls `visit` on a node and, while it returns true, on what is below.
fn descend<'a>(node: Node<'a>, visit: &mut dyn FnMut(Node<'a>) -> bool) {
    let mut cursor = node.walk();
    'next: loop {
        let deeper = visit(cursor.node());
        if deeper && cursor.goto_first_child() {
            continue;
        }
        while cursor.node() != node {
            if cursor.goto_next_sibling() {
                continue 'next;
            }
            if !cursor.goto_parent() {
                return;
            }
        }
        return;
    }
}

fn string(node: Node<'_>, text: &[u8]) -> String {
    String::from_utf8_lossy(&text[node.byte_range()]).into_owned()
}

fn lines(node: Node<'_>) -> Range<usize> {
    node.start_position().row + 1..node.end_position().row + 2
}

/// A declaration whose meaning is in `node` and whose text in the file is `whole`.
fn declaration(node: Node<'_>, whole: Node<'_>, text: &[u8]) -> Declaration {
    let mut tokens = String::new();
    let mut mentions = BTreeSet::new();
    descend(node, &mut |node| {
        if node.kind() == "comment" {
            return false;
        }
        // Strings have parts, but they are one token.
        let leaf = node.child_count() == 0 || node.kind().ends_with("_string_literal");
        if leaf && !node.is_extra() {
            let token = string(node, text);
            if token.trim().is_empty() {
                return false;
            }
            tokens.push_str(&token);
            tokens.push(' ');
            if node.kind().ends_with("identifier") {
                mentions.insert(token);
            }
        }
        !leaf
    });
    let mut names = Vec::new();
    descend(node, &mut |inner| {
        let parent = inner.parent();
        let of_spec = parent.is_some_and(|parent| {
            matches!(
                parent.kind(),
                "type_spec" | "type_alias" | "var_spec" | "const_spec"
            ) && parent
                .children_by_field_name("name", &mut parent.walk())
                .any(|name| name == inner)
        });
        names.extend(of_spec.then(|| string(inner, text)));
        !matches!(inner.kind(), "block" | "func_literal")
    });
    Declaration {
        names,
        benchmark: false,
        range: whole.byte_range(),
        lines: lines(whole),
        tokens,
        mentions,
    }
}

fn function(node: Node<'_>, text: &[u8]) -> Declaration {
    let mut function = declaration(node, node, text);
    let name = node
        .child_by_field_name("name")
        .map(|name| string(name, text));
    function.names = name.into_iter().collect();
    if let Some(receiver) = node.child_by_field_name("receiver") {
        descend(receiver, &mut |inner| {
            if inner.kind() == "type_identifier" {
                function.names.push(string(inner, text));
            }
            true
        });
    } else if let [name] = &function.names[..] {
        // With another signature it would not compile.
        function.benchmark = is_benchmark_name(name);
    }
    function
}

/// `Benchmark`, and what follows does not start with a small letter: the rule of `go test`.
fn is_benchmark_name(name: &str) -> bool {
    name.strip_prefix("Benchmark")
        .is_some_and(|rest| !rest.chars().next().is_some_and(char::is_lowercase))
}

fn import_of(node: Node<'_>, text: &[u8]) -> Import {
    let path = node.child_by_field_name("path");
    let given = node.child_by_field_name("name");
    let at = path.map_or(node.start_byte(), |path| path.start_byte());
    let path = path.map_or_else(String::new, |path| string(path, text));
    Import {
        name: given.map_or_else(|| guessed_name(&path), |name| string(name, text)),
        tokens: string(node, text),
        name_range: given.map_or(at..at, |name| name.byte_range()),
        range: node.byte_range(),
        line: node.start_position().row + 1,
    }
}

/// What a package is likely called: the last element of its path that is no major version, without
/// what Go names cannot hold.
fn guessed_name(path: &str) -> String {
    let path = path.trim_matches(['"', '`']);
    let is_version = |element: &str| {
        element
            .strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut elements = path.rsplit('/');
    let last = elements.next().unwrap_or(path);
    let name = if is_version(last) {
        elements.next().unwrap_or(last)
    } else {
        last
    };
    let name = name.split(".v").next().unwrap_or(name);
    let name = name.strip_prefix("go-").unwrap_or(name);
    name.strip_suffix("-go").unwrap_or(name).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SOURCE: &str = r#"package p_test

import (
	"testing"
	str "strings"
	"gopkg.in/yaml.v3"
)

// A comment.
var cases = []struct{ in, out string }{
	{"a", "b"}, // another
}

var (
	one = 1
	two, three = helper(), `raw
string`
)

type stub struct{ n int }

func (s *stub) Do() int { return s.n /* inline */ }

const (
	A = iota
	B
)

func BenchmarkX(b *testing.B) {
	for _, c := range cases {
		b.Run(c.in, func(b *testing.B) { str.ToUpper(c.out) })
	}
}

func Benchmarkable(b *testing.B) {}
func benchHelper(b *testing.B, n int) { _ = (&stub{}).Do() }
func Benchmark_(
	b *B,
) {
	benchHelper(b, A)
}
"#;

    fn find<'a>(file: &'a SourceFile, name: &str) -> &'a Declaration {
        file.declarations
            .iter()
            .find(|one| one.names.iter().any(|own| own == name))
            .unwrap()
    }

    #[test]
    fn declarations_are_told_apart_with_what_they_mention() {
        let file = SourceFile::parse(SOURCE.as_bytes());
        assert_eq!(
            file.benchmarks().collect::<Vec<_>>(),
            ["BenchmarkX", "Benchmark_"]
        );
        let names: Vec<_> = file
            .declarations
            .iter()
            .map(|one| one.names.join(" "))
            .collect();
        assert_eq!(
            names,
            [
                "cases",
                "one",
                "two three",
                "stub",
                "Do stub",
                "A B",
                "BenchmarkX",
                "Benchmarkable",
                "benchHelper",
                "Benchmark_"
            ]
        );
        let benchmark = find(&file, "BenchmarkX");
        assert!(
            ["cases", "str", "ToUpper", "b"]
                .iter()
                .all(|name| benchmark.mentions.contains(*name))
        );
        assert_eq!(benchmark.lines, 29..34);
        assert!(SOURCE[benchmark.range.clone()].starts_with("func BenchmarkX"));
        assert!(find(&file, "two").tokens.contains("`raw\nstring`"));
        let imports: Vec<_> = file
            .imports
            .iter()
            .map(|one| (one.name.as_str(), one.line))
            .collect();
        assert_eq!(imports, [("testing", 4), ("str", 5), ("yaml", 6)]);
    }

    #[test]
    fn comments_and_layout_are_no_change() {
        let other = SOURCE
            .replace("// another", "")
            .replace("/* inline */", "\n")
            .replace("\t\tb.Run", "\tb.Run");
        let (one, other) = (
            SourceFile::parse(SOURCE.as_bytes()),
            SourceFile::parse(other.as_bytes()),
        );
        let tokens = |file: &SourceFile| {
            file.declarations
                .iter()
                .map(|one| one.tokens.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(tokens(&one), tokens(&other));
        let changed = SourceFile::parse(SOURCE.replace("\"a\", \"b\"", "\"a b\"").as_bytes());
        assert_ne!(tokens(&one), tokens(&changed));
    }

    #[test]
    fn what_is_no_go_is_no_panic() {
        for text in [
            "",
            "package",
            "func (",
            "\u{0}\u{1}\u{fffd}",
            "func Benchmark",
            "import (",
            "`",
        ] {
            SourceFile::parse(text.as_bytes());
        }
        SourceFile::parse(&[0xff; 100]);
        SourceFile::parse("(".repeat(100_000).as_bytes());
    }
}
