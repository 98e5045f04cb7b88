//! Tables for a terminal, as benchstat lays them out: keys that changed, a header a key of the columns,
//! a row a benchmark, the geometric means, and what is to be known as footnotes.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::Range;

use anstyle::{AnsiColor, Style};

use super::footnotes::Footnotes;
use super::grid::{Align, Grid, Look, Margin};
use super::{View, headings, in_rounds, push_delta, sparkline};
use crate::figure::count;
use crate::query::KeyId;
use crate::stat::build::{Maker, Tables};
use crate::stat::number::{push_percent, push_range, push_scaled, push_test};
use crate::stat::table::{Cell, Row, Table, Warning};
use crate::text::plain;
use crate::unit::{Better, Class, Scale};

/// The signs of a table.
pub(super) struct Signs {
    bar: &'static Margin,
    before_cell: &'static Margin,
    plus_minus: &'static Margin,
    ascii: bool,
}

/// benchstat's signs.
pub(super) const UNICODE: Signs = Signs {
    bar: &Margin::new(" │"),
    before_cell: &Margin::new(" │ "),
    plus_minus: &Margin::new(" ± "),
    ascii: false,
};

/// Signs that every log and mail shows.
pub(super) const ASCII: Signs = Signs {
    bar: &Margin::new(" |"),
    before_cell: &Margin::new(" | "),
    plus_minus: &Margin::new(" +- "),
    ascii: true,
};

/// Writes all tables.
pub(super) fn write(
    tables: &Tables<'_>,
    view: View,
    signs: &Signs,
    out: &mut dyn Write,
) -> io::Result<()> {
    let render = |maker: &mut Maker<'_>, indices: &[usize]| {
        let mut text = String::new();
        for index in indices.iter().copied() {
            if index > 0 {
                text.push('\n');
            }
            for (name, value) in headings(tables, index) {
                let _ = writeln!(text, "{}: {}", shown(name), shown(value));
            }
            let table = maker.table(index);
            TextTable::new(tables, &table, view, signs).write(&mut text);
        }
        text
    };
    in_rounds(tables, render, |part| match signs.ascii {
        true => out.write_all(part.replace('µ', "u").replace('∞', "inf").as_bytes()),
        false => out.write_all(part.as_bytes()),
    })
}

/// Text of others, made harmless.
fn shown(text: &[u8]) -> String {
    let mut shown = String::new();
    push_shown(text, &mut shown);
    shown
}

/// Appends what [`shown`] gives.
fn push_shown(text: &[u8], to: &mut String) {
    match str::from_utf8(text) {
        Ok(text) => to.push_str(&plain(text)),
        Err(_) => to.push_str(&plain(&String::from_utf8_lossy(text))),
    }
}

struct TextTable<'a> {
    tables: &'a Tables<'a>,
    table: &'a Table,
    view: View,
    signs: &'a Signs,
    class: Class,
    grid: Grid,
    footnotes: Footnotes,
}

/// The most cells of a grid that room is made for beforehand.
const MAX_ROOM: usize = 1 << 16;

/// Columns of the grid for the names of rows.
const LABEL_COLUMNS: usize = 1;

impl<'a> TextTable<'a> {
    fn new(tables: &'a Tables<'a>, table: &'a Table, view: View, signs: &'a Signs) -> Self {
        TextTable {
            tables,
            table,
            view,
            signs,
            class: table.class(),
            grid: Grid::new(),
            footnotes: Footnotes::default(),
        }
    }

    /// Columns of the grid for the summary of a column of the table.
    fn center_columns(&self) -> usize {
        3 + usize::from(self.view.sparklines)
    }

    /// Columns of the grid for the comparison.
    fn delta_columns(&self) -> usize {
        3 + usize::from(self.tables.options.shift)
    }

    /// The first column of the grid for a column of the table. The first one has no comparison.
    fn start(&self, column: usize) -> usize {
        match column {
            0 => LABEL_COLUMNS,
            _ => {
                let each = self.center_columns() + self.delta_columns();
                LABEL_COLUMNS + self.center_columns() + (column - 1) * each
            }
        }
    }

