//! One child process within bounds of time and output.

use std::fs::File;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::Interrupt;

/// How often a signal is looked for.
const TICK: Duration = Duration::from_millis(50);
/// How long a process that took too long may say where it is.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// How long the output of a process that has ended is waited for: a grandchild may hold it open.
const LINGER: Duration = Duration::from_millis(500);

/// What a process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Wall time.
    pub time: Duration,
    /// Bytes of output.
    pub output: usize,
}

/// What became of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// What it printed, up to the bound.
    pub output: Vec<u8>,
    /// How it ended.
    pub end: End,
    /// How long it took.
    pub elapsed: Duration,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with an exit status.
    Exited(i32),
    /// By a signal that did not come from here.
    Signaled(i32),
    /// It was ended because it took too long.
    OutOfTime,
    /// It was ended because it printed too much.
    TooMuchOutput,
    /// It was ended because the user wants to stop.
    Interrupted,
}

impl Finished {
    /// Whether it ended with exit status 0.
    pub fn succeeded(&self) -> bool {
        self.end == End::Exited(0)
    }

    /// What it printed, as text.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.output)
    }
}

/// Where standard error goes.
#[derive(Debug)]
pub enum Errors {
    /// To the output, in the order in which it is printed, as `go test` has it.
    WithOutput,
    /// To a file.
    To(File),
}

enum Event {
    Output(Vec<u8>),
    EndOfOutput,
    Exit(io::Result<ExitStatus>),
}

/// Runs a command without standard input in a process group of its own, which goes with it.
///
/// # Errors
///
/// If it cannot be started.
pub fn run(
    mut command: Command,
    errors: Errors,
    bounds: Bounds,
    interrupt: &Interrupt,
) -> io::Result<Finished> {
    let (mut reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?);
    match errors {
        Errors::WithOutput => command.stderr(writer),
        Errors::To(file) => {
            // Ours would keep the output open.
            drop(writer);
            command.stderr(file)
        }
    };
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let start = Instant::now();
    let mut child = command.spawn()?;
    // The parent's ends of the pipe go with the command.
    drop(command);
    let group = Group::of(&child);
    let (events, inbox) = mpsc::channel();
    let output_events = events.clone();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if output_events
                .send(Event::Output(buffer[..count].to_vec()))
                .is_err()
            {
                return;
            }
        }
        let _ = output_events.send(Event::EndOfOutput);
    });
    thread::spawn(move || {
        let _ = events.send(Event::Exit(child.wait()));
    });

    let mut finished = Finished {
        output: Vec::new(),
        end: End::OutOfTime,
        elapsed: Duration::ZERO,
    };
    let (mut exit, mut end_of_output) = (None, false);
    let mut deadline = start + bounds.time;
    let mut stopped = None;
    while exit.is_none() || !end_of_output {
        let left = deadline.saturating_duration_since(Instant::now());
        let event = inbox.recv_timeout(left.min(TICK));
        let stop = match event {
            Ok(Event::Output(bytes)) => {
                let room = bounds.output.saturating_sub(finished.output.len());
                finished
                    .output
                    .extend_from_slice(&bytes[..bytes.len().min(room)]);
                (bytes.len() > room).then_some(End::TooMuchOutput)
            }
            Ok(Event::EndOfOutput) => {
                end_of_output = true;
                None
            }
            Ok(Event::Exit(status)) => {
                finished.elapsed = start.elapsed();
                exit = Some(status?);
                deadline = deadline.min(Instant::now() + LINGER);
                None
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => None,
        };
        let stop = stop
            .or_else(|| interrupt.signal().map(|_| End::Interrupted))
            .or_else(|| (Instant::now() >= deadline).then_some(End::OutOfTime));
        match stop {
            // It has ended, and somebody else keeps its output open.
            Some(End::OutOfTime) if exit.is_some() => break,
            Some(end) if stopped.is_none() => {
                stopped = Some(end);
                if end == End::OutOfTime {
                    // A Go program says where it is, and ends.
                    group.quit();
                    deadline = Instant::now() + LAST_WORDS;
                } else {
                    group.kill();
                    deadline = Instant::now() + LINGER;
                }
            }
            // Nothing more can be done about it.
            Some(End::OutOfTime) => break,
            _ => {}
        }
    }
    group.kill();
    finished.end = match (stopped, exit) {
        (Some(end), _) => end,
        (None, Some(status)) => end_of(status),
        (None, None) => End::OutOfTime,
    };
    if exit.is_none() {
        finished.elapsed = start.elapsed();
    }
    Ok(finished)
}

fn end_of(status: ExitStatus) -> End {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return End::Signaled(signal);
    }
    End::Exited(status.code().unwrap_or(-1))
}

/// A child with all that it started.
struct Group(
    #[cfg(unix)] Option<rustix::process::Pid>,
    #[cfg(not(unix))] u32,
);

impl Group {
    fn of(child: &Child) -> Self {
        #[cfg(unix)]
        return Group(rustix::process::Pid::from_raw(child.id().cast_signed()));
        #[cfg(not(unix))]
        return Group(child.id());
    }

    #[cfg(unix)]
    fn send(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }

    /// Asks it to end with a word on where it is.
    fn quit(&self) {
        #[cfg(unix)]
        self.send(rustix::process::Signal::QUIT);
        #[cfg(not(unix))]
        self.kill();
    }

    fn kill(&self) {
        #[cfg(unix)]
        self.send(rustix::process::Signal::KILL);
        #[cfg(windows)]
        let _ = Command::new("taskkill")
            .args(["/F", "/T", "/PID", &self.0.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn shell(script: &str, bounds: Bounds) -> Finished {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, Errors::WithOutput, bounds, &Interrupt::default()).unwrap()
    }

    const AMPLE: Bounds = Bounds {
        time: Duration::from_secs(20),
        output: 1 << 20,
    };

    #[test]
    fn both_streams_are_kept_in_order_and_the_status_is_told() {
        let finished = shell("echo one; echo two >&2; echo three; exit 3", AMPLE);
        assert_eq!(finished.text(), "one\ntwo\nthree\n");
        assert_eq!(finished.end, End::Exited(3));
        assert_eq!(shell("kill -9 $$", AMPLE).end, End::Signaled(9));
    }

    #[test]
    fn a_process_that_takes_too_long_goes_with_its_children() {
        let bounds = Bounds {
            time: Duration::from_millis(200),
            ..AMPLE
        };
        let finished = shell("echo $$; sleep 100 & sleep 100", bounds);
        assert_eq!(finished.end, End::OutOfTime);
        let group = finished.text().trim().to_owned();
        // Those that are dead and not yet fetched by init do not count.
        let left = Command::new("pgrep")
            .args(["-r", "R,S,D", "-g", &group])
            .output();
        if let Ok(left) = left {
            assert_eq!(String::from_utf8_lossy(&left.stdout), "");
        }
    }

    #[test]
    fn a_flood_is_cut_and_a_child_that_keeps_the_output_open_is_not_waited_for() {
        let bounds = Bounds {
            output: 1000,
            ..AMPLE
        };
        let finished = shell("while :; do echo flood; done", bounds);
        assert_eq!(
            (finished.end, finished.output.len()),
            (End::TooMuchOutput, 1000)
        );
        let start = Instant::now();
        let finished = shell("sleep 100 & echo done", AMPLE);
        assert_eq!(finished.end, End::Exited(0));
        assert!(start.elapsed() < Duration::from_secs(15));
    }
}
