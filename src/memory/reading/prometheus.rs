//! What a Prometheus server knows of the containers and programs that a selector means: how they are
//! at the end of a window, how they were at its beginning, and what happened between.
//!
//! The series of an instant come with one query and are read like a page, so that both say the same;
//! of several replicas the worst counts, figure by figure.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use serde::Deserialize;

use super::exposition::Sample;
use super::families::{self, Kind};
use super::groups::{Group, Groups, current, meant};
use super::http::{Answer, HttpError, Server};
use super::selector::Selector;
use super::targets::only_containers;
use super::{Bound, Figure, Reading, Word};

/// How long a query may take.
const TIME: Duration = Duration::from_secs(30);

/// The largest answer that is read, in bytes: some 50,000 series.
const MAX_ANSWER: u64 = 16 << 20;

/// A server that does not say what is asked.
#[derive(Debug, thiserror::Error)]
pub enum PrometheusError {
    /// It cannot be asked.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It has nothing.
    #[error(
        "{server}: {selector} selects no series that tells of memory (container_memory_*, go_*, process_*) at {at}; \
         check the labels, and that the server scrapes the program or its kubelet"
    )]
    NoSeries {
        /// The server.
        server: String,
        /// What was asked for.
        selector: String,
        /// For when, in seconds since 1970.
        at: f64,
    },
}

/// The answer of the query API.
#[derive(Deserialize)]
struct Envelope {
    status: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar((f64, String)),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    /// Absent of a native histogram.
    value: Option<(f64, String)>,
}

struct Client<'a> {
    server: &'a Server,
    selector: &'a Selector,
    /// In PromQL: `3600s`.
    window: String,
    end: f64,
}

/// Reads what a server knows: at the beginning of a window, and at its end together with what
/// happened in it. Without an end the window ends now, by the server's clock.
///
/// # Errors
///
/// If the server cannot be asked, or has nothing at the end of the window.
pub fn read(
    server: &Server,
    selector: &Selector,
    window: Duration,
    end: Option<f64>,
) -> Result<(Reading, Reading), PrometheusError> {
    let mut client = Client {
        server,
        selector,
        window: match window.subsec_millis() {
            0 => format!("{}s", window.as_secs().max(1)),
            _ => format!("{}ms", window.as_millis()),
        },
        end: end.unwrap_or(0.0),
    };
    if end.is_none() {
        client.end = client.now()?;
    }
    let now = client.instant(client.end)?;
    if now.is_empty() {
        return Err(PrometheusError::NoSeries {
            server: server.to_string(),
            selector: selector.to_string(),
            at: client.end,
        });
    }
    let start = client.end - window.as_secs_f64();
    let reading = |taken: f64, mut figures: Vec<Figure>| {
        figures.sort_by_key(|figure| figure.word);
        Reading {
            source: server.to_string(),
            taken: Some(taken),
            figures,
        }
    };
    let before = reading(start, client.instant(start)?);
    let happened = client.happened()?;
    Ok((
        before,
        reading(client.end, happened.into_iter().chain(now).collect()),
    ))
}