    fn write(mut self, out: &mut String) {
        let hidden = count(self.table.hidden, "row");
        if self.table.rows.is_empty() {
            let _ = writeln!(out, "{}: no change in {hidden}", shown(&self.table.unit));
            return;
        }
        let cells = self.table.rows.len() * self.start(self.table.columns.len());
        self.grid.reserve(cells.min(MAX_ROOM));
        self.keys();
        self.units();
        for row in &self.table.rows {
            self.row(row);
        }
        if self.table.rows.len() + self.table.hidden > 1 {
            self.summary();
        }
        self.grid.write(out);
        for (number, warning) in self.footnotes.iter() {
            let message = warning.message(&self.tables.options);
            self.signs.push_mark(number, out);
            let _ = writeln!(out, " {}", plain(&message));
        }
        if self.table.hidden > 0 {
            let _ = writeln!(out, "{hidden} without a change not shown");
        }
    }

    /// The header: a line a field of the columns' keys; neighbours with equal values share a cell.
    fn keys(&mut self) {
        let edge = self.start(self.table.columns.len() + 1);
        let projection = &self.tables.projections.col;
        let mut groups: Vec<Range<usize>> = Vec::new();
        groups.push(0..self.table.columns.len());
        for field in projection.fields() {
            let value = |key: &KeyId| projection.value(*key, field);
            self.grid.row();
            let mut next = Vec::new();
            for group in groups {
                let mut start = group.start;
                let keys = &self.table.columns[group];
                for equal in keys.chunk_by(|a, b| value(a) == value(b)) {
                    let own = start..start + equal.len();
                    let from = self.start(own.start);
                    let width = self.start(own.end) - from;
                    self.grid.skip_to(from);
                    let look = Look::new(Align::Center, self.signs.before_cell);
                    self.grid
                        .span(width, look, |text| text.push_str(&shown(value(&equal[0]))));
                    start = own.end;
                    next.push(own);
                }
            }
            self.edge(edge);
            groups = next;
        }
    }

    /// The units above the figures.
    fn units(&mut self) {
        self.grid.row();
        let unit = shown(&self.table.unit);
        for column in 0..self.table.columns.len() {
            let start = self.start(column);
            self.grid.skip_to(start);
            let look = Look::new(Align::Center, self.signs.before_cell);
            self.grid
                .span(self.center_columns(), look, |text| text.push_str(&unit));
            if column > 0 {
                let look = Look::new(Align::Left, const { &Margin::new("  ") });
                self.grid
                    .span(self.delta_columns(), look, |text| text.push_str("vs base"));
            }
            for inner in start + 1..self.grid.column() {
                self.grid.shrink(inner);
            }
        }
        self.edge(self.start(self.table.columns.len() + 1));
    }

    fn edge(&mut self, column: usize) {
        self.grid.skip_to(column);
        let look = Look::new(Align::Left, self.signs.bar);
        self.grid.cell(look, |_| {});
    }

    fn row(&mut self, row: &Row) {
        let (tables, table) = (self.tables, self.table);
        let label = tables.projections.row.label(row.key);
        self.grid.row();
        self.grid
            .cell(Look::new(Align::Left, Margin::NONE), |text| {
                push_shown(&label, text);
            });
        let scale = Scale::common(row.cells.iter().map(|cell| cell.center), self.class);
        let bounds = self.view.sparklines.then(|| self.tables.bounds(row));
        for cell in &row.cells {
            self.grid.skip_to(self.start(cell.column as usize));
            self.grid
                .cell(Look::new(Align::Right, Margin::SPACE), |text| {
                    push_scaled(cell.center, &scale, text);
                });
            let look = Look::new(Align::Right, self.signs.plus_minus);
            self.grid.cell(look, |text| push_range(cell, text));
            if let Some(bounds) = bounds {
                let samples = self.tables.samples(cell);
                let bars = sparkline::bars(&samples, bounds, self.signs.ascii);
                self.grid
                    .cell(Look::new(Align::Left, Margin::SPACE), |text| {
                        text.push_str(&bars)
                    });
            }
            self.warn(table.warnings_of(cell));
            self.comparison(cell);
        }
    }

