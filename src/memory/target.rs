//! Which containers are judged: chosen among those of all manifests, with what their image and the
//! program itself set below what the manifest says.

use super::declared::{Container, Declared, Role};
use super::manifest::{Manifest, ManifestKind};

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
    let mut image: Option<(String, Container)> = None;
    let mut module: Option<String> = None;
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
            ManifestKind::Kubernetes | ManifestKind::Compose | ManifestKind::Ecs => {
                workloads.extend(manifest.containers);
            }
            ManifestKind::Systemd => {
                for unit in manifest.containers {
                    let same = |other: &&mut Container| {
                        other.name == unit.name && other.workload == unit.workload
                    };
                    match workloads.iter_mut().find(same) {
                        Some(other) => *other = over(unit, other),
                        None => workloads.push(unit),
                    }
                }
            }
        }
    }
    let image = image.map(|(_, image)| image);
    if workloads.is_empty() {
        targets.image_alone = true;
        targets.containers.extend(image);
        return Ok(targets);
    }
    let chosen = chosen(workloads, wanted)?;
    targets.containers = chosen
        .into_iter()
        .map(|container| match &image {
            Some(image) => over(container, image),
            None => container,
        })
        .collect();
    Ok(targets)
}

fn chosen(workloads: Vec<Container>, wanted: &[String]) -> Result<Vec<Container>, TargetError> {
    let name = |container: &Container| format!("{}/{}", container.workload, container.name);
    if wanted.is_empty() {
        // What runs before the others, or beside them, is seldom the Go program.
        let mut main: Vec<Container> = workloads
            .iter()
            .filter(|container| container.role == Role::Main)
            .cloned()
            .collect();
        if main.is_empty() {
            main = workloads;
        }
        return match main.len() {
            1 => Ok(main),
            _ => Err(TargetError::Several(main.iter().map(name).collect())),
        };
    }
    let mut takes = vec![false; workloads.len()];
    for wish in wanted {
        let pattern = glob::Pattern::new(wish).map_err(|error| TargetError::Pattern {
            name: wish.clone(),
            error: error.to_string(),
        })?;
        let fits = |container: &Container| {
            pattern.matches(&container.name) || pattern.matches(&name(container))
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
                known: workloads.iter().map(name).collect(),
            });
        }
    }
    let pairs = workloads.into_iter().zip(takes);
    Ok(pairs
        .filter_map(|(container, taken)| taken.then_some(container))
        .collect())
}

/// What a manifest says overrides what its image says, and a drop-in what its unit says.
fn over(container: Container, image: &Container) -> Container {
    Container {
        limit: container.limit.or(image.limit.clone()),
        gomemlimit: container.gomemlimit.or(image.gomemlimit.clone()),
        gogc: container.gogc.or(image.gogc.clone()),
        automemlimit: container.automemlimit.or(image.automemlimit.clone()),
        ..container
    }
}
