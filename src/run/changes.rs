//! Which files differ between the trees of both sides.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::ruler::hex;

/// Files that the compiler and the linker read; by extension.
const SOURCES: [&str; 25] = [
    "go", "c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "inc", "f", "F", "for", "f90",
    "s", "S", "sx", "swig", "swigcxx", "syso", "mod", "sum", "work", "pgo",
];

/// Those of them that say what everything is built from.
const MANIFESTS: [&str; 3] = ["mod", "sum", "work"];

/// Those of them that C and assembly may include from anywhere, which go does not notice.
const C_SOURCES: [&str; 10] = ["c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "inc"];

/// Files that no benchmark reads: what is written for people, by extension and by the start of the name.
const FOR_PEOPLE: [&str; 3] = ["md", "rst", "adoc"];
const FOR_PEOPLE_NAMES: [&str; 6] = [
    "LICENSE",
    "COPYING",
    "CHANGELOG",
    "AUTHORS",
    "CODEOWNERS",
    "Makefile",
];

/// The files that differ, by their paths relative to the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    paths: BTreeSet<PathBuf>,
    /// Those of them that are data of tests: in folders called `testdata`.
    test_data: BTreeSet<PathBuf>,
}

impl Changes {
    /// Compares two trees, file by file.
    /// A folder called `testdata` that the user is in is none: what is measured lies there.
    pub(super) fn between(one: &Path, other: &Path, here: &Path) -> io::Result<Changes> {
        let (ours, theirs) = (files(one)?, files(other)?);
        let mut paths: BTreeSet<PathBuf> = ours.symmetric_difference(&theirs).cloned().collect();
        for path in ours.intersection(&theirs) {
            if !equal(&one.join(path), &other.join(path))? {
                paths.insert(path.clone());
            }
        }
        let mut changes = Changes {
            paths,
            test_data: BTreeSet::new(),
        };
        changes.follow_links(one, &ours);
        changes.follow_links(other, &theirs);
        let paths = changes.paths.iter();
        changes.test_data = paths
            .filter(|path| is_test_data(path.strip_prefix(here).unwrap_or(path)))
            .cloned()
            .collect();
        Ok(changes)
    }

    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether a file differs that decides which versions everything is built from: those of modules and
    /// workspaces, whatever they are called, and of vendored trees.
    pub(super) fn touch_manifests(&self) -> bool {
        self.paths
            .iter()
            .any(|path| ends_in(path, &MANIFESTS) || path.ends_with("vendor/modules.txt"))
    }

    /// Whether a file of a name differs, in any folder.
    pub(super) fn touch_name(&self, name: &str) -> bool {
        self.paths
            .iter()
            .any(|path| path.file_name().is_some_and(|own| own == name))
    }

    /// Whether a C source differs.
    pub(super) fn touch_c(&self) -> bool {
        self.c_sources().next().is_some()
    }

    fn c_sources(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.iter().filter(|path| ends_in(path, &C_SOURCES))
    }

    /// A digest of the C sources of a tree that differ; `None` if none does.
    pub(super) fn c_digest(&self, root: &Path) -> Option<String> {
        self.touch_c().then(|| digest(root, self.c_sources()))
    }

    /// A digest of everything of a tree that differs.
    pub(super) fn digest(&self, root: &Path) -> String {
        digest(root, self.paths.iter())
    }

    /// A digest of the test data of a tree that differs.
    pub(super) fn test_data_digest(&self, root: &Path) -> String {
        digest(root, self.test_data())
    }

    /// The test data that differs.
    pub(super) fn test_data(&self) -> impl Iterator<Item = &PathBuf> {
        self.test_data.iter()
    }

    /// Takes files for test data that are not in a folder of that name.
    pub(super) fn take_for_test_data(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.test_data.extend(paths);
    }

    fn is_source(&self, path: &Path) -> bool {
        !self.test_data.contains(path) && ends_in(path, &SOURCES)
    }

    /// Whether a source in a folder differs.
    pub(super) fn touch_sources_in(&self, folder: &Path) -> bool {
        self.directly_in(folder).any(|path| self.is_source(path))
    }

    /// Whether any file in a folder or below differs.
    pub(super) fn touch_below(&self, folder: &Path) -> bool {
        self.paths_below(folder).next().is_some()
    }

    /// What differs in a folder and below.
    pub(super) fn paths_below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a PathBuf> {
        self.paths
            .iter()
            .filter(move |path| path.starts_with(folder))
    }

    /// The test files of a folder that differ.
    pub(super) fn touch_tests_in(&self, folder: &Path) -> bool {
        self.directly_in(folder)
            .any(|path| path.to_string_lossy().ends_with(crate::golang::TEST_SUFFIX))
    }

