//! What two readings in time suggest, and the command to run next. Advice, never a verdict.

use super::canary::gc_share;
use super::{Case, Check, Judgement, Readings};
use crate::figure;
use crate::memory::reading::{Bound, Figure, Word};
use crate::policy::MemoryCheck;

const ID: MemoryCheck = MemoryCheck::Diagnosis;

/// What is no movement: less than this share of the earlier value, or less than this many bytes. Under a
/// load that allocates 400 MiB/s a live heap of 50 MiB was seen to vary by 14 % from page to page.
const STILL_SHARE: f64 = 0.20;
const STILL_BYTES: f64 = 4.0 * 1_048_576.0;
const STILL_GOROUTINES: f64 = 16.0;
/// What the collector's share must rise by: a percentage point.
const STILL_CPU: f64 = 0.01;
/// From here on the space between objects is worth a word: this share of the heap in use, and bytes.
const FRAGMENTED_SHARE: f64 = 0.3;
const FRAGMENTED_BYTES: f64 = 16.0 * 1_048_576.0;

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
            Some(heap) => kept_or_unseen(
                &format!("{}, {}", resident.text(), heap.text()),
                bytes(Word::RuntimeTotal),
                bytes(Word::IdleRetained),
                bytes(Word::LazyFree),
            ),
        });
    }
    if let Some(goroutines) = trend(Word::Goroutines, STILL_GOROUTINES).filter(Trend::up) {
        advice.push(advise(
            format!("{}: leaked goroutines", goroutines.text()),
            "see where they wait: `curl 'http://…/debug/pprof/goroutine?debug=1'`",
        ));
    }
    advice.extend(collector(readings, before, heap.as_ref()));
    let usage = bytes(Word::Usage);
    let anonymous = first(&[Word::Anonymous, Word::RssAnonymous]);
    if let (Some(usage), Some(anonymous)) = (usage, anonymous)
        && usage.up()
        && anonymous.flat()
    {
        advice.push(advise(
                format!(
                    "{}, {}: page cache, which the kernel drops when it needs the room",
                    usage.text(),
                    anonymous.text()
                ),
                "nothing to do for the limit; `grep -E '^(file|inactive_file|shmem) ' memory.stat` shows it (shmem, which is tmpfs, is not dropped)",
            ));
    }
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

/// RSS rose and the heap did not: the runtime keeps idle pages, or somebody else holds memory.
fn kept_or_unseen(
    trends: &str,
    runtime: Option<Trend<'_>>,
    idle: Option<Trend<'_>>,
    lazy: Option<Trend<'_>>,
) -> Check {
    if let Some(lazy) = lazy.filter(Trend::up) {
        return advise(
            format!(
                "{trends}, {}: pages given back lazily, which the kernel takes when it needs them",
                lazy.text()
            ),
            "nothing to do for the limit; GODEBUG=madvdontneed=1 makes RSS follow",
        );
    }
    match (runtime, idle) {
        (Some(runtime), _) if runtime.flat() => advise(
            format!(
                "{trends}, {}: memory that the Go runtime does not see (cgo, mmap, C libraries)",
                runtime.text()
            ),
            "see who maps it: `pmap -X PID | sort -k6 -n | tail`, and leave it room below the limit (outside-go)",
        ),
        (_, Some(idle)) => advise(
            format!(
                "{trends}, {}: idle pages that the runtime keeps and returns in minutes",
                idle.text()
            ),
            "wait some minutes and read again; GODEBUG=scavtrace=1 shows the return, GOMEMLIMIT hastens it",
        ),
        (_, None) => advise(
            format!("{trends}: idle pages that the runtime keeps, or memory that it does not see"),
            "read the Go metrics, too: heap idle less heap released tells them apart",
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
    let (gc, used) = (
        before.get(Word::GcCpu)?.value,
        before.get(Word::UsedCpu)?.value,
    );
    let earlier = if used > 0.0 { gc / used } else { return None };
    if share - earlier <= STILL_CPU || share <= earlier * (1.0 + STILL_SHARE) || !heap?.flat() {
        return None;
    }
    Some(advise(
        format!(
            "GC CPU share {} until the first reading → {} since, {}: the allocation rate rose",
            figure::percent(earlier),
            figure::percent(share),
            heap?.text()
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
