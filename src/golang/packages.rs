//! The packages of a module, and what each test binary is built from.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::toolchain::{Go, GoError, shown};

/// How the names of test files end.
pub const TEST_SUFFIX: &str = "_test.go";

/// A package as `go list` sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Package {
    /// Its import path.
    pub import_path: String,
    /// Its folder.
    #[serde(default)]
    pub dir: PathBuf,
    #[serde(default)]
    test_go_files: Vec<String>,
    #[serde(default, rename = "XTestGoFiles")]
    external_test_go_files: Vec<String>,
    #[serde(flatten)]
    embeds: Embeds,
}

/// The patterns by which a package and its tests embed files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Embeds {
    #[serde(default)]
    embed_patterns: Vec<String>,
    #[serde(default)]
    test_embed_patterns: Vec<String>,
    #[serde(default, rename = "XTestEmbedPatterns")]
    external_test_embed_patterns: Vec<String>,
}

impl Embeds {
    fn of_tests(&self) -> impl Iterator<Item = &String> {
        self.test_embed_patterns
            .iter()
            .chain(&self.external_test_embed_patterns)
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.embed_patterns.iter().chain(self.of_tests())
    }
}

impl Package {
    /// Whether only its tests embed a file, given relative to its folder: by a pattern that it matches,
    /// or that a folder on its way does.
    pub fn is_embedded_by_tests(&self, path: &Path) -> bool {
        let matches = |pattern: &String| {
            let pattern = pattern.strip_prefix("all:").unwrap_or(pattern);
            let pattern = glob::Pattern::new(pattern);
            pattern.is_ok_and(|pattern| path.ancestors().any(|part| pattern.matches_path(part)))
        };
        self.embeds.of_tests().any(matches) && !self.embeds.embed_patterns.iter().any(matches)
    }

    /// Its test files: those of the package itself, then those of the package beside it.
    pub fn test_files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let names = self
            .test_go_files
            .iter()
            .chain(&self.external_test_go_files);
        names.map(|name| self.dir.join(name))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    import_path: String,
    #[serde(default)]
    dir: PathBuf,
    #[serde(default)]
    deps: Vec<String>,
    #[serde(flatten)]
    embeds: Embeds,
    #[serde(default)]
    standard: bool,
    #[serde(default)]
    cgo_files: Vec<String>,
    #[serde(default, rename = "SFiles")]
    assembly: Vec<String>,
    /// Set where it, or anything that it needs, cannot be loaded.
    #[serde(default)]
    incomplete: bool,
}

/// The folders that a test binary is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure {
    /// Folders whose files are compiled.
    pub folders: BTreeSet<PathBuf>,
    /// Folders whose files, and all below them, may be embedded.
    pub embedding: BTreeSet<PathBuf>,
    /// Whether any of it is C or assembly, outside of the standard library.
    pub cgo: bool,
}

impl Go {
    /// The packages that patterns match in a module. What cannot be loaded is left out here: it fails
    /// to build, and says why.
    ///
    /// # Errors
    ///
    /// If go cannot list them.
    pub fn packages(&self, module: &Path, patterns: &[String]) -> Result<Vec<Package>, GoError> {
        let fields = "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles,EmbedPatterns,\
                      TestEmbedPatterns,XTestEmbedPatterns";
        self.list(module, &["-e", "-find", fields], patterns)
    }

    /// What the test binaries of packages are built from; nothing of those that cannot be loaded whole.
    ///
    /// # Errors
    ///
    /// If go cannot list it.
    pub fn closures(
        &self,
        module: &Path,
        packages: &[String],
    ) -> Result<BTreeMap<String, Closure>, GoError> {
        let fields = "-json=ImportPath,Dir,Deps,EmbedPatterns,TestEmbedPatterns,XTestEmbedPatterns,\
                      Standard,CgoFiles,SFiles,Incomplete";
        let listed: Vec<Listed> = self.list(module, &["-e", "-deps", "-test", fields], packages)?;
        let by_path: BTreeMap<&str, &Listed> = listed
            .iter()
            .map(|one| (one.import_path.as_str(), one))
            .collect();
        let mut closures = BTreeMap::new();
        for package in packages {
            let mut closure = Closure::default();
            let binary = by_path.get(format!("{package}.test").as_str());
            let dependencies = binary
                .iter()
                .flat_map(|binary| binary.deps.iter().map(String::as_str));
            for path in dependencies.chain([package.as_str()]) {
                let Some(part) = by_path.get(path) else {
                    continue;
                };
                closure.folders.insert(part.dir.clone());
                let foreign = !(part.cgo_files.is_empty() && part.assembly.is_empty());
                closure.cgo |= foreign && !part.standard;
                if part.embeds.all().next().is_some() {
                    closure.embedding.insert(part.dir.clone());
                }
            }
            let own = by_path.get(package.as_str());
            let whole = |part: Option<&&Listed>| part.is_some_and(|part| !part.incomplete);
            if whole(binary) && whole(own) {
                closures.insert(package.clone(), closure);
            }
        }
        Ok(closures)
    }

    /// The folders of the packages that a test binary is built from, by import path, without those of
    /// the standard library.
    ///
    /// # Errors
    ///
    /// If go cannot list them.
    pub fn folders(
        &self,
        module: &Path,
        package: &str,
    ) -> Result<BTreeMap<String, PathBuf>, GoError> {
        let arguments = ["-e", "-deps", "-test", "-json=ImportPath,Dir,Standard"];
        let listed: Vec<Listed> = self.list(module, &arguments, &[package.to_owned()])?;
        let others = listed.into_iter().filter(|one| !one.standard);
        // `m/x [m.test]` is what the tests of m have in place of m/x.
        let path = |one: &Listed| one.import_path.split(' ').next().map(str::to_owned);
        Ok(others
            .filter_map(|one| Some((path(&one)?, one.dir)))
            .collect())
    }

    fn list<T: DeserializeOwned>(
        &self,
        module: &Path,
        arguments: &[&str],
        patterns: &[String],
    ) -> Result<Vec<T>, GoError> {
        let mut all: Vec<&OsStr> = vec![OsStr::new("list")];
        all.extend(arguments.iter().map(OsStr::new));
        all.extend(self.flags.iter().map(OsStr::new));
        all.push(OsStr::new("--"));
        all.extend(patterns.iter().map(OsStr::new));
        let output = self.output(module, &all)?;
        serde_json::Deserializer::from_slice(&output)
            .into_iter::<T>()
            .collect::<Result<_, _>>()
            .map_err(|error| GoError::Unreadable {
                command: shown(&all),
                reason: error.to_string(),
            })
    }
}
