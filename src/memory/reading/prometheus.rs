//! What a Prometheus server knows of the containers and programs that a selector means: how they are
//! at the end of a window, how they were at its beginning, and what happened between.
//!
//! The series of an instant come with one query and are read like a page, so that both say the same;
//! of several replicas the worst counts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::exposition::Sample;
use super::families::{self, Kind};
use super::groups::{Group, Groups, MAX_TARGETS, current};
use super::selector::{Selector, quoted};
use super::targets::{Target, only_containers};
use super::{Bound, Figure, Reading, Word};
use crate::bounded;
use crate::http::{Answer, HttpError, Server};
use replicas::{Kinds, Mixture, Replicas, kind_of_containers, remarked};

mod replicas;

/// How long a query may take.
const TIME: Duration = Duration::from_secs(30);

/// The largest answer that is read, in bytes: some 50,000 series.
const MAX_ANSWER: u64 = 16 << 20;

/// How many instants of a window a filter looks at.
const INSTANTS: u128 = 720;

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
    /// What it has is of several that are no replicas of one another.
    #[error(
        "{server}: {selector} selects different {what}, whose figures say nothing together: {list}; \
         choose one, as with --selector '{example}'"
    )]
    Ambiguous {
        /// The server.
        server: String,
        /// What was asked for.
        selector: String,
        /// `containers` or `programs`.
        what: &'static str,
        /// Some of them, by the label that tells them apart.
        list: String,
        /// One of them as a selector.
        example: String,
    },
}

/// The answer of the query API.
#[derive(Deserialize)]
struct Envelope {
    status: String,
    #[serde(default)]
    error: String,
    /// Parts of the answer that are missing, above all.
    warnings: Option<Vec<String>>,
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
    /// Between the instants of the window that a filter looks at, in milliseconds.
    step: u128,
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
        // Some of the samples of a long window do, and none of a short one is missed.
        step: (window.as_millis() / INSTANTS).max(1),
        end: end.unwrap_or(0.0),
    };
    if end.is_none() {
        client.end = client.now()?;
    }
    let mut now = client.instant(client.end)?;
    if now.is_empty() {
        return Err(PrometheusError::NoSeries {
            server: server.to_string(),
            selector: selector.to_string(),
            at: client.end,
        });
    }
    let mixed = |mixture: Mixture| PrometheusError::Ambiguous {
        server: server.to_string(),
        selector: selector.to_string(),
        what: mixture.what,
        list: mixture.list(),
        example: selector.with(
            mixture.label,
            mixture.values.first().map_or("", String::as_str),
        ),
    };
    let kinds = now.of_one_kind(&Kinds::default()).map_err(mixed)?;
    let mut past = client.past(kinds.container.as_ref())?;
    kind_of_containers(past.iter().flat_map(Past::targets)).map_err(mixed)?;
    let peaks = past
        .iter()
        .filter(|past| past.word == Word::PeakWorkingSet)
        .flat_map(|past| past.values.iter().cloned())
        .collect::<Vec<_>>();
    let chosen = now.nearest(&peaks);
    for past in &mut past {
        past.keep(chosen.as_ref());
    }
    let start = client.end - window.as_secs_f64();
    let mut before = client.instant(start)?;
    // What was there before and is no more is not what is compared.
    before.of_one_kind(&kinds).map_err(mixed)?;
    let reading = |taken: f64, mut figures: Vec<Figure>| {
        figures.sort_by_key(|figure| figure.word);
        Reading {
            source: server.to_string(),
            taken: Some(taken),
            figures,
        }
    };
    // A counter that begins before the window says nothing of it; see `past`.
    let instant = |replicas: &Replicas| {
        let mut figures = replicas.figures(chosen.as_ref());
        figures.retain(|figure| figure.word != Word::OomKills);
        figures
    };
    let mut figures: Vec<Figure> = past.into_iter().filter_map(Past::figure).collect();
    figures.extend(client.means(&now, start)?);
    figures.extend(client.gc_share()?);
    figures.extend(instant(&now));
    Ok((
        reading(start, instant(&before)),
        reading(client.end, figures),
    ))
}

/// What happened to each container in the window.
struct Past {
    word: Word,
    query: String,
    values: Vec<(Target, f64)>,
}

impl Past {
    fn targets(&self) -> impl Iterator<Item = &Target> {
        self.values.iter().map(|(target, _)| target)
    }

    /// Of a replica that is chosen only its own peaks count. Kills count of all.
    fn keep(&mut self, chosen: Option<&Target>) {
        if self.word != Word::OomKills {
            self.values
                .retain(|(target, _)| chosen.is_none_or(|chosen| chosen == target));
        }
    }

    fn figure(self) -> Option<Figure> {
        if self.values.is_empty() {
            return None;
        }
        let (query, values) = (self.query, self.values.iter().map(|(_, value)| *value));
        Some(match self.word {
            Word::OomKills => Figure::new(
                self.word,
                values.sum::<f64>().round(),
                format!("sum of {query}"),
            )
            .but(
                Bound::AtLeast,
                "a kill that ends the container before the next scrape is not seen",
            ),
            word => Figure::new(
                word,
                values.fold(0.0, f64::max),
                format!("greatest of {query}"),
            )
            .but(Bound::Exact, "a peak between two scrapes is not seen"),
        })
    }
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

