//! benchstat's answer: inputs in, tables out.
//!
//! What a filter selects and where a projection puts it depends on the file, its configuration, the
//! benchmark's name and the unit, never on a value. So inputs are first reduced to distinct rows with
//! their values ([`Measurements`]), and filters and projections are asked once a row, not once a line.
//! The order in which things come first decides about much of what benchstat prints: rows stand in the
//! order of their first lines. Then rows fall into cells, cells are summarised and compared
//! ([`Tables`]), and a renderer writes them ([`render()`]).

mod build;
mod cells;
mod input;
mod measurements;
mod metadata;
mod number;
mod part;
mod place;
mod render;
mod select;
mod table;

pub use build::{Maker, Tables};
pub use cells::CellValues;
pub use input::Input;
pub use measurements::{BenchmarkRef, Measurements, RowRef};
pub use render::{Format, View, render};
pub use select::{Order, Selection};
pub use table::{Cell, ColumnSummary, Comparison, ComparisonKind, Options, Row, Table, Warning};
