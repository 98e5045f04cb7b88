//! Which commits are compared: the candidate's, and the baseline that it grew from.

use std::fmt;

use git2::{ErrorCode, Oid};

use super::{GitError, Repository};

/// A commit of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    pub(super) id: Oid,
}

impl Commit {
    /// The first ten hexadecimal digits of its name.
    pub fn short(&self) -> String {
        self.id.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// Branches that are looked for where the remote does not say which is its default.
const USUAL: [&str; 6] = [
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
    "refs/heads/trunk",
    "refs/heads/develop",
];

impl Repository {
    /// The commit that a revision names.
    ///
    /// # Errors
    ///
    /// If it names none here.
    pub fn resolve(&self, revision: &str) -> Result<Commit, GitError> {
        let id = self.commit(revision)?.id();
        Ok(Commit { id })
    }

    /// The default branch: the remote's, else one of the usual names, else the configured one.
    pub fn default_branch(&self) -> Option<String> {
        let remote = self.0.find_reference("refs/remotes/origin/HEAD").ok();
        let target = remote.and_then(|head| Some(head.symbolic_target().ok()??.to_owned()));
        let known = |name: &String| self.0.find_reference(name).is_ok();
        let configured = || {
            let config = self.0.config().ok()?;
            let name = config.get_string("init.defaultBranch").ok()?;
            Some(format!("refs/heads/{name}"))
        };
        target
            .filter(known)
            .or_else(|| USUAL.iter().map(|name| (*name).to_owned()).find(known))
            .or_else(|| configured().filter(known))
            .map(|name| {
                let short = name.strip_prefix("refs/remotes/");
                let short = short.or_else(|| name.strip_prefix("refs/heads/"));
                short.unwrap_or(&name).to_owned()
            })
    }

    /// The commit that both have grown from.
    ///
    /// # Errors
    ///
    /// If they have none in common, or a shallow clone lacks it.
    pub fn merge_base(&self, one: &Commit, other: &Commit) -> Result<Commit, GitError> {
        match self.0.merge_base(one.id, other.id) {
            Ok(id) => Ok(Commit { id }),
            Err(error) if error.code() == ErrorCode::NotFound => Err(GitError::NoMergeBase {
                one: one.short(),
                other: other.short(),
                shallow: self.0.is_shallow(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The first parent of a commit that merges two, `None` of one that merges nothing.
    pub fn first_parent_of_merge(&self, commit: &Commit) -> Option<Commit> {
        let commit = self.0.find_commit(commit.id).ok()?;
        let id = (commit.parent_count() >= 2).then(|| commit.parent_id(0))?;
        Some(Commit { id: id.ok()? })
    }

    /// Whether the clone lacks part of its history.
    pub fn is_shallow(&self) -> bool {
        self.0.is_shallow()
    }

    /// The name of a commit's tree: equal trees have equal files.
    ///
    /// # Errors
    ///
    /// If the commit cannot be read.
    pub fn tree_id(&self, commit: &Commit) -> Result<String, GitError> {
        Ok(self.0.find_commit(commit.id)?.tree_id().to_string())
    }
}
