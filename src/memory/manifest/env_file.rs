//! Files of variables: `env_file` and `.env` of compose.

use std::collections::HashMap;
use std::io;

use super::Place;
use super::expand::{self, Lookup, Unresolved, dollars};
use super::variable::{Variable, hidden, unknown};
use crate::memory::declared::Declared;

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
        Ok(text) => EnvFile::Read(parse(place, text)),
        Err(error) => EnvFile::Unreadable(error.to_string()),
    }
}

/// A variable of several files, each with the place that names it, the one that overrides first.
pub(super) fn variable<'a>(
    files: impl IntoIterator<Item = &'a (EnvFile, String)>,
    name: &str,
) -> Variable {
    let mut each = files.into_iter().map(|(file, at)| match file {
        EnvFile::Read(variables) => variables.get(name).cloned().unwrap_or_default(),
        EnvFile::Missing => Declared::Absent,
        EnvFile::Unreadable(why) => {
            let why = format!("it may come from a file of variables: {why}");
            hidden(name, why, at.clone())
        }
    });
    each.find(|variable| *variable != Declared::Absent)
        .unwrap_or_default()
}

fn parse(place: Place<'_>, text: &str) -> HashMap<String, Variable> {
    let mut variables = HashMap::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let first = rest.split('\n').next().unwrap_or(rest);
        let trimmed = first.trim();
        let mut taken = first.len();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            if let Some((key, _)) = first.split_once(['=', ':']) {
                let key_length = key.len() + 1;
                let key = key.trim();
                let key = match key.strip_prefix("export") {
                    Some(name) if name.starts_with([' ', '\t']) => name.trim(),
                    _ => key,
                };
                let lookup = |name: &str| match variables.get(name) {
                    Some(variable) => Lookup::from(variable),
                    None => caller(name),
                };
                let (value, length) = value(&rest[key_length..], &lookup);
                taken = key_length + length;
                let text = rest[key_length..taken].trim();
                let variable = expand::variable(value, text, place, line);
                variables.insert(key.to_owned(), variable);
            } else {
                let why = format!("`{trimmed}` comes from the environment of the caller");
                variables.insert(trimmed.to_owned(), unknown(why, place.at(line)));
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
fn value(text: &str, lookup: &dyn Fn(&str) -> Lookup) -> (Result<String, Unresolved>, usize) {
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |end| from + end);
    let mut chars = text[start..].char_indices().peekable();
    let mut value = String::new();
    let quote = chars
        .next_if(|(_, c)| matches!(c, '"' | '\''))
        .map(|(_, c)| c);
    let mut closed = None;
    let mut last = ' ';
    while let Some((index, c)) = chars.next() {
        let index = start + index;
        match (quote, c) {
            (None, '\n') => break,
            (None, '#') if last.is_whitespace() => break,
            (Some(open), _) if c == open => {
                // What stands behind a quoted value is not looked at.
                closed = Some(line_end(index));
                break;
            }
            (Some('"'), '\\') => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, '$')) => value.push_str("$$"),
                Some((_, next)) => value.push(next),
                None => value.push(c),
            },
            (Some(_), '\\') => match chars.next_if(|(_, next)| *next == '\'') {
                Some((_, next)) => value.push(next),
                None => value.push(c),
            },
            (_, c) => value.push(c),
        }
        last = c;
    }
    match (quote, closed) {
        (None, _) => {
            value.truncate(value.trim_end().len());
            (dollars(&value, lookup), line_end(start))
        }
        (Some(open), None) => {
            let why = format!("its quote {open} is not closed");
            (Err(Unresolved::Invalid(why)), text.len())
        }
        (Some('\''), Some(end)) => (Ok(value), end),
        (Some(_), Some(end)) => (dollars(&value, lookup), end),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn of(text: &str) -> EnvFile {
        read("x.env", &|_| Ok(Some(text.as_bytes().to_vec())))
    }

    fn value(text: &str) -> Option<String> {
        let EnvFile::Read(variables) = of(text) else {
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
            assert_eq!(value(text).as_deref(), Some(expected), "{text:?}");
        }
        for text in ["X", "X=$B", "X=\"a", "Y=1"] {
            assert_eq!(value(text), None, "{text:?}");
        }
    }

    #[test]
    fn lines_and_failures() {
        let EnvFile::Read(variables) = of("A='\n\n'\nB=\"\n\" x\n\nX=1\n") else {
            panic!("not read");
        };
        assert_eq!(variables["X"].at(), Some("x.env:7"));
        assert_eq!(of(" \n"), EnvFile::Read(HashMap::new()));
        let beside = |_: &str| Ok(None);
        assert_eq!(read("x", &beside), EnvFile::Missing);
        let beside = |_: &str| Err(io::Error::other("no"));
        let file = read("x", &beside);
        assert_eq!(
            file,
            EnvFile::Unreadable("`x` cannot be read: no".to_owned())
        );
        assert!(matches!(of("\0"), EnvFile::Unreadable(_)));
    }
}
