//! The figures of a run, from its samples and from what the kernel itself has kept.

use std::path::Path;

use super::gauge::{Gauge, Scope};
use super::sample::Sample;
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

/// What the kernel has counted in a cgroup over its whole life, and the limit that was effective.
pub(super) fn counted(dir: &Path, limit: u64) -> Result<Vec<Figure>, CgroupError> {
    let mut figures = cgroup::read(dir)?.figures;
    figures.retain(|figure| OF_THE_RUN.contains(&figure.word));
    for figure in &mut figures {
        figure.remark = match figure.word {
            Word::Limit if figure.value < limit as f64 && !is_own(&figure.from) => Some(format!(
                "the command was given {limit} bytes, and a directory above its own allows no more than this"
            )),
            Word::PeakUsage => Some(
                "files that were in the page cache before are charged to whoever read them first"
                    .to_owned(),
            ),
            _ => continue,
        };
    }
    Ok(figures)
}

/// Whether the file of a limit is in the directory itself.
fn is_own(from: &str) -> bool {
    matches!(from, "memory.max" | "memory.limit_in_bytes")
}

/// The greatest of all samples, after what the kernel has counted.
pub(super) fn peaks(scope: &Scope, gauge: &Gauge, counted: Vec<Figure>) -> Reading {
    let samples = gauge.samples();
    let peak = samples
        .iter()
        .copied()
        .reduce(Sample::max)
        .unwrap_or_default();
    let several = peak.processes.is_some_and(|count| count > 1);
    let between = "the greatest of all samples: between two it may have been more";
    let summed = "added up over processes: what they share counts for each of them";
    let unknown = "of some process it could not be told what it has given back with MADV_FREE";
    let mut figures = counted;
    let mut push = |word, value: Option<u64>, from: &str, bound, remark: &str| {
        if let Some(value) = value {
            let remark = match scope {
                Scope::Group(_) => remark.to_owned(),
                Scope::Tree(_) => format!("{NOT_ENFORCED}; {remark}"),
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
        false => (bound, remark),
    };
    let from = "samples: sum of RSS − lazy-free";
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
    let parts = [
        (Word::Usage, last.usage, last.at, "the cgroup"),
        (Word::WorkingSet, last.working_set, last.at, "the cgroup"),
        (Word::Anonymous, last.anonymous, last.at, "the cgroup"),
        (Word::Rss, counted.rss, counted.at, "sum of RSS"),
        (
            Word::Resident,
            weighed.resident,
            weighed.at,
            "sum of RSS − lazy-free",
        ),
        (Word::Pss, weighed.pss, weighed.at, "sum of PSS"),
    ];
    let figures = parts.into_iter().filter_map(|(word, value, at, from)| {
        let figure = Figure::new(word, value? as f64, format!("last sample: {from}"));
        let before = last.at.saturating_sub(at).as_millis();
        let earlier = format!("looked at {before} ms before the rest");
        Some(match (scope, before) {
            (Scope::Group(_), 0) => figure,
            (Scope::Group(_), _) => figure.but(Bound::Doubtful, earlier),
            (Scope::Tree(_), 0) => figure.but(Bound::Exact, NOT_ENFORCED),
            (Scope::Tree(_), _) => {
                figure.but(Bound::Doubtful, format!("{NOT_ENFORCED}; {earlier}"))
            }
        })
    });
    reading(scope, figures.collect())
}

fn reading(scope: &Scope, figures: Vec<Figure>) -> Reading {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Reading {
        source: match scope {
            Scope::Group(group) => group.dir().display().to_string(),
            Scope::Tree(_) => "the processes of the command".to_owned(),
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
        let limit = |dir: &str| counted(&recorded.join(dir), 256 << 20).unwrap()[0].clone();
        for (own, above) in [
            ("v1/healthy", "v1/no-limit/parent/child"),
            ("v2/healthy", "v2/no-limit/parent/child"),
        ] {
            assert_eq!(limit(own).remark, None);
            assert!(limit(above).remark.unwrap().contains("no more than this"));
        }
    }
}
