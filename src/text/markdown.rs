//! Text of others in Markdown, where it must show and not act.
//!
//! Markup is taken away with entities: an escaped `\|` would depend on what stands before it. That is not
//! enough for what GitHub looks for in the page once it is made: mentions, references to issues, commits
//! and advisories, names of emoji, formulas, addresses. It does not look into code, so that a word with any
//! of these stands in code.

use std::fmt::Write as _;

use super::{fit, fit_middle, plain};

/// A name in code, cut in its middle to `columns`.
pub fn name(text: &str, columns: usize) -> String {
    code(&fit_middle(&plain(text), columns))
}

/// A sentence as text, cut at its end to `columns`, with the words in code that would act.
pub fn sentence(text: &str, columns: usize) -> String {
    let shown = plain(text);
    let mut escaped = String::with_capacity(shown.len() + 16);
    for (index, word) in fit(&shown, columns).split(' ').enumerate() {
        if index > 0 {
            escaped.push(' ');
        }
        if acts(word) {
            escaped.push_str(&code(word));
        } else {
            word.chars().for_each(|c| text_char(c, &mut escaped));
        }
    }
    escaped
}

/// Whether GitHub makes something of a word, wherever it stands in a text.
fn acts(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let references = ["gh-", "ghsa-", "cve-"];
    word.contains(['@', '$'])
        || lower.contains("://")
        || lower.contains("www.")
        || references.iter().any(|start| lower.contains(start))
        || word
            .split('#')
            .skip(1)
            .any(|rest| rest.starts_with(char::is_alphanumeric))
        || has_emoji(word)
        || word
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(is_commit)
}

/// Whether something stands between two colons that may be the name of an emoji: `:tada:`, `:100:`.
fn has_emoji(word: &str) -> bool {
    let is_name = |part: &str| {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-');
        !part.is_empty() && part.bytes().all(is_part)
    };
    let parts: Vec<&str> = word.split(':').collect();
    let inner = parts.len().saturating_sub(1);
    parts.iter().take(inner).skip(1).any(|part| is_name(part))
}

/// Whether a word is the name of a commit, or the start of one. A number is hardly ever.
fn is_commit(word: &str) -> bool {
    let is_number = word.bytes().all(|b| b.is_ascii_digit());
    word.len() >= 7
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && (!is_number || word.len() >= 40)
}

fn text_char(c: char, text: &mut String) {
    match c {
        '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '!'
        | '#' | '^' | '"' | '\'' => entity(c, text),
        _ => text.push(c),
    }
}

/// `text` in code, out of which it cannot break, in a table or elsewhere: between backticks if that is
/// safe, else in `<code>` with every character that could act as an entity. To a reader of Markdown what
/// stands in `<code>` is text, in which it looks for addresses: these are taken apart by tags.
pub fn code(text: &str) -> String {
    let safe = !text.is_empty()
        && !text.contains(['`', '|'])
        && !text.starts_with(' ')
        && !text.ends_with(' ');
    if safe {
        return format!("`{text}`");
    }
    let mut code = String::from("<code>");
    for c in text.chars() {
        let parts_address = c == '@' || c == ':' || (c == '.' && code.ends_with(['w', 'W']));
        if parts_address {
            let _ = write!(code, "<span>&#{};</span>", u32::from(c));
        } else if c.is_ascii_alphanumeric() || c == ' ' || !c.is_ascii() {
            code.push(c);
        } else {
            entity(c, &mut code);
        }
    }
    code.push_str("</code>");
    code
}

fn entity(c: char, text: &mut String) {
    let _ = write!(text, "&#{};", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_code() {
        for hostile in crate::text::HOSTILE {
            let name = name(hostile, 160);
            let inner = match name.strip_prefix('`') {
                Some(rest) => {
                    let inner = rest.strip_suffix('`').unwrap();
                    assert!(!inner.is_empty());
                    inner
                }
                None => name
                    .strip_prefix("<code>")
                    .unwrap()
                    .strip_suffix("</code>")
                    .unwrap(),
            };
            assert!(
                !inner.contains(['`', '|', '\n', '\x1b', '\u{202e}']),
                "{name}"
            );
        }
    }

    #[test]
    fn sentences_have_no_markup() {
        for (text, shown) in [
            ("exact: 10+10", "exact: 10+10"),
            ("p<0.001, [9, 11]", "p&#60;0.001, &#91;9, 11&#93;"),
            ("**bold** `code`", "&#42;&#42;bold&#42;&#42; &#96;code&#96;"),
            ("- [x] done[^1]", "- &#91;x&#93; done&#91;&#94;1&#93;"),
            (
                "--><!-- allocgate: default -->",
                "--&#62;&#60;&#33;-- allocgate: default --&#62;",
            ),
            ("a <b>", "a &#60;b&#62;"),
        ] {
            assert_eq!(sentence(text, 400), shown);
        }
    }

    #[test]
    fn words_that_act_stand_in_code() {
        for word in [
            "@team",
            "(@org/team)",
            "someone@example.com",
            "#12",
            "owner/repo#1",
            "GH-12",
            "gh-12,",
            "GHSA-2m57-hf25-phgg",
            "CVE-2024-1234",
            "https://example.com/x",
            "HTTP://x",
            "www.example.com",
            "WWW.example.com",
            ":tada:",
            ":+1:",
            ":100:",
            "file.go:1234:",
            "$a+b$",
            "a5c3785ed8d6a35868bc169f07e40e889087fd2e",
            "owner/repo@a5c3785",
            "(a5c3785ed8)",
            "0123456789012345678901234567890123456789",
        ] {
            let own = code(word);
            assert_eq!(
                sentence(&format!("see {word} now"), 400),
                format!("see {own} now")
            );
        }
        assert_eq!(
            sentence("a|b@x", 400),
            "<code>a&#124;b<span>&#64;</span>x</code>"
        );
        for word in [
            "12:34",
            "a:b",
            "1234567",
            "defect",
            "C#",
            "head.txt:17",
            "x::y",
        ] {
            let shown = sentence(word, 400);
            assert!(!shown.contains(['`', '<']), "{shown}");
        }
    }
}
