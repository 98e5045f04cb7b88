//! Copies of a repository's files in a folder of their own: of a commit, or of the working tree as
//! it is. Nothing is written into the repository: no index, no refs, no worktree list.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;
use git2::{
    AttrCheckFlags, IndexEntryExtendedFlag, ObjectType, StatusOptions, StatusShow, TreeWalkMode,
};
use walkdir::WalkDir;

use super::{Commit, GitError, Repository};

/// The mode of an index entry that is a submodule, and of one that is a symbolic link.
const SUBMODULE: u32 = 0o160_000;
const SYMBOLIC_LINK: u32 = 0o120_000;

/// A file that stands for a large one is smaller than this, and begins like that.
const LFS_POINTER: u64 = 1024;
const LFS_VERSION: &str = "version https://git-lfs.github.com/spec/v1";

/// Something that a copy does not have, for people to know.
pub type Remark = String;

impl Repository {
    /// Writes the files of a commit, submodules included, into the empty folder `into`.
    ///
    /// # Errors
    ///
    /// If objects are missing (of a submodule, too) or a file cannot be written.
    pub fn check_out(&self, commit: &Commit, into: &Path) -> Result<Vec<Remark>, GitError> {
        check_out(&self.0, commit.id, into)?;
        let mut remarks = Vec::new();
        let tree = self.0.find_commit(commit.id)?.tree()?;
        let (mut submodules, mut attributes) = (Vec::new(), Vec::new());
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            let name = String::from_utf8_lossy(entry.name_bytes());
            if entry.kind() == Some(ObjectType::Commit) {
                submodules.push((format!("{folder}{name}"), entry.id()));
            } else if name == ".gitattributes" {
                attributes.push(entry.id());
            }
            0
        })?;
        if attributes.iter().any(|id| self.mentions_filter(*id)) {
            self.copy_filtered(&tree, into)?;
            remarks.extend(self.fetch_large_files(into)?);
        }
        for (path, id) in submodules {
            let target = into.join(&path);
            let Some(submodule) = self.submodule(&path) else {
                remarks.push(uninitialised(&path));
                continue;
            };
            let commit = Commit { id };
            if submodule.0.find_commit(id).is_err() {
                return Err(GitError::SubmoduleCommit {
                    path,
                    commit: commit.short(),
                });
            }
            create_dir(&target)?;
            remarks.extend(submodule.check_out(&commit, &target)?);
        }
        Ok(remarks)
    }

    /// Copies the files of the working tree into the empty folder `into`: what is tracked, as it is
    /// now, and what is neither tracked nor ignored.
    ///
    /// # Errors
    ///
    /// If there is no working tree, a submodule has changes of its own, or a file cannot be copied.
    pub fn copy_work_tree(&self, into: &Path) -> Result<Vec<Remark>, GitError> {
        let root = self.work_tree()?;
        let mut remarks = Vec::new();
        for entry in self.0.index()?.iter() {
            let path = path_of(&entry.path);
            let (from, to) = (root.join(&path), into.join(&path));
            if entry.mode == SUBMODULE {
                let name = path.display().to_string();
                match git2::Repository::open(&from) {
                    Ok(repository) => {
                        let submodule = Repository(repository);
                        if submodule.is_dirty()? {
                            return Err(GitError::DirtySubmodule { path: name });
                        }
                        create_dir(&to)?;
                        remarks.extend(submodule.check_out(&submodule.resolve("HEAD")?, &to)?);
                    }
                    Err(_) => remarks.push(uninitialised(&name)),
                }
                continue;
            }
            if lies_behind_link(&root, &path) {
                // A folder that has become a link: what it leads to is not in its place.
                continue;
            }
            let skipped =
                IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_skip_worktree();
            if skipped && from.symlink_metadata().is_err() && entry.mode != SYMBOLIC_LINK {
                // A sparse checkout: the file is there, only not here.
                let blob = self.0.find_blob(entry.id)?;
                write(&to, |to| fs::write(to, blob.content()))?;
                continue;
            }
            copy(&from, &to)?;
        }
        for path in self.untracked()? {
            copy(&root.join(&path), &into.join(&path))?;
        }
        Ok(remarks)
    }

    /// The folder of the working tree.
    ///
    /// # Errors
    ///
    /// If the repository is bare.
    pub fn work_tree(&self) -> Result<PathBuf, GitError> {
        let root = self.0.workdir().ok_or(GitError::Bare)?;
        Ok(root.canonicalize().unwrap_or_else(|_| root.to_owned()))
    }

    fn mentions_filter(&self, attributes: git2::Oid) -> bool {
        let blob = self.0.find_blob(attributes);
        blob.is_ok_and(|blob| String::from_utf8_lossy(blob.content()).contains("filter="))
    }

    /// Takes the files that filters make from the working tree, where they are what the commit has: git2
    /// runs no filters but its own.
    fn copy_filtered(&self, tree: &git2::Tree<'_>, into: &Path) -> Result<(), GitError> {
        let Ok(root) = self.work_tree() else {
            return Ok(());
        };
        let mut options = status_options();
        let statuses = self.0.statuses(Some(&mut options))?;
        let dirty: BTreeSet<PathBuf> = statuses
            .iter()
            .map(|entry| path_of(entry.path_bytes()))
            .collect();
        for entry in self.0.index()?.iter() {
            let path = path_of(&entry.path);
            let filter = self
                .0
                .get_attr(&path, "filter", AttrCheckFlags::FILE_THEN_INDEX);
            let filtered = filter.is_ok_and(|filter| filter.is_some());
            let same = || {
                tree.get_path(&path)
                    .is_ok_and(|there| there.id() == entry.id)
            };
            if filtered && !dirty.contains(&path) && same() {
                copy(&root.join(&path), &into.join(&path))?;
            }
        }
        Ok(())
    }

    /// Puts what git-lfs keeps here in the place of its pointers: git2 knows no filters but its own.
    fn fetch_large_files(&self, root: &Path) -> Result<Vec<Remark>, GitError> {
        let store = self.0.commondir().join("lfs").join("objects");
        let mut missing = 0;
        for entry in WalkDir::new(root).into_iter().flatten() {
            let small = entry
                .metadata()
                .is_ok_and(|file| file.is_file() && file.len() < LFS_POINTER);
            let Some(name) = small.then(|| large_file_name(entry.path())).flatten() else {
                continue;
            };
            let kept = store.join(&name[..2]).join(&name[2..4]).join(&name);
            if kept.is_file() {
                write(entry.path(), |to| fs::copy(&kept, to).map(drop))?;
            } else {
                missing += 1;
            }
        }
        let remark = format!(
            "{missing} large files of git-lfs are not here (`git lfs fetch`): benchmarks see their pointers"
        );
        Ok((missing > 0).then_some(remark).into_iter().collect())
    }

    /// Files that are neither tracked nor ignored.
    fn untracked(&self) -> Result<Vec<PathBuf>, GitError> {
        let statuses = self.0.statuses(Some(&mut status_options()))?;
        let new = statuses
            .iter()
            .filter(|entry| entry.status().is_wt_new())
            .map(|entry| path_of(entry.path_bytes()));
        Ok(new.collect())
    }

    /// Whether anything differs from HEAD, untracked files included.
    fn is_dirty(&self) -> Result<bool, GitError> {
        let mut options = status_options();
        options.show(StatusShow::IndexAndWorkdir);
        Ok(!self.0.statuses(Some(&mut options))?.is_empty())
    }

    /// The repository of a submodule: in its folder, or where git keeps those that have none now.
    fn submodule(&self, path: &str) -> Option<Repository> {
        let folder = self.0.workdir().map(|root| root.join(path));
        let name = self.0.find_submodule(path).ok();
        let name = name.as_ref().and_then(|submodule| submodule.name().ok());
        let modules = self.0.commondir().join("modules");
        let kept = [name, Some(path)].map(|name| name.map(|name| modules.join(name)));
        folder
            .into_iter()
            .chain(kept.into_iter().flatten())
            .find_map(|folder| git2::Repository::open(folder).ok())
            .map(Repository)
    }
}

