//! What is used: the working set, and whether the kernel had to kill.

use super::{Amount, Case, Check, Judgement, within};
use crate::figure;
use crate::memory::reading::{Bound, Figure, Quantity, Reading, Word};
use crate::policy::{MemoryCheck, MemoryPolicy};

/// The words that can be held against the limit, best first. A peak counts before what was used at a
/// moment, however doubtful it is: a quiet moment shows nothing of what went before.
const HELD: [[Word; 2]; 2] = [
    [Word::PeakWorkingSet, Word::WorkingSet],
    [Word::PeakResident, Word::Resident],
];

fn held(now: &Reading) -> Option<&Figure> {
    let best = |pair: &[Word; 2]| pair.iter().find_map(|word| now.get(*word));
    let all = || HELD.iter().filter_map(best);
    all()
        .find(|figure| figure.bound != Bound::Doubtful)
        .or_else(|| all().next())
}

/// Check 5: the working set is within its share of the limit.
pub(super) fn working_set(case: Case<'_>) -> Check {
    const ID: MemoryCheck = MemoryCheck::WorkingSet;
    let Some(readings) = case.candidate else {
        return Check::not_asked(ID, "no reading of a running program was given");
    };
    let now = &readings.now;
    let limit = limit(case, now);
    let share = case.policy.working_set_share;
    let budget = limit.as_ref().map_or(0.0, |limit| limit.value * share);
    // Of a run so short that no sample was taken the kernel's own peak is known.
    let peak = || {
        now.get(Word::PeakUsage)
            .filter(|peak| within(peak, budget) == Some(true))
    };
    let Some(figure) = held(now).or_else(peak) else {
        let remedy = "read the container's cgroup, its cAdvisor figures, or /proc/PID";
        return match now
            .get(Word::Rss)
            .or(now.get(Word::Usage))
            .or(now.get(Word::PeakUsage))
        {
            Some(other) => {
                let (word, value) = (other.word.label(), figure::size(other.value));
                let message = format!("{word} is {value}, and that is not the working set");
                Check::unknown(ID, message, remedy).measured(Amount::of(other))
            }
            None => {
                let message = "the reading has no figure of the memory that the container uses";
                Check::unknown(ID, message, remedy)
            }
        };
    };
    let measured = Amount::of(figure);
    let Some(limit) = limit else {
        // That there is none is another check's matter.
        let message = format!(
            "the {} is {}, and no limit is known to hold it against",
            figure.word.label(),
            figure::size(figure.value)
        );
        return Check::not_asked(ID, message).measured(measured);
    };
    if figure.value <= 0.0 {
        return Check::unknown(
            ID,
            format!(
                "the {} is 0 B, which no running program is",
                figure.word.label()
            ),
            "read it while the program runs",
        )
        .measured(measured);
    }
    let bound = Amount::new(
        budget,
        Quantity::Bytes,
        format!(
            "{} of the limit {}, {}",
            figure::percent(share),
            figure::size(limit.value),
            limit.from
        ),
    );
    let (value, at_most) = figure::sizes(figure.value, budget);
    let relation = format!(
        "the {} is {value}, {} of the limit",
        figure.word.label(),
        figure::percent(figure.value / limit.value)
    );
    let killed = is_peak(figure.word)
        && now
            .get(Word::OomKills)
            .is_some_and(|kills| within(kills, 0.0) == Some(false));
    const LOOK: &str =
        "find what holds it with `go tool pprof -sample_index=inuse_space`, or raise the limit";
    let check = match within(figure, budget) {
        _ if killed => Check::fail(
            ID,
            format!(
                "the limit was reached with memory that cannot be dropped: the kernel killed for it; the {} that was seen is {value}",
                figure.word.label()
            ),
            LOOK,
        ),
        Some(true) => Check::pass(ID, relation + &aside(figure, now, budget)),
        Some(false) => match uncached(figure, now).filter(|held| *held <= budget) {
            Some(held) => Check::pass(
                ID,
                format!(
                    "{relation}, and {} of it without the file cache in recent use, which the kernel drops, too, before it kills",
                    figure::size(held)
                ),
            ),
            None => Check::fail(ID, format!("{relation}: more than {at_most}"), LOOK),
        },
        // A peak of samples: the kernel held the whole run below the limit.
        None if figure.bound == Bound::AtLeast && is_peak(figure.word) => {
            sampled(&relation, now, budget)
        }
        None => {
            let why = figure.remark.as_deref().unwrap_or("the figure is doubtful");
            Check::unknown(
                ID,
                format!("{relation}, and that cannot be judged: {why}"),
                "read the container's cgroup, its cAdvisor figures, or /proc/PID/smaps_rollup",
            )
        }
    };
    check.measured(measured).bound(bound)
}

fn is_peak(word: Word) -> bool {
    matches!(word, Word::PeakWorkingSet | Word::PeakResident)
}

/// A working set without the file cache that is in recent use, as far as that is known.
fn uncached(figure: &Figure, now: &Reading) -> Option<f64> {
    let get = |word: Word| {
        let figure = now.get(word)?;
        matches!(figure.bound, Bound::Exact | Bound::AtLeast).then_some(figure.value)
    };
    match figure.word {
        Word::PeakWorkingSet => get(Word::PeakUncached),
        Word::WorkingSet => Some(figure.value - get(Word::ActiveFile)?),
        _ => None,
    }
}

