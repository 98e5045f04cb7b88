//! What a test binary printed, made into what `go test` would have printed, and the figures in it.

use std::io::Cursor;
use std::sync::Arc;

use crate::benchmark::{BenchResult, Record};
use crate::parse::{self, Format, Limits, LineReader, Sink};
use crate::process::{End, Finished};
use crate::unit::{Tidy, Unit};

/// One figure of a benchmark.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// Full name, GOMAXPROCS suffix included.
    pub(super) benchmark: String,
    pub(super) iterations: u64,
    /// Tidied.
    pub(super) unit: Unit,
    pub(super) value: f64,
}

/// Appends the lines with which `go test` closes a package's output.
pub(super) fn closed(finished: &Finished, package: &str) -> Vec<u8> {
    let mut output = finished.output.clone();
    if output.last().is_some_and(|last| *last != b'\n') {
        output.push(b'\n');
    }
    let seconds = finished.elapsed.as_secs_f64();
    let reason = match finished.end {
        End::Exited(0) => {
            output.extend(format!("ok  \t{package}\t{seconds:.3}s\n").bytes());
            return output;
        }
        End::Exited(status) => format!("exit status {status}"),
        End::Signaled(9) => "signal: killed".to_owned(),
        End::Signaled(signal) => format!("signal: {signal}"),
        End::OutOfTime => "panic: test timed out".to_owned(),
        End::TooMuchOutput => "signal: killed: it printed too much".to_owned(),
        End::Interrupted => "signal: interrupt".to_owned(),
    };
    output.extend(format!("{reason}\nFAIL\t{package}\t{seconds:.3}s\n").bytes());
    output
}

/// What `go test` prints of a package that does not build.
pub(super) fn build_failed(log: &str, package: &str) -> Vec<u8> {
    let setup = log.contains("[setup failed]");
    let what = if setup { "setup" } else { "build" };
    let lines = log.lines().filter(|line| !line.starts_with("FAIL"));
    let log: String = lines.map(|line| format!("{line}\n")).collect();
    format!("{log}FAIL\t{package} [{what} failed]\n").into_bytes()
}

/// All figures of an output.
pub(super) fn figures(output: &[u8]) -> Vec<Figure> {
    struct Collect(Vec<Figure>);
    impl Sink for Collect {
        fn record(&mut self, record: Record<'_>) {
            if let Record::Result(result) = record {
                self.0.extend(figures_of(&result));
            }
        }
    }
    let mut collect = Collect(Vec::new());
    let lines = LineReader::new(Cursor::new(output), Limits::default().file);
    // It is in memory: what cannot be read is too long, and holds no more figures.
    let _ = parse::read(
        lines,
        &Arc::from("output"),
        Some(Format::GoText),
        &mut collect,
    );
    collect.0
}

fn figures_of(result: &BenchResult<'_>) -> Vec<Figure> {
    let benchmark = String::from_utf8_lossy(result.name).into_owned();
    let figure = |(value, unit): (f64, &[u8])| {
        let printed = String::from_utf8_lossy(unit);
        Figure {
            benchmark: benchmark.clone(),
            iterations: result.iterations,
            value: value * Tidy::of(&printed).factor,
            unit: Unit::new(&printed),
        }
    };
    result.values().map(figure).collect()
}
