//! The cgroup that a command runs in.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::enter;
use super::reap::{Order, Reaper};
use crate::memory::reading::cgroup;

/// How the directories' names start.
const PREFIX: &str = "allocgate-";
/// Where the command is, in version 2: a cgroup with processes could not have limited ones below it,
/// which a command that makes some itself (another run of ours) would put beside the limit then.
const INSIDE: &str = "command";
/// What else bounds us in version 2, and would not bound what is made beside us.
const ALSO: &[&str] = &["memory.high", "pids.max", "cpu.max"];

/// A cgroup with a limit, which the reaper removes.
pub(super) struct Group {
    dir: PathBuf,
    version: u8,
    /// What is allowed to us, where that is less than what was asked for.
    pub(super) capped: Option<u64>,
    /// Where the memory controller was switched on for it.
    pub(super) switched_on: Option<PathBuf>,
}

impl Group {
    /// Makes one that processes of ours can enter, and limits it. Why not, if it cannot be.
    pub(super) fn make(program: &Path, limit: u64, reaper: &mut Reaper) -> Result<Self, String> {
        let told = |error: cgroup::CgroupError| error.to_string();
        let own = cgroup::of_process(None, Path::new("/proc")).map_err(told)?;
        let version = cgroup::version(&own)
            .ok_or_else(|| format!("{} has no files of a memory cgroup", own.display()))?;
        // What is made beside us must not be allowed more than we are.
        let allowed = cgroup::limit(&own)
            .map_err(told)?
            .map(|figure| figure.value);
        let capped = allowed
            .filter(|allowed| *allowed < limit as f64)
            .map(|allowed| allowed as u64);
        let name = format!("{PREFIX}{}-{:08x}", std::process::id(), random());
        // In version 2 a cgroup with processes, as ours has, cannot have limited children unless it
        // is the root: one of those above it must do.
        let depth = if version == 1 { 1 } else { usize::MAX };
        let parents = own
            .ancestors()
            .take_while(|dir| cgroup::version(dir) == Some(version));
        let mut obstacles = Vec::new();
        for parent in parents.take(depth) {
            let group = Group {
                dir: parent.join(&name),
                version,
                capped,
                switched_on: None,
            };
            let made = group.offered(parent, reaper).and_then(|group| {
                group.create(program, reaper)?;
                group.limit(capped.unwrap_or(limit))?;
                group.also_bound(&own, parent);
                Ok(group)
            });
            match made {
                Ok(group) => return Ok(group),
                Err(error) => obstacles.push((parent, error)),
            }
        }
        // The nearest of those that are the easiest to overcome says what to do.
        let nearest = obstacles.iter().min_by_key(|(_, error)| rank(error));
        Err(nearest.map_or_else(String::new, |(parent, error)| {
            explain(parent, error, version)
        }))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn version(&self) -> u8 {
        self.version
    }

    /// The directory whose processes the command is one of.
    pub(super) fn entrance(&self) -> PathBuf {
        match self.version {
            1 => self.dir.clone(),
            _ => self.dir.join(INSIDE),
        }
    }

    /// Where the memory controller is still on although we had switched it on, as others use it.
    pub(super) fn left_on(switched_on: Option<PathBuf>) -> Option<PathBuf> {
        switched_on.filter(|dir| names_memory(&dir.join(CONTROL)).unwrap_or(false))
    }

    /// Sees to it that children of the parent have the memory controller.
    fn offered(mut self, parent: &Path, reaper: &mut Reaper) -> io::Result<Self> {
        let control = parent.join(CONTROL);
        if self.version == 1 || names_memory(&control)? {
            return Ok(self);
        }
        if !names_memory(&parent.join("cgroup.controllers"))? {
            return Err(io::Error::other(
                "the memory controller is not offered there",
            ));
        }
        fs::write(&control, "+memory")?;
        reaper.order(Order::Disable(parent.to_owned()));
        self.switched_on = Some(parent.to_owned());
        Ok(self)
    }

    fn create(&self, program: &Path, reaper: &mut Reaper) -> io::Result<()> {
        reaper.order(Order::Remove(self.dir.clone()));
        fs::create_dir(&self.dir)?;
        // From now on the kernel keeps the time of the last change in there: see `Kills`.
        fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o755))?;
        let entrance = self.entrance();
        if entrance != self.dir {
            fs::create_dir(&entrance)?;
        }
        let entered = Command::new(program)
            .arg(enter::ARGUMENT)
            .arg(&entrance)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if entered.success() {
            return Ok(());
        }
        // What was found to be of no use need not wait for the end.
        let _ = fs::remove_dir(entrance);
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
                write_if_there("memory.memsw.limit_in_bytes", &bytes)?;
                // With a limit on both together, swap would make room for nothing, and cost time.
                write_if_there("memory.swappiness", "0")
            }
            _ => {
                write("memory.max", &bytes)?;
                write_if_there("memory.swap.max", "0")
            }
        }
    }

    /// Copies what else bounds us up to the parent, as far as the parent offers it to its children.
    fn also_bound(&self, own: &Path, parent: &Path) {
        if self.version == 1 {
            return;
        }
        for name in ALSO {
            let mut bounds = own.ancestors().take_while(|dir| *dir != parent);
            let bound = bounds.find_map(|dir| {
                let text = fs::read_to_string(dir.join(name)).ok()?;
                (!text.starts_with("max")).then_some(text)
            });
            if let Some(bound) = bound {
                let _ = fs::write(self.dir.join(name), bound);
            }
        }
    }
}

/// Which controllers the children of a directory have.
const CONTROL: &str = "cgroup.subtree_control";

/// Takes the memory controller from the children of a directory, if it has none: the limit of
/// another one's, which may have come to rely on it, would be gone.
pub(super) fn switch_off(parent: &Path) {
    let mut entries = fs::read_dir(parent).into_iter().flatten().flatten();
    if !entries.any(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let _ = fs::write(parent.join(CONTROL), "-memory");
    }
}

fn names_memory(file: &Path) -> io::Result<bool> {
    Ok(fs::read_to_string(file)?
        .split_whitespace()
        .any(|name| name == "memory"))
}

/// How hard an obstacle is to overcome: somewhere we may write, somewhere we may not, anything else.
fn rank(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::ResourceBusy => 0,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => 1,
        _ => 2,
    }
}

/// What the obstacle is, and what helps.
fn explain(parent: &Path, error: &io::Error, version: u8) -> String {
    let parent = parent.display();
    let parent = parent.to_string().trim_end_matches('/').to_owned();
    match error.kind() {
        io::ErrorKind::ResourceBusy => format!(
            "{parent} has processes in itself, and such a cgroup cannot limit others below it; move them first: \
             `mkdir {parent}/own && for p in $(cat {parent}/cgroup.procs); do echo $p >{parent}/own/cgroup.procs; done`"
        ),
        io::ErrorKind::ReadOnlyFilesystem => format!(
            "no cgroup could be made in {parent}: {error}; a container needs a writable one, as `docker run --privileged` gives it"
        ),
        io::ErrorKind::PermissionDenied if version == 2 => format!(
            "no cgroup could be made in {parent}: {error}; run this as root, or under \
             `systemd-run --user --scope -p Delegate=yes`"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("no cgroup could be made in {parent}: {error}; run this as root")
        }
        _ => format!("no cgroup could be made in {parent}: {error}"),
    }
}

fn random() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}
