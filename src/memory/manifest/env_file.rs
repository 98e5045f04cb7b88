//! Files of variables: `env_file` and `.env` of compose, `EnvironmentFile=` of systemd.

use std::collections::HashMap;
use std::io;

use super::Place;
use super::expand::{self, Lookup, Unresolved, dollars};
use super::variable::{Variable, unknown};
use crate::memory::declared::Declared;

/// Whose rules a file follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `export`, comments behind values, and references to other variables.
    Compose,
    /// None of these; a line may go on behind a backslash.
    Systemd,
}

/// A file of variables.
#[derive(Debug, PartialEq)]
pub(super) enum EnvFile {
    /// What it sets.
    Read(HashMap<String, Variable>),
    /// There is no such file.
    Missing,
    /// It is there, and cannot be read: why.
    Unreadable(String),
}

/// Reads a file of variables beside the manifest.
pub(super) fn read(
    name: &str,
    dialect: Dialect,
    read_beside: &dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
) -> EnvFile {
    let text = match read_beside(name) {
        Ok(Some(text)) => text,
        Ok(None) => return EnvFile::Missing,
        Err(error) => return EnvFile::Unreadable(format!("`{name}` cannot be read: {error}")),
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return EnvFile::Read(HashMap::new());
    }
    let place = Place(name);
    match super::decode(place, &text) {
        Ok(text) => EnvFile::Read(parse(place, text, dialect)),
        Err(error) => EnvFile::Unreadable(error.to_string()),
    }
}

/// A variable of several files, each with the line that names it, the one that overrides first.
pub(super) fn variable<'a>(
    files: impl IntoIterator<Item = &'a (EnvFile, usize)>,
    name: &str,
    place: Place<'_>,
) -> Variable {
    let each = files.into_iter().map(|(file, line)| match file {
        EnvFile::Read(variables) => variables.get(name).cloned().unwrap_or_default(),
        EnvFile::Missing => Declared::Absent,
        EnvFile::Unreadable(why) => {
            let why = format!("it may come from a file of variables: {why}");
            unknown(why, place.at(*line))
        }
    });
    each.into_iter()
        .find(|variable| *variable != Declared::Absent)
        .unwrap_or_default()
}

fn parse(place: Place<'_>, text: &str, dialect: Dialect) -> HashMap<String, Variable> {
    let compose = dialect == Dialect::Compose;
    let comment: &[char] = if compose { &['#'] } else { &['#', ';'] };
    let separator: &[char] = if compose { &['=', ':'] } else { &['='] };
    let mut variables = HashMap::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let first = rest.split('\n').next().unwrap_or(rest);
        let trimmed = first.trim();
        let mut taken = first.len();
        if !trimmed.is_empty() && !trimmed.starts_with(comment) {
            match first.split_once(separator) {
                Some((key, _)) => {
                    let key_length = key.len() + 1;
                    let key = key.trim();
                    let key = match key.strip_prefix("export") {
                        Some(name) if compose && name.starts_with([' ', '\t']) => name.trim(),
                        _ => key,
                    };
                    let lookup = |name: &str| match variables.get(name) {
                        Some(variable) => Lookup::from(variable),
                        None => caller(name),
                    };
                    let (value, length) = value(&rest[key_length..], dialect, &lookup);
                    taken = key_length + length;
                    let text = rest[key_length..taken].trim();
                    let variable = expand::variable(value, text, place, line);
                    variables.insert(key.to_owned(), variable);
                }
                None if compose => {
                    let why = format!("`{trimmed}` comes from the environment of the caller");
                    variables.insert(trimmed.to_owned(), unknown(why, place.at(line)));
                }
                None => {}
            }
        }
        line += 1 + rest[..taken].matches('\n').count();
        rest = rest[taken..].strip_prefix('\n').unwrap_or_default();
    }
    variables
}

/// A variable that only the caller of compose knows.
pub(super) fn caller(name: &str) -> Lookup {
    Lookup::Unknown(format!("`{name}` comes from the environment of the caller"))
}

