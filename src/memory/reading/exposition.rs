//! The text that a `/metrics` page gives: Prometheus text format 0.0.4 and OpenMetrics 1.0, read as a
//! stream. What is not wanted costs a look at the name.
//!
//! The two formats differ in the unit of timestamps: milliseconds and seconds. They are told apart by
//! size, because no sample is from before 1973 or from after the year 5000.

use std::borrow::Cow;
use std::io::{self, Read};

use super::engine;
use crate::parse::LineReader;

/// Timestamps from here on are milliseconds.
const LEAST_MILLISECONDS: f64 = 1e11;

/// A page that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExpositionError {
    /// It cannot be read, or is larger than what the [`LineReader`] allows.
    #[error("{page}: {error}")]
    Io {
        /// The page.
        page: String,
        /// The system's word.
        error: io::Error,
    },
    /// It is something else.
    #[error("{page}: {what}; expected what a /metrics page gives: lines like `go_goroutines 9`")]
    NotMetrics {
        /// The page.
        page: String,
        /// What it is.
        what: &'static str,
    },
    /// A line of a wanted metric says nothing.
    #[error("{at}: {why}")]
    Malformed {
        /// `file:line`.
        at: String,
        /// What is wrong.
        why: String,
    },
}

/// One value of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'a> {
    /// The name of the metric, with a suffix such as `_total`.
    pub name: &'a str,
    /// Its labels.
    pub labels: Labels<'a>,
    /// Its value; NaN and infinities are values too.
    pub value: f64,
    /// In seconds since 1970, if the page tells.
    pub timestamp: Option<f64>,
    /// Where it stands, counted from 1.
    pub line: u64,
}

/// The labels of a sample, in the order of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> FromIterator<(&'a str, &'a str)> for Labels<'a> {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(labels: T) -> Self {
        let labels = labels.into_iter();
        Labels(
            labels
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Labels<'_> {
    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(own, value)| (own == name).then_some(value))
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// What there was on a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Samples, wanted or not.
    pub samples: u64,
    /// Samples that were wanted.
    pub wanted: u64,
}

/// Reads a page and hands out the samples of the metrics whose names are wanted. Places are reported
/// under `page`.
///
/// # Errors
///
/// If it cannot be read, is no such page, ends in the middle of a wanted sample, or a wanted sample
/// says nothing.
pub fn read<R: Read>(
    mut lines: LineReader<R>,
    page: &str,
    mut wanted: impl FnMut(&str) -> bool,
    mut sample: impl FnMut(Sample<'_>),
) -> Result<Summary, ExpositionError> {
    let limit = lines.limit();
    let failed = |error: io::Error| ExpositionError::Io {
        page: page.to_owned(),
        error: match error.kind() {
            // No option raises it.
            io::ErrorKind::FileTooLarge => too_large(limit),
            _ => error,
        },
    };
    let other = |what| ExpositionError::NotMetrics {
        page: page.to_owned(),
        what,
    };
    let malformed = |line: u64, why: &str| ExpositionError::Malformed {
        at: format!("{page}:{line}"),
        why: why.to_owned(),
    };
    if let Some(what) = something_else(lines.peek().map_err(failed)?) {
        return Err(other(what));
    }
    let mut summary = Summary::default();
    let mut last_wanted = 0;
    let mut last_line = 0;
    // Series of one metric follow each other: the name is looked at once.
    let mut name = Vec::new();
    let mut is_wanted = false;
    while let Some(line) = lines.next_line().map_err(failed)? {
        last_line = line.number;
        let text = line.text.trim_ascii();
        if text.is_empty() || text[0] == b'#' {
            continue;
        }
        summary.samples += 1;
        let end = memchr::memchr3(b'{', b' ', b'\t', text).unwrap_or(text.len());
        // The first sample is read in any case: no text of another kind gets past it.
        let mut read = summary.samples == 1;
        if end == 0 {
            // The name is in the braces, in quotes, and rare enough to read them.
            read = true;
        } else {
            if name != text[..end] {
                name.clear();
                name.extend_from_slice(&text[..end]);
                is_wanted = str::from_utf8(&name).is_ok_and(&mut wanted);
            }
            read |= is_wanted;
        }
        if !read {
            continue;
        }
        if line.cut {
            return Err(malformed(line.number, "this line is longer than 1 MiB"));
        }
        let (found, labels, value, timestamp) = str::from_utf8(text)
            .map_err(|_| "this line is not UTF-8".to_owned())
            .and_then(parse)
            .map_err(|why| malformed(line.number, &why))?;
        if if end == 0 { wanted(&found) } else { is_wanted } {
            summary.wanted += 1;
            last_wanted = line.number;
            sample(Sample {
                name: &found,
                labels,
                value,
                timestamp,
                line: line.number,
            });
        }
    }
    if summary.samples == 0 {
        return Err(other(if last_line == 0 {
            "is empty"
        } else {
            "has no sample"
        }));
    }
    if lines.is_unfinished() && last_wanted == last_line {
        let why = "the page ends in the middle of this line, so that its value may be cut; \
                   get the page again, or end it with a line feed";
        return Err(malformed(last_line, why));
    }
    Ok(summary)
}

fn too_large(limit: u64) -> io::Error {
    let (size, unit) = match limit >> 30 {
        0 => (limit >> 20, "MiB"),
        size => (size, "GiB"),
    };
    let why = format!("is larger than {size} {unit}, unpacked; no page of metrics is");
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}

/// What the beginning of a page is if it is none.
fn something_else(head: &[u8]) -> Option<&'static str> {
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    if head.contains(&0) || head.starts_with(&[0x1f, 0x8b]) {
        return Some("is binary, perhaps metrics as protobuf");
    }
    if engine::is_json(text) {
        return Some("is JSON");
    }
    (text.first() == Some(&b'<')).then_some("is HTML or XML, perhaps a login page")
}

