//! Modules import in one direction only: each from those above it in the list, the library from
//! nothing of the command line, and the mathematics from nothing at all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Every top-level module and what it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("unit", &[]),
    ("bounded", &[]),
    ("text", &[]),
    ("parallel", &[]),
    ("strconv", &[]),
    ("query", &["strconv"]),
    ("stats", &[]),
    ("git", &[]),
    ("process", &[]),
    ("http", &["bounded"]),
    ("github", &["bounded", "http"]),
    ("golang", &["process"]),
    ("figure", &["unit"]),
    ("benchmark", &["unit"]),
    ("parse", &["benchmark", "strconv", "unit"]),
    ("profile", &["bounded"]),
    ("policy", &["benchmark", "query", "unit"]),
    (
        "memory",
        &["bounded", "figure", "http", "parse", "policy", "process"],
    ),
    (
        "compare",
        &["benchmark", "parallel", "policy", "stats", "unit"],
    ),
    (
        "stat",
        &[
            "benchmark",
            "compare",
            "figure",
            "parallel",
            "parse",
            "policy",
            "query",
            "stats",
            "text",
            "unit",
        ],
    ),
    (
        "gate",
        &[
            "benchmark",
            "compare",
            "figure",
            "memory",
            "policy",
            "stats",
            "unit",
        ],
    ),
    (
        "report",
        &[
            "benchmark",
            "figure",
            "gate",
            "memory",
            "policy",
            "text",
            "unit",
        ],
    ),
    (
        "run",
        &[
            "benchmark",
            "bounded",
            "gate",
            "git",
            "github",
            "golang",
            "parse",
            "policy",
            "process",
            "profile",
            "unit",
        ],
    ),
    (
        "cli",
        &[
            "benchmark",
            "bounded",
            "figure",
            "gate",
            "git",
            "github",
            "golang",
            "http",
            "memory",
            "parse",
            "policy",
            "process",
            "query",
            "report",
            "run",
            "stat",
            "text",
            "unit",
        ],
    ),
];

#[test]
fn imports_point_in_one_direction() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in fs::read_dir(&src).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !["lib", "main"].contains(&module.as_str()) {
            imports(&path, found.entry(module).or_default());
        }
    }
    let known: Vec<&str> = MAY_IMPORT.iter().map(|(module, _)| *module).collect();
    for (index, (module, allowed)) in MAY_IMPORT.iter().enumerate() {
        assert!(
            allowed.iter().all(|other| known[..index].contains(other)),
            "{module}: a cycle in the table"
        );
        let own = found
            .remove(*module)
            .unwrap_or_else(|| panic!("there is no module {module}"));
        let own: Vec<&str> = own
            .iter()
            .map(String::as_str)
            .filter(|other| other != module)
            .collect();
        assert_eq!(own, *allowed, "what `{module}` imports");
    }
    assert!(
        found.is_empty(),
        "modules that are not in the table: {found:?}"
    );
}

#[test]
fn renderers_do_not_know_each_other() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report");
    let renderers = [
        "codequality",
        "csv",
        "github",
        "html",
        "json",
        "junit",
        "markdown",
        "metrics",
        "outputs",
        "sarif",
        "terminal",
    ];
    for renderer in renderers {
        let text = fs::read_to_string(folder.join(format!("{renderer}.rs"))).unwrap();
        for other in renderers.iter().filter(|other| **other != renderer) {
            assert!(
                !text.contains(&format!("super::{other}")),
                "{renderer} imports {other}"
            );
        }
    }
}

/// Collects the modules that `crate::` paths name, in a file or in all files of a folder.
fn imports(path: &Path, into: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            imports(&entry.unwrap().path(), into);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(path).unwrap();
        for (at, start) in text.match_indices("crate::") {
            let name = &text[at + start.len()..];
            let end = name
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(name.len());
            into.insert(name[..end].to_owned());
        }
    }
}
