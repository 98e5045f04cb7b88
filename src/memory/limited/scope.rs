//! Who is measured, and killed in the end: all in the cgroup, and all that the command started.

use std::collections::HashSet;
use std::path::Path;

use rustix::process::Signal;

use super::group::Group;
use super::kills::Kills;
use super::members;
use super::tree::{self, Tree};
use crate::memory::reading::cgroup::{self, CgroupError};

pub(super) struct Scope {
    group: Option<(Group, Kills)>,
    tree: Tree,
    /// Whether a process that the command started was outside of the cgroup.
    pub(super) escaped: bool,
    known: HashSet<u32>,
    /// Those that do not go with the cgroup, and that nobody has asked for yet.
    strays: Vec<u32>,
}

impl Scope {
    pub(super) fn new(group: Option<Group>) -> Self {
        Scope {
            group: group.map(|group| {
                let kills = Kills::new(&group);
                (group, kills)
            }),
            tree: Tree::new(),
            escaped: false,
            known: HashSet::new(),
            strays: Vec::new(),
        }
    }

    pub(super) fn group(&self) -> Option<&Group> {
        self.group.as_ref().map(|(group, _)| group)
    }

    pub(super) fn set_command(&mut self, process: u32) {
        self.tree.set_command(process);
    }

    /// All that live, those that have left the cgroup included.
    pub(super) fn processes(&mut self) -> Vec<u32> {
        let mut all = Vec::new();
        if let Some((group, kills)) = &mut self.group {
            let dirs = members::directories(group.dir());
            kills.look(group, &dirs);
            all = members::processes(&dirs);
        }
        let inside: HashSet<u32> = all.iter().copied().collect();
        for process in self.tree.processes() {
            if inside.contains(&process) {
                continue;
            }
            if let Some((group, _)) = &self.group {
                // It may have been started since.
                if !has_left(process, group.dir()) {
                    continue;
                }
                self.escaped = true;
            }
            if self.known.insert(process) {
                self.strays.push(process);
            }
            all.push(process);
        }
        all
    }

    /// Those of the processes seen since the last call that do not go with the cgroup.
    pub(super) fn strays(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.strays)
    }

    pub(super) fn kills(&mut self) -> Option<(&Group, &mut Kills)> {
        self.group.as_mut().map(|(group, kills)| (&*group, kills))
    }

    pub(super) fn send(&mut self, signal: Signal) {
        for process in self.processes() {
            tree::send(process, signal);
        }
    }

    pub(super) fn kill(&self) {
        if let Some(group) = self.group() {
            members::kill(group.dir());
        }
        self.tree.kill();
    }
}

/// Whether a process is outside of a cgroup.
fn has_left(process: u32, dir: &Path) -> bool {
    let left = match cgroup::of_process(Some(process), Path::new("/proc")) {
        Ok(found) => !found.starts_with(dir),
        Err(error) => matches!(error, CgroupError::Hidden(_)),
    };
    // One that is ending is shown in the root by version 1.
    left && !tree::is_ending(process)
}
