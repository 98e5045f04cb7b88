//! Where the code that is judged stands, seen from where the program runs.

use std::collections::BTreeSet;
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

/// Where `here` lies in its repository, as a report has it.
pub(super) fn directory(here: &Path) -> Option<String> {
    let (_, below) = in_repository(here)?;
    Some(Place::new(&below, 1).file)
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