impl Client<'_> {
    /// The server's clock. Asking for it shows whether it is a Prometheus server at all.
    fn now(&self) -> Result<f64, PrometheusError> {
        let time = match self.query("time()", None)? {
            Data::Scalar((_, value)) => value.parse().ok(),
            Data::Vector(series) => series.first().and_then(Series::value),
            Data::Other => None,
        };
        time.ok_or_else(|| self.unexpected())
    }

    /// The figures of an instant.
    fn instant(&self, time: f64) -> Result<Vec<Figure>, PrometheusError> {
        let names: Vec<&str> = [Kind::Process, Kind::Container]
            .into_iter()
            .flat_map(families::names)
            .collect();
        let series = self.series(&self.selector.of_any(&names), Some(time))?;
        let everything = Selector::default();
        let mut groups = Groups::new(&everything);
        for one in &series {
            one.add_to(&mut groups, None);
        }
        let (programs, containers) = groups.split();
        let mut figures = worst(&meant(programs));
        figures.extend(worst(&current(meant(containers))));
        // A counter that begins before the window says nothing of it; see `happened`.
        figures.retain(|figure| figure.word != Word::OomKills);
        Ok(figures)
    }

    /// The figures of the window.
    fn happened(&self) -> Result<Vec<Figure>, PrometheusError> {
        let mut figures = Vec::new();
        for (word, function, metric) in [
            (
                Word::PeakWorkingSet,
                "max_over_time",
                "container_memory_working_set_bytes",
            ),
            (Word::PeakAnonymous, "max_over_time", "container_memory_rss"),
            (Word::OomKills, "increase", "container_oom_events_total"),
        ] {
            let (query, values) = self.of_containers(function, metric)?;
            if values.is_empty() {
                continue;
            }
            figures.push(match word {
                Word::OomKills => Figure::new(
                    word,
                    values.iter().sum::<f64>().round(),
                    format!("sum of {query}"),
                )
                .but(
                    Bound::AtLeast,
                    "a kill that ends the container before the next scrape is not seen",
                ),
                _ => {
                    let peak = values.iter().copied().fold(0.0, f64::max);
                    let remark = "a peak between two scrapes is not seen";
                    Figure::new(word, peak, format!("greatest of {query}"))
                        .but(Bound::Exact, remark)
                }
            });
        }
        for (word, metric) in [
            (Word::MeanLiveHeap, "go_gc_heap_live_bytes"),
            (Word::MeanGoroutines, "go_goroutines"),
        ] {
            let query = format!(
                "avg(avg_over_time({metric}{}[{}]))",
                self.selector, self.window
            );
            figures.extend(
                self.number(&query)?
                    .map(|mean| Figure::new(word, mean, query)),
            );
        }
        let increase = |name: &str| {
            let metric = format!("go_cpu_classes_{name}_cpu_seconds_total");
            format!("sum(increase({metric}{}[{}]))", self.selector, self.window)
        };
        // The counters move when a collection ends: in a window without one this is 0/0, which is none.
        let query = format!(
            "({} - {}) / ({} - {})",
            increase("gc_total"),
            increase("gc_mark_idle"),
            increase("total"),
            increase("idle")
        );
        let share = self
            .number(&query)?
            .filter(|share| (0.0..=1.0).contains(share));
        figures.extend(share.map(|share| Figure::new(Word::GcCpuShare, share, query)));
        Ok(figures)
    }

    /// What a function makes of a metric of each container over the window.
    fn of_containers(
        &self,
        function: &str,
        metric: &'static str,
    ) -> Result<(String, Vec<f64>), PrometheusError> {
        let query = format!("{function}({metric}{}[{}])", self.selector, self.window);
        let series = self.series(&query, Some(self.end))?;
        let everything = Selector::default();
        let mut groups = Groups::new(&everything);
        for one in &series {
            one.add_to(&mut groups, Some(metric));
        }
        let containers = only_containers(groups.split().1, |group| &group.target);
        let values = containers.iter().flat_map(|group| group.seen.values());
        let values = values
            .map(|seen| seen.value)
            .filter(|value| value.is_finite());
        let values = values.collect();
        Ok((query, values))
    }

    /// The one number of an aggregate, if there is one.
    fn number(&self, query: &str) -> Result<Option<f64>, PrometheusError> {
        let series = self.series(query, Some(self.end))?;
        Ok(series
            .first()
            .and_then(Series::value)
            .filter(|value| value.is_finite()))
    }

    fn series(&self, query: &str, time: Option<f64>) -> Result<Vec<Series>, PrometheusError> {
        match self.query(query, time)? {
            Data::Vector(series) => Ok(series),
            _ => Err(self.unexpected()),
        }
    }

    fn query(&self, query: &str, time: Option<f64>) -> Result<Data, PrometheusError> {
        let time = time.map(|time| format!("{time:.3}"));
        let mut parameters = vec![("query", query)];
        parameters.extend(time.as_deref().map(|time| ("time", time)));
        let mut answer = self
            .server
            .get("/api/v1/query", &parameters, "application/json", TIME)?;
        let body = self.body(&mut answer)?;
        let envelope: Result<Envelope, _> = serde_json::from_slice(&body);
        match envelope {
            Ok(Envelope { status, data: Some(data), .. }) if status == "success" => Ok(data),
            Ok(Envelope { error, .. }) if !error.is_empty() => {
                Err(self.error(format!("it refuses the query `{query}`: {error}")))
            }
            _ if answer.status == 404 => Err(self.error(
                "there is no /api/v1/query (404); give the address of a Prometheus server up to that path".to_owned(),
            )),
            _ if !(200..300).contains(&answer.status) => Err(self.server.refusal(&answer, &body).into()),
            _ if answer.is_html() => Err(self.error(
                "it answers with a web page, perhaps a login; give credentials, or the address of a Prometheus server".to_owned(),
            )),
            _ => Err(self.unexpected()),
        }
    }

    /// The whole answer.
    fn body(&self, answer: &mut Answer) -> Result<Vec<u8>, PrometheusError> {
        let mut body = Vec::new();
        answer
            .take(MAX_ANSWER + 1)
            .read_to_end(&mut body)
            .map_err(|error| self.error(error.to_string()))?;
        if body.len() as u64 > MAX_ANSWER {
            let why = format!(
                "the answer is larger than {} MiB: too many series; narrow the selector {}",
                MAX_ANSWER >> 20,
                self.selector
            );
            return Err(self.error(why));
        }
        Ok(body)
    }

    fn error(&self, why: String) -> PrometheusError {
        PrometheusError::Http(self.server.error(why))
    }

    fn unexpected(&self) -> PrometheusError {
        self.error("it does not answer like a Prometheus server; check the address".to_owned())
    }
}

