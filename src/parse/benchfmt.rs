//! Go benchmark text as `golang.org/x/perf/benchfmt` reads it: what it takes for a result, for
//! configuration and for metadata of a unit, and what it says of lines that it cannot read.
//!
//! Where `go_text` mends what real pipelines make of benchmark output, nothing is mended here: whoever
//! asks for benchstat's answer gets it, misreadings included. One thing differs: a line too long for
//! benchfmt, where it gives up, is passed over.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;
use rustc_hash::FxHashMap;

use super::clean::without_carriage_return;
use super::fields::{skip_space, space_width, split_field, split_plain};
use super::lines::{Line, LineReader};
use crate::strconv::{self, Unreadable, plain_count, plain_decimal};

/// The longest line that is read, in bytes without its line feed.
pub const MAX_LINE: usize = (64 << 10) - 1;

/// The most configuration keys that can be in force at once.
pub const MAX_KEYS: usize = 1000;

/// One thing that a line says.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A benchmark's result.
    Result(ResultLine<'a>),
    /// Metadata of a unit. A line may have several.
    Declaration(Declaration<'a>),
    /// What is wrong with the line.
    Mistake(Mistake),
}

/// A result. Borrows the reader's buffers.
#[derive(Debug)]
pub struct ResultLine<'a> {
    /// Full name without the `Benchmark` prefix; may be empty.
    pub name: &'a [u8],
    /// Whether the result before has the same name. (If not, it may have.)
    pub is_name_known: bool,
    /// Number of iterations; may be negative.
    pub iterations: i64,
    /// The text that the units are slices of.
    pub text: &'a [u8],
    /// Values as printed, and where in `text` their units stand. Units may repeat.
    pub measurements: &'a [(f64, Range<usize>)],
    /// How many of the units, counted from the first, are those that the last result with as many
    /// had. (There may be more.)
    pub known_units: usize,
    /// The configuration in force.
    pub settings: &'a Settings,
}

impl<'a> ResultLine<'a> {
    /// Values with their units, both as printed.
    pub fn values(&self) -> impl Iterator<Item = (f64, &'a [u8])> + '_ {
        self.measurements
            .iter()
            .map(|(value, unit)| (*value, &self.text[unit.clone()]))
    }
}

/// `key=value` of a `Unit` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// The unit, as printed.
    pub unit: &'a [u8],
    /// The key, never empty.
    pub key: &'a [u8],
    /// The value, may be empty.
    pub value: &'a [u8],
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A name and nothing else but white space.
    MissingCount,
    /// The field behind the name is no whole number.
    Count(Unreadable),
    /// Nothing behind the iteration count.
    MissingMeasurements,
    /// A measurement is no number.
    Measurement(Unreadable),
    /// A measurement is the last field.
    MissingUnits,
    /// Nothing behind `Unit`.
    MissingUnit,
    /// A field of a `Unit` line is no `key=value`.
    ExpectedKeyValue,
    /// The line begins like a result and is longer than [`MAX_LINE`].
    TooLong,
}

impl fmt::Display for Mistake {
    /// In benchfmt's words, where it has any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mistake::MissingCount => f.write_str("missing iteration count"),
            Mistake::Count(why) => write!(f, "parsing iteration count: {why}"),
            Mistake::MissingMeasurements => f.write_str("missing measurements"),
            Mistake::Measurement(why) => write!(f, "parsing measurement: {why}"),
            Mistake::MissingUnits => f.write_str("missing units"),
            Mistake::MissingUnit => f.write_str("missing unit"),
            Mistake::ExpectedKeyValue => f.write_str("expected key=value"),
            Mistake::TooLong => write!(f, "the line is longer than {MAX_LINE} bytes"),
        }
    }
}

/// The `key: value` lines in force, in benchfmt's order.
#[derive(Debug, Default)]
pub struct Settings {
    settings: Vec<(Vec<u8>, Vec<u8>)>,
    places: FxHashMap<Vec<u8>, usize>,
    version: u64,
}

