//! What container engines say of a container: `docker stats`, the Engine API's stats, `podman stats`,
//! all as JSON.
//!
//! | source | memory | limit |
//! |---|---|---|
//! | Engine API `/containers/ID/stats` | bytes, with the kernel's own counters | bytes |
//! | `docker stats --no-stream --format json` | usage − inactive file cache, four digits, 1024 | four digits |
//! | `podman stats --no-stream --format json` | what that is differs by version; four digits, 1000 | four digits |
//! | `podman stats --no-stream --format '{{json .}}'` | the same in bytes | bytes |
//!
//! Without a limit all of them show the machine's memory in its place.

use std::collections::BTreeMap;
use std::io::{self, Read};

use jiff::Timestamp;
use serde_json::{Deserializer, Map, Value};

use super::selector::Selector;
use super::targets::{Target, listed};
use super::{Bound, Figure, Reading, Word};
use crate::parse::LineReader;

/// The most that is read, in bytes. A container takes 3 KB.
const MAX_SIZE: usize = 16 << 20;

const ROUNDED: &str = "rounded to four digits";
const NO_LIMIT: &str = "without a limit this is the machine's memory";
const PODMAN: &str = "what podman counts differs by version: usage without inactive file cache from 5.6, \
                      anonymous memory alone from 4.0, all usage before";

/// An engine's word that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It cannot be read.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// The system's word.
        error: io::Error,
    },
    /// It is not what an engine says.
    #[error(
        "{at}: {why}; expected what `docker stats --no-stream --format '{{{{json .}}}}'`, \
         `podman stats --no-stream --format json` or the Engine API give"
    )]
    Malformed {
        /// `file:line`.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// Several containers are meant.
    #[error(
        "{file}: {count} containers are meant, and a reading is of one: {list}; choose one with --selector '{example}'"
    )]
    Ambiguous {
        /// The file.
        file: String,
        /// How many.
        count: usize,
        /// Some of them.
        list: String,
        /// One of them as a selector.
        example: String,
    },
    /// None is meant.
    #[error("{file}: {selector} selects none of what is there: {list}")]
    NoMatch {
        /// The file.
        file: String,
        /// What was asked for.
        selector: String,
        /// Some of what is there.
        list: String,
    },
    /// The one that is meant does not run.
    #[error(
        "{file}: the container {container} is not running, so that it has no memory to tell of"
    )]
    NotRunning {
        /// The file.
        file: String,
        /// Its name.
        container: String,
    },
}

/// What an engine says of a container.
#[derive(Default)]
struct Container {
    target: Target,
    taken: Option<f64>,
    /// None of one that does not run.
    figures: Vec<Figure>,
}

/// Whether a text begins like JSON, and not like a metric whose name is in braces: `{"my.metric"} 1`.
pub fn is_json(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let Some(inside) = text.strip_prefix(b"{") else {
        return text.starts_with(b"[");
    };
    let inside = inside.trim_ascii_start();
    let Some(key) = inside.strip_prefix(b"\"") else {
        return inside.starts_with(b"}");
    };
    memchr::memchr(b'"', key).is_some_and(|end| key[end + 1..].trim_ascii_start().starts_with(b":"))
}

