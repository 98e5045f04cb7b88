//! What is in a cgroup: processes, and cgroups below it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use super::tree;

/// How long processes may take to die of SIGKILL.
const PATIENCE: Duration = Duration::from_secs(10);

/// The processes in directories.
///
/// The files are opened anew each time: version 1 shows one that is kept open the same list again.
pub(super) fn processes(dirs: &[PathBuf]) -> Vec<u32> {
    let mut processes = Vec::new();
    for dir in dirs {
        let list = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
        let ids = list.lines().filter_map(|line| line.parse::<u32>().ok());
        // 0 is one that cannot be seen from this PID namespace.
        processes.extend(ids.filter(|id| *id != 0));
    }
    processes
}

/// Sends SIGKILL to all in a cgroup and below it.
pub(super) fn kill(dir: &Path) {
    // Since Linux 5.14, and not in version 1.
    if fs::write(dir.join("cgroup.kill"), "1").is_err() {
        processes(&directories(dir))
            .into_iter()
            .for_each(tree::kill);
    }
}

/// Kills all in a cgroup, and removes it with those below; whether it is gone.
pub(super) fn remove(dir: &Path) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while dir.is_dir() {
        kill(dir);
        for dir in directories(dir) {
            let _ = fs::remove_dir(dir);
        }
        if Instant::now() >= deadline {
            return !dir.is_dir();
        }
        if dir.is_dir() {
            thread::sleep(Duration::from_millis(5));
        }
    }
    true
}

/// A directory and those below it, the deepest first.
pub(super) fn directories(dir: &Path) -> Vec<PathBuf> {
    WalkDir::new(dir)
        .contents_first(true)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_dir())
        .map(walkdir::DirEntry::into_path)
        .collect()
}
