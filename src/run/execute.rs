//! Running benchmarks of a test binary.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::batch::Part;
use super::error::RunError;
use super::options::Options;
use super::packages::Selection;
use crate::benchmark::Key;
use crate::process::{self, Bounds, End, Errors, Finished, Interrupt};

/// Output of one process that is read; more is a flood.
const MOST_OUTPUT: usize = 16 << 20;
/// A profile that takes longer tells nothing worth the time.
const MOST_PROFILING: Duration = Duration::from_secs(10);

/// Runs benchmarks until the time is up.
pub(super) struct Executor<'a> {
    pub(super) options: &'a Options,
    pub(super) selection: &'a Selection,
    pub(super) interrupt: &'a Interrupt,
    /// GOROOT of each side.
    pub(super) goroots: [String; 2],
    pub(super) deadline: Instant,
}

/// A test binary and the folder that it runs in.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) side: usize,
    pub(super) binary: PathBuf,
    pub(super) folder: PathBuf,
}

/// What is left of a process.
pub(super) enum Ran {
    /// It ended.
    Ended(Finished),
    /// The time for the whole run was up before it did.
    TimeUp,
}

impl Executor<'_> {
    /// Whether nothing more is to be started.
    pub(super) fn time_is_up(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Runs benchmark functions once.
    pub(super) fn run(
        &self,
        program: &Program,
        functions: &[String],
        part: &Part,
        benchtime: &str,
        log: Option<&Path>,
    ) -> Result<Ran, RunError> {
        let mut command = self.command(program, benchtime);
        let function = functions.first().map_or("", String::as_str);
        let pattern = part
            .only(function)
            .unwrap_or_else(|| self.selection.pattern(functions));
        command.arg(format!("-test.bench={pattern}"));
        if let Some(skip) = part.skip(function) {
            command.arg(format!("-test.skip={skip}"));
        }
        if let Some(log) = log {
            command.arg(format!("-test.testlogfile={}", log.display()));
        }
        self.call(command, program, self.options.timeout)
    }

    /// Runs one benchmark and has what it allocates written into a file, every object of it.
    pub(super) fn profile(
        &self,
        program: &Program,
        benchmark: &Key,
        iterations: u64,
        into: &Path,
    ) -> Result<Ran, RunError> {
        let mut command = self.command(program, &format!("{iterations}x"));
        command
            .arg(format!("-test.bench={}", exactly(&benchmark.benchmark)))
            .arg(format!("-test.cpu={}", benchmark.procs.unwrap_or(1)))
            .arg("-test.count=1")
            .arg("-test.memprofilerate=1")
            .arg(format!("-test.memprofile={}", into.display()))
            // Whatever the flags of the user say.
            .arg(format!("-test.benchtime={iterations}x"));
        self.call(command, program, self.options.timeout.min(MOST_PROFILING))
    }

    fn command(&self, program: &Program, benchtime: &str) -> Command {
        let mut command = Command::new(&program.binary);
        command
            .current_dir(&program.folder)
            .env("PWD", &program.folder)
            .args(["-test.run=^$", "-test.benchmem", "-test.paniconexit0"])
            .arg(format!("-test.benchtime={benchtime}"))
            // The testing package bounds tests by it, and no benchmarks.
            .arg("-test.timeout=0")
            .args(&self.options.test_flags);
        self.set_goroot(&mut command, program.side);
        command
    }

    /// Runs it for no longer than its own time, and what is left of all.
    fn call(&self, command: Command, program: &Program, own: Duration) -> Result<Ran, RunError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let bounds = Bounds {
            time: own.min(left),
            output: MOST_OUTPUT,
        };
        let finished = process::run(command, Errors::WithOutput, bounds, self.interrupt)
            .map_err(RunError::io(&program.binary))?;
        if let Some(signal) = self.interrupt.signal() {
            return Err(RunError::Interrupted(signal));
        }
        Ok(match finished.end {
            End::OutOfTime if left < own => Ran::TimeUp,
            _ => Ran::Ended(finished),
        })
    }

    /// As `go test` does: a binary built with -trimpath does not know where Go is.
    fn set_goroot(&self, command: &mut Command, side: usize) {
        let root = &self.goroots[side];
        if root.is_empty() {
            return;
        }
        if std::env::var_os("GOROOT").is_none() {
            command.env("GOROOT", root);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = [Path::new(root).join("bin")];
        let path = own.into_iter().chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(path) {
            command.env("PATH", path);
        }
    }
}

/// The pattern of one benchmark: a level between slashes, each to the letter.
fn exactly(benchmark: &str) -> String {
    let level = |level: &str| format!("^{}$", regex::escape(level));
    let levels: Vec<String> = benchmark.split('/').map(level).collect();
    levels.join("/")
}
