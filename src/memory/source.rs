//! Where a reading comes from, as people name it: `pid:1234`, a cgroup directory, a metrics page, the
//! JSON of a container engine, a reading that was saved.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::reading::{Figure, Reading, Selector, Word, cgroup, engine, metrics, process};
use crate::bounded;
use crate::http::{HttpError, Server};
use crate::parse::LineReader;

/// The text formats of metrics, as a server is asked for them.
const METRICS: &str = "text/plain;version=0.0.4,*/*;q=0.1";
/// The largest saved reading that is read, and the largest page of metrics, in bytes.
const MAX_SAVED: u64 = 16 << 20;
const MAX_PAGE: u64 = 1 << 30;

/// The version of the JSON of a saved reading.
pub const SCHEMA_VERSION: u64 = 1;

/// Which of several, and how to get at it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Which series of a page, or which container of an engine's statistics (`{name="api"}`).
    pub selector: Selector,
    /// Headers for requests, names and values.
    pub headers: Vec<(String, String)>,
}

/// A reading as it is saved.
#[derive(Serialize, Deserialize)]
struct Saved {
    schema_version: u64,
    reading: Reading,
}

/// Why there is no reading.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be opened or read.
    #[error("{name}: {error}")]
    Io {
        /// The source.
        name: String,
        /// The system's word.
        error: io::Error,
    },
    /// It is nothing that is understood.
    #[error("{name}: {why}")]
    Unknown {
        /// The source.
        name: String,
        /// What it is, and what is expected.
        why: String,
    },
    /// It is a saved reading of another version.
    #[error(
        "{name}: this reading has version {found}, and this allocgate reads version {SCHEMA_VERSION}"
    )]
    Version {
        /// The source.
        name: String,
        /// The version it has.
        found: u64,
    },
    /// A cgroup that cannot be read.
    #[error(transparent)]
    Cgroup(#[from] cgroup::CgroupError),
    /// A process that cannot be read.
    #[error(transparent)]
    Process(#[from] process::ProcessError),
    /// A page that says nothing of it.
    #[error(transparent)]
    Metrics(#[from] metrics::MetricsError),
    /// An engine's statistics that say nothing of it.
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
    /// A server that does not answer.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Takes a reading.
///
/// # Errors
///
/// If the source is none, or says nothing of one program or container.
pub fn read(source: &str, selection: &Selection) -> Result<Reading, SourceError> {
    let io = |error| SourceError::Io {
        name: source.to_owned(),
        error,
    };
    if source == "-" {
        return stream(
            BufReader::new(io::stdin().lock()),
            "standard input",
            selection,
        );
    }
    if source.starts_with("http://") || source.starts_with("https://") {
        let server = Server::new(source, &selection.headers)?;
        // Neither a password nor a token in the query is to be read in a report.
        let shown = server.to_string();
        let shown = shown.split('?').next().unwrap_or_default();
        let mut reading = stream(BufReader::new(server.page(METRICS)?), shown, selection)?;
        reading.taken.get_or_insert_with(now);
        return Ok(reading);
    }
    if let Some(pid) = source.strip_prefix("pid:") {
        return of_process(source, pid);
    }
    let path = Path::new(source);
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        let mut reading = directory(source, path)?;
        reading.taken.get_or_insert_with(now);
        return Ok(reading);
    }
    let file = File::open(path).map_err(io)?;
    let mut reading = stream(BufReader::new(file), source, selection)?;
    // A page says nothing of its time; its file does.
    if reading.taken.is_none() && metadata.is_file() {
        reading.taken = metadata.modified().ok().and_then(seconds);
    }
    Ok(reading)
}

/// One reading of several of the same moment. Of two figures of one word the first counts.
pub fn join(readings: impl IntoIterator<Item = Reading>) -> Option<Reading> {
    readings.into_iter().reduce(|mut all, other| {
        all.source.push_str(", ");
        all.source.push_str(&other.source);
        all.taken = all.taken.or(other.taken);
        all.figures.extend(other.figures);
        // What a process was started with, the program may have changed: what it says itself counts first.
        all.figures
            .sort_by_key(|figure| figure.from.starts_with(process::ENVIRON));
        all
    })
}

/// A reading as JSON, which [`read`] takes.
///
/// # Errors
///
/// As serialisation fails.
pub fn save(reading: &Reading) -> serde_json::Result<String> {
    let saved = Saved {
        schema_version: SCHEMA_VERSION,
        reading: reading.clone(),
    };
    serde_json::to_string_pretty(&saved)
}

fn now() -> f64 {
    seconds(SystemTime::now()).unwrap_or_default()
}

fn seconds(time: SystemTime) -> Option<f64> {
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs_f64())
}

/// A process and the cgroup that it is in.
fn of_process(source: &str, pid: &str) -> Result<Reading, SourceError> {
    let number = match pid {
        "self" => None,
        _ => Some(pid.parse::<u32>().map_err(|_| SourceError::Unknown {
            name: source.to_owned(),
            why: "expected the number of a process, as in pid:1234, or pid:self".to_owned(),
        })?),
    };
    let proc = Path::new("/proc");
    let own = process::read(&proc.join(pid))?;
    // A process outside of any container is read all the same.
    let container = cgroup::of_process(number, proc).and_then(|dir| cgroup::read(&dir));
    let container = container.map(|mut container| {
        // Without a limit it is no container: a session or a machine, with much else in it.
        if container
            .get(Word::Limit)
            .is_none_or(|limit| limit.value.is_infinite())
        {
            container
                .figures
                .retain(|figure| figure.word == Word::Limit);
        }
        container
    });
    let mut reading = join([Some(own), container.ok()].into_iter().flatten()).unwrap_or_default();
    reading.taken = Some(now());
    Ok(reading)
}

fn directory(name: &str, path: &Path) -> Result<Reading, SourceError> {
    if cgroup::version(path).is_some() {
        // A limit above counts, and `.` has nothing above it.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        return Ok(cgroup::read(&path)?);
    }
    if path.join("status").is_file() {
        return Ok(process::read(path)?);
    }
    Err(SourceError::Unknown {
        name: name.to_owned(),
        why: "this directory is neither a memory cgroup (memory.current, memory.usage_in_bytes) nor of a process (status)"
            .to_owned(),
    })
}

/// What is read from a stream: a saved reading, an engine's statistics, or a page of metrics.
fn stream<R: Read>(
    mut input: BufReader<R>,
    name: &str,
    selection: &Selection,
) -> Result<Reading, SourceError> {
    let io = |error| SourceError::Io {
        name: name.to_owned(),
        error,
    };
    let start = input.fill_buf().map_err(io)?;
    if !engine::is_json(start) {
        return Ok(metrics::read(
            LineReader::new(input, MAX_PAGE),
            name,
            &selection.selector,
        )?);
    }
    if !is_saved(start) {
        return Ok(engine::read(
            LineReader::new(input, MAX_PAGE),
            name,
            &selection.selector,
        )?);
    }
    let unknown = |why| SourceError::Unknown {
        name: name.to_owned(),
        why,
    };
    let json = bounded::read(input, MAX_SAVED).map_err(io)?;
    let too_large = "this JSON is larger than 16 MiB; it is no reading";
    let json = json.ok_or_else(|| unknown(too_large.to_owned()))?;
    #[derive(Deserialize)]
    struct Head {
        schema_version: u64,
    }
    let no_reading = |error| unknown(format!("this is no reading that allocgate saved: {error}"));
    // The version first: what else is in another one is unknown.
    let Head {
        schema_version: found,
    } = serde_json::from_slice(&json).map_err(no_reading)?;
    if found != SCHEMA_VERSION {
        return Err(SourceError::Version {
            name: name.to_owned(),
            found,
        });
    }
    let Saved { reading, .. } = serde_json::from_slice(&json).map_err(no_reading)?;
    match reading.figures.iter().find(|figure| !is_possible(figure)) {
        Some(figure) => Err(unknown(format!(
            "the {} of this reading is {}, and that is none",
            figure.word.label(),
            figure.value
        ))),
        None => Ok(reading),
    }
}

/// Whether a figure can be one: only bounds may be infinite.
fn is_possible(figure: &Figure) -> bool {
    let bound = matches!(
        figure.word,
        Word::Limit | Word::ThrottleLimit | Word::Gomemlimit | Word::Gogc
    );
    (bound && figure.value.is_infinite()) || (0.0..9.3e18).contains(&figure.value)
}

/// A saved reading begins with its version.
fn is_saved(start: &[u8]) -> bool {
    let key = start
        .trim_ascii_start()
        .strip_prefix(b"{")
        .unwrap_or_default();
    key.trim_ascii_start().starts_with(b"\"schema_version\"")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::http::testing::{http, serve};

    #[test]
    fn a_server_is_asked_for_the_text_format() {
        let address = serve(|head| {
            let asked = "accept: text/plain;version=0.0.4";
            match head.to_ascii_lowercase().contains(asked) {
                true => http(200, "text/plain", "process_resident_memory_bytes 7\n"),
                false => http(406, "text/plain", head),
            }
        });
        let reading = read(&address, &Selection::default()).unwrap();
        assert_eq!(reading.figures[0].value.to_bits(), 7.0_f64.to_bits());
    }
}
