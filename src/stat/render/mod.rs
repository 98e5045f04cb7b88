//! The tables written down: one renderer a file, each of the same [`Tables`]. What is in a table is
//! settled before it comes here.

mod csv;
mod footnotes;
mod grid;
mod json;
mod markdown;
mod sparkline;
mod text;

use std::io::{self, Write};

use super::build::{CELLS_A_THREAD, Maker, Tables};
use super::number;
use super::table::{Cell, Comparison, Table};
use crate::figure;
use crate::parallel::in_parallel;
use crate::unit::Unit;

/// A form in which tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// benchstat's tables, for a terminal.
    Text,
    /// Comma-separated values, benchstat's to the byte.
    Csv,
    /// GitHub's Markdown.
    Markdown,
    /// JSON, every sample included.
    Json,
    /// The text in ASCII only: for logs and mail.
    Plain,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [
        Format::Text,
        Format::Csv,
        Format::Markdown,
        Format::Json,
        Format::Plain,
    ];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Csv => "csv",
            Format::Markdown => "markdown",
            Format::Json => "json",
            Format::Plain => "plain",
        }
    }
}

/// What is shown beyond what benchstat shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Colour for better and worse (text only).
    pub color: bool,
    /// A difference from a baseline of zero as `+n` instead of `?`.
    pub zero_baseline: bool,
    /// The samples in the order in which they were measured, as a line of bars (text only).
    pub sparklines: bool,
}

/// Writes the tables. Warnings of the CSV format go to `warnings`, as benchstat's do.
///
/// # Errors
///
/// As writing fails.
pub fn render(
    tables: &Tables<'_>,
    format: Format,
    view: View,
    out: &mut dyn Write,
    warnings: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(tables, view, &text::UNICODE, out),
        Format::Plain => text::write(tables, view, &text::ASCII, out),
        Format::Csv => csv::write(tables, view, out, warnings),
        Format::Markdown => markdown::write(tables, view, out),
        Format::Json => json::write(tables, out),
    }
}

/// Cells whose tables are written at a time: output need not be held as a whole.
const CELLS_A_ROUND: usize = 80_000;

/// Renders all tables on all cores, and hands the parts over in order. `render` makes a part of tables
/// that stand one behind the other.
fn in_rounds<R: Send>(
    tables: &Tables<'_>,
    render: impl Fn(&mut Maker<'_>, &[usize]) -> R + Sync,
    mut write: impl FnMut(R) -> io::Result<()>,
) -> io::Result<()> {
    let mut makers = tables.makers();
    let every: Vec<usize> = (0..tables.len()).collect();
    let mut left = &every[..];
    while !left.is_empty() {
        let mut cells = 0;
        let is_enough = left.iter().position(|table| {
            cells += tables.size(*table);
            cells >= CELLS_A_ROUND
        });
        let (round, behind) = left.split_at(is_enough.map_or(left.len(), |last| last + 1));
        left = behind;
        let size = |table: &usize| tables.size(*table);
        let parts = in_parallel(&mut makers, round, size, CELLS_A_THREAD, |maker, own| {
            vec![render(maker, own)]
        });
        parts.into_iter().try_for_each(&mut write)?;
    }
    Ok(())
}

/// The fields of a table's key that differ from those of the table before, without the unit, which the
/// table shows by itself.
fn headings<'a>(tables: &'a Tables<'_>, index: usize) -> Vec<(&'a [u8], &'a [u8])> {
    let projection = &tables.projections.table;
    let key = tables.key(index);
    let before = index.checked_sub(1).map(|before| tables.key(before));
    let mut fields = projection.fields();
    fields.pop();
    let mut headings = Vec::new();
    for field in fields {
        if before.is_none_or(|before| !projection.agree(before, key, field)) {
            headings.push((projection.field_name(field), projection.value(key, field)));
        }
    }
    headings
}

/// The difference of a cell from the baseline.
fn push_delta(
    cell: &Cell,
    comparison: &Comparison,
    table: &Table,
    tables: &Tables<'_>,
    view: View,
    text: &mut String,
) {
    let alpha = tables.options.alpha;
    let from_zero = comparison.baseline.abs() <= 0.0 && comparison.is_change(cell.center, alpha);
    if view.zero_baseline && from_zero && cell.center.is_finite() {
        let unit = Unit::new(&String::from_utf8_lossy(&table.unit));
        text.push_str(&figure::signed(cell.center, &unit));
    } else {
        number::push_delta(comparison, cell.center, alpha, text);
    }
}
