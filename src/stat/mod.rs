//! benchstat's answer: inputs in, tables out.
//!
//! What a filter selects and where a projection puts it depends on the file, its configuration, the
//! benchmark's name and the unit, never on a value. So inputs are first reduced to distinct rows with
//! their values ([`Measurements`]), and filters and projections are asked once a row, not once a line.
//! The order in which things come first decides about much of what benchstat prints: rows stand in the
//! order of their first lines.

mod cells;
mod input;
mod measurements;
mod metadata;
mod part;

pub use cells::CellValues;
pub use input::Input;
pub use measurements::{BenchmarkRef, Measurements, RowRef};
