//! The packages that have benchmarks, on both sides, and which of them the change can affect.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::error::RunError;
use super::options::Options;
use super::trees::Trees;
use crate::gate::{Located, Named, Place};
use crate::golang::{Go, SourceFile, find_modules};

/// Where go is run, and with which patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Relative to the root.
    pub(super) folder: PathBuf,
    /// The folder of the module, relative to the root.
    module: PathBuf,
    patterns: Vec<String>,
    /// Whether the workspace of the user does not hold the module.
    alone: bool,
}

/// A package with benchmarks on at least one side.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Its import path.
    pub(super) package: String,
    /// What each side has of it.
    pub(super) sides: [Option<Tests>; 2],
}

/// The test files of a package on one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Tests {
    /// The folder of the package, relative to the root.
    pub(super) folder: PathBuf,
    /// Where go is run for it.
    pub(super) scope: Scope,
    /// Their names, with what they hold.
    pub(super) files: BTreeMap<String, SourceFile>,
    /// The selected benchmark functions, in order of appearance.
    pub(super) benchmarks: Vec<String>,
    /// The files that differ and that they embed, relative to the root.
    pub(super) embedded: Vec<PathBuf>,
    /// Names that two of them bear: one in the package, one in the package beside it.
    pub(super) doubled: Vec<String>,
}

impl Subject {
    /// The benchmarks of a side.
    pub(super) fn benchmarks(&self, side: usize) -> &[String] {
        self.sides[side]
            .as_ref()
            .map_or(&[], |tests| &tests.benchmarks)
    }

    /// What a side has of it, or else the other.
    pub(super) fn side(&self, side: usize) -> Option<&Tests> {
        self.sides[side].as_ref().or(self.sides[1 - side].as_ref())
    }

    /// The folder of the package on a side.
    pub(super) fn folder(&self, side: usize) -> &Path {
        self.side(side).map_or(Path::new(""), |tests| &tests.folder)
    }

    /// The folder of its module.
    pub(super) fn module(&self) -> &Path {
        self.side(1)
            .map_or(Path::new(""), |tests| &tests.scope.module)
    }
}

/// The benchmarks that are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    /// A pattern of functions, and those of their sub-benchmarks with the slash before them.
    alternatives: Vec<(Regex, String)>,
}

impl Selection {
    /// From a pattern as `go test -bench` takes it: alternatives between bars, each of them a regular
    /// expression a level, between slashes.
    pub(super) fn new(pattern: Option<&str>) -> Result<Self, RunError> {
        let Some(pattern) = pattern.filter(|pattern| *pattern != ".") else {
            return Ok(Selection::default());
        };
        let mut alternatives = Vec::new();
        for alternative in split(pattern, b'|') {
            let at = split(alternative, b'/')[0].len();
            let (function, below) = alternative.split_at(at);
            let function = Regex::new(function).map_err(|error| RunError::Bench {
                pattern: pattern.to_owned(),
                reason: error
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .to_owned(),
            })?;
            alternatives.push((function, below.to_owned()));
        }
        Ok(Selection { alternatives })
    }

    /// Whether nothing is left out.
    pub(super) fn is_everything(&self) -> bool {
        self.alternatives.iter().all(|(_, below)| below.is_empty())
    }

    fn takes(&self, function: &str) -> bool {
        self.alternatives.is_empty()
            || self
                .alternatives
                .iter()
                .any(|(pattern, _)| pattern.is_match(function))
    }

    /// The pattern that makes a test binary run these functions and what is selected below them.
    pub(super) fn pattern(&self, functions: &[String]) -> String {
        let of = |function: &String| -> Vec<String> {
            let below = self
                .alternatives
                .iter()
                .filter(|(pattern, _)| pattern.is_match(function));
            let patterns: Vec<String> = below
                .map(|(_, below)| format!("^{function}${below}"))
                .collect();
            if patterns.is_empty() {
                vec![format!("^{function}$")]
            } else {
                patterns
            }
        };
        functions.iter().flat_map(of).collect::<Vec<_>>().join("|")
    }
}