/// Reads what an engine says of one container, which the selector chooses by `name` (`container` is
/// the same here) or `id`. Places are reported under `file`.
///
/// # Errors
///
/// If it cannot be read, is something else, or the selector does not mean exactly one container that
/// runs.
pub fn read<R: Read>(
    lines: LineReader<R>,
    file: &str,
    selector: &Selector,
) -> Result<Reading, EngineError> {
    let text = text(lines).map_err(|error| EngineError::Io {
        file: file.to_owned(),
        error,
    })?;
    let malformed = |line: usize, why: String| EngineError::Malformed {
        at: format!("{file}:{line}"),
        why,
    };
    // A stream repeats each container; the last time counts.
    let mut there: BTreeMap<Target, Container> = BTreeMap::new();
    let mut values = Deserializer::from_str(&text).into_iter::<Value>();
    loop {
        let line = 1 + text[..values.byte_offset()].matches('\n').count();
        let value = match values.next() {
            None => break,
            Some(Ok(value)) => value,
            Some(Err(_)) if text.trim() == "json" || text.starts_with("json\n") => {
                let why = "this Docker knows no `--format json` and printed the word".to_owned();
                return Err(malformed(1, why));
            }
            Some(Err(error)) => {
                return Err(malformed(error.line(), format!("is no JSON: {error}")));
            }
        };
        for container in containers(&value, file).map_err(|why| malformed(line, why))? {
            there.insert(container.target.clone(), container);
        }
    }
    if there.is_empty() {
        return Err(malformed(1, "there is no container".to_owned()));
    }
    let names = listed(there.keys());
    let mut meant: Vec<Container> = there
        .into_values()
        .filter(|container| container.is_meant(selector))
        .collect();
    if meant.iter().any(|container| !container.figures.is_empty()) {
        meant.retain(|container| !container.figures.is_empty());
    }
    let count = meant.len();
    match (meant.pop(), count) {
        (None, _) => Err(EngineError::NoMatch {
            file: file.to_owned(),
            selector: selector.to_string(),
            list: names,
        }),
        (Some(container), 1) if container.figures.is_empty() => Err(EngineError::NotRunning {
            file: file.to_owned(),
            container: container.target.to_string(),
        }),
        (Some(container), 1) => Ok(Reading {
            source: file.to_owned(),
            taken: container.taken,
            figures: container.figures,
        }),
        (Some(container), count) => {
            let all = meant
                .iter()
                .chain([&container])
                .map(|container| &container.target);
            Err(EngineError::Ambiguous {
                file: file.to_owned(),
                count,
                list: listed(all),
                example: container.target.to_string(),
            })
        }
    }
}

/// The whole text, without the escape sequences that `docker stats` writes if it is not told
/// `--no-stream`.
fn text<R: Read>(mut lines: LineReader<R>) -> io::Result<String> {
    let mut text = String::new();
    while let Some(line) = lines.next_line()? {
        if line.cut || text.len() + line.text.len() > MAX_SIZE {
            let why = "is far larger than what an engine says of its containers";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let line = String::from_utf8_lossy(line.text);
        let mut pieces = line.split("\u{1b}[");
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let after = piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
            text.push_str(after.get(1..).unwrap_or_default());
        }
        text.push('\n');
    }
    Ok(text)
}

/// The containers of a JSON value: an object of one, an array, podman's `{"Stats": […]}`.
fn containers(value: &Value, file: &str) -> Result<Vec<Container>, String> {
    let object = match value {
        Value::Array(all) => {
            let all: Result<Vec<_>, _> = all.iter().map(|one| containers(one, file)).collect();
            return Ok(all?.into_iter().flatten().collect());
        }
        Value::Object(object) => object,
        _ => return Err("this is no container's statistics".to_owned()),
    };
    if let Some(all @ Value::Array(_)) = object.get("Stats") {
        return containers(all, file);
    }
    let one = if object.contains_key("memory_stats") {
        api(object, file)
    } else if object.contains_key("mem_usage") {
        podman(object, file)?
    } else if object.get("MemUsage").is_some_and(Value::is_number) {
        podman_bytes(object, file)
    } else if object.contains_key("MemUsage") {
        docker(object, file)?
    } else {
        return Err("this object has no memory statistics".to_owned());
    };
    Ok(vec![one])
}

/// Writes figures with where they are from.
struct Origin<'a> {
    file: &'a str,
    target: Target,
}

impl<'a> Origin<'a> {
    fn new(file: &'a str, object: &Map<String, Value>, name: &str, id: &str) -> Self {
        let field = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        // The API's names start with a slash; `--` is docker's name of what it could not ask.
        let name = field(name).trim_start_matches('/');
        let name = if name == "--" {
            field("Container")
        } else {
            name
        };
        Origin {
            file,
            target: Target::named(name, field(id)),
        }
    }

    fn figure(&self, word: Word, value: f64, field: &str) -> Figure {
        let labels = match self.target == Target::default() {
            true => String::new(),
            false => self.target.to_string(),
        };
        Figure::new(word, value, format!("{} {field}{labels}", self.file))
    }

