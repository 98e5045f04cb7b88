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

#[path = "../tools/mod.rs"]
mod tools;

use tools::not_run;
