//! Taking samples without weighing on what is measured: files of the cgroup are kept open, and
//! processes are looked at only as often as it costs next to nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::group::Group;
use super::sample::{Sample, Samples};
use super::scope::Scope;
use super::tree;
use crate::memory::reading::kernel_file::find;

/// So many samples are kept: half an hour of ten a second.
const MOST: usize = 20_000;
/// What reads the cgroup's files, what looks at processes, and what does so page by page, may take
/// this part of the time each.
const SHARE: f64 = 0.002;
/// In seconds. What is looked at page by page cannot use its memory meanwhile.
const ADVANCE: f64 = 0.05;
const ADVANCE_OF_WEIGHING: f64 = 0.01;
/// More than `memory.stat` has.
const LARGEST: usize = 1 << 14;

/// Takes samples.
pub(super) struct Gauge {
    files: Option<Files>,
    samples: Samples,
    reading: Budget,
    counting: Budget,
    weighing: Budget,
    /// The command has, and others go on: they are what is measured.
    pub(super) command_has_ended: bool,
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
        Ok(Gauge {
            files: scope.group().map(Files::open).transpose()?,
            samples: Samples::new(MOST),
            reading: Budget::new(ADVANCE),
            counting: Budget::new(ADVANCE),
            weighing: Budget::new(ADVANCE_OF_WEIGHING),
            command_has_ended: false,
            incomplete: false,
            last: Sample::default(),
            counted: Sample::default(),
            weighed: Sample::default(),
        })
    }

    /// Takes a sample in full, whatever it costs.
    pub(super) fn sample_in_full(&mut self, scope: &mut Scope, command: u32, at: Duration) {
        for budget in [&mut self.reading, &mut self.counting, &mut self.weighing] {
            *budget = Budget::new(budget.advance);
        }
        self.sample(scope, command, at);
    }

    /// Takes a sample at a moment after the start, or what of it may be taken already.
    pub(super) fn sample(&mut self, scope: &mut Scope, command: u32, at: Duration) {
        let mut sample = Sample {
            at,
            ..Sample::default()
        };
        if let Some(files) = &mut self.files
            && let Some(begun) = self.reading.begin()
        {
            files.read(&mut sample);
            self.reading.end(begun);
        }
        if let Some(begun) = self.counting.begin() {
            let mut processes = scope.processes();
            let mut rss = 0;
            processes.retain(|process| {
                let own = tree::rss(*process);
                rss += own;
                own > 0
            });
            self.counting.end(begun);
            // Where all have ended there is nothing to weigh, which is not the same as no weight.
            if !processes.is_empty() {
                sample.processes = u32::try_from(processes.len()).ok();
                sample.rss = Some(rss);
                self.weigh(&processes, &mut sample);
            }
        }
        if sample.usage.is_none() && sample.rss.is_none() {
            return;
        }
        self.samples.push(sample);
        // Of what is ending, the memory is on its way out.
        let ending = match self.command_has_ended {
            true => sample.rss.is_none(),
            false => tree::rss(command) == 0,
        };
        if ending {
            return;
        }
        if sample.rss.is_some() {
            self.counted = sample;
        }
        if sample.resident.is_some() {
            self.weighed = sample;
        }
        if sample.usage.is_some() || self.files.is_none() {
            self.last = sample;
        }
    }

    fn weigh(&mut self, processes: &[u32], sample: &mut Sample) {
        let Some(begun) = self.weighing.begin() else {
            return;
        };
        let weight = tree::weigh(processes);
        self.weighing.end(begun);
        if weight.rss == 0 {
            return;
        }
        // What processes share would count for each of them.
        let divided = processes.len() > 1 && !weight.incomplete;
        sample.rss = Some(weight.rss);
        sample.resident = Some(if divided {
            weight.kept
        } else {
            weight.resident
        });
        sample.pss = (!weight.incomplete).then_some(weight.pss);
        self.incomplete |= weight.incomplete;
    }

    /// How long there is nothing that may be looked at.
    pub(super) fn rest(&self) -> Duration {
        let counting = self.counting.rest();
        match &self.files {
            Some(_) => counting.min(self.reading.rest()),
            None => counting,
        }
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
    advance: f64,
    since: Instant,
}

impl Budget {
    fn new(advance: f64) -> Self {
        Budget {
            left: advance,
            advance,
            since: Instant::now(),
        }
    }

    fn begin(&mut self) -> Option<Instant> {
        let now = Instant::now();
        self.left = self
            .advance
            .min(self.left + (now - self.since).as_secs_f64() * SHARE);
        self.since = now;
        (self.left > 0.0).then_some(now)
    }

    fn rest(&self) -> Duration {
        Duration::from_secs_f64((-self.left).max(0.0) / SHARE)
    }

    fn end(&mut self, begun: Instant) {
        self.left -= begun.elapsed().as_secs_f64();
    }
}

/// Files of a cgroup, open.
struct Files {
    usage: File,
    stat: File,
    /// Of version 2, where the count of swap is no part of `stat`.
    swap: Option<File>,
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
            swap: open("memory.swap.current").ok(),
            inactive_file,
            active_file,
            anonymous,
            buffer: vec![0; LARGEST],
        })
    }

    fn read(&mut self, sample: &mut Sample) {
        sample.usage = number(&self.usage, &mut self.buffer);
        if let Some(swap) = &self.swap {
            sample.swap = number(swap, &mut self.buffer);
        }
        let Some(stat) = text(&self.stat, &mut self.buffer) else {
            return;
        };
        let get = |name: &str| find(stat, name)?.1.parse::<u64>().ok();
        sample.anonymous = get(self.anonymous);
        sample.swap = sample.swap.or_else(|| get("total_swap"));
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

fn number(file: &File, buffer: &mut [u8]) -> Option<u64> {
    text(file, buffer)?.trim_end().parse().ok()
}
