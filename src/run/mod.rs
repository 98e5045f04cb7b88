//! `allocgate run`: both sides copied, built and measured, as little as the verdict needs.
//!
//! `trees` copies the two sides, `packages` finds their benchmarks and what the change can affect,
//! `select` what has to be measured, `ruler` puts the benchmarks of one side over the code of the other,
//! `binaries` builds, `probe` finds out how to run, `measure` and `execute` run, `schedule` says how
//! often, `attribution` finds the lines that a rise is due to, and `session` is the course of it all.
//! What comes out is what `go test` would have printed on each side, and the [`Circumstances`]; the
//! judging is the caller's.

mod attribution;
mod batch;
mod binaries;
mod cache;
mod changes;
mod error;
mod execute;
mod kept;
mod measure;
mod options;
mod output;
mod packages;
mod probe;
mod ruler;
mod saved;
mod schedule;
mod select;
mod session;
mod trees;

use std::time::Duration;

pub use error::RunError;
pub use options::{Options, Shard};
pub use saved::{BASELINE_FILE, CANDIDATE_FILE, Manifest, SaveError, join, read_manifest, save};
pub use session::run;

use crate::gate::{Attributed, Circumstances, Located};

/// What is happening, for people to see.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step that takes a while begins.
    Step(&'a str),
    /// Benchmarks are to be run.
    Plan {
        /// Packages that are measured.
        packages: usize,
        /// Their benchmark functions.
        benchmarks: usize,
        /// Packages that need not be.
        identical: usize,
    },
    /// A round begins.
    Round {
        /// From 1.
        number: usize,
        /// Benchmark functions that are still undecided.
        undecided: usize,
        /// What it is likely to take.
        left: Option<Duration>,
    },
    /// Benchmarks run.
    Running {
        /// Their package.
        package: &'a str,
        /// Their functions.
        functions: &'a [String],
    },
}

/// Who is told.
pub type Notify<'a> = &'a mut dyn FnMut(Event<'_>);

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// What `go test` would have printed, the baseline first.
    pub outputs: [Vec<u8>; 2],
    /// What else is known.
    pub circumstances: Circumstances,
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was measured.
    pub measured: Measured,
    /// What was compared: `1a2b3c4d5e (merge base with main)`, `working tree`.
    pub names: [String; 2],
    /// The candidate's benchmark functions, and where they are declared.
    pub functions: Vec<Located>,
    /// The lines that the rises are due to, as far as they were found.
    pub attributed: Vec<Attributed>,
    /// The commit of the baseline.
    pub base_commit: String,
    /// A digest of the candidate's tree and of what was to be measured how.
    pub identity: String,
    /// Output of what failed: side, package, text.
    pub logs: Vec<(&'static str, String, String)>,
    /// Benchmark functions that were measured.
    pub benchmarks: usize,
    /// Processes that were run for it.
    pub processes: usize,
    /// How long all of it took.
    pub elapsed: Duration,
    /// How long measuring took.
    pub measuring: Duration,
}
