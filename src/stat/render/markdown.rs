//! Tables in GitHub's Markdown: one a table, with what is to be known as numbered notes below it.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::footnotes::Footnotes;
use super::{View, headings, in_rounds, push_delta};
use crate::figure;
use crate::query::KeyId;
use crate::stat::build::{Maker, Tables};
use crate::stat::number::{push_percent, push_range, push_scaled, push_test};
use crate::stat::table::{Cell, Row, Table, Warning};
use crate::text::markdown::{name, sentence};
use crate::unit::{Class, Scale};

/// Columns that a name may take before it is cut.
const NAME_COLUMNS: usize = 160;

/// Writes all tables.
pub(super) fn write(tables: &Tables<'_>, view: View, out: &mut dyn Write) -> io::Result<()> {
    let render = |maker: &mut Maker<'_>, indices: &[usize]| {
        let mut text = String::new();
        for index in indices.iter().copied() {
            if index > 0 {
                text.push('\n');
            }
            push_headings(tables, index, &mut text);
            let table = maker.table(index);
            let mut page = Page {
                tables,
                table: &table,
                view,
                class: table.class(),
                notes: Footnotes::default(),
            };
            page.write(&mut text);
        }
        text
    };
    in_rounds(tables, render, |part| out.write_all(part.as_bytes()))
}

/// A paragraph with a line a heading, if there are any.
fn push_headings(tables: &Tables<'_>, index: usize, text: &mut String) {
    let lines: Vec<String> = headings(tables, index)
        .into_iter()
        .map(|(key, value)| shown(&[key, &b": "[..], value].concat()))
        .collect();
    if !lines.is_empty() {
        let _ = write!(text, "{}\n\n", lines.join("\\\n"));
    }
}

fn shown(text: &[u8]) -> String {
    match text {
        [] => String::new(),
        _ => name(&String::from_utf8_lossy(text), NAME_COLUMNS),
    }
}

struct Page<'a> {
    tables: &'a Tables<'a>,
    table: &'a Table,
    view: View,
    class: Class,
    notes: Footnotes,
}

impl Page<'_> {
    fn write(&mut self, text: &mut String) {
        let hidden = figure::count(self.table.hidden, "row");
        if self.table.rows.is_empty() {
            let _ = writeln!(text, "{}: no change in {hidden}", shown(&self.table.unit));
            return;
        }
        let columns = &self.table.columns;
        let mut header = "| benchmark".to_owned();
        let mut rule = "|---".to_owned();
        for (column, key) in columns.iter().enumerate() {
            let _ = write!(header, " | {}", self.column_name(*key));
            rule.push_str("|--:");
            if column > 0 {
                header.push_str(" | vs base");
                rule.push_str("|--:");
                if self.tables.options.shift {
                    header.push_str(" | shift");
                    rule.push_str("|--:");
                }
            }
        }
        let _ = writeln!(text, "{header} |\n{rule}|");
        for row in &self.table.rows {
            self.row(row, text);
        }
        if self.table.rows.len() + self.table.hidden > 1 {
            self.summary(text);
        }
        for (number, note) in self.notes.iter() {
            let message = sentence(&note.message(&self.tables.options), usize::MAX);
            let before = if number == 1 { "\n" } else { "" };
            let _ = writeln!(text, "{before}{number}. {message}");
        }
        if self.table.hidden > 0 {
            let _ = writeln!(text, "\n{hidden} without a change not shown");
        }
    }

    fn column_name(&self, key: KeyId) -> String {
        let projection = &self.tables.projections.col;
        let fields = projection.fields().into_iter();
        let mut parts: Vec<String> = fields
            .map(|field| shown(projection.value(key, field)))
            .filter(|part| !part.is_empty())
            .collect();
        parts.push(shown(&self.table.unit));
        parts.join(" ")
    }

    fn row(&mut self, row: &Row, text: &mut String) {
        let scale = Scale::common(row.cells.iter().map(|cell| cell.center), self.class);
        let label = self.tables.projections.row.label(row.key);
        let _ = write!(text, "| {}", shown(&label));
        for column in 0..self.table.columns.len() {
            text.push_str(" | ");
            let cell = row.cell(column);
            if let Some(cell) = cell {
                push_scaled(cell.center, &scale, text);
                text.push_str(" ± ");
                push_range(cell, text);
                for warning in self.table.warnings_of(cell) {
                    self.note(warning, text);
                }
            }
            if column > 0 {
                self.comparison(cell, text);
            }
        }
        text.push_str(" |\n");
    }

    fn comparison(&mut self, cell: Option<&Cell>, text: &mut String) {
        text.push_str(" | ");
        let compared = cell.and_then(|cell| Some((cell, cell.comparison.as_ref()?)));
        if let Some((cell, comparison)) = compared {
            let (tables, table) = (self.tables, self.table);
            let strong = match comparison.is_change(cell.center, tables.options.alpha) {
                true => "**",
                false => "",
            };
            text.push_str(strong);
            push_delta(cell, comparison, table, tables, self.view, text);
            let _ = write!(text, "{strong} (");
            push_test(comparison, text);
            text.push(')');
            if let Some(warning) = comparison.warning(tables.options.alpha) {
                self.note(warning, text);
            }
        }
        if self.tables.options.shift {
            text.push_str(" | ");
            if let Some(shift) = compared.and_then(|(_, comparison)| comparison.shift.as_ref()) {
                super::text::push_shift(shift, self.class, text);
            }
        }
    }

    fn summary(&mut self, text: &mut String) {
        text.push_str("| geomean");
        for (column, summary) in self.table.summaries.iter().enumerate() {
            text.push_str(" | ");
            if let Some(geomean) = summary.geomean {
                push_scaled(geomean, &Scale::common([geomean], self.class), text);
            }
            if column > 0 {
                text.push_str(" | ");
                match summary.ratio {
                    Some(ratio) => push_percent(ratio - 1.0, text),
                    None => text.push('?'),
                }
            }
            for warning in summary.warnings.iter().cloned() {
                self.note(warning, text);
            }
            if column > 0 && self.tables.options.shift {
                text.push_str(" | ");
            }
        }
        text.push_str(" |\n");
    }

    /// The number of a note.
    fn note(&mut self, warning: Warning, text: &mut String) {
        let number = self.notes.number(warning);
        let _ = write!(text, " <sup>{number}</sup>");
    }
}
