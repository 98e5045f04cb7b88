//! allocgate: a change that makes a program allocate more must not merge unnoticed.
//!
//! Benchmark output of a baseline and a candidate goes in, a verdict comes out. Data flows one way:
//! bytes → records → samples → comparisons → report → exit code.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@unit`] | names of units, tidying, direction, scaling for display |
//! | [`figure`] | how values, differences and percentages are written for people |
//! | [`strconv`] | numbers as Go reads them |
//! | [`text`] | text of others made harmless and fitted into columns |
//! | [`stats`] | the mathematics, on plain `f64` |
//! | [`benchmark`] | the data model: keys of rows, samples, what a reader can report |
//! | [`parse`] | reading: opening, decoding, detecting the format, one file a format |
//! | [`stat`] | benchstat's answer: rows of all inputs with their values |
//! | [`compare`] | pairing of rows and the evidence for a difference |
//! | [`policy`] | `allocgate.toml`: thresholds, budgets, waivers, outcomes |
//! | [`mod@http`] | asking a server, within bounds of time |
//! | [`github`] | events of GitHub Actions, and the comment on a pull request |
//! | [`memory`] | the container memory budget: manifests, readings, checks |
//! | [`gate`] | evidence + policy → report and verdict: the only judge |
//! | [`profile`] | allocation profiles, and the lines that allocate more |
//! | [`query`] | the language in which results are selected and grouped |
//! | [`bounded`] | reading no more than fits |
//! | [`git`] | policies of other revisions, messages of commits |
//! | [`report`] | one renderer a file; no decisions |
//! | [`cli`] | arguments in, exit code out |

pub mod benchmark;
pub mod bounded;
pub mod cli;
pub mod compare;
pub mod figure;
pub mod gate;
pub mod git;
pub mod github;
pub mod golang;
pub mod http;
pub mod memory;
mod parallel;
pub mod parse;
pub mod policy;
pub mod process;
pub mod profile;
pub mod query;
pub mod report;
pub mod run;
pub mod stat;
pub mod stats;
pub mod strconv;
pub mod text;
pub mod unit;
