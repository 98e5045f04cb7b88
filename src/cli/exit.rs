//! Exit codes. 0, 1 and 3 are a verdict's own; see [`crate::gate::Verdict::exit_code`].

use std::io;

/// The run produced no verdict: bad usage, unreadable input, a broken policy.
pub(super) const COULD_NOT_RUN: u8 = 2;

/// What `--help` says of them.
pub(super) const HELP: &str = "\
Exit codes:
  0  pass
  1  regression: a row allocates more than it may
  2  could not run: bad usage, unreadable input, broken policy
  3  could not judge: too few samples, a failed package, a vanished benchmark, …";

/// Whether an error is that nobody reads the output any more.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