/// A peak of samples that fits: what was there between them the kernel's own peak bounds, if it is not page
/// cache.
fn sampled(relation: &str, now: &Reading, budget: f64) -> Check {
    const ID: MemoryCheck = MemoryCheck::WorkingSet;
    let Some(peak) = now
        .get(Word::PeakUsage)
        .filter(|peak| within(peak, budget) != Some(true))
    else {
        return Check::pass(ID, relation);
    };
    let cache = now
        .get(Word::PeakFileCache)
        .map_or(0.0, |cache| cache.value);
    let (usage, cached) = (figure::size(peak.value), figure::size(cache));
    if peak.value - cache <= budget {
        let message = format!(
            "{relation}; the peak usage of {usage} has page cache in it, of which {cached} were seen"
        );
        return Check::pass(ID, message);
    }
    Check::unknown(
        ID,
        format!(
            "{relation}, in samples; the kernel's own peak of usage is {usage}, of which {cached} were seen to be page cache: \
             between samples there may have been more than {}",
            figure::size(budget)
        ),
        "sample more often (--interval 10ms), or let it run longer at its peak",
    )
}

/// The figures that look like a fail beside a pass, and are none.
fn aside(figure: &Figure, now: &Reading, budget: f64) -> String {
    let mut text = String::new();
    let over = |word: Word| now.get(word).filter(|other| other.value > budget);
    match (figure.word, over(Word::Usage), over(Word::Rss)) {
        (Word::WorkingSet, Some(usage), _) => text.push_str(&format!(
            "; usage is {}, and the difference is page cache, which the kernel drops before it kills",
            figure::size(usage.value)
        )),
        (Word::Resident, _, Some(rss)) => text.push_str(&format!(
            "; RSS is {}, and the difference is given back and taken away under pressure",
            figure::size(rss.value)
        )),
        _ => {}
    }
    if matches!(figure.word, Word::Resident | Word::PeakResident) {
        text.push_str("; of the process alone: page cache, tmpfs and other processes of the container are not in it");
    }
    if let Some(swap) = now.get(Word::Swap).filter(|swap| swap.value > 0.0) {
        text.push_str(&format!(
            "; {} of it are in swap, which not every machine has",
            figure::size(swap.value)
        ));
    }
    if let (Bound::AtMost, Some(remark)) = (figure.bound, &figure.remark) {
        text.push_str(&format!("; at most: {remark}"));
    }
    text
}

/// The limit that a reading is held against: the kernel's own, else the declared one.
fn limit(case: Case<'_>, now: &Reading) -> Option<Amount> {
    let kernel = now
        .get(Word::Limit)
        .filter(|limit| limit.bound != Bound::Doubtful && limit.value.is_finite());
    if let Some(limit) = kernel {
        return Some(Amount::of(limit));
    }
    if let Some(declared) = case.container.map(|container| &container.limit)
        && let (Some(limit), Some(at)) = (
            declared.value().and_then(|limit| limit.bytes()),
            declared.at(),
        )
    {
        return Some(Amount::new(limit as f64, Quantity::Bytes, at));
    }
    stated(case.policy)
}

fn stated(policy: &MemoryPolicy) -> Option<Amount> {
    let stated = policy.limit.as_ref()?;
    Some(Amount::new(
        stated.value,
        Quantity::Bytes,
        stated.at.clone(),
    ))
}

/// Check 6: the kernel killed nothing for the limit.
pub(super) fn no_oom(case: Case<'_>) -> Check {
    const ID: MemoryCheck = MemoryCheck::NoOom;
    let Some(readings) = case.candidate else {
        return Check::not_asked(ID, "no reading of a running program was given");
    };
    let Some(kills) = readings.now.get(Word::OomKills) else {
        return if readings.now.get(Word::Usage).is_some() {
            Check::unknown(
                ID,
                "the reading does not count OOM kills",
                "read the container's cgroup (memory.events, or memory.oom_control of Linux 4.13 and later)",
            )
        } else {
            Check::not_asked(ID, "the reading is not of a container")
        };
    };
    let earlier = readings
        .before
        .as_ref()
        .and_then(|before| before.get(Word::OomKills));
    // Of two readings what came between counts.
    let (kills, between) = match earlier.filter(|earlier| earlier.value <= kills.value) {
        Some(earlier) => {
            let since = Figure {
                value: kills.value - earlier.value,
                bound: Bound::Exact,
                ..kills.clone()
            };
            (since, " between the readings")
        }
        None => (kills.clone(), ""),
    };
    let number = kills.value as usize;
    let judged = match within(&kills, 0.0) {
        Some(true) => Check::pass(
            ID,
            format!("the kernel killed nothing for the limit{between}"),
        ),
        Some(false) => Check::fail(
            ID,
            format!(
                "the kernel killed {} for the limit{between}",
                match number {
                    1 => "a process".to_owned(),
                    more => format!("{more} processes"),
                }
            ),
            "raise the limit or hold less; `allocgate memory plan` says what a load needs",
        ),
        // Nothing was seen, by what does not see everything: no doubt unless somebody asks.
        None if number == 0 => Check::not_asked(ID, kills.remark.clone().unwrap_or_default()),
        None => Check::new(
            ID,
            Judgement::CouldNotJudge,
            kills
                .remark
                .clone()
                .unwrap_or_else(|| "the count is doubtful".to_owned()),
        ),
    };
    judged
        .measured(Amount::of(&kills))
        .bound(Amount::new(0.0, Quantity::Count, "none"))
}
