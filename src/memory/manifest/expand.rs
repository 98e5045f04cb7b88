//! `$X` and `${X:-default}`, as compose files, Dockerfiles and env files write them.

use super::Place;
use super::variable::{MAX_LENGTH, Variable, invalid, set_to, unknown};

/// What is known of a variable that a text refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Its value.
    Set(String),
    /// It is not set.
    Unset,
    /// Where it comes from.
    Unknown(String),
}

impl From<&Variable> for Lookup {
    fn from(variable: &Variable) -> Lookup {
        match variable {
            Variable::Absent => Lookup::Unset,
            Variable::Set { value, .. } => Lookup::Set(value.clone()),
            Variable::Invalid { why, .. } | Variable::Unknown { why, .. } => {
                Lookup::Unknown(why.clone())
            }
        }
    }
}

/// Why a text could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// It refers to what is not known.
    Unknown(String),
    /// It is not of the form.
    Invalid(String),
}

/// The variable that an expanded text, as it is written, makes.
pub(super) fn variable(
    expanded: Result<String, Unresolved>,
    text: &str,
    place: Place<'_>,
    line: usize,
) -> Variable {
    let at = place.at(line);
    match expanded {
        Ok(value) => set_to(value, text, at),
        Err(Unresolved::Unknown(why)) => unknown(why, at),
        Err(Unresolved::Invalid(why)) => invalid(why, at),
    }
}

/// The text with its references resolved; `$$` is a dollar.
pub(super) fn dollars(text: &str, lookup: &dyn Fn(&str) -> Lookup) -> Result<String, Unresolved> {
    let mut value = String::new();
    let mut rest = bounded(text)?;
    while let Some((before, after)) = rest.split_once('$') {
        value.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            value.push('$');
            after
        } else {
            match reference(after, lookup, &|word| dollars(word, lookup))? {
                Some((found, length)) => {
                    value.push_str(&found);
                    &after[length..]
                }
                None => {
                    value.push('$');
                    after
                }
            }
        };
        bounded(&value)?;
    }
    value.push_str(rest);
    Ok(value)
}

/// The text, unless it is too long for a setting.
pub(super) fn bounded(text: &str) -> Result<&str, Unresolved> {
    if text.len() > MAX_LENGTH {
        let why = format!("it is longer than {MAX_LENGTH} bytes");
        return Err(Unresolved::Unknown(why));
    }
    Ok(text)
}

/// The value of the reference whose dollar stands before the text, and its length without the
/// dollar; `None` if it is no reference. `expand` expands the word behind an operator.
pub(super) fn reference(
    text: &str,
    lookup: &dyn Fn(&str) -> Lookup,
    expand: &dyn Fn(&str) -> Result<String, Unresolved>,
) -> Result<Option<(String, usize)>, Unresolved> {
    let Some(inner) = text.strip_prefix('{') else {
        let name = name(text);
        if name.is_empty() {
            return Ok(None);
        }
        return value(name, "", lookup, expand).map(|value| Some((value, name.len())));
    };
    let form = |what: &str| {
        Unresolved::Invalid(format!(
            "`${text}` {what}; write `${{NAME}}` or `${{NAME:-default}}`"
        ))
    };
    let inner = &inner[..closing(inner).ok_or_else(|| form("has no closing brace"))?];
    let name = name(inner);
    if name.is_empty() {
        return Err(form("names no variable"));
    }
    let found = value(name, &inner[name.len()..], lookup, expand)?;
    Ok(Some((found, inner.len() + 2)))
}

/// Where the brace of a reference is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut last = ' ';
    for (index, c) in text.char_indices() {
        match c {
            '{' if last == '$' => depth += 1,
            '}' if depth == 0 => return Some(index),
            '}' => depth -= 1,
            _ => {}
        }
        last = c;
    }
    None
}

/// The name that a text starts with.
fn name(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    &text[..end]
}

/// The value of a variable with an operator and its word behind the name.
fn value(
    name: &str,
    operation: &str,
    lookup: &dyn Fn(&str) -> Lookup,
    expand: &dyn Fn(&str) -> Result<String, Unresolved>,
) -> Result<String, Unresolved> {
    let (empty_counts, operator) = match operation.strip_prefix(':') {
        Some(operator) => (false, operator),
        None => (true, operation),
    };
    let found = match lookup(name) {
        Lookup::Set(value) if value.is_empty() && !empty_counts => Lookup::Unset,
        other => other,
    };
    let operator = operator
        .chars()
        .next()
        .map(|c| (c, &operator[c.len_utf8()..]));
    match (operator, found) {
        (Some(('-' | '?', _)) | None, Lookup::Set(value)) => Ok(value),
        (Some(('-', word)), _) | (Some(('+', word)), Lookup::Set(_)) => expand(word),
        (Some(('+', _)) | None, Lookup::Unset) => Ok(String::new()),
        (Some(('?', _)), Lookup::Unset) => Err(Unresolved::Invalid(format!(
            "`${{{name}{operation}}}` requires `{name}`, which is not set"
        ))),
        (Some(('+' | '?', _)) | None, Lookup::Unknown(why)) => Err(Unresolved::Unknown(why)),
        (Some(_), _) => Err(Unresolved::Unknown(format!(
            "`${{{name}{operation}}}` is more than is worked out here"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Lookup {
        match name {
            "A" => Lookup::Set("a".to_owned()),
            "EMPTY" => Lookup::Set(String::new()),
            "HIDDEN" => Lookup::Unknown("HIDDEN is hidden".to_owned()),
            "LONG" => Lookup::Set("x".repeat(400)),
            _ => Lookup::Unset,
        }
    }

    #[test]
    fn references() {
        for (text, value) in [
            ("$A-${A}", "a-a"),
            ("$$A $ $1 100$", "$A $ $1 100$"),
            ("${NONE}$NONE", ""),
            ("${NONE:-d}${NONE-d}${EMPTY:-d}${EMPTY-d}${A:-d}", "ddda"),
            ("${HIDDEN:-d}", "d"),
            ("${NONE:-${A}b${EMPTY:-${A}}}c", "abac"),
            ("${A:+b}${EMPTY:+b}${EMPTY+b}${NONE+b}", "bb"),
            ("${A:?e}", "a"),
        ] {
            assert_eq!(dollars(text, &lookup), Ok(value.to_owned()), "{text}");
        }
        for text in ["${A", "${}", "${1}", "${NONE:?e}", "${EMPTY:?e}"] {
            let expanded = dollars(text, &lookup);
            assert!(
                matches!(expanded, Err(Unresolved::Invalid(_))),
                "{text}: {expanded:?}"
            );
        }
        for text in [
            "$HIDDEN",
            "${HIDDEN:?e}",
            "${HIDDEN:+e}",
            "${A%x}",
            "$LONG$LONG$A",
        ] {
            let expanded = dollars(text, &lookup);
            assert!(
                matches!(expanded, Err(Unresolved::Unknown(_))),
                "{text}: {expanded:?}"
            );
        }
    }
}
