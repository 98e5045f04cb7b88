//! The answers of a server, recorded and made up.

use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;

use super::*;
use crate::http::testing::{http, serve};

const JSON: &str = "application/json";

fn recorded(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/memory/prometheus/");
    std::fs::read(format!("{folder}{name}.json")).unwrap()
}

/// The query and the time of a request.
fn asked(head: &str) -> (String, String) {
    let target = head.split(' ').nth(1).unwrap();
    let (path, parameters) = target.split_once('?').unwrap();
    assert_eq!(path, "/prom/api/v1/query");
    let parameter = |name: &str| {
        let found = parameters
            .split('&')
            .find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        let decoded = found.unwrap_or_default().replace('+', " ");
        percent_decode_str(&decoded)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    (parameter("query"), parameter("time"))
}

fn ask(address: &str, selector: &str, end: Option<f64>) -> Result<(Reading, Reading), String> {
    let server = Server::new(&format!("{address}/prom/"), &[]).unwrap();
    let selector = selector.parse().unwrap();
    read(&server, &selector, Duration::from_secs(900), end).map_err(|error| error.to_string())
}

fn vector(series: &[(&str, &str)]) -> Vec<u8> {
    let all: Vec<String> = series
        .iter()
        .map(|(labels, value)| format!(r#"{{"metric":{{{labels}}},"value":[1,"{value}"]}}"#))
        .collect();
    let text = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#,
        all.join(",")
    );
    http(200, JSON, text)
}

const REPLICA_1: &str = r#""namespace":"shop","pod":"api-1","container":"api""#;
const REPLICA_2: &str = r#""namespace":"shop","pod":"api-2","container":"api""#;
const SUM: &str = r#""namespace":"shop","pod":"api-2","id":"/kubepods/x""#;

/// Two replicas, and the sum of the second's pod.
fn server(log: Arc<Mutex<Vec<(String, String)>>>, limits: [&'static str; 2]) -> String {
    serve(move |head| {
        let (query, time) = asked(head);
        log.lock().unwrap().push((query.clone(), time.clone()));
        let each = |name: &str, values: [&str; 3]| {
            let name = if name.is_empty() {
                String::new()
            } else {
                format!(r#","__name__":"{name}""#)
            };
            let labels = [REPLICA_1, REPLICA_2, SUM].map(|labels| format!("{labels}{name}"));
            let series: Vec<(String, String)> =
                labels.into_iter().zip(values.map(str::to_owned)).collect();
            series
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect::<Vec<_>>()
        };
        let instant = || {
            let mut all = each("container_memory_working_set_bytes", ["100", "120", "220"]);
            all.extend(each(
                "container_spec_memory_limit_bytes",
                [limits[0], limits[1], "0"],
            ));
            all.extend(each("go_gc_heap_live_bytes", ["60", "50", ""]));
            all.extend(each(
                "go_gc_gomemlimit_bytes",
                ["9.223372036854776e+18", "9.223372036854776e+18", ""],
            ));
            all.extend(each("container_oom_events_total", ["7", "7", ""]));
            all.extend(each("process_cpu_seconds_total", ["1.5", "2.5", ""]));
            all.extend(each("go_memory_classes_total_bytes", ["100", "90", ""]));
            all.extend(each(
                "go_memory_classes_heap_released_bytes",
                ["50", "20", ""],
            ));
            all.extend(each("process_resident_memory_bytes", ["NaN", "90", ""]));
            all
        };
        let all = match query.as_str() {
            "time()" => return http(200, JSON, recorded("scalar")),
            query if query.starts_with("{__name__=~") => match time.as_str() {
                "100.000" => each("go_gc_heap_live_bytes", ["40", "41", ""]),
                _ => instant(),
            },
            query if query.starts_with("max_over_time(container_memory_working_set_bytes") => {
                each("", ["150", "160", "310"])
            }
            query if query.starts_with("increase(container_oom_events_total") => {
                each("", ["1.02", "0", "1.02"])
            }
            query if query.starts_with("avg(avg_over_time((go_gc_heap_live_bytes") => {
                return http(200, JSON, recorded("average"));
            }
            query if query.starts_with("(sum(increase(") => {
                return http(200, JSON, recorded("nan"));
            }
            _ => return http(200, JSON, recorded("empty")),
        };
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(labels, value)| (labels.as_str(), value.as_str()))
            .collect();
        vector(&all)
    })
}

#[test]
fn the_worst_replica_counts() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let address = server(log.clone(), ["400", "400"]);
    let (before, now) = ask(
        &address,
        r#"{namespace="shop",pod=~"api-.*"}"#,
        Some(1000.0),
    )
    .unwrap();
    let value = |word: Word| now.get(word).map(|figure| figure.value);
    assert_eq!(now.source, format!("{address}/prom"));
    assert_eq!((before.taken, now.taken), (Some(100.0), Some(1000.0)));
    assert_eq!(before.get(Word::LiveHeap).unwrap().value, 41.0);
    for (word, expected) in [
        (Word::WorkingSet, Some(120.0)),
        (Word::Limit, Some(400.0)),
        (Word::LiveHeap, Some(60.0)),
        (Word::RuntimeTotal, Some(70.0)),
        (Word::Gomemlimit, Some(f64::INFINITY)),
        (Word::UsedCpu, Some(4.0)),
        (Word::Rss, Some(90.0)),
        (Word::PeakWorkingSet, Some(160.0)),
        (Word::OomKills, Some(1.0)),
        (Word::MeanLiveHeap, Some(56256329.6)),
        (Word::GcCpuShare, None),
        (Word::MeanGoroutines, None),
    ] {
        assert_eq!(value(word), expected, "{word:?}");
    }
    let live = now.get(Word::LiveHeap).unwrap();
    assert_eq!(
        live.from,
        r#"go_gc_heap_live_bytes{container="api",namespace="shop",pod="api-1"}"#
    );
    assert_eq!(live.remark.as_deref(), Some("the greatest of 2 series"));
    assert_eq!(now.get(Word::Rss).unwrap().remark, None);
    assert_eq!(now.get(Word::OomKills).unwrap().bound, Bound::AtLeast);
    let peak = &now.get(Word::PeakWorkingSet).unwrap().from;
    assert_eq!(
        peak,
        r#"greatest of max_over_time(container_memory_working_set_bytes{namespace="shop",pod=~"api-.*"}[900s])"#
    );
    let log = log.lock().unwrap();
    assert!(log.len() < 10, "{log:?}");
    assert!(
        log[0].0.ends_with(r#",namespace="shop",pod=~"api-.*"}"#),
        "{log:?}"
    );
}

#[test]
fn with_different_limits_the_figures_are_of_the_replica_nearest_to_its_own() {
    let ask = |limits| ask(&server(Arc::default(), limits), "", Some(1000.0)).unwrap();
    // 150 of 200, and not 160 of 200.
    let (before, now) = ask(["200", "400"]);
    let value = |word: Word| now.get(word).map(|figure| figure.value);
    for (word, expected) in [
        (Word::Limit, 200.0),
        (Word::WorkingSet, 100.0),
        (Word::PeakWorkingSet, 150.0),
        (Word::RuntimeTotal, 50.0),
        (Word::LiveHeap, 60.0),
        (Word::Gomemlimit, f64::INFINITY),
        (Word::UsedCpu, 4.0),
        (Word::OomKills, 1.0),
    ] {
        assert_eq!(value(word), Some(expected), "{word:?}");
    }
    assert_eq!(before.get(Word::LiveHeap).unwrap().value, 40.0);
    let limit = now.get(Word::Limit).unwrap();
    assert_eq!(
        limit.remark.as_deref(),
        Some("of 2 replicas with different limits the one nearest to its limit")
    );
    // The sample at the end is below the peak: 160 of 210 is nearer than 150 of 200.
    let (_, now) = ask(["200", "210"]);
    assert_eq!(now.get(Word::Limit).unwrap().value, 210.0);
    // None at all is the worst.
    let (_, now) = ask(["0", "130"]);
    assert_eq!(now.get(Word::Limit).unwrap().value, f64::INFINITY);
    assert_eq!(now.get(Word::WorkingSet).unwrap().value, 100.0);
}

/// What a server says of these series, at every instant.
fn of_series(series: &'static [(&'static str, &'static str)]) -> Result<Reading, String> {
    let address = serve(move |head| match asked(head).0.as_str() {
        query if query.starts_with("{__name__=~") => vector(series),
        query if query.starts_with("avg(") => vector(&[("", "7")]),
        _ => http(200, JSON, recorded("empty")),
    });
    let answer = ask(&address, r#"{pod="a"}"#, Some(1000.0));
    answer.map(|(_, now)| now).map_err(|error| {
        let error = error.strip_prefix(&format!("{address}/prom: "));
        error.unwrap_or_default().to_owned()
    })
}

#[test]
fn a_replica_without_gomemlimit_is_not_hidden_by_others() {
    let now = of_series(&[
        (r#""__name__":"go_gc_gomemlimit_bytes","pod":"a""#, "9.3e18"),
        (r#""__name__":"go_gc_gomemlimit_bytes","pod":"b""#, "100"),
    ]);
    let limit = now.unwrap();
    let limit = limit.get(Word::Gomemlimit).unwrap();
    assert_eq!(limit.value, f64::INFINITY);
    assert_eq!(limit.remark.as_deref(), Some("the greatest of 2 series"));
}

#[test]
fn what_are_no_replicas_is_refused() {
    let containers = of_series(&[
        (
            r#""__name__":"container_memory_working_set_bytes","pod":"a","container":"api""#,
            "100",
        ),
        (
            r#""__name__":"container_spec_memory_limit_bytes","pod":"a","container":"istio-proxy""#,
            "50",
        ),
    ]);
    assert_eq!(
        containers.unwrap_err(),
        r#"{pod="a"} selects different containers, whose figures say nothing together: container="api", container="istio-proxy"; choose one, as with --selector '{pod="a",container="api"}'"#
    );
    let jobs = of_series(&[
        (r#""__name__":"go_goroutines","job":"api""#, "1"),
        (
            r#""__name__":"process_resident_memory_bytes","job":"db""#,
            "1",
        ),
    ]);
    assert_eq!(
        jobs.unwrap_err(),
        r#"{pod="a"} selects different programs, whose figures say nothing together: job="api", job="db"; choose one, as with --selector '{pod="a",job="api"}'"#
    );
    let replicas = of_series(&[
        (
            r#""__name__":"go_goroutines","job":"api","instance":"1""#,
            "1",
        ),
        (
            r#""__name__":"go_goroutines","job":"api","instance":"2""#,
            "2",
        ),
    ]);
    assert_eq!(replicas.unwrap().get(Word::Goroutines).unwrap().value, 2.0);
}

#[test]
fn what_went_before_the_end_is_not_compared() {
    let address = serve(|head| {
        let (query, time) = asked(head);
        let rss = r#""__name__":"container_memory_rss","container":"#;
        let of = |name: &str| format!(r#"{rss}"{name}""#);
        let goroutines = |job: &str| format!(r#""__name__":"go_goroutines","job":"{job}""#);
        match query.as_str() {
            query if query.starts_with("max_over_time(container_memory_rss") => vector(&[
                (r#""container":"setup""#, "90"),
                (r#""container":"api""#, "50"),
            ]),
            query if !query.starts_with("{__name__") => http(200, JSON, recorded("empty")),
            _ if time == "100.000" => vector(&[
                (&of("setup"), "80"),
                (&of("api"), "30"),
                (&goroutines("old"), "9"),
            ]),
            _ => vector(&[(&of("api"), "40"), (&goroutines("new"), "5")]),
        }
    });
    let (before, now) = ask(&address, "", Some(1000.0)).unwrap();
    assert_eq!(before.get(Word::Anonymous).unwrap().value, 30.0);
    assert_eq!(before.get(Word::Goroutines), None);
    assert_eq!(now.get(Word::PeakAnonymous).unwrap().value, 50.0);
    assert_eq!(now.get(Word::Goroutines).unwrap().value, 5.0);
}

#[test]
fn a_mean_is_of_what_was_there() {
    let young = of_series(&[
        (r#""__name__":"go_gc_heap_live_bytes","pod":"a""#, "0"),
        (r#""__name__":"go_gc_heap_live_bytes","pod":"b""#, "9"),
        (r#""__name__":"process_start_time_seconds","pod":"a""#, "50"),
        (
            r#""__name__":"process_start_time_seconds","pod":"b""#,
            "900",
        ),
    ])
    .unwrap();
    assert_eq!(young.get(Word::MeanLiveHeap), None);
    let goroutines = young.get(Word::MeanGoroutines).unwrap();
    assert_eq!(
        goroutines.remark.as_deref(),
        Some("1 of 2 processes started within the window")
    );
    let old = of_series(&[
        (r#""__name__":"go_gc_heap_live_bytes","pod":"a""#, "9"),
        (r#""__name__":"process_start_time_seconds","pod":"a""#, "50"),
    ])
    .unwrap();
    let live = old.get(Word::MeanLiveHeap).unwrap();
    assert_eq!((live.value, live.remark.as_deref()), (7.0, None));
    assert_eq!(
        live.from,
        r#"avg(avg_over_time((go_gc_heap_live_bytes{pod="a"} > 0)[900s:1250ms]))"#
    );
}

#[test]
fn a_partial_answer_is_none() {
    let warned = |warnings: &'static str| {
        let address = serve(move |_| {
            let answer =
                r#"{"status":"success",WARNINGS,"data":{"resultType":"scalar","result":[1,"1"]}}"#;
            http(200, JSON, answer.replace("WARNINGS", warnings))
        });
        ask(&address, "", None).unwrap_err()
    };
    let error = warned(r#""warnings":["no store \u001b[1m answers\n","x"]"#);
    assert!(
        error.ends_with(
            r"it warns that its answer may not be whole: no store \u{1b}[1m answers\n; try again when it is"
        ),
        "{error}"
    );
    for remark in [
        r#""warnings":["PromQL info: metric might not be a counter"]"#,
        r#""infos":["PromQL info: x"],"warnings":[]"#,
        r#""warnings":null"#,
    ] {
        let error = warned(remark);
        assert!(error.contains("does not answer like"), "{error}");
    }
}

#[test]
fn now_is_by_the_clock_of_the_server() {
    let address = server(Arc::default(), ["400", "400"]);
    let (_, now) = ask(&address, "", None).unwrap();
    assert_eq!(now.taken, Some(56461440.0));
}

#[test]
fn says_what_is_wrong() {
    let why = |answer: Vec<u8>| {
        let address = serve(move |_| answer.clone());
        let error = ask(&address, r#"{pod="a"}"#, None).unwrap_err();
        error
            .strip_prefix(&format!("{address}/prom: "))
            .unwrap()
            .to_owned()
    };
    let bad = why(http(400, JSON, recorded("bad")));
    assert!(
        bad.starts_with(
            "it refuses the query `time()`: invalid parameter \"query\": 1:23: parse error"
        ),
        "{bad}"
    );
    assert!(
        why(http(404, "text/plain", "404 page not found\n"))
            .starts_with("there is no /api/v1/query (404)")
    );
    assert!(why(http(401, "text/plain", "")).starts_with("it wants credentials (401)"));
    assert!(
        why(http(200, "text/html; charset=utf-8", "<html>"))
            .starts_with("it answers with a web page")
    );
    assert!(why(http(200, JSON, "{}")).starts_with("it does not answer like a Prometheus server"));
    assert!(why(http(200, JSON, "[")).starts_with("it does not answer like a Prometheus server"));
    assert_eq!(
        why(http(503, "text/plain", "Service Unavailable")),
        "it answers 503: Service Unavailable"
    );
    let huge = why(http(200, JSON, vec![b' '; (16 << 20) + 1]));
    assert!(
        huge.starts_with(
            "the answer is larger than 16 MiB: too many series; narrow the selector {pod=\"a\"}"
        ),
        "{huge}"
    );
}

#[test]
fn nothing_there_is_an_error_that_names_the_selector() {
    let address = serve(|_| http(200, JSON, recorded("empty")));
    let error = ask(&address, r#"{pod="a"}"#, Some(5.0)).unwrap_err();
    assert!(
        error.contains(r#"/prom: {pod="a"} selects no series that tells of memory"#),
        "{error}"
    );
}
