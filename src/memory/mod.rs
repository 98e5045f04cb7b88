//! The container memory budget: does a program still fit its container?
//!
//! | module | holds |
//! |---|---|
//! | [`amount`] | how each system writes an amount of memory |
//! | [`declared`], [`manifest`] | what manifests say before the program runs |
//! | [`reading`] | figures of a running program, each under its own word |

pub mod amount;
pub mod declared;
pub mod manifest;
pub mod reading;
