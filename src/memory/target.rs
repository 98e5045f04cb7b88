//! Which containers are judged: chosen among those of all manifests, with what their image and the
//! program itself set below what the manifest says.

use super::declared::{Container, Declared, Role};
use super::manifest::{Declaration, Manifest, ManifestKind};

/// What is to be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// The containers. Several have names that tell them apart.
    pub containers: Vec<Container>,
    /// Whether they are images without a workload: nothing says what their limit is.
    pub image_alone: bool,
    /// The module by which the program sets GOMEMLIMIT itself.
    pub automemlimit: Declared<String>,
    /// What was not looked at.
    pub remarks: Vec<String>,
}

/// Why it is not known what is to be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Several containers, and none was named.
    #[error("there are {} containers; choose with --container: {}", .0.len(), listed(.0))]
    Several(Vec<String>),
    /// A name that fits none.
    #[error("no container is called `{name}`; there are: {}", listed(.known))]
    Missing {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A name that is no pattern.
    #[error("--container {name}: {error}")]
    Pattern {
        /// The name.
        name: String,
        /// What is wrong.
        error: String,
    },
    /// Several Dockerfiles or several modules.
    #[error(
        "{first} and {second} are both {what}, and which of them belongs to the container is not known; give one"
    )]
    Two {
        /// `Dockerfiles`.
        what: &'static str,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// One Dockerfile or module, and containers of several images.
    #[error(
        "{path} belongs to one image, and which of {} has it is not known; choose with --container",
        listed(.containers)
    )]
    OneOf {
        /// The Dockerfile or the module.
        path: String,
        /// The containers.
        containers: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let shown = names
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Chooses by name or pattern; without one, the only container there is.
///
/// # Errors
///
/// If that is none, or not only one.
pub fn choose(manifests: Vec<Manifest>, wanted: &[String]) -> Result<Targets, TargetError> {
    let mut targets = Targets::default();
    let mut workloads = Vec::new();
    let mut image: Option<(String, Declaration)> = None;
    let mut module: Option<String> = None;
    let mut in_images = false;
    for manifest in manifests {
        let path = manifest.path;
        targets.remarks.extend(manifest.remarks);
        match manifest.kind {
            ManifestKind::Dockerfile => {
                if let Some((first, _)) = image {
                    let what = "Dockerfiles";
                    return Err(TargetError::Two {
                        what,
                        first,
                        second: path,
                    });
                }
                image = manifest
                    .containers
                    .into_iter()
                    .next()
                    .map(|own| (path, own));
            }
            ManifestKind::GoModule => {
                if let Some(first) = module {
                    let what = "modules";
                    return Err(TargetError::Two {
                        what,
                        first,
                        second: path,
                    });
                }
                targets.automemlimit = manifest.automemlimit;
                module = Some(path);
            }
            ManifestKind::Systemd => workloads.extend(manifest.containers),
            ManifestKind::Kubernetes | ManifestKind::Compose | ManifestKind::Ecs => {
                in_images |= !manifest.containers.is_empty();
                workloads.extend(manifest.containers);
            }
        }
    }
    if workloads.is_empty() {
        targets.image_alone = true;
        let image = image.map(|(_, image)| image.container());
        targets.containers.extend(image);
        return Ok(targets);
    }
    let chosen = chosen(workloads, wanted)?;
    let of_one = image.as_ref().map(|(path, _)| path).or(module.as_ref());
    if let Some(path) = of_one.filter(|_| !same_image(&chosen)) {
        return Err(TargetError::OneOf {
            path: path.clone(),
            containers: chosen.iter().map(full_name).collect(),
        });
    }
    targets.containers = chosen
        .into_iter()
        .map(|container| match &image {
            Some((_, image)) => container.over(image).container(),
            None => container.container(),
        })
        .collect();
    let absent = |container: &Container| container.gomemlimit == Declared::Absent;
    if in_images && image.is_none() && targets.containers.iter().any(absent) {
        let remark = "what the image sets was not looked at; give its Dockerfile, too, if it sets GOMEMLIMIT";
        targets.remarks.push(remark.to_owned());
    }
    Ok(targets)
}

/// Whether all containers run one image.
fn same_image(containers: &[Declaration]) -> bool {
    match containers {
        [] | [_] => true,
        [first, others @ ..] => {
            first.image.is_some() && others.iter().all(|other| other.image == first.image)
        }
    }
}

/// `Deployment/shop/api`.
fn full_name(container: &Declaration) -> String {
    format!("{}/{}", container.workload, container.name)
}

fn chosen(workloads: Vec<Declaration>, wanted: &[String]) -> Result<Vec<Declaration>, TargetError> {
    if wanted.is_empty() {
        // What runs before the others, or beside them, is seldom the Go program.
        let mut main: Vec<Declaration> = workloads
            .iter()
            .filter(|container| container.role == Role::Main)
            .cloned()
            .collect();
        if main.is_empty() {
            main = workloads;
        }
        return match main.len() {
            1 => Ok(main),
            _ => Err(TargetError::Several(main.iter().map(full_name).collect())),
        };
    }
    let mut takes = vec![false; workloads.len()];
    for wish in wanted {
        let pattern = glob::Pattern::new(wish).map_err(|error| TargetError::Pattern {
            name: wish.clone(),
            error: error.to_string(),
        })?;
        let fits = |container: &Declaration| {
            pattern.matches(&container.name) || pattern.matches(&full_name(container))
        };
        let mut any = false;
        for (taken, container) in takes.iter_mut().zip(&workloads) {
            let fits = fits(container);
            any |= fits;
            *taken |= fits;
        }
        if !any {
            return Err(TargetError::Missing {
                name: wish.clone(),
                known: workloads.iter().map(full_name).collect(),
            });
        }
    }
    let pairs = workloads.into_iter().zip(takes);
    Ok(pairs
        .filter_map(|(container, taken)| taken.then_some(container))
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::memory::manifest::{File, Options, read_all};

    fn choose_all(files: &[(&str, &str)]) -> Result<Targets, TargetError> {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| File {
                path,
                text: text.as_bytes(),
            })
            .collect();
        let options = Options {
            kind: None,
            stage: None,
            read_beside: &|_, _| Ok(None),
        };
        choose(read_all(&files, &options).unwrap(), &["*".to_owned()])
    }

    fn pod(containers: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers: [{containers}]\n"
        )
    }

    #[test]
    fn the_command_overrides_the_environment_and_both_override_the_image() {
        const ENV: &str = "FROM scratch\nENV GOMEMLIMIT=1MiB\n";
        const ENTRYPOINT: &str = "FROM scratch\nENV GOMEMLIMIT=1MiB\nENTRYPOINT [\"env\", \"GOMEMLIMIT=2MiB\"]\nCMD [\"app\"]\n";
        const CMD: &str =
            "FROM scratch\nENTRYPOINT [\"tini\"]\nCMD [\"env\", \"GOMEMLIMIT=2MiB\", \"app\"]\n";
        const CLEARS: &str =
            "FROM scratch\nENV GOMEMLIMIT=1MiB\nENTRYPOINT [\"env\", \"-i\", \"app\"]\n";
        const SET: &str = "env: [{name: GOMEMLIMIT, value: 3MiB}]";
        for (dockerfile, container, mebibytes) in [
            (ENV, "", Some(1)),
            (ENV, SET, Some(3)),
            (ENV, "command: [env, GOMEMLIMIT=4MiB, app]", Some(4)),
            (ENV, "command: [env, -u, GOMEMLIMIT, app]", None),
            (ENTRYPOINT, "", Some(2)),
            (ENTRYPOINT, SET, Some(2)),
            (ENTRYPOINT, "args: [other]", Some(2)),
            (ENTRYPOINT, "command: [app]", Some(1)),
            (ENTRYPOINT, "args: [env, GOMEMLIMIT=4MiB, app]", Some(4)),
            (CMD, "", Some(2)),
            (CMD, SET, Some(2)),
            (CMD, "args: [app]", None),
            (CMD, "command: [app]", None),
            (CLEARS, SET, None),
        ] {
            let manifest = pod(&format!("{{name: a, {container}}}"));
            let files = [("d.yaml", &*manifest), ("Dockerfile", dockerfile)];
            let targets = choose_all(&files).unwrap();
            let found = &targets.containers[0].gomemlimit;
            let bytes = found.value().and_then(|limit| limit.bytes());
            assert_eq!(
                bytes,
                mebibytes.map(|m: u64| m << 20),
                "{container} {dockerfile}: {found:?}"
            );
            assert_eq!(
                *found == Declared::Absent,
                mebibytes.is_none(),
                "{container}: {found:?}"
            );
            assert!(targets.remarks.is_empty(), "{:?}", targets.remarks);
        }
        let args = pod("{name: a, args: [other]}");
        let files = [("d.yaml", &*args), ("Dockerfile", ENTRYPOINT)];
        assert_eq!(
            choose_all(&files).unwrap().containers[0].gomemlimit.at(),
            Some("Dockerfile:3")
        );
    }

    #[test]
    fn an_image_belongs_to_containers_that_share_it() {
        let differ = pod("{name: a, image: x}, {name: b, image: y}");
        let same = pod("{name: a, image: x}, {name: b, image: x}");
        let unnamed = pod("{name: a}, {name: b}");
        for other in [("Dockerfile", "FROM scratch"), ("go.mod", "module m\n")] {
            for (manifest, fits) in [(&differ, false), (&same, true), (&unnamed, false)] {
                let targets = choose_all(&[("d.yaml", manifest), other]);
                assert_eq!(targets.is_ok(), fits, "{manifest}: {targets:?}");
                if let Err(error) = targets {
                    assert_eq!(
                        error.to_string(),
                        format!(
                            "{} belongs to one image, and which of Pod/p/a, Pod/p/b has it is not known; \
                             choose with --container",
                            other.0
                        )
                    );
                }
            }
        }
    }

    #[test]
    fn that_the_image_was_not_looked_at_is_said_once() {
        let absent = pod("{name: a, image: x}, {name: b, image: y}");
        let set = pod("{name: a, env: [{name: GOMEMLIMIT, value: 1MiB}]}");
        for (files, remarks) in [
            (&[("d.yaml", &*absent)][..], 1),
            (&[("d.yaml", &set)], 0),
            (&[("compose.yaml", "services: {a: {}}")], 1),
            (&[("a.service.d/x.conf", "[Service]\n")], 0),
        ] {
            assert_eq!(
                choose_all(files).unwrap().remarks.len(),
                remarks,
                "{files:?}"
            );
        }
    }
}
