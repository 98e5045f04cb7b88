//! The words and operators of an expression.
//!
//! A `-` or `*` is an operator only where a word would begin: `foo-bar` is a word. A regular
//! expression is read only where a value may stand, since keys begin with a slash as well.

use super::quote::unquote;
use super::regexp::Regexp;
use super::syntax::SyntaxError;

/// One word or operator.
#[derive(Debug)]
pub(super) enum Token {
    /// The end of the expression.
    End,
    /// One of `( ) : @ , - *`.
    Operator(u8),
    /// The word AND.
    And,
    /// The word OR.
    Or,
    /// A word, or what a word in quotes stands for.
    Word(Vec<u8>),
    /// A regular expression.
    Regexp(Regexp),
}

/// An expression that is being read.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'a> {
    query: &'a str,
    at: usize,
}

/// A token and where it begins.
pub(super) type Placed = (Token, usize);

impl<'a> Tokens<'a> {
    pub(super) fn of(query: &'a str) -> Self {
        Tokens { query, at: 0 }
    }

    /// The error that something is wrong at an offset.
    pub(super) fn error(&self, offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.query, offset, message)
    }

    /// The next key or operator.
    pub(super) fn key(&mut self) -> Result<Placed, SyntaxError> {
        self.next(false)
    }

    /// The next value or operator.
    pub(super) fn value(&mut self) -> Result<Placed, SyntaxError> {
        self.next(true)
    }

    /// The next key or operator, which stays to be read.
    pub(super) fn peek(&self) -> Result<Placed, SyntaxError> {
        let mut ahead = *self;
        ahead.next(false)
    }

    fn next(&mut self, values: bool) -> Result<Placed, SyntaxError> {
        let rest = self.query[self.at..].trim_start();
        self.at = self.query.len() - rest.len();
        let start = self.at;
        let token = match rest.bytes().next() {
            None => Token::End,
            Some(byte) if begins_operator(byte) => {
                self.at += 1;
                Token::Operator(byte)
            }
            Some(b'/') if values => self.regexp(&rest[1..])?,
            Some(b'"') => self.quoted_word(rest)?,
            Some(_) => self.bare_word(rest),
        };
        Ok((token, start))
    }

    fn quoted_word(&mut self, rest: &str) -> Result<Token, SyntaxError> {
        // The quote after `\\` does not end the word: benchstat looks one byte back and no further.
        let bytes = rest.as_bytes();
        let end = (1..bytes.len()).find(|at| bytes[*at] == b'"' && bytes[at - 1] != b'\\');
        let end = end.ok_or_else(|| self.error(self.at, "missing end quote"))?;
        let word = unquote(&rest[..=end]);
        let word = word.ok_or_else(|| self.error(self.at, "bad escape sequence"))?;
        self.at += end + 1;
        Ok(Token::Word(word))
    }

    fn bare_word(&mut self, rest: &str) -> Token {
        let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ':' | '@' | ',');
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += word.len();
        match word {
            "AND" => Token::And,
            "OR" => Token::Or,
            word => Token::Word(word.as_bytes().to_owned()),
        }
    }

    fn regexp(&mut self, rest: &str) -> Result<Token, SyntaxError> {
        let end = end_of_regexp(rest.as_bytes());
        let end = end.ok_or_else(|| self.error(self.at, "missing close \"/\""))?;
        let regexp = Regexp::parse(&rest[..end]).map_err(|error| self.error(self.at, error))?;
        let after = self.at + end + 2;
        match self.query.as_bytes().get(after) {
            Some(b'\t'..=b'\r' | b' ') | None => {}
            Some(byte) if begins_operator(*byte) => {}
            Some(_) => {
                let message = "regexp must be followed by space or an operator (unescaped \"/\"?)";
                return Err(self.error(after, message));
            }
        }
        self.at = after;
        Ok(Token::Regexp(regexp))
    }
}

fn begins_operator(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b':' | b'@' | b',' | b'-' | b'*')
}

/// Where the slash stands that ends a regular expression: not in brackets, nor in a group.
fn end_of_regexp(text: &[u8]) -> Option<usize> {
    let (mut brackets, mut groups) = (0_usize, 0_isize);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'/' if brackets == 0 && groups == 0 => return Some(at),
            b'[' => brackets += 1,
            // One too many is legal.
            b']' => brackets = brackets.saturating_sub(1),
            b'(' if brackets == 0 => groups += 1,
            b')' if brackets == 0 => groups -= 1,
            b'\\' => at += 1,
            _ => {}
        }
        at += 1;
    }
    None
}
