//! Which container or process is meant: label matchers as PromQL writes them,
//! `{pod="a",container=~"b.*",x!="y",z!~"w"}`.

use std::fmt;
use std::iter::Peekable;
use std::str::{CharIndices, FromStr};

use regex::Regex;

/// Label matchers that all must hold. None at all selects everything.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    matchers: Vec<Matcher>,
}

#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    operator: Operator,
    value: String,
    /// The value as a pattern, for the operators that take one.
    pattern: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Match,
    Mismatch,
}

/// A text that is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("selector `{text}`, character {at}: {why}")]
pub struct SelectorError {
    text: String,
    at: usize,
    why: String,
}

impl Selector {
    /// The selector of one value of one label.
    pub fn equal(label: &str, value: &str) -> Selector {
        Selector {
            matchers: vec![Matcher {
                label: label.to_owned(),
                operator: Operator::Equal,
                value: value.to_owned(),
                pattern: None,
            }],
        }
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    /// The labels that it looks at.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.matchers.iter().map(|matcher| matcher.label.as_str())
    }

    /// Whether it selects what has these labels. An absent label is an empty one.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.matchers
            .iter()
            .all(|matcher| matcher.accepts(label(&matcher.label).unwrap_or_default()))
    }

    /// The same with one more matcher, as PromQL.
    pub(super) fn with(&self, label: &str, value: &str) -> String {
        let more = Selector::equal(label, value);
        let all = self.matchers.iter().chain(&more.matchers);
        let all: Vec<String> = all.map(Matcher::to_string).collect();
        format!("{{{}}}", all.join(","))
    }

    /// A PromQL selector of the series that match it and have one of these names.
    pub(super) fn of_any(&self, names: &[&str]) -> String {
        let mut all = vec![format!("__name__=~{}", quoted(&names.join("|")))];
        all.extend(self.matchers.iter().map(Matcher::to_string));
        format!("{{{}}}", all.join(","))
    }
}

impl Matcher {
    fn accepts(&self, value: &str) -> bool {
        let matches = || self.pattern.as_ref().is_some_and(|p| p.is_match(value));
        match self.operator {
            Operator::Equal => self.value == value,
            Operator::Unequal => self.value != value,
            Operator::Match => matches(),
            Operator::Mismatch => !matches(),
        }
    }
}

impl Operator {
    fn as_str(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::Unequal => "!=",
            Operator::Match => "=~",
            Operator::Mismatch => "!~",
        }
    }
}

/// As PromQL, whatever the values hold: it can stand in a query as it is.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.matchers.iter().map(Matcher::to_string).collect();
        write!(f, "{{{}}}", all.join(","))
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, value) = (self.operator.as_str(), quoted(&self.value));
        if is_plain(&self.label) {
            write!(f, "{}{operator}{value}", self.label)
        } else {
            write!(f, "{}{operator}{value}", quoted(&self.label))
        }
    }
}

/// Whether a label name needs no quotes.
fn is_plain(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with(|c: char| c.is_ascii_digit())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A text in double quotes, escaped as PromQL reads it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Selector, SelectorError> {
        let mut parser = Parser {
            text,
            rest: text.char_indices().peekable(),
        };
        parser.selector().map_err(|(offset, why)| SelectorError {
            text: text.to_owned(),
            at: 1 + text[..offset].chars().count(),
            why,
        })
    }
}

/// Where in the text, and what is wrong there.
type Trouble = (usize, String);

