//! What cleans up, whatever happens to the process that should: another one, which waits for the
//! end of a pipe that only the first holds open. The kernel closes it even after SIGKILL.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{group, members, tree};

/// The first argument.
pub(super) const ARGUMENT: &str = "__reap";

/// What is to be done in the end. As text, `NAME VALUE` and a newline, which no cgroup's name has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// A cgroup that is to be emptied and removed, if it exists.
    Remove(PathBuf),
    /// A directory whose children did not have the memory controller before.
    Disable(PathBuf),
    /// A process that is to be killed with all that it started, if it is the one of that start time.
    Kill(u32, u64),
}

impl Order {
    fn write(&self) -> Vec<u8> {
        let (name, value) = match self {
            Order::Remove(path) => ("remove", path.clone().into_os_string()),
            Order::Disable(path) => ("disable", path.clone().into_os_string()),
            Order::Kill(process, started) => ("kill", format!("{process} {started}").into()),
        };
        [name.as_bytes(), b" ", value.as_bytes(), b"\n"].concat()
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let space = line.iter().position(|byte| *byte == b' ')?;
        let (name, value) = (&line[..space], &line[space + 1..]);
        let path = || PathBuf::from(OsString::from_vec(value.to_vec()));
        match name {
            b"remove" => Some(Order::Remove(path())),
            b"disable" => Some(Order::Disable(path())),
            b"kill" => {
                let (process, started) = std::str::from_utf8(value).ok()?.split_once(' ')?;
                Some(Order::Kill(process.parse().ok()?, started.parse().ok()?))
            }
            _ => None,
        }
    }

    /// Whether it has been done.
    fn carry_out(&self) -> bool {
        match self {
            Order::Remove(dir) => members::remove(dir),
            Order::Disable(dir) => {
                group::switch_off(dir);
                true
            }
            Order::Kill(process, started) => {
                if tree::started(*process) == Some(*started) {
                    tree::kill_with_children(*process);
                }
                true
            }
        }
    }
}

/// Carries out orders, what was done last first; whether all of it is done.
fn carry_out(orders: &[Order]) -> bool {
    let failed = orders.iter().rev().filter(|order| !order.carry_out());
    failed.count() == 0
}

/// The handle of the process that cleans up. Dropped, it lets it do so and waits for it.
pub(super) struct Reaper {
    child: Child,
    orders: Option<ChildStdin>,
    /// The same, for the case that somebody kills it.
    given: Vec<Order>,
}

impl Reaper {
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg0("allocgate")
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let orders = child.stdin.take();
        let mut reaper = Reaper {
            child,
            orders,
            given: Vec::new(),
        };
        // Only from here on does Ctrl-C not reach it.
        let mut ready = [0];
        match reaper.child.stdout.take() {
            Some(mut stdout) => stdout.read_exact(&mut ready)?,
            None => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        Ok(reaper)
    }

    /// Leaves an order, which must come before what it undoes.
    pub(super) fn order(&mut self, order: Order) {
        if let Some(orders) = &mut self.orders {
            // If it is there no more, it is done from here.
            let _ = orders.write_all(&order.write());
        }
        self.given.push(order);
    }

    /// Lets it clean up; whether all of it is gone.
    pub(super) fn finish(mut self) -> bool {
        self.wait()
    }

    fn wait(&mut self) -> bool {
        self.orders = None;
        let given = std::mem::take(&mut self.given);
        self.child.wait().is_ok_and(|status| status.success()) || carry_out(&given)
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.wait();
    }
}

pub(super) fn main() -> ExitCode {
    // A session of its own: what is done to the terminal does not reach it. And who stops all
    // processes of a service stops this one last, when the pipe has ended.
    let _ = rustix::process::setsid();
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
    let mut stdout = io::stdout();
    if stdout
        .write_all(b"!")
        .and_then(|()| stdout.flush())
        .is_err()
    {
        return ExitCode::FAILURE;
    }
    let mut orders = Vec::new();
    let _ = io::stdin().read_to_end(&mut orders);
    let orders: Vec<Order> = orders
        .split(|byte| *byte == b'\n')
        .filter_map(Order::parse)
        .collect();
    ExitCode::from(u8::from(!carry_out(&orders)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_survive_the_pipe() {
        for order in [
            Order::Remove(PathBuf::from(OsString::from_vec(b"/a b/\xff".to_vec()))),
            Order::Disable(PathBuf::from("/c")),
            Order::Kill(7, 8),
        ] {
            let line = order.write();
            assert_eq!(Order::parse(&line[..line.len() - 1]), Some(order));
        }
        assert_eq!(Order::parse(b""), None);
    }
}
