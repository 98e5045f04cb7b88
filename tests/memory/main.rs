//! `allocgate memory` as a whole: manifests, a real Go service, a real Prometheus, real cgroups.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod call;
mod canary;
mod declared;
mod limited;
mod recorded;
mod running;
mod server;
mod service;

use std::io::Write;

/// Says, whether or not the output of tests is captured, that one was not run.
fn not_run(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nNOT RUN: {test}: {why}\n");
}
