//! Which files differ between the trees of both sides.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Files that the compiler and the linker read; by extension.
const SOURCES: [&str; 24] = [
    "go", "c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "f", "F", "for", "f90", "s", "S",
    "sx", "swig", "swigcxx", "syso", "mod", "sum", "work", "pgo",
];

/// Those of them that cgo may include from anywhere.
const C_SOURCES: [&str; 10] = ["c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "inc"];

/// Files that decide what everything is built from.
const MANIFESTS: [&str; 5] = ["go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt"];

/// The files that differ, by their paths relative to the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    paths: BTreeSet<PathBuf>,
}

impl Changes {
    /// Compares two trees, file by file.
    pub(super) fn between(one: &Path, other: &Path) -> io::Result<Changes> {
        let (ours, theirs) = (files(one)?, files(other)?);
        let mut paths: BTreeSet<PathBuf> = ours.symmetric_difference(&theirs).cloned().collect();
        for path in ours.intersection(&theirs) {
            if !equal(&one.join(path), &other.join(path))? {
                paths.insert(path.clone());
            }
        }
        Ok(Changes { paths })
    }

    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether a file differs that decides which versions everything is built from.
    pub(super) fn touch_manifests(&self) -> bool {
        self.paths.iter().any(|path| {
            path.file_name()
                .is_some_and(|name| MANIFESTS.iter().any(|own| name == *own))
        })
    }

    /// Whether a source in a folder differs.
    pub(super) fn touch_sources_in(&self, folder: &Path) -> bool {
        self.paths
            .iter()
            .any(|path| path.parent() == Some(folder) && is_source(path))
    }

    /// Whether any file in a folder or below differs.
    pub(super) fn touch_below(&self, folder: &Path) -> bool {
        self.paths.iter().any(|path| path.starts_with(folder))
    }

    /// The test files of a folder that differ.
    pub(super) fn touch_tests_in(&self, folder: &Path) -> bool {
        self.paths.iter().any(|path| {
            path.parent() == Some(folder)
                && path.to_string_lossy().ends_with(crate::golang::TEST_SUFFIX)
        })
    }

    /// C sources that differ and lie in no Go package of a tree: cgo may include them, and go does not
    /// notice.
    pub(super) fn unseen_c(&self, root: &Path) -> Vec<&Path> {
        let holds_go = |folder: &Path| {
            let entries = fs::read_dir(root.join(folder))
                .into_iter()
                .flatten()
                .flatten();
            entries
                .into_iter()
                .any(|entry| entry.path().extension().is_some_and(|own| own == "go"))
        };
        let of_c = |path: &&Path| {
            let extension = path.extension().unwrap_or_default();
            C_SOURCES.iter().any(|own| extension == *own) && !path.parent().is_some_and(holds_go)
        };
        self.paths
            .iter()
            .map(PathBuf::as_path)
            .filter(of_c)
            .collect()
    }

    /// The files that a benchmark of a package may read as data: any below its folder that is no
    /// source, and any in a folder called `testdata`, wherever that is.
    pub(super) fn data_for<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        self.paths.iter().map(PathBuf::as_path).filter(move |path| {
            is_test_data(path) || (path.starts_with(folder) && !is_source(path))
        })
    }
}

/// Whether a file lies in a folder called `testdata`.
pub(super) fn is_test_data(path: &Path) -> bool {
    path.parent().is_some_and(|folder| {
        folder
            .components()
            .any(|part| part.as_os_str() == "testdata")
    })
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    !is_test_data(path) && SOURCES.iter().any(|own| extension == *own)
}

fn files(root: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut paths = BTreeSet::new();
    for entry in WalkDir::new(root) {
        let entry = entry.map_err(io::Error::from)?;
        if !entry.file_type().is_dir()
            && let Ok(path) = entry.path().strip_prefix(root)
        {
            paths.insert(path.to_owned());
        }
    }
    Ok(paths)
}

fn equal(one: &Path, other: &Path) -> io::Result<bool> {
    let (first, second) = (one.symlink_metadata()?, other.symlink_metadata()?);
    if first.is_symlink() || second.is_symlink() {
        return Ok(first.is_symlink()
            && second.is_symlink()
            && fs::read_link(one)? == fs::read_link(other)?);
    }
    if first.len() != second.len() || !first.is_file() || !second.is_file() {
        return Ok(false);
    }
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let count = one.read(&mut ours)?;
        if count == 0 {
            return Ok(true);
        }
        other.read_exact(&mut theirs[..count])?;
        if ours[..count] != theirs[..count] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_apart_by_what_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("1"), folder.path().join("2"));
        for (root, text) in [(&one, "a"), (&other, "b")] {
            for file in [
                "p/x.go",
                "p/x_test.go",
                "p/q/data.json",
                "r/testdata/y.go",
                "README.md",
            ] {
                let path = root.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            fs::write(root.join("same.go"), "same").unwrap();
        }
        fs::write(one.join("gone.go"), "").unwrap();
        let changes = Changes::between(&one, &other).unwrap();
        assert_eq!(changes.paths.len(), 6);
        let (p, r) = (Path::new("p"), Path::new("r"));
        assert!(changes.touch_sources_in(p) && changes.touch_tests_in(p));
        assert!(!changes.touch_sources_in(r) && changes.touch_sources_in(Path::new("")));
        assert!(!changes.touch_manifests() && changes.touch_below(p));
        let data: Vec<_> = changes.data_for(p).collect();
        assert_eq!(
            data,
            [Path::new("p/q/data.json"), Path::new("r/testdata/y.go")]
        );
        assert!(Changes::between(&one, &one).unwrap().is_empty());
        for file in ["p/in.h", "include/out.h"] {
            fs::create_dir_all(other.join(file).parent().unwrap()).unwrap();
            fs::write(other.join(file), "").unwrap();
        }
        let changes = Changes::between(&one, &other).unwrap();
        assert_eq!(changes.unseen_c(&other), [Path::new("include/out.h")]);
    }
}
