//! A folder of its own for each run, and what is left of runs that were killed.
//!
//! A run holds a lock on a file in its folder for as long as it lives. Whatever folder is found
//! unlocked belongs to nobody any more, and the next run removes it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// How the folders' names start.
const PREFIX: &str = "allocgate-run-";
const LOCK: &str = "lock";

/// A temporary folder, removed when dropped.
#[derive(Debug)]
pub struct Workspace {
    path: PathBuf,
    _lock: File,
}

impl Workspace {
    /// Makes one below `parent`, and removes those that killed runs have left there.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn new(parent: &Path) -> io::Result<Self> {
        remove_abandoned(parent);
        loop {
            let path = tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(parent)?
                .keep();
            // Resolved, so that nothing that runs in it sees it under two names.
            let path = path.canonicalize()?;
            let lock = File::create(path.join(LOCK)).and_then(|file| {
                file.lock()?;
                Ok(file)
            });
            match lock {
                // Another run may have taken it for abandoned before it was locked.
                Ok(_) if !path.join(LOCK).exists() => {}
                Ok(lock) => return Ok(Workspace { path, _lock: lock }),
                Err(error) => {
                    remove(&path);
                    return Err(error);
                }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !ours {
            continue;
        }
        // Without a lock file it is just being made, or is somebody else's.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            remove(&entry.path());
        }
    }
}

/// Removes a folder, even where a benchmark has made parts of it read-only.
fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_ok() {
        return;
    }
    let folders = WalkDir::new(path).into_iter().flatten();
    for folder in folders.filter(|entry| entry.file_type().is_dir()) {
        make_writable(folder.path());
    }
    let _ = fs::remove_dir_all(path);
}

fn make_writable(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_run_and_what_a_killed_run_left_goes_with_the_next() {
        let parent = tempfile::tempdir().unwrap();
        let first = Workspace::new(parent.path()).unwrap();
        let abandoned = parent.path().join(format!("{PREFIX}abandoned"));
        fs::create_dir_all(abandoned.join("deep/er")).unwrap();
        fs::write(abandoned.join(LOCK), "").unwrap();
        fs::write(parent.path().join(format!("{PREFIX}file")), "").unwrap();
        let second = Workspace::new(parent.path()).unwrap();
        assert!(first.path().exists() && second.path().exists() && !abandoned.exists());
        let paths = [first.path().to_owned(), second.path().to_owned()];
        drop((first, second));
        assert!(!paths[0].exists() && !paths[1].exists());
        assert!(parent.path().join(format!("{PREFIX}file")).exists());
    }
}
