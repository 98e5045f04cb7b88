//! The metrics that tell of memory, and what each says in our words. A page and a Prometheus server
//! have the same ones.
//!
//! | of | from |
//! |---|---|
//! | the program | client_golang's default and runtime/metrics collectors |
//! | the container | cAdvisor, the kubelet, kube-state-metrics |

use std::collections::BTreeMap;

use super::{Bound, Figure, Word};

/// What a metric tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The program: it counts its own memory.
    Process,
    /// The container: someone counts for it.
    Container,
}

/// Words that are one metric of the program as it is. Of several metrics the first that is there counts.
const PROCESS: &[(Word, &[&str])] = &[
    (Word::Rss, &["process_resident_memory_bytes"]),
    (Word::Vsz, &["process_virtual_memory_bytes"]),
    (
        Word::HeapAlloc,
        &[
            "go_memstats_heap_alloc_bytes",
            "go_memory_classes_heap_objects_bytes",
        ],
    ),
    (Word::HeapInuse, &["go_memstats_heap_inuse_bytes"]),
    (Word::HeapIdle, &["go_memstats_heap_idle_bytes"]),
    (
        Word::HeapReleased,
        &[
            "go_memstats_heap_released_bytes",
            "go_memory_classes_heap_released_bytes",
        ],
    ),
    (
        Word::NextGc,
        &["go_memstats_next_gc_bytes", "go_gc_heap_goal_bytes"],
    ),
    (
        Word::StackInuse,
        &[
            "go_memstats_stack_inuse_bytes",
            "go_memory_classes_heap_stacks_bytes",
        ],
    ),
    (Word::Goroutines, &["go_goroutines"]),
    (
        Word::AllocatedTotal,
        &[
            "go_memstats_alloc_bytes_total",
            "go_gc_heap_allocs_bytes_total",
        ],
    ),
    (Word::Started, &["process_start_time_seconds"]),
];

/// Metrics of the program that take part in a rule.
const PROCESS_PARTS: &[&str] = &[
    "go_cpu_classes_gc_mark_idle_cpu_seconds_total",
    "go_cpu_classes_gc_total_cpu_seconds_total",
    "go_cpu_classes_idle_cpu_seconds_total",
    "go_cpu_classes_total_cpu_seconds_total",
    "go_gc_gogc_percent",
    "go_gc_gomemlimit_bytes",
    "go_gc_heap_live_bytes",
    "go_memory_classes_heap_free_bytes",
    "go_memory_classes_heap_unused_bytes",
    "go_memory_classes_total_bytes",
    "go_memstats_sys_bytes",
    "go_sched_goroutines_goroutines",
    "process_cpu_seconds_total",
];

/// Words that are one metric of the container as it is.
const CONTAINER: &[(Word, &[&str])] = &[
    (Word::Usage, &["container_memory_usage_bytes"]),
    (Word::WorkingSet, &["container_memory_working_set_bytes"]),
    (
        Word::InactiveFile,
        &["container_memory_total_inactive_file_bytes"],
    ),
    (
        Word::ActiveFile,
        &["container_memory_total_active_file_bytes"],
    ),
    (Word::Swap, &["container_memory_swap"]),
    (Word::Started, &["container_start_time_seconds"]),
];

/// Metrics of the container that take part in a rule.
const CONTAINER_PARTS: &[&str] = &[
    "container_memory_events_max_total",
    "container_memory_failcnt",
    "container_memory_kernel_usage",
    "container_memory_max_usage_bytes",
    "container_memory_rss",
    "container_oom_events_total",
    "container_spec_memory_limit_bytes",
    LIMIT_RESOURCE,
];

/// It is of all resources: only `resource="memory"` is meant.
pub(super) const LIMIT_RESOURCE: &str = "kube_pod_container_resource_limits";

/// From here on an amount of memory is none: a limit that is off, a difference gone below zero.
const NO_AMOUNT: f64 = (1u64 << 62) as f64;

/// The heap goal of a program that has hardly a heap, at GOGC=100.
const LEAST_GOAL: f64 = (4u32 << 20) as f64;

/// The names of all metrics of a kind.
pub(super) fn names(kind: Kind) -> impl Iterator<Item = &'static str> {
    let (words, parts) = match kind {
        Kind::Process => (PROCESS, PROCESS_PARTS),
        Kind::Container => (CONTAINER, CONTAINER_PARTS),
    };
    let words = words.iter().flat_map(|(_, names)| names.iter().copied());
    words.chain(parts.iter().copied())
}

/// The metric of this name. OpenMetrics adds `_total` to counters that have none.
pub(super) fn find(name: &str) -> Option<(Kind, &'static str)> {
    let exact = |name: &str| {
        [Kind::Process, Kind::Container]
            .into_iter()
            .find_map(|kind| Some((kind, names(kind).find(|own| *own == name)?)))
    };
    exact(name).or_else(|| exact(name.strip_suffix("_total")?))
}

