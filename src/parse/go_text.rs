//! What `go test -bench` prints: the Go benchmark data format (proposal 14313) as
//! `golang.org/x/perf/benchfmt` reads it, and what real pipelines make of it.
//!
//! The testing package prints a benchmark's name before it runs and its numbers afterwards, so
//! that whatever the code under test prints lands in between: a name stays pending until its
//! numbers come, or until something else shows that they never will.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use regex::bytes::Regex;

use super::clean::{clean, without_carriage_return};
use super::fields::{
    BadField, BadNumber, parse_measurement, skip_space, split_field, split_measurement,
};
use super::lines::{Line, LineReader, MAX_LINE};
use super::{Reader, Sink};
use crate::benchmark::{
    BenchResult, Configuration, Failure, FailureKind, Position, Record, SkippedLine, SyntaxError,
    SyntaxErrorKind, UnitMetadata,
};
use crate::strconv::parse_count;
use crate::unit::{Better, Unit};

/// The most values of one line. The testing package prints a handful.
const MAX_VALUES: usize = 256;

/// The most characters that a message quotes from the input.
const MAX_QUOTE: usize = 120;

/// Where the numbers of a result begin in a line that starts with something else: a count, a tab,
/// a value and its unit, as the testing package prints them.
static NUMBERS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)[0-9]+ *\t *[0-9][0-9.e+]* [^\s0-9]").ok());

/// A whole result behind output that did not end its line.
static RESULT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?-u)Benchmark[^\s]*[ \t]+[0-9]+\t *[0-9][0-9.e+]* [^\s0-9]").ok()
});

/// The numbers of a result without its name.
static ORPHAN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)^ *[0-9]+\t *[0-9][0-9.e+]* ns/op").ok());

/// What tools print that has the form of configuration and is none.
const NOT_CONFIGURATION: [&str; 8] = [
    "coverage", "error", "fatal", "go", "ld", "panic", "testing", "warning",
];

/// Reads Go benchmark text.
pub(super) struct Text(Machine);

impl Text {
    pub(super) fn new(file: &Arc<str>) -> Self {
        Text(Machine::new(file, ""))
    }
}

impl Reader for Text {
    fn read<R: Read>(mut self, mut lines: LineReader<R>, sink: &mut dyn Sink) -> io::Result<()> {
        while let Some(line) = lines.next_line()? {
            self.0.line(line, sink);
        }
        self.0.finish(sink);
        Ok(())
    }
}

/// The state of one stream of benchmark text. `go test -json` has one for each package.
pub(super) struct Machine {
    file: Arc<str>,
    config: Configuration,
    pending: Option<Pending>,
    section: Section,
    /// Reused from line to line.
    measurements: Vec<(f64, Range<usize>)>,
    last_line: u64,
    last_name: Vec<u8>,
    /// Whether a package has ended in failure: the last line of the whole run says so again.
    any_failed: bool,
}

/// A benchmark whose name was read and whose numbers were not.
struct Pending {
    name: Vec<u8>,
    line: u64,
    trouble: Trouble,
}

/// What it means if the numbers of a pending benchmark never come.
enum Trouble {
    /// Nothing: `go test -v` announces each benchmark on a line of its own.
    Announced,
    /// A result was lost.
    Lost(SyntaxErrorKind, String),
}

/// What has been seen of the current package's run.
#[derive(Default)]
struct Section {
    crash: Option<Crash>,
    failed_test: Option<String>,
    /// The line of a bare `FAIL`, which a package's last line is to follow.
    failed: Option<u64>,
    /// Whether a benchmark has been reported as failed, so that the package need not be.
    reported: bool,
    /// Whether the package has printed any result.
    results: bool,
}

struct Crash {
    kind: FailureKind,
    detail: String,
    line: u64,
    benchmark: Option<String>,
}

