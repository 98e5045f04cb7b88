//! JSON is YAML, but for two things: it may be indented with tabs, and it writes a character beyond
//! U+FFFF as two escapes.

use std::borrow::Cow;
use std::ops::Range;

/// The text as a reader of YAML takes it, if it looks like JSON. Its lines stay what they are.
pub(super) fn as_yaml(text: &str) -> Cow<'_, str> {
    let json = text.trim_start().starts_with(['{', '[']);
    if !json || !text.contains('\t') && !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut yaml = String::with_capacity(text.len());
    let mut quoted = false;
    let mut rest = text;
    while let Some(index) = rest.find(['"', '\t', '\\']) {
        yaml.push_str(&rest[..index]);
        rest = &rest[index..];
        let mut length = 1;
        match rest.as_bytes()[0] {
            b'"' => quoted = !quoted,
            b'\t' if !quoted => {
                yaml.push(' ');
                rest = &rest[1..];
                continue;
            }
            b'\\' if quoted => {
                if let Some(character) = pair(rest) {
                    yaml.push(character);
                    rest = &rest[12..];
                    continue;
                }
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
            }
            _ => {}
        }
        yaml.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    yaml.push_str(rest);
    Cow::Owned(yaml)
}

/// The character of two escapes: `\ud83d\ude00`.
fn pair(text: &str) -> Option<char> {
    let unit = |range: Range<usize>| {
        let digits = text.get(range)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let units = [unit(0..6)?, unit(6..12)?];
    let mut characters = char::decode_utf16(units);
    match (characters.next(), characters.next()) {
        (Some(Ok(character)), None) => Some(character),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_does_not_take_is_replaced() {
        for (json, yaml) in [
            ("{\t\"a\t\\\"\tb\"\t}", "{ \"a\t\\\"\tb\" }"),
            ("[\"\\ud83d\\ude00\\u0041\"]", "[\"\u{1f600}\\u0041\"]"),
            (
                "[\"\\\\ud83d\\\\ude00\\ud83d\\u\"]",
                "[\"\\\\ud83d\\\\ude00\\ud83d\\u\"]",
            ),
            ("[\"\\\u{e4}\t\\", "[\"\\\u{e4}\t\\"),
            ("a:\t\"\\ud83d\\ude00\"", "a:\t\"\\ud83d\\ude00\""),
        ] {
            assert_eq!(as_yaml(json), yaml);
        }
    }
}