impl Settings {
    /// Sets or replaces a key; an empty value takes it away, and the last one takes its place.
    fn set(&mut self, key: &[u8], value: &[u8]) {
        match self.places.get(key).copied() {
            Some(place) if value.is_empty() => {
                self.settings.swap_remove(place);
                self.places.remove(key);
                if let Some((moved, _)) = self.settings.get(place) {
                    self.places.insert(moved.clone(), place);
                }
            }
            Some(place) if self.settings[place].1 == value => return,
            Some(place) => self.settings[place].1 = value.to_vec(),
            None if value.is_empty() => return,
            None => {
                self.places.insert(key.to_vec(), self.settings.len());
                self.settings.push((key.to_vec(), value.to_vec()));
            }
        }
        self.version += 1;
    }

    /// Keys and values; no value is empty.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.settings
            .iter()
            .map(|(key, value)| (&key[..], &value[..]))
    }

    /// A number that changes whenever the settings do.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// Reads an input to its end, and hands over what each line says with the number of the line.
///
/// # Errors
///
/// As the input's own, those of `take`, and if more than [`MAX_KEYS`] configuration keys are in force.
pub fn read<R: Read>(
    mut lines: LineReader<R>,
    mut take: impl FnMut(u64, Entry<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut state = State::default();
    while let Some(line) = lines.next_line()? {
        state.line(line, &mut take)?;
    }
    Ok(())
}

/// What is kept from line to line.
#[derive(Default)]
struct State {
    settings: Settings,
    measurements: Vec<(f64, Range<usize>)>,
    /// Of the results that were handed over last. Most have those of the one before: whoever takes
    /// them need not look at these twice.
    last_name: Option<Vec<u8>>,
    last_units: Vec<Vec<u8>>,
}

impl State {
    fn line(
        &mut self,
        line: Line<'_>,
        take: &mut impl FnMut(u64, Entry<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let (text, number) = (without_carriage_return(line.text), line.number);
        let behind_prefix = text.strip_prefix(b"Benchmark");
        if line.text.len() > MAX_LINE {
            return match behind_prefix {
                Some(_) => take(number, Entry::Mistake(Mistake::TooLong)),
                None => Ok(()),
            };
        }
        if let Some(text) = behind_prefix {
            return match self.result(text) {
                Ok(Some(result)) => take(number, Entry::Result(result)),
                Ok(None) => Ok(()),
                Err(mistake) => take(number, Entry::Mistake(mistake)),
            };
        }
        if let (b"Unit", declarations) = split_field(text) {
            return declared(declarations, |entry| take(number, entry));
        }
        if let Some((key, value)) = key_value(text) {
            self.settings.set(key, value);
            if self.settings.settings.len() > MAX_KEYS {
                return Err(io::Error::other(format!(
                    "line {number}: more than {MAX_KEYS} configuration keys are in force"
                )));
            }
        }
        Ok(())
    }

    /// Reads `name count value unit value unit …`; `None` if there is nothing but a name, as
    /// `go test -v` announces a benchmark.
    fn result<'a>(&'a mut self, text: &'a [u8]) -> Result<Option<ResultLine<'a>>, Mistake> {
        let fields = self.fields(text);
        if !matches!(fields, Ok(Some(_))) {
            self.last_name = None;
            self.last_units.clear();
        }
        Ok(fields?.map(|fields| ResultLine {
            name: fields.name,
            is_name_known: fields.is_name_known,
            iterations: fields.iterations,
            text,
            measurements: &self.measurements,
            known_units: fields.known_units,
            settings: &self.settings,
        }))
    }

    fn fields<'a>(&mut self, text: &'a [u8]) -> Result<Option<Fields<'a>>, Mistake> {
        let (name, is_name_known) = self.name(text);
        if name.len() == text.len() {
            return Ok(None);
        }
        let (iterations, mut rest) = split_count(skip_space(&text[name.len()..]))?;
        self.measurements.clear();
        let mut known_units = 0;
        while !rest.is_empty() {
            let (value, behind) = split_number(rest).map_err(Mistake::Measurement)?;
            let index = self.measurements.len();
            let unit = match self.last_units.get(index) {
                Some(last) if known_units == index && begins_with_field(behind, last) => {
                    known_units += 1;
                    &behind[..last.len()]
                }
                _ => {
                    let (unit, _) = split_field(behind);
                    self.last_units.truncate(index);
                    self.last_units.push(unit.to_vec());
                    unit
                }
            };
            if unit.is_empty() {
                return Err(Mistake::MissingUnits);
            }
            let start = text.len() - behind.len();
            self.measurements.push((value, start..start + unit.len()));
            rest = skip_space(&behind[unit.len()..]);
        }
        if self.measurements.is_empty() {
            return Err(Mistake::MissingMeasurements);
        }
        Ok(Some(Fields {
            name,
            is_name_known,
            iterations,
            known_units,
        }))
    }

    /// The name that `text` begins with, and whether it is the last one.
    fn name<'a>(&mut self, text: &'a [u8]) -> (&'a [u8], bool) {
        if let Some(last) = &self.last_name
            && begins_with_field(text, last)
        {
            return (&text[..last.len()], true);
        }
        let (name, _) = split_field(text);
        let last = self.last_name.get_or_insert_default();
        last.clear();
        last.extend_from_slice(name);
        (name, false)
    }
}