impl Machine {
    /// A machine that reports positions in `file`. `package` is what results belong to until a
    /// `pkg:` line says otherwise; it may be empty.
    pub(super) fn new(file: &Arc<str>, package: &str) -> Self {
        let mut config = Configuration::default();
        config.set("pkg", package);
        Machine {
            file: Arc::clone(file),
            config,
            pending: None,
            section: Section::default(),
            measurements: Vec::new(),
            last_line: 0,
            last_name: Vec::new(),
            any_failed: false,
        }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        self.last_line = line.number;
        if line.cut {
            self.overlong(line, sink);
        } else if line.text.starts_with(b"Benchmark") && memchr::memchr(0x1b, line.text).is_none() {
            self.benchmarks(without_carriage_return(line.text), line.number, sink);
        } else {
            let text = clean(line.text);
            if text.starts_with(b"Benchmark") {
                self.benchmarks(&text, line.number, sink);
            } else {
                self.other(&text, line.number, sink);
            }
        }
    }

    /// Ends the stream: what is still open is reported now.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) {
        self.end_section(sink);
    }

    /// Whether a package of this stream has ended in failure.
    pub(super) fn any_failed(&self) -> bool {
        self.any_failed
    }

    /// Ends the section of a package that failed, and reports it if nothing has yet.
    pub(super) fn package_failed(&mut self, kind: FailureKind, detail: &str, sink: &mut dyn Sink) {
        let package = self.config.package().to_owned();
        self.section_failed(package, kind, detail, sink);
    }

    fn section_failed(
        &mut self,
        package: String,
        kind: FailureKind,
        detail: &str,
        sink: &mut dyn Sink,
    ) {
        let section = std::mem::take(&mut self.section);
        self.any_failed = true;
        if section.crash.is_some() {
            // It is the crash that kept the pending benchmark from finishing: said once is enough.
            self.pending = None;
        }
        self.settle(sink);
        let line = section.failed.unwrap_or(self.last_line);
        let (kind, detail, line, benchmark) = match (section.crash, section.failed_test) {
            (Some(crash), _) => (crash.kind, crash.detail, crash.line, crash.benchmark),
            (None, _) if section.reported => return,
            (None, Some(test)) => (kind, format!("{test} failed"), line, None),
            (None, None) => (kind, detail.to_owned(), line, None),
        };
        let at = self.position(line);
        sink.record(Record::Failure(Failure {
            package,
            benchmark,
            kind,
            detail,
            at,
        }));
    }

    /// A line that begins with a benchmark's name. Several results may be glued together in it,
    /// where the program swallowed a line feed.
    fn benchmarks(&mut self, mut text: &[u8], line: u64, sink: &mut dyn Sink) {
        while let Some(glued) = self.benchmark(text, line, sink) {
            text = &text[glued..];
        }
    }

    /// Reads one result and returns where the next one is glued to it, if one is.
    fn benchmark(&mut self, text: &[u8], line: u64, sink: &mut dyn Sink) -> Option<usize> {
        let (name, rest) = self.split_name(text);
        if name.len() == text.len() {
            self.settle(sink);
            self.pending = Some(Pending {
                name: name.to_vec(),
                line,
                trouble: Trouble::Announced,
            });
            return None;
        }
        let offset = text.len() - rest.len();
        let message = match self.measure(rest) {
            Ok(found) => {
                self.settle(sink);
                self.emit(name, rest, found.iterations, sink);
                return found.glued.map(|at| offset + at);
            }
            Err(message) => message,
        };
        if !is_benchmark_name(name) {
            return None; // prose: "Benchmarking the parser …"
        }
        let has_tab = text[name.len()..offset].contains(&b'\t');
        let has_count = parse_count(split_field(rest).0).is_some();
        let kind = match (has_count, has_tab) {
            (true, _) => SyntaxErrorKind::Malformed,
            (_, true) => SyntaxErrorKind::Unfinished,
            _ => SyntaxErrorKind::Doubtful,
        };
        self.settle(sink);
        let trouble = Trouble::Lost(kind, message);
        self.pending = Some(Pending {
            name: name.to_vec(),
            line,
            trouble,
        });
        // What follows the name is output of the program, or the end of it.
        let glued = self.noise(rest, sink);
        if self.pending.is_some() {
            self.failure(rest, line, sink);
        }
        glued.map(|at| offset + at)
    }

    /// Splits off the name, which is the last one more often than not.
    fn split_name<'a>(&mut self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        if let Some(rest @ [b' ' | b'\t', ..]) = text.strip_prefix(&self.last_name[..])
            && !self.last_name.is_empty()
        {
            return (&text[..self.last_name.len()], skip_space(rest));
        }
        let (name, rest) = split_field(text);
        self.last_name.clear();
        self.last_name.extend_from_slice(name);
        (name, rest)
    }

    /// Any line that does not begin with a benchmark's name.
    fn other(&mut self, text: &[u8], line: u64, sink: &mut dyn Sink) {
        // A crash comes before configuration: "panic: …" has the form of a key and its value.
        if self.trailer(text, line, sink) || self.failure(text, line, sink) {
            return;
        }
        if memchr::memmem::find(text, b"Benchmark").is_some()
            && let Some(found) = RESULT.as_ref().and_then(|result| result.find(text))
        {
            return self.benchmarks(&text[found.start()..], line, sink);
        }
        if let Some((key, value)) = key_value(text)
            && !NOT_CONFIGURATION.contains(&key)
        {
            let standard = matches!(key, "goos" | "goarch" | "pkg" | "cpu");
            if standard {
                if key == "pkg" || self.section.crash.is_some() {
                    self.end_section(sink);
                }
                self.settle(sink);
            }
            // Inside of a benchmark or of a stack trace such a line is the program's own.
            if standard || (self.pending.is_none() && self.section.crash.is_none()) {
                self.config.set(key, value);
                return;
            }
        }
        if self.pending.is_none() && text.starts_with(b"Unit") && self.unit(text, line, sink) {
            return;
        }
        if self.pending.is_none() && ORPHAN.as_ref().is_some_and(|orphan| orphan.is_match(text)) {
            let at = self.position(line);
            let message = "the numbers of a result without a benchmark's name".to_owned();
            let (kind, benchmark) = (SyntaxErrorKind::Malformed, None);
            sink.record(Record::Syntax(SyntaxError {
                at,
                message,
                kind,
                benchmark,
            }));
            return;
        }
        if let Some(glued) = self.noise(text, sink) {
            self.benchmarks(&text[glued..], line, sink);
        }
    }

    /// Output of the program: it may hold the numbers of the pending benchmark. Returns where the
    /// next benchmark is glued to them, if one is.
    fn noise(&mut self, text: &[u8], sink: &mut dyn Sink) -> Option<usize> {
        if self.pending.is_some()
            && let Some(start) = NUMBERS.as_ref().and_then(|numbers| numbers.find(text))
            && let Ok(found) = self.measure(&text[start.start()..])
            && let Some(pending) = self.pending.take()
        {
            self.emit(
                &pending.name,
                &text[start.start()..],
                found.iterations,
                sink,
            );
            return found.glued.map(|at| start.start() + at);
        }
        None
    }

    /// Hands a result to the sink. `self.measurements` holds its values.
    fn emit(&mut self, name: &[u8], text: &[u8], iterations: u64, sink: &mut dyn Sink) {
        // A benchmark that goes on has not crashed, whatever it printed.
        self.section.crash = None;
        self.section.results = true;
        sink.record(Record::Result(BenchResult {
            name,
            iterations,
            text,
            measurements: &self.measurements,
            config: &self.config,
        }));
    }

    /// Reads `count value unit value unit …` into `self.measurements`.
    fn measure(&mut self, text: &[u8]) -> Result<Measured, String> {
        self.measurements.clear();
        let (field, mut rest) = split_field(text);
        let Some(iterations) = parse_count(field) else {
            return Err(match field {
                [] => "the benchmark printed its name and no result".to_owned(),
                _ => format!("expected an iteration count, found {}", quote(field)),
            });
        };
        loop {
            if rest.is_empty() {
                break;
            }
            let (value, after) = split_measurement(rest).map_err(describe)?;
            let (unit, after_unit) = split_field(after);
            if unit.is_empty() {
                return Err(format!(
                    "expected a unit after {}",
                    quote(split_field(rest).0)
                ));
            }
            let start = text.len() - after.len();
            let glued = if unit.len() > 10 {
                memchr::memmem::find(unit, b"Benchmark")
            } else {
                None
            };
            let length = glued.unwrap_or(unit.len());
            self.add_measurement(text, value, start..start + length)?;
            if glued.is_some() {
                return Ok(Measured {
                    iterations,
                    glued: Some(start + length),
                });
            }
            rest = after_unit;
        }
        if self.measurements.is_empty() {
            return Err("expected a measurement after the iteration count".to_owned());
        }
        Ok(Measured {
            iterations,
            glued: None,
        })
    }

    fn add_measurement(
        &mut self,
        text: &[u8],
        value: f64,
        unit: Range<usize>,
    ) -> Result<(), String> {
        let name = &text[unit.clone()];
        let like_a_number = matches!(name.first(), None | Some(b'0'..=b'9' | b'.' | b'-' | b'+'));
        if like_a_number && (name.is_empty() || parse_measurement(name).is_ok()) {
            return Err(format!("expected a unit, found {}", quote(name)));
        }
        if self
            .measurements
            .iter()
            .any(|(_, other)| &text[other.clone()] == name)
        {
            return Err(format!("the unit {} occurs twice", quote(name)));
        }
        if self.measurements.len() == MAX_VALUES {
            return Err(format!("more than {MAX_VALUES} values"));
        }
        self.measurements.push((value, unit));
        Ok(())
    }

    /// Gives up on the pending benchmark.
    fn settle(&mut self, sink: &mut dyn Sink) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let at = self.position(pending.line);
        sink.record(match pending.trouble {
            Trouble::Lost(kind, message) => {
                let message = format!("{}: {message}", quote(&pending.name));
                let benchmark = Some(String::from_utf8_lossy(&pending.name).into_owned());
                Record::Syntax(SyntaxError {
                    at,
                    message,
                    kind,
                    benchmark,
                })
            }
            Trouble::Announced => Record::Skipped(SkippedLine {
                name: String::from_utf8_lossy(&pending.name).into_owned(),
                package: self.config.package().to_owned(),
                at,
            }),
        });
    }

    /// `PASS`, `ok`, `FAIL` and `?` lines, which end a benchmark, a binary or a package.
    fn trailer(&mut self, text: &[u8], line: u64, sink: &mut dyn Sink) -> bool {
        let (word, rest) = split_field(text);
        match word {
            b"PASS" if rest.is_empty() => {
                self.settle(sink);
                // Whatever looked like a crash was not one.
                self.section.crash = None;
            }
            b"ok" if text.starts_with(b"ok  \t") => {
                self.settle(sink);
                // Whatever looked like a crash was not one.
                self.section = Section::default();
            }
            b"?" if text.starts_with(b"?   \t") => {}
            b"FAIL" if rest.is_empty() => {
                self.settle(sink);
                let section = &mut self.section;
                let empty =
                    !section.results && section.crash.is_none() && section.failed_test.is_none();
                if !(self.any_failed && empty) {
                    section.failed.get_or_insert(line);
                }
            }
            b"FAIL" if text.starts_with(b"FAIL\t") => self.package_trailer(rest, line, sink),
            _ => return false,
        }
        true
    }

    /// `FAIL <package> <time>`, `FAIL <package> [build failed]`.
    fn package_trailer(&mut self, rest: &[u8], line: u64, sink: &mut dyn Sink) {
        let (package, why) = split_field(rest);
        let package = String::from_utf8_lossy(package).into_owned();
        let kind = match why {
            b"[build failed]" => FailureKind::BuildFailed,
            b"[setup failed]" => FailureKind::SetupFailed,
            _ => {
                self.section.failed = Some(line);
                return self.section_failed(package, FailureKind::Failed, "", sink);
            }
        };
        // What was not built has printed nothing: the open section is another package's.
        self.any_failed = true;
        let (detail, at) = (String::new(), self.position(line));
        sink.record(Record::Failure(Failure {
            package,
            benchmark: None,
            kind,
            detail,
            at,
        }));
    }

    /// Ends the current package's section without a trailer.
    fn end_section(&mut self, sink: &mut dyn Sink) {
        if self.section.crash.is_some() || self.section.failed.is_some() {
            self.package_failed(FailureKind::Failed, "", sink);
        }
        self.settle(sink);
        self.section = Section::default();
    }

    /// Lines, and parts of lines, that tell of a failure. Returns whether this is one.
    fn failure(&mut self, text: &[u8], line: u64, sink: &mut dyn Sink) -> bool {
        const CRASHES: [(&[u8], FailureKind); 12] = [
            (b"panic: test timed out", FailureKind::TimedOut),
            (b"panic: ", FailureKind::Panicked),
            (b"fatal error: ", FailureKind::Panicked),
            (b"SIGQUIT: quit", FailureKind::TimedOut),
            (b"*** Test killed with quit", FailureKind::TimedOut),
            (b"signal: killed", FailureKind::Killed),
            (b"signal: terminated", FailureKind::Killed),
            (b"signal: interrupt", FailureKind::Killed),
            (b"signal: aborted", FailureKind::Panicked),
            (b"signal: segmentation fault", FailureKind::Panicked),
            (b"signal: bus error", FailureKind::Panicked),
            (b"unexpected fault address ", FailureKind::Panicked),
        ];
        // Behind a pending name the telling words need not begin the line.
        let inside = self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.line == line);
        let find = |mark: &[u8]| match inside {
            true => memchr::memmem::find(text, mark),
            false => skip_space(text)
                .starts_with(mark)
                .then(|| text.len() - skip_space(text).len()),
        };
        if let Some(at) = find(b"--- FAIL: ") {
            let name = split_field(&text[at + b"--- FAIL: ".len()..]).0;
            self.named_failure(name, line, sink);
            return true;
        }
        if let Some(at) = find(b"--- SKIP: ") {
            let name = split_field(&text[at + b"--- SKIP: ".len()..]).0;
            self.pending
                .take_if(|pending| same_benchmark(&pending.name, name));
            return true;
        }
        let crash = CRASHES
            .iter()
            .find_map(|(mark, kind)| find(mark).map(|at| (at, *kind)));
        let Some((at, kind)) = crash else {
            return false;
        };
        if self.section.crash.is_none() {
            let benchmark = match &self.pending {
                Some(Pending {
                    name,
                    trouble: Trouble::Lost(..),
                    ..
                }) => Some(String::from_utf8_lossy(name).into_owned()),
                _ => None,
            };
            // The kind says already that it panicked.
            let told = &text[at..];
            let detail = bounded(told.strip_prefix(b"panic: ").unwrap_or(told));
            self.section.crash = Some(Crash {
                kind,
                detail,
                line,
                benchmark,
            });
        }
        true
    }

    /// `--- FAIL: name`.
    fn named_failure(&mut self, name: &[u8], line: u64, sink: &mut dyn Sink) {
        if !name.starts_with(b"Benchmark") {
            self.section
                .failed_test
                .get_or_insert_with(|| String::from_utf8_lossy(name).into_owned());
            return;
        }
        self.pending
            .take_if(|pending| same_benchmark(&pending.name, name));
        self.section.reported = true;
        sink.record(Record::Failure(Failure {
            package: self.config.package().to_owned(),
            benchmark: Some(String::from_utf8_lossy(name).into_owned()),
            kind: FailureKind::Failed,
            detail: String::new(),
            at: self.position(line),
        }));
    }

    /// `Unit <unit> key=value …`. Returns whether the line is one.
    fn unit(&mut self, text: &[u8], line: u64, sink: &mut dyn Sink) -> bool {
        let (word, rest) = split_field(text);
        if word != b"Unit" {
            return false;
        }
        let (unit, mut rest) = split_field(rest);
        let name = String::from_utf8_lossy(unit);
        let at = self.position(line);
        let mut metadata = UnitMetadata {
            unit: Unit::new(&name),
            better: None,
            exact: None,
            at: at.clone(),
        };
        while !rest.is_empty() {
            let (field, after) = split_field(rest);
            rest = after;
            match field {
                b"better=lower" => metadata.better = Some(Better::Lower),
                b"better=higher" => metadata.better = Some(Better::Higher),
                b"assume=exact" => metadata.exact = Some(true),
                b"assume=nothing" => metadata.exact = Some(false),
                _ if field.contains(&b'=') && field[0] != b'=' => {}
                _ => {
                    // "Unit tests passed" is no metadata.
                    let message =
                        format!("expected key=value after the unit, found {}", quote(field));
                    let kind = SyntaxErrorKind::Doubtful;
                    sink.record(Record::Syntax(SyntaxError {
                        at,
                        message,
                        kind,
                        benchmark: None,
                    }));
                    return true;
                }
            }
        }
        sink.record(Record::Unit(metadata));
        true
    }

    fn overlong(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        let kind = if line.text.starts_with(b"Benchmark") {
            SyntaxErrorKind::Malformed
        } else {
            SyntaxErrorKind::Doubtful
        };
        let message = format!(
            "the line is longer than {} MiB and was not read",
            MAX_LINE >> 20
        );
        let at = self.position(line.number);
        sink.record(Record::Syntax(SyntaxError {
            at,
            message,
            kind,
            benchmark: None,
        }));
    }

    fn position(&self, line: u64) -> Position {
        Position {
            file: Arc::clone(&self.file),
            line,
        }
    }
}

