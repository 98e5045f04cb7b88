//! What a container is allowed, read from what describes it before it runs.
//!
//! | module | reads |
//! |---|---|
//! | `kubernetes`, `compose`, `ecs` | `yaml` and `json`, as the tree of `node` |
//! | `dockerfile`, `systemd`, `go_module` | their own lines |
//! | `variable`, `expand`, `env_file`, `command`, `shell` | the ways in which variables are set |
//!
//! Files belong together: Kubernetes has all of its objects in one pool, compose merges the files of a
//! folder, systemd a unit with its drop-ins.
//!
//! What is not known is never taken for known: a value from a secret, a template or the caller's
//! environment is [`Declared::Unknown`], with a sentence that says where it comes from.

mod command;
mod compose;
mod declaration;
mod detect;
mod dockerfile;
mod ecs;
mod env_file;
mod expand;
mod go_module;
#[cfg(test)]
mod hostile;
mod json;
mod kubernetes;
mod node;
mod shell;
mod systemd;
#[cfg(test)]
mod tests;
mod variable;
mod yaml;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::rc::Rc;

pub use self::declaration::Declaration;
use self::node::Node;
use super::declared::Declared;

/// The largest manifest that is read, in bytes.
pub const MAX_SIZE: usize = 32 << 20;

/// A manifest that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct ManifestError {
    /// The file, and the line where there is one.
    at: String,
    /// What is wrong, and what to do.
    message: String,
}

/// What a file says of containers before they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The file, as it was named.
    pub path: String,
    /// What kind of file it is.
    pub kind: ManifestKind,
    /// Its containers, in the order of the file; none of a `go.mod`, and none where they stand with
    /// the first of several files that belong together.
    pub containers: Vec<Declaration>,
    /// Of a `go.mod`: the module that sets GOMEMLIMIT by the limit of the container.
    pub automemlimit: Declared<String>,
    /// What was not looked at, each a sentence behind `file:line`.
    pub remarks: Vec<String>,
}

/// What kind of file a manifest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// Objects of Kubernetes, as `kubectl apply -f` takes them.
    Kubernetes,
    /// A compose file.
    Compose,
    /// A Dockerfile.
    Dockerfile,
    /// A task definition of Amazon ECS.
    Ecs,
    /// A unit of systemd, or a drop-in of one.
    Systemd,
    /// A `go.mod`.
    GoModule,
}

impl ManifestKind {
    /// Every kind.
    pub const ALL: [ManifestKind; 6] = [
        ManifestKind::Kubernetes,
        ManifestKind::Compose,
        ManifestKind::Dockerfile,
        ManifestKind::Ecs,
        ManifestKind::Systemd,
        ManifestKind::GoModule,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            ManifestKind::Kubernetes => "kubernetes",
            ManifestKind::Compose => "compose",
            ManifestKind::Dockerfile => "dockerfile",
            ManifestKind::Ecs => "ecs",
            ManifestKind::Systemd => "systemd",
            ManifestKind::GoModule => "go.mod",
        }
    }
}

/// A file to be read.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// How it is named.
    pub path: &'a str,
    /// What it holds.
    pub text: &'a [u8],
}

/// How manifests are read.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What they are; told from name and content if not given.
    pub kind: Option<ManifestKind>,
    /// The stage of a Dockerfile, as of `docker build --target`; the last one if not given.
    pub stage: Option<&'a str>,
    /// Reads a file that a manifest names: the path of the manifest, and the file relative to it.
    /// `None` if there is none.
    pub read_beside: ReadBeside<'a>,
}

/// What reads the files that a manifest names.
pub type ReadBeside<'a> = &'a dyn Fn(&str, &str) -> io::Result<Option<Vec<u8>>>;