struct Parser<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl Parser<'_> {
    fn selector(&mut self) -> Result<Selector, Trouble> {
        self.space();
        let braces = self.take('{');
        let mut matchers = Vec::new();
        loop {
            self.space();
            if self.peek().is_none() || (braces && self.peek() == Some('}')) {
                break;
            }
            matchers.push(self.matcher()?);
            self.space();
            if !self.take(',') {
                break;
            }
        }
        if braces && !self.take('}') {
            return Err(match self.peek() {
                None => self.trouble("the closing `}` is missing"),
                Some(_) => self.trouble("a `,` or the closing `}` must follow a matcher"),
            });
        }
        self.space();
        match self.peek() {
            None => Ok(Selector { matchers }),
            Some(_) if braces => Err(self.trouble("nothing may follow the closing `}`")),
            Some(_) => Err(self.trouble("a `,` must separate matchers")),
        }
    }

    fn matcher(&mut self) -> Result<Matcher, Trouble> {
        let start = self.offset();
        let label = match self.peek() {
            Some('"' | '\'' | '`') => self.string()?,
            _ => self.name()?,
        };
        if label == "__name__" {
            let why = "which metrics are read is not for the selector to say; leave `__name__` out";
            return Err((start, why.to_owned()));
        }
        self.space();
        if self.peek() == Some('{') {
            let why = format!(
                "leave the metric's name out and write the matchers only: `{{{label}=\"…\"}}` has a label in that place"
            );
            return Err((start, why));
        }
        let operator = self.operator()?;
        self.space();
        let start = self.offset();
        let value = match self.peek() {
            Some('"' | '\'' | '`') => self.string()?,
            _ => {
                let why = format!(
                    "the value must be in quotes: `{label}{}\"…\"`",
                    operator.as_str()
                );
                return Err((start, why));
            }
        };
        let pattern = match operator {
            Operator::Equal | Operator::Unequal => None,
            Operator::Match | Operator::Mismatch => {
                Some(anchored(&value).map_err(|why| (start, why))?)
            }
        };
        Ok(Matcher {
            label,
            operator,
            value,
            pattern,
        })
    }

    fn name(&mut self) -> Result<String, Trouble> {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| {
            c.is_ascii_alphabetic() || *c == '_' || (!name.is_empty() && c.is_ascii_digit())
        }) {
            name.push(c);
            self.rest.next();
        }
        if name.is_empty() {
            return Err(self.trouble("a label name must stand here, as in `{pod=\"…\"}`"));
        }
        Ok(name)
    }

    fn operator(&mut self) -> Result<Operator, Trouble> {
        let trouble = self.trouble("one of `=`, `!=`, `=~`, `!~` must follow a label name");
        let operator = match self.peek() {
            Some('=') => {
                self.rest.next();
                if self.take('~') {
                    Operator::Match
                } else {
                    Operator::Equal
                }
            }
            Some('!') => {
                self.rest.next();
                if self.take('~') {
                    Operator::Mismatch
                } else if self.take('=') {
                    Operator::Unequal
                } else {
                    return Err(trouble);
                }
            }
            _ => return Err(trouble),
        };
        if self.peek() == Some('=') {
            return Err(self.trouble("one `=` is enough"));
        }
        Ok(operator)
    }

    /// A string in one of PromQL's three kinds of quotes; back quotes know no escapes.
    fn string(&mut self) -> Result<String, Trouble> {
        let open = self.offset();
        let unclosed = || (open, "this quote is not closed".to_owned());
        let (_, quote) = self.rest.next().ok_or_else(unclosed)?;
        // Bytes, because `\xff` is one that may be a part of a character.
        let mut bytes = Vec::new();
        loop {
            match self.rest.next().ok_or_else(unclosed)? {
                (_, c) if c == quote => break,
                (at, '\\') if quote != '`' => self.escape(at, &mut bytes)?,
                (_, c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        String::from_utf8(bytes)
            .map_err(|_| (open, "the escapes in this string make no UTF-8".to_owned()))
    }

    /// What follows a backslash, as Go reads it.
    fn escape(&mut self, at: usize, into: &mut Vec<u8>) -> Result<(), Trouble> {
        let unknown = || {
            let why = "PromQL knows no such escape; a backslash itself is written `\\\\`, or in back quotes";
            (at, why.to_owned())
        };
        let (_, c) = self.rest.next().ok_or_else(unknown)?;
        let (digits, radix) = match c {
            'x' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='7' => (2, 8),
            _ => {
                into.push(match c {
                    'a' => 0x07,
                    'b' => 0x08,
                    'f' => 0x0c,
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    'v' => 0x0b,
                    '\\' | '\'' | '"' => c as u8,
                    _ => return Err(unknown()),
                });
                return Ok(());
            }
        };
        let mut code = c.to_digit(8).filter(|_| radix == 8).unwrap_or(0);
        for _ in 0..digits {
            let digit = self.rest.next().and_then(|(_, c)| c.to_digit(radix));
            code = code.wrapping_mul(radix) + digit.ok_or_else(unknown)?;
        }
        if matches!(c, 'u' | 'U') {
            let c = char::from_u32(code).ok_or_else(unknown)?;
            into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            into.push(u8::try_from(code).map_err(|_| unknown())?);
        }
        Ok(())
    }

    fn space(&mut self) {
        while self.rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn take(&mut self, expected: char) -> bool {
        self.rest.next_if(|(_, c)| *c == expected).is_some()
    }

    fn offset(&mut self) -> usize {
        self.rest
            .peek()
            .map_or(self.text.len(), |(offset, _)| *offset)
    }

    fn trouble(&mut self, why: &str) -> Trouble {
        (self.offset(), why.to_owned())
    }
}

/// A pattern that must match a whole value, as Prometheus has it.
fn anchored(pattern: &str) -> Result<Regex, String> {
    // Alone first: `a)|(b` becomes a pattern only by what is put around it.
    Regex::new(pattern)
        .and_then(|_| Regex::new(&format!("^(?s:{pattern})$")))
        .map_err(|error| {
            let text = error.to_string();
            let why = text.lines().last().unwrap_or_default();
            format!(
                "`{pattern}` is no regular expression: {}",
                why.trim_start_matches("error: ")
            )
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Selector {
        text.parse().unwrap()
    }

    fn error(text: &str) -> String {
        text.parse::<Selector>().unwrap_err().to_string()
    }

    #[test]
    fn reads_what_promql_reads_and_writes_it_in_one_form() {
        for (text, canonical) in [
            ("", "{}"),
            (" { } ", "{}"),
            (r#"pod="a""#, r#"{pod="a"}"#),
            (
                r#"{pod="a",container=~"b.*",x!="y",z!~"w",}"#,
                r#"{pod="a",container=~"b.*",x!="y",z!~"w"}"#,
            ),
            (
                "{ pod = 'a' , _x1 !~ `b\\d` , }",
                r#"{pod="a",_x1!~"b\\d"}"#,
            ),
            (r#"{"my.label"="a"}"#, r#"{"my.label"="a"}"#),
            (
                r#"a="\"\\\n\t\x41\101\u00e4\U0001F600""#,
                "{a=\"\\\"\\\\\\n\\tAAä😀\"}",
            ),
            (r#"a="\xc3\xa4""#, r#"{a="ä"}"#),
            ("a=\"\\x01\"", r#"{a="\u0001"}"#),
            (r#"a="it's",b='"'"#, r#"{a="it's",b="\""}"#),
        ] {
            assert_eq!(parse(text).to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn patterns_match_the_whole_value_and_an_absent_label_is_an_empty_one() {
        let matches = |selector: &str, value: Option<&str>| {
            let value = value.map(str::to_owned);
            parse(selector).matches(|label| (label == "pod").then_some(value.as_deref()).flatten())
        };
        assert!(matches(r#"pod=~"api-.*|x""#, Some("api-1")));
        assert!(!matches(r#"pod=~"api""#, Some("api-1")));
        assert!(!matches(r#"pod=~"a|b""#, Some("ab")));
        assert!(matches(r#"pod=~"a.b""#, Some("a\nb")));
        assert!(matches(r#"pod="""#, None));
        assert!(matches(r#"pod=~".*""#, None));
        assert!(matches(r#"pod!="a""#, None));
        assert!(!matches(r#"pod!~"|a""#, None));
        assert!(matches("", None));
        assert!(!matches(r#"pod="a",node="b""#, Some("a")));
    }

    #[test]
    fn an_error_points_at_the_character() {
        for (text, at, why) in [
            ("{pod=a}", 6, "must be in quotes: `pod=\"…\"`"),
            ("{pod=\"a\"", 9, "closing `}` is missing"),
            ("{pod=\"ä\" x=\"b\"}", 10, "a `,` or the closing `}`"),
            ("pod=\"a\" x", 9, "a `,` must separate"),
            ("{pod=\"a\"} 1", 11, "nothing may follow"),
            ("{pod=\"a}", 6, "not closed"),
            ("{pod}", 5, "one of `=`"),
            ("{pod==\"a\"}", 6, "one `=` is enough"),
            ("{pod!\"a\"}", 5, "one of `=`"),
            ("{,}", 2, "a label name"),
            ("{1a=\"b\"}", 2, "a label name"),
            ("{a=\"\\q\"}", 5, "no such escape"),
            ("{a=\"\\777\"}", 5, "no such escape"),
            ("{a=\"\\ud800\"}", 5, "no such escape"),
            ("{a=\"\\xff\"}", 4, "no UTF-8"),
            (
                "{a=~\"(\"}",
                5,
                "`(` is no regular expression: unclosed group",
            ),
            ("{a=~\"b)|(c\"}", 5, "is no regular expression"),
            ("go_goroutines{a=\"b\"}", 1, "leave the metric's name out"),
            ("{__name__=\"b\"}", 2, "leave `__name__` out"),
        ] {
            let error = error(text);
            let place = format!("selector `{text}`, character {at}: ");
            assert!(error.starts_with(&place) && error.contains(why), "{error}");
        }
    }

    proptest! {
        /// Whatever a value holds, it stays a value.
        #[test]
        fn what_is_written_is_read_again(label in ".{0,9}", value in "\\PC{0,9}|.{0,9}|[\"\\\\\n{}=,\\x00-\\x9f]{0,9}") {
            prop_assume!(label != "__name__");
            let selector = Selector::equal(&label, &value);
            let again = parse(&selector.to_string());
            prop_assert_eq!(again.matchers.len(), 1);
            prop_assert_eq!(&again.matchers[0].label, &label);
            prop_assert_eq!(&again.matchers[0].value, &value);
        }

        #[test]
        fn nothing_panics(text in "[{}a=~!\"'`\\\\xuU0-9, ()]{0,20}|.{0,20}") {
            if let Ok(selector) = text.parse::<Selector>() {
                prop_assert_eq!(parse(&selector.to_string()).to_string(), selector.to_string());
            }
        }
    }
}
