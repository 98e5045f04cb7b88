//! One input, read and reduced to its rows. Inputs are read at the same time, so that nothing here
//! may depend on another: what one contradicts in another is found when they are joined.

use std::io;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::input::Input;
use super::metadata::tidied;
use crate::benchmark::{PrintedUnits, RawRows, Record, Samples};
use crate::parse::benchfmt::{self, Declaration, Entry, Mistake};
use crate::parse::{self, Format, Limits, OpenError, Sink, Source};
use crate::unit::Better;

/// The most remarks of an input that are kept; further mistakes are counted.
const MAX_REMARKS: usize = 100_000;

/// The most different declarations of an input.
const MAX_DECLARATIONS: usize = 10_000;

/// The most different units of an input.
const MAX_UNITS: usize = 100_000;

/// The most configuration keys of an input: each is a field of every key of a projection.
const MAX_DIFFERENT_KEYS: usize = 5000;

/// The most settings of all configurations of an input.
const MAX_SETTINGS: usize = 1 << 25;

/// An input, reduced.
#[derive(Default)]
pub(super) struct Part {
    pub(super) rows: RawRows,
    values: Vec<f64>,
    /// The values as they came, if that is asked for.
    measured: Vec<f64>,
    /// What the units of rows are: each printed unit has two, see [`Part::unit_of_value`].
    pub(super) units: Vec<PrintedUnit>,
    printed_units: PrintedUnits,
    pub(super) configurations: Configurations,
    /// What there was to say, with the number of the line.
    pub(super) remarks: Vec<(u64, Remark)>,
    /// How many mistakes are not among the remarks.
    pub(super) omitted: u64,
    pub(super) declarations: Vec<OwnDeclaration>,
    declaration_ids: FxHashMap<OwnDeclaration, u32>,
}

/// A unit as printed, and what tidying makes of it.
pub(super) struct PrintedUnit {
    pub(super) printed: Vec<u8>,
    pub(super) tidied: Vec<u8>,
    factor: f64,
}

/// Something to be said of a line.
pub(super) enum Remark {
    /// The line cannot be read.
    Mistake(Mistake),
    /// The same, in words.
    Words(String),
    /// A declaration, which may contradict an earlier one.
    Declared(u32),
}

/// Unit, key and value of a [`Declaration`].
pub(super) type OwnDeclaration = (Vec<u8>, Vec<u8>, Vec<u8>);

impl Part {
    /// Opens and reads an input to its end.
    pub(super) fn read(input: &Input, limits: Limits, keep_order: bool) -> Result<Part, OpenError> {
        let mut lines = Source::open(&input.path, limits)?.lines;
        let mut part = Part::default();
        let read = lines.peek().map(Format::detect);
        let read = read.and_then(|format| match format {
            Format::GoText => benchfmt::read(lines, |line, entry| part.take(line, &entry)),
            Format::GoTestJson => {
                let mut events = Events {
                    part: &mut part,
                    refused: Ok(()),
                };
                let file = Arc::from(input.path.as_str());
                parse::read(lines, &file, Some(format), &mut events)?;
                events.refused
            }
        });
        read.map_err(|error| OpenError::Io {
            path: input.path.clone(),
            error,
        })?;
        part.close(keep_order);
        Ok(part)
    }