    /// The files of a module that a benchmark may read besides test data: all but Go's own sources and
    /// what is written for people.
    pub(super) fn data(&self, module: &Path) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path).filter(move |path| {
            path.starts_with(module)
                && !self.test_data.contains(*path)
                && !is_go(path)
                && !is_for_people(path)
        })
    }

    /// Go's own sources directly in a folder that differ: some may be read instead of compiled.
    pub(super) fn go_in(&self, folder: &Path) -> impl Iterator<Item = &Path> {
        self.directly_in(folder).filter(|path| is_go(path))
    }

    fn directly_in(&self, folder: &Path) -> impl Iterator<Item = &Path> {
        let paths = self.paths.iter().map(PathBuf::as_path);
        paths.filter(move |path| path.parent() == Some(folder))
    }

    /// Adds the symbolic links of a tree whose targets, in the tree, hold something that differs.
    fn follow_links(&mut self, root: &Path, files: &BTreeSet<PathBuf>) {
        let mut reached = Vec::new();
        // What links in `testdata` lead to counts where it is.
        let links = files.iter().filter(|path| root.join(path).is_symlink());
        for link in links.filter(|path| !is_test_data(&path.join("x"))) {
            let Ok(target) = root.join(link).canonicalize() else {
                continue;
            };
            let Ok(target) = target.strip_prefix(root) else {
                continue;
            };
            for path in &self.paths {
                match path.strip_prefix(target) {
                    Ok(rest) if rest.as_os_str().is_empty() => reached.push(link.clone()),
                    Ok(rest) => reached.push(link.join(rest)),
                    Err(_) => {}
                }
            }
        }
        self.paths.extend(reached);
    }
}

/// Whether a file lies in a folder called `testdata`.
fn is_test_data(path: &Path) -> bool {
    path.parent().is_some_and(|folder| {
        folder
            .components()
            .any(|part| part.as_os_str() == "testdata")
    })
}

fn ends_in(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().unwrap_or_default();
    extensions.iter().any(|own| extension == *own)
}

fn is_go(path: &Path) -> bool {
    ends_in(path, &["go"]) || ends_in(path, &MANIFESTS)
}

fn is_for_people(path: &Path) -> bool {
    let hidden =
        |part: std::path::Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ends_in(path, &FOR_PEOPLE)
        || FOR_PEOPLE_NAMES.iter().any(|own| name.starts_with(own))
        || name == crate::policy::FILE_NAME
        || path.components().any(hidden)
}

/// A digest of files, with their names; of those that are not there, of their names alone.
fn digest<'a>(root: &Path, paths: impl Iterator<Item = &'a PathBuf>) -> String {
    let mut hasher = Sha256::new();
    for path in paths {
        hasher.update(path.as_os_str().as_encoded_bytes());
        let text = fs::read(root.join(path)).ok();
        hasher.update([u8::from(text.is_some())]);
        let text = text.unwrap_or_default();
        hasher.update(text.len().to_le_bytes());
        hasher.update(text);
    }
    hex(&hasher.finalize())
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
        let changes = Changes::between(&one, &other, Path::new("")).unwrap();
        assert_eq!(changes.paths.len(), 6);
        let (p, r) = (Path::new("p"), Path::new("r"));
        assert!(changes.touch_sources_in(p) && changes.touch_tests_in(p));
        assert!(!changes.touch_sources_in(r) && changes.touch_sources_in(Path::new("")));
        assert!(!changes.touch_manifests() && changes.touch_below(p));
        let data: Vec<_> = changes.data(Path::new("")).collect();
        assert_eq!(data, [Path::new("p/q/data.json")]);
        assert_eq!(
            changes.test_data().collect::<Vec<_>>(),
            [Path::new("r/testdata/y.go")]
        );
        assert!(
            Changes::between(&one, &one, Path::new(""))
                .unwrap()
                .is_empty()
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_differs_under_both_names() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (one, other) = (root.join("1"), root.join("2"));
        for (root, text) in [(&one, "a"), (&other, "b")] {
            fs::create_dir_all(root.join("shared")).unwrap();
            fs::create_dir_all(root.join("p")).unwrap();
            fs::write(root.join("shared/x.go"), text).unwrap();
            std::os::unix::fs::symlink("../shared/x.go", root.join("p/x.go")).unwrap();
            std::os::unix::fs::symlink("../shared", root.join("p/testdata")).unwrap();
        }
        let changes = Changes::between(&one, &other, Path::new("")).unwrap();
        let paths: Vec<_> = changes
            .paths
            .iter()
            .map(|path| path.to_str().unwrap())
            .collect();
        assert_eq!(paths, ["p/x.go", "shared/x.go"]);
        assert!(changes.touch_sources_in(Path::new("p")));
    }
}
