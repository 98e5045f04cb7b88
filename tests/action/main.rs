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
#[path = "../tools/mod.rs"]
mod tools;

use std::path::Path;

use tools::{not_run, tool};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
