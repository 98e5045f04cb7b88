//! Processes: which there are, what each weighs.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions};

use crate::memory::reading::process::fields_after_name;
use crate::memory::reading::{Word, process};

/// How long processes may take to die of SIGKILL.
const PATIENCE: Duration = Duration::from_secs(5);

/// The descendants of this process that were not there before. Those whose parents end become
/// children of this one.
pub(super) struct Tree {
    before: HashSet<u32>,
    command: Option<u32>,
}

impl Tree {
    pub(super) fn new() -> Self {
        // Where it is not allowed, those whose parents end are lost from sight.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        Tree {
            before: children(std::process::id()).into_iter().collect(),
            command: None,
        }
    }

    /// The one among them whose end somebody else waits for.
    pub(super) fn set_command(&mut self, process: u32) {
        self.command = Some(process);
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        let mut found = children(std::process::id());
        found.retain(|process| !self.before.contains(process));
        for adopted in found
            .iter()
            .filter(|process| Some(**process) != self.command)
        {
            // One that has ended is kept by the kernel until it is asked how.
            let _ = rustix::process::waitpid(pid(*adopted), WaitOptions::NOHANG);
        }
        let mut found = with_descendants(found);
        found.retain(|process| started(*process).is_some());
        found
    }

    pub(super) fn kill(&self) {
        kill_all(|| self.processes());
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = rustix::process::set_child_subreaper(None);
    }
}

/// Kills a process and all that it started.
pub(super) fn kill_with_children(process: u32) {
    let mut known = vec![process];
    kill_all(|| {
        known = with_descendants(std::mem::take(&mut known));
        known.retain(|process| started(*process).is_some());
        known.clone()
    });
}

/// Kills until there is nobody left, or nobody more who dies.
fn kill_all(mut processes: impl FnMut() -> Vec<u32>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = processes();
        if left.iter().all(|process| started(*process).is_none()) || Instant::now() >= deadline {
            return;
        }
        left.into_iter().for_each(kill);
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends SIGKILL.
pub(super) fn kill(process: u32) {
    send(process, Signal::KILL);
}

pub(super) fn send(process: u32, signal: Signal) {
    if let Some(process) = pid(process) {
        let _ = rustix::process::kill_process(process, signal);
    }
}

fn pid(process: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process).ok()?)
}

fn directory(process: u32) -> PathBuf {
    Path::new("/proc").join(process.to_string())
}

/// When a process started, in the kernel's own ticks; `None` if it has ended.
pub(super) fn started(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(directory(process).join("stat")).ok()?;
    let fields = fields_after_name(&stat);
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Whether a process is on its way out, or gone.
pub(super) fn is_ending(process: u32) -> bool {
    /// `PF_EXITING` of the kernel.
    const EXITING: u32 = 4;
    let stat = fs::read_to_string(directory(process).join("stat")).unwrap_or_default();
    let fields = fields_after_name(&stat);
    let flags = fields.get(6).and_then(|flags| flags.parse::<u32>().ok());
    flags.is_none_or(|flags| flags & EXITING != 0)
}

fn with_descendants(mut found: Vec<u32>) -> Vec<u32> {
    let mut seen: HashSet<u32> = found.iter().copied().collect();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(
            children(*process)
                .into_iter()
                .filter(|child| seen.insert(*child)),
        );
        next += 1;
    }
    found
}

/// The children of a process. The kernel says so itself, if it was built to.
fn children(process: u32) -> Vec<u32> {
    let numbers = |text: String| -> Vec<u32> {
        text.split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect()
    };
    let mut found = Vec::new();
    let Ok(threads) = fs::read_dir(directory(process).join("task")) else {
        return found;
    };
    for thread in threads.flatten() {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(text) => found.extend(numbers(text)),
            // The thread has ended.
            Err(_) if !thread.path().exists() => {}
            Err(_) => return of_all(process),
        }
    }
    found
}

/// The children of a process among all of the machine.
fn of_all(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let its_parent: u32 = fields_after_name(&stat).get(1)?.parse().ok()?;
        (its_parent == parent).then_some(process)
    })
    .collect()
}

/// Whether what is typed at a terminal reaches this process, Ctrl-C above all.
pub(super) fn is_in_foreground() -> bool {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = fields_after_name(&stat);
    fields
        .get(2)
        .is_some_and(|group| fields.get(5) == Some(group))
}

/// Resident bytes of a process, at little cost. Nothing if it has ended.
pub(super) fn rss(process: u32) -> u64 {
    let pages = || -> Option<u64> {
        let text = fs::read_to_string(directory(process).join("statm")).ok()?;
        text.split(' ').nth(1)?.parse().ok()
    };
    pages().unwrap_or(0) * rustix::param::page_size() as u64
}

/// What processes weigh together, looked at page by page.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Weight {
    pub(super) rss: u64,
    pub(super) resident: u64,
    pub(super) pss: u64,
    /// PSS without what was given back.
    pub(super) kept: u64,
    /// Of some process it could not be told what it has given back.
    pub(super) incomplete: bool,
}

pub(super) fn weigh(processes: &[u32]) -> Weight {
    let mut sum = Weight::default();
    for process in processes {
        // One that has ended weighs nothing.
        let Ok(reading) = process::read(&directory(*process)) else {
            continue;
        };
        let bytes = |word| reading.get(word).map(|figure| figure.value as u64);
        sum.rss += bytes(Word::Rss).unwrap_or(0);
        sum.resident += bytes(Word::Resident).unwrap_or(0);
        match bytes(Word::Pss) {
            Some(pss) => {
                sum.pss += pss;
                sum.kept += pss.saturating_sub(bytes(Word::LazyFree).unwrap_or(0));
            }
            None => sum.incomplete = true,
        }
    }
    sum
}