/// Reads manifests, each once. Positions are reported under their paths.
///
/// # Errors
///
/// If one is of no kind that is understood, or if there are objects of Kubernetes and no container in
/// all of them and in all other files.
pub fn read_all(files: &[File<'_>], options: &Options<'_>) -> Result<Vec<Manifest>, ManifestError> {
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for file in files {
        // `./a` is `a`.
        let path = Path::new(file.path);
        if seen.insert(path.strip_prefix(".").unwrap_or(path)) {
            sources.push(Source::new(*file, options.kind)?);
        }
    }
    let mut found: Vec<Found> = sources.iter().map(|_| Found::default()).collect();
    for group in groups(&sources) {
        let group_sources: Vec<&Source<'_>> = group.iter().map(|index| &sources[*index]).collect();
        let [first, ..] = group_sources[..] else {
            continue;
        };
        let Source { place, text, .. } = *first;
        let beside = |name: &str| (options.read_beside)(place.0, name);
        match first.kind {
            ManifestKind::Kubernetes => {
                let read = kubernetes::read(&group_sources);
                for (index, read) in group.iter().zip(read) {
                    found[*index] = read;
                }
            }
            ManifestKind::Compose => found[group[0]] = compose::read(&group_sources, &beside)?,
            ManifestKind::Systemd => found[group[0]] = systemd::read(&group_sources)?,
            ManifestKind::Ecs => found[group[0]] = ecs::read(place, &first.documents)?,
            ManifestKind::Dockerfile => {
                found[group[0]] = dockerfile::read(place, text, options.stage)?;
            }
            ManifestKind::GoModule => {}
        }
    }
    let manifests: Vec<_> = sources
        .iter()
        .zip(found)
        .map(|(source, found)| source.manifest(found))
        .collect();
    let none = |manifest: &Manifest| {
        manifest.kind == ManifestKind::Dockerfile || manifest.containers.is_empty()
    };
    if manifests.iter().all(none) {
        kubernetes::not_empty(&sources)?;
    }
    Ok(manifests)
}

/// The files that are read together, by their place among all.
fn groups(sources: &[Source<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known = HashMap::new();
    for (index, source) in sources.iter().enumerate() {
        let key = match source.kind {
            ManifestKind::Kubernetes => "",
            ManifestKind::Compose => source.place.folder(),
            ManifestKind::Systemd => systemd::unit(source.place),
            ManifestKind::Dockerfile | ManifestKind::Ecs | ManifestKind::GoModule => {
                groups.push(vec![index]);
                continue;
            }
        };
        let group = *known
            .entry((source.kind.as_str(), key))
            .or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// A file of a known kind.
struct Source<'a> {
    place: Place<'a>,
    kind: ManifestKind,
    text: &'a str,
    /// Of YAML and JSON.
    documents: Vec<Rc<Node>>,
}

impl<'a> Source<'a> {
    fn new(file: File<'a>, kind: Option<ManifestKind>) -> Result<Self, ManifestError> {
        let place = Place(file.path);
        let text = decode(place, file.text)?;
        let (kind, documents) = detect::kind(place, text, kind)?;
        Ok(Source {
            place,
            kind,
            text,
            documents,
        })
    }

    fn manifest(&self, found: Found) -> Manifest {
        Manifest {
            path: self.place.0.to_owned(),
            kind: self.kind,
            containers: found.containers,
            automemlimit: match self.kind {
                ManifestKind::GoModule => go_module::automemlimit(self.place, self.text),
                _ => Declared::Absent,
            },
            remarks: found.remarks,
        }
    }
}

/// What a reader found.
#[derive(Default)]
struct Found {
    containers: Vec<Declaration>,
    remarks: Vec<String>,
}

/// The file that is read, to say where something stands.
#[derive(Clone, Copy)]
struct Place<'a>(&'a str);

impl<'a> Place<'a> {
    /// A line of it.
    fn at(self, line: usize) -> String {
        format!("{}:{line}", self.0)
    }

    /// An error of the whole file.
    fn error(self, message: impl Into<String>) -> ManifestError {
        ManifestError {
            at: self.0.to_owned(),
            message: message.into(),
        }
    }

    /// An error of a line.
    fn error_at(self, line: usize, message: impl Into<String>) -> ManifestError {
        ManifestError {
            at: self.at(line),
            message: message.into(),
        }
    }

    /// Whether it has no name that tells anything.
    fn is_input(self) -> bool {
        matches!(self.0, "-" | "standard input")
    }

    /// The last part of its path.
    fn name(self) -> &'a str {
        self.0.rsplit(['/', '\\']).next().unwrap_or(self.0)
    }

    /// What stands before that.
    fn folder(self) -> &'a str {
        &self.0[..self.0.len() - self.name().len()]
    }
}

/// The bytes as text without a byte order mark.
fn decode<'a>(place: Place<'_>, bytes: &'a [u8]) -> Result<&'a str, ManifestError> {
    if bytes.len() > MAX_SIZE {
        return Err(place.error("is larger than 32 MiB; this is no manifest"));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(place.error("is UTF-16; save it as UTF-8"));
    }
    let line = |end: usize| 1 + bytes[..end].iter().filter(|b| **b == b'\n').count();
    // A YAML reader would take the rest behind a NUL for not there.
    if let Some(nul) = memchr::memchr(0, bytes) {
        return Err(place.error_at(line(nul), "holds a NUL byte; this is no text"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        place.error_at(line(error.valid_up_to()), "is not UTF-8; save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
