//! The grammar of projections: `.fullname`, `goos,/size@num`, `/format@(gob json)`.

use super::extract::Key;
use super::order::Order;
use super::quote::quote;
use super::syntax::SyntaxError;
use super::token::{Token, Tokens};

/// One field of an expression.
#[derive(Debug)]
pub(super) struct Field {
    /// The key as written.
    pub(super) name: Vec<u8>,
    pub(super) source: Source,
    pub(super) order: Order,
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum Source {
    /// The value of a key.
    Key(Key),
    /// All settings that no other field holds, a field each.
    Config,
}

/// A field whose order is not yet known to be one.
struct Written {
    key: Vec<u8>,
    key_offset: usize,
    order: WrittenOrder,
    order_offset: usize,
}

enum WrittenOrder {
    Named(Vec<u8>),
    Fixed(Vec<Vec<u8>>),
}

/// Reads the fields of an expression.
pub(super) fn parse(query: &str) -> Result<Vec<Field>, SyntaxError> {
    let mut tokens = Tokens::of(query);
    let mut written = Vec::new();
    loop {
        match tokens.peek()? {
            (Token::End, _) => break,
            (Token::Operator(b','), _) if !written.is_empty() => drop(tokens.key()?),
            _ => {}
        }
        written.push(field(&mut tokens)?);
    }
    // What is wrong with the words comes after what is wrong with the grammar.
    written
        .into_iter()
        .map(|field| resolve(field, &tokens))
        .collect()
}

fn field(tokens: &mut Tokens<'_>) -> Result<Written, SyntaxError> {
    let (key, key_offset) = match tokens.key()? {
        (Token::Word(key), at) => (key, at),
        (_, at) => return Err(tokens.error(at, "expected key")),
    };
    let (order, order_offset) = match tokens.peek()? {
        (Token::Operator(b'@'), _) => {
            tokens.key()?;
            match tokens.key()? {
                (Token::Word(order), at) => (WrittenOrder::Named(order), at),
                (Token::Operator(b'('), at) => (WrittenOrder::Fixed(list(tokens)?), at),
                (_, at) => {
                    let message = "expected named sort order or parenthesized list";
                    return Err(tokens.error(at, message));
                }
            }
        }
        (_, at) => (WrittenOrder::Named(b"first".to_vec()), at),
    };
    Ok(Written {
        key,
        key_offset,
        order,
        order_offset,
    })
}

/// The values up to the closing parenthesis.
fn list(tokens: &mut Tokens<'_>) -> Result<Vec<Vec<u8>>, SyntaxError> {
    let mut values = Vec::new();
    loop {
        match tokens.key()? {
            (Token::Word(value), _) => values.push(value),
            (Token::Operator(b')'), at) if values.is_empty() => {
                return Err(tokens.error(at, "nothing to match"));
            }
            (Token::Operator(b')'), _) => return Ok(values),
            (_, at) => return Err(tokens.error(at, "missing )")),
        }
    }
}

fn resolve(field: Written, tokens: &Tokens<'_>) -> Result<Field, SyntaxError> {
    let Written {
        key,
        key_offset,
        order,
        order_offset,
    } = field;
    let order = match order {
        WrittenOrder::Fixed(values) => Order::Fixed(values),
        WrittenOrder::Named(name) => Order::named(&name)
            .ok_or_else(|| tokens.error(order_offset, format!("unknown order {}", quote(&name))))?,
    };
    let source = match (&*key, &order) {
        (b".config", Order::Fixed(_)) => {
            return Err(tokens.error(order_offset, "fixed order not allowed for .config"));
        }
        (b".config", _) => Source::Config,
        (b".unit", _) => {
            return Err(tokens.error(key_offset, ".unit is only allowed in filters"));
        }
        _ => Source::Key(Key::of(&key).map_err(|message| tokens.error(key_offset, message))?),
    };
    Ok(Field {
        name: key,
        source,
        order,
    })
}
