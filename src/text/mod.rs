//! Text of others made harmless and fitted into columns.
//!
//! Names of benchmarks, packages, files and units and the reasons of waivers come from whoever wrote
//! the change under test. A report shows them without letting them act: no control sequences for the
//! terminal, no change of the direction of text, no commands to the CI system that reads the log.

pub mod markdown;

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` on one line, with everything that a terminal or a CI system would act on or would not show
/// as a visible escape: `\x1b`, `\n`, `\u{202e}`.
///
/// CI systems read commands in logs: `::error::` at the start of a line (GitHub), `##[` and `##vso[`
/// anywhere in it (GitHub, Azure). The second `#` and a `::` that starts a word are escaped therefore.
/// Lines are broken so that none starts with `::` (see [`wrap`]).
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_harmless = |b| matches!(b, b' '..=b'~') && b != b'#' && b != b':';
    // To the end whatever comes: that is sooner found out than byte by byte.
    if text.bytes().fold(true, |all, b| all & is_harmless(b)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        if is_active(before, c, next) {
            let _ = escape(c, &mut shown);
        } else {
            shown.push(c);
        }
        before = c;
    }
    Cow::Owned(shown)
}

/// Whether a character between its neighbours would do something, or nothing that can be seen.
pub fn is_active(before: char, c: char, next: char) -> bool {
    match c {
        ' ' => false,
        ':' => next == ':' && before == ' ',
        '#' => before == '#' && (next == '[' || next.is_ascii_alphabetic()),
        '!'..='~' => false,
        _ => c.is_control() || c.is_whitespace() || c.width().is_none_or(|width| width == 0),
    }
}

fn escape(c: char, shown: &mut String) -> std::fmt::Result {
    match c {
        '\n' => shown.write_str("\\n"),
        '\r' => shown.write_str("\\r"),
        '\t' => shown.write_str("\\t"),
        '\0'..='\x7f' => write!(shown, "\\x{:02x}", u32::from(c)),
        _ => write!(shown, "\\u{{{:x}}}", u32::from(c)),
    }
}

/// `text` as the start of a sentence.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Columns that a terminal shows `text` in.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text`, cut at its end to `columns`.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let end = prefix(text, columns.saturating_sub(1));
    Cow::Owned(format!("{}…", &text[..end]))
}

/// `text`, cut in its middle to `columns`: the ends tell names apart.
pub fn fit_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(1);
    let head = prefix(text, room.div_ceil(2));
    let mut tail = text.len();
    let mut left = room / 2;
    for (at, c) in text.char_indices().rev() {
        let own = c.width().unwrap_or(0);
        if own > left || at < head {
            break;
        }
        left -= own;
        tail = at;
    }
    Cow::Owned(format!("{}…{}", &text[..head], &text[tail..]))
}

/// The length in bytes of the longest start of `text` that fits into `columns`.
fn prefix(text: &str, columns: usize) -> usize {
    let mut left = columns;
    for (at, c) in text.char_indices() {
        let own = c.width().unwrap_or(0);
        if own > left {
            return at;
        }
        left -= own;
    }
    text.len()
}

/// `text` in lines of at most `columns`, broken at spaces where there are any, and at most `lines` of
/// them. No line but the first starts with a colon, so that no break makes a command of a text.
pub fn wrap(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut wrapped = Vec::new();
    let mut rest = text.trim_end();
    while width(rest) > columns {
        if wrapped.len() + 1 >= lines {
            wrapped.push(fit(rest, columns).into_owned());
            return wrapped;
        }
        let most = prefix(rest, columns);
        let at_space = match rest.as_bytes().get(most) {
            Some(b' ') => Some(most),
            _ => rest[..most].rfind(' ').filter(|at| *at > 0),
        };
        let end = at_space.unwrap_or_else(|| {
            let before = rest[..most].trim_end_matches(':').len();
            let last = |end: usize| {
                rest[..end]
                    .char_indices()
                    .next_back()
                    .map_or(0, |(at, _)| at)
            };
            match rest[most..].starts_with(':') || before < most {
                true if last(before) > 0 => last(before),
                _ => most.max(1),
            }
        });
        wrapped.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    wrapped.push(rest.to_owned());
    wrapped
}

/// Names that try to be more than names.
#[cfg(test)]
pub(crate) const HOSTILE: &[&str] = &[
    "BenchmarkPipe/a|b",
    "BenchmarkBackslash/a\\|b\\",
    "BenchmarkTicks/`code`/``more``",
    "BenchmarkHTML/<script>alert(1)</script>",
    "BenchmarkMention/@team/fixes/#12",
    "Benchmark::error::pwned",
    "BenchmarkAzure/##vso[task.setvariable]x",
    "BenchmarkLink/[a](https://example.com)",
    "BenchmarkNewline/a\n::error::b%0Ac",
    "BenchmarkANSI/\x1b[31mred\x1b[0m\x07",
    "BenchmarkBidi/\u{202e}gpj.exe\u{2066}",
    "BenchmarkZeroWidth/a\u{200b}b\u{feff}",
    "BenchmarkWide/日本語/🚀",
    "=HYPERLINK(\"https://example.com\")",
    "+1",
    "",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_becomes_visible() {
        for (text, shown) in [
            ("Encode/size=10#01", "Encode/size=10#01"),
            ("fe80::a1", "fe80::a1"),
            ("\x1b[31mred", "\\x1b[31mred"),
            ("a\r\n\tb\0", "a\\r\\n\\tb\\x00"),
            ("\u{202e}gpj", "\\u{202e}gpj"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("::error::x", "\\x3a:error::x"),
            ("a ::error::x", "a \\x3a:error::x"),
            ("a\u{a0}::error::x", "a\\u{a0}::error::x"),
            ("##[error]##vso[task]", "#\\x23[error]#\\x23vso[task]"),
            ("日本 🚀", "日本 🚀"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn cuts_by_columns() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdefg", 6), "abcde…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit_middle("abcdefghij", 7), "abc…hij");
        assert_eq!(fit_middle("日本語日本語", 7), "日…語");
    }

    #[test]
    fn wraps_at_spaces_and_never_before_a_colon() {
        assert_eq!(
            wrap("one two three four", 9, 9),
            ["one two", "three", "four"]
        );
        assert_eq!(wrap("one two three four", 9, 2), ["one two", "three fo…"]);
        for pad in 1..30 {
            let text = format!("{}::error::gotcha", "x".repeat(pad));
            for line in wrap(&text, 10, 9) {
                assert!(!line.starts_with(':') && width(&line) <= 10, "{line}");
            }
        }
    }
}