/// The metrics of one program or container.
pub(super) struct Values<'a> {
    /// The value of each.
    pub(super) values: &'a BTreeMap<&'static str, f64>,
    /// Where one is from.
    pub(super) place: &'a dyn Fn(&'static str) -> String,
}

impl Values<'_> {
    /// What they say. NaN says nothing.
    pub(super) fn figures(&self, kind: Kind) -> Vec<Figure> {
        let (words, rest) = match kind {
            Kind::Process => (PROCESS, self.process()),
            Kind::Container => (CONTAINER, self.container()),
        };
        let words = words
            .iter()
            .filter_map(|(word, names)| names.iter().find_map(|name| self.one(*word, name)));
        words.chain(rest.into_iter().flatten()).collect()
    }

    fn get(&self, name: &'static str) -> Option<f64> {
        let value = self.values.get(name).copied();
        value.filter(|value| !value.is_nan())
    }

    /// A metric that counts something.
    fn amount(&self, name: &'static str) -> Option<f64> {
        self.get(name)
            .filter(|value| (0.0..NO_AMOUNT).contains(value))
    }

    /// Both of two metrics, if both are there.
    fn both(&self, first: &'static str, second: &'static str) -> Option<(f64, f64)> {
        Some((self.amount(first)?, self.amount(second)?))
    }

    /// A metric as it is.
    fn one(&self, word: Word, name: &'static str) -> Option<Figure> {
        let value = self.amount(name)?;
        Some(Figure::new(word, value, (self.place)(name)))
    }

    /// A metric that may say that there is no bound.
    fn bound(
        &self,
        word: Word,
        name: &'static str,
        is_none: impl Fn(f64) -> bool,
    ) -> Option<Figure> {
        let value = self.get(name)?;
        let value = if is_none(value) { f64::INFINITY } else { value };
        (value >= 0.0).then(|| Figure::new(word, value, (self.place)(name)))
    }

    fn sum(&self, word: Word, first: &'static str, second: &'static str) -> Option<Figure> {
        let (a, b) = self.both(first, second)?;
        Some(Figure::new(
            word,
            a + b,
            format!("{} + {second}", (self.place)(first)),
        ))
    }

    fn difference(&self, word: Word, whole: &'static str, part: &'static str) -> Option<Figure> {
        let (a, b) = self.both(whole, part)?;
        // The two are read one after the other: a part can be ahead of its whole.
        let from = format!("{} − {part}", (self.place)(whole));
        Some(Figure::new(word, (a - b).max(0.0), from))
    }

    fn process(&self) -> Vec<Option<Figure>> {
        vec![
            self.one(Word::Resident, "process_resident_memory_bytes")
                .map(|figure| {
                    figure.but(
                        Bound::AtMost,
                        "lazily freed pages are not known to the metrics",
                    )
                }),
            self.live_heap(),
            self.sum(
                Word::HeapInuse,
                "go_memory_classes_heap_objects_bytes",
                "go_memory_classes_heap_unused_bytes",
            ),
            self.sum(
                Word::HeapIdle,
                "go_memory_classes_heap_released_bytes",
                "go_memory_classes_heap_free_bytes",
            ),
            self.difference(
                Word::IdleRetained,
                "go_memstats_heap_idle_bytes",
                "go_memstats_heap_released_bytes",
            )
            .or_else(|| self.one(Word::IdleRetained, "go_memory_classes_heap_free_bytes")),
            self.runtime_total(),
            self.bound(Word::Gomemlimit, "go_gc_gomemlimit_bytes", |bytes| {
                bytes >= NO_AMOUNT
            }),
            // -1 is off, which the collector writes as the greatest whole number.
            self.bound(Word::Gogc, "go_gc_gogc_percent", |percent| {
                !(0.0..NO_AMOUNT).contains(&percent)
            }),
            self.one(Word::Goroutines, "go_sched_goroutines_goroutines")
                .map(|figure| {
                    figure.but(
                        Bound::AtMost,
                        "the runtime's own goroutines may be among them",
                    )
                }),
            self.difference(
                Word::GcCpu,
                "go_cpu_classes_gc_total_cpu_seconds_total",
                "go_cpu_classes_gc_mark_idle_cpu_seconds_total",
            ),
            self.difference(
                Word::UsedCpu,
                "go_cpu_classes_total_cpu_seconds_total",
                "go_cpu_classes_idle_cpu_seconds_total",
            )
            .or_else(|| self.one(Word::UsedCpu, "process_cpu_seconds_total")),
        ]
    }

    fn runtime_total(&self) -> Option<Figure> {
        self.difference(
            Word::RuntimeTotal,
            "go_memory_classes_total_bytes",
            "go_memory_classes_heap_released_bytes",
        )
        .or_else(|| {
            self.difference(
                Word::RuntimeTotal,
                "go_memstats_sys_bytes",
                "go_memstats_heap_released_bytes",
            )
        })
    }

    /// As the runtime counts it, else the least that it is known not to exceed.
    fn live_heap(&self) -> Option<Figure> {
        const ALLOCATED: &str = "go_memstats_heap_alloc_bytes";
        const GOAL: &str = "go_memstats_next_gc_bytes";
        // It is zero until the first collection.
        let exact = self.one(Word::LiveHeap, "go_gc_heap_live_bytes");
        if let Some(exact) = exact.filter(|live| live.value > 0.0) {
            return Some(exact);
        }
        let allocated = self.one(Word::LiveHeap, ALLOCATED)?;
        let before_goal = self
            .amount(GOAL)
            .zip(self.growth())
            .map(|(goal, growth)| goal / growth);
        Some(match before_goal {
            Some(live) if live < allocated.value => Figure::new(
                Word::LiveHeap,
                live,
                format!("{} ÷ (1 + go_gc_gogc_percent/100)", (self.place)(GOAL)),
            )
            .but(Bound::AtMost, "the heap that leads to this goal; the live heap itself is not among the metrics"),
            _ => allocated.but(
                Bound::AtMost,
                "what is allocated, garbage included; the live heap itself is not among the metrics",
            ),
        })
    }

    /// By how much the heap may grow between collections, where nothing but GOGC sets the goal. Under
    /// a GOMEMLIMIT the goal is lower, and before the first collection it says nothing: both would make
    /// the live heap look smaller than it is.
    fn growth(&self) -> Option<f64> {
        let gogc = self
            .get("go_gc_gogc_percent")
            .filter(|gogc| (1.0..NO_AMOUNT).contains(gogc))?;
        let limit = self.get("go_gc_gomemlimit_bytes")?;
        let goal = self.amount("go_memstats_next_gc_bytes")?;
        let heap = self.amount("go_memstats_heap_inuse_bytes")?;
        let beside = self.runtime_total()?.value - heap;
        let is_set_by_gogc = goal > LEAST_GOAL * gogc / 100.0 && goal + beside < 0.9 * limit;
        is_set_by_gogc.then_some(1.0 + gogc / 100.0)
    }

    fn container(&self) -> Vec<Option<Figure>> {
        let kube = self.one(Word::Limit, LIMIT_RESOURCE);
        vec![
            self.bound(Word::Limit, "container_spec_memory_limit_bytes", |bytes| {
                bytes <= 0.0 || bytes >= NO_AMOUNT
            })
            .or(kube),
            self.one(Word::Anonymous, "container_memory_rss")
                .map(|figure| Figure {
                    remark: Some("anonymous memory, in spite of the metric's name; lazily freed pages are among it".to_owned()),
                    ..figure
                }),
            self.one(Word::OomKills, "container_oom_events_total").map(|figure| {
                figure.but(
                    Bound::AtMost,
                    "kills of former containers may be among them; the difference of two readings counts",
                )
            }),
            // Zero is what a kernel without memory.peak and a kernel that does not tell give.
            self.one(Word::PeakUsage, "container_memory_max_usage_bytes")
                .filter(|peak| peak.value > 0.0),
            self.one(Word::KernelMemory, "container_memory_kernel_usage")
                .filter(|kernel| kernel.value > 0.0),
            self.limit_hits(),
        ]
    }

    /// cgroup v1 has one of the two counters and v2 the other; the one it has not is zero.
    fn limit_hits(&self) -> Option<Figure> {
        let events = self.one(Word::LimitHits, "container_memory_events_max_total");
        let failures = self.one(Word::LimitHits, "container_memory_failcnt");
        match (events, failures) {
            (Some(events), Some(failures)) if failures.value > events.value => Some(failures),
            (Some(events), _) => Some(events),
            (None, Some(failures)) if failures.value > 0.0 => Some(failures),
            (None, failures) => failures
                .map(|zero| zero.but(Bound::Doubtful, "this counter stays 0 under cgroup v2")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests")]
mod tests {
    use super::*;

    fn figures(kind: Kind, values: &[(&'static str, f64)]) -> Vec<Figure> {
        let values = values.iter().copied().collect();
        let place = |name: &'static str| format!("p:1 {name}");
        let values = Values {
            values: &values,
            place: &place,
        };
        values.figures(kind)
    }

    fn get(kind: Kind, word: Word, values: &[(&'static str, f64)]) -> Option<(f64, Bound, String)> {
        let figures = figures(kind, values);
        let found = figures.into_iter().find(|figure| figure.word == word);
        found.map(|figure| (figure.value, figure.bound, figure.from))
    }

    #[test]
    fn a_metric_is_found_by_its_name() {
        assert_eq!(
            find("go_goroutines"),
            Some((Kind::Process, "go_goroutines"))
        );
        assert_eq!(
            find("container_memory_failcnt_total"),
            Some((Kind::Container, "container_memory_failcnt"))
        );
        assert_eq!(find("go_goroutines_created"), None);
        assert_eq!(find("_total"), None);
    }

    #[test]
    fn no_bound_is_infinite() {
        let off = [
            ("go_gc_gogc_percent", 18446744073709552000.0),
            ("go_gc_gomemlimit_bytes", 9.223372036854776e18),
        ];
        for word in [Word::Gogc, Word::Gomemlimit] {
            assert_eq!(get(Kind::Process, word, &off).unwrap().0, f64::INFINITY);
        }
        assert_eq!(
            get(Kind::Process, Word::Gogc, &[("go_gc_gogc_percent", -1.0)])
                .unwrap()
                .0,
            f64::INFINITY
        );
        let none = [
            ("container_spec_memory_limit_bytes", 0.0),
            (LIMIT_RESOURCE, 5.0),
        ];
        assert_eq!(
            get(Kind::Container, Word::Limit, &none).unwrap().0,
            f64::INFINITY
        );
        assert_eq!(
            get(Kind::Container, Word::Limit, &none[1..]).unwrap().0,
            5.0
        );
    }

    #[test]
    fn the_live_heap_is_bounded_by_the_goal_where_gogc_alone_sets_it() {
        let heap = |limit: f64, gogc: f64, goal: f64| {
            let values = [
                ("go_memstats_heap_alloc_bytes", 90e6),
                ("go_memstats_heap_inuse_bytes", 95e6),
                ("go_memstats_next_gc_bytes", goal),
                ("go_memstats_sys_bytes", 110e6),
                ("go_memstats_heap_released_bytes", 0.0),
                ("go_gc_gogc_percent", gogc),
                ("go_gc_gomemlimit_bytes", limit),
            ];
            get(Kind::Process, Word::LiveHeap, &values).unwrap()
        };
        let no_limit = 9.223372036854776e18;
        let (value, bound, from) = heap(no_limit, 100.0, 100e6);
        assert_eq!((value, bound), (50e6, Bound::AtMost));
        assert_eq!(
            from,
            "p:1 go_memstats_next_gc_bytes ÷ (1 + go_gc_gogc_percent/100)"
        );
        assert_eq!(heap(200e6, 100.0, 100e6).0, 50e6);
        // 115 MB are more than 90 % of the limit: it may be what set the goal.
        assert_eq!(heap(120e6, 100.0, 100e6).0, 90e6);
        assert_eq!(heap(no_limit, 100.0, 200e6).0, 90e6);
        assert_eq!(heap(no_limit, 18446744073709552000.0, 100e6).0, 90e6);
        let live = [
            ("go_gc_heap_live_bytes", 7.0),
            ("go_memstats_heap_alloc_bytes", 5.0),
        ];
        let (value, bound, _) = get(Kind::Process, Word::LiveHeap, &live).unwrap();
        assert_eq!((value, bound), (7.0, Bound::Exact));
    }

    #[test]
    fn what_is_no_amount_is_left_out() {
        for value in [f64::NAN, -1.0, 18446744073709552000.0, f64::INFINITY] {
            assert_eq!(
                get(
                    Kind::Container,
                    Word::Swap,
                    &[("container_memory_swap", value)]
                ),
                None
            );
        }
        for value in [f64::NAN, -1.0] {
            let limit = [("go_gc_gomemlimit_bytes", value)];
            assert_eq!(get(Kind::Process, Word::Gomemlimit, &limit), None);
        }
        assert_eq!(
            get(
                Kind::Container,
                Word::PeakUsage,
                &[("container_memory_max_usage_bytes", 0.0)]
            ),
            None
        );
    }

    #[test]
    fn the_counter_that_a_kernel_has_not_is_not_taken_for_none() {
        let hits = |events: Option<f64>, failures: f64| {
            let mut values = vec![("container_memory_failcnt", failures)];
            values.extend(events.map(|events| ("container_memory_events_max_total", events)));
            let (value, bound, _) = get(Kind::Container, Word::LimitHits, &values).unwrap();
            (value, bound)
        };
        assert_eq!(hits(Some(3.0), 0.0), (3.0, Bound::Exact));
        assert_eq!(hits(Some(0.0), 4.0), (4.0, Bound::Exact));
        assert_eq!(hits(Some(0.0), 0.0), (0.0, Bound::Exact));
        assert_eq!(hits(None, 4.0), (4.0, Bound::Exact));
        assert_eq!(hits(None, 0.0), (0.0, Bound::Doubtful));
    }
}
