//! Strings in double quotes, as Go writes and reads them, and which characters it calls printable.

use std::sync::LazyLock;

use regex::Regex;

/// The text that a Go string literal in double quotes stands for; it need not be UTF-8.
pub(super) fn unquote(literal: &str) -> Option<Vec<u8>> {
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut text = Vec::new();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\n' => return None,
            '\\' => escape(&mut rest, &mut text)?,
            c => push(&mut text, c),
        }
    }
    Some(text)
}

/// Reads what follows a backslash.
fn escape(rest: &mut std::str::Chars<'_>, text: &mut Vec<u8>) -> Option<()> {
    let c = rest.next()?;
    match c {
        'x' => text.push(u8::try_from(digits(rest, 16, 2, 0)?).ok()?),
        'u' => push(text, char::from_u32(digits(rest, 16, 4, 0)?)?),
        'U' => push(text, char::from_u32(digits(rest, 16, 8, 0)?)?),
        '0'..='7' => text.push(u8::try_from(digits(rest, 8, 2, c.to_digit(8)?)?).ok()?),
        'a' => text.push(0x07),
        'b' => text.push(0x08),
        'f' => text.push(0x0c),
        'n' => text.push(b'\n'),
        'r' => text.push(b'\r'),
        't' => text.push(b'\t'),
        'v' => text.push(0x0b),
        '\\' | '"' => push(text, c),
        _ => return None,
    }
    Some(())
}

/// So many digits, as many as `from` has already counted.
fn digits(rest: &mut std::str::Chars<'_>, radix: u32, count: usize, from: u32) -> Option<u32> {
    (0..count).try_fold(from, |value, _| {
        value
            .checked_mul(radix)?
            .checked_add(rest.next()?.to_digit(radix)?)
    })
}

fn push(text: &mut Vec<u8>, c: char) {
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// A Go string literal of the text.
pub(super) fn quote(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                c if is_printable(c) => quoted.push(c),
                '\x07' => quoted.push_str("\\a"),
                '\x08' => quoted.push_str("\\b"),
                '\x0c' => quoted.push_str("\\f"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '\x0b' => quoted.push_str("\\v"),
                c if u32::from(c) < 0x80 => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
                c if u32::from(c) < 0x10000 => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            }
        }
        for byte in chunk.invalid() {
            quoted.push_str(&format!("\\x{byte:02x}"));
        }
    }
    quoted.push('"');
    quoted
}

/// Whether Go calls the character graphic: it takes a column.
pub(super) fn is_graphic(c: char) -> bool {
    c == ' ' || is_printable(c) || (!c.is_ascii() && c.is_whitespace() && !is_separator(c))
}

/// White space that is no space: controls, and separators of lines and paragraphs.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether Go prints the character as it is.
fn is_printable(c: char) -> bool {
    static OTHERS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    let others = OTHERS.as_ref();
    others.is_some_and(|others| others.is_match(c.encode_utf8(&mut [0; 4])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_go_reads_them() {
        for (literal, text) in [
            (r#""""#, &b""[..]),
            (r#""a b""#, b"a b"),
            (r#""\u2603\U0001F600""#, "☃😀".as_bytes()),
            (r#""\xff\377\0001""#, b"\xff\xff\x001"),
            (r#""\a\b\f\n\r\t\v\\\"""#, b"\x07\x08\x0c\n\r\t\x0b\\\""),
        ] {
            assert_eq!(unquote(literal).as_deref(), Some(text), "{literal}");
        }
        for bad in [
            r#"""#,
            r#""\z""#,
            r#""\'""#,
            r#""\400""#,
            r#""\8""#,
            r#""\x1""#,
            r#""\ud800""#,
            r#""\U00110000""#,
            r#""\UFFFFFFFF1""#,
            "\"\n\"",
            r#""a"b""#,
        ] {
            assert_eq!(unquote(bad), None, "{bad}");
        }
    }

    #[test]
    fn literals_are_written_as_go_writes_them() {
        for (text, literal) in [
            (&b"a\"\\"[..], r#""a\"\\""#),
            ("é☃😀".as_bytes(), r#""é☃😀""#),
            (b"\x00\x7f\n\xff", r#""\x00\x7f\n\xff""#),
            (
                "\u{a0}\u{202e}\u{e0001}".as_bytes(),
                r#""\u00a0\u202e\U000e0001""#,
            ),
        ] {
            assert_eq!(quote(text), literal);
            assert_eq!(unquote(literal).as_deref(), Some(text));
        }
    }
}
