//! Allocation profiles of two sides, and the lines that allocate more on one of them.
//!
//! `decode` reads what a Go test binary writes with `-test.memprofile`, `name` takes apart what Go calls
//! a function, `site` says which of its own lines a program allocates at, and `diff` compares. Nothing
//! here runs anything or reads a file.

mod decode;
mod diff;
mod name;
mod site;

pub use decode::{Frame, Profile, ProfileError, Sample, decode};
pub use diff::{Measure, Rise, Side, Source, rises};
pub use name::{function, package};
pub use site::{Allocation, Site, per_iteration};
