//! Why a run could not be made.

use std::io;
use std::path::{Path, PathBuf};

use crate::git::GitError;
use crate::golang::GoError;

/// A run that has no verdict.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Git could not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Go could not answer.
    #[error(transparent)]
    Go(#[from] GoError),
    /// No module where the user is.
    #[error(
        "there is no Go module at, above or below {0}: no go.mod; run this in a module, or name one with -C"
    )]
    NoModule(PathBuf),
    /// A baseline that go cannot list.
    #[error("the baseline cannot be measured: {0}")]
    Baseline(String),
    /// Patterns that match nothing.
    #[error("no package matches {0}")]
    NoPackage(String),
    /// Two modules of one name.
    #[error("the package {package} is both in {} and in {}: their figures could not be told apart; measure one of them with -C", .one.display(), .other.display())]
    SamePackage {
        /// Its import path.
        package: String,
        /// One folder.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// A regular expression that is none.
    #[error("--bench {pattern}: {reason}")]
    Bench {
        /// As given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No branch to compare with.
    #[error(
        "there is no default branch to compare with (no origin/HEAD, main or master); name the baseline with --base"
    )]
    NoBase,
    /// A pull request whose base the clone lacks.
    #[error(
        "this clone does not have the base of the pull request; set `fetch-depth: {depth}` in the actions/checkout step"
    )]
    Shallow {
        /// How much of the history suffices; 0 is all of it.
        depth: u32,
    },
    /// The command that prepares both trees failed.
    #[error("the command `{command}` failed in the {side}'s tree: {log}")]
    Prepare {
        /// As given.
        command: String,
        /// Which tree.
        side: &'static str,
        /// What it printed last.
        log: String,
    },
    /// A file could not be read or written.
    #[error("cannot write {path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The user stopped it.
    #[error("interrupted: nothing was judged")]
    Interrupted(u8),
}

impl RunError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> RunError {
        let path = path.to_owned();
        |error| RunError::Io { path, error }
    }
}