    fn container(self, taken: Option<f64>, figures: Vec<Figure>) -> Container {
        Container {
            target: self.target,
            taken,
            figures,
        }
    }
}

/// The Engine API, or podman's imitation of it.
fn api(object: &Map<String, Value>, file: &str) -> Container {
    let origin = Origin::new(file, object, "name", "id");
    let memory = &object["memory_stats"];
    let amount = |value: &Value| value.as_f64().filter(|amount| *amount >= 0.0);
    let number = |key: &str| memory.get(key).and_then(amount);
    let stat = |key: &str| {
        memory
            .get("stats")
            .and_then(|stats| stats.get(key))
            .and_then(amount)
    };
    let Some(usage) = number("usage") else {
        return origin.container(None, Vec::new());
    };
    let mut figures = Vec::new();
    let is_v1 = stat("total_inactive_file").is_some();
    let key = |v1: &'static str, v2: &'static str| if is_v1 { v1 } else { v2 };
    let direct = |word, key: &str| {
        Some(origin.figure(word, stat(key)?, &format!("memory_stats.stats.{key}")))
    };

    // On v1 the kernel's own limit is among the counters.
    let kernel_limit = stat("hierarchical_memory_limit").map(|bytes| {
        let limit = if bytes < 2f64.powi(62) {
            bytes
        } else {
            f64::INFINITY
        };
        origin.figure(
            Word::Limit,
            limit,
            "memory_stats.stats.hierarchical_memory_limit",
        )
    });
    figures.extend(kernel_limit.or_else(|| {
        let limit = origin.figure(Word::Limit, number("limit")?, "memory_stats.limit");
        Some(limit.but(Bound::Doubtful, NO_LIMIT))
    }));
    let inactive = key("total_inactive_file", "inactive_file");
    match stat(inactive) {
        Some(cache) => {
            figures.push(origin.figure(Word::Usage, usage, "memory_stats.usage"));
            let from = format!("memory_stats.usage − stats.{inactive}");
            // As Docker itself has it: the two are not read at one moment.
            let working_set = if cache < usage { usage - cache } else { usage };
            figures.push(origin.figure(Word::WorkingSet, working_set, &from));
        }
        None => figures.push(
            origin
                .figure(Word::WorkingSet, usage, "memory_stats.usage")
                .but(Bound::Doubtful, PODMAN),
        ),
    }
    figures.extend(direct(Word::InactiveFile, inactive));
    figures.extend(direct(
        Word::ActiveFile,
        key("total_active_file", "active_file"),
    ));
    figures.extend(direct(Word::Anonymous, key("total_rss", "anon")));
    figures.extend(direct(Word::Shmem, "shmem").filter(|_| !is_v1));
    let kernel = ["kernel_stack", "slab", "sock"].map(stat);
    if let [Some(stack), Some(slab), Some(sockets)] = kernel {
        let from = "memory_stats.stats.kernel_stack + slab + sock";
        let figure = origin.figure(Word::KernelMemory, stack + slab + sockets, from);
        figures.push(figure.but(
            Bound::AtLeast,
            "page tables are not among the engine's counters",
        ));
    }
    figures.extend(
        number("max_usage")
            .map(|peak| origin.figure(Word::PeakUsage, peak, "memory_stats.max_usage")),
    );
    figures.extend(number("failcnt").map(|hits| {
        let figure = origin.figure(Word::LimitHits, hits, "memory_stats.failcnt");
        match is_v1 {
            true => figure,
            false => figure.but(
                Bound::AtLeast,
                "under cgroup v2 only what reclaim could not help is counted",
            ),
        }
    }));
    let taken = object.get("read").and_then(Value::as_str);
    let taken = taken.and_then(|time| time.parse::<Timestamp>().ok());
    origin.container(taken.map(|time| time.as_duration().as_secs_f64()), figures)
}

