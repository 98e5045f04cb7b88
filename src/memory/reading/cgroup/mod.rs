//! Readings of a cgroup directory, version 2 or 1, live or copied.
//!
//! Three things are easily read wrong, and were looked at on real kernels (6.1 and 6.18):
//!
//! - The limit that counts is the least of the directory's own and those above it.
//! - Pages given back with `MADV_FREE` move to the inactive *file* list and stay counted as `anon`.
//!   So `usage − inactive_file` leaves them out already, and anonymous memory still has them.
//! - `memory.stat` may be two seconds behind `memory.current`: the kernel adds up its counts then.

mod locate;

use std::path::{Path, PathBuf};

use super::kernel_file::{KernelFile, KernelFileError, number};
use super::{Bound, Figure, Reading, Word};

pub use locate::of_process;

/// Why the memory of a cgroup cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// A file of it cannot be understood.
    #[error(transparent)]
    File(#[from] KernelFileError),
    /// The directory is something else.
    #[error("{} is no directory of a memory cgroup: it has neither memory.current nor memory.usage_in_bytes", .0.display())]
    NotACgroup(PathBuf),
    /// A cgroup of which nothing is counted.
    #[error("{} is a cgroup without the memory controller: its memory is counted in the nearest directory above it that has memory.current", .0.display())]
    NoMemory(PathBuf),
    /// The process, or the /proc that was named, does not exist.
    #[error("cannot read {}: the process has ended, or this is no /proc", .0.display())]
    NoProcess(PathBuf),
    /// The kernel counts no memory by cgroup.
    #[error(
        "the process is in no memory cgroup: the kernel was started without the memory controller"
    )]
    NoController,
    /// The files are not to be seen from here.
    #[error(
        "cgroup version {0} has the memory controller, and is not mounted here: mount /sys/fs/cgroup"
    )]
    NotMounted(u8),
    /// A cgroup namespace hides it.
    #[error(
        "the cgroup `{0}` lies outside of what is mounted here: look at it from outside of the container, or share the cgroup namespace"
    )]
    Hidden(String),
    /// It was removed under the process.
    #[error("the cgroup `{0}` has been removed")]
    Removed(String),
}

/// Which generation of cgroups a directory is of, as the files in it tell: 1 or 2.
pub fn version(dir: &Path) -> Option<u8> {
    let has = |name: &str| dir.join(name).is_file();
    if has("memory.current") || has("memory.max") || has("cgroup.controllers") {
        Some(2)
    } else if has("memory.usage_in_bytes") || has("memory.limit_in_bytes") {
        Some(1)
    } else {
        None
    }
}

/// Reads a cgroup directory. What its kernel does not have is not among the figures.
///
/// # Errors
///
/// If it is none, and if a file in it is not what the kernel writes.
pub fn read(dir: &Path) -> Result<Reading, CgroupError> {
    let mut gathered = Gathered {
        dir,
        figures: Vec::new(),
    };
    match version(dir) {
        Some(2) => gathered.version_2()?,
        Some(_) => gathered.version_1()?,
        None => return Err(CgroupError::NotACgroup(dir.to_owned())),
    }
    Ok(Reading {
        source: dir.display().to_string(),
        taken: None,
        figures: gathered.figures,
    })
}

/// The least limit of a cgroup directory and those above it, as far as they can be seen.
///
/// # Errors
///
/// If a file is not what the kernel writes.
pub fn limit(dir: &Path) -> Result<Option<Figure>, CgroupError> {
    let mut gathered = Gathered {
        dir,
        figures: Vec::new(),
    };
    match version(dir) {
        Some(2) => gathered.least_of_ancestors(Word::Limit, "memory.max")?,
        _ => gathered.limit_1(KernelFile::read(dir.join("memory.stat"))?.as_ref())?,
    }
    Ok(gathered.figures.pop())
}

/// From here on a limit of version 1 means none: it is as many pages as fit into 63 bits.
const NO_LIMIT: f64 = (1u64 << 62) as f64;
/// The counts of lists and of kinds are kept apart, and differ by a little for a moment.
const SLACK: f64 = (1 << 20) as f64;

