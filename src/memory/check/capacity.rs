//! Whether the peak that a load leads to fits.

use super::settings::Settings;
use super::{Amount, Case, Check};
use crate::figure;
use crate::memory::amount::{Gogc, MEBIBYTE};
use crate::memory::declared::Declared;
use crate::memory::plan;
use crate::memory::reading::{Bound, Quantity, Word};
use crate::policy::MemoryCheck;

/// How to get an exact live heap.
pub(super) const EXPOSE_LIVE_HEAP: &str = "expose go_gc_heap_live_bytes: client_golang's collectors.NewGoCollector with \
     collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsGC)";

/// No Go program has less besides its heap: the runtime and the pages of the binary in use.
const LEAST_FIXED: f64 = 4.0 * MEBIBYTE;

/// A load, how well it is known, and where from.
pub(super) struct Known {
    pub(super) load: plan::Load,
    /// Whether the live heap is that, and not at most that.
    pub(super) exact: bool,
    /// Where the live heap comes from.
    pub(super) from: String,
    /// How the stacks were calculated.
    pub(super) stacks: String,
    /// How the fixed part was found.
    pub(super) fixed: &'static str,
    /// Whether the reading tells nothing of stacks or goroutines: there are more than none.
    pub(super) stackless: bool,
}

/// The load that is known, if the live heap is.
pub(super) fn load(case: Case<'_>, settings: &Settings, gogc: Gogc) -> Option<Known> {
    let now = case.candidate.map(|readings| &readings.now);
    let get = |word| {
        now.and_then(|now| now.get(word))
            .filter(|figure| figure.bound != Bound::Doubtful)
    };
    let policy = case.policy;
    let (live_heap, exact, from) = match (get(Word::LiveHeap), &policy.live_heap) {
        (Some(figure), _) => (
            figure.value,
            figure.bound == Bound::Exact,
            figure.from.clone(),
        ),
        (None, Some(stated)) => (stated.value, true, stated.at.clone()),
        (None, None) => return None,
    };
    let (stacks, measured, how) = match (get(Word::StackInuse), get(Word::Goroutines)) {
        (Some(stacks), _) => (
            stacks.value,
            true,
            format!("stacks {}", figure::size(stacks.value)),
        ),
        (None, goroutines) => {
            let stated = policy.goroutines.as_ref().map(|stated| stated.value);
            let number = goroutines
                .map(|figure| figure.value)
                .or(stated)
                .unwrap_or(0.0);
            let how = format!(
                "{} goroutines × {}",
                figure::number(number),
                figure::size(policy.stack)
            );
            (number * policy.stack, false, how)
        }
    };
    let stackless =
        !measured && stacks <= 0.0 && now.is_some_and(|now| now.get(Word::LiveHeap).is_some());
    // What is resident and neither heap nor stack is measured where all three are known, and includes what the
    // runtime does not see.
    let parts = [Word::HeapInuse, Word::IdleRetained, Word::StackInuse]
        .map(|word| get(word).map(|figure| figure.value));
    let rest = match (get(Word::Resident), parts) {
        (Some(resident), [Some(inuse), Some(idle), Some(stack)]) => {
            Some((resident.value - inuse - idle - stack).max(LEAST_FIXED))
        }
        _ => None,
    };
    let (fixed, outside_go, how_fixed) = match rest {
        // What is known to come is not there yet, perhaps.
        Some(rest) => (rest.max(policy.outside_go), 0.0, "besides, measured"),
        None => (policy.fixed, policy.outside_go, "fixed"),
    };
    Some(Known {
        load: plan::Load {
            live_heap,
            stacks,
            scanned_stacks: if measured { stacks } else { 0.0 },
            fixed,
            outside_go,
            gogc,
            gomemlimit: settings.gomemlimit_bytes(),
        },
        exact,
        from,
        stacks: how,
        fixed: how_fixed,
        stackless,
    })
}