    /// The values of a row.
    pub(super) fn samples(&self, row: usize) -> Samples<'_> {
        self.rows.rows()[row].samples(&self.values)
    }

    /// The values of a row as they came, if their order was kept.
    pub(super) fn measured(&self, row: usize) -> Samples<'_> {
        self.rows.rows()[row].samples(&self.measured)
    }

    /// Puts the values of each row in order, and frees what only reading needs.
    fn close(&mut self, keep_order: bool) {
        self.rows.close();
        self.printed_units = PrintedUnits::default();
        self.declaration_ids = FxHashMap::default();
        self.values = self.rows.gather_rows();
        if keep_order {
            self.measured = self.values.clone();
        }
        self.rows.sort_rows(&mut self.values);
    }

    fn take(&mut self, line: u64, entry: &Entry<'_>) -> io::Result<()> {
        match entry {
            Entry::Result(result) => {
                let settings = result.settings;
                self.configure(settings.version(), || settings.iter())?;
                let last = self.rows.last().filter(|_| result.is_name_known);
                self.add(last, result.name, result.known_units, result.values())
            }
            Entry::Declaration(declaration) => self.declare(line, *declaration),
            Entry::Mistake(mistake) => {
                self.remark(line, Remark::Mistake(*mistake));
                Ok(())
            }
        }
    }

    /// Says under which settings the next results stand. Equal versions have equal settings.
    fn configure<'a, I: ExactSizeIterator<Item = (&'a [u8], &'a [u8])>>(
        &mut self,
        version: u64,
        settings: impl FnOnce() -> I,
    ) -> io::Result<()> {
        if self.configurations.change(version, settings)? {
            self.rows.forget_last();
        }
        Ok(())
    }

    /// Takes a result: the name without its prefix, and values as printed. `last` is its benchmark if
    /// that is known to be the last one, and of `known_units` it is known that they are the last ones.
    fn add<'a>(
        &mut self,
        last: Option<u32>,
        name: &[u8],
        known_units: usize,
        values: impl Iterator<Item = (f64, &'a [u8])>,
    ) -> io::Result<()> {
        let benchmark = match last.or_else(|| self.rows.last_if_named(name)) {
            Some(last) => last,
            None => self.rows.benchmark(0, self.configurations.current, name),
        };
        for (index, (value, printed)) in values.enumerate() {
            let known = self.printed_units.last(index);
            let known = known.filter(|_| index < known_units);
            let unit = match known.or_else(|| self.printed_units.find(index, printed)) {
                Some(unit) => unit,
                None => self.new_unit(printed)?,
            };
            let (value, unit) = self.unit_of_value(value, unit);
            self.rows.add(benchmark, index, unit, value);
        }
        Ok(())
    }

    /// The tidied value and its unit. A value that tidying leaves as it is (0, ±Inf) keeps the printed
    /// unit, as benchfmt has it: `0 ns/op` stands beside `5 sec/op`, not with it.
    fn unit_of_value(&self, value: f64, printed: u32) -> (f64, u32) {
        let tidied = value * self.units[printed as usize].factor;
        #[expect(clippy::float_cmp, reason = "whether it has changed at all")]
        if tidied == value {
            (value, printed * 2)
        } else {
            (tidied, printed * 2 + 1)
        }
    }

    fn new_unit(&mut self, printed: &[u8]) -> io::Result<u32> {
        if self.units.len() == MAX_UNITS {
            return Err(io::Error::other(format!("more than {MAX_UNITS} units")));
        }
        let (tidied, factor) = tidied(printed);
        self.units.push(PrintedUnit {
            printed: printed.to_vec(),
            tidied,
            factor,
        });
        Ok(self.printed_units.add(printed))
    }

    fn declare(&mut self, line: u64, declaration: Declaration<'_>) -> io::Result<()> {
        let Declaration { unit, key, value } = declaration;
        let own = (unit.to_vec(), key.to_vec(), value.to_vec());
        if let Some(id) = self.declaration_ids.get(&own) {
            self.remark(line, Remark::Declared(*id));
        } else if self.declarations.len() == MAX_DECLARATIONS {
            return Err(io::Error::other(format!(
                "more than {MAX_DECLARATIONS} different declarations of units"
            )));
        } else {
            // A new one is never left out: it may be the one that holds.
            let id = self.declarations.len() as u32;
            self.remarks.push((line, Remark::Declared(id)));
            self.declarations.push(own.clone());
            self.declaration_ids.insert(own, id);
        }
        Ok(())
    }

    fn remark(&mut self, line: u64, remark: Remark) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push((line, remark));
        } else {
            self.omitted += u64::from(!matches!(remark, Remark::Declared(_)));
        }
    }
}

