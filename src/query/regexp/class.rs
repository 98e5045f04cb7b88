//! The smallest parts of an expression: escapes, classes of characters, numbers of repetitions.
//!
//! Every character of a class is escaped, so that what is special only to the `regex` crate (`[[a]`,
//! `&&`, `--`, `~~`) is literal, as it is in Go.

use regex::Regex;

use super::translate::{Error, wrong};

/// Something that was read, in the syntax of the `regex` crate or as a number, and its length.
type Read<T> = (T, usize);

/// What matches no character.
const NOTHING: &str = r"[^\x{0}-\x{10FFFF}]";

/// How often a counted repetition repeats.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) min: u32,
    /// `None` where there is no end.
    pub(super) max: Option<u32>,
}

/// `{2}`, `{2,}` or `{2,3}` at the beginning of `text`. Any other brace is literal.
pub(super) fn repetition(text: &str) -> Option<Read<Bounds>> {
    let (inner, _) = text.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        // Leading zeros make it literal; a number too large for us is too large for all.
        (is_number && (text == "0" || !text.starts_with('0')))
            .then(|| text.parse().unwrap_or(u32::MAX))
    };
    let bounds = match inner.split_once(',') {
        None => Bounds {
            min: number(inner)?,
            max: Some(number(inner)?),
        },
        Some((min, "")) => Bounds {
            min: number(min)?,
            max: None,
        },
        Some((min, max)) => Bounds {
            min: number(min)?,
            max: Some(number(max)?),
        },
    };
    Some((bounds, inner.len() + 2))
}

/// A character, escaped. Half of a surrogate pair is in no text.
pub(super) fn character(c: u32) -> String {
    match char::from_u32(c) {
        Some(c) if c.is_ascii_alphanumeric() => c.to_string(),
        Some(_) => format!(r"\x{{{c:X}}}"),
        None => NOTHING.to_owned(),
    }
}

/// The character that an escape stands for.
pub(super) fn escape(text: &str) -> Result<Read<u32>, Error> {
    let mut rest = text[1..].chars();
    let Some(c) = rest.next() else {
        return wrong("trailing backslash at end of expression", "");
    };
    let octal = |c: &char| ('0'..='7').contains(c);
    let value = match c {
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        'x' => hexadecimal(&mut rest),
        // A single digit would refer to a group.
        '1'..='7' if !rest.clone().next().is_some_and(|c| octal(&c)) => None,
        '0'..='7' => {
            let mut value = c.to_digit(8).unwrap_or_default();
            for _ in 0..2 {
                let Some(digit) = rest.clone().next().filter(octal) else {
                    break;
                };
                value = value * 8 + digit.to_digit(8).unwrap_or_default();
                rest.next();
            }
            Some(value)
        }
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(u32::from(c)),
        _ => None,
    };
    let length = text.len() - rest.as_str().len();
    match value {
        Some(value) => Ok((value, length)),
        None => wrong("invalid escape sequence", &text[..length]),
    }
}

/// `41` or `{1F600}`, after `\x`.
fn hexadecimal(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let first = rest.next()?;
    if first != '{' {
        let second = rest.next();
        return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
    }
    let mut value = None;
    loop {
        match rest.next()? {
            '}' => return value,
            c => {
                let so_far = value.unwrap_or(0) * 16 + c.to_digit(16)?;
                value = Some(so_far).filter(|value| *value <= u32::from(char::MAX));
                value?;
            }
        }
    }
}

/// `\d`, `\W`, `\pL`, `\p{Greek}`: a class that is named by an escape.
pub(super) fn named_class(text: &str) -> Result<Option<Read<String>>, Error> {
    let class = match text.as_bytes().get(1) {
        Some(b'd') => "[0-9]",
        Some(b'D') => "[^0-9]",
        Some(b's') => r"[\t\n\f\r\x20]",
        Some(b'S') => r"[^\t\n\f\r\x20]",
        Some(b'w') => "[0-9A-Za-z_]",
        Some(b'W') => "[^0-9A-Za-z_]",
        Some(b'p' | b'P') => return unicode_class(text),
        _ => return Ok(None),
    };
    Ok(Some((class.to_owned(), 2)))
}

