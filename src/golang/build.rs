//! Test binaries, built so that equal sources give equal bytes wherever they lie.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::toolchain::{Go, GoError};

/// Without symbols, as `go test` links what it runs at once, and without the build's identity, which
/// differs where unused code does.
const LINK: &str = "-ldflags=-s -w -buildid=";

/// How test binaries are built.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// The folder of the module.
    pub module: &'a Path,
    /// Whether paths of the machine are kept out of the binary. A benchmark that finds its data by
    /// `runtime.Caller` needs them.
    pub trimpath: bool,
    /// A file of replacements (`go help build`, `-overlay`).
    pub overlay: Option<&'a Path>,
    /// The folder that the binaries go to.
    pub into: &'a Path,
}

/// What became of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    /// Its test binary.
    Binary(PathBuf),
    /// What go printed instead.
    Failed(String),
}

impl Build<'_> {
    /// Builds the test binary of each package: as few go commands as there are packages of one name.
    /// Each goes to `into/NUMBER.test`, so that no name depends on what else is built.
    ///
    /// # Errors
    ///
    /// If go cannot be run, was stopped, or a file cannot be moved. A package that does not build is
    /// no error.
    pub fn all(&self, go: &Go, packages: &[(usize, &str)]) -> Result<Vec<Built>, GoError> {
        let mut binaries: Vec<Option<PathBuf>> = vec![None; packages.len()];
        let mut left: Vec<usize> = (0..packages.len()).collect();
        let folder = self.into.join("new");
        while !left.is_empty() {
            // `go test -c` takes several packages whose names differ.
            let mut names = BTreeSet::new();
            let (group, rest): (Vec<usize>, Vec<usize>) = left
                .into_iter()
                .partition(|index| names.insert(binary_name(packages[*index].1)));
            left = rest;
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder)?;
            let paths: Vec<&str> = group.iter().map(|index| packages[*index].1).collect();
            let mut to = folder.clone().into_os_string();
            to.push(std::path::MAIN_SEPARATOR_STR);
            go.run(self.module, &refs(&self.arguments(go, LINK, &to, &paths)))?;
            for index in group {
                let (number, path) = packages[index];
                let built = folder.join(format!("{}.test{}", binary_name(path), exe()));
                let target = self.target(number);
                if fs::rename(&built, &target).is_ok() {
                    binaries[index] = Some(target);
                }
            }
        }
        let _ = fs::remove_dir_all(&folder);
        let mut built = Vec::new();
        for (binary, (number, path)) in binaries.into_iter().zip(packages) {
            built.push(match binary {
                Some(binary) => Built::Binary(binary),
                // Alone, what go prints is about this package.
                None => self.one(go, *number, path)?,
            });
        }
        Ok(built)
    }

    fn target(&self, number: usize) -> PathBuf {
        self.into.join(format!("{number:04}.test{}", exe()))
    }

    fn one(&self, go: &Go, number: usize, path: &str) -> Result<Built, GoError> {
        let target = self.target(number);
        let finished = go.run(
            self.module,
            &refs(&self.arguments(go, LINK, target.as_os_str(), &[path])),
        )?;
        if finished.text().contains("no space left on device") {
            return Err(GoError::DiskFull);
        }
        Ok(if finished.succeeded() && target.is_file() {
            Built::Binary(target)
        } else {
            Built::Failed(finished.text().into_owned())
        })
    }

    /// Compiles without linking and without a bound on the number of errors; what go prints if that
    /// fails.
    ///
    /// # Errors
    ///
    /// If go cannot be run, or was stopped.
    pub fn errors(&self, go: &Go, path: &str) -> Result<Option<String>, GoError> {
        let arguments = self.arguments(go, "-gcflags=-e", null_device().as_ref(), &[path]);
        let finished = go.run(self.module, &refs(&arguments))?;
        Ok((!finished.succeeded()).then(|| finished.text().into_owned()))
    }

    fn overlay_argument(&self) -> Option<OsString> {
        self.overlay.map(|overlay| {
            let mut argument = OsString::from("-overlay=");
            argument.push(overlay);
            argument
        })
    }

    fn arguments(&self, go: &Go, own: &str, to: &OsStr, packages: &[&str]) -> Vec<OsString> {
        let fixed = ["test", "-c", "-vet=off", "-buildvcs=false", own];
        let mut arguments: Vec<OsString> = fixed.map(OsString::from).into();
        arguments.extend(self.trimpath.then(|| "-trimpath".into()));
        arguments.extend(go.flags.iter().map(OsString::from));
        arguments.extend(self.overlay_argument());
        arguments.extend(["-o".into(), to.to_owned()]);
        arguments.extend(packages.iter().map(OsString::from));
        arguments
    }
}

fn refs(arguments: &[OsString]) -> Vec<&OsStr> {
    arguments.iter().map(OsString::as_os_str).collect()
}

fn exe() -> &'static str {
    std::env::consts::EXE_SUFFIX
}

fn null_device() -> &'static str {
    if cfg!(windows) { "NUL" } else { "/dev/null" }
}

/// The name that `go test -c` gives a package's binary, without its suffix: the last element of the
/// import path that is no major version.
fn binary_name(path: &str) -> &str {
    let mut elements = path.rsplit('/');
    let last = elements.next().unwrap_or(path);
    let major = last.strip_prefix('v').is_some_and(|digits| {
        digits != "0"
            && digits != "1"
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if major {
        elements.next().unwrap_or(last)
    } else {
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_version_names_no_binary() {
        assert_eq!(binary_name("example.com/m/v2"), "m");
        assert_eq!(binary_name("example.com/m/v1"), "v1");
        assert_eq!(binary_name("example.com/m/vet"), "vet");
        assert_eq!(binary_name("m"), "m");
    }
}
