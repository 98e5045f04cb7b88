//! What a `/metrics` page says of one program or container.

use std::io::Read;

use super::Reading;
use super::exposition::{self, ExpositionError};
use super::families;
use super::groups::{Group, Groups, MAX_TARGETS, Seen, current};
use super::selector::Selector;
use super::targets::listed;
use crate::parse::LineReader;

/// A page that does not say what is asked.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// It is no page of metrics.
    #[error(transparent)]
    Page(#[from] ExpositionError),
    /// Several are meant.
    #[error(
        "{page}: {count} {what} are meant, and a reading is of one: {list}; choose one with --selector '{example}'"
    )]
    Ambiguous {
        /// The page.
        page: String,
        /// How many.
        count: usize,
        /// `containers` or `programs`.
        what: &'static str,
        /// Some of them.
        list: String,
        /// One of them as a selector.
        example: String,
    },
    /// So many are meant that they are not kept.
    #[error(
        "{page}: more than {MAX_TARGETS} containers or programs are meant, or some with very long labels, and a reading is of one; choose one with --selector"
    )]
    TooMany {
        /// The page.
        page: String,
    },
    /// None is meant.
    #[error("{page}: {selector} selects none of what is there: {list}")]
    NoMatch {
        /// The page.
        page: String,
        /// What was asked for.
        selector: String,
        /// Some of what is there.
        list: String,
    },
    /// There is nothing about memory.
    #[error(
        "{page}: none of its {samples} samples tells of memory; understood are the metrics of Go programs \
         (go_memstats_*, go_gc_*, go_memory_classes_*, process_*), of cAdvisor and the kubelet \
         (container_memory_*), and kube_pod_container_resource_limits"
    )]
    NothingUnderstood {
        /// The page.
        page: String,
        /// How many samples it has.
        samples: u64,
    },
}

/// Reads a page. Places are reported under `page`. Labels of a container or a scraped target must
/// match the selector; metrics without such labels are those of the program that gives the page.
///
/// # Errors
///
/// If the page is none, says nothing of memory, or the selector does not mean exactly one container
/// and at most one program.
pub fn read<R: Read>(
    lines: LineReader<R>,
    page: &str,
    selector: &Selector,
) -> Result<Reading, MetricsError> {
    let mut groups = Groups::new(selector);
    let wanted = |name: &str| families::find(name).is_some();
    let summary = exposition::read(lines, page, wanted, |sample| groups.add(&sample))?;
    if groups.is_full() {
        return Err(MetricsError::TooMany {
            page: page.to_owned(),
        });
    }
    let excluded = groups.excluded();
    let (mut programs, containers) = groups.split();
    if programs.is_empty() && containers.is_empty() && excluded.is_empty() {
        return Err(MetricsError::NothingUnderstood {
            page: page.to_owned(),
            samples: summary.samples,
        });
    }
    // On a page about containers, metrics without labels are those of the program that counts them.
    let has_containers = !containers.is_empty() || excluded.has_containers();
    programs.retain(|group| !has_containers || group.target.is_labelled());
    let program = one(page, "programs", programs)?;
    let container = one(page, "containers", current(containers))?;
    let groups: Vec<Group> = program.into_iter().chain(container).collect();
    if groups.is_empty() {
        return Err(MetricsError::NoMatch {
            page: page.to_owned(),
            selector: selector.to_string(),
            list: excluded.list(),
        });
    }
    let place = |seen: &Seen| format!("{page}:{} ", seen.line);
    let mut reading = Reading {
        source: page.to_owned(),
        taken: taken(groups.iter().flat_map(|group| group.seen.values())),
        figures: groups
            .iter()
            .flat_map(|group| group.figures(place))
            .collect(),
    };
    // Of two of one word the program's stays first.
    reading.figures.sort_by_key(|figure| figure.word);
    Ok(reading)
}

/// The one that is meant, if any.
fn one(
    page: &str,
    what: &'static str,
    mut groups: Vec<Group>,
) -> Result<Option<Group>, MetricsError> {
    if groups.len() > 1 {
        return Err(MetricsError::Ambiguous {
            page: page.to_owned(),
            count: groups.len(),
            what,
            list: listed(groups.iter().map(|group| &group.target)),
            example: groups[0].target.to_string(),
        });
    }
    Ok(groups.pop())
}

