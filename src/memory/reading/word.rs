//! The words of memory, which are often mixed up and never mean the same.

use serde::{Deserialize, Serialize};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Bytes.
    Bytes,
    /// Things.
    Count,
    /// Seconds of CPU time.
    CpuSeconds,
    /// A percentage: GOGC.
    Percent,
    /// A fraction of one.
    Share,
    /// Seconds since 1970.
    Instant,
}

macro_rules! words {
    ($($variant:ident = $name:literal, $label:literal, $quantity:ident, $meaning:literal;)*) => {
        /// The words. Each has one meaning, whatever a figure of it was read from.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Word {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant,)*
        }

        impl Word {
            /// Every word, in the order in which figures are shown.
            pub const ALL: &[Word] = &[$(Word::$variant,)*];

            /// As programs know it: `working-set`.
            pub fn as_str(self) -> &'static str {
                match self { $(Word::$variant => $name,)* }
            }

            /// As people know it: `working set`.
            pub fn label(self) -> &'static str {
                match self { $(Word::$variant => $label,)* }
            }

            /// What it counts.
            pub fn quantity(self) -> Quantity {
                match self { $(Word::$variant => Quantity::$quantity,)* }
            }

            /// One sentence: what it means and who acts on it.
            pub fn meaning(self) -> &'static str {
                match self { $(Word::$variant => $meaning,)* }
            }
        }
    };
}

words! {
    Limit = "limit", "limit", Bytes, "what the kernel enforces: beyond it reclaim, then the OOM killer";
    ThrottleLimit = "throttle-limit", "throttle limit", Bytes, "memory.high: beyond it the kernel slows the container down and reclaims";
    Usage = "usage", "usage", Bytes, "everything charged to the container, page cache included: what the kernel holds against the limit, after reclaiming what it can";
    WorkingSet = "working-set", "working set", Bytes, "usage without the inactive file cache: what eviction looks at, and close to what cannot be reclaimed";
    InactiveFile = "inactive-file", "inactive file cache", Bytes, "page cache (and pages given back lazily) that the kernel drops first";
    ActiveFile = "active-file", "active file cache", Bytes, "page cache in recent use: reclaimable too, and in the working set all the same";
    Anonymous = "anonymous", "anonymous memory", Bytes, "heaps and stacks of all languages: cannot be dropped, only swapped, but for what was given back with MADV_FREE";
    Shmem = "shmem", "shared memory and tmpfs", Bytes, "tmpfs and shared memory: charged like a heap, though it looks like files";
    KernelMemory = "kernel-memory", "kernel memory", Bytes, "page tables, sockets, slabs on behalf of the container";
    Swap = "swap", "swap", Bytes, "pages of the container on disk";
    PeakUsage = "peak-usage", "peak usage", Bytes, "high-water mark of usage, page cache included: an upper bound of what was needed";
    PeakWorkingSet = "peak-working-set", "peak working set", Bytes, "greatest working set of all samples";
    PeakUncached = "peak-uncached", "peak usage − file cache", Bytes, "greatest usage of all samples without any file cache: what cannot be dropped, but for what is yet to be written";
    PeakFileCache = "peak-file-cache", "peak file cache", Bytes, "greatest file cache of all samples: what the kernel can drop";
    PeakAnonymous = "peak-anonymous", "peak anonymous memory", Bytes, "greatest anonymous memory of all samples";
    PeakResident = "peak-resident", "peak RSS − lazy-free", Bytes, "greatest RSS − lazy-free over all processes of all samples";
    OomKills = "oom-kills", "OOM kills", Count, "processes that the kernel killed for the limit";
    LimitHits = "limit-hits", "times at the limit", Count, "allocations that met the limit and had to reclaim first";
    Rss = "rss", "RSS", Bytes, "resident pages of the process, shared ones and lazily freed ones included";
    PeakRss = "peak-rss", "peak RSS", Bytes, "high-water mark of RSS (VmHWM)";
    RssAnonymous = "rss-anonymous", "RSS, anonymous", Bytes, "the anonymous part of RSS";
    RssFile = "rss-file", "RSS, files", Bytes, "the file part of RSS: the binary and mapped files, shared with others";
    Pss = "pss", "PSS", Bytes, "RSS with shared pages divided among those who share them";
    LazyFree = "lazy-free", "lazy-free", Bytes, "pages given back with MADV_FREE that count as RSS until there is pressure";
    Resident = "resident", "RSS − lazy-free", Bytes, "resident pages that the program has not given back";
    Vsz = "vsz", "VSZ", Bytes, "address space: nobody's memory, never held against a limit";
    LiveHeap = "live-heap", "live heap", Bytes, "bytes reachable at the last garbage collection";
    HeapAlloc = "heap-alloc", "heap allocated", Bytes, "bytes of objects reachable or not yet swept: between the live heap and the next goal";
    HeapInuse = "heap-inuse", "heap in use", Bytes, "spans with at least one object: far above heap allocated means fragmentation";
    HeapIdle = "heap-idle", "heap idle", Bytes, "spans without an object, returned to the system or not";
    HeapReleased = "heap-released", "heap released", Bytes, "idle spans returned to the system";
    IdleRetained = "idle-retained", "idle retained", Bytes, "freed by the program and kept by the runtime, which returns it in minutes";
    NextGc = "next-gc", "heap goal", Bytes, "heap size at which the next collection ends: live × (1 + GOGC/100), or less under GOMEMLIMIT";
    StackInuse = "stack-inuse", "stacks", Bytes, "stacks of goroutines";
    RuntimeTotal = "runtime-total", "Go runtime", Bytes, "all that the Go runtime mapped and has not returned: what GOMEMLIMIT bounds; no cgo, no mmap";
    Gomemlimit = "gomemlimit", "GOMEMLIMIT", Bytes, "the runtime's own soft limit on what it maps";
    Gogc = "gogc", "GOGC", Percent, "how much the heap may grow between collections, in percent of the live heap; none when off";
    Goroutines = "goroutines", "goroutines", Count, "goroutines that exist";
    GcCpu = "gc-cpu", "GC CPU time", CpuSeconds, "CPU time of the garbage collector since the start, without what it did on idle processors";
    UsedCpu = "used-cpu", "CPU time", CpuSeconds, "CPU time of the program since the start";
    GcCpuShare = "gc-cpu-share", "GC CPU share", Share, "share of the program's CPU time that the garbage collector used";
    MeanLiveHeap = "mean-live-heap", "mean live heap", Bytes, "live heap averaged over a window";
    MeanGoroutines = "mean-goroutines", "mean goroutines", Count, "goroutines averaged over a window";
    AllocatedTotal = "allocated-total", "allocated in total", Bytes, "bytes allocated on the heap since the start, freed ones included";
    Started = "started", "process start", Instant, "when the process started: another one in a later reading is another process";
}

impl Word {
    /// Whose memory it is: that of the container, of the process, or of the Go runtime in it.
    pub fn group(self) -> &'static str {
        match self {
            _ if self <= Word::LimitHits => "container",
            Word::UsedCpu | Word::Started => "process",
            _ if self <= Word::Vsz => "process",
            _ => "Go runtime",
        }
    }
}