/// What a line has besides its measurements.
struct Fields<'a> {
    name: &'a [u8],
    is_name_known: bool,
    iterations: i64,
    known_units: usize,
}

/// Whether this is the first field of `text`; more seldom than it is.
fn begins_with_field(text: &[u8], field: &[u8]) -> bool {
    matches!(text.strip_prefix(field), Some([b' ' | b'\t', ..] | []))
}

/// Splits off the first field as an iteration count.
fn split_count(text: &[u8]) -> Result<(i64, &[u8]), Mistake> {
    if let Some(split) = split_plain(text, plain_count) {
        return Ok(split);
    }
    let (field, rest) = split_field(text);
    if field.is_empty() {
        return Err(Mistake::MissingCount);
    }
    Ok((strconv::whole(field).map_err(Mistake::Count)?, rest))
}

/// Splits off the first field as a number.
fn split_number(text: &[u8]) -> Result<(f64, &[u8]), Unreadable> {
    if let Some(split) = split_plain(text, plain_decimal) {
        return Ok(split);
    }
    let (field, rest) = split_field(text);
    Ok((strconv::float(field)?, rest))
}

/// Reads `unit key=value key=value …`, and goes on behind a field that it cannot read.
fn declared(text: &[u8], mut take: impl FnMut(Entry<'_>) -> io::Result<()>) -> io::Result<()> {
    let (unit, mut rest) = split_field(text);
    if unit.is_empty() {
        return take(Entry::Mistake(Mistake::MissingUnit));
    }
    while !rest.is_empty() {
        let (field, after) = split_field(rest);
        rest = after;
        take(match memchr::memchr(b'=', field) {
            None | Some(0) => Entry::Mistake(Mistake::ExpectedKeyValue),
            Some(at) => Entry::Declaration(Declaration {
                unit,
                key: &field[..at],
                value: &field[at + 1..],
            }),
        })?;
    }
    Ok(())
}

/// Letters beyond ASCII. Go asks for their category (Ll, Lu), which is narrower than the property that
/// Rust's `char` has: `ª` is not one of them.
static LOWER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Ll}").ok());
static UPPER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Lu}").ok());

fn begins_with(letter: &LazyLock<Option<Regex>>, text: &[u8]) -> bool {
    letter.as_ref().is_some_and(|letter| letter.is_match(text))
}

/// Reads `key: value`, where the key begins with a lower-case letter and has neither upper-case ones
/// nor white space in it.
fn key_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = *text.first()?;
    if !(first.is_ascii_lowercase() || first >= 0x80 && begins_with(&LOWER, text)) {
        return None;
    }
    let mut at = 1;
    loop {
        match text.get(at)? {
            b':' => break,
            0x21..=0x40 | 0x5b..=0x7f => {}
            // No letter and no white space begins with a byte of the middle of another.
            0x80.. if space_width(&text[at..]) == 0 && !begins_with(&UPPER, &text[at..]) => {}
            0..=0x08 | 0x0e..=0x1f => {}
            _ => return None,
        }
        at += 1;
    }
    let (key, value) = (&text[..at], &text[at + 1..]);
    let blank = value.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    match blank.unwrap_or(value.len()) {
        0 if !value.is_empty() => None,
        blank => Some((key, &value[blank..])),
    }
}