/// Splits a pattern at a byte where it is in no brackets. Never empty.
fn split(pattern: &str, at: u8) -> Vec<&str> {
    let (mut round, mut square, mut escaped, mut start) = (0_i32, 0_i32, false, 0);
    let mut parts = Vec::new();
    for (index, byte) in pattern.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => square += 1,
            b']' => square = (square - 1).max(0),
            b'(' if square == 0 => round += 1,
            b')' if square == 0 => round -= 1,
            _ if byte == at && square == 0 && round == 0 => {
                parts.push(&pattern[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&pattern[start..]);
    parts
}

/// All packages with selected benchmarks, in order of their import paths.
pub(super) fn subjects(
    trees: &Trees,
    options: &Options,
    selection: &Selection,
    go: &[Go; 2],
) -> Result<Vec<Subject>, RunError> {
    let mut subjects: BTreeMap<String, Subject> = BTreeMap::new();
    let mut matched = 0;
    let both = [
        scopes(trees, options, 0, &go[0])?,
        scopes(trees, options, 1, &go[1])?,
    ];
    if both.iter().all(Vec::is_empty) {
        return Err(RunError::NoModule(options.here.clone()));
    }
    for (side, scopes) in both.iter().enumerate().rev() {
        if side == 0 && trees.changes.is_empty() {
            continue;
        }
        let root = &trees.roots[side];
        for scope in scopes {
            let folder = root.join(&scope.folder);
            if !folder.is_dir() || !has_benchmarks(&folder, &scope.patterns) {
                continue;
            }
            let listed = scope.go(&go[side]).packages(&folder, &scope.patterns);
            let listed = listed.map_err(|error| match side {
                // Its paths are of a copy that is gone when this is read.
                0 => RunError::Baseline(error.to_string().replace(&*root.to_string_lossy(), ".")),
                _ => error.into(),
            })?;
            for package in listed {
                let Ok(folder) = package.dir.strip_prefix(root) else {
                    continue;
                };
                matched += 1;
                let mut tests = tests(&package.dir, package.test_files(), selection);
                if tests.benchmarks.is_empty() {
                    continue;
                }
                let below = trees.changes.paths_below(folder);
                let embedded = below.filter(|path| {
                    let own = path.strip_prefix(folder);
                    own.is_ok_and(|own| package.is_embedded_by_tests(own))
                });
                tests.embedded = embedded.cloned().collect();
                folder.clone_into(&mut tests.folder);
                tests.scope = scope.clone();
                let path = package.import_path;
                let subject = subjects.entry(path.clone()).or_insert_with(|| Subject {
                    package: path.clone(),
                    sides: [None, None],
                });
                if let Some(other) = subject.sides[side].replace(tests) {
                    return Err(RunError::SamePackage {
                        package: path,
                        one: other.folder,
                        other: folder.to_owned(),
                    });
                }
            }
        }
    }
    if matched == 0 && !options.packages.is_empty() {
        return Err(RunError::NoPackage(options.packages.join(" ")));
    }
    let mut subjects: Vec<Subject> = subjects.into_values().collect();
    if trees.changes.is_empty() {
        for subject in &mut subjects {
            subject.sides[0] = subject.sides[1].clone();
        }
    }
    Ok(subjects)
}

/// Where the candidate's benchmark functions are declared.
pub(super) fn functions(subjects: &[Subject]) -> Vec<Located> {
    let mut functions = Vec::new();
    for subject in subjects {
        let Some(tests) = &subject.sides[1] else {
            continue;
        };
        for (name, file) in &tests.files {
            let path = tests.folder.join(name);
            let lines = file.benchmark_lines();
            functions.extend(lines.map(|(benchmark, line)| Located {
                which: Named {
                    package: subject.package.clone(),
                    benchmark: benchmark.to_owned(),
                },
                place: Place::new(&path, line),
            }));
        }
    }
    functions
}

impl Scope {
    /// Go as it is run here.
    pub(super) fn go(&self, go: &Go) -> Go {
        let mut go = go.clone();
        if self.alone {
            go.variables.push(("GOWORK".to_owned(), "off".into()));
        }
        go
    }
}

/// The module of a side that the user is in, and those below.
fn scopes(trees: &Trees, options: &Options, side: usize, go: &Go) -> Result<Vec<Scope>, RunError> {
    let root = &trees.roots[side];
    let here = &trees.here;
    let workspace = trees.workspace(side, go)?;
    let alone = |module: &Path| {
        workspace
            .as_ref()
            .is_some_and(|used| !used.contains(module))
    };
    let own = here
        .ancestors()
        .find(|folder| root.join(folder).join("go.mod").is_file());
    let mut scopes = Vec::new();
    if !options.packages.is_empty() {
        // In a workspace go finds the module of a pattern by itself.
        if own.is_some() || workspace.is_some() {
            scopes.push(Scope {
                folder: here.clone(),
                module: own.unwrap_or(here).to_owned(),
                patterns: options.packages.clone(),
                alone: own.is_some_and(alone),
            });
        }
        return Ok(scopes);
    }
    let mut add = |folder: &Path, module: &Path| {
        scopes.push(Scope {
            folder: folder.to_owned(),
            module: module.to_owned(),
            patterns: vec!["./...".to_owned()],
            alone: alone(module),
        });
    };
    if let Some(module) = own {
        add(here, module);
    }
    for module in find_modules(root, here)
        .iter()
        .filter(|module| module.folder != *here)
    {
        add(&module.folder, &module.folder);
    }
    Ok(scopes)
}

/// Whether a folder holds anything that looks like a benchmark: listing packages takes time, and a
/// module that only holds tools may not even load.
fn has_benchmarks(folder: &Path, patterns: &[String]) -> bool {
    patterns != ["./..."]
        || walkdir::WalkDir::new(folder)
            .into_iter()
            .flatten()
            .any(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .ends_with(crate::golang::TEST_SUFFIX)
                    && fs::read(entry.path()).is_ok_and(|text| mentions_benchmark(&text))
            })
}

fn mentions_benchmark(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"Benchmark").is_some()
}