/// Check 7: the predicted peak fits.
pub(super) fn capacity(case: Case<'_>, settings: &Settings) -> Check {
    const ID: MemoryCheck = MemoryCheck::Capacity;
    const NO_HEAP: &str =
        "the live heap is not known: neither a reading nor the policy (live-heap) tells it";
    let Some(mut known) = load(case, settings, Gogc::DEFAULT) else {
        return Check::not_asked(ID, NO_HEAP);
    };
    known.load.gogc = match &settings.gogc {
        Declared::Set { value, .. } => *value,
        Declared::Unknown { why, at } => {
            return Check::unknown(
                ID,
                format!("{at}: {why}"),
                "give the value of GOGC as it is applied",
            );
        }
        // What is no GOGC counts as the default.
        Declared::Absent | Declared::Invalid { .. } => Gogc::DEFAULT,
    };
    let prediction = known.load.predict();
    let how = arithmetic(&known, &prediction);
    let measured = Amount::new(
        prediction.peak,
        Quantity::Bytes,
        format!("the live heap, {}", known.from),
    );
    let Some(limit) = settings.limit_bytes() else {
        let message = format!("{how}, and no limit is known to hold it against");
        return Check::not_asked(ID, message).measured(measured);
    };
    let reserve = prediction.reserve(case.policy.reserve, case.policy.gomemlimit_share);
    let bound = Amount::new(
        limit * (1.0 - reserve),
        Quantity::Bytes,
        format!(
            "the limit {} less {} in reserve, {}",
            figure::size(limit),
            figure::percent(reserve),
            settings.limit.at().unwrap_or_default()
        ),
    );
    let fits = prediction.peak <= bound.value;
    // Without a bound it does not matter how much is live.
    let certain = known.exact || prediction.peak.is_infinite();
    let check = match (fits, certain) {
        (true, _) if known.stackless => Check::unknown(
            ID,
            format!("{how}, and neither goroutines nor stacks are known"),
            "read a page with go_goroutines, or state them (goroutines, under [memory])",
        ),
        (true, _) => Check::pass(
            ID,
            format!("{how}; {} are there", figure::size(bound.value)),
        ),
        (false, true) => Check::fail(
            ID,
            format!("{how}; {} are there", figure::size(bound.value)),
            "lower GOMEMLIMIT or GOGC, hold less, or raise the limit; `allocgate memory plan` calculates it",
        ),
        (false, false) => Check::unknown(
            ID,
            format!(
                "{how}, more than {}, if the live heap is what is shown: it may be less",
                figure::size(bound.value)
            ),
            EXPOSE_LIVE_HEAP,
        ),
    };
    check.measured(measured).bound(bound)
}

/// `predicted peak 865.6 MiB = 400 MiB live × (1 + 100/100) + 2,000 goroutines × 8 KiB + 50 MiB fixed`.
fn arithmetic(known: &Known, prediction: &plan::Prediction) -> String {
    let load = &known.load;
    if prediction.peak.is_infinite() {
        return "GOGC is off without a GOMEMLIMIT: the heap has no bound".to_owned();
    }
    let mut text = format!("predicted peak {} = ", figure::size(prediction.peak));
    let growth = match load.gogc {
        Gogc::Percent(percent) if load.scanned_stacks > 0.0 => format!(
            "{0} live + ({0} + stacks) × {percent}/100",
            figure::size(load.live_heap)
        ),
        Gogc::Percent(percent) => format!(
            "{} live × (1 + {percent}/100)",
            figure::size(load.live_heap)
        ),
        Gogc::Off => format!("{} live, GOGC off", figure::size(load.live_heap)),
    };
    text.push_str(&match (prediction.bounded, load.gomemlimit) {
        (true, Some(limit)) => format!(
            "GOMEMLIMIT {}, which bounds {growth} + {} + {} {}",
            figure::size(limit),
            known.stacks,
            figure::size(load.fixed),
            known.fixed
        ),
        _ => format!(
            "{growth} + {} + {} {}",
            known.stacks,
            figure::size(load.fixed),
            known.fixed
        ),
    });
    if load.outside_go > 0.0 {
        text.push_str(&format!(" + {} outside Go", figure::size(load.outside_go)));
    }
    text
}
