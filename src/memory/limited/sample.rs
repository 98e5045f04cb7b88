//! Samples of a running command, and a bounded number of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a command used at one moment, with all that it started. In bytes; `None` where it was not
/// looked at, because that costs, or because there is no cgroup to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Since the start of the command.
    pub at: Duration,
    /// All that is charged to the cgroup.
    pub usage: Option<u64>,
    /// That without the inactive file list.
    pub working_set: Option<u64>,
    /// That without the active file list either: without any page cache that can be dropped.
    pub uncached: Option<u64>,
    /// Anonymous memory of the cgroup, with what was given back lazily.
    pub anonymous: Option<u64>,
    /// What is on disk instead.
    pub swap: Option<u64>,
    /// RSS of all processes together.
    pub rss: Option<u64>,
    /// What they have not given back: RSS, of several processes PSS, without what is lazily freed.
    pub resident: Option<u64>,
    /// PSS of all processes together.
    pub pss: Option<u64>,
    /// How many processes there are, those that have ended and not been asked how left out.
    pub processes: Option<u32>,
}

impl Sample {
    /// The greatest of everything in two samples, at the moment of the first.
    #[must_use]
    pub fn max(self, other: Sample) -> Sample {
        Sample {
            at: self.at,
            usage: self.usage.max(other.usage),
            working_set: self.working_set.max(other.working_set),
            uncached: self.uncached.max(other.uncached),
            anonymous: self.anonymous.max(other.anonymous),
            swap: self.swap.max(other.swap),
            rss: self.rss.max(other.rss),
            resident: self.resident.max(other.resident),
            pss: self.pss.max(other.pss),
            processes: self.processes.max(other.processes),
        }
    }
}

/// Samples in order. When there are too many, each two become one, with the greatest of both.
#[derive(Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "nothing to sample")
)]
pub(super) struct Samples {
    kept: Vec<Sample>,
    most: usize,
    /// How many make one now, and how many the last has.
    stride: usize,
    in_last: usize,
}

#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "nothing to sample")
)]
impl Samples {
    pub(super) fn new(most: usize) -> Self {
        Samples {
            kept: Vec::new(),
            most,
            stride: 1,
            in_last: 1,
        }
    }

    pub(super) fn push(&mut self, sample: Sample) {
        if let Some(last) = self.kept.last_mut().filter(|_| self.in_last < self.stride) {
            *last = last.max(sample);
            self.in_last += 1;
            return;
        }
        if self.kept.len() >= self.most {
            let halves = self.kept.chunks(2);
            self.kept = halves
                .filter_map(|two| two.iter().copied().reduce(Sample::max))
                .collect();
            self.stride *= 2;
        }
        self.kept.push(sample);
        self.in_last = 1;
    }

    pub(super) fn kept(&self) -> &[Sample] {
        &self.kept
    }

    pub(super) fn into_vec(self) -> Vec<Sample> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_halved_and_no_maximum_is_lost() {
        let mut samples = Samples::new(10);
        for second in 0..1000 {
            samples.push(Sample {
                at: Duration::from_secs(second),
                usage: Some(if second == 777 { 5000 } else { second }),
                resident: (second % 97 == 0).then_some(second),
                ..Sample::default()
            });
            assert!(samples.kept().len() <= 10);
        }
        let kept = samples.into_vec();
        assert_eq!(
            kept.iter().filter_map(|sample| sample.usage).max(),
            Some(5000)
        );
        assert_eq!(
            kept.iter().filter_map(|sample| sample.resident).max(),
            Some(970)
        );
        // Steady, but for the last one.
        let steps: Vec<_> = kept.windows(2).map(|two| two[1].at - two[0].at).collect();
        assert!(steps.windows(2).all(|two| two[0] == two[1]), "{steps:?}");
        assert_eq!(kept[0].at, Duration::ZERO);
    }
}