type Parsed<'a> = (Cow<'a, str>, Labels<'a>, f64, Option<f64>);

/// One sample: `name{label="value",…} value timestamp # exemplar`.
fn parse(text: &str) -> Result<Parsed<'_>, String> {
    let end = text.find(['{', ' ', '\t']).unwrap_or(text.len());
    let (mut name, mut rest) = (Cow::Borrowed(&text[..end]), text[end..].trim_ascii_start());
    if end > 0 && !is_metric_name(&name) {
        return Err(format!("`{}` is no name of a metric", shortened(&name)));
    }
    let mut labels = Labels::default();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_ascii_start();
        loop {
            if let Some(after) = rest.strip_prefix('}') {
                rest = after.trim_ascii_start();
                break;
            }
            let (label, after) = label_name(rest)?;
            let after = after.trim_ascii_start();
            let after = match after.strip_prefix('=') {
                Some(after) => {
                    let (value, after) = string(after.trim_ascii_start())?;
                    labels.0.push((label, value));
                    after
                }
                // A lone name in quotes is the metric's.
                None if rest.starts_with('"') && name.is_empty() => {
                    name = label;
                    after
                }
                None => return Err(format!("`=` must follow the label `{}`", shortened(&label))),
            };
            let after = after.trim_ascii_start();
            rest = match after.strip_prefix(',') {
                Some(after) => after.trim_ascii_start(),
                None if after.starts_with('}') => after,
                None => return Err("a `,` or `}` must follow the value of a label".to_owned()),
            };
        }
    }
    if name.is_empty() {
        return Err("there is no name of a metric".to_owned());
    }
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().unwrap_or_default();
    let value = number(value).ok_or_else(|| format!("`{}` is no value", shortened(value)))?;
    let timestamp = match words.next() {
        None | Some("#") => None,
        Some(word) => Some(
            number(word)
                .filter(|time| time.is_finite())
                .ok_or_else(|| format!("`{}` is no timestamp", shortened(word)))?,
        ),
    };
    // An exemplar may follow, and nothing else.
    if timestamp.is_some() && words.next().is_some_and(|word| word != "#") {
        return Err("something follows the timestamp".to_owned());
    }
    let seconds = timestamp.map(|time| match time.abs() < LEAST_MILLISECONDS {
        true => time,
        false => time / 1e3,
    });
    Ok((name, labels, value, seconds))
}

fn is_metric_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

