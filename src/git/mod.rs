//! The only folder that names git2: policies of other revisions, messages of commits, and the files
//! of both sides of a run. The repository is only ever read.

mod checkout;
mod sides;

use std::io;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid};

pub use checkout::Remark;
pub(crate) use checkout::{copy, lies_behind_link, link};
pub use sides::Commit;

/// A repository that could not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is none.
    #[error("{0} is not inside a git repository")]
    NoRepository(String),
    /// A revision that names no commit.
    #[error(
        "`{revision}` names no commit here{}",
        if *.shallow { "; the clone is shallow, fetch more of its history (`fetch-depth: 0`)" } else { "" }
    )]
    UnknownRevision {
        /// As it was given.
        revision: String,
        /// Whether history is missing.
        shallow: bool,
    },
    /// Two commits without a common ancestor.
    #[error(
        "{one} and {other} have no common ancestor here{}",
        if *.shallow { "; the clone is shallow, fetch its history (`fetch-depth: 0` of actions/checkout, or `git fetch --unshallow`)" } else { "" }
    )]
    NoMergeBase {
        /// The one, abbreviated.
        one: String,
        /// The other, abbreviated.
        other: String,
        /// Whether history is missing.
        shallow: bool,
    },
    /// A repository without a working tree.
    #[error("the repository is bare: it has no working tree to measure; name a commit with --head")]
    Bare,
    /// A submodule whose commit is not in its repository.
    #[error(
        "the submodule {path} has no commit {commit} here; fetch it with `git submodule update --init {path}`"
    )]
    SubmoduleCommit {
        /// Its folder.
        path: String,
        /// The commit, abbreviated.
        commit: String,
    },
    /// A submodule with changes that no commit holds.
    #[error(
        "the submodule {path} has changes of its own, which no commit of this repository holds; commit or stash them there, or name a commit with --head"
    )]
    DirtySubmodule {
        /// Its folder.
        path: String,
    },
    /// A file of a copy that could not be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        error: String,
    },
    /// A repository of somebody else.
    #[error(
        "the repository belongs to another user, and git does not trust it; if you do: `git config --global --add safe.directory \"$PWD\"`"
    )]
    Owner,
    /// Something else that git says.
    #[error("git: {0}")]
    Git(String),
}

impl From<git2::Error> for GitError {
    fn from(error: git2::Error) -> Self {
        if error.code() == ErrorCode::Owner {
            return GitError::Owner;
        }
        GitError::Git(error.message().to_owned())
    }
}

impl GitError {
    fn write(path: &Path, error: &io::Error) -> Self {
        GitError::Write {
            path: path.display().to_string(),
            error: error.to_string(),
        }
    }
}

/// The repository around a directory.
pub struct Repository(git2::Repository);

/// A commit's abbreviated name and its message.
pub struct Message {
    /// Seven or more hexadecimal digits.
    pub commit: String,
    /// Its trailers, keys and values.
    pub trailers: Vec<(String, String)>,
}

impl Repository {
    /// Finds the repository that `directory` is in.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be opened.
    pub fn discover(directory: &Path) -> Result<Self, GitError> {
        match git2::Repository::discover(directory) {
            Ok(repository) => Ok(Repository(repository)),
            Err(error) if error.code() == ErrorCode::NotFound => {
                Err(GitError::NoRepository(directory.display().to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn commit(&self, revision: &str) -> Result<git2::Commit<'_>, GitError> {
        let object = self.0.revparse_single(revision);
        object
            .and_then(|object| object.peel_to_commit())
            .map_err(|_| GitError::UnknownRevision {
                revision: revision.to_owned(),
                shallow: self.0.is_shallow(),
            })
    }

    /// The root of the work tree; empty without one.
    pub fn root(&self) -> PathBuf {
        self.0.workdir().map(Path::to_owned).unwrap_or_default()
    }

    /// The nearest file called `name` in `revision`, looked for from `directory` up to the root of
    /// the work tree: its path in the repository and its content.
    ///
    /// # Errors
    ///
    /// If the revision is unknown or cannot be read.
    pub fn find_file(
        &self,
        revision: &str,
        directory: &Path,
        name: &str,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, GitError> {
        let tree = self.commit(revision)?.tree()?;
        let root = self.root();
        // Both are resolved, so that a symbolic link on the way does not part them.
        let resolve = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (root, directory) = (resolve(&root), resolve(directory));
        let below = directory.strip_prefix(&root).unwrap_or(Path::new(""));
        for parent in below.ancestors() {
            let path = parent.join(name);
            match tree.get_path(&path) {
                Ok(entry) => {
                    let blob = self.0.find_blob(entry.id())?;
                    return Ok(Some((path, blob.content().to_vec())));
                }
                Err(error) if error.code() == ErrorCode::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// The paths of all files in `revision` that `wanted` takes, in order.
    ///
    /// # Errors
    ///
    /// If the revision is unknown or cannot be read.
    pub fn files(
        &self,
        revision: &str,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<Vec<PathBuf>, GitError> {
        let tree = self.commit(revision)?.tree()?;
        let mut found = Vec::new();
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            let path = Path::new(folder).join(entry.name().unwrap_or_default());
            if entry.kind() != Some(git2::ObjectType::Tree) && wanted(&path) {
                found.push(path);
            }
            git2::TreeWalkResult::Ok
        })?;
        Ok(found)
    }

    /// The trailers of the commits that HEAD has and `base` has not, newest first.
    ///
    /// # Errors
    ///
    /// If the revision is unknown or history cannot be read.
    pub fn messages_since(&self, base: &str) -> Result<Vec<Message>, GitError> {
        let base = self.commit(base)?.id();
        let mut walk = self.0.revwalk()?;
        walk.push(self.commit("HEAD")?.id())?;
        walk.hide(base)?;
        walk.map(|id| self.message(id?)).collect()
    }

    fn message(&self, id: Oid) -> Result<Message, GitError> {
        let commit = self.0.find_commit(id)?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let trailers = git2::message_trailers_strs(&message)?;
        let trailers = trailers
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let commit = id.to_string().chars().take(10).collect();
        Ok(Message {
            commit,
            trailers: trailers.collect(),
        })
    }
}
