//! The figures of a run, from its samples and from what the kernel itself has kept.

use std::path::Path;

use super::gauge::Gauge;
use super::members;
use super::sample::Sample;
use super::scope::Scope;
use crate::memory::reading::cgroup::{self, CgroupError};
use crate::memory::reading::{Bound, Figure, Reading, Word};

const NOT_ENFORCED: &str = "the limit was not enforced";
/// The kernel's own figures that are of the whole run.
const OF_THE_RUN: &[Word] = &[
    Word::Limit,
    Word::ThrottleLimit,
    Word::PeakUsage,
    Word::OomKills,
    Word::LimitHits,
];

/// A limit is rounded down to whole pages.
const PAGE: f64 = 65536.0;

/// What the kernel has counted in the cgroup of a command, if it has one.
pub(super) fn of_kernel(scope: &mut Scope, limit: u64) -> Result<Vec<Figure>, CgroupError> {
    let Some((group, kills)) = scope.kills() else {
        return Ok(Vec::new());
    };
    let mut figures = counted(group.dir(), limit)?;
    kills.judge(group, &members::directories(group.dir()), &mut figures);
    Ok(figures)
}

/// What the kernel has counted in a cgroup over its whole life, and the limit that was effective.
fn counted(dir: &Path, limit: u64) -> Result<Vec<Figure>, CgroupError> {
    let mut figures = cgroup::read(dir)?.figures;
    figures.retain(|figure| OF_THE_RUN.contains(&figure.word));
    for figure in &mut figures {
        figure.remark = match figure.word {
            Word::Limit if figure.value + PAGE <= limit as f64 => Some(format!(
                "{limit} bytes were asked for, and a cgroup that this program runs in allows no more than this"
            )),
            Word::PeakUsage => Some(
                "files that were in the page cache before are charged to whoever read them first"
                    .to_owned(),
            ),
            _ => continue,
        };
    }
    let value = |word| figures.iter().find(|of| of.word == word).map(|of| of.value);
    let full = value(Word::PeakUsage)
        .zip(value(Word::Limit))
        .is_some_and(|(peak, limit)| peak >= limit);
    let mut hits = figures.iter_mut().filter(|of| of.word == Word::LimitHits);
    if let Some(hits) = hits.find(|hits| full && hits.value <= 0.0) {
        // Seen with version 1 on Linux 6.18.
        hits.bound = Bound::Doubtful;
        hits.remark = Some("the peak was at the limit: this kernel does not count it".to_owned());
    }
    Ok(figures)
}

/// The greatest of all samples, after what the kernel has counted.
pub(super) fn peaks(scope: &Scope, gauge: &Gauge, counted: Vec<Figure>) -> Reading {
    let samples = gauge.samples();
    let peak = samples
        .iter()
        .copied()
        .reduce(Sample::max)
        .unwrap_or_default();
    let enforced = scope.group().is_some();
    let several = peak.processes.is_some_and(|count| count > 1);
    let between = "the greatest of all samples: between two it may have been more";
    let summed = "added up over processes: what they share counts for each of them";
    let unknown = "of some process it could not be told what it has given back with MADV_FREE";
    let mut figures = counted;
    let mut push = |word, value: Option<u64>, from: &str, bound, remark: &str| {
        if let Some(value) = value {
            let remark = match enforced {
                true => remark.to_owned(),
                false => format!("{NOT_ENFORCED}; {remark}"),
            };
            figures.push(Figure::new(word, value as f64, from).but(bound, remark));
        }
    };
    // Before Linux 5.19 version 2 keeps none.
    push(
        Word::PeakUsage,
        peak.usage,
        "samples",
        Bound::AtLeast,
        between,
    );
    push(
        Word::PeakWorkingSet,
        peak.working_set,
        "samples",
        Bound::AtLeast,
        between,
    );
    push(
        Word::PeakUncached,
        peak.uncached,
        "samples",
        Bound::AtLeast,
        between,
    );
    push(
        Word::PeakAnonymous,
        peak.anonymous,
        "samples",
        Bound::AtLeast,
        between,
    );
    push(Word::Swap, peak.swap, "samples", Bound::AtLeast, between);
    let (bound, remark) = match several {
        true => (Bound::Doubtful, summed),
        false => (Bound::AtLeast, between),
    };
    push(
        Word::PeakRss,
        peak.rss,
        "samples: sum of RSS",
        bound,
        remark,
    );
    let (bound, remark) = match gauge.incomplete {
        true => (Bound::Doubtful, unknown),
        false => (Bound::AtLeast, between),
    };
    let from = match several && !gauge.incomplete {
        true => "samples: sum of PSS − lazy-free",
        false => "samples: sum of RSS − lazy-free",
    };
    push(Word::PeakResident, peak.resident, from, bound, remark);
    push(
        Word::Pss,
        peak.pss,
        "samples: sum of PSS",
        Bound::AtLeast,
        between,
    );
    // The kernel's own comes first where it has one.
    let mut seen = Vec::new();
    figures.retain(|figure| {
        !seen.contains(&figure.word) && {
            seen.push(figure.word);
            true
        }
    });
    reading(scope, figures)
}

/// The last sample while the command ran, with what an earlier one tells of the processes if it does not.
pub(super) fn last(scope: &Scope, gauge: &Gauge) -> Reading {
    let (last, counted, weighed) = (gauge.last, gauge.counted, gauge.weighed);
    let enforced = scope.group().is_some();
    // The word is of each process: of several together there is only their PSS.
    let resident = weighed
        .resident
        .filter(|_| weighed.processes.is_some_and(|count| count == 1));
    let parts = [
        (Word::Usage, last.usage, last.at, "the cgroup"),
        (Word::WorkingSet, last.working_set, last.at, "the cgroup"),
        (Word::Anonymous, last.anonymous, last.at, "the cgroup"),
        (Word::Rss, counted.rss, counted.at, "sum of RSS"),
        (
            Word::Resident,
            resident,
            weighed.at,
            "sum of RSS − lazy-free",
        ),
        (Word::Pss, weighed.pss, weighed.at, "sum of PSS"),
    ];
    let figures = parts.into_iter().filter_map(|(word, value, at, from)| {
        let figure = Figure::new(word, value? as f64, format!("last sample: {from}"));
        let before = last.at.saturating_sub(at).as_millis();
        let earlier = format!("looked at {before} ms before the rest");
        Some(match (enforced, before) {
            (true, 0) => figure,
            (true, _) => figure.but(Bound::Doubtful, earlier),
            (false, 0) => figure.but(Bound::Exact, NOT_ENFORCED),
            (false, _) => figure.but(Bound::Doubtful, format!("{NOT_ENFORCED}; {earlier}")),
        })
    });
    reading(scope, figures.collect())
}

fn reading(scope: &Scope, figures: Vec<Figure>) -> Reading {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Reading {
        source: match scope.group() {
            Some(group) => group.dir().display().to_string(),
            None => "the processes of the command".to_owned(),
        },
        taken: now.ok().map(|now| now.as_secs_f64()),
        figures,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_limit_above_that_allows_less_is_said() {
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/memory/cgroups");
        let limit = |dir: &str, asked| counted(&recorded.join(dir), asked).unwrap()[0].clone();
        for dir in ["v1/healthy", "v2/healthy", "v2/no-limit/parent/child"] {
            let allowed = limit(dir, 0).value as u64;
            // What was asked for is rounded down to a page.
            assert_eq!(limit(dir, allowed + 100).remark, None);
            let remark = limit(dir, allowed + (1 << 20)).remark.unwrap();
            assert!(remark.contains("no more than this"), "{remark}");
        }
    }
}
