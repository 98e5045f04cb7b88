//! The cells of rows, and how their columns fit into the width of the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};

use crate::figure;
use crate::gate::{Geomean, JudgedRow};
use crate::report::digest::{self, Names};
use crate::text::{fit_middle, plain, width};

/// Columns left for names, at least; longer names stand on lines of their own.
const LEAST_NAME: usize = 18;
const MOST_NAME: usize = 48;
/// From this many columns on a reason stands behind its row, if it has that many for itself.
const WIDE: usize = 100;
const LEAST_REASON: usize = 40;

/// If most rows have one reason, takes it from them: it is said once, above them.
pub(super) fn common_reason(rows: &mut [Figures]) -> Option<String> {
    let (why, all) = digest::common_reason(rows.iter().map(|row| row.why.as_str()))?;
    let why = why.to_owned();
    rows.iter_mut()
        .filter(|row| row.why == why)
        .for_each(|row| row.why.clear());
    Some(if all {
        why
    } else {
        format!("{why}, unless said otherwise")
    })
}

/// The cells of a row, harmless and short enough for a line, but for the name.
pub(super) struct Figures {
    pub(super) package: String,
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) baseline: String,
    pub(super) candidate: String,
    pub(super) change: String,
    pub(super) why: String,
}

impl Figures {
    pub(super) fn same_benchmark(&self, other: &Figures) -> bool {
        self.name == other.name && self.package == other.package
    }

    pub(super) fn of(row: &JudgedRow, names: &Names) -> Self {
        let (baseline, candidate) = row.shown_values();
        Figures {
            package: row.key.package.clone(),
            name: plain(&names.name(&row.key)).into_owned(),
            unit: fit_middle(&plain(row.unit.as_str()), 16).into_owned(),
            baseline,
            candidate,
            change: row.change.map_or(String::new(), |change| {
                figure::change(change.absolute, change.relative, &row.unit)
            }),
            why: plain(&row.why()).into_owned(),
        }
    }

    pub(super) fn of_mean(mean: &Geomean) -> Self {
        let [baseline, candidate, change] = digest::geomean(mean);
        Figures {
            package: String::new(),
            name: "geomean".to_owned(),
            unit: fit_middle(&plain(mean.unit.as_str()), 16).into_owned(),
            baseline,
            candidate,
            change,
            why: String::new(),
        }
    }
}

/// How the columns of some rows fit into the width.
pub(super) struct Layout {
    /// Columns for names.
    pub(super) name: usize,
    /// Whether the change has a column, or goes before the reason.
    pub(super) change: bool,
    /// The column at which reasons stand, if that is behind the rows.
    pub(super) reason_at: Option<usize>,
}

impl Layout {
    pub(super) fn of(rows: &[Figures], columns: usize) -> Self {
        let widest =
            |cell: fn(&Figures) -> &str| rows.iter().map(|row| width(cell(row))).max().unwrap_or(0);
        let figures =
            widest(|row| &row.unit) + widest(|row| &row.baseline) + widest(|row| &row.candidate);
        // Indent, gaps and the arrow.
        let fixed = 4 + figures + 2 + 2 + 3 + 2;
        let change = widest(|row| &row.change);
        let change_fits = fixed + change <= columns;
        let used = fixed + if change_fits { change } else { 0 };
        let room = columns.saturating_sub(used);
        let longest = rows
            .iter()
            .map(|row| width(&row.name))
            .filter(|own| *own <= room.min(MOST_NAME))
            .max();
        let name = if room < LEAST_NAME {
            0
        } else {
            longest.unwrap_or(0)
        };
        let end = used + name + 2;
        let reason_at =
            (change_fits && columns >= WIDE && end + LEAST_REASON <= columns).then_some(end);
        Layout {
            name,
            change: change_fits,
            reason_at,
        }
    }

    pub(super) fn holds(&self, name: &str) -> bool {
        width(name) <= self.name
    }

    /// What stands behind or below the row.
    pub(super) fn reason(&self, row: &Figures) -> String {
        match (self.change, row.change.as_str(), row.why.as_str()) {
            (true, _, why) | (false, "", why) => why.to_owned(),
            (false, change, "") => change.to_owned(),
            (false, change, why) => format!("{change}; {why}"),
        }
    }

    pub(super) fn table(&self, rows: &[Figures]) -> Table {
        let mut table = Table::new();
        table
            .load_style(TableStyle::new())
            .set_content_arrangement(ContentArrangement::Disabled);
        let mut before: Option<&Figures> = None;
        for row in rows {
            let named = before.is_some_and(|before| before.same_benchmark(row));
            let name = if !named && self.holds(&row.name) {
                row.name.as_str()
            } else {
                ""
            };
            before = Some(row);
            let arrow = if row.baseline.is_empty() && row.candidate.is_empty() {
                ""
            } else {
                "→"
            };
            let change = if self.change { row.change.as_str() } else { "" };
            table.add_row([
                name,
                &row.unit,
                &row.baseline,
                arrow,
                &row.candidate,
                change,
            ]);
        }
        for (column, padding) in
            table
                .column_iter_mut()
                .zip([(4, 2), (0, 2), (0, 1), (0, 1), (0, 2), (0, 0)])
        {
            column.set_padding(padding);
        }
        if let Some(baseline) = table.column_mut(2) {
            baseline.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}
