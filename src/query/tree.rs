//! The grammar of filters: `a:b c:d` is both, `a:b OR c:d` either, `-a:b` neither, `*` everything.

use super::regexp::Regexp;
use super::syntax::SyntaxError;
use super::token::{Token, Tokens};

/// How deep expressions may nest: deeper ones are not written by people.
const MAX_DEPTH: usize = 200;

/// A filter as it was written, `M` for what is asked of a result.
#[derive(Debug)]
pub(super) enum Tree<M> {
    /// All of them: everything, where there are none.
    And(Vec<Tree<M>>),
    /// Any of them.
    Or(Vec<Tree<M>>),
    /// Not it.
    Not(Box<Tree<M>>),
    /// A question.
    Match(M),
}

/// A key, and the value that is asked for.
#[derive(Debug)]
pub(super) struct Question {
    /// The key.
    pub(super) key: Vec<u8>,
    /// Where the key stands.
    pub(super) offset: usize,
    /// What its value must be.
    pub(super) value: Value,
}

/// What a value must be.
#[derive(Debug)]
pub(super) enum Value {
    /// These bytes.
    Literal(Vec<u8>),
    /// What the regular expression matches.
    Regexp(Regexp),
}

/// Reads a filter.
pub(super) fn parse(query: &str) -> Result<Tree<Question>, SyntaxError> {
    let mut parser = Parser {
        tokens: Tokens::of(query),
        depth: 0,
    };
    let tree = parser.either()?;
    match parser.tokens.key()? {
        (Token::End, _) => Ok(tree),
        (_, at) => Err(parser.tokens.error(at, "unexpected \")\"")),
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Tree<Question>, SyntaxError> {
        let mut terms = vec![self.both()?];
        while let (Token::Or, _) = self.tokens.peek()? {
            self.tokens.key()?;
            terms.push(self.both()?);
        }
        Ok(only(terms).unwrap_or_else(Tree::Or))
    }

    fn both(&mut self) -> Result<Tree<Question>, SyntaxError> {
        let mut terms = vec![self.term()?];
        loop {
            match self.tokens.peek()? {
                (Token::And, _) => drop(self.tokens.key()?),
                (Token::Operator(b'(' | b'-' | b'*') | Token::Word(_), _) => {
                    terms.push(self.term()?);
                }
                (Token::Operator(b')') | Token::Or | Token::End, _) => break,
                (Token::Operator(byte), at) => {
                    let message = format!("unexpected \"{}\"", char::from(byte));
                    return Err(self.tokens.error(at, message));
                }
                (Token::Regexp(_), at) => return Err(self.tokens.error(at, "expected key:value")),
            }
        }
        Ok(only(terms).unwrap_or_else(Tree::And))
    }

    fn term(&mut self) -> Result<Tree<Question>, SyntaxError> {
        match self.tokens.key()? {
            (Token::Operator(b'('), at) => self.deeper(at, |parser| {
                let inner = parser.either()?;
                match parser.tokens.key()? {
                    (Token::Operator(b')'), _) => Ok(inner),
                    (_, at) => Err(parser.tokens.error(at, "missing \")\"")),
                }
            }),
            (Token::Operator(b'-'), at) => self.deeper(at, |parser| {
                let inner = parser.term()?;
                Ok(Tree::Not(Box::new(inner)))
            }),
            (Token::Operator(b'*'), _) => Ok(Tree::And(Vec::new())),
            (Token::Word(key), at) => self.question(&key, at),
            (_, at) => Err(self.tokens.error(at, "expected key:value or subexpression")),
        }
    }

    fn deeper(
        &mut self,
        at: usize,
        read: impl FnOnce(&mut Self) -> Result<Tree<Question>, SyntaxError>,
    ) -> Result<Tree<Question>, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.tokens.error(at, "expression nests too deeply"));
        }
        self.depth += 1;
        let tree = read(self)?;
        self.depth -= 1;
        Ok(tree)
    }

    /// Reads what follows a key.
    fn question(&mut self, key: &[u8], offset: usize) -> Result<Tree<Question>, SyntaxError> {
        let ask = |value| {
            let key = key.to_owned();
            Tree::Match(Question { key, offset, value })
        };
        let (Token::Operator(b':'), _) = self.tokens.key()? else {
            return Err(self.tokens.error(offset, "expected key:value"));
        };
        match self.tokens.value()? {
            (Token::Word(word), _) => return Ok(ask(Value::Literal(word))),
            (Token::Regexp(regexp), _) => return Ok(ask(Value::Regexp(regexp))),
            (Token::Operator(b'('), _) => {}
            _ => return Err(self.tokens.error(offset, "expected key:value")),
        }
        let mut terms = Vec::new();
        loop {
            terms.push(match self.tokens.value()? {
                (Token::Word(word), _) => ask(Value::Literal(word)),
                (Token::Regexp(regexp), _) => ask(Value::Regexp(regexp)),
                (_, at) => return Err(self.tokens.error(at, "expected value")),
            });
            match self.tokens.value()? {
                (Token::Operator(b')'), _) => {
                    return Ok(only(terms).unwrap_or_else(Tree::Or));
                }
                (Token::Or, _) => {}
                (_, at) => {
                    let message = "value list must be separated by OR";
                    return Err(self.tokens.error(at, message));
                }
            }
        }
    }
}

/// The one term, or all of them.
fn only<M>(mut terms: Vec<Tree<M>>) -> Result<Tree<M>, Vec<Tree<M>>> {
    match terms.pop() {
        Some(term) if terms.is_empty() => Ok(term),
        last => {
            terms.extend(last);
            Err(terms)
        }
    }
}

impl<M> Tree<M> {
    /// The same tree of other questions.
    pub(super) fn try_map<N, E>(
        self,
        map: &mut impl FnMut(M) -> Result<N, E>,
    ) -> Result<Tree<N>, E> {
        let mut all = |terms: Vec<Tree<M>>| {
            let terms = terms.into_iter().map(|term| term.try_map(map));
            terms.collect::<Result<Vec<_>, E>>()
        };
        Ok(match self {
            Tree::And(terms) => Tree::And(all(terms)?),
            Tree::Or(terms) => Tree::Or(all(terms)?),
            Tree::Not(term) => Tree::Not(Box::new(term.try_map(map)?)),
            Tree::Match(question) => Tree::Match(map(question)?),
        })
    }

    /// Whether the tree holds where questions are answered like this.
    pub(super) fn holds(&self, answer: &impl Fn(&M) -> bool) -> bool {
        match self {
            Tree::And(terms) => terms.iter().all(|term| term.holds(answer)),
            Tree::Or(terms) => terms.iter().any(|term| term.holds(answer)),
            Tree::Not(term) => !term.holds(answer),
            Tree::Match(question) => answer(question),
        }
    }

    /// Shows the questions that select: those under an even number of negations.
    pub(super) fn visit_selecting<'a>(&'a self, negated: bool, see: &mut impl FnMut(&'a M)) {
        match self {
            Tree::And(terms) | Tree::Or(terms) => terms
                .iter()
                .for_each(|term| term.visit_selecting(negated, see)),
            Tree::Not(term) => term.visit_selecting(!negated, see),
            Tree::Match(question) if !negated => see(question),
            Tree::Match(_) => {}
        }
    }

    /// Shows every question, in order.
    pub(super) fn visit<'a>(&'a self, see: &mut impl FnMut(&'a M)) {
        match self {
            Tree::And(terms) | Tree::Or(terms) => terms.iter().for_each(|term| term.visit(see)),
            Tree::Not(term) => term.visit(see),
            Tree::Match(question) => see(question),
        }
    }
}