/// Reads the test files of a package; those without any benchmark in them only if another has one.
fn tests(folder: &Path, files: impl Iterator<Item = PathBuf>, selection: &Selection) -> Tests {
    let texts: Vec<(String, Vec<u8>)> = files
        .filter_map(|file| {
            let name = file
                .strip_prefix(folder)
                .unwrap_or(&file)
                .to_string_lossy()
                .into_owned();
            Some((name, fs::read(&file).ok()?))
        })
        .collect();
    let mut tests = Tests::default();
    if !texts.iter().any(|(_, text)| mentions_benchmark(text)) {
        return tests;
    }
    let mut known = BTreeSet::new();
    for (name, text) in texts {
        let file = SourceFile::parse(&text);
        for benchmark in file.benchmarks().filter(|name| selection.takes(name)) {
            if known.insert(benchmark.to_owned()) {
                tests.benchmarks.push(benchmark.to_owned());
            } else {
                tests.doubled.push(benchmark.to_owned());
            }
        }
        tests.files.insert(name, file);
    }
    tests
}

/// The packages whose test binaries can differ: a source that they are built from does.
pub(super) fn affected(
    trees: &Trees,
    subjects: &[Subject],
    go: &Go,
) -> Result<BTreeSet<String>, RunError> {
    let changes = &trees.changes;
    if changes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let all = || {
        subjects
            .iter()
            .map(|subject| subject.package.clone())
            .collect()
    };
    if changes.touch_manifests() {
        return Ok(all());
    }
    let mut affected = BTreeSet::new();
    let mut by_scope: BTreeMap<&Path, Vec<(&Scope, String)>> = BTreeMap::new();
    for subject in subjects {
        match &subject.sides {
            // One that has moved is built anew.
            [Some(old), Some(new)] if old.folder == new.folder && old.scope == new.scope => {
                by_scope
                    .entry(&new.scope.folder)
                    .or_default()
                    .push((&new.scope, subject.package.clone()))
            }
            _ => drop(affected.insert(subject.package.clone())),
        }
    }
    let root = &trees.roots[1];
    for members in by_scope.into_values() {
        let scope = members[0].0;
        let names: Vec<String> = members.into_iter().map(|(_, name)| name).collect();
        let closures = scope.go(go).closures(&root.join(&scope.folder), &names)?;
        for name in names {
            let differs = closures.get(&name).is_none_or(|closure| {
                let relative =
                    |folder: &PathBuf| folder.strip_prefix(root).ok().map(Path::to_owned);
                let mut compiled = closure.folders.iter().filter_map(relative);
                let mut embedded = closure.embedding.iter().filter_map(relative);
                compiled.any(|folder| changes.touch_sources_in(&folder))
                    || embedded.any(|folder| changes.touch_below(&folder))
                    || (closure.cgo && changes.touch_c())
            });
            if differs {
                affected.insert(name);
            }
        }
    }
    Ok(affected)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_bench_pattern_has_a_part_a_level() {
        let selection = Selection::new(Some("Foo|Bar/sub[/]x/y")).unwrap();
        assert!(selection.takes("BenchmarkBarrel") && !selection.takes("BenchmarkBaz"));
        let names = ["BenchmarkFoo".to_owned(), "BenchmarkBar".to_owned()];
        assert_eq!(
            selection.pattern(&names),
            "^BenchmarkFoo$|^BenchmarkBar$/sub[/]x/y"
        );
        let selection = Selection::new(Some("(a/b|c)")).unwrap();
        assert_eq!(selection.alternatives.len(), 1);
        assert!(Selection::new(Some(".")).unwrap().takes("BenchmarkX"));
        assert!(Selection::new(Some("(")).is_err());
    }
}
