//! What is wrong with an expression, and where: the caret points at the character.

use std::fmt;

use super::quote;

/// An expression that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SyntaxError {
    /// The expression.
    pub query: String,
    /// The byte at which it went wrong.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

impl SyntaxError {
    pub(super) fn new(query: &str, offset: usize, message: impl Into<String>) -> Self {
        SyntaxError {
            query: query.to_owned(),
            offset,
            message: message.into(),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is not drawn takes no column.
        let before = self.query.char_indices();
        let column = before
            .take_while(|(at, _)| *at < self.offset)
            .filter(|(_, c)| quote::is_graphic(*c))
            .count();
        let Self { query, message, .. } = self;
        write!(f, "syntax error: {message}\n\t{query}\n\t{:column$}^", "")
    }
}
