//! OOM kills: how many there were, and whether they were for this limit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::group::Group;
use crate::memory::reading::kernel_file::find;
use crate::memory::reading::{Bound, Figure, Word};

/// What each cgroup below that of a command has counted. Version 2 adds it up itself.
pub(super) struct Kills {
    below: BTreeMap<PathBuf, u64>,
    /// When the last one was made or removed: the kernel keeps it since the group was made.
    unchanged: Option<SystemTime>,
}

impl Kills {
    pub(super) fn new(group: &Group) -> Self {
        Kills {
            below: BTreeMap::new(),
            unchanged: changed(group.dir()),
        }
    }

    /// Takes down the counts of directories, which may be gone when the command has ended.
    pub(super) fn look(&mut self, group: &Group, dirs: &[PathBuf]) {
        let below = dirs.iter().filter(|dir| *dir != group.dir());
        if group.version() == 1 {
            for dir in below {
                let count = count(dir, "memory.oom_control", "oom_kill").unwrap_or(0);
                self.below.insert(dir.clone(), count);
            }
        }
    }

    /// What the kernel counted in the cgroup itself becomes what there was in all of them, and for
    /// the limit. `dirs` are those that there are in the end.
    pub(super) fn judge(&mut self, group: &Group, dirs: &[PathBuf], figures: &mut [Figure]) {
        self.look(group, dirs);
        let hit = was_hit(group, figures);
        let Some(kills) = figures.iter_mut().find(|of| of.word == Word::OomKills) else {
            return;
        };
        let below: u64 = self.below.values().sum();
        if below > 0 {
            kills.value += below as f64;
            kills.from += ", and of the cgroups below";
        }
        if kills.value > 0.0 && !hit {
            kills.bound = Bound::Doubtful;
            kills.remark = Some("processes were killed, but not for this limit".to_owned());
        } else if hit && self.some_is_gone(group, dirs) {
            kills.bound = match kills.value > 0.0 {
                true => Bound::AtLeast,
                false => Bound::Doubtful,
            };
            kills.remark = Some(
                "a cgroup that the command made is gone, and with it the count of its OOM kills"
                    .to_owned(),
            );
        }
    }

    fn some_is_gone(&self, group: &Group, dirs: &[PathBuf]) -> bool {
        let gone = self.below.keys().any(|dir| !dirs.contains(dir));
        // Between two looks.
        let unseen = dirs.len() == 1 && changed(group.dir()) != self.unchanged;
        group.version() == 1 && (gone || unseen)
    }
}

/// Whether the group came to its limit with nothing left to reclaim (version 2), or at all.
fn was_hit(group: &Group, figures: &[Figure]) -> bool {
    let value = |word| figures.iter().find(|of| of.word == word).map(|of| of.value);
    if group.version() == 2 {
        // Of this group alone, without those below: since Linux 5.2.
        return ["memory.events.local", "memory.events"]
            .into_iter()
            .find_map(|name| count(group.dir(), name, "oom"))
            .is_none_or(|count| count > 0);
    }
    let full = value(Word::PeakUsage)
        .zip(value(Word::Limit))
        .is_some_and(|(peak, limit)| peak >= 0.99 * limit);
    full || value(Word::LimitHits).is_some_and(|hits| hits > 0.0)
}

fn count(dir: &Path, file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(dir.join(file)).ok()?;
    find(&text, name)?.1.parse().ok()
}

fn changed(dir: &Path) -> Option<SystemTime> {
    fs::metadata(dir).and_then(|data| data.modified()).ok()
}
