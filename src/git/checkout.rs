//! Copies of a repository's files in a folder of their own: of a commit, or of the working tree as
//! it is. Nothing is written into the repository: no index, no refs, no worktree list.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::{IndexEntryExtendedFlag, ObjectType, StatusOptions, StatusShow, TreeWalkMode};
use walkdir::WalkDir;

use super::{Commit, GitError, Repository};

/// The mode of an index entry that is a submodule, and of one that is a symbolic link.
const SUBMODULE: u32 = 0o160_000;
const SYMBOLIC_LINK: u32 = 0o120_000;
/// The mode of a file that can be run.
const EXECUTABLE: u32 = 0o100_755;

/// A file that stands for a large one is smaller than this, and begins like that.
const LFS_POINTER: u64 = 1024;
const LFS_VERSION: &str = "version https://git-lfs.github.com/spec/v1";

/// Something that a copy does not have, for people to know.
pub type Remark = String;

impl Repository {
    /// Writes the files of a commit, submodules included, into the empty folder `into`. What the working
    /// tree has unchanged is taken from there, as its filters have made it; the rest is written as git
    /// keeps it.
    ///
    /// # Errors
    ///
    /// If objects are missing (of a submodule, too) or a file cannot be written.
    pub fn check_out(&self, commit: &Commit, into: &Path) -> Result<Vec<Remark>, GitError> {
        let mut remarks = Vec::new();
        let tree = self.0.find_commit(commit.id)?.tree()?;
        let mut entries = Vec::new();
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            let mut path = folder.as_bytes().to_vec();
            path.extend(entry.name_bytes());
            if entry.kind() != Some(ObjectType::Tree) {
                entries.push((path_of(&path), entry.id(), entry.filemode()));
            }
            0
        })?;
        // A bare repository has none, and nothing is taken from it.
        let work_tree = self.work_tree().unwrap_or_default();
        let unchanged = self.unchanged()?;
        let mut large = false;
        for (path, id, mode) in entries {
            let target = into.join(&path);
            match mode.cast_unsigned() {
                SUBMODULE => remarks.extend(self.check_out_submodule(&path, id, &target)?),
                SYMBOLIC_LINK => {
                    let blob = self.0.find_blob(id)?;
                    write(&target, |to| link(&path_of(blob.content()), to))?;
                }
                mode => match unchanged.get(&path).filter(|own| **own == id) {
                    Some(_) => copy(&work_tree.join(&path), &target)?,
                    None => {
                        let blob = self.0.find_blob(id)?;
                        write(&target, |to| fs::write(to, blob.content()))?;
                        if mode == EXECUTABLE {
                            make_executable(&target)?;
                        }
                    }
                },
            }
            large |= is_pointer(&target);
        }
        if large {
            remarks.extend(self.fetch_large_files(into)?);
        }
        Ok(remarks)
    }

    fn check_out_submodule(
        &self,
        path: &Path,
        id: git2::Oid,
        target: &Path,
    ) -> Result<Vec<Remark>, GitError> {
        let path = path.display().to_string();
        create_dir(target)?;
        let Some(submodule) = self.submodule(&path) else {
            return Ok(vec![uninitialised(&path)]);
        };
        let commit = Commit { id };
        if submodule.0.find_commit(id).is_err() {
            return Err(GitError::SubmoduleCommit {
                path,
                commit: commit.short(),
            });
        }
        submodule.check_out(&commit, target)
    }

    /// The files of the working tree that are as the index has them, and what it has; none of a bare
    /// repository.
    fn unchanged(&self) -> Result<BTreeMap<PathBuf, git2::Oid>, GitError> {
        let Ok(root) = self.work_tree() else {
            return Ok(BTreeMap::new());
        };
        let statuses = self.0.statuses(Some(&mut status_options()))?;
        let dirty: BTreeSet<PathBuf> = statuses
            .iter()
            .map(|entry| path_of(entry.path_bytes()))
            .collect();
        let index = self.0.index()?;
        let entries = index.iter().map(|entry| (path_of(&entry.path), entry.id));
        Ok(entries
            .filter(|(path, _)| {
                let there = root.join(path).symlink_metadata();
                there.is_ok_and(|there| there.is_file())
                    && !dirty.contains(path)
                    && !lies_behind_link(&root, path)
            })
            .collect())
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

    /// Puts what git-lfs keeps here in the place of its pointers: git2 knows no filters but its own.
    fn fetch_large_files(&self, root: &Path) -> Result<Vec<Remark>, GitError> {
        let store = self.0.commondir().join("lfs").join("objects");
        let mut missing = 0;
        for entry in WalkDir::new(root).into_iter().flatten() {
            let Some(name) = large_file_name(entry.path()) else {
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
pub(crate) fn lies_behind_link(root: &Path, path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .any(|folder| !folder.as_os_str().is_empty() && root.join(folder).is_symlink())
}

fn is_pointer(path: &Path) -> bool {
    large_file_name(path).is_some()
}

/// The name that git-lfs keeps a file under, if this is a pointer to it: 64 hexadecimal digits.
fn large_file_name(path: &Path) -> Option<String> {
    let small = path
        .symlink_metadata()
        .is_ok_and(|file| file.is_file() && file.len() < LFS_POINTER);
    let text = small.then(|| fs::read_to_string(path).ok()).flatten()?;
    let rest = text.strip_prefix(LFS_VERSION)?;
    let name = rest
        .lines()
        .find_map(|line| line.strip_prefix("oid sha256:"))?
        .trim();
    let valid = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| name.to_owned())
}

fn make_executable(path: &Path) -> Result<(), GitError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .map_err(|error| GitError::write(path, &error))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
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
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), GitError> {
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
