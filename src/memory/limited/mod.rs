//! Running a command under a real memory limit, and measuring it meanwhile.
//!
//! The command runs in a cgroup of its own that is made below ours (version 1) or beside it
//! (version 2, with no more than is allowed to us), and is inside before it executes anything.
//! Where no cgroup can be made it runs without a limit, and the outcome says so.
//!
//! Three processes of this program are at work:
//!
//! | process | does |
//! |---|---|
//! | the one that was started | makes the cgroup, samples, passes signals on, reports |
//! | `enter` | steps into the cgroup and becomes the command |
//! | `reap` | outlives the first, however that ends, kills what is left and removes the cgroup |
//!
//! If the first is killed, what is not in the cgroup (all, where none could be made) and is no
//! descendant of the command any more goes with it only as far as a sample had seen it.

#[cfg(target_os = "linux")]
mod enter;
#[cfg(target_os = "linux")]
mod gauge;
#[cfg(target_os = "linux")]
mod group;
#[cfg(target_os = "linux")]
mod kills;
#[cfg(target_os = "linux")]
mod members;
#[cfg(target_os = "linux")]
mod reap;
#[cfg(target_os = "linux")]
mod report;
mod sample;
#[cfg(target_os = "linux")]
mod scope;
#[cfg(target_os = "linux")]
mod start;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(target_os = "linux")]
mod watch;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::reading::cgroup::CgroupError;
use crate::process::Interrupt;

pub use sample::Sample;

/// No program starts in less: a limit below it was meant in another unit.
pub const LEAST_LIMIT: u64 = 1 << 20;
/// From here on the kernel takes a limit for none: as many of its largest pages as fit into 63 bits.
pub const NO_LIMIT: u64 = (1 << 63) - (1 << 16);

/// How a command is to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The executable of this program, which serves as `enter` and `reap`.
    pub program: PathBuf,
    /// The command with its arguments.
    pub command: Vec<OsString>,
    /// The limit in bytes.
    pub limit: u64,
    /// The time from one sample to the next.
    pub interval: Duration,
    /// When the command is asked to stop (SIGTERM), if it has not ended.
    pub run_for: Option<Duration>,
    /// How long it may take to stop before it is killed.
    pub grace: Duration,
    /// How long processes that outlive the command may take to end by themselves.
    pub linger: Duration,
}

impl Options {
    /// A command under a limit, until it ends, sampled ten times a second.
    pub fn new(command: Vec<OsString>, limit: u64) -> Self {
        Options {
            // What this very process runs, even if the file has been replaced since.
            program: PathBuf::from("/proc/self/exe"),
            command,
            limit,
            interval: Duration::from_millis(100),
            run_for: None,
            grace: Duration::from_secs(10),
            linger: Duration::from_secs(1),
        }
    }
}

/// Whether the kernel held the command to the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// It did.
    By {
        /// The cgroup that the command was in, removed since.
        group: PathBuf,
        /// Its version: 1 or 2.
        version: u8,
    },
    /// It did not: the command ran without a limit of its own.
    Not {
        /// Why, and what would help.
        why: String,
    },
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandEnd {
    /// By itself, with an exit status.
    Exited(i32),
    /// By a signal.
    Signaled(i32),
    /// The kernel killed it for the limit.
    OomKilled,
    /// It was asked to stop because its time was over.
    Stopped {
        /// How it did.
        by: StoppedBy,
    },
    /// It never ran.
    NotStarted {
        /// Why.
        why: String,
        /// What a shell's exit status would be: 127 if it was not found, 126 if it cannot be executed.
        code: u8,
    },
}

/// How a command that was asked to stop ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoppedBy {
    /// By itself, with an exit status.
    Exited(i32),
    /// By a signal, which is SIGTERM where it does not catch it.
    Signaled(i32),
    /// It, or what it had started, did not end in time and was killed.
    Killed,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether the limit was real.
    pub enforced: Enforcement,
    /// The limit that was set, where what is allowed to this program is less than what was asked for.
    pub capped: Option<u64>,
    /// Whether a process that the command started was seen outside of its cgroup: then its memory
    /// is not among the figures of the cgroup, and was not limited. One that a service of the
    /// machine starts on behalf of the command (`docker run`, `systemd-run`) is not seen.
    pub escaped: bool,
    /// Where the memory controller was switched on for the cgroup and is still on, as others are
    /// there who may rely on it (version 2).
    pub left_on: Option<PathBuf>,
    /// How the command ended.
    pub end: CommandEnd,
    /// What it used over time. Where there were too many samples, some are the greatest of several.
    pub samples: Vec<Sample>,
    /// The greatest of everything, the kernel's own counts, and the limit that was effective.
    pub peaks: Reading,
    /// The last sample before the command ended, or was asked to.
    pub last: Reading,
    /// How long the command ran.
    pub elapsed: Duration,
    /// CPU time that measuring it took.
    pub sampling_cpu: Duration,
    /// How many processes outlived the command and were killed.
    pub left: u32,
    /// Whether all of it is gone. If not, a process could not be killed, and its cgroup remains.
    pub cleaned: bool,
    /// The signal that this program got meanwhile and passed on.
    pub interrupted: Option<u8>,
}

/// Why a command could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum LimitedError {
    /// There is none.
    #[error("there is no command to run: write it after `--`")]
    NoCommand,
    /// A limit that nothing fits.
    #[error(
        "a limit of {0} bytes is less than any program needs to start: write it with its unit, as in `512MiB`"
    )]
    TooSmall(u64),
    /// A limit that is none.
    #[error(
        "a limit of {0} bytes is more than the kernel can count, and would be none: write it with its unit, as in `512MiB`"
    )]
    TooLarge(u64),
    /// Samples without a distance.
    #[error("the interval between samples must be at least a millisecond")]
    NoInterval,
    /// Another system than Linux.
    #[error(
        "only Linux can hold a command to a memory limit and tell what it uses: run this on Linux, or in a container"
    )]
    Unsupported,
    /// The process that cleans up, or the command's own, could not be made.
    #[error("cannot start {what}")]
    Start {
        /// What.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// What the kernel has counted cannot be read.
    #[error(transparent)]
    Counts(#[from] CgroupError),
    /// The cgroup let a first process in, and then not the command.
    #[error("the command could not be moved into its cgroup: {0}")]
    NotEntered(String),
}

/// Runs a command under a limit until it ends, or is asked to.
///
/// # Errors
///
/// If it cannot be run. That it ended badly, or was not found, is an outcome.
pub fn run(options: &Options, interrupt: &Interrupt) -> Result<Outcome, LimitedError> {
    if options.command.is_empty() {
        return Err(LimitedError::NoCommand);
    }
    if options.limit < LEAST_LIMIT {
        return Err(LimitedError::TooSmall(options.limit));
    }
    if options.limit >= NO_LIMIT {
        return Err(LimitedError::TooLarge(options.limit));
    }
    if options.interval < Duration::from_millis(1) {
        return Err(LimitedError::NoInterval);
    }
    #[cfg(target_os = "linux")]
    return watch::run(options, interrupt);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = interrupt;
        Err(LimitedError::Unsupported)
    }
}

/// If this process was started to be one of the other two (see above), is it; `None` otherwise.
/// To be asked before anything else looks at the arguments, the first of which is the program.
pub fn serve(arguments: &[OsString]) -> Option<ExitCode> {
    #[cfg(target_os = "linux")]
    match arguments.get(1)?.to_str()? {
        enter::ARGUMENT => return Some(enter::main(&arguments[2..])),
        reap::ARGUMENT => return Some(reap::main()),
        _ => {}
    }
    let _ = arguments;
    None
}
