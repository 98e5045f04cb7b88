//! The modules of a tree, and the local folders that they are built with.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use walkdir::WalkDir;

use super::toolchain::{Go, GoError};

/// A module: a folder with a `go.mod`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    /// Its folder, relative to the root of the tree.
    pub folder: PathBuf,
}

/// The modules at and below `root/below`, without what Go itself leaves out: `vendor`, `testdata`,
/// and folders whose names start with `.` or `_`. In order of their paths.
pub fn find_modules(root: &Path, below: &Path) -> Vec<Module> {
    let entries = WalkDir::new(root.join(below))
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_left_out(entry));
    let mut modules: Vec<Module> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_file() && entry.file_name() == "go.mod")
        .filter_map(|entry| {
            let folder = entry.path().parent()?.strip_prefix(root).ok()?.to_owned();
            Some(Module { folder })
        })
        .collect();
    modules.sort();
    modules
}

fn is_left_out(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.file_type().is_dir()
        && (name.starts_with(['.', '_']) || name == "vendor" || name == "testdata")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModFile {
    #[serde(default)]
    replace: Option<Vec<Replace>>,
    #[serde(default)]
    r#use: Option<Vec<Use>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Replace {
    new: Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    path: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Use {
    disk_path: String,
}

/// The folders that a `go.mod` or `go.work` names, as they are written there.
///
/// # Errors
///
/// If go cannot read the file.
pub fn local_targets(go: &Go, file: &Path) -> Result<Vec<String>, GoError> {
    let work = file.file_name() == Some(OsStr::new("go.work"));
    let verb = OsStr::new(if work { "work" } else { "mod" });
    let arguments = [
        verb,
        OsStr::new("edit"),
        OsStr::new("-json"),
        file.as_os_str(),
    ];
    let output = go.output(file.parent().unwrap_or(file), &arguments)?;
    let file: ModFile = serde_json::from_slice(&output).map_err(|error| GoError::Unreadable {
        command: super::toolchain::shown(&arguments),
        reason: error.to_string(),
    })?;
    let replaced = file
        .replace
        .into_iter()
        .flatten()
        .map(|replace| replace.new);
    let replaced = replaced
        .filter(|target| target.version.is_empty())
        .map(|target| target.path);
    let used = file.r#use.into_iter().flatten().map(|used| used.disk_path);
    Ok(replaced.chain(used).collect())
}
