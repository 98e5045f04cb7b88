//! Where benchmark functions are declared, found in the sources alone: go is not asked, so that
//! output can be judged where there is no Go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::modules::find_modules;
use super::packages::TEST_SUFFIX;
use super::source::SourceFile;

/// A larger test file is none that somebody wrote.
const MOST_BYTES: u64 = 8 << 20;

/// A benchmark function and the line on which its declaration starts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Import path.
    pub package: String,
    /// Its name.
    pub function: String,
    /// Relative to the root.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
}

/// The benchmark functions of `packages` (import paths) in the modules at and below `root`. A function
/// that is declared twice, for several platforms, is the one in a file named after this platform, else the
/// first; a package that two modules could have is in neither.
pub fn find_benchmarks(root: &Path, packages: &BTreeSet<&str>) -> Vec<Found> {
    let mut folders: BTreeMap<&str, BTreeSet<PathBuf>> = BTreeMap::new();
    for module in find_modules(root, Path::new("")) {
        let Some(path) = module_path(&root.join(&module.folder).join("go.mod")) else {
            continue;
        };
        for package in packages {
            let below = match package.strip_prefix(path.as_str()) {
                Some("") => "",
                Some(rest) if rest.starts_with('/') => &rest[1..],
                _ => continue,
            };
            // The import path is text of others.
            let plain = below.split('/').all(|part| !matches!(part, "." | ".."));
            let folder = module.folder.join(below);
            if plain && root.join(&folder).is_dir() {
                folders.entry(package).or_default().insert(folder);
            }
        }
    }
    let mut found = Vec::new();
    for (package, folders) in folders {
        let [folder] = &Vec::from_iter(folders)[..] else {
            continue;
        };
        found.extend(benchmarks_of(root, folder, package));
    }
    found
}

fn benchmarks_of(root: &Path, folder: &Path, package: &str) -> Vec<Found> {
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten();
    let mut names: Vec<_> = entries
        .flatten()
        .filter(|entry| {
            // A symbolic link may lead anywhere.
            let file = entry.file_type().is_ok_and(|kind| kind.is_file());
            let small = entry.metadata().is_ok_and(|data| data.len() <= MOST_BYTES);
            file && small && entry.file_name().to_string_lossy().ends_with(TEST_SUFFIX)
        })
        .map(|entry| entry.file_name())
        .collect();
    names.sort_by_cached_key(|name| {
        let own = is_of_platform(&name.to_string_lossy(), goos());
        (!own, name.clone())
    });
    let mut found: Vec<Found> = Vec::new();
    for name in names {
        let file = folder.join(name);
        let Ok(text) = fs::read(root.join(&file)) else {
            continue;
        };
        let source = SourceFile::parse(&text);
        for (function, line) in source.benchmark_lines() {
            if found.iter().all(|known| known.function != function) {
                found.push(Found {
                    package: package.to_owned(),
                    function: function.to_owned(),
                    file: file.clone(),
                    line,
                });
            }
        }
    }
    found
}

/// What Go calls the platform that this runs on.
fn goos() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// Whether a test file is built for one platform, by its name: `NAME_GOOS_test.go`, `NAME_GOOS_GOARCH_test.go`.
fn is_of_platform(name: &str, goos: &str) -> bool {
    let stem = name.strip_suffix(TEST_SUFFIX).unwrap_or(name);
    stem.split('_').skip(1).any(|part| part == goos)
}

/// What a `go.mod` calls its module.
fn module_path(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("module")?;
        let rest = rest.strip_prefix([' ', '\t'])?;
        let path = rest.split("//").next()?.trim().trim_matches(['"', '`']);
        (!path.is_empty()).then(|| path.to_owned())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_several_platforms_is_that_of_this_one() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("go.mod"), "module m\n").unwrap();
        let own = format!("z_{}_test.go", goos());
        for name in ["a_plan9_test.go", &own, "zz_test.go"] {
            let text = "package m\nfunc BenchmarkA(b *testing.B) {}\n";
            fs::write(root.path().join(name), text).unwrap();
        }
        let found = find_benchmarks(root.path(), &["m"].into());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, Path::new(&own));
        assert!(is_of_platform("x_linux_amd64_test.go", "linux"));
        assert!(!is_of_platform("linux_test.go", "linux"));
    }

    #[test]
    fn benchmarks_are_found_in_their_modules() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("go.mod", "// a comment\nmodule example.com/shop // here\n");
        write(
            "a_test.go",
            "package shop\n\nimport \"testing\"\n\nfunc BenchmarkA(b *testing.B) {}\n",
        );
        write(
            "cart/c_test.go",
            "package cart_test\nfunc BenchmarkC(b *testing.B) {}\n",
        );
        write(
            "cart/c_wasip1_test.go",
            "package cart\n\n\nfunc BenchmarkC(b *testing.B) {}\n",
        );
        write("tool/go.mod", "module \"example.com/shop/tool\"\n");
        write(
            "tool/t_test.go",
            "package tool\nfunc BenchmarkT(b *testing.B) {}\n",
        );
        // The same import path once more.
        write("copy/go.mod", "module example.com/shop/cart\n");
        write("other/go.mod", "module example.com/other\n");
        write(
            "other/o_test.go",
            "package other\nfunc BenchmarkO(b *testing.B) {}\n",
        );
        let found = |packages: &[&str]| -> Vec<(String, String, usize)> {
            let found = find_benchmarks(root.path(), &packages.iter().copied().collect());
            found
                .into_iter()
                .map(|one| (one.function, one.file.display().to_string(), one.line))
                .collect()
        };
        let at = |function: &str, file: &str, line| (function.to_owned(), file.to_owned(), line);
        assert_eq!(
            found(&[
                "example.com/shop",
                "example.com/shop/tool",
                "example.com/other"
            ]),
            [
                at("BenchmarkO", "other/o_test.go", 2),
                at("BenchmarkA", "a_test.go", 5),
                at("BenchmarkT", "tool/t_test.go", 2),
            ]
        );
        assert_eq!(found(&["example.com/shop/cart"]), []);
        assert_eq!(
            found(&["example.com/shop/../other", "", "example.com/shopping"]),
            []
        );
        fs::remove_file(root.path().join("copy/go.mod")).unwrap();
        assert_eq!(
            found(&["example.com/shop/cart"]),
            [at("BenchmarkC", "cart/c_test.go", 2)]
        );
    }
}
