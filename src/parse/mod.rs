//! Reading benchmark output: bytes in, [`Record`]s out.
//!
//! `source` opens what the user named and decodes it (gzip, UTF-16), `lines` splits it within
//! bounds, `clean` takes off what terminals and CI systems add, and each format has a file of its
//! own. A new format adds a file, a [`Format`] and its arm in [`Format::detect`] and [`read`].
//! [`benchfmt`] stands apart: it takes Go's text as benchstat does, and mends nothing.

pub mod benchfmt;
mod clean;
mod fields;
mod go_test_json;
mod go_text;
mod lines;
mod source;

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use crate::benchmark::Record;

pub use lines::{LineReader, MAX_LINE};
pub use source::{Limits, OpenError, Source, expand};

/// Receives what a reader finds. Records borrow the reader's buffers.
pub trait Sink {
    /// Takes one record.
    fn record(&mut self, record: Record<'_>);
}

/// A reader of one format: takes a whole input and hands its records to a sink.
trait Reader {
    fn read<R: Read>(self, lines: LineReader<R>, sink: &mut dyn Sink) -> io::Result<()>;
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What `go test -bench` prints.
    GoText,
    /// What `go test -json -bench` prints (test2json events).
    GoTestJson,
}

impl Format {
    /// Every format.
    pub const ALL: &[Format] = &[Format::GoText, Format::GoTestJson];

    /// The name that `--format` takes.
    pub fn name(self) -> &'static str {
        match self {
            Format::GoText => "go",
            Format::GoTestJson => "go-json",
        }
    }

    /// The format of an input that begins with `head`.
    pub fn detect(head: &[u8]) -> Format {
        if go_test_json::is_stream(head) {
            Format::GoTestJson
        } else {
            Format::GoText
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads decoded text as `format`, or as what it looks like, and returns the format it was read as.
///
/// # Errors
///
/// If the input cannot be read, or exceeds the bounds of its [`LineReader`]. Whatever the text
/// says is never an error: it is a record.
pub fn read<R: Read>(
    mut lines: LineReader<R>,
    file: &Arc<str>,
    format: Option<Format>,
    sink: &mut dyn Sink,
) -> io::Result<Format> {
    let format = match format {
        Some(format) => format,
        None => Format::detect(lines.peek()?),
    };
    match format {
        Format::GoText => go_text::Text::new(file).read(lines, sink)?,
        Format::GoTestJson => go_test_json::TestJson::new(file).read(lines, sink)?,
    }
    Ok(format)
}
