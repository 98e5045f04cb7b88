//! Exit codes. 0, 1, 3 and 4 are a verdict's own; see [`crate::gate::Verdict::exit_code`].

use std::io;

use crate::run::RunError;

/// The run produced no verdict: bad usage, unreadable input, a broken policy.
pub(super) const COULD_NOT_RUN: u8 = 2;

/// What `--help` says of them.
pub(super) const HELP: &str = "\
Exit codes:
  0  pass
  1  regression: a row allocates more than it may, or a memory check failed
  2  could not run: bad usage, unreadable input, broken policy
  3  could not judge: too few samples, a failed package, a vanished row, …
  4  `memory run`: the command failed on its own
  129, 130, 143  stopped: the terminal was closed, Ctrl-C, SIGTERM";

/// The exit code of an error: that of a shell for a signal, else that nothing could be run.
pub(super) fn of_error(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<RunError>() {
        Some(RunError::Interrupted(signal)) => 128 + signal,
        _ => COULD_NOT_RUN,
    }
}

/// Whether an error is that nobody reads the output any more.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