/// A name of a label, in quotes or not, and what follows it.
fn label_name(text: &str) -> Result<(Cow<'_, str>, &str), String> {
    if text.starts_with('"') {
        return string(text);
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    if end == 0 {
        return Err("the name of a label is missing".to_owned());
    }
    Ok((Cow::Borrowed(&text[..end]), &text[end..]))
}

/// A string in double quotes, and what follows it.
fn string(text: &str) -> Result<(Cow<'_, str>, &str), String> {
    let inside = text
        .strip_prefix('"')
        .ok_or("the value of a label must be in double quotes")?;
    let mut escaped = false;
    let mut from = 0;
    let end = loop {
        let at = from
            + memchr::memchr2(b'"', b'\\', &inside.as_bytes()[from..])
                .ok_or("a quote is not closed")?;
        if inside.as_bytes()[at] == b'"' {
            break at;
        }
        escaped = true;
        // Whatever is escaped, its first byte is none of the two.
        from = (at + 2).min(inside.len());
    };
    let (raw, after) = (&inside[..end], &inside[end + 1..]);
    Ok((
        if escaped {
            unescaped(raw).into()
        } else {
            raw.into()
        },
        after,
    ))
}

/// `\\`, `\"` and `\n`; the backslash of another escape is one, as Prometheus has it.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(next @ ('\\' | '"'))) => {
                out.push(next);
                chars.next();
            }
            ('\\', Some('n')) => {
                out.push('\n');
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

fn number(text: &str) -> Option<f64> {
    // Rust takes `infinity` too; no page has it.
    text.parse().ok()
}

/// A piece of a page that is fit for a message.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Plain = (String, Vec<(String, String)>, f64, Option<f64>, u64);

    fn all(page: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Plain>, String> {
        let mut found = Vec::new();
        let lines = LineReader::new(page, 1 << 30);
        read(lines, "p", wanted, |sample| {
            let labels = sample.labels.iter();
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let name = sample.name.to_owned();
            found.push((
                name,
                labels.collect(),
                sample.value,
                sample.timestamp,
                sample.line,
            ));
        })
        .map_err(|error| error.to_string())?;
        Ok(found)
    }

    fn one(line: &str) -> Plain {
        let mut found = all(format!("{line}\n").as_bytes(), |_| true).unwrap();
        assert_eq!(found.len(), 1, "{line}");
        found.remove(0)
    }

    fn error(page: &str) -> String {
        all(page.as_bytes(), |name| name.starts_with("go_")).unwrap_err()
    }

    #[test]
    fn reads_both_formats() {
        let plain = |name: &str, labels: &[(&str, &str)], value, timestamp| {
            let labels = labels
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            (
                name.to_owned(),
                labels.collect::<Vec<_>>(),
                value,
                timestamp,
                1,
            )
        };
        for (line, expected) in [
            ("a 1", plain("a", &[], 1.0, None)),
            ("  a\t1.5e+07 \r", plain("a", &[], 1.5e7, None)),
            ("a:b{} +Inf", plain("a:b", &[], f64::INFINITY, None)),
            (
                r#"a { x = "1" , y="2", } -2"#,
                plain("a", &[("x", "1"), ("y", "2")], -2.0, None),
            ),
            (
                r#"a{x="}\"\\\n\q{"} 1 1395066363000"#,
                plain("a", &[("x", "}\"\\\n\\q{")], 1.0, Some(1395066363.0)),
            ),
            (
                r#"a{x="ä"} 1 1795272591.5"#,
                plain("a", &[("x", "ä")], 1.0, Some(1795272591.5)),
            ),
            (
                r#"a_total{x="y"} 1 # {trace_id="1"} 1 1.7e9"#,
                plain("a_total", &[("x", "y")], 1.0, None),
            ),
            (r#"a 1 1.7e9 # {} 1"#, plain("a", &[], 1.0, Some(1.7e9))),
            (
                r#"{"my.metric","la bel"="x"} 1"#,
                plain("my.metric", &[("la bel", "x")], 1.0, None),
            ),
            (
                r#"{x="y", "a\"b"} 1"#,
                plain("a\"b", &[("x", "y")], 1.0, None),
            ),
        ] {
            assert_eq!(one(line), expected, "{line}");
        }
        assert!(one("a NaN").2.is_nan());
    }

    #[test]
    fn passes_over_what_is_not_wanted_broken_or_not() {
        let page = b"# TYPE go_a gauge\nfirst 1\n\xff\xfe{ nonsense\nother{x=\"} \ngo_a 1\ngo_b{ 2 \ngo_c 3\n# EOF\n";
        let found = all(page, |name| name == "go_a" || name == "go_c").unwrap();
        let lines: Vec<_> = found
            .iter()
            .map(|sample| (sample.0.as_str(), sample.4))
            .collect();
        assert_eq!(lines, [("go_a", 5), ("go_c", 7)]);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (line, why) in [
            ("go_a", "`` is no value"),
            ("go_a x", "`x` is no value"),
            ("go_a 1 x", "`x` is no timestamp"),
            ("go_a 1 2 3", "something follows the timestamp"),
            ("go_a{x=\"1} 1", "a quote is not closed"),
            ("go_a{x=\"1\\", "a quote is not closed"),
            ("go_a{x=1} 1", "must be in double quotes"),
            ("go_a{x} 1", "`=` must follow the label `x`"),
            ("go_a{x=\"1\" y=\"2\"} 1", "a `,` or `}` must follow"),
            ("go_a{=\"1\"} 1", "the name of a label is missing"),
            ("go_a{\"go_b\"} 1", "`=` must follow the label `go_b`"),
            ("{x=\"1\"} 1", "there is no name of a metric"),
            ("{\"go_a\" 1", "a `,` or `}` must follow"),
        ] {
            let error = error(&format!("first 1\n{line}\n"));
            assert!(
                error.starts_with("p:2: ") && error.contains(why),
                "{line}: {error}"
            );
        }
        let long = format!("first 1\ngo_a{{x=\"{}\"}} 1\n", "y".repeat(2 << 20));
        assert_eq!(error(&long), "p:2: this line is longer than 1 MiB");
    }

    #[test]
    fn knows_what_is_no_page_of_metrics() {
        for (page, what) in [
            ("", "is empty"),
            ("# HELP a b\n\n", "has no sample"),
            ("\n <!DOCTYPE html><html>", "is HTML"),
            ("{\"status\":\"success\"}", "is JSON"),
            ("{\n \"status\" : 1}", "is JSON"),
            ("{}", "is JSON"),
            ("[{}]", "is JSON"),
            ("a\0b", "is binary"),
        ] {
            let error = error(page);
            assert!(error.starts_with(&format!("p: {what}")), "{error}");
            assert!(error.contains("go_goroutines 9"), "{error}");
        }
        assert_eq!(
            error("Internal Server Error\n"),
            "p:1: `Server` is no value"
        );
        assert_eq!(
            error("2026-01-01 started\n"),
            "p:1: `2026-01-01` is no name of a metric"
        );
        let too_large = read(
            LineReader::new(&[b'\n'; 4 << 20][..], 1 << 20),
            "p",
            |_| true,
            |_| {},
        );
        assert!(
            too_large
                .unwrap_err()
                .to_string()
                .starts_with("p: is larger than 1 MiB, unpacked; no page")
        );
        assert_eq!(
            super::too_large(1 << 30).to_string(),
            "is larger than 1 GiB, unpacked; no page of metrics is"
        );
    }

    #[test]
    fn a_cut_page_does_not_pass_for_a_whole_one() {
        assert!(error("first 1\ngo_a 1.5e+0").contains("p:2: the page ends in the middle"));
        assert_eq!(
            all(b"go_a 1\nother 1", |name| name == "go_a")
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            all(b"go_a 1\n# EOF", |name| name == "go_a").unwrap().len(),
            1
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in ".{0,12}", number in any::<f64>()) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            prop_assume!(!value.contains('\0'));
            let found = one(&format!("a{{x=\"{escaped}\"}} {number}"));
            prop_assert_eq!(&found.1[0].1, &value);
            prop_assert!(found.2 == number || number.is_nan());
        }

        #[test]
        fn nothing_panics(text in "[a{}\"\\\\=, 1ä\n#]{0,30}|.{0,30}") {
            let _ = all(text.as_bytes(), |_| true);
        }
    }
}
