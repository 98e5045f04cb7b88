//! `allocgate comment` as a whole, against a server that behaves like GitHub's API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod call;
mod forks;
mod refused;
mod server;
mod sticky;
mod typed;
