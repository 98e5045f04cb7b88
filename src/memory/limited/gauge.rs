//! Taking samples without weighing on what is measured: files of the cgroup are kept open, and
//! processes are looked at only as often as it costs next to nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::group::{self, Group};
use super::sample::{Sample, Samples};
use super::tree::{self, Tree};
use crate::memory::reading::kernel_file::find;

/// So many samples are kept: half an hour of ten a second.
const MOST: usize = 20_000;
/// What looks at processes, and what does so page by page, may take this part of the time each.
const SHARE: f64 = 0.003;
/// In seconds.
const ADVANCE: f64 = 0.01;
/// More than `memory.stat` has.
const LARGEST: usize = 1 << 14;

/// Who is measured.
pub(super) enum Scope {
    /// All in a cgroup.
    Group(Group),
    /// All that the command started.
    Tree(Tree),
}

impl Scope {
    pub(super) fn processes(&self) -> Vec<u32> {
        match self {
            Scope::Group(group) => group::processes(group.dir()),
            Scope::Tree(tree) => tree.processes(),
        }
    }

    pub(super) fn kill(&self) {
        match self {
            Scope::Group(group) => group::kill(group.dir()),
            Scope::Tree(tree) => tree.kill(),
        }
    }
}

/// Takes samples.
pub(super) struct Gauge {
    files: Option<Files>,
    samples: Samples,
    counting: Budget,
    weighing: Budget,
    /// What a process has given back could not be told of all.
    pub(super) incomplete: bool,
    /// The last sample while the command ran.
    pub(super) last: Sample,
    /// The last of them for which processes were looked at.
    pub(super) counted: Sample,
    /// The last of them for which that was done page by page.
    pub(super) weighed: Sample,
}

impl Gauge {
    pub(super) fn new(scope: &Scope) -> io::Result<Self> {
        let files = match scope {
            Scope::Group(group) => Some(Files::open(group)?),
            Scope::Tree(_) => None,
        };
        Ok(Gauge {
            files,
            samples: Samples::new(MOST),
            counting: Budget::new(),
            weighing: Budget::new(),
            incomplete: false,
            last: Sample::default(),
            counted: Sample::default(),
            weighed: Sample::default(),
        })
    }

    /// Takes a sample in full, whatever it costs.
    pub(super) fn sample_in_full(&mut self, scope: &Scope, command: u32, at: Duration) {
        (self.counting, self.weighing) = (Budget::new(), Budget::new());
        self.sample(scope, command, at);
    }

    /// Takes a sample at a moment after the start.
    pub(super) fn sample(&mut self, scope: &Scope, command: u32, at: Duration) {
        let mut sample = Sample {
            at,
            ..Sample::default()
        };
        if let Some(files) = &mut self.files {
            files.read(&mut sample);
        }
        if let Some(begun) = self.counting.begin() {
            let processes = scope.processes();
            sample.processes = u32::try_from(processes.len()).ok();
            sample.rss = Some(processes.iter().map(|process| tree::rss(*process)).sum());
            self.counting.end(begun);
            if let Some(begun) = self.weighing.begin() {
                let weight = tree::weigh(&processes);
                (sample.rss, sample.resident) = (Some(weight.rss), Some(weight.resident));
                sample.pss = (!weight.incomplete).then_some(weight.pss);
                self.incomplete |= weight.incomplete;
                self.weighing.end(begun);
            }
        } else if self.files.is_none() {
            return;
        }
        self.samples.push(sample);
        // Of a command that is ending, the memory is on its way out.
        if tree::rss(command) == 0 {
            return;
        }
        if sample.rss.is_some() {
            self.counted = sample;
        }
        if sample.resident.is_some() {
            self.weighed = sample;
        }
        self.last = sample;
    }

    pub(super) fn samples(&self) -> &[Sample] {
        self.samples.kept()
    }

    pub(super) fn into_samples(self) -> Vec<Sample> {
        self.samples.into_vec()
    }
}

/// Time that something may take: a share of all that passes, and a little in advance, so that of a
/// short command there is more than its beginning.
struct Budget {
    /// In seconds; below zero what was spent too much.
    left: f64,
    since: Instant,
}

impl Budget {
    fn new() -> Self {
        Budget {
            left: ADVANCE,
            since: Instant::now(),
        }
    }

    fn begin(&mut self) -> Option<Instant> {
        let now = Instant::now();
        self.left = ADVANCE.min(self.left + (now - self.since).as_secs_f64() * SHARE);
        self.since = now;
        (self.left > 0.0).then_some(now)
    }

    fn end(&mut self, begun: Instant) {
        self.left -= begun.elapsed().as_secs_f64();
    }
}

/// Files of a cgroup, open.
struct Files {
    usage: File,
    stat: File,
    inactive_file: &'static str,
    active_file: &'static str,
    anonymous: &'static str,
    buffer: Vec<u8>,
}

impl Files {
    fn open(group: &Group) -> io::Result<Self> {
        let open = |name: &str| File::open(Path::join(group.dir(), name));
        let (usage, [inactive_file, active_file, anonymous]) = match group.version() {
            1 => (
                "memory.usage_in_bytes",
                ["total_inactive_file", "total_active_file", "total_rss"],
            ),
            _ => ("memory.current", ["inactive_file", "active_file", "anon"]),
        };
        Ok(Files {
            usage: open(usage)?,
            stat: open("memory.stat")?,
            inactive_file,
            active_file,
            anonymous,
            buffer: vec![0; LARGEST],
        })
    }

    fn read(&mut self, sample: &mut Sample) {
        sample.usage =
            text(&self.usage, &mut self.buffer).and_then(|text| text.trim_end().parse().ok());
        let Some(stat) = text(&self.stat, &mut self.buffer) else {
            return;
        };
        let get = |name: &str| find(stat, name)?.1.parse::<u64>().ok();
        sample.anonymous = get(self.anonymous);
        sample.working_set = sample
            .usage
            .zip(get(self.inactive_file))
            .map(|(usage, inactive)| usage.saturating_sub(inactive));
        sample.uncached = sample
            .working_set
            .zip(get(self.active_file))
            .map(|(held, active)| held.saturating_sub(active));
    }
}

/// All of a file that the kernel fills anew for everybody who reads from its beginning.
fn text<'a>(file: &File, buffer: &'a mut [u8]) -> Option<&'a str> {
    let length = file.read_at(buffer, 0).ok()?;
    std::str::from_utf8(&buffer[..length]).ok()
}
