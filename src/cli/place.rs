//! Where the code that is judged stands, seen from where the program runs.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::gate::{Located, Named, Place, Report};
use crate::git::Repository;
use crate::golang::find_benchmarks;

/// The root of the repository, and where `here` lies in it. Symbolic links are resolved.
fn in_repository(here: &Path) -> Option<(PathBuf, PathBuf)> {
    let root = Repository::discover(here).ok()?.root();
    let root = fs::canonicalize(root).ok()?;
    let here = fs::canonicalize(here).ok()?;
    let below = here.strip_prefix(&root).ok()?.to_owned();
    Some((root, below))
}

/// Where the program runs, from which on a report names files, in the repository of what is judged (`-C`
/// may name another).
pub(super) fn directory(judged: &Path) -> Option<String> {
    let (root, _) = in_repository(judged)?;
    let here = fs::canonicalize(env::current_dir().ok()?).ok()?;
    let below = here.strip_prefix(root).ok()?;
    Some(Place::new(below, 1).file)
}

/// How a report names a file: as it is seen from where the program runs, if it lies in the same repository.
/// A report can point at a file of the repository only so.
pub(super) fn seen_from_here(path: &Path) -> PathBuf {
    let here = env::current_dir().unwrap_or_default();
    let seen = path.strip_prefix(&here).ok().map(Path::to_owned);
    seen.or_else(|| seen_in_repository(&here, path))
        .unwrap_or_else(|| path.to_owned())
}

fn seen_in_repository(here: &Path, path: &Path) -> Option<PathBuf> {
    if path.is_relative() {
        return None;
    }
    let (root, below) = in_repository(here)?;
    let path = path.strip_prefix(root).ok()?;
    let both = below.iter().zip(path).take_while(|(a, b)| a == b).count();
    let up = below.iter().skip(both).map(|_| OsStr::new(".."));
    Some(up.chain(path.iter().skip(both)).collect())
}

/// Where the benchmark functions of a report are declared, if their sources are here.
pub(super) fn functions(report: &Report, here: &Path) -> Vec<Located> {
    let Some((root, _)) = in_repository(here) else {
        return Vec::new();
    };
    let packages: BTreeSet<&str> = report
        .rows
        .iter()
        .map(|row| row.key.package.as_str())
        .filter(|package| !package.is_empty())
        .collect();
    if packages.is_empty() {
        return Vec::new();
    }
    let found = find_benchmarks(&root, &packages).into_iter();
    found
        .map(|one| Located {
            place: Place::new(&one.file, one.line),
            which: Named {
                package: one.package,
                benchmark: one.function,
            },
        })
        .collect()
}