fn unicode_class(text: &str) -> Result<Option<Read<String>>, Error> {
    let (name, length) = match text[2..].chars().next() {
        None => ("", 2),
        Some('{') => match text.find('}') {
            Some(end) => (&text[3..end], end + 1),
            None => return wrong("invalid character class range", text),
        },
        Some(c) => (&text[2..2 + c.len_utf8()], 2 + c.len_utf8()),
    };
    let bare = name.strip_prefix('^').unwrap_or(name);
    let is_negated = text.starts_with(r"\P") != (bare.len() < name.len());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ');
    let escape = if is_negated { 'P' } else { 'p' };
    // Categories and scripts: other properties Go does not know. (It does not know the codes of
    // scripts either, `Grek`.)
    let classes = ["gc", "sc"].map(|kind| format!(r"\{escape}{{{kind}={bare}}}"));
    let class = classes.into_iter().find(|class| Regex::new(class).is_ok());
    match class.filter(|_| bare.chars().all(is_name)) {
        Some(class) => Ok(Some((class, length))),
        None => wrong("invalid character class range", &text[..length]),
    }
}

/// A class in brackets, at the beginning of `text`.
pub(super) fn brackets(text: &str) -> Result<Read<String>, Error> {
    let mut rest = &text[1..];
    let mut class = String::from("[");
    if let Some(after) = rest.strip_prefix('^') {
        class.push('^');
        rest = after;
    }
    let mut is_first = true;
    while is_first || !rest.starts_with(']') {
        is_first = false;
        if let Some((items, length)) = posix_class(rest)? {
            class.push_str(&items);
            rest = &rest[length..];
        } else if let Some((items, length)) = escaped_class(rest)? {
            class.push_str(&items);
            rest = &rest[length..];
        } else {
            let (items, length) = range(rest, text)?;
            class.push_str(&items);
            rest = &rest[length..];
        }
    }
    class.push(']');
    Ok((class, text.len() - rest.len() + 1))
}

fn escaped_class(text: &str) -> Result<Option<Read<String>>, Error> {
    match text.starts_with('\\') {
        true => named_class(text),
        false => Ok(None),
    }
}

/// `[:alpha:]`, `[:^alpha:]`.
fn posix_class(text: &str) -> Result<Option<Read<String>>, Error> {
    const NAMES: [&str; 14] = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
        "space", "upper", "word", "xdigit",
    ];
    let Some((name, _)) = text
        .strip_prefix("[:")
        .and_then(|rest| rest.split_once(":]"))
    else {
        return Ok(None);
    };
    let class = &text[..name.len() + 4];
    match NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
        true => Ok(Some((class.to_owned(), class.len()))),
        false => wrong("invalid character class range", class),
    }
}

/// `a` or `a-z`.
fn range(text: &str, class: &str) -> Result<Read<String>, Error> {
    let (low, mut length) = class_character(text, class)?;
    let mut high = low;
    let mut after = text[length..].chars();
    if after.next() == Some('-') && after.next().is_some_and(|c| c != ']') {
        let (end, more) = class_character(&text[length + 1..], class)?;
        high = end;
        length += 1 + more;
        if high < low {
            return wrong("invalid character class range", &text[..length]);
        }
    }
    // Halves of surrogate pairs are in no text: the range ends before them, and goes on after.
    let low = if (0xd800..=0xdfff).contains(&low) {
        0xe000
    } else {
        low
    };
    let high = if (0xd800..=0xdfff).contains(&high) {
        0xd7ff
    } else {
        high
    };
    let items = match low.cmp(&high) {
        std::cmp::Ordering::Less => format!("{}-{}", character(low), character(high)),
        std::cmp::Ordering::Equal => character(low),
        std::cmp::Ordering::Greater => NOTHING.to_owned(),
    };
    Ok((items, length))
}

fn class_character(text: &str, class: &str) -> Result<Read<u32>, Error> {
    match text.chars().next() {
        None => wrong("missing closing ]", class),
        Some('\\') => escape(text),
        Some(c) => Ok((u32::from(c), c.len_utf8())),
    }
}
