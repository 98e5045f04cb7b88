//! Stepping into a cgroup and becoming the command there. A process that moves itself is inside
//! before it executes anything, which one that is moved after its start is not.
//!
//! What the two processes have to say goes through pipes of the first, which the second opens by
//! their place in `/proc`: so they are not inherited, and the command has nothing of ours open.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// The first argument: `ARGUMENT GROUP GO STATUS COMMAND…`, or `ARGUMENT GROUP` to see whether it
/// works. Without a cgroup to enter, `GROUP` is empty.
pub(super) const ARGUMENT: &str = "__enter";

/// What a command that is not found, and one that cannot be executed, make of a shell's exit status.
pub(super) const NOT_FOUND: u8 = 127;
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// The cgroup could not be entered.
pub(super) const NOT_ENTERED: u8 = 125;

pub(super) fn main(arguments: &[OsString]) -> ExitCode {
    let Some((group, arguments)) = arguments.split_first() else {
        return ExitCode::from(NOT_ENTERED);
    };
    let entered = enter(Path::new(group));
    let [go, status, command @ ..] = arguments else {
        return ExitCode::from(if entered.is_ok() { 0 } else { NOT_ENTERED });
    };
    // Not before whoever is to kill the command knows of it, and not if nobody waits any more.
    let ready = || {
        // Closed by the kernel when the command takes over.
        let mut status = OpenOptions::new().write(true).open(status)?;
        status.write_all(b"!")?;
        File::open(go)?.read_exact(&mut [0])?;
        Ok(status)
    };
    let mut status = match ready() {
        Ok(status) => status,
        Err::<_, io::Error>(error) => {
            let _ = writeln!(io::stderr(), "error: the command is not run: {error}");
            return ExitCode::from(NOT_ENTERED);
        }
    };
    let (code, error) = match entered {
        Ok(()) => {
            let Err(error) = become_command(command);
            (code_of(&error), error)
        }
        Err(error) => (NOT_ENTERED, error),
    };
    let _ = write!(status, "{code} {error}");
    ExitCode::from(code)
}

/// Moves this process into a cgroup.
fn enter(group: &Path) -> io::Result<()> {
    if group.as_os_str().is_empty() {
        return Ok(());
    }
    // "0" is whoever writes it.
    fs::write(group.join("cgroup.procs"), "0")
}

fn become_command(command: &[OsString]) -> io::Result<Infallible> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    Err(Command::new(program).args(arguments).exec())
}

/// The exit status that shells have for it.
fn code_of(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    }
}
