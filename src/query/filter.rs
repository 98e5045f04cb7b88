//! Which results take part.

use std::collections::BTreeSet;
use std::fmt;

use super::extract::Key;
use super::quote::quote;
use super::syntax::SyntaxError;
use super::tree::{self, Question, Tree, Value};
use super::{Subject, UnitNames};

/// A filter, ready to be asked.
#[derive(Debug)]
pub struct Filter {
    tree: Tree<Match>,
}

/// One question.
#[derive(Debug)]
struct Match {
    /// The key as written, for display.
    name: Vec<u8>,
    asked: Asked,
    test: Test,
}

/// Of what a question is.
#[derive(Debug)]
enum Asked {
    Unit,
    Key(Key),
}

#[derive(Debug)]
enum Test {
    Value(Value),
    /// One of a fixed order.
    OneOf(BTreeSet<Vec<u8>>),
}

impl Filter {
    /// Reads a filter.
    pub fn parse(query: &str) -> Result<Filter, SyntaxError> {
        let tree = tree::parse(query)?;
        let tree = tree.try_map(&mut |question: Question| {
            let offset = question.offset;
            Match::of(question).map_err(|message| SyntaxError::new(query, offset, message))
        })?;
        Ok(Filter { tree })
    }

    /// The filter that every result passes.
    pub fn everything() -> Filter {
        Filter {
            tree: Tree::And(Vec::new()),
        }
    }

    /// Whether every result passes, whatever it is.
    pub fn is_everything(&self) -> bool {
        matches!(&self.tree, Tree::And(terms) if terms.is_empty())
    }

    /// Whether a result's value of a unit passes.
    pub fn matches(&self, subject: &dyn Subject, unit: UnitNames<'_>) -> bool {
        self.tree.holds(&|question| question.accepts(subject, unit))
    }

    /// What it selects by, in order: of `a:b -c:d` it is `a:b`.
    pub fn selectors(&self) -> Vec<Selector<'_>> {
        let mut selectors = Vec::new();
        self.tree
            .visit_selecting(false, &mut |question| selectors.push(Selector(question)));
        selectors
    }

    /// Whether values of one result can differ in whether they pass.
    pub fn depends_on_unit(&self) -> bool {
        let mut depends = false;
        self.tree
            .visit(&mut |question| depends |= matches!(question.asked, Asked::Unit));
        depends
    }

    /// The keys that it asks for, in order and as often as it does.
    pub fn keys(&self) -> Vec<&[u8]> {
        let mut keys = Vec::new();
        self.tree
            .visit(&mut |question| keys.push(question.name.as_slice()));
        keys
    }

    /// Lets pass only what a fixed order names.
    pub(super) fn require_one_of(&mut self, name: &[u8], key: Key, values: &[Vec<u8>]) {
        let required = Tree::Match(Match {
            name: name.to_owned(),
            asked: Asked::Key(key),
            test: Test::OneOf(values.iter().cloned().collect()),
        });
        let before = std::mem::replace(&mut self.tree, Tree::And(Vec::new()));
        self.tree = match before {
            Tree::And(mut terms) => {
                terms.push(required);
                Tree::And(terms)
            }
            other => Tree::And(vec![other, required]),
        };
    }
}

/// One key and value of a filter.
#[derive(Clone, Copy, Debug)]
pub struct Selector<'a>(&'a Match);

impl Selector<'_> {
    /// Whether a result's value of a unit has it.
    pub fn matches(&self, subject: &dyn Subject, unit: UnitNames<'_>) -> bool {
        self.0.accepts(subject, unit)
    }
}

impl fmt::Display for Selector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Match {
    fn accepts(&self, subject: &dyn Subject, unit: UnitNames<'_>) -> bool {
        match &self.asked {
            Asked::Unit => {
                self.test.accepts(unit.unit)
                    || unit.printed.is_some_and(|unit| self.test.accepts(unit))
            }
            Asked::Key(key) => self.test.accepts(key.value(subject)),
        }
    }

    fn of(question: Question) -> Result<Self, &'static str> {
        let Question {
            key: name, value, ..
        } = question;
        let asked = match &*name {
            b".unit" => Asked::Unit,
            b".config" => return Err(".config is only allowed in projections"),
            _ => Asked::Key(Key::of(&name)?),
        };
        let test = Test::Value(value);
        Ok(Match { name, asked, test })
    }
}

impl Test {
    fn accepts(&self, value: &[u8]) -> bool {
        match self {
            Test::Value(Value::Literal(literal)) => literal == value,
            Test::Value(Value::Regexp(regexp)) => regexp.is_match(value),
            Test::OneOf(values) => values.contains(value),
        }
    }
}

impl fmt::Display for Filter {
    /// An expression that is read as the same filter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.fmt(f)
    }
}

impl fmt::Display for Tree<Match> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut join = |terms: &[Tree<Match>], with: &str| {
            for (index, term) in terms.iter().enumerate() {
                write!(f, "{}{term}", if index == 0 { "(" } else { with })?;
            }
            write!(f, ")")
        };
        match self {
            Tree::And(terms) if terms.is_empty() => f.write_str("*"),
            Tree::Or(terms) if terms.is_empty() => f.write_str("-*"),
            Tree::And(terms) => join(terms, " AND "),
            Tree::Or(terms) => join(terms, " OR "),
            Tree::Not(term) => write!(f, "-{term}"),
            Tree::Match(question) => question.fmt(f),
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = word(&self.name, false);
        match &self.test {
            Test::Value(Value::Literal(literal)) => write!(f, "{key}:{}", word(literal, true)),
            Test::Value(Value::Regexp(regexp)) => write!(f, "{key}:/{}/", regexp.source()),
            Test::OneOf(values) if values.is_empty() => f.write_str("-*"),
            Test::OneOf(values) => {
                let values: Vec<String> = values.iter().map(|value| word(value, true)).collect();
                write!(f, "{key}:({})", values.join(" OR "))
            }
        }
    }
}

/// The text as a word, in quotes where it would not be read as one.
fn word(text: &[u8], is_value: bool) -> String {
    let needs_quotes = |word: &str| {
        let breaks = |c: char| c.is_whitespace() || "():@,\"".contains(c);
        word.is_empty()
            || word.contains(breaks)
            || word.starts_with(['-', '*'])
            || (is_value && word.starts_with('/'))
            || matches!(word, "AND" | "OR")
    };
    match str::from_utf8(text).ok().filter(|word| !needs_quotes(word)) {
        Some(word) => word.to_owned(),
        // A quote after two backslashes is not read as the end.
        None => quote(text).replace(r"\\", r"\x5c"),
    }
}