impl Series {
    fn value(&self) -> Option<f64> {
        self.value.as_ref()?.1.parse().ok()
    }

    /// Sorts it in. Functions drop the name of the metric.
    fn add_to(&self, groups: &mut Groups<'_>, metric: Option<&str>) {
        let label = |name: &str| self.metric.get(name).map(String::as_str);
        let (Some(name), Some(value)) = (metric.or(label("__name__")), self.value()) else {
            return;
        };
        groups.add(&Sample {
            name,
            // The name is no label of the target, which has many metrics.
            labels: self
                .metric
                .iter()
                .map(|(label, value)| (label.as_str(), value.as_str()))
                .filter(|(label, _)| *label != "__name__")
                .collect(),
            value,
            timestamp: None,
            line: 0,
        });
    }
}

/// How the figures of several replicas become one.
#[derive(Clone, Copy)]
enum Way {
    Greatest,
    Least,
    Sum,
}

fn way(word: Word) -> Way {
    match word {
        Word::Limit | Word::Gomemlimit => Way::Least,
        Word::GcCpu | Word::UsedCpu | Word::AllocatedTotal | Word::LimitHits => Way::Sum,
        _ => Way::Greatest,
    }
}

/// One figure a word: that of the worst replica, or all together where they are counters.
fn worst(groups: &[Group]) -> Vec<Figure> {
    let mut words: BTreeMap<Word, Vec<Figure>> = BTreeMap::new();
    for group in groups {
        let mut own: BTreeMap<Word, Figure> = BTreeMap::new();
        for figure in group.figures(|_| String::new()) {
            own.entry(figure.word).or_insert(figure);
        }
        for (word, figure) in own {
            words.entry(word).or_default().push(figure);
        }
    }
    words
        .into_iter()
        .filter_map(|(word, all)| combined(all, way(word)))
        .collect()
}

fn combined(mut all: Vec<Figure>, way: Way) -> Option<Figure> {
    all.sort_by(|a, b| a.value.total_cmp(&b.value));
    let count = all.len();
    let sum: f64 = all.iter().map(|figure| figure.value).sum();
    let bounds: Vec<Bound> = all.iter().map(|figure| figure.bound).collect();
    let (chosen, remark) = match way {
        Way::Least => (all.into_iter().next()?, "the least"),
        Way::Greatest => (all.pop()?, "the greatest"),
        Way::Sum => {
            let only = |bound| bounds.iter().all(|own| [Bound::Exact, bound].contains(own));
            let bound = [Bound::Exact, Bound::AtMost, Bound::AtLeast]
                .into_iter()
                .find(|bound| only(*bound));
            let chosen = Figure {
                value: sum,
                bound: bound.unwrap_or(Bound::Doubtful),
                ..all.pop()?
            };
            (chosen, "the sum")
        }
    };
    if count == 1 {
        return Some(chosen);
    }
    let remark = format!("{remark} of {count} series");
    Some(Figure {
        remark: Some(match &chosen.remark {
            Some(own) => format!("{own}; {remark}"),
            None => remark,
        }),
        ..chosen
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests")]
mod tests {
    use std::sync::{Arc, Mutex};

    use percent_encoding::percent_decode_str;

    use super::super::http::testing::{http, serve};
    use super::*;

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
    fn server(log: Arc<Mutex<Vec<(String, String)>>>) -> String {
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
                    ["500", "400", "0"],
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
                query if query.starts_with("avg(avg_over_time(go_gc_heap_live_bytes") => {
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
        let address = server(log.clone());
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
    fn now_is_by_the_clock_of_the_server() {
        let address = server(Arc::default());
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
        assert!(
            why(http(200, JSON, "{}")).starts_with("it does not answer like a Prometheus server")
        );
        assert!(
            why(http(200, JSON, "[")).starts_with("it does not answer like a Prometheus server")
        );
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
}
