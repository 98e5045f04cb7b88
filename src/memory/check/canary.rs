//! A candidate against its baseline: live heap, goroutines, the collector's share of the CPU time.
//!
//! Live heap and goroutines are means of both readings of a side, or of a window. The share of the
//! collector is a rate and takes two readings. A rise counts only if it exceeds the relative bound and
//! that of its figure: 8 goroutines that become 10 are no finding.

use super::{Amount, Case, Check, Readings};
use crate::figure;
use crate::memory::reading::{Bound, Quantity, Word};
use crate::policy::MemoryCheck;

const ID: MemoryCheck = MemoryCheck::Canary;

/// CPU time, in seconds, that a program must have used for a share of it to say something.
const LEAST_CPU: f64 = 1.0;

/// A figure of one side, or why there is none.
type Side = Result<Amount, String>;

/// Check 8: a check a figure.
pub(super) fn canary(case: Case<'_>) -> Vec<Check> {
    let (Some(candidate), Some(baseline)) = (case.candidate, case.baseline) else {
        return vec![Check::not_asked(ID, "no readings of a baseline were given")];
    };
    let bounds = &case.policy.canary;
    let sides = [baseline, candidate];
    let (heap, heaps) = heaps(sides);
    let mut checks = vec![
        compare(heap, heaps, bounds.relative, bounds.live_heap),
        compare(
            "goroutines",
            sides.map(|side| mean(side, Word::Goroutines, Word::MeanGoroutines)),
            bounds.relative,
            bounds.goroutines,
        ),
    ];
    if bounds.judge_gc_cpu {
        let shares = sides.map(gc_share);
        checks.push(compare(
            "GC CPU share",
            shares,
            bounds.relative,
            bounds.gc_cpu,
        ));
    }
    checks
}

fn compare(what: &str, sides: [Side; 2], relative: f64, absolute: f64) -> Check {
    let (before, after) = match sides {
        [Ok(before), Ok(after)] => (before, after),
        [Err(why), _] => return unknown(what, "baseline", &why),
        [_, Err(why)] => return unknown(what, "candidate", &why),
    };
    let rise = after.value - before.value;
    let share = if before.value > 0.0 {
        format!(" ({})", figure::signed_percent(rise / before.value))
    } else {
        String::new()
    };
    let message = format!("{what}: {} → {}{share}", before.text(), after.text());
    let bound = before.value + (before.value * relative).max(absolute);
    let bound = Amount::new(
        bound,
        before.quantity,
        format!(
            "{} and more than {} over the baseline, {}",
            figure::percent(relative),
            super::show(absolute, before.quantity),
            before.from
        ),
    );
    let check = if after.value > bound.value {
        Check::fail(ID, message, remedy(what))
    } else {
        Check::pass(ID, message)
    };
    check.measured(after).bound(bound)
}

fn remedy(what: &str) -> &'static str {
    match what {
        "goroutines" => "see who waits: `curl …/debug/pprof/goroutine?debug=1`",
        "GC CPU share" => {
            "see who allocates: `go tool pprof -sample_index=alloc_space` on /debug/pprof/allocs of both"
        }
        _ => "see what holds it: `go tool pprof -diff_base` on /debug/pprof/heap of both",
    }
}

fn unknown(what: &str, side: &str, why: &str) -> Check {
    Check::unknown(
        ID,
        format!("{what}: {why} ({side})"),
        "take two readings a side, some time apart, of pages that have the figure",
    )
}

/// The mean over a window, or of the readings.
fn mean(side: &Readings, word: Word, window: Word) -> Side {
    if let Some(mean) = side.now.get(window) {
        return Ok(Amount::of(mean));
    }
    let readings = side.before.iter().chain([&side.now]);
    let figures: Option<Vec<_>> = readings.map(|reading| reading.get(word)).collect();
    let figures = figures.ok_or_else(|| format!("the reading has no {}", word.label()))?;
    if let Some(figure) = figures.iter().find(|figure| figure.bound != Bound::Exact) {
        return Err(figure
            .remark
            .clone()
            .unwrap_or_else(|| format!("{} is doubtful", figure.from)));
    }
    let sum: f64 = figures.iter().map(|figure| figure.value).sum();
    let from = figures
        .last()
        .map_or(String::new(), |figure| figure.from.clone());
    let from = match figures.len() {
        1 => from,
        readings => format!("mean of {readings} readings, {from}"),
    };
    Ok(Amount::new(
        sum / figures.len() as f64,
        word.quantity(),
        from,
    ))
}

/// The live heap of both sides, or else their heap goals: a goal is a multiple of the live heap, and
/// the same one for both if GOGC is the same and GOMEMLIMIT does not bound it.
fn heaps(sides: [&Readings; 2]) -> (&'static str, [Side; 2]) {
    let live = sides.map(|side| mean(side, Word::LiveHeap, Word::MeanLiveHeap));
    if live.iter().all(Result::is_ok) {
        return ("live heap", live);
    }
    let gogc = sides.map(|side| {
        let now = &side.now;
        let gogc = now.get(Word::Gogc).map(|figure| figure.value)?;
        let goal = now.get(Word::NextGc)?.value;
        let limit = now
            .get(Word::Gomemlimit)
            .map_or(f64::INFINITY, |figure| figure.value);
        (gogc.is_finite() && goal < 0.5 * limit).then_some(gogc.to_bits())
    });
    let goals = sides.map(|side| mean(side, Word::NextGc, Word::NextGc));
    match gogc {
        [Some(a), Some(b)] if a == b && goals.iter().all(Result::is_ok) => ("heap goal", goals),
        _ => ("live heap", live),
    }
}

/// The share of the CPU time that the collector used: over a window, or between two readings.
pub(super) fn gc_share(side: &Readings) -> Side {
    if let Some(share) = side.now.get(Word::GcCpuShare) {
        return Ok(Amount::of(share));
    }
    let Some(before) = &side.before else {
        return Err(
            "the collector's share of the CPU time is a rate: it takes two readings".to_owned(),
        );
    };
    let now = &side.now;
    let get = |word: Word| {
        let missing = || format!("the page does not tell the {}", word.label());
        let figure = now.get(word).ok_or_else(missing)?;
        let earlier = before.get(word).ok_or_else(missing)?;
        Ok::<_, String>((earlier.value, figure.value, figure.from.clone()))
    };
    let (gc_before, gc, from) = get(Word::GcCpu)?;
    let (used_before, used, _) = get(Word::UsedCpu)?;
    let restarted = match (before.get(Word::Started), now.get(Word::Started)) {
        (Some(before), Some(now)) => (before.value - now.value).abs() > 1.0,
        _ => false,
    };
    if restarted || gc < gc_before || used < used_before {
        return Err(
            "the process was started anew between the readings, and its counters with it"
                .to_owned(),
        );
    }
    let cpu = used - used_before;
    if cpu < LEAST_CPU {
        return Err(format!(
            "only {} s of CPU time were used between the readings, too few to tell a share; take them under load",
            figure::number(cpu)
        ));
    }
    Ok(Amount::new((gc - gc_before) / cpu, Quantity::Share, from))
}
