//! Taking off what stands around a line without belonging to it: carriage returns, terminal escape
//! sequences, and the time stamps and step names that CI systems put in front of each line.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// The time that CI systems and `ts` write in front of a line: ISO 8601, in brackets or not, or a time
/// of day.
static STAMP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u)^(?:\xef\xbb\xbf)?",
        r"(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?",
        r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?",
        r"|\[\d{1,2}:\d\d\])[ \t]"
    ))
    .ok()
});

/// The line without its carriage return, escape sequences and CI prefix. Borrows unless something
/// had to be cut out of the middle.
pub(super) fn clean(line: &[u8]) -> Cow<'_, [u8]> {
    let line = without_carriage_return(line);
    let mut line = if memchr::memchr(0x1b, line).is_some() {
        Cow::Owned(without_escapes(line))
    } else {
        Cow::Borrowed(line)
    };
    if let Some(length) = stamp_length(&line) {
        match &mut line {
            Cow::Borrowed(text) => *text = &text[length..],
            Cow::Owned(text) => drop(text.drain(..length)),
        }
    }
    line
}

/// The line without a trailing carriage return.
pub(super) fn without_carriage_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The length of the CI prefix, if the line has one: a time, or as `gh run view --log` prints it the
/// names of job and step, each with a tab, and a time.
fn stamp_length(line: &[u8]) -> Option<usize> {
    // Every prefix has a time of day in it; most lines have none, and are spared the search.
    let head = &line[..line.len().min(450)];
    memchr::memchr(b':', head)?;
    let stamp = STAMP.as_ref()?;
    let behind_tabs = memchr::memchr_iter(b'\t', head).nth(1).map(|tab| tab + 1);
    [0].into_iter()
        .chain(behind_tabs)
        .find_map(|start| stamp.find(&line[start..]).map(|found| start + found.end()))
}

/// Cuts out ECMA-48 control sequences (`ESC [ … letter`), operating system commands
/// (`ESC ] … BEL`), and two-byte escapes.
fn without_escapes(line: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let length = match rest.first() {
            Some(b'[') => rest[1..]
                .iter()
                .position(|b| (0x40..=0x7e).contains(b))
                .map_or(rest.len(), |p| p + 2),
            Some(b']') => rest
                .iter()
                .position(|b| *b == 0x07 || *b == 0x1b)
                .map_or(rest.len(), |p| if rest[p] == 0x07 { p + 1 } else { p }),
            Some(_) => 1,
            None => 0,
        };
        rest = &rest[length..];
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_off_what_does_not_belong() {
        for (line, cleaned) in [
            ("BenchmarkA-8 \t1\t2 ns/op\r", "BenchmarkA-8 \t1\t2 ns/op"),
            ("\x1b[32mBenchmarkA\x1b[0m-8", "BenchmarkA-8"),
            ("\x1b]0;title\x07BenchmarkA", "BenchmarkA"),
            ("\x1b]8;;http://x\x1b\\BenchmarkA", "BenchmarkA"),
            ("2026-01-02T03:04:05.1234567Z BenchmarkA-8", "BenchmarkA-8"),
            (
                "2026-01-02T03:04:05.1234567Z      100\t 5 ns/op",
                "     100\t 5 ns/op",
            ),
            (
                "bench\tRun go test\t2026-01-02T03:04:05.1234567Z BenchmarkA-8",
                "BenchmarkA-8",
            ),
            ("[2026-01-02T03:04:05.123Z] BenchmarkA-8", "BenchmarkA-8"),
            ("03:04:05 BenchmarkA-8", "BenchmarkA-8"),
            ("[12:34:56] BenchmarkA-8", "BenchmarkA-8"),
            ("pkg: example.com/a:b", "pkg: example.com/a:b"),
            ("2026/01/02 03:04:05 INFO x", "2026/01/02 03:04:05 INFO x"),
            ("\x1b", ""),
            ("\x1b[", ""),
            ("", ""),
        ] {
            assert_eq!(
                clean(line.as_bytes()),
                Cow::Borrowed(cleaned.as_bytes()),
                "{line:?}"
            );
        }
    }
}