/// The time that all timestamps agree on.
fn taken<'a>(seen: impl Iterator<Item = &'a Seen>) -> Option<f64> {
    let mut times = seen.filter_map(|seen| seen.timestamp);
    let first = times.next()?;
    times
        .all(|time| time.to_bits() == first.to_bits())
        .then_some(first)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests")]
mod tests {
    use super::*;
    use crate::memory::reading::{Bound, Word};

    fn page(text: &[u8], selector: &str) -> Result<Reading, String> {
        let selector = selector.parse::<Selector>().unwrap();
        read(LineReader::new(text, 1 << 30), "p", &selector).map_err(|error| error.to_string())
    }

    fn recorded(name: &str, selector: &str) -> Result<Reading, String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/memory/metrics/");
        page(&std::fs::read(format!("{folder}{name}")).unwrap(), selector)
    }

    fn value(reading: &Reading, word: Word) -> Option<f64> {
        reading.get(word).map(|figure| figure.value)
    }

    #[test]
    fn the_default_collector() {
        for name in ["default.prom", "openmetrics.prom"] {
            let reading = recorded(name, "").unwrap();
            assert_eq!(value(&reading, Word::Gomemlimit), Some(200.0 * 1048576.0));
            assert_eq!(value(&reading, Word::Gogc), Some(100.0));
            assert_eq!(value(&reading, Word::Goroutines), Some(9.0));
            assert_eq!(value(&reading, Word::Started), Some(1795272591.32));
            assert_eq!(reading.get(Word::Resident).unwrap().bound, Bound::AtMost);
            assert_eq!(reading.taken, None);
        }
        let reading = recorded("default.prom", "").unwrap();
        let live = reading.get(Word::LiveHeap).unwrap();
        assert_eq!((live.value, live.bound), (52899704.0, Bound::AtMost));
        assert_eq!(live.from, "p:39 go_memstats_heap_alloc_bytes");
        assert_eq!(
            value(&reading, Word::IdleRetained),
            Some(4235264.0 - 4136960.0)
        );
        assert_eq!(
            value(&reading, Word::RuntimeTotal),
            Some(63613208.0 - 4136960.0)
        );
        assert_eq!(value(&reading, Word::UsedCpu), Some(0.09));
        assert_eq!(value(&reading, Word::GcCpu), None);
        assert!(reading.figures.is_sorted_by_key(|figure| figure.word));
    }

    #[test]
    fn the_runtime_metrics_collector_with_the_garbage_collector_off() {
        let reading = recorded("runtime-gogc-off.prom", "").unwrap();
        assert_eq!(value(&reading, Word::Gogc), Some(f64::INFINITY));
        let live = reading.get(Word::LiveHeap).unwrap();
        assert_eq!((live.value, live.bound), (53253176.0, Bound::Exact));
        assert!(reading.get(Word::GcCpu).unwrap().from.contains(
            " go_cpu_classes_gc_total_cpu_seconds_total − go_cpu_classes_gc_mark_idle_cpu_seconds_total"
        ));
        // The default collector of the same program knows only what is allocated.
        let reading = recorded("default-gogc-off.prom", "").unwrap();
        assert_eq!(value(&reading, Word::LiveHeap), Some(168391320.0));
    }

    #[test]
    fn before_the_first_collection_nothing_is_known_to_live() {
        let reading = recorded("fresh.prom", "").unwrap();
        let live = reading.get(Word::LiveHeap).unwrap();
        assert_eq!(live.bound, Bound::AtMost);
        assert_eq!(Some(live.value), value(&reading, Word::HeapAlloc));
    }

    #[test]
    fn an_old_collector_tells_no_settings() {
        let reading = recorded("old.prom", "").unwrap();
        assert_eq!(value(&reading, Word::Gogc), None);
        assert_eq!(value(&reading, Word::LiveHeap), Some(52836288.0));
    }

    #[test]
    fn the_kubelet_has_one_container_here_among_sums_and_a_pause() {
        let reading = recorded("kubelet.prom", "").unwrap();
        assert_eq!(value(&reading, Word::Limit), Some(268435456.0));
        assert_eq!(value(&reading, Word::WorkingSet), Some(68853760.0));
        assert_eq!(reading.taken, Some(1795273076.173));
        let anonymous = reading.get(Word::Anonymous).unwrap();
        assert_eq!(anonymous.bound, Bound::Exact);
        assert!(anonymous.from.ends_with(
            r#" container_memory_rss{namespace="shop",pod="api-7d9c5b8f6d-x2k4q",container="api"}"#
        ));
        let pause = recorded("kubelet.prom", r#"{container="POD"}"#).unwrap_err();
        assert!(
            pause.contains(r#"{container="POD"} selects none of what is there: {namespace="shop""#),
            "{pause}"
        );
        let machine = recorded("kubelet.prom", r#"{id="/"}"#).unwrap();
        assert!(value(&machine, Word::Usage) > Some(1e10));
    }

    #[test]
    fn one_of_several_is_chosen() {
        let error = recorded("docker.prom", "").unwrap_err();
        assert_eq!(
            error,
            r#"p: 3 containers are meant, and a reading is of one: {name="api"}, {name="importer"}, {name="worker"}; choose one with --selector '{name="api"}'"#
        );
        let error = recorded("docker.prom", r#"{name="nobody"}"#).unwrap_err();
        assert_eq!(
            error,
            r#"p: {name="nobody"} selects none of what is there: {name="api"}, {name="importer"}, {name="worker"}"#
        );
        let reading = recorded("docker.prom", r#"{name="worker"}"#).unwrap();
        assert_eq!(value(&reading, Word::Limit), Some(f64::INFINITY));
        assert_eq!(value(&reading, Word::Usage), Some(56709120.0));
        assert_eq!(value(&reading, Word::WorkingSet), Some(25251840.0));
        let by_label = recorded(
            "docker.prom",
            r#"{container_label_com_docker_compose_service=~"wor.*"}"#,
        );
        assert_eq!(by_label.unwrap(), reading);
    }

    #[test]
    fn what_counts_containers_is_not_the_program_in_them() {
        let both = b"container_memory_rss{name=\"a\"} 1\ngo_goroutines 7\n";
        let reading = page(both, "").unwrap();
        assert_eq!(value(&reading, Word::Goroutines), None);
        // With the labels that Prometheus adds they belong together, as on a /federate page.
        let both = b"container_memory_rss{pod=\"a\",container=\"c\"} 1 5000\n\
            go_goroutines{pod=\"a\",container=\"c\",job=\"j\"} 7 5000\ngo_goroutines{pod=\"b\"} 8 6000\n";
        let reading = page(both, r#"{pod="a"}"#).unwrap();
        assert_eq!(value(&reading, Word::Goroutines), Some(7.0));
        assert_eq!(value(&reading, Word::Anonymous), Some(1.0));
        assert_eq!(reading.taken, Some(5000.0));
        let error = page(both, "").unwrap_err();
        assert!(error.contains("2 programs are meant"), "{error}");
    }

    #[test]
    fn labels_of_the_program_itself_need_not_be_those_of_the_selector() {
        let own = b"go_goroutines{service=\"x\"} 7\n";
        assert_eq!(
            value(&page(own, r#"{pod="a"}"#).unwrap(), Word::Goroutines),
            Some(7.0)
        );
        assert!(
            page(own, r#"{service="y"}"#)
                .unwrap_err()
                .contains("selects none")
        );
    }

    #[test]
    fn of_a_container_that_was_started_again_the_last_counts() {
        let text = b"container_memory_rss{pod=\"a\",container=\"c\",id=\"1\"} 1\n\
            container_memory_rss{pod=\"a\",container=\"c\",id=\"2\"} 2\n\
            container_memory_rss{pod=\"a\",container=\"c\",id=\"3\"} 3\n\
            container_start_time_seconds{pod=\"a\",container=\"c\",id=\"1\"} 100\n\
            container_start_time_seconds{pod=\"a\",container=\"c\",id=\"2\"} 300\n\
            container_start_time_seconds{pod=\"a\",container=\"c\",id=\"3\"} 200\n\
            kube_pod_container_resource_limits{pod=\"a\",container=\"c\",resource=\"cpu\"} 1\n\
            kube_pod_container_resource_limits{pod=\"a\",container=\"c\",resource=\"memory\"} 9\n";
        let reading = page(text, "").unwrap();
        assert_eq!(value(&reading, Word::Anonymous), Some(2.0));
        assert_eq!(value(&reading, Word::Started), Some(300.0));
        assert_eq!(value(&reading, Word::Limit), Some(9.0));
    }

    #[test]
    fn a_page_of_any_length_takes_little_memory() {
        let many = |n: usize| -> Vec<u8> {
            let lines = (0..n).map(|n| format!("container_memory_rss{{name=\"n{n:06}\"}} 1\n"));
            lines.collect::<String>().into_bytes()
        };
        let error = page(&many(10_001), "").unwrap_err();
        assert_eq!(
            error,
            "p: more than 10000 containers or programs are meant, or some with very long labels, and a reading is of one; choose one with --selector"
        );
        assert!(
            page(&many(10_000), "")
                .unwrap_err()
                .contains("10000 containers are meant")
        );
        let zeros = "0".repeat(500_000);
        let long = |n: usize| format!("container_memory_rss{{name=\"{n}{zeros}\"}} 1\n");
        let long: String = (0..50).map(long).collect();
        let error = page(long.as_bytes(), "").unwrap_err();
        assert!(error.contains("or some with very long labels"), "{error}");
        let one = page(&many(120_000), r#"{name="n110000"}"#).unwrap();
        assert_eq!(value(&one, Word::Anonymous), Some(1.0));
        for (n, more) in [(10, "2 more"), (120_000, "at least 99992 more")] {
            let error = page(&many(n), r#"{name="x"}"#).unwrap_err();
            assert!(
                error.contains(r#": {name="n000000"}, {name="n000001"}, "#)
                    && error.ends_with(&format!(r#"{{name="n000007"}} and {more}"#)),
                "{error}"
            );
        }
    }

    #[test]
    fn a_page_about_something_else() {
        let error = page(b"node_load1 0.5\n", "").unwrap_err();
        assert!(
            error.starts_with("p: none of its 1 samples tells of memory; understood are"),
            "{error}"
        );
    }
}
