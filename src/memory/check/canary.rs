//! A candidate against its baseline: live heap, goroutines, the collector's share of the CPU time.
//!
//! Live heap and goroutines are means of both readings of a side, or of a window. A rise counts only if
//! it exceeds the relative bound and that of its figure: 8 goroutines that become 10 are no finding.
//!
//! A live heap is that of the last collection: where none ended between the readings, it may be that of the
//! start of the program, and the true one is anything up to what is allocated. The share of the collector is
//! a rate, and noisy: the same service twice under the same load differs by up to half within some seconds,
//! while what it allocates differs by a hundredth. Its rise counts only if the allocation rate rose as well.

use super::{Amount, Case, Check, Judgement, Readings};
use crate::figure;
use crate::memory::reading::{Bound, Quantity, Word};
use crate::policy::{CanaryPolicy, MemoryCheck};

const ID: MemoryCheck = MemoryCheck::Canary;

/// CPU time, in seconds, that a program must have used for a share of it to say something.
const LEAST_CPU: f64 = 0.1;

/// A figure of one side, or why there is none.
type Side = Result<Amount, String>;

/// Check 8: a check a figure.
pub(super) fn canary(case: Case<'_>) -> Vec<Check> {
    let (Some(candidate), Some(baseline)) = (case.candidate, case.baseline) else {
        let missing = if case.baseline.is_none() {
            "a baseline"
        } else {
            "a candidate"
        };
        return vec![Check::not_asked(
            ID,
            format!("no readings of {missing} were given"),
        )];
    };
    let bounds = &case.policy.canary;
    let sides = [baseline, candidate];
    let mut checks = vec![
        live_heap(sides, bounds),
        compare(
            "goroutines",
            sides.map(|side| mean(side, Word::Goroutines, Word::MeanGoroutines)),
            bounds.relative,
            bounds.goroutines,
        ),
    ];
    if bounds.judge_gc_cpu {
        checks.push(collector(sides, bounds));
    }
    checks
}

/// The live heaps, or the heap goals that follow them.
fn live_heap(sides: [&Readings; 2], bounds: &CanaryPolicy) -> Check {
    let (what, heaps) = heaps(sides);
    let stale = sides.map(is_stale);
    let check = compare(what, heaps.clone(), bounds.relative, bounds.live_heap);
    let ([Ok(before), Ok(after)], [true, _] | [_, true]) = (&heaps, stale) else {
        return check;
    };
    // The live heap of a side lies between what is shown and what is allocated.
    let most = |side: &Readings, shown: f64| {
        let allocated = side
            .now
            .get(Word::HeapAlloc)
            .map_or(f64::INFINITY, |figure| figure.value);
        allocated.max(shown)
    };
    let bound = |value: f64| value + (value * bounds.relative).max(bounds.live_heap);
    let fails = after.value
        > bound(if stale[0] {
            most(sides[0], before.value)
        } else {
            before.value
        });
    let passes = (if stale[1] {
        most(sides[1], after.value)
    } else {
        after.value
    }) <= bound(before.value);
    if fails || passes {
        return check;
    }
    Check::unknown(
        ID,
        format!(
            "{}: no collection ended between the readings, so that these may be of the start of the program",
            check.message
        ),
        "take the readings under load, or ask for /debug/pprof/heap?gc=1 before each",
    )
    .measured(after.clone())
}

/// Whether no collection can be seen to have ended between two readings.
fn is_stale(side: &Readings) -> bool {
    let Some(before) = &side.before else {
        return side.now.get(Word::MeanLiveHeap).is_none();
    };
    let moved = |word: Word| match (before.get(word), side.now.get(word)) {
        (Some(before), Some(now)) => before.value.total_cmp(&now.value).is_ne(),
        _ => false,
    };
    let window = side.now.get(Word::GcCpuShare).is_some();
    !window
        && ![Word::LiveHeap, Word::NextGc, Word::GcCpu]
            .into_iter()
            .any(moved)
}

/// The collector's share of the CPU time, where it can be told.
fn collector(sides: [&Readings; 2], bounds: &CanaryPolicy) -> Check {
    if sides.into_iter().any(restarted) {
        return Check::unknown(
            ID,
            "GC CPU share: the process was started anew between the readings, and its counters with it",
            "find out why it restarted, and take both readings of one process",
        );
    }
    let shares = sides.map(gc_share);
    if let Some(why) = shares.iter().find_map(|share| share.as_ref().err()) {
        return Check::not_asked(ID, format!("GC CPU share: {why}"));
    }
    let check = compare("GC CPU share", shares, bounds.relative, bounds.gc_cpu);
    let rates = sides.map(allocation_rate);
    match (check.judgement, rates) {
        (Judgement::Fail, [Some(before), Some(after)])
            if after <= before * (1.0 + bounds.relative / 2.0) =>
        {
            Check {
                judgement: Judgement::Pass,
                remedy: None,
                message: format!(
                    "{}, and the allocation rate is what it was ({}/s → {}/s): the collector's own noise",
                    check.message,
                    figure::size(before),
                    figure::size(after)
                ),
                ..check
            }
        }
        _ => check,
    }
}

/// Bytes allocated a second between the readings, if both tell their time.
fn allocation_rate(side: &Readings) -> Option<f64> {
    let before = side.before.as_ref()?;
    let seconds = side.now.taken? - before.taken?;
    let bytes = side.now.get(Word::AllocatedTotal)?.value - before.get(Word::AllocatedTotal)?.value;
    (seconds > 0.5 && bytes >= 0.0).then(|| bytes / seconds)
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

/// Whether two readings are of two processes.
pub(super) fn restarted(side: &Readings) -> bool {
    let Some(before) = &side.before else {
        return false;
    };
    let pair = |word: Word| Some((before.get(word)?.value, side.now.get(word)?.value));
    let another = pair(Word::Started).is_some_and(|(before, now)| (before - now).abs() > 1.0);
    let reset = [Word::GcCpu, Word::UsedCpu, Word::AllocatedTotal]
        .into_iter()
        .filter_map(pair)
        .any(|(before, now)| now < before);
    another || reset
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
    let cpu = used - used_before;
    if cpu <= 0.0 {
        return Err("no collection ended between the readings, and the runtime counts its CPU time at the end of one".to_owned());
    }
    if cpu < LEAST_CPU {
        return Err(format!(
            "{} s of CPU time between the readings are too few to tell a share",
            figure::number(cpu)
        ));
    }
    Ok(Amount::new((gc - gc_before) / cpu, Quantity::Share, from))
}
