//! Starting the command, by way of `enter`.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::group::Group;
use super::reap::{Order, Reaper};
use super::scope::Scope;
use super::{Options, enter, tree};

/// A command that runs.
pub(super) struct Started {
    pub(super) process: u32,
    pub(super) ended: Receiver<io::Result<ExitStatus>>,
    /// Where `enter` waits for its go; not to be closed before it is opened there.
    _go: (PipeReader, PipeWriter),
    /// What it says, until the command has taken its place or cannot: there, its end is closed.
    said: JoinHandle<String>,
}

impl Started {
    pub(super) fn start(
        options: &Options,
        scope: &mut Scope,
        reaper: &mut Reaper,
    ) -> io::Result<Self> {
        let mut go = io::pipe()?;
        let (mut said, writer) = io::pipe()?;
        let group = scope.group().map(Group::entrance).unwrap_or_default();
        let open = |file: RawFd| format!("/proc/{}/fd/{file}", std::process::id());
        let mut child = Command::new(&options.program)
            .arg(enter::ARGUMENT)
            .arg(group)
            .args([open(go.0.as_raw_fd()), open(writer.as_raw_fd())])
            .args(&options.command)
            .spawn()?;
        let process = child.id();
        scope.set_command(process);
        if let Some(started) = tree::started(process) {
            reaper.order(Order::Kill(process, started));
        }
        // Ours is closed when `enter` has opened its own, or never will.
        let writer = Arc::new(Mutex::new(Some(writer)));
        let close = |writer: &Mutex<Option<PipeWriter>>| {
            writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        };
        let (sender, ended) = mpsc::channel();
        let same = Arc::clone(&writer);
        thread::Builder::new().spawn(move || {
            let status = child.wait();
            close(&same);
            let _ = sender.send(status);
        })?;
        let _ = said.read_exact(&mut [0]);
        close(&writer);
        let said = thread::Builder::new().spawn(move || {
            let mut text = String::new();
            let _ = said.read_to_string(&mut text);
            text
        })?;
        // If it has ended already, that is told by its status.
        let _ = go.1.write_all(b"!");
        Ok(Started {
            process,
            ended,
            _go: go,
            said,
        })
    }

    /// Whether it is not the command yet.
    pub(super) fn is_entering(&self) -> bool {
        !self.said.is_finished()
    }

    /// Why the command did not run although its process did, with an exit status.
    pub(super) fn failure(self) -> Option<(u8, String)> {
        let text = self.said.join().ok()?;
        let (code, why) = text.split_once(' ')?;
        Some((code.parse().ok()?, why.to_owned()))
    }
}
