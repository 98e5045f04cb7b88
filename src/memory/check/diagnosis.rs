//! What two readings in time suggest, and the command to run next. Advice, never a verdict.

use super::canary::{gc_share, restarted};
use super::{Case, Check, Judgement, Readings};
use crate::figure;
use crate::memory::amount::MEBIBYTE;
use crate::memory::reading::{Bound, Figure, Word};
use crate::policy::MemoryCheck;

const ID: MemoryCheck = MemoryCheck::Diagnosis;

/// What is no movement: less than this share of the earlier value, or less than this many bytes. Under a
/// load that allocates 400 MiB/s a live heap of 50 MiB was seen to vary by 14 % from page to page.
const STILL_SHARE: f64 = 0.20;
const STILL_BYTES: f64 = 4.0 * MEBIBYTE;
const STILL_GOROUTINES: f64 = 16.0;
/// What the collector's share must rise by: a percentage point.
const STILL_CPU: f64 = 0.01;
/// From here on the space between objects is worth a word: this share of the heap in use, and bytes.
const FRAGMENTED_SHARE: f64 = 0.3;
const FRAGMENTED_BYTES: f64 = 16.0 * MEBIBYTE;

/// A figure at both readings.
struct Trend<'a> {
    before: &'a Figure,
    now: &'a Figure,
    still: f64,
}

impl Trend<'_> {
    fn rise(&self) -> f64 {
        self.now.value - self.before.value
    }

    fn up(&self) -> bool {
        self.rise() > self.still.max(STILL_SHARE * self.before.value)
    }

    fn flat(&self) -> bool {
        self.rise().abs() <= self.still.max(STILL_SHARE * self.before.value)
    }

    /// Whether its rise is most of another one's.
    fn explains(&self, other: &Trend<'_>) -> bool {
        self.rise() > 0.5 * other.rise()
    }

    /// `RSS 40 MiB → 180 MiB`.
    fn text(&self) -> String {
        let shown = |figure: &Figure| super::show(figure.value, figure.word.quantity());
        format!(
            "{} {} → {}",
            self.now.word.label(),
            shown(self.before),
            shown(self.now)
        )
    }
}

/// Check 9: advice, as much as there is.
pub(super) fn diagnosis(case: Case<'_>) -> Vec<Check> {
    let Some(readings) = case.candidate else {
        return vec![Check::not_asked(
            ID,
            "no reading of a running program was given",
        )];
    };
    let mut advice = Vec::new();
    if let Some(check) = fragmentation(readings) {
        advice.push(check);
    }
    let Some(before) = &readings.before else {
        if advice.is_empty() {
            advice.push(Check::not_asked(ID, "a trend takes two readings in time"));
        }
        return advice;
    };
    let now = &readings.now;
    if restarted(readings) {
        let message = "the readings are of two processes: it was started anew between them, or they are swapped";
        advice.push(Check::new(ID, Judgement::Advice, message));
        return advice;
    }
    let trend = |word: Word, still: f64| {
        let [before, now] = [before, now].map(|reading| {
            reading
                .get(word)
                .filter(|figure| figure.bound != Bound::Doubtful)
        });
        Some(Trend {
            before: before?,
            now: now?,
            still,
        })
    };
    let bytes = |word: Word| trend(word, STILL_BYTES);
    let first = |words: &[Word]| words.iter().find_map(|word| bytes(*word));
    // The sawtooth of what is allocated says nothing: the live heap, or the goal that follows it.
    let heap = exact(bytes(Word::LiveHeap)).or(bytes(Word::NextGc));
    let resident = first(&[Word::Rss, Word::Resident, Word::Anonymous]);
    if let Some(resident) = resident.filter(Trend::up) {
        advice.push(match &heap {
            None => advise(
                format!("{}: a leak, a growing working set, or idle pages kept", resident.text()),
                "read the Go metrics at both moments, too: the live heap tells these apart",
            ),
            Some(heap) if heap.up() => advise(
                format!("{}, {}: a leak, or a growing working set", resident.text(), heap.text()),
                "compare heap profiles of both moments: `go tool pprof -diff_base before.pb.gz http://…/debug/pprof/heap`",
            ),
            Some(heap) => {
                let trends = format!("{}, {}", resident.text(), heap.text());
                kept_or_unseen(&resident, &trends, bytes)
            }
        });
    }
    if let Some(goroutines) = trend(Word::Goroutines, STILL_GOROUTINES).filter(Trend::up) {
        advice.push(advise(
            format!("{}: leaked goroutines", goroutines.text()),
            "see where they wait: `curl 'http://…/debug/pprof/goroutine?debug=1'`",
        ));
    }
    advice.extend(collector(readings, before, heap.as_ref()));
    advice.extend(usage_alone(
        bytes(Word::Usage),
        first(&[Word::Anonymous, Word::RssAnonymous]),
        bytes(Word::Shmem),
    ));
    if advice.is_empty() {
        advice.push(Check::new(
            ID,
            Judgement::Advice,
            "nothing moved between the readings that asks for advice",
        ));
    }
    advice
}

