//! What a run is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::policy::Scope;

/// What is compared, what is measured, and for how long.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the user is.
    pub here: PathBuf,
    /// The revision that the baseline is found by; `None` for the default branch, or what a CI says.
    pub base: Option<String>,
    /// Whether the baseline is that revision itself, and not where the candidate has left it.
    pub exact_base: bool,
    /// The candidate's revision; `None` for the working tree.
    pub head: Option<String>,
    /// A command that makes both trees ready, run by the shell in each.
    pub prepare: Option<String>,
    /// Patterns of packages; none for all at and below `here`.
    pub packages: Vec<String>,
    /// A regular expression of benchmarks, as `go test -bench` takes it.
    pub bench: Option<String>,
    /// Flags for building: `-tags=…`, `-race`, and whatever else go takes.
    pub build_flags: Vec<String>,
    /// Flags for the test binaries: `-test.cpu=…`.
    pub test_flags: Vec<String>,
    /// How long each benchmark runs: `1000x`, `1s`; `None` for an iteration count found by a probe.
    pub benchtime: Option<String>,
    /// Samples a side of everything; `None` for as few as the verdict needs.
    pub count: Option<usize>,
    /// Whether time is measured to be judged.
    pub time: bool,
    /// Whether what regressed is profiled for the lines that allocate more.
    pub profile: bool,
    /// After this long nothing more is started.
    pub max_time: Duration,
    /// How long one process of benchmarks may take.
    pub timeout: Duration,
    /// What the policy has ceilings for: judged even where nothing changed but the policy.
    pub budgeted: Vec<Scope>,
    /// Files that this run writes, by their real paths: no part of the candidate.
    pub results: Vec<PathBuf>,
    /// Which part of the packages, of how many, both from 1.
    pub shard: Option<Shard>,
    /// Where results of base commits are kept; `None` to keep none.
    pub cache: Option<PathBuf>,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// Whether the package at a place of the sorted list is in this part.
    pub(super) fn takes(self, place: usize) -> bool {
        place % self.count == self.index - 1
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Shard { index, count }),
            _ => Err(format!("expected INDEX/COUNT, such as 2/4, found `{text}`")),
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}