/// The different configurations under which results stand. Their texts are kept once.
#[derive(Default)]
pub(super) struct Configurations {
    texts: Vec<Vec<u8>>,
    text_ids: FxHashMap<Vec<u8>, u32>,
    settings: Vec<Vec<(u32, u32)>>,
    ids: FxHashMap<Vec<(u32, u32)>, u32>,
    /// All keys that were ever set.
    keys: FxHashSet<u32>,
    total: usize,
    version: Option<u64>,
    current: u32,
}

impl Configurations {
    /// Makes the settings of `version` the current ones, and returns whether that changed anything.
    fn change<'a, I: ExactSizeIterator<Item = (&'a [u8], &'a [u8])>>(
        &mut self,
        version: u64,
        settings: impl FnOnce() -> I,
    ) -> io::Result<bool> {
        if self.version == Some(version) {
            return Ok(false);
        }
        self.version = Some(version);
        let settings = settings();
        let settings: Vec<(u32, u32)> = settings
            .map(|(key, value)| (self.text_id(key), self.text_id(value)))
            .collect();
        if let Some(id) = self.ids.get(&settings) {
            self.current = *id;
            return Ok(true);
        }
        self.keys.extend(settings.iter().map(|(key, _)| *key));
        if self.keys.len() > MAX_DIFFERENT_KEYS {
            return Err(io::Error::other(format!(
                "more than {MAX_DIFFERENT_KEYS} different configuration keys"
            )));
        }
        self.total += settings.len() + 1;
        if self.total > MAX_SETTINGS {
            return Err(io::Error::other(
                "more different configurations than can be told apart",
            ));
        }
        self.current = self.settings.len() as u32;
        self.settings.push(settings.clone());
        self.ids.insert(settings, self.current);
        Ok(true)
    }

    fn text_id(&mut self, text: &[u8]) -> u32 {
        if let Some(id) = self.text_ids.get(text) {
            return *id;
        }
        let id = self.texts.len() as u32;
        self.texts.push(text.to_vec());
        self.text_ids.insert(text.to_vec(), id);
        id
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.settings.len()
    }

    /// The settings of a configuration, in their order.
    pub(super) fn settings(&self, configuration: u32) -> impl Iterator<Item = (&[u8], &[u8])> {
        let text = |id: u32| &self.texts[id as usize][..];
        self.settings[configuration as usize]
            .iter()
            .map(move |(key, value)| (text(*key), text(*value)))
    }
}

/// Takes what the reader of `go test -json` finds, which benchstat has no word for.
struct Events<'a> {
    part: &'a mut Part,
    /// Why reading should have ended.
    refused: io::Result<()>,
}

impl Sink for Events<'_> {
    fn record(&mut self, record: Record<'_>) {
        if self.refused.is_ok() {
            self.refused = self.take(record);
        }
    }
}

impl Events<'_> {
    fn take(&mut self, record: Record<'_>) -> io::Result<()> {
        match record {
            Record::Result(result) => {
                let settings = result.config.settings();
                self.part.configure(result.config.version(), || {
                    settings
                        .iter()
                        .map(|(key, value)| (key.as_bytes(), value.as_bytes()))
                })?;
                let name = result.name.strip_prefix(b"Benchmark");
                self.part
                    .add(None, name.unwrap_or(result.name), 0, result.values())
            }
            Record::Unit(metadata) => {
                let better = match metadata.better {
                    Some(Better::Higher) => Some("higher"),
                    Some(Better::Lower) => Some("lower"),
                    Some(Better::Unknown) | None => None,
                };
                let assume = metadata.exact.map(|exact| match exact {
                    true => "exact",
                    false => "nothing",
                });
                let declared = [("better", better), ("assume", assume)];
                for (key, value) in declared {
                    if let Some(value) = value {
                        let declaration = Declaration {
                            unit: metadata.unit.as_str().as_bytes(),
                            key: key.as_bytes(),
                            value: value.as_bytes(),
                        };
                        self.part.declare(metadata.at.line, declaration)?;
                    }
                }
                Ok(())
            }
            Record::Syntax(error) => {
                self.part
                    .remark(error.at.line, Remark::Words(error.message));
                Ok(())
            }
            Record::Failure(_) | Record::Skipped(_) => Ok(()),
        }
    }
}
