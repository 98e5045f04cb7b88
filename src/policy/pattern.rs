//! Patterns over package paths and benchmark names: a glob in which `*` stands for anything, slashes
//! included, and `?` for one character; a trailing `/...` as the go command has it; or a regular
//! expression between slashes, as benchstat's filters write it: `/^Encode\d+$/`.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// A pattern that compiled.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

/// A pattern that did not compile.
#[derive(Clone, Debug, thiserror::Error)]
#[error("bad pattern `{pattern}`: {reason}")]
pub struct PatternError {
    pattern: String,
    reason: String,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// If it is empty, or a regular expression that does not compile.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let failed = |reason: String| PatternError {
            pattern: source.to_owned(),
            reason,
        };
        if source.is_empty() {
            return Err(failed(
                "it is empty; leave the key out to match everything".to_owned(),
            ));
        }
        let inner = source
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix('/'));
        let expression = match inner {
            Some(expression) => expression.to_owned(),
            None => glob_expression(source),
        };
        let regex = RegexBuilder::new(&expression)
            .dot_matches_new_line(true)
            .size_limit(1 << 20)
            .build()
            .map_err(|error| failed(last_line(&error.to_string())))?;
        Ok(Pattern {
            source: source.to_owned(),
            regex,
        })
    }

    /// Whether an import path matches.
    pub fn matches_package(&self, package: &str) -> bool {
        self.regex.is_match(package)
    }

    /// Whether a benchmark's name matches, with its `Benchmark` prefix or without, as benchstat
    /// shows it.
    pub fn matches_benchmark(&self, name: &str) -> bool {
        self.regex.is_match(name)
            || name
                .strip_prefix("Benchmark")
                .is_some_and(|short| self.regex.is_match(short))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// The anchored regular expression of a glob.
fn glob_expression(glob: &str) -> String {
    let (body, subpackages) = match glob.strip_suffix("/...") {
        Some(body) => (body, "(?:/.*)?"),
        None => (glob, ""),
    };
    let mut expression = String::from("^");
    for c in body.chars() {
        match c {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            _ => expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push_str(subpackages);
    expression.push('$');
    expression
}

/// The regex crate draws a picture of the error; its last line says what it is.
fn last_line(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message);
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_globs_and_expressions() {
        for (pattern, name, expected) in [
            ("Encode*", "BenchmarkEncode/size=1", true),
            ("BenchmarkEncode*", "BenchmarkEncode/size=1", true),
            ("Encode", "BenchmarkEncode/size=1", false),
            ("*/size=?", "BenchmarkEncode/size=1", true),
            ("/size=\\d$/", "BenchmarkEncode/size=1", true),
            ("/^Encode/", "BenchmarkEncode/size=1", true),
            ("/^Decode/", "BenchmarkEncode/size=1", false),
            ("a.c", "Benchmarkabc", false),
        ] {
            let matched = Pattern::new(pattern).unwrap().matches_benchmark(name);
            assert_eq!(matched, expected, "{pattern} {name}");
        }
        for (pattern, package, expected) in [
            ("example.com/a/...", "example.com/a", true),
            ("example.com/a/...", "example.com/a/b/c", true),
            ("example.com/a/...", "example.com/ab", false),
            ("example.com/*", "example.com/a/b", true),
        ] {
            let matched = Pattern::new(pattern).unwrap().matches_package(package);
            assert_eq!(matched, expected, "{pattern} {package}");
        }
    }

    #[test]
    fn bad_patterns_say_why() {
        let error = Pattern::new("/(/").unwrap_err().to_string();
        assert_eq!(error, "bad pattern `/(/`: unclosed group");
        assert!(Pattern::new("").is_err());
    }
}
