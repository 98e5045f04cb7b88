//! What kind of file a manifest is, by its name and its content.

use std::rc::Rc;

use super::node::{Node, Value};
use super::{ManifestError, ManifestKind, Place, compose, ecs, kubernetes, yaml};

/// The kind of a file, and its documents if it is YAML or JSON.
pub(super) fn kind(
    place: Place<'_>,
    text: &str,
    told: Option<ManifestKind>,
) -> Result<(ManifestKind, Vec<Rc<Node>>), ManifestError> {
    let documents = || yaml::documents(place, text);
    let yaml = has_ending(place.name(), &[".yaml", ".yml"]);
    if text.trim().is_empty() && !yaml {
        return Err(place.error("is empty"));
    }
    match told.or_else(|| by_name(place)).or_else(|| by_lines(text)) {
        Some(kind @ (ManifestKind::Kubernetes | ManifestKind::Compose | ManifestKind::Ecs)) => {
            Ok((kind, documents()?))
        }
        Some(kind) => Ok((kind, Vec::new())),
        None => {
            let documents = match documents() {
                // What is not named like YAML or JSON need not be any.
                Err(_)
                    if !has_ending(place.name(), &[".yaml", ".yml", ".json"])
                        && !place.is_input() =>
                {
                    return Err(unknown(place, "is neither YAML nor JSON"));
                }
                documents => documents?,
            };
            // As `kubectl apply` takes a folder: files of comments, and what kustomize is told.
            if yaml && documents.is_empty() || is_kustomization(place) {
                return Ok((ManifestKind::Kubernetes, documents));
            }
            let kind =
                by_documents(&documents).ok_or_else(|| unknown(place, &outline(&documents)))?;
            Ok((kind, documents))
        }
    }
}

/// The kind that a name tells.
fn by_name(place: Place<'_>) -> Option<ManifestKind> {
    let name = place.name();
    let lower = name.to_ascii_lowercase();
    let image = |name: &str| name == "dockerfile" || name == "containerfile";
    if name == "go.mod" {
        Some(ManifestKind::GoModule)
    } else if has_ending(&lower, &[".yaml", ".yml", ".json"]) {
        None
    } else if image(&lower)
        || has_ending(&lower, &[".dockerfile", ".containerfile"])
        || lower.split_once('.').is_some_and(|(start, _)| image(start))
    {
        Some(ManifestKind::Dockerfile)
    } else if has_ending(&lower, &[".service", ".slice", ".scope"]) {
        Some(ManifestKind::Systemd)
    } else {
        None
    }
}

/// Whether it says how manifests are put together. It need not say that it is an object of Kubernetes.
fn is_kustomization(place: Place<'_>) -> bool {
    matches!(
        place.name(),
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    )
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings
        .iter()
        .any(|ending| name.len() > ending.len() && name.ends_with(ending))
}

/// The kind that the first line of content tells, of files that are neither YAML nor JSON.
fn by_lines(text: &str) -> Option<ManifestKind> {
    let comment =
        |line: &str| line.is_empty() || line.starts_with(['#', ';']) || line.starts_with("//");
    let first = text.lines().map(str::trim).find(|line| !comment(line))?;
    let word = first.split_whitespace().next()?;
    if first.starts_with('[') && text.lines().any(|line| section(line).is_some()) {
        Some(ManifestKind::Systemd)
    } else if word == "module" && text.lines().any(|line| line.starts_with("go ")) {
        Some(ManifestKind::GoModule)
    } else if (word.eq_ignore_ascii_case("from") || word.eq_ignore_ascii_case("arg"))
        && first != word
    {
        Some(ManifestKind::Dockerfile)
    } else {
        None
    }
}

/// The section of systemd that a line opens, if it is one that can hold a limit.
pub(super) fn section(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    matches!(
        name,
        "Service" | "Slice" | "Scope" | "Socket" | "Mount" | "Swap"
    )
    .then_some(name)
}

fn by_documents(documents: &[Rc<Node>]) -> Option<ManifestKind> {
    documents.iter().find_map(|document| {
        if kubernetes::is_object(document) {
            Some(ManifestKind::Kubernetes)
        } else if ecs::task_definitions(document).next().is_some() {
            Some(ManifestKind::Ecs)
        } else if compose::is_project(document) {
            Some(ManifestKind::Compose)
        } else {
            None
        }
    })
}

/// What documents of no known kind hold.
fn outline(documents: &[Rc<Node>]) -> String {
    match documents.first().map(|document| &document.value) {
        None => "holds no document".to_owned(),
        Some(Value::Mapping(_)) => {
            let keys = documents[0].entries().iter().take(4);
            let keys: Vec<_> = keys
                .map(|entry| format!("`{}`", entry.key.escape_debug()))
                .collect();
            format!("starts with {}", keys.join(", "))
        }
        Some(_) => "holds no mapping".to_owned(),
    }
}

/// The error of a file of no known kind.
fn unknown(place: Place<'_>, what: &str) -> ManifestError {
    place.error(format!(
        "{what}: it is none of what is understood: objects of Kubernetes (apiVersion and kind), \
         a compose file (services), an ECS task definition (containerDefinitions), a Dockerfile, \
         a systemd unit ([Service]), a go.mod"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        for (path, text, expected) in [
            ("a/Dockerfile", "x", Some(ManifestKind::Dockerfile)),
            ("api.Dockerfile", "x", Some(ManifestKind::Dockerfile)),
            ("Dockerfile.api", "x", Some(ManifestKind::Dockerfile)),
            ("Containerfile", "x", Some(ManifestKind::Dockerfile)),
            (
                "-",
                "# c\nARG A=1\nFROM x\n",
                Some(ManifestKind::Dockerfile),
            ),
            (
                "dockerfile.yaml",
                "services: {a: {}}",
                Some(ManifestKind::Compose),
            ),
            ("x/app.service", "x", Some(ManifestKind::Systemd)),
            (
                "app.service.d/memory.conf",
                "[Service]\nA=b",
                Some(ManifestKind::Systemd),
            ),
            (
                "-",
                "; c\n[Unit]\nA=b\n[Service]\n",
                Some(ManifestKind::Systemd),
            ),
            ("go.mod", "x", Some(ManifestKind::GoModule)),
            (
                "-",
                "// c\nmodule a\n\ngo 1.24\n",
                Some(ManifestKind::GoModule),
            ),
            (
                "-",
                "---\n---\napiVersion: v1\nkind: Pod",
                Some(ManifestKind::Kubernetes),
            ),
            (
                "a.json",
                "{\"containerDefinitions\": []}",
                Some(ManifestKind::Ecs),
            ),
            (
                "a.json",
                "{\"taskDefinition\": {\"containerDefinitions\": []}}",
                Some(ManifestKind::Ecs),
            ),
            ("a.yml", "from: a", None),
            ("a.yml", "[a, b]", None),
            ("nginx.conf", "user a;\nevents {\n}\n", None),
            ("a.yml", "# only\n---\n", Some(ManifestKind::Kubernetes)),
            (
                "a/kustomization.yaml",
                "resources: [b]",
                Some(ManifestKind::Kubernetes),
            ),
            ("-", "# only\n---\n", None),
        ] {
            let found = kind(Place(path), text, None);
            match expected {
                Some(expected) => assert_eq!(found.unwrap().0, expected, "{path}: {text}"),
                None => {
                    let error = found.unwrap_err().to_string();
                    assert!(error.contains("a go.mod"), "{path}: {error}");
                }
            }
        }
    }
}