/// Whether a folder on the way to a file is a symbolic link.
fn lies_behind_link(root: &Path, path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .any(|folder| !folder.as_os_str().is_empty() && root.join(folder).is_symlink())
}

/// The name that git-lfs keeps a file under, if this is a pointer to it: 64 hexadecimal digits.
fn large_file_name(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let rest = text.strip_prefix(LFS_VERSION)?;
    let name = rest
        .lines()
        .find_map(|line| line.strip_prefix("oid sha256:"))?
        .trim();
    let valid = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| name.to_owned())
}

fn check_out(repository: &git2::Repository, id: git2::Oid, into: &Path) -> Result<(), GitError> {
    let tree = repository.find_commit(id)?.into_object();
    let mut options = CheckoutBuilder::new();
    options
        .target_dir(into)
        .force()
        .recreate_missing(true)
        .update_index(false)
        .refresh(false);
    Ok(repository.checkout_tree(&tree, Some(&mut options))?)
}

fn status_options() -> StatusOptions {
    let mut options = StatusOptions::new();
    options
        .show(StatusShow::Workdir)
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .include_ignored(false)
        .exclude_submodules(true)
        .update_index(false);
    options
}

fn uninitialised(path: &str) -> Remark {
    format!(
        "the submodule {path} is not initialised (`git submodule update --init`): it is empty here, too"
    )
}

fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    PathBuf::from(String::from_utf8_lossy(bytes).as_ref())
}

fn create_dir(path: &Path) -> Result<(), GitError> {
    fs::create_dir_all(path).map_err(|error| GitError::write(path, &error))
}

fn write(to: &Path, put: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), GitError> {
    if let Some(parent) = to.parent() {
        create_dir(parent)?;
    }
    put(to).map_err(|error| GitError::write(to, &error))
}

/// Copies a file or a symbolic link. What is gone was deleted; what is neither is no source.
fn copy(from: &Path, to: &Path) -> Result<(), GitError> {
    let Ok(metadata) = from.symlink_metadata() else {
        return Ok(());
    };
    if metadata.is_symlink() {
        write(to, |to| link(&fs::read_link(from)?, to))
    } else if metadata.is_file() {
        write(to, |to| fs::copy(from, to).map(drop))
    } else {
        Ok(())
    }
}

/// Makes `to` a symbolic link to `target`.
pub(crate) fn link(target: &Path, to: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, to);
    #[cfg(windows)]
    return if target.is_dir() {
        std::os::windows::fs::symlink_dir(target, to)
    } else {
        std::os::windows::fs::symlink_file(target, to)
    };
}
