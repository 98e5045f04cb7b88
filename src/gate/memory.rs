//! The container memory budget as a part of the report, and of its verdict.

use serde::{Deserialize, Serialize};

use super::causes::verdict;
use super::judge::settings;
use super::report::{Counts, Report, SideInputs};
use super::verdict::{Cause, CauseKind};
use crate::memory::check::{Check, Judgement, Readings};
use crate::policy::{Doubt, Outcome, Policy};

/// What was checked of the memory budget, and what it was checked on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryReport {
    /// The checks, in their order; of several containers one after the other.
    pub checks: Vec<Check>,
    /// What was read: manifests and readings, as they were given.
    pub sources: Vec<String>,
    /// What deserves attention besides: what was not looked at, what disagrees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Readings of the candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Readings>,
    /// Readings of the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Readings>,
    /// The command that was run under a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandRun>,
}

/// A command that was run under a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandRun {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The limit that was asked for, in bytes.
    pub limit: f64,
    /// How the limit was enforced; `None` if it was not.
    pub enforced_by: Option<String>,
    /// How it ended.
    pub end: CommandEnd,
    /// How long it ran, in seconds.
    pub seconds: f64,
    /// From when on it counts as settled, in seconds.
    pub settled_after: f64,
    /// CPU time that sampling took, in seconds.
    pub sampling_seconds: f64,
    /// What was sampled, in order of time.
    pub samples: Vec<MemorySample>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how", content = "status")]
pub enum CommandEnd {
    /// By itself, with an exit status.
    Exited(i32),
    /// By a signal that was not the kernel's for the limit, and not ours.
    Signaled(i32),
    /// The kernel killed it for the limit.
    OomKilled,
    /// It was asked to stop, and did.
    Stopped,
    /// It could not be started.
    NotStarted(String),
}

impl CommandEnd {
    /// As programs know it.
    pub fn as_str(&self) -> &'static str {
        match self {
            CommandEnd::Exited(_) => "exited",
            CommandEnd::Signaled(_) => "signaled",
            CommandEnd::OomKilled => "oom-killed",
            CommandEnd::Stopped => "stopped",
            CommandEnd::NotStarted(_) => "not-started",
        }
    }
}

/// What a container, or a tree of processes, used at a moment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemorySample {
    /// Seconds since the start.
    pub at: f64,
    /// Everything charged, page cache included; `None` without a cgroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<f64>,
    /// Usage without the inactive file cache; `None` without a cgroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_set: Option<f64>,
    /// Anonymous memory; `None` without a cgroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<f64>,
    /// RSS − lazy-free over all processes; `None` where it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<f64>,
}

impl MemoryReport {
    /// Number of checks of a judgement.
    pub fn count(&self, judgement: Judgement) -> usize {
        self.of(judgement).count()
    }

    /// The checks of a judgement.
    pub fn of(&self, judgement: Judgement) -> impl Iterator<Item = &Check> {
        let own = move |check: &&Check| check.judgement == judgement;
        self.checks.iter().filter(own)
    }

    /// Whether the command failed on its own: not for the limit, and not because it was stopped.
    fn command_failed(&self) -> bool {
        let end = self.command.as_ref().map(|command| &command.end);
        match end {
            Some(CommandEnd::Signaled(_) | CommandEnd::NotStarted(_)) => true,
            Some(CommandEnd::Exited(status)) => *status != 0,
            // Told by the check, unless that was skipped.
            Some(CommandEnd::OomKilled) => self.count(Judgement::Fail) == 0,
            Some(CommandEnd::Stopped) | None => false,
        }
    }

    /// Whether a command was to run under a limit, and ran without.
    fn not_enforced(&self) -> bool {
        let command = self.command.as_ref();
        command.is_some_and(|command| command.enforced_by.is_none())
    }

    /// How often each cause occurs.
    pub(super) fn counts(&self) -> [(CauseKind, usize); 5] {
        let (failed, unknown) = (Judgement::Fail, Judgement::CouldNotJudge);
        let mut counts = [
            (CauseKind::MemoryFailed, self.count(failed)),
            (CauseKind::CommandFailed, usize::from(self.command_failed())),
            (CauseKind::NotEnforced, usize::from(self.not_enforced())),
            (CauseKind::MemoryUnknown, self.count(unknown)),
            (CauseKind::NoMemoryChecks, 0),
        ];
        // Nothing judged is no pass.
        let nothing = counts.iter().all(|(_, count)| *count == 0);
        counts[4].1 = usize::from(nothing && self.count(Judgement::Pass) == 0);
        counts
    }

    fn causes(&self, policy: &Policy) -> Vec<Cause> {
        let cause = |(kind, count)| Cause {
            kind,
            count,
            outcome: match kind {
                CauseKind::MemoryFailed => Outcome::Fail,
                CauseKind::CommandFailed => Outcome::CouldNotJudge,
                _ => policy.outcome(Doubt::MemoryUnknown),
            },
        };
        let mut causes: Vec<Cause> = self.counts().into_iter().map(cause).collect();
        causes.retain(|cause| cause.count > 0);
        causes
    }
}

impl Report {
    /// A report of the memory budget alone.
    pub fn of_memory(memory: MemoryReport, policy: &Policy) -> Report {
        let empty = Report {
            verdict: verdict(&[]),
            causes: Vec::new(),
            counts: Counts::default(),
            advisory: Vec::new(),
            rows: Vec::new(),
            findings: Vec::new(),
            geomeans: Vec::new(),
            settings: settings(policy),
            inputs: SideInputs::default(),
            directory: None,
            circumstances: None,
            memory: None,
        };
        empty.with_memory(memory, policy)
    }

    /// The report with the memory budget beside the rows, and a verdict on both.
    #[must_use]
    pub fn with_memory(mut self, memory: MemoryReport, policy: &Policy) -> Report {
        self.causes.extend(memory.causes(policy));
        self.causes
            .sort_by_key(|cause| cause.outcome != Outcome::Fail);
        self.verdict = verdict(&self.causes);
        self.memory = Some(memory);
        self
    }

    /// Whether the report is of the memory budget alone.
    pub fn is_memory_alone(&self) -> bool {
        self.memory.is_some() && self.inputs == SideInputs::default()
    }
}
