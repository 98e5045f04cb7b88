//! As few runs as the verdict needs: how many iterations a benchmark gets, and whether a row is settled.
//!
//! Sides are interleaved (baseline, candidate, candidate, baseline), so that a drift of the machine
//! meets both alike. Two samples a side settle a row that is constant and equal. A row that differs
//! gets at least as many as make constant figures certain, and one that varies all that a test can use:
//! samples are never added because of a p-value, which would raise the share of false alarms.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::benchmark::function_of;
use crate::gate::{JudgedRow, Note, Report, Status};
use crate::policy::Gating;

/// Samples a side of a row that varies: enough for a test to tell apart what is apart.
pub(super) const MOST_SAMPLES: usize = 10;
/// Samples a side that make a difference of constant figures certain. The gate asks for 4 of B/op; two
/// more keep figures that have several modes from being taken for one.
const CERTAIN: usize = 6;
/// Samples a side of what is constant and equal.
pub(super) const LEAST_SAMPLES: usize = 2;

/// Iteration counts that are used: round numbers, so that two runs find the same.
const LADDER: [u64; 19] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000,
    500_000, 1_000_000,
];
/// Up to here iterations are worth this much time a sub-benchmark: background allocations of the
/// process are gone from the figures.
const ENOUGH: u64 = 100;
const TIME_TO_ENOUGH: Duration = Duration::from_millis(500);
/// Beyond, this much: set-up inside of the timed part, growth and pools are amortised.
const TIME_BEYOND: Duration = Duration::from_millis(30);
/// And one process takes no longer than this, if it can be helped.
const MOST_TIME: Duration = Duration::from_secs(4);

/// The number of iterations for a benchmark function with `parts` results whose iterations take
/// `once` in all.
pub(super) fn iterations(once: Duration, parts: usize) -> u64 {
    let parts = u32::try_from(parts.max(1)).unwrap_or(u32::MAX);
    let within = |time: Duration| {
        let time = time.saturating_mul(parts).min(MOST_TIME);
        (time.as_secs_f64() / once.as_secs_f64().max(1e-9)) as u64
    };
    let wanted = within(TIME_BEYOND).max(within(TIME_TO_ENOUGH).min(ENOUGH));
    LADDER
        .iter()
        .rev()
        .find(|step| **step <= wanted)
        .copied()
        .unwrap_or(1)
}

/// The benchmark functions, as package and name, that have a row which is not settled.
pub(super) fn undecided(report: &Report) -> BTreeSet<(String, String)> {
    let open = report.rows.iter().filter(|row| !is_settled(row));
    open.map(|row| {
        (
            row.key.package.clone(),
            function_of(&row.key.benchmark).to_owned(),
        )
    })
    .collect()
}

/// Whether more samples could change what becomes of a row.
fn is_settled(row: &JudgedRow) -> bool {
    if row.gating != Gating::Gate {
        return true;
    }
    let (Some(baseline), Some(candidate)) = (&row.baseline, &row.candidate) else {
        return true;
    };
    let samples = baseline.samples.len().min(candidate.samples.len());
    let worse_by = candidate.center - baseline.center;
    if baseline.is_constant() && candidate.is_constant() {
        let equal = baseline.least().total_cmp(&candidate.least()).is_eq();
        return samples >= if equal { LEAST_SAMPLES } else { CERTAIN };
    }
    if samples >= MOST_SAMPLES {
        return true;
    }
    // Stopping because there is nothing to find can miss something small; it cannot raise an alarm.
    let tolerated = 0.5 * row.threshold.relative * baseline.center;
    let no_worse = worse_by <= tolerated && candidate.greatest() <= baseline.greatest() + tolerated;
    let quantised = row.status == Status::Unchanged && row.notes.contains(&Note::Quantised);
    samples >= CERTAIN && (no_worse || quantised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_are_round_and_affordable() {
        let of = |nanos: u64, parts| iterations(Duration::from_nanos(nanos), parts);
        assert_eq!(of(0, 1), 1_000_000);
        assert_eq!(of(50, 1), 500_000);
        assert_eq!(of(25_000, 1), 1000);
        assert_eq!(of(4_000_000, 1), 100);
        assert_eq!(of(10_000_000, 1), 50);
        assert_eq!(of(1_000_000_000, 1), 1);
        assert_eq!(of(60_000_000_000, 1), 1);
        // Fifty results, a microsecond an iteration each.
        assert_eq!(of(50_000, 50), 20_000);
        assert_eq!(of(50_000_000, 50), 50);
    }
}
