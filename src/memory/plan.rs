//! How much memory a Go service will need at its peak.
//!
//! The garbage collector lets the heap grow to live + (live + stacks) × GOGC/100 before a collection ends
//! (the Go GC guide, "GOGC"; `gcControllerState.commit`); stacks come on top, and what neither is.
//! GOMEMLIMIT makes it collect earlier, and cannot push the heap below what is live.

use serde::Serialize;

use super::amount::{Gogc, MEBIBYTE};

/// The heap at which the first collection happens, with a GOGC of 100 (`runtime.heapMinimum`).
const LEAST_HEAP: f64 = 4.0 * MEBIBYTE;

/// What a service holds, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Bytes reachable at a garbage collection.
    pub live_heap: f64,
    /// Stacks of all goroutines.
    pub stacks: f64,
    /// The part of them that the heap may grow by, too: the collector's pace counts stacks that it scans
    /// like live heap. All of what was measured; nothing of an assumed stack of 8 KiB, which allows for it
    /// (a stack of 4 KiB and its share of the growth).
    pub scanned_stacks: f64,
    /// Runtime, binary, buffers of libraries: what is there whatever the load.
    pub fixed: f64,
    /// What the Go runtime does not see: cgo, mmap.
    pub outside_go: f64,
    /// How much the heap may grow between collections.
    pub gogc: Gogc,
    /// GOMEMLIMIT, if there is one.
    pub gomemlimit: Option<f64>,
}

/// What is to be expected of a [`Load`], in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The heap just before a collection ends, by GOGC alone; infinite when it is off.
    pub heap: f64,
    /// Heap and stacks as GOMEMLIMIT lets them grow.
    pub go: f64,
    /// Whether GOMEMLIMIT, not GOGC, decides how far the heap grows.
    pub bounded: bool,
    /// The peak: heap, stacks, fixed part and what the runtime does not see.
    pub peak: f64,
}

impl Prediction {
    /// The share of the limit to leave free above the peak. A peak that GOMEMLIMIT bounds needs no more than
    /// GOMEMLIMIT itself leaves (`share` is what it may have of the limit): the runtime keeps it.
    pub fn reserve(&self, reserve: f64, share: f64) -> f64 {
        if self.bounded {
            reserve.min(1.0 - share)
        } else {
            reserve
        }
    }
}

impl Load {
    /// The peak to expect. It is infinite where nothing bounds the heap.
    pub fn predict(&self) -> Prediction {
        let heap = match self.gogc {
            Gogc::Off => f64::INFINITY,
            Gogc::Percent(percent) => {
                let growth = f64::from(percent) / 100.0;
                let goal = self.live_heap + (self.live_heap + self.scanned_stacks) * growth;
                goal.max(LEAST_HEAP * growth)
            }
        };
        let free = heap + self.stacks;
        let go = match self.gomemlimit {
            Some(limit) => free.min(limit.max(self.live_heap + self.stacks)),
            None => free,
        };
        let bounded = go < free;
        // GOMEMLIMIT bounds all that the runtime maps: what is fixed is in it, as far as it has the room.
        let peak = match self.gomemlimit {
            Some(limit) if bounded => limit.max(self.live_heap + self.stacks + self.fixed),
            _ => go + self.fixed,
        };
        Prediction {
            heap,
            go,
            bounded,
            peak: peak + self.outside_go,
        }
    }

    /// How much the heap can grow between collections under GOMEMLIMIT, as a share of the live heap:
    /// 0.2 is what GOGC=20 would allow. `None` without GOMEMLIMIT or without a heap.
    pub fn growth_under_gomemlimit(&self) -> Option<f64> {
        let room = self.gomemlimit? - self.stacks - self.live_heap;
        (self.live_heap > 0.0).then(|| room / self.live_heap)
    }
}

/// A limit and a GOMEMLIMIT to set for a peak, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The container limit, in whole units that people write: 16 MiB below 1 GiB, 64 MiB above.
    pub limit: f64,
    /// GOMEMLIMIT, in whole MiB.
    pub gomemlimit: f64,
}

/// A limit that leaves `reserve` of itself free over `peak`, and the GOMEMLIMIT that is `share` of it
/// less what the Go runtime does not see.
pub fn advise(peak: f64, reserve: f64, share: f64, outside_go: f64) -> Advice {
    let needed = peak / (1.0 - reserve);
    let step = if needed <= 1024.0 * MEBIBYTE {
        16.0 * MEBIBYTE
    } else {
        64.0 * MEBIBYTE
    };
    let limit = (needed / step).ceil() * step;
    let gomemlimit = ((limit * share - outside_go) / MEBIBYTE).floor().max(1.0) * MEBIBYTE;
    Advice { limit, gomemlimit }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MI: f64 = MEBIBYTE;

    fn example() -> Load {
        Load {
            live_heap: 400.0 * MI,
            stacks: 2000.0 * 8192.0,
            scanned_stacks: 0.0,
            fixed: 50.0 * MI,
            outside_go: 0.0,
            gogc: Gogc::Percent(100),
            gomemlimit: None,
        }
    }

    #[test]
    fn the_worked_example_to_the_mebibyte() {
        let peak = example().predict().peak;
        assert!((peak / MI - 865.625).abs() < 1e-9, "{}", peak / MI);
        let advice = advise(peak, 0.15, 0.9, 0.0);
        assert!((advice.limit / MI - 1024.0).abs() < 1e-9);
        assert!((advice.gomemlimit / MI - 921.0).abs() < 1e-9);
    }

    #[test]
    fn stacks_that_were_measured_let_the_heap_grow_as_well() {
        let measured = Load {
            live_heap: 100.0 * MI,
            stacks: 1024.0 * MI,
            scanned_stacks: 1024.0 * MI,
            ..example()
        };
        let peak = measured.predict().peak / MI;
        assert!(
            (peak - (100.0 + 1124.0 + 1024.0 + 50.0)).abs() < 1e-9,
            "{peak}"
        );
    }

    #[test]
    fn gomemlimit_bounds_the_heap_and_never_below_what_is_live() {
        let bounded = Load {
            gomemlimit: Some(600.0 * MI),
            ..example()
        }
        .predict();
        assert!(bounded.bounded && (bounded.peak / MI - 600.0).abs() < 1e-9);
        let tight = Load {
            gomemlimit: Some(100.0 * MI),
            ..example()
        };
        assert!((tight.predict().go / MI - 415.625).abs() < 1e-9);
        assert!(
            tight
                .growth_under_gomemlimit()
                .is_some_and(|growth| growth < 0.0)
        );
        let off = Load {
            gogc: Gogc::Off,
            ..example()
        };
        assert!(off.predict().peak.is_infinite());
        let off = Load {
            gomemlimit: Some(900.0 * MI),
            ..off
        }
        .predict();
        assert!(off.bounded && (off.peak / MI - 900.0).abs() < 1e-9);
        let idle = Load {
            live_heap: 0.0,
            ..example()
        }
        .predict();
        assert!((idle.heap / MI - 4.0).abs() < 1e-9);
    }
}
