//! The `go` on PATH: its version, its environment, and running it.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Seek};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::process::{self, Bounds, End, Errors, Finished, Interrupt};

/// The oldest Go whose `go test -c` builds several packages at once.
const OLDEST: (u32, u32) = (1, 21);
/// Bytes of output of a go command that are read.
const MOST_OUTPUT: usize = 1 << 28;
/// Lines of a log that a message quotes.
const MOST_LINES: usize = 12;

/// Something that Go did not do.
#[derive(Debug, thiserror::Error)]
pub enum GoError {
    /// There is none.
    #[error("there is no `go` on PATH; install Go 1.21 or later (in a workflow: actions/setup-go)")]
    NotFound,
    /// An old one.
    #[error("{0} is too old: Go 1.21 or later is needed")]
    TooOld(String),
    /// It ended with an error.
    #[error("`go {command}` failed in {directory}:\n{log}")]
    Failed {
        /// Its arguments, shortened.
        command: String,
        /// Where it ran.
        directory: String,
        /// The first lines of what it printed.
        log: String,
    },
    /// It took longer than it may.
    #[error("`go {command}` did not end within {seconds} s")]
    OutOfTime {
        /// Its arguments, shortened.
        command: String,
        /// The bound.
        seconds: u64,
    },
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
    /// No room for what it makes.
    #[error(
        "no space is left for what go builds; make room in the temporary folder, or name another with TMPDIR"
    )]
    DiskFull,
    /// It could not be run, or its output could not be kept.
    #[error("cannot run go: {0}")]
    Io(#[from] io::Error),
    /// It printed something else than expected.
    #[error("cannot read what `go {command}` printed: {reason}")]
    Unreadable {
        /// Its arguments, shortened.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// How go is run.
#[derive(Clone, Debug)]
pub struct Go {
    /// Build flags that apply to everything (`-tags=…`, `-race`).
    pub flags: Vec<String>,
    /// Environment variables of this side.
    pub variables: Vec<(String, OsString)>,
    /// How long a command may take.
    pub patience: Duration,
    /// Whether the user wants to stop.
    pub interrupt: Interrupt,
}

/// What `go env` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
#[allow(missing_docs, reason = "each field is the variable of its name")]
pub struct Environment {
    pub goversion: String,
    pub goroot: String,
    pub gomod: String,
    pub gowork: String,
    pub goos: String,
    pub goarch: String,
    pub goflags: String,
    pub goexperiment: String,
    pub cgo_enabled: String,
    pub cgo_cflags: String,
    pub cgo_cppflags: String,
    pub goamd64: String,
    pub goarm64: String,
}

impl Go {
    /// A go command in a directory. PWD is set, as a shell would.
    fn command(
        &self,
        directory: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = Command::new("go");
        command
            .args(arguments)
            .current_dir(directory)
            .env("PWD", directory)
            .envs(self.variables.iter().map(|(key, value)| (key, value)));
        command
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            time: self.patience,
            output: MOST_OUTPUT,
        }
    }

    /// Runs go; standard error goes with the output. How it ends is for the caller to see, unless it
    /// did not end by itself.
    ///
    /// # Errors
    ///
    /// If it cannot be run, or was stopped.
    pub(super) fn run(&self, directory: &Path, arguments: &[&OsStr]) -> Result<Finished, GoError> {
        let command = self.command(directory, arguments);
        let finished = process::run(command, Errors::WithOutput, self.bounds(), &self.interrupt);
        self.ended(finished.map_err(not_found)?, arguments)
    }

    /// What go prints on standard output, if it succeeds.
    ///
    /// # Errors
    ///
    /// If it cannot be run, was stopped, or fails.
    pub(super) fn output(
        &self,
        directory: &Path,
        arguments: &[&OsStr],
    ) -> Result<Vec<u8>, GoError> {
        let mut errors = tempfile::tempfile()?;
        let command = self.command(directory, arguments);
        let to = Errors::To(errors.try_clone()?);
        let finished = process::run(command, to, self.bounds(), &self.interrupt);
        let finished = self.ended(finished.map_err(not_found)?, arguments)?;
        if finished.succeeded() {
            return Ok(finished.output);
        }
        let mut log = Vec::new();
        errors.rewind()?;
        errors.take(1 << 16).read_to_end(&mut log)?;
        Err(GoError::Failed {
            command: shown(arguments),
            directory: directory.display().to_string(),
            log: first_lines(&String::from_utf8_lossy(&log)),
        })
    }

    fn ended(&self, finished: Finished, arguments: &[&OsStr]) -> Result<Finished, GoError> {
        match finished.end {
            End::Interrupted => Err(GoError::Interrupted),
            End::OutOfTime => Err(GoError::OutOfTime {
                command: shown(arguments),
                seconds: self.patience.as_secs(),
            }),
            _ => Ok(finished),
        }
    }

    /// Go's own environment in a directory.
    ///
    /// # Errors
    ///
    /// If there is no go, or one that is too old.
    pub fn environment(&self, directory: &Path) -> Result<Environment, GoError> {
        let arguments = [
            "env",
            "-json",
            "GOVERSION",
            "GOROOT",
            "GOMOD",
            "GOWORK",
            "GOOS",
            "GOARCH",
            "GOFLAGS",
            "GOEXPERIMENT",
            "CGO_ENABLED",
            "CGO_CFLAGS",
            "CGO_CPPFLAGS",
            "GOAMD64",
            "GOARM64",
        ]
        .map(OsStr::new);
        let output = self.output(directory, &arguments)?;
        let environment: Environment =
            serde_json::from_slice(&output).map_err(|error| GoError::Unreadable {
                command: shown(&arguments),
                reason: error.to_string(),
            })?;
        match version(&environment.goversion) {
            Some(version) if version < OLDEST => Err(GoError::TooOld(environment.goversion)),
            _ => Ok(environment),
        }
    }
}

fn not_found(error: io::Error) -> GoError {
    match error.kind() {
        io::ErrorKind::NotFound => GoError::NotFound,
        _ => GoError::Io(error),
    }
}

/// Arguments for a message: the first few.
pub(super) fn shown(arguments: &[&OsStr]) -> String {
    let first = arguments.iter().take(4);
    let mut text: Vec<String> = first
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    if arguments.len() > 4 {
        text.push("…".to_owned());
    }
    text.join(" ")
}

pub(super) fn first_lines(log: &str) -> String {
    let lines: Vec<&str> = log
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let mut text = lines[..lines.len().min(MOST_LINES)].join("\n");
    if lines.len() > MOST_LINES {
        text.push_str(&format!("\n… and {} more lines", lines.len() - MOST_LINES));
    }
    text
}

/// `go1.26.1` → (1, 26); `None` for a development version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("go")?.split(['.', '-', ' ', 'r', 'b']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("go1.9"), Some((1, 9)));
        assert_eq!(version("go1.26.1"), Some((1, 26)));
        assert_eq!(version("go1.27rc1"), Some((1, 27)));
        assert_eq!(version("go1.26-custom X:foo"), Some((1, 26)));
        assert_eq!(version("devel +abc"), None);
        assert!(version("go1.9") < Some(OLDEST));
    }
}