    fn comparison(&mut self, cell: &Cell) {
        let Some(comparison) = &cell.comparison else {
            return;
        };
        let (tables, table, view) = (self.tables, self.table, self.view);
        let style = match view.color && comparison.is_change(cell.center, tables.options.alpha) {
            true => style(table.better, comparison.baseline, cell.center),
            false => Style::new(),
        };
        let look = Look::new(Align::Right, Margin::SPACE).styled(style);
        self.grid.cell(look, |text| {
            push_delta(cell, comparison, table, tables, view, text);
        });
        self.grid
            .cell(Look::new(Align::Left, Margin::SPACE), |text| {
                text.push('(');
                push_test(comparison, text);
                text.push(')');
            });
        if tables.options.shift {
            let shift = comparison.shift.as_ref();
            self.grid
                .cell(Look::new(Align::Left, Margin::SPACE), |text| {
                    if let Some(shift) = shift {
                        push_shift(shift, self.class, text);
                    }
                });
        }
        self.warn(comparison.warning(tables.options.alpha));
    }

    fn summary(&mut self) {
        self.grid.row();
        self.grid
            .cell(Look::new(Align::Left, Margin::NONE), |text| {
                text.push_str("geomean")
            });
        for (column, summary) in self.table.summaries.iter().enumerate() {
            let start = self.start(column);
            if let Some(geomean) = summary.geomean {
                self.grid.skip_to(start);
                let scale = Scale::common([geomean], self.class);
                self.grid
                    .cell(Look::new(Align::Right, Margin::SPACE), |text| {
                        push_scaled(geomean, &scale, text);
                    });
            }
            if column > 0 {
                self.grid.skip_to(start + self.center_columns());
                match summary.ratio {
                    Some(ratio) => self
                        .grid
                        .cell(Look::new(Align::Right, Margin::SPACE), |text| {
                            push_percent(ratio - 1.0, text);
                        }),
                    None => self
                        .grid
                        .cell(Look::new(Align::Left, Margin::SPACE), |text| text.push('?')),
                }
            }
            self.grid.skip_to(self.start(column + 1) - 1);
            self.warn(summary.warnings.iter().cloned());
        }
    }

    /// A cell with the marks of footnotes; empty where there is nothing to say.
    fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        let TextTable {
            grid,
            footnotes,
            signs,
            ..
        } = self;
        let mut warnings = warnings.into_iter().peekable();
        let margin = match warnings.peek() {
            Some(_) => Margin::SPACE,
            None => Margin::NONE,
        };
        grid.cell(Look::new(Align::Left, margin), |text| {
            while let Some(warning) = warnings.next() {
                signs.push_mark(footnotes.number(warning), text);
                if warnings.peek().is_some() {
                    text.push(' ');
                }
            }
        });
    }
}

impl Signs {
    /// The mark of a footnote.
    fn push_mark(&self, number: usize, text: &mut String) {
        if self.ascii {
            let _ = write!(text, "[{number}]");
            return;
        }
        let raised = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
        let mut power = 1;
        while number / power >= 10 {
            power *= 10;
        }
        while power > 0 {
            text.push(raised[number / power % 10]);
            power /= 10;
        }
    }
}

/// Green for better, red for worse; nothing where nobody said which is which.
fn style(better: Better, before: f64, after: f64) -> Style {
    let rose = after > before;
    let color = match better {
        Better::Unknown => return Style::new().bold(),
        Better::Lower if rose => AnsiColor::Red,
        Better::Higher if !rose => AnsiColor::Red,
        Better::Lower | Better::Higher => AnsiColor::Green,
    };
    color.on_default()
}

/// `+12.3n [10.1n, 14.0n]`, in one scale.
pub(super) fn push_shift(shift: &crate::stats::Shift, class: Class, text: &mut String) {
    let scale = Scale::common(
        [shift.estimate, shift.lo, shift.hi]
            .into_iter()
            .filter(|value| value.is_finite()),
        class,
    );
    let signed = |value: f64, text: &mut String| {
        // An infinity brings its own sign.
        if value > 0.0 && value.is_finite() {
            text.push('+');
        }
        push_scaled(value, &scale, text);
    };
    signed(shift.estimate, text);
    text.push_str(" [");
    signed(shift.lo, text);
    text.push_str(", ");
    signed(shift.hi, text);
    text.push(']');
}
