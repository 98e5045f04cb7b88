//! The words of an instruction, with the quotes and references of Dockerfiles.

use super::lines::Instruction;
use crate::memory::manifest::expand::{Lookup, Unresolved, bounded, reference};

/// What runs a command that is no list.
pub(super) const SHELL: &str = "/bin/sh";

/// A word as it is written.
pub(super) struct Word {
    /// With its quotes.
    pub text: String,
    /// The line that it starts on.
    pub line: usize,
}

/// The words of an instruction, parted by blanks that are not in quotes.
pub(super) fn split(instruction: &Instruction, escape: char) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open = false;
    let mut quote = None;
    let mut escaped = false;
    for (offset, c) in instruction.text.char_indices() {
        if c.is_whitespace() && quote.is_none() && !escaped {
            open = false;
            continue;
        }
        if !open {
            open = true;
            let line = instruction.line_of(offset);
            let text = String::new();
            words.push(Word { text, line });
        }
        if let Some(word) = words.last_mut() {
            word.text.push(c);
        }
        match c {
            _ if escaped => {}
            '"' | '\'' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            _ => {}
        }
        escaped = c == escape && !escaped && quote != Some('\'');
    }
    words
}

/// The text without its quotes, and with its references replaced.
pub(super) fn resolve(
    text: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Lookup,
) -> Result<String, Unresolved> {
    let mut value = String::new();
    let mut quote = None;
    let mut rest = bounded(text)?;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => value.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (_, '$') => match reference(rest, lookup, &|word| resolve(word, escape, lookup))? {
                Some((found, length)) => {
                    value.push_str(&found);
                    rest = &rest[length..];
                }
                None => value.push('$'),
            },
            (_, c) if c == escape => {
                let Some(next) = rest.chars().next() else {
                    value.push(c);
                    break;
                };
                // In double quotes it stays before what needs none.
                if quote.is_some() && next != '"' && next != '$' && next != escape {
                    value.push(c);
                }
                value.push(next);
                rest = &rest[next.len_utf8()..];
            }
            (_, c) => value.push(c),
        }
        bounded(&value)?;
    }
    match quote {
        Some(open) => Err(Unresolved::Invalid(format!(
            "its quote {open} is not closed"
        ))),
        None => Ok(value),
    }
}

/// The words of CMD or ENTRYPOINT: a list in JSON, or else a line for the shell.
pub(super) fn command(text: &str) -> Vec<String> {
    serde_json::from_str(text.trim()).unwrap_or_else(|_| {
        let line = text.trim().to_owned();
        vec![SHELL.to_owned(), "-c".to_owned(), line]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_resolved() {
        let lookup = |name: &str| match name {
            "A" => Lookup::Set("a b".to_owned()),
            _ => Lookup::Unset,
        };
        for (text, value) in [
            ("$A\"$A\"'$A'\\$A", "a ba b$A$A"),
            ("\"\\\"\\a\\\\\"", "\"\\a\\"),
            ("a\\ b\\", "a b\\"),
            ("${B:-\"x y\"}${B:-${A}}", "x ya b"),
            ("$", "$"),
        ] {
            assert_eq!(resolve(text, '\\', &lookup), Ok(value.to_owned()), "{text}");
        }
        for text in ["\"a", "'a", "${A"] {
            let found = resolve(text, '\\', &lookup);
            assert!(matches!(found, Err(Unresolved::Invalid(_))), "{text}");
        }
    }

    #[test]
    fn commands_are_lists_or_lines() {
        assert_eq!(command(" [\"a\", \"b c\"] "), ["a", "b c"]);
        assert_eq!(command("A=1 b"), [SHELL, "-c", "A=1 b"]);
        assert_eq!(command("['a']"), [SHELL, "-c", "['a']"]);
    }
}