fn exact(trend: Option<Trend<'_>>) -> Option<Trend<'_>> {
    trend.filter(|trend| trend.before.bound == Bound::Exact && trend.now.bound == Bound::Exact)
}

fn advise(message: String, next: &str) -> Check {
    Check::new(ID, Judgement::Advice, message).remedy(next)
}

/// Usage rose and anonymous memory did not: page cache, or what only looks like it.
fn usage_alone(
    usage: Option<Trend<'_>>,
    anonymous: Option<Trend<'_>>,
    shmem: Option<Trend<'_>>,
) -> Option<Check> {
    let (usage, anonymous) = (usage.filter(Trend::up)?, anonymous.filter(Trend::flat)?);
    let trends = format!("{}, {}", usage.text(), anonymous.text());
    Some(match shmem.filter(|shmem| shmem.explains(&usage)) {
        Some(shmem) => advise(
            format!(
                "{trends}, {}: tmpfs or shared memory, which is not dropped",
                shmem.text()
            ),
            "look into /dev/shm and emptyDir volumes of medium Memory: `du -sh`",
        ),
        None => advise(
            format!("{trends}: page cache, which the kernel drops when it needs the room"),
            "nothing to do for the limit; `grep -E '^(file|inactive_file) ' memory.stat` shows it",
        ),
    })
}

/// RSS rose and the heap did not: what rose by most of that is the cause.
fn kept_or_unseen<'a>(
    resident: &Trend<'_>,
    trends: &str,
    bytes: impl Fn(Word) -> Option<Trend<'a>>,
) -> Check {
    let cause = |word: Word| bytes(word).filter(|trend| trend.explains(resident));
    if let Some(lazy) = cause(Word::LazyFree) {
        return advise(
            format!(
                "{trends}, {}: pages given back lazily, which the kernel takes when it needs them",
                lazy.text()
            ),
            "nothing to do for the limit; GODEBUG=madvdontneed=1 makes RSS follow",
        );
    }
    if let Some(idle) = cause(Word::IdleRetained) {
        return advise(
            format!(
                "{trends}, {}: idle pages that the runtime keeps and returns in minutes",
                idle.text()
            ),
            "wait some minutes and read again; GODEBUG=scavtrace=1 shows the return, GOMEMLIMIT hastens it",
        );
    }
    if let Some(stacks) = cause(Word::StackInuse) {
        return advise(
            format!("{trends}, {}: stacks of goroutines", stacks.text()),
            "see where they wait: `curl 'http://…/debug/pprof/goroutine?debug=1'`",
        );
    }
    match bytes(Word::RuntimeTotal) {
        // RSS rose by more than the runtime did, and is more than all that the runtime has.
        Some(runtime)
            if resident.rise() - runtime.rise() > 0.5 * resident.rise()
                && resident.now.value > runtime.now.value =>
        {
            advise(
                format!(
                    "{trends}, {}: memory that the Go runtime does not see (cgo, mmap, C libraries)",
                    runtime.text()
                ),
                "see who maps it: `pmap -X PID | sort -k6 -n | tail`, and leave it room below the limit (outside-go)",
            )
        }
        _ => advise(
            format!(
                "{trends}: garbage between collections, idle pages, or memory that Go does not see; the figures do not tell which"
            ),
            "read again after /debug/pprof/heap?gc=1, with the Go metrics and the process: what is left is not garbage",
        ),
    }
}

/// The collector used more of the CPU time than before, and the heap is what it was: more is allocated.
fn collector(
    readings: &Readings,
    before: &crate::memory::reading::Reading,
    heap: Option<&Trend<'_>>,
) -> Option<Check> {
    let share = gc_share(readings).ok()?.value;
    let get = |word: Word| Some(before.get(word)?.value);
    let (gc, used) = (get(Word::GcCpu)?, get(Word::UsedCpu)?);
    let earlier = if used > 0.0 { gc / used } else { return None };
    if share - earlier <= STILL_CPU || share <= earlier * (1.0 + STILL_SHARE) || !heap?.flat() {
        return None;
    }
    // Since the start until the first reading, and since then.
    let (allocated, at, started) = (
        get(Word::AllocatedTotal)?,
        before.taken?,
        get(Word::Started)?,
    );
    let since = readings.now.get(Word::AllocatedTotal)?.value - allocated;
    let rates = [
        allocated / (at - started).max(0.1),
        since / (readings.now.taken? - at).max(0.1),
    ];
    if rates[1] <= rates[0] * (1.0 + STILL_SHARE) {
        return None;
    }
    Some(advise(
        format!(
            "GC CPU share {} until the first reading → {} since, {}: the allocation rate rose, {}/s → {}/s",
            figure::percent(earlier),
            figure::percent(share),
            heap?.text(),
            figure::size(rates[0]),
            figure::size(rates[1])
        ),
        "see who allocates: `go tool pprof -sample_index=alloc_space http://…/debug/pprof/allocs?seconds=30`",
    ))
}

/// Spans are much larger than the objects in them.
fn fragmentation(readings: &Readings) -> Option<Check> {
    let (inuse, alloc) = (
        readings.now.get(Word::HeapInuse)?,
        readings.now.get(Word::HeapAlloc)?,
    );
    let lost = inuse.value - alloc.value;
    (lost > FRAGMENTED_BYTES && lost > FRAGMENTED_SHARE * inuse.value).then(|| {
        advise(
            format!(
                "heap in use {} is far above heap allocated {}: fragmentation, or objects not yet swept",
                figure::size(inuse.value),
                figure::size(alloc.value)
            ),
            "see which sizes survive: `curl 'http://…/debug/pprof/heap?debug=1'` ends with the runtime's own figures",
        )
    })
}
