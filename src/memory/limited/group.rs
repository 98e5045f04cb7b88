//! The cgroup that a command runs in.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use super::reap::{Order, Reaper};
use super::{enter, tree};
use crate::memory::reading::cgroup;

/// How the directories' names start.
pub(super) const PREFIX: &str = "allocgate-";
/// How long processes may take to die of SIGKILL.
const PATIENCE: Duration = Duration::from_secs(10);

/// A cgroup with a limit, which the reaper removes.
pub(super) struct Group {
    dir: PathBuf,
    version: u8,
}

impl Group {
    /// Makes one that processes of ours can enter, and limits it. Why not, if it cannot be.
    pub(super) fn make(program: &Path, limit: u64, reaper: &mut Reaper) -> Result<Self, String> {
        let own =
            cgroup::of_process(None, Path::new("/proc")).map_err(|error| error.to_string())?;
        let version = cgroup::version(&own)
            .ok_or_else(|| format!("{} has no files of a memory cgroup", own.display()))?;
        let name = format!("{PREFIX}{}-{:08x}", std::process::id(), random());
        let group = |parent: &Path| Group {
            dir: parent.join(&name),
            version,
        };
        // In version 2 a cgroup with processes, as ours has, cannot have limited children unless it
        // is the root: one of those above it must do.
        let depth = if version == 1 { 1 } else { usize::MAX };
        let parents = own
            .ancestors()
            .take_while(|dir| cgroup::version(dir) == Some(version));
        let mut why = None;
        for parent in parents.take(depth) {
            let made = offer_memory(parent, version, reaper)
                .and_then(|()| group(parent).create(program, reaper))
                .and_then(|group| group.limit(limit).map(|()| group));
            match made {
                Ok(group) => return Ok(group),
                // The nearest of those whom only permission is missing says what to do.
                Err(error) => {
                    let denied = is_denied(&error);
                    let (before, _) = why.get_or_insert_with(|| (denied, told(parent, &error)));
                    if denied && !*before {
                        why = Some((true, told(parent, &error)));
                    }
                }
            }
        }
        Err(why.map_or_else(String::new, |(_, why)| why))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn version(&self) -> u8 {
        self.version
    }

    fn create(self, program: &Path, reaper: &mut Reaper) -> io::Result<Self> {
        reaper.order(&Order::Remove(self.dir.clone()))?;
        fs::create_dir(&self.dir)?;
        let entered = Command::new(program)
            .arg(enter::ARGUMENT)
            .arg(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if entered.success() {
            return Ok(self);
        }
        // What was found to be of no use need not wait for the end.
        let _ = fs::remove_dir(&self.dir);
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "processes of ours may not be moved into a cgroup there",
        ))
    }

    fn limit(&self, bytes: u64) -> io::Result<()> {
        let write = |name: &str, value: &str| fs::write(self.dir.join(name), value);
        // Without swap accounting there is no such file.
        let write_if_there = |name: &str, value: &str| match write(name, value) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        let bytes = bytes.to_string();
        match self.version {
            1 => {
                // Where the parent has it off, a process at the limit would wait forever.
                write_if_there("memory.oom_control", "0")?;
                write("memory.limit_in_bytes", &bytes)?;
                write_if_there("memory.memsw.limit_in_bytes", &bytes)
            }
            _ => {
                write("memory.max", &bytes)?;
                write_if_there("memory.swap.max", "0")
            }
        }
    }
}

/// Sees to it that children of a cgroup have the memory controller.
fn offer_memory(parent: &Path, version: u8, reaper: &mut Reaper) -> io::Result<()> {
    let control = parent.join("cgroup.subtree_control");
    if version == 1 || names_memory(&control)? {
        return Ok(());
    }
    if !names_memory(&parent.join("cgroup.controllers"))? {
        return Err(io::Error::other(
            "the memory controller is not offered there",
        ));
    }
    fs::write(&control, "+memory")?;
    reaper.order(&Order::Disable(parent.to_owned()))
}

fn names_memory(file: &Path) -> io::Result<bool> {
    Ok(fs::read_to_string(file)?
        .split_whitespace()
        .any(|name| name == "memory"))
}

fn is_denied(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

fn told(parent: &Path, error: &io::Error) -> String {
    format!("no cgroup could be made in {}: {error}", parent.display())
}

fn random() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

/// The processes in a cgroup and those below it.
///
/// The files are opened anew each time: version 1 shows one that is kept open the same list again.
pub(super) fn processes(dir: &Path) -> Vec<u32> {
    let mut processes = Vec::new();
    for dir in directories(dir) {
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
        processes(dir).into_iter().for_each(tree::kill);
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
fn directories(dir: &Path) -> impl Iterator<Item = PathBuf> {
    WalkDir::new(dir)
        .contents_first(true)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_dir())
        .map(walkdir::DirEntry::into_path)
}