/// `docker stats`.
fn docker(object: &Map<String, Value>, file: &str) -> Result<Container, String> {
    let origin = Origin::new(file, object, "Name", "ID");
    let text = object["MemUsage"].as_str().unwrap_or_default();
    let Some((usage, limit)) = pair(text, "MemUsage")? else {
        return Ok(origin.container(None, Vec::new()));
    };
    let figures = vec![
        origin
            .figure(Word::Limit, limit, "MemUsage")
            .but(Bound::Doubtful, format!("{NO_LIMIT}; {ROUNDED}")),
        origin
            .figure(Word::WorkingSet, usage, "MemUsage")
            .but(Bound::Exact, ROUNDED),
    ];
    Ok(origin.container(None, figures))
}

/// `podman stats --format json`.
fn podman(object: &Map<String, Value>, file: &str) -> Result<Container, String> {
    let origin = Origin::new(file, object, "name", "id");
    let field = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    // podman 2.0 has the two mixed up.
    let key = if field("mem_usage").ends_with('%') {
        "mem_percent"
    } else {
        "mem_usage"
    };
    let Some((usage, limit)) = pair(field(key), key)? else {
        return Ok(origin.container(None, Vec::new()));
    };
    let figures = vec![
        origin
            .figure(Word::Limit, limit, key)
            .but(Bound::Doubtful, format!("{NO_LIMIT}; {ROUNDED}")),
        origin
            .figure(Word::WorkingSet, usage, key)
            .but(Bound::Doubtful, format!("{PODMAN}; {ROUNDED}")),
    ];
    Ok(origin.container(None, figures))
}

/// `podman stats --format '{{json .}}'`.
fn podman_bytes(object: &Map<String, Value>, file: &str) -> Container {
    let origin = Origin::new(file, object, "Name", "ContainerID");
    let field = |key: &str| {
        object
            .get(key)
            .and_then(Value::as_f64)
            .filter(|bytes| *bytes > 0.0)
    };
    let limit = field("MemLimit").map(|bytes| {
        origin
            .figure(Word::Limit, bytes, "MemLimit")
            .but(Bound::Doubtful, NO_LIMIT)
    });
    let usage = field("MemUsage").map(|bytes| {
        origin
            .figure(Word::WorkingSet, bytes, "MemUsage")
            .but(Bound::Doubtful, PODMAN)
    });
    let figures = limit.into_iter().chain(usage).collect();
    origin.container(None, figures)
}

/// `63.67MiB / 128MiB`; nothing of a container that does not run.
fn pair(text: &str, field: &str) -> Result<Option<(f64, f64)>, String> {
    if text == "-- / --" {
        return Ok(None);
    }
    let amounts = text
        .split_once(" / ")
        .and_then(|(usage, limit)| Some((amount(usage)?, amount(limit)?)));
    match amounts {
        Some((_, limit)) if limit <= 0.0 => Ok(None),
        Some(amounts) => Ok(Some(amounts)),
        None => Err(format!(
            "`{field}` is `{}`, and not like `63.67MiB / 128MiB`",
            text.escape_debug()
        )),
    }
}

/// An amount as engines print it: `kB` is 1000, `KiB` 1024.
fn amount(text: &str) -> Option<f64> {
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e')?;
    let (number, unit) = text.split_at(unit);
    let prefix = unit.strip_suffix('B')?;
    let (prefix, base) = match prefix.strip_suffix('i') {
        Some(prefix) => (prefix, 1024f64),
        None => (prefix, 1000f64),
    };
    let power = match prefix {
        "" => 0,
        _ => {
            1 + ["k", "m", "g", "t", "p", "e"]
                .into_iter()
                .position(|own| own.eq_ignore_ascii_case(prefix))?
        }
    };
    let number: f64 = number.trim().parse().ok()?;
    let value = (number * base.powi(i32::try_from(power).ok()?)).round();
    (value.is_finite() && value >= 0.0).then_some(value)
}

impl Container {
    fn is_meant(&self, selector: &Selector) -> bool {
        // One that does not say its name is meant whatever the name.
        if self.target == Target::default() {
            return true;
        }
        let name = self.target.get("name");
        let id = self.target.get("id");
        // The short form of an id is as good.
        [id, id.and_then(|id| id.get(..12))].into_iter().any(|id| {
            selector.matches(|label| match label {
                "name" | "container" => name,
                "id" => id,
                _ => None,
            })
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests")]
mod tests;