/// The value that a text starts with, and how far it goes, at least to the end of its line.
fn value(
    text: &str,
    dialect: Dialect,
    lookup: &dyn Fn(&str) -> Lookup,
) -> (Result<String, Unresolved>, usize) {
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    let mut chars = text[start..].char_indices().peekable();
    let mut value = String::new();
    let mut quote = None;
    let mut quoted = false;
    let mut literal = false;
    let mut last = ' ';
    let mut end = text.len();
    while let Some((index, c)) = chars.next() {
        match (quote, c) {
            (None, '\n') => {
                end = start + index;
                break;
            }
            (None, '#') if dialect == Dialect::Compose && last.is_whitespace() => {
                end = start
                    + text[start..][index..]
                        .find('\n')
                        .unwrap_or(text.len() - start - index);
                break;
            }
            (None, '"' | '\'') if dialect == Dialect::Systemd || value.is_empty() && !quoted => {
                quote = Some(c);
                quoted = true;
                literal = c == '\'';
            }
            (Some(open), _) if c == open => {
                quote = None;
                if dialect == Dialect::Compose {
                    // What stands behind a quoted value of compose is not looked at.
                    let rest = &text[start + index..];
                    end = start + index + rest.find('\n').unwrap_or(rest.len());
                    break;
                }
            }
            (quote, '\\') => {
                let next = chars.peek().map(|(_, next)| *next);
                let escapes = match (dialect, quote) {
                    (Dialect::Systemd, None) => next.is_some(),
                    (Dialect::Systemd, Some('"')) => {
                        next.is_some_and(|next| matches!(next, '"' | '\\' | '`' | '$' | '\n'))
                    }
                    (Dialect::Systemd, _) | (Dialect::Compose, None) => false,
                    (Dialect::Compose, Some('\'')) => next == Some('\''),
                    (Dialect::Compose, Some(_)) => next.is_some(),
                };
                if !escapes {
                    value.push(c);
                } else if let Some((_, next)) = chars.next() {
                    match (dialect, next) {
                        (Dialect::Systemd, '\n') => {}
                        (Dialect::Compose, 'n') => value.push('\n'),
                        (Dialect::Compose, 'r') => value.push('\r'),
                        (Dialect::Compose, 't') => value.push('\t'),
                        (Dialect::Compose, '$') => value.push_str("$$"),
                        (_, next) => value.push(next),
                    }
                }
            }
            (_, c) => value.push(c),
        }
        last = c;
    }
    if let Some(open) = quote {
        let why = format!("its quote {open} is not closed");
        return (Err(Unresolved::Invalid(why)), end);
    }
    if !quoted {
        value.truncate(value.trim_end().len());
    }
    let value = value.trim_end_matches('\r').to_owned();
    if dialect == Dialect::Systemd || literal {
        return (Ok(value), end);
    }
    (dollars(&value, lookup), end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn of(text: &str, dialect: Dialect) -> EnvFile {
        read("x.env", dialect, &|_| Ok(Some(text.as_bytes().to_vec())))
    }

    fn value(text: &str, dialect: Dialect) -> Option<String> {
        let EnvFile::Read(variables) = of(text, dialect) else {
            return None;
        };
        variables.get("X")?.value().cloned()
    }

    #[test]
    fn compose_files() {
        for (text, expected) in [
            ("X=1GiB", "1GiB"),
            ("\u{feff}# c\r\n\r\nX=1GiB\r\n", "1GiB"),
            ("export X = 1GiB # c", "1GiB"),
            ("X: 1GiB", "1GiB"),
            ("X=a#b", "a#b"),
            ("X='a $A \\' #' # c", "a $A ' #"),
            ("X=\"a\\n\\\"b\\\" \\$A\"\nY=2", "a\n\"b\" $A"),
            ("A=1\nX=${A}${B:-2}GiB", "12GiB"),
            ("X=\"a\nb\"\n", "a\nb"),
            ("X=1\nX=2", "2"),
            ("X=", ""),
            ("Y='\nX=0'\nX=1", "1"),
        ] {
            assert_eq!(
                value(text, Dialect::Compose).as_deref(),
                Some(expected),
                "{text:?}"
            );
        }
        for text in ["X", "X=$B", "X=\"a", "Y=1"] {
            assert_eq!(value(text, Dialect::Compose), None, "{text:?}");
        }
    }

    #[test]
    fn systemd_files() {
        for (text, expected) in [
            ("; c\n# c\nX=1GiB\n", "1GiB"),
            ("X=a # b", "a # b"),
            ("X=\"a\"'b'c", "abc"),
            ("X=a\\\nb\n", "ab"),
            ("X=a\\$b$c", "a$b$c"),
            ("X='a\\b'", "a\\b"),
        ] {
            assert_eq!(
                value(text, Dialect::Systemd).as_deref(),
                Some(expected),
                "{text:?}"
            );
        }
        assert_eq!(value("export X=1\nX\n", Dialect::Systemd), None);
    }

    #[test]
    fn lines_and_failures() {
        let EnvFile::Read(variables) = of("A='\n\n'\nB=\"\n\" x\n\nX=1\n", Dialect::Compose) else {
            panic!("not read");
        };
        assert_eq!(variables["X"].at(), Some("x.env:7"));
        assert_eq!(of(" \n", Dialect::Compose), EnvFile::Read(HashMap::new()));
        let beside = |_: &str| Ok(None);
        assert_eq!(read("x", Dialect::Compose, &beside), EnvFile::Missing);
        let beside = |_: &str| Err(io::Error::other("no"));
        let file = read("x", Dialect::Compose, &beside);
        assert_eq!(
            file,
            EnvFile::Unreadable("`x` cannot be read: no".to_owned())
        );
        assert!(matches!(of("\0", Dialect::Compose), EnvFile::Unreadable(_)));
    }
}
