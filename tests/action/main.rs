//! The GitHub action: its scripts in the environment that a runner gives them, the whole of it in a
//! real runner (`act`), and the workflows held against their linters.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod act;
mod find;
mod hook;
mod judge;
mod lint;
mod repository;
mod runner;

use std::io::Write;
use std::path::{Path, PathBuf};

/// Says, whether or not the output of tests is captured, that one was not run.
fn not_run(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nNOT RUN: {test}: {why}\n");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A tool of the field, on PATH or where `.ci/run` puts it.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ours = ["target/tools/bin", "target/tools/venv/bin"].map(|folder| root().join(folder));
    std::env::split_paths(&path)
        .chain(ours)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
