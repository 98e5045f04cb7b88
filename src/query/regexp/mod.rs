//! Go's regular expressions, by way of the `regex` crate: both come from RE2, and differ in details.

mod class;
mod translate;

use regex::{Regex, RegexBuilder};

/// The most memory that an expression may take, in bytes: a policy may come from a stranger and have
/// many.
const MAX_SIZE: usize = 1 << 20;

/// A regular expression as Go reads it.
#[derive(Debug)]
pub(super) struct Regexp {
    source: String,
    compiled: Regex,
    /// Whether it can match the empty text within a character: [`Regex::is_match`] takes that for the
    /// match, drops it and sees no other.
    must_find: bool,
}

impl Regexp {
    /// Reads an expression; an error is worded as Go words it.
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let error = |error: translate::Error| {
            format!("error parsing regexp: {}: `{}`", error.what, error.of)
        };
        let pattern = translate::translate(source).map_err(error)?;
        let compiled = RegexBuilder::new(&pattern).size_limit(MAX_SIZE).build();
        let compiled = compiled.map_err(|failure| {
            let what = match failure {
                regex::Error::CompiledTooBig(_) => "expression too large",
                // All else was found in translating.
                _ => "expression nests too deeply",
            };
            error(translate::Error {
                what,
                of: source.to_owned(),
            })
        })?;
        Ok(Regexp {
            source: source.to_owned(),
            compiled,
            must_find: pattern.contains(translate::NO_BOUNDARY),
        })
    }

    /// The expression as it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        match str::from_utf8(text) {
            Ok(text) => self.is_match_of(text),
            Err(_) => self.is_match_of(&as_go_decodes(text)),
        }
    }

    fn is_match_of(&self, text: &str) -> bool {
        match self.must_find {
            true => self.compiled.find(text).is_some(),
            false => self.compiled.is_match(text),
        }
    }
}

/// To Go every byte that belongs to no character is a character of its own, U+FFFD.
fn as_go_decodes(text: &[u8]) -> String {
    let mut decoded = String::with_capacity(text.len() + 16);
    for chunk in text.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    decoded
}
