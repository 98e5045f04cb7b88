//! Tools of the field that tests hold the product against, and what is said where one is missing.

#![allow(dead_code, reason = "not every test uses every part")]

use std::io::Write;
use std::path::{Path, PathBuf};

/// Says, whether or not the output of tests is captured, that one was not run.
pub(crate) fn not_run(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nNOT RUN: {test}: {why}\n");
}

/// A tool on PATH, or where `.ci/run` puts it.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ours = ["target/tools/bin", "target/tools/venv/bin"].map(|folder| root.join(folder));
    std::env::split_paths(&path)
        .chain(ours)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
