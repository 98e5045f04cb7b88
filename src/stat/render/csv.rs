//! Comma-separated values as benchstat writes them, to the byte: headings as records of one field, no
//! quotes but where Go's `encoding/csv` puts them, warnings apart and with the cell they belong to.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{View, headings, in_rounds, push_delta};
use crate::stat::build::{Maker, Tables};
use crate::stat::number::{push_general, push_percent, push_range, push_test};
use crate::stat::table::{Cell, Row, Table, Warning};
use crate::text::plain;

/// Writes all tables.
pub(super) fn write(
    tables: &Tables<'_>,
    view: View,
    out: &mut dyn Write,
    warnings: &mut dyn Write,
) -> io::Result<()> {
    let render = |maker: &mut Maker<'_>, indices: &[usize]| {
        let mut csv = Csv::new(tables, view);
        for index in indices.iter().copied() {
            if index > 0 {
                csv.end();
            }
            for (name, value) in headings(tables, index) {
                csv.field(&[name, &b": "[..], value].concat(), 0);
                csv.end();
            }
            csv.table(&maker.table(index));
        }
        csv
    };
    // Records are counted over all tables, the blank ones between them included.
    let mut records = 1;
    in_rounds(tables, render, |part| {
        out.write_all(&part.out)?;
        let mut said = String::new();
        for Said {
            column,
            record,
            message,
        } in part.warnings
        {
            let _ = writeln!(said, "{column}{}: {message}", records + record);
        }
        records += part.records;
        warnings.write_all(said.as_bytes())
    })
}

/// A warning with the cell that it is of.
struct Said {
    column: String,
    /// Counted from 0 in its part of the output.
    record: usize,
    message: String,
}

struct Csv<'a> {
    tables: &'a Tables<'a>,
    view: View,
    /// The records, the last as far as it is known, and the number of its fields.
    out: Vec<u8>,
    fields: usize,
    /// The number of records that have ended.
    records: usize,
    warnings: Vec<Said>,
    text: String,
}

impl<'a> Csv<'a> {
    fn new(tables: &'a Tables<'a>, view: View) -> Self {
        Csv {
            tables,
            view,
            out: Vec::new(),
            fields: 0,
            records: 0,
            warnings: Vec::new(),
            text: String::new(),
        }
    }

    /// Fields of the comparison: difference and test, and the shift with its bounds if asked for.
    fn delta_columns(&self) -> usize {
        if self.tables.options.shift { 5 } else { 2 }
    }

    fn start(&self, column: usize) -> usize {
        match column {
            0 => 1,
            _ => 3 + (column - 1) * (2 + self.delta_columns()),
        }
    }

    /// Adds a field, in the column `at` at the earliest.
    fn field(&mut self, text: &[u8], at: usize) {
        self.fill(at);
        self.separate();
        push_field(text, &mut self.out);
    }

    /// Adds empty fields up to a column.
    fn fill(&mut self, to: usize) {
        while self.fields < to {
            self.separate();
        }
    }

    fn separate(&mut self) {
        if self.fields > 0 {
            self.out.push(b',');
        }
        self.fields += 1;
    }

    /// Adds a field that is put together: of figures, which need no quotes.
    fn put(&mut self, write: impl FnOnce(&mut String)) {
        self.text.clear();
        write(&mut self.text);
        self.separate();
        self.out.extend_from_slice(self.text.as_bytes());
    }

    /// Ends the record.
    fn end(&mut self) {
        self.out.push(b'\n');
        self.fields = 0;
        self.records += 1;
    }

    fn table(&mut self, table: &Table) {
        let columns = table.columns.len();
        let projection = &self.tables.projections.col;
        for field in projection.fields() {
            for (column, key) in table.columns.iter().enumerate() {
                self.field(projection.value(*key, field), self.start(column));
            }
            self.fill(self.start(columns));
            self.end();
        }
        for column in 0..columns {
            self.field(&table.unit, self.start(column));
            self.put(|text| text.push_str("CI"));
            if column > 0 {
                let shift: &[&str] = match self.tables.options.shift {
                    true => &["shift", "shift lo", "shift hi"],
                    false => &[],
                };
                for name in ["vs base", "P"].iter().chain(shift) {
                    self.put(|text| text.push_str(name));
                }
            }
        }
        self.end();
        for row in &table.rows {
            self.row(table, row);
        }
        self.summary(table);
    }

    fn row(&mut self, table: &Table, row: &Row) {
        self.field(&self.tables.projections.row.label(row.key), 0);
        for cell in &row.cells {
            self.fill(self.start(cell.column as usize));
            for warning in table.warnings_of(cell) {
                self.warn(&warning);
            }
            self.put(|text| push_general(cell.center, text));
            self.put(|text| push_range(cell, text));
            self.comparison(table, cell);
        }
        self.end();
    }

    fn comparison(&mut self, table: &Table, cell: &Cell) {
        let Some(comparison) = &cell.comparison else {
            return;
        };
        let (tables, view) = (self.tables, self.view);
        if let Some(warning) = comparison.warning(tables.options.alpha) {
            self.warn(&warning);
        }
        self.put(|text| push_delta(cell, comparison, table, tables, view, text));
        self.put(|text| push_test(comparison, text));
        if tables.options.shift {
            match &comparison.shift {
                Some(shift) => {
                    for value in [shift.estimate, shift.lo, shift.hi] {
                        self.put(|text| push_general(value, text));
                    }
                }
                None => self.fill(self.fields + 3),
            }
        }
    }

    fn summary(&mut self, table: &Table) {
        self.field(b"geomean", 0);
        for (column, summary) in table.summaries.iter().enumerate() {
            self.fill(self.start(column));
            for warning in &summary.warnings {
                self.warn(warning);
            }
            if let Some(geomean) = summary.geomean {
                self.put(|text| push_general(geomean, text));
            }
            if column > 0 {
                self.fill(self.start(column) + 2);
                self.put(|text| match summary.ratio {
                    Some(ratio) => push_percent(ratio - 1.0, text),
                    None => text.push('?'),
                });
            }
        }
        self.fill(self.start(table.columns.len()));
        self.end();
    }

    /// Writes a warning with the cell that comes next, as benchstat names it: letters for the column
    /// (not quite a spreadsheet's beyond the 26th), the number of the record.
    fn warn(&mut self, warning: &Warning) {
        let mut column = self.fields;
        let mut name = Vec::new();
        while column > 0 {
            name.insert(0, b'A' + (column % 26) as u8);
            column /= 26;
        }
        if name.is_empty() {
            name.push(b'A');
        }
        let message = warning.message(&self.tables.options);
        self.warnings.push(Said {
            column: String::from_utf8_lossy(&name).into_owned(),
            record: self.records,
            message: plain(&message).into_owned(),
        });
    }
}

/// Adds a field as Go's `encoding/csv` writes it.
fn push_field(field: &[u8], record: &mut Vec<u8>) {
    let starts_with_space = || {
        let chunk = field.utf8_chunks().next();
        chunk.is_some_and(|chunk| chunk.valid().starts_with(char::is_whitespace))
    };
    let quoted = field == b"\\."
        || field
            .iter()
            .any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'))
        || starts_with_space();
    if !quoted {
        return record.extend_from_slice(field);
    }
    record.push(b'"');
    for (index, part) in field.split(|byte| *byte == b'"').enumerate() {
        if index > 0 {
            record.extend_from_slice(b"\"\"");
        }
        record.extend_from_slice(part);
    }
    record.push(b'"');
}
