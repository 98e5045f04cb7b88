//! Readings of a process: its directory in `/proc`, live or copied.

use std::io;
use std::path::{Path, PathBuf};

use super::kernel_file::{KernelFile, KernelFileError, find};
use super::{Bound, Figure, Reading, Word};
use crate::memory::amount::{self, Gogc, Limit};

/// Why the memory of a process cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// A file of it cannot be understood.
    #[error(transparent)]
    File(#[from] KernelFileError),
    /// It does not exist, or no longer.
    #[error("there is no process at {}: it has ended, or belongs to another user of a /proc that hides it", .0.display())]
    Gone(PathBuf),
    /// It has ended and given its memory back.
    #[error("the process at {} has ended, and only waits for its parent to ask how (a zombie): it has no memory", .0.display())]
    Zombie(PathBuf),
    /// It is a part of the kernel.
    #[error("{} is a thread of the kernel: it has no memory of its own", .0.display())]
    KernelThread(PathBuf),
}

/// How many ticks the kernel tells programs to be a second, whatever it counts in itself.
/// How the place of a figure from the environment starts.
pub(in crate::memory) const ENVIRON: &str = "environ";
const TICKS_PER_SECOND: f64 = 100.0;
const AS_STARTED: &str = "as the process was started: a program may set another itself";

/// Reads the directory of a process. What cannot be read is not among the figures.
///
/// # Errors
///
/// If it is gone or has no memory, and if a file is not what the kernel writes.
pub fn read(dir: &Path) -> Result<Reading, ProcessError> {
    let gone = || ProcessError::Gone(dir.to_owned());
    let status = file(dir, "status")?.ok_or_else(gone)?;
    let value = |name: &str| find(status.text(), name).map_or("", |(_, value)| value);
    if value("State").starts_with(['Z', 'X']) {
        return Err(ProcessError::Zombie(dir.to_owned()));
    }
    let Some(resident) = status.get("VmRSS")? else {
        return Err(ProcessError::KernelThread(dir.to_owned()));
    };

    let mut figures = Vec::new();
    let mut push = |word, value: Option<f64>, from: &str| {
        figures.extend(value.map(|value| Figure::new(word, value, from)));
    };
    let rollup = file(dir, "smaps_rollup")?;
    if let Some(rollup) = &rollup {
        // Counted page by page, where the counts of `status` may lag behind.
        let (rss, lazy) = (rollup.get("Rss")?, rollup.get("LazyFree")?);
        push(Word::Rss, rss, "smaps_rollup: Rss");
        push(
            Word::RssAnonymous,
            rollup.get("Anonymous")?,
            "smaps_rollup: Anonymous",
        );
        push(Word::Pss, rollup.get("Pss")?, "smaps_rollup: Pss");
        push(Word::LazyFree, lazy, "smaps_rollup: LazyFree");
        push(
            Word::Resident,
            rss.zip(lazy).map(|(rss, lazy)| rss - lazy),
            "smaps_rollup: Rss − LazyFree",
        );
    } else {
        push(Word::Rss, Some(resident), "status: VmRSS");
        push(
            Word::RssAnonymous,
            status.get("RssAnon")?,
            "status: RssAnon",
        );
    }
    for (word, name) in [
        (Word::RssFile, "RssFile"),
        (Word::Shmem, "RssShmem"),
        (Word::PeakRss, "VmHWM"),
        (Word::Vsz, "VmSize"),
        (Word::Swap, "VmSwap"),
    ] {
        push(word, status.get(name)?, &format!("status: {name}"));
    }
    if !figures.iter().any(|figure| figure.word == Word::Resident) {
        figures.push(Figure::new(Word::Resident, resident, "status: VmRSS").but(
            Bound::AtMost,
            "smaps_rollup cannot be read, so what was given back with MADV_FREE is not known: read it as the same user or as root",
        ));
    }
    figures.extend(environment(dir));
    figures.extend(times(dir)?);
    Ok(Reading {
        source: format!("{} ({})", dir.display(), value("Name")),
        taken: None,
        figures,
    })
}

/// A file of the process; `None` if it is not for us to read.
fn file(dir: &Path, name: &str) -> Result<Option<KernelFile>, ProcessError> {
    match KernelFile::read(dir.join(name)) {
        Err(KernelFileError::Read { source, .. })
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            Ok(None)
        }
        // ESRCH: it ended between the opening of the file and the reading of it.
        Err(KernelFileError::Read { source, .. }) if source.raw_os_error() == Some(3) => {
            Err(ProcessError::Gone(dir.to_owned()))
        }
        other => Ok(other?),
    }
}

/// The settings of the Go runtime in the environment. Whatever the runtime would not take is no
/// setting: the process runs, so it is no Go program or was not told.
fn environment(dir: &Path) -> Vec<Figure> {
    let Ok(Some(environment)) = file(dir, "environ") else {
        return Vec::new();
    };
    let variable = |name: &str| {
        let mut variables = environment.text().split('\0');
        variables.find_map(|variable| variable.strip_prefix(name)?.strip_prefix('='))
    };
    let limit = variable("GOMEMLIMIT").and_then(|text| amount::gomemlimit(text).ok());
    let percent = variable("GOGC").and_then(|text| amount::gogc(text).ok());
    let limit = limit.map(|limit| match limit {
        Limit::Bytes(bytes) => (Word::Gomemlimit, bytes as f64, "environ: GOMEMLIMIT"),
        Limit::Unlimited => (Word::Gomemlimit, f64::INFINITY, "environ: GOMEMLIMIT"),
    });
    let percent = percent.map(|gogc| match gogc {
        Gogc::Percent(percent) => (Word::Gogc, f64::from(percent), "environ: GOGC"),
        Gogc::Off => (Word::Gogc, f64::INFINITY, "environ: GOGC"),
    });
    [limit, percent]
        .into_iter()
        .flatten()
        .map(|(word, value, from)| Figure::new(word, value, from).but(Bound::Exact, AS_STARTED))
        .collect()
}

/// The CPU time, and when the process started, if the machine's own start is told next to it.
fn times(dir: &Path) -> Result<Vec<Figure>, ProcessError> {
    let Some(stat) = file(dir, "stat")? else {
        return Ok(Vec::new());
    };
    let fields = fields_after_name(stat.text());
    let ticks =
        |index: usize| Some(fields.get(index)?.parse::<u64>().ok()? as f64 / TICKS_PER_SECOND);
    let mut figures = Vec::new();
    if let (Some(user), Some(system)) = (ticks(11), ticks(12)) {
        figures.push(Figure::new(
            Word::UsedCpu,
            user + system,
            "stat: utime + stime",
        ));
    }
    let machine = dir.parent().map(|proc| KernelFile::read(proc.join("stat")));
    if let Some(Ok(Some(machine))) = machine
        && let Some(started) = machine.get("btime")?
        && let Some(after) = ticks(19)
    {
        figures.push(Figure::new(
            Word::Started,
            started + after,
            "stat: starttime",
        ));
    }
    Ok(figures)
}

/// The fields of a `stat` from the third on, the state: the name before it may hold anything.
pub(in crate::memory) fn fields_after_name(stat: &str) -> Vec<&str> {
    stat.rsplit_once(") ")
        .map_or_else(Vec::new, |(_, rest)| rest.split_whitespace().collect())
}