/// What [`Machine::measure`] found besides the measurements.
struct Measured {
    iterations: u64,
    /// Where in the text the next benchmark's name is glued to the last unit.
    glued: Option<usize>,
}

/// Whether `name` can be a benchmark's: after the prefix comes anything but a lower-case letter.
fn is_benchmark_name(name: &[u8]) -> bool {
    let rest = String::from_utf8_lossy(&name[b"Benchmark".len()..]);
    match rest.chars().next() {
        Some(first) => !first.is_lowercase() && !matches!(first, ':' | '.' | ',' | '='),
        None => false,
    }
}

/// Whether two names are the same but for a GOMAXPROCS suffix.
fn same_benchmark(a: &[u8], b: &[u8]) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    match long.strip_prefix(short) {
        Some([]) => true,
        Some([b'-', digits @ ..]) => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Splits a configuration line as benchfmt does: a key that begins in lower case and holds neither
/// upper case nor white space, a colon, and a value set off by spaces or tabs.
fn key_value(text: &[u8]) -> Option<(&str, &str)> {
    if !text
        .first()
        .is_some_and(|b| b.is_ascii_lowercase() || *b >= 0x80)
    {
        return None;
    }
    let colon = memchr::memchr(b':', text)?;
    let key = std::str::from_utf8(&text[..colon]).ok()?;
    let value = std::str::from_utf8(&text[colon + 1..]).ok()?;
    if !key.starts_with(char::is_lowercase)
        || key.contains(|c: char| c.is_whitespace() || c.is_uppercase())
    {
        return None;
    }
    let trimmed = value.trim_start_matches([' ', '\t']);
    (value.is_empty() || trimmed.len() < value.len()).then_some((key, trimmed))
}

fn describe(BadField { bad, field }: BadField<'_>) -> String {
    let field = quote(field);
    match bad {
        BadNumber::NotANumber => format!("expected a measurement, found {field}"),
        BadNumber::NotFinite => format!("the measurement {field} is not finite"),
        BadNumber::Negative => format!("the measurement {field} is negative"),
    }
}

/// Text of the input for a message: bounded, and without control characters.
fn quote(text: &[u8]) -> String {
    format!("`{}`", bounded(text))
}

fn bounded(text: &[u8]) -> String {
    let head = &text[..text.len().min(4 * MAX_QUOTE)];
    let decoded = String::from_utf8_lossy(head);
    let mut shown: String = decoded.chars().take(MAX_QUOTE).collect();
    if shown.len() < text.len() && decoded.chars().count() > MAX_QUOTE {
        shown.push('…');
    }
    shown
}
