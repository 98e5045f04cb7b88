//! Reading the inputs of a command.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::benchmark::{Record, SampleSetBuilder};
use crate::parse::{self, Format, Limits, LineReader, OpenError, Sink, Source};
use crate::policy;
use crate::unit::Unit;

/// How inputs are read.
#[derive(Clone, Copy, Default)]
pub(super) struct Reading {
    /// The format, where it is not to be detected.
    pub(super) format: Option<Format>,
    /// Bounds.
    pub(super) limits: Limits,
}

impl Reading {
    /// From what was typed.
    pub(super) fn new(format: Option<&str>, max_input: &str) -> Result<Self> {
        let format = format.and_then(|name| {
            Format::ALL
                .iter()
                .copied()
                .find(|format| format.name() == name)
        });
        let bytes =
            policy::parse_quantity(max_input, &Unit::new(Unit::BYTES)).context("--max-input")?;
        if bytes < 1.0 {
            bail!("--max-input: expected at least one byte, found `{max_input}`");
        }
        Ok(Reading {
            format,
            limits: Limits { file: bytes as u64 },
        })
    }
}

struct Collect<'a>(&'a mut SampleSetBuilder);

impl Sink for Collect<'_> {
    fn record(&mut self, record: Record<'_>) {
        self.0.add(record);
    }
}

/// Opens all inputs of all sides, then reads the sides at the same time. A side without arguments
/// is `None`.
pub(super) fn sides(
    arguments: [&[String]; 2],
    reading: Reading,
) -> Result<[Option<SampleSetBuilder>; 2]> {
    let names = [parse::expand(arguments[0])?, parse::expand(arguments[1])?];
    if names.iter().flatten().filter(|name| *name == "-").count() > 1 {
        return Err(OpenError::StdinTwice.into());
    }
    let open = |names: &[String]| -> Result<Vec<Source>, OpenError> {
        names
            .iter()
            .map(|name| Source::open(name, reading.limits))
            .collect()
    };
    let [first, second] = [open(&names[0])?, open(&names[1])?];
    thread::scope(|scope| {
        let other = scope.spawn(|| side(first, reading.format));
        let second = side(second, reading.format)?;
        let first = other
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok([first, second])
    })
}

/// Reads what is in memory, under a name.
pub(super) fn memory(name: &str, text: &[u8]) -> Result<SampleSetBuilder> {
    let lines = LineReader::new(Cursor::new(text), u64::MAX);
    let mut builder = SampleSetBuilder::default();
    file(&mut builder, &Arc::from(name), lines, Some(Format::GoText))?;
    Ok(builder)
}

fn side(sources: Vec<Source>, format: Option<Format>) -> Result<Option<SampleSetBuilder>> {
    if sources.is_empty() {
        return Ok(None);
    }
    let mut builder = SampleSetBuilder::default();
    for Source { name, lines } in sources {
        file(&mut builder, &name, lines, format)?;
    }
    Ok(Some(builder))
}

fn file<R: Read>(
    builder: &mut SampleSetBuilder,
    name: &Arc<str>,
    lines: LineReader<R>,
    format: Option<Format>,
) -> Result<()> {
    builder.begin_file(name);
    let format = parse::read(lines, name, format, &mut Collect(builder))
        .with_context(|| name.to_string())?;
    builder.end_file(format.name());
    Ok(())
}
