//! What `go test -json` prints: test2json events, one a line, of packages interleaved. The output
//! of each package is put together again and read as text, for a result's name and its numbers
//! come in separate events. Lines that are no events (a build tool's standard error, mixed in) are
//! read as a text of their own.

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::clean::clean;
use super::go_text::Machine;
use super::lines::{Line, LineReader, MAX_LINE};
use super::{Reader, Sink};
use crate::benchmark::{FailureKind, Position, Record, SyntaxError, SyntaxErrorKind};

/// An event, as `go doc test2json` describes it. Fields that say nothing here are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    package: Cow<'a, str>,
    #[serde(borrow, default)]
    test: Cow<'a, str>,
    #[serde(borrow, default)]
    output: Cow<'a, str>,
}

/// The actions that make a line an event and not some JSON that a program logs.
const ACTIONS: [&str; 12] = [
    "start",
    "run",
    "pause",
    "cont",
    "pass",
    "bench",
    "fail",
    "output",
    "skip",
    "attr",
    "build-output",
    "build-fail",
];

/// Whether one of the lines of `head` is a test2json event.
pub(super) fn is_stream(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n')
        .map(clean)
        .any(|line| line.starts_with(b"{") && event(&line).is_some())
}

fn event(line: &[u8]) -> Option<Event<'_>> {
    let event: Event<'_> = serde_json::from_slice(line).ok()?;
    ACTIONS.contains(&event.action.as_ref()).then_some(event)
}

/// Reads a stream of test2json events.
pub(super) struct TestJson {
    file: Arc<str>,
    packages: FxHashMap<String, usize>,
    streams: Vec<Stream>,
    /// Lines that are no events.
    rest: Machine,
}

/// The output of one package.
struct Stream {
    machine: Machine,
    /// Output since the last line feed.
    partial: Vec<u8>,
    /// Whether output was dropped because the line grew too long.
    cut: bool,
    started: bool,
    ended: bool,
}

impl TestJson {
    pub(super) fn new(file: &Arc<str>) -> Self {
        TestJson {
            file: Arc::clone(file),
            packages: FxHashMap::default(),
            streams: Vec::new(),
            rest: Machine::new(file, ""),
        }
    }

    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        let cleaned = clean(line.text);
        let text = cleaned.trim_ascii();
        if !text.starts_with(b"{") {
            self.rest.line(line, sink);
            return;
        }
        match event(text) {
            Some(event) => self.event(&event, line.number, sink),
            // Not just any JSON that a program logs.
            None if text.starts_with(b"{\"Time\":") || text.starts_with(b"{\"Action\":") => {
                let at = Position {
                    file: Arc::clone(&self.file),
                    line: line.number,
                };
                let message = "expected a test2json event; the line is cut short or damaged".into();
                let kind = SyntaxErrorKind::Malformed;
                sink.record(Record::Syntax(SyntaxError {
                    at,
                    message,
                    kind,
                    benchmark: None,
                }));
            }
            None => self.rest.line(line, sink),
        }
    }

    fn event(&mut self, event: &Event<'_>, line: u64, sink: &mut dyn Sink) {
        if event.action.starts_with("build-") {
            return; // the package that could not be built tells so itself
        }
        let stream = self.stream(&event.package);
        let of_package = event.test.is_empty();
        match event.action.as_ref() {
            "start" => (stream.started, stream.ended) = (true, false),
            "output" => stream.output(event.output.as_bytes(), line, sink),
            // test2json ends a lone test binary's stream with an event without a package.
            "pass" | "skip" if of_package => stream.ended = true,
            "fail" if of_package => {
                stream.flush(line, sink);
                if !stream.machine.any_failed() {
                    stream.machine.package_failed(FailureKind::Failed, "", sink);
                }
                stream.ended = true;
            }
            _ => {}
        }
    }

    fn stream(&mut self, package: &str) -> &mut Stream {
        let index = match self.packages.get(package) {
            Some(index) => *index,
            None => {
                let index = self.streams.len();
                self.packages.insert(package.to_owned(), index);
                self.streams.push(Stream {
                    machine: Machine::new(&self.file, package),
                    partial: Vec::new(),
                    cut: false,
                    started: false,
                    ended: false,
                });
                index
            }
        };
        &mut self.streams[index]
    }

    fn finish(&mut self, last_line: u64, sink: &mut dyn Sink) {
        self.rest.finish(sink);
        for stream in &mut self.streams {
            stream.flush(last_line, sink);
            if stream.started && !stream.ended {
                let detail = "the stream has no pass or fail event of the package";
                stream
                    .machine
                    .package_failed(FailureKind::Interrupted, detail, sink);
            }
            stream.machine.finish(sink);
        }
    }
}

impl Stream {
    /// Takes output of the package, which need not end at a line's end.
    fn output(&mut self, mut output: &[u8], line: u64, sink: &mut dyn Sink) {
        while let Some(end) = memchr::memchr(b'\n', output) {
            self.keep(&output[..end]);
            self.flush(line, sink);
            output = &output[end + 1..];
        }
        self.keep(output);
    }

    fn keep(&mut self, output: &[u8]) {
        let room = MAX_LINE - self.partial.len();
        self.cut |= output.len() > room;
        self.partial
            .extend_from_slice(&output[..output.len().min(room)]);
    }

    /// Ends the line that is being put together.
    fn flush(&mut self, number: u64, sink: &mut dyn Sink) {
        let line = Line {
            text: &self.partial,
            number,
            cut: self.cut,
        };
        self.machine.line(line, sink);
        self.partial.clear();
        self.cut = false;
    }
}

impl Reader for TestJson {
    fn read<R: Read>(mut self, mut lines: LineReader<R>, sink: &mut dyn Sink) -> io::Result<()> {
        let mut last_line = 0;
        while let Some(line) = lines.next_line()? {
            last_line = line.number;
            self.line(line, sink);
        }
        self.finish(last_line, sink);
        Ok(())
    }
}