struct Gathered<'a> {
    dir: &'a Path,
    figures: Vec<Figure>,
}

impl Gathered<'_> {
    fn version_2(&mut self) -> Result<(), CgroupError> {
        let Some(stat) = KernelFile::read(self.dir.join("memory.stat"))? else {
            return Err(CgroupError::NoMemory(self.dir.to_owned()));
        };
        self.least_of_ancestors(Word::Limit, "memory.max")?;
        self.least_of_ancestors(Word::ThrottleLimit, "memory.high")?;
        let usage = self.file(Word::Usage, "memory.current")?;
        self.split(&stat, "", usage.map(|bytes| (bytes, "memory.current")))?;
        match (stat.get("kernel")?, stat.get("sock")?) {
            (Some(kernel), sock) => self.push(
                Word::KernelMemory,
                kernel + sock.unwrap_or(0.0),
                "memory.stat: kernel + sock",
            ),
            // Before Linux 5.18.
            (None, _) => {
                let mut sum = None;
                for part in ["kernel_stack", "pagetables", "percpu", "slab", "sock"] {
                    sum = stat
                        .get(part)?
                        .map(|bytes| bytes + sum.unwrap_or(0.0))
                        .or(sum);
                }
                if let Some(sum) = sum {
                    let from = "memory.stat: kernel_stack + pagetables + percpu + slab + sock";
                    self.figures
                        .push(Figure::new(Word::KernelMemory, sum, from).but(
                            Bound::AtLeast,
                            "this kernel does not count all of its memory by kind",
                        ));
                }
            }
        }
        self.file(Word::Swap, "memory.swap.current")?;
        self.file(Word::PeakUsage, "memory.peak")?;
        self.entry(Word::OomKills, "memory.events", "oom_kill")?;
        self.entry(Word::LimitHits, "memory.events", "max")
    }

    fn version_1(&mut self) -> Result<(), CgroupError> {
        let stat = KernelFile::read(self.dir.join("memory.stat"))?;
        self.limit_1(stat.as_ref())?;
        let usage = self.file(Word::Usage, "memory.usage_in_bytes")?;
        if let Some(usage) = self.figures.last_mut().filter(|_| usage.is_some()) {
            usage.remark = Some("of version 1, off by up to 64 pages a processor".to_owned());
        }
        if let Some(stat) = stat {
            self.split(
                &stat,
                "total_",
                usage.map(|bytes| (bytes, "memory.usage_in_bytes")),
            )?;
            if let Some(swap) = stat.get("total_swap")? {
                self.push(Word::Swap, swap, "memory.stat: total_swap");
            }
        }
        self.file(Word::KernelMemory, "memory.kmem.usage_in_bytes")?;
        self.file(Word::PeakUsage, "memory.max_usage_in_bytes")?;
        self.entry(Word::OomKills, "memory.oom_control", "oom_kill")?;
        let hits = number(&self.dir.join("memory.failcnt"))?;
        // The limit of memory and swap together, where it is no higher, is the one that is met.
        let both = number(&self.dir.join("memory.memsw.failcnt"))?;
        if let Some(hits) = hits {
            let (hits, from) = match both {
                Some(both) => (hits + both, "memory.failcnt + memory.memsw.failcnt"),
                None => (hits, "memory.failcnt"),
            };
            self.push(Word::LimitHits, hits, from);
        }
        Ok(())
    }

    /// What `memory.stat` tells of both versions: the parts of the usage, and what follows from them.
    fn split(
        &mut self,
        stat: &KernelFile,
        prefix: &str,
        usage: Option<(f64, &str)>,
    ) -> Result<(), CgroupError> {
        let get = |name: &str| stat.get(&format!("{prefix}{name}"));
        // Version 1 has other names for the same.
        let (anonymous, file) = match prefix {
            "" => ("anon", "file"),
            _ => ("rss", "cache"),
        };
        let from = |name: &str| format!("memory.stat: {prefix}{name}");
        let (inactive, active) = (get("inactive_file")?, get("active_file")?);
        if let (Some((usage, usage_from)), Some(inactive)) = (usage, inactive) {
            self.push(
                Word::WorkingSet,
                (usage - inactive).max(0.0),
                &format!("{usage_from} − {}", from("inactive_file")),
            );
        }
        for (word, name, value) in [
            (Word::InactiveFile, "inactive_file", inactive),
            (Word::ActiveFile, "active_file", active),
            (Word::Shmem, "shmem", get("shmem")?),
        ] {
            if let Some(value) = value {
                self.push(word, value, &from(name));
            }
        }
        let Some(anonymous) = get(anonymous)?.map(|value| (value, from(anonymous))) else {
            return Ok(());
        };
        let anonymous = Figure::new(Word::Anonymous, anonymous.0, anonymous.1);
        let of_no_file = match (inactive, active, get(file)?) {
            (Some(inactive), Some(active), Some(file)) => {
                let elsewhere = get("shmem")?.unwrap_or(0.0) + get("swapcached")?.unwrap_or(0.0);
                inactive + active - (file - elsewhere).max(0.0)
            }
            _ => 0.0,
        };
        if of_no_file <= SLACK {
            self.figures.push(anonymous);
            return Ok(());
        }
        self.figures.push(anonymous.but(
            Bound::AtMost,
            "has pages given back with MADV_FREE in it, which the kernel drops first and keeps on the inactive file list",
        ));
        self.figures.push(
            Figure::new(
                Word::LazyFree,
                of_no_file,
                "memory.stat: what is on the file lists and of no file",
            )
            .but(
                Bound::Doubtful,
                "already left out of the working set; smaps_rollup of the processes has it exactly",
            ),
        );
        Ok(())
    }

    fn push(&mut self, word: Word, value: f64, from: &str) {
        self.figures.push(Figure::new(word, value, from));
    }

    /// The figure of a file of one number, if it is there.
    fn file(&mut self, word: Word, name: &str) -> Result<Option<f64>, CgroupError> {
        let value = number(&self.dir.join(name))?;
        if let Some(value) = value {
            self.push(word, value, name);
        }
        Ok(value)
    }

    /// The figure of a line in a file, if it is there.
    fn entry(&mut self, word: Word, name: &str, key: &str) -> Result<(), CgroupError> {
        if let Some(file) = KernelFile::read(self.dir.join(name))?
            && let Some(value) = file.get(key)?
        {
            self.push(word, value, &format!("{name}: {key}"));
        }
        Ok(())
    }

    /// The least of a file here and in the directories above, as far as they are cgroups.
    fn least_of_ancestors(&mut self, word: Word, name: &str) -> Result<(), CgroupError> {
        let mut least: Option<Figure> = None;
        let above = self.dir.ancestors();
        for (depth, dir) in above.take_while(|dir| version(dir).is_some()).enumerate() {
            // The root has none.
            let Some(value) = number(&dir.join(name))? else {
                continue;
            };
            let value = if value >= NO_LIMIT {
                f64::INFINITY
            } else {
                value
            };
            if least.as_ref().is_none_or(|least| value < least.value) {
                let from = match depth {
                    0 => name.to_owned(),
                    _ => dir.join(name).display().to_string(),
                };
                least = Some(Figure::new(word, value, from));
            }
        }
        self.figures.extend(least);
        Ok(())
    }

    /// Version 1 says itself what the limits above come to, even where they cannot be seen.
    fn limit_1(&mut self, stat: Option<&KernelFile>) -> Result<(), CgroupError> {
        self.least_of_ancestors(Word::Limit, "memory.limit_in_bytes")?;
        let Some(effective) = stat
            .map(|stat| stat.get("hierarchical_memory_limit"))
            .transpose()?
            .flatten()
        else {
            return Ok(());
        };
        let effective = if effective >= NO_LIMIT {
            f64::INFINITY
        } else {
            effective
        };
        let agreed = self
            .figures
            .last()
            .is_some_and(|limit| limit.value.total_cmp(&effective).is_eq());
        if !agreed {
            // Above without `memory.use_hierarchy`, or what is above is not mounted here.
            self.figures.pop();
            self.push(
                Word::Limit,
                effective,
                "memory.stat: hierarchical_memory_limit",
            );
        }
        Ok(())
    }
}
