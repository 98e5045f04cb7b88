//! What a container is allowed, read from what describes it before it runs.
//!
//! | module | reads |
//! |---|---|
//! | `kubernetes`, `compose`, `ecs` | YAML and `json`, as the tree of `node` |
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
mod variable;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::rc::Rc;

pub use self::declaration::Declaration;
use self::node::Node;
use super::declared::Declared;

/// The largest manifest that is read, in bytes.
const MAX_SIZE: usize = 32 << 20;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::memory::amount::Limit;

    const OPTIONS: Options<'_> = Options {
        kind: None,
        stage: None,
        read_beside: &|_, _| Ok(None),
    };

    #[test]
    fn text_is_decoded() {
        let decode = |bytes| decode(Place("f"), bytes).map_err(|error| error.to_string());
        assert_eq!(decode(b"\xef\xbb\xbfa: b\n"), Ok("a: b\n"));
        for (bytes, message) in [
            (&b"\xff\xfea\0"[..], "f: is UTF-16; save it as UTF-8"),
            (b"a\n\0", "f:2: holds a NUL byte; this is no text"),
            (b"a\nb\n\xc3(", "f:3: is not UTF-8; save it as UTF-8"),
        ] {
            assert_eq!(decode(bytes), Err(message.to_owned()));
        }
        let large = vec![b'a'; MAX_SIZE + 1];
        assert!(decode(&large).unwrap_err().contains("32 MiB"));
    }

    /// A container in one line: its name, limit and settings, each in MiB or as it is not known.
    fn line(declaration: &Declaration) -> String {
        let container = declaration.container();
        fn word<T>(declared: &Declared<T>, show: impl Fn(&T) -> String) -> String {
            match declared {
                Declared::Absent => "-".to_owned(),
                Declared::Set { value, .. } => show(value),
                Declared::Invalid { .. } => "invalid".to_owned(),
                Declared::Unknown { .. } => "unknown".to_owned(),
            }
        }
        let limit = |limit: &Limit| {
            limit
                .bytes()
                .map_or("off".to_owned(), |b| (b >> 20).to_string())
        };
        format!(
            "{} {} {:?} {} {} {}",
            container.workload,
            container.name,
            container.role,
            word(&container.limit, limit),
            word(&container.gomemlimit, limit),
            word(&container.gogc, |gogc| format!("{gogc:?}")),
        )
    }

    #[test]
    fn realistic_manifests() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/memory/manifests");
        for (name, kind, expected) in [
            (
                "deployment.yaml",
                ManifestKind::Kubernetes,
                &[
                    "Deployment/shop migrate Init 64 - -",
                    "Deployment/shop proxy Sidecar 128 110 -",
                    "Deployment/shop api Main 512 512 Percent(80)",
                    "Deployment/shop worker Main 256 200 -",
                ][..],
            ),
            (
                "cronjob.yaml",
                ManifestKind::Kubernetes,
                &["CronJob/report report Main 1024 900 -"],
            ),
            (
                "statefulset-list.yaml",
                ManifestKind::Kubernetes,
                &[
                    "StatefulSet/index index Main 1907 unknown -",
                    "StatefulSet/index metrics Main 256 230 Off",
                ],
            ),
            (
                "compose.yaml",
                ManifestKind::Compose,
                &[
                    "compose api Main 512 450 Percent(75)",
                    "compose worker Main 256 230 Percent(75)",
                    "compose mailer Main 256 unknown Percent(75)",
                    "compose database Main - - -",
                ],
            ),
            (
                "task-definition.json",
                ManifestKind::Ecs,
                &[
                    "shop api Main 768 700 -",
                    "shop collector Main 1024 unknown -",
                ],
            ),
            (
                "shop.service",
                ManifestKind::Systemd,
                &["shop.service shop Main 512 450 Percent(75)"],
            ),
            (
                "shop.service.d/memory.conf",
                ManifestKind::Systemd,
                &["shop.service shop Main 1024 900 -"],
            ),
            (
                "Dockerfile",
                ManifestKind::Dockerfile,
                &["Dockerfile api Main - 450 Percent(75)"],
            ),
            ("go.mod", ManifestKind::GoModule, &[]),
        ] {
            let path = format!("{directory}/{name}");
            let text = std::fs::read(&path).unwrap();
            let path = path.as_str();
            let text = text.as_slice();
            let manifest = read_all(&[File { path, text }], &OPTIONS)
                .unwrap()
                .remove(0);
            assert_eq!(manifest.kind, kind, "{name}");
            let lines: Vec<_> = manifest.containers.iter().map(line).collect();
            assert_eq!(lines, expected, "{name}");
            let module = manifest.automemlimit.value().map(String::as_str);
            let expected =
                (kind == ManifestKind::GoModule).then_some("github.com/KimMachineGun/automemlimit");
            assert_eq!(module, expected, "{name}");
        }
    }

    fn pool(files: &[(&str, &str)]) -> Result<Vec<Vec<String>>, String> {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| File {
                path,
                text: text.as_bytes(),
            })
            .collect();
        let manifests = read_all(&files, &OPTIONS).map_err(|error| error.to_string())?;
        let lines = |manifest: Manifest| manifest.containers.iter().map(line).collect();
        Ok(manifests.into_iter().map(lines).collect())
    }

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, \
                       envFrom: [{configMapRef: {name: c}}]}]}\n";
    const CONFIG: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {GOMEMLIMIT: 64MiB}\n";
    const RANGE: &str = "apiVersion: v1\nkind: LimitRange\nspec: {limits: [{type: Container, \
                         max: {memory: 128Mi}}]}\n";

    #[test]
    fn files_are_read_together() {
        let none = Vec::<String>::new;
        let one = |text: &str| vec![text.to_owned()];
        for (files, expected) in [
            (
                &[("a.yaml", RANGE), ("b.yaml", POD), ("c.yaml", CONFIG)][..],
                vec![none(), one("Pod/p a Main 128 64 -"), none()],
            ),
            (
                &[
                    ("k/kustomization.yaml", "resources: [b.yaml]"),
                    ("k/b.yaml", POD),
                    ("k/empty.yaml", "# nothing\n"),
                    ("./k/b.yaml", POD),
                    ("k/b.yaml", POD),
                ],
                vec![none(), one("Pod/p a Main - unknown -"), none()],
            ),
            (
                &[
                    (
                        "x/compose.yaml",
                        "services: {a: {mem_limit: 64m, environment: [GOGC=50]}}",
                    ),
                    ("y/compose.yaml", "services: {a: {mem_limit: 32m}}"),
                    (
                        "x/compose.override.yaml",
                        "services: {b: {}, a: {mem_limit: 128m, environment: [GOMEMLIMIT=64MiB]}}",
                    ),
                ],
                vec![
                    vec![
                        "compose a Main 128 64 Percent(50)".to_owned(),
                        "compose b Main - - -".to_owned(),
                    ],
                    one("compose a Main 32 - -"),
                    none(),
                ],
            ),
            (
                &[
                    (
                        "a.service.d/20.conf",
                        "[Service]\nMemoryMax=64M\nEnvironment=GOGC=20",
                    ),
                    (
                        "a.service.d/10.conf",
                        "[Service]\nEnvironment=GOGC=10\nMemoryMax=1G",
                    ),
                    (
                        "a.service",
                        "[Service]\nMemoryMax=32M\nEnvironment=GOMEMLIMIT=8MiB",
                    ),
                ],
                vec![one("a.service a Main 64 8 Percent(20)"), none(), none()],
            ),
            (
                &[("c.yaml", CONFIG), ("compose.yaml", "services: {a: {}}")],
                vec![none(), one("compose a Main - - -")],
            ),
        ] {
            assert_eq!(pool(files), Ok(expected), "{files:?}");
        }
        for (files, message) in [
            (
                &[
                    ("a.yaml", RANGE),
                    ("b.yaml", CONFIG),
                    ("Dockerfile", "FROM scratch"),
                ][..],
                "a.yaml: holds no container, and neither does the other manifest: \
                 the objects are of kind ConfigMap, LimitRange;",
            ),
            (&[("a.yaml", "")], "a.yaml: holds no object of Kubernetes"),
            (&[("a.service", "")], "a.service: is empty"),
            (
                &[("b.yaml", POD), ("values.yaml", "image: a")],
                "values.yaml: starts with `image`",
            ),
        ] {
            let error = pool(files).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