    /// What there is at an instant.
    fn instant(&self, time: f64) -> Result<Replicas, PrometheusError> {
        let names: Vec<&str> = [Kind::Process, Kind::Container]
            .into_iter()
            .flat_map(families::names)
            .collect();
        let series = self.series(&self.selector.of_any(&names), Some(time))?;
        let (programs, containers) = self.groups(&series, None)?;
        Ok(Replicas {
            programs,
            containers: current(containers),
        })
    }

    /// What happened to the containers of a kind.
    fn past(&self, kind: Option<&replicas::Kind>) -> Result<Vec<Past>, PrometheusError> {
        let metrics = [
            (
                Word::PeakWorkingSet,
                "max_over_time",
                "container_memory_working_set_bytes",
            ),
            (Word::PeakAnonymous, "max_over_time", "container_memory_rss"),
            (Word::OomKills, "increase", "container_oom_events_total"),
        ];
        metrics
            .into_iter()
            .map(|(word, function, metric)| {
                let (query, mut values) = self.of_containers(function, metric)?;
                values.retain(|(target, _)| {
                    kind.is_none_or(|kind| replicas::container(target) == *kind)
                });
                Ok(Past {
                    word,
                    query,
                    values,
                })
            })
            .collect()
    }

    /// What the programs were like on average.
    fn means(&self, now: &Replicas, start: f64) -> Result<Vec<Figure>, PrometheusError> {
        const LIVE: &str = "go_gc_heap_live_bytes";
        let all = |name: &'static str| {
            let seen = now.programs.iter().map(move |group| group.seen.get(name));
            seen.flatten().map(|seen| seen.value)
        };
        let mut queries = Vec::new();
        // It is 0 until the first collection, which is not what lives.
        if all(LIVE).all(|live| live > 0.0) {
            let (selector, window, step) = (self.selector, &self.window, self.step);
            let query = format!("avg(avg_over_time(({LIVE}{selector} > 0)[{window}:{step}ms]))");
            queries.push((Word::MeanLiveHeap, query));
        }
        let query = format!(
            "avg(avg_over_time(go_goroutines{}[{}]))",
            self.selector, self.window
        );
        queries.push((Word::MeanGoroutines, query));
        let young = all("process_start_time_seconds").filter(|time| *time > start);
        let young = young.count();
        let mut means = Vec::new();
        for (word, query) in queries {
            let Some(mean) = self.number(&query)? else {
                continue;
            };
            let mean = Figure::new(word, mean, query);
            means.push(match (young, now.programs.len()) {
                (0, _) => mean,
                (1, 1) => remarked(mean, "the process started within the window".to_owned()),
                (young, all) => remarked(
                    mean,
                    format!("{young} of {all} processes started within the window"),
                ),
            });
        }
        Ok(means)
    }

    /// What the collector took of the time of the programs.
    fn gc_share(&self) -> Result<Option<Figure>, PrometheusError> {
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
        Ok(share.map(|share| Figure::new(Word::GcCpuShare, share, query)))
    }

    /// What a function makes of a metric of each container over the window.
    fn of_containers(
        &self,
        function: &str,
        metric: &'static str,
    ) -> Result<(String, Vec<(Target, f64)>), PrometheusError> {
        let query = format!("{function}({metric}{}[{}])", self.selector, self.window);
        let series = self.series(&query, Some(self.end))?;
        let (_, containers) = self.groups(&series, Some(metric))?;
        let containers = only_containers(containers, |group| &group.target);
        let values = containers.iter().flat_map(|group| {
            let values = group.seen.values().map(|seen| seen.value);
            values.map(|value| (group.target.lasting(), value))
        });
        let values = values.filter(|(_, value)| value.is_finite()).collect();
        Ok((query, values))
    }

    /// Programs and containers of series, which are of one metric if they do not tell.
    fn groups(
        &self,
        series: &[Series],
        metric: Option<&str>,
    ) -> Result<(Vec<Group>, Vec<Group>), PrometheusError> {
        let everything = Selector::default();
        let mut groups = Groups::new(&everything);
        for one in series {
            one.add_to(&mut groups, metric);
        }
        if groups.is_full() {
            return Err(self.error(format!(
                "{} selects more than {MAX_TARGETS} containers or programs; narrow it",
                self.selector
            )));
        }
        Ok(groups.split())
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
            Ok(Envelope { status, warnings, data: Some(data), .. }) if status == "success" => {
                // Old versions have remarks on the query among the warnings.
                match warnings.iter().flatten().find(|one| !one.starts_with("PromQL info")) {
                    None => Ok(data),
                    Some(warning) => Err(self.error(format!(
                        "it warns that its answer may not be whole: {}; try again when it is",
                        harmless(warning)
                    ))),
                }
            }
            Ok(Envelope { error, .. }) if !error.is_empty() => Err(self.error(format!(
                "it refuses the query `{query}`: {}",
                harmless(&error)
            ))),
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
        let body = bounded::read(answer, MAX_ANSWER);
        let body = body.map_err(|error| self.error(error.to_string()))?;
        body.ok_or_else(|| {
            self.error(format!(
                "the answer is larger than {} MiB: too many series; narrow the selector {}",
                MAX_ANSWER >> 20,
                self.selector
            ))
        })
    }

    fn error(&self, why: String) -> PrometheusError {
        PrometheusError::Http(self.server.error(why))
    }

    fn unexpected(&self) -> PrometheusError {
        self.error("it does not answer like a Prometheus server; check the address".to_owned())
    }
}

/// A server's words, short and without control characters.
fn harmless(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    short
        .chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect()
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests")]
mod tests;
