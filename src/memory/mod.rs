//! The container memory budget: does a program still fit its container?
//!
//! | module | holds |
//! |---|---|
//! | [`amount`] | how each system writes an amount of memory |
//! | [`declared`], [`manifest`] | what manifests say before the program runs |
//! | [`reading`] | figures of a running program, each under its own word |
//! | [`check`] | figures against bounds: pass, fail, could not judge |
//! | [`source`], [`target`] | where readings come from, and which containers are judged |
//! | [`plan`] | the peak to expect of a load, and the limits to set for it |
//! | [`limited`] | running a command under a real limit |

pub mod amount;
pub mod check;
pub mod declared;
pub mod limited;
pub mod manifest;
pub mod plan;
pub mod reading;
pub mod source;
pub mod target;
