//! `allocgate stat` answers as benchstat does.
//!
//! `real` asks both, about the files in `testdata` and about made-up ones; `recorded` holds ours against
//! what benchstat said once, where there is no benchstat.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod beyond;
mod case;
mod command;
mod comparison;
mod corpus;
mod examples;
mod expression;
mod flags;
mod random;
mod real;
mod recorded;
mod samples;
mod series;
mod shrink;
mod syntax;
mod tally;
mod words;

#[path = "../tools/mod.rs"]
mod tools;
