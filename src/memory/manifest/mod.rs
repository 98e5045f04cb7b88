//! What a container is allowed, read from what describes it before it runs.
//!
//! | module | reads |
//! |---|---|
//! | `kubernetes`, `compose`, `ecs` | YAML and `json`, as the tree of `node` |
//! | `dockerfile`, `systemd`, `go_module` | their own lines |
//! | `variable`, `expand`, `env_file`, `command` | the ways in which variables are set |
//!
//! What is not known is never taken for known: a value from a secret, a template or the caller's
//! environment is [`Declared::Unknown`], with a sentence that says where it comes from.

mod command;
mod compose;
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
mod systemd;
mod variable;

use std::io;

use super::declared::{Container, Declared};

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
    /// Its containers, in the order of the file; none of a `go.mod`.
    pub containers: Vec<Container>,
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

/// How a manifest is read.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What it is; told from its name and content if not given.
    pub kind: Option<ManifestKind>,
    /// The stage of a Dockerfile, as of `docker build --target`; the last one if not given.
    pub stage: Option<&'a str>,
    /// Reads a file that the manifest names, relative to the manifest. `None` if there is none.
    pub read_beside: &'a dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
}

/// Reads a manifest. Positions are reported under `path`.
///
/// # Errors
///
/// If it is no manifest of a kind that is understood, or holds no container.
pub fn read(path: &str, text: &[u8], options: &Options<'_>) -> Result<Manifest, ManifestError> {
    let place = Place(path);
    let text = decode(place, text)?;
    let (kind, documents) = detect::kind(place, text, options.kind)?;
    let found = match kind {
        ManifestKind::Kubernetes => kubernetes::read(place, &documents)?,
        ManifestKind::Compose => compose::read(place, &documents, options.read_beside)?,
        ManifestKind::Ecs => ecs::read(place, &documents)?,
        ManifestKind::Dockerfile => dockerfile::read(place, text, options.stage)?,
        ManifestKind::Systemd => systemd::read(place, text, options.read_beside)?,
        ManifestKind::GoModule => Found::default(),
    };
    Ok(Manifest {
        path: path.to_owned(),
        kind,
        containers: found.containers,
        automemlimit: match kind {
            ManifestKind::GoModule => go_module::automemlimit(place, text),
            _ => Declared::Absent,
        },
        remarks: found.remarks,
    })
}

/// What a reader found.
#[derive(Default)]
struct Found {
    containers: Vec<Container>,
    remarks: Vec<String>,
}

/// The file that is read, to say where something stands.
#[derive(Clone, Copy)]
struct Place<'a>(&'a str);

impl Place<'_> {
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

    /// The last part of its path.
    fn name(&self) -> &str {
        self.0.rsplit(['/', '\\']).next().unwrap_or(self.0)
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
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(place.error("is empty"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::memory::amount::Limit;

    #[test]
    fn text_is_decoded() {
        let decode = |bytes| decode(Place("f"), bytes).map_err(|error| error.to_string());
        assert_eq!(decode(b"\xef\xbb\xbfa: b\n"), Ok("a: b\n"));
        for (bytes, message) in [
            (&b""[..], "f: is empty"),
            (b" \r\n", "f: is empty"),
            (b"\xff\xfea\0", "f: is UTF-16; save it as UTF-8"),
            (b"a\n\0", "f:2: holds a NUL byte; this is no text"),
            (b"a\nb\n\xc3(", "f:3: is not UTF-8; save it as UTF-8"),
        ] {
            assert_eq!(decode(bytes), Err(message.to_owned()));
        }
        let large = vec![b'a'; MAX_SIZE + 1];
        assert!(decode(&large).unwrap_err().contains("32 MiB"));
    }

    /// A container in one line: its name, limit and settings, each in MiB or as it is not known.
    fn line(container: &Container) -> String {
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
                    "shop collector Main 1024 unknown unknown",
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
            let options = Options {
                kind: None,
                stage: None,
                read_beside: &|_| Ok(None),
            };
            let manifest = read(&path, &text, &options).unwrap();
            assert_eq!(manifest.kind, kind, "{name}");
            let lines: Vec<_> = manifest.containers.iter().map(line).collect();
            assert_eq!(lines, expected, "{name}");
            let module = manifest.automemlimit.value().map(String::as_str);
            let expected =
                (kind == ManifestKind::GoModule).then_some("github.com/KimMachineGun/automemlimit");
            assert_eq!(module, expected, "{name}");
        }
    }
}
