//! Which rows are shown, and in what order. Nothing here changes a figure.

use std::cmp::Ordering;

use super::table::{Row, Table};
use crate::query::Projection;
use crate::unit::Better;

/// The order of the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the row's label.
    Name,
    /// By the change in the last column: worst first. Where nobody said what is worse, the greatest
    /// rise first.
    Delta,
}

/// What of the tables is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Whether rows are left out in which no comparison is significant. Geometric means stay those of
    /// all rows.
    pub only_changed: bool,
    /// The order of rows, and whether it is reversed; that of the row projection if there is none.
    pub order: Option<(Order, bool)>,
}

impl Selection {
    /// Leaves rows out, and puts the others in order. `projection` is that of the rows.
    pub(super) fn apply(self, table: &mut Table, projection: &Projection, alpha: f64) {
        if self.only_changed {
            let before = table.rows.len();
            table.rows.retain(|row| is_changed(row, alpha));
            table.hidden = before - table.rows.len();
        }
        let Some((order, reverse)) = self.order else {
            return;
        };
        match order {
            Order::Name => {
                table
                    .rows
                    .sort_by_cached_key(|row| projection.label(row.key).into_owned());
            }
            Order::Delta => {
                let last = table.columns.len().saturating_sub(1);
                let better = table.better;
                let worsening = |row: &Row| worsening(row, last, better, alpha);
                let worse_first = |a: &Row, b: &Row| worsening(b).total_cmp(&worsening(a));
                table.rows.sort_by(worse_first);
            }
        }
        if reverse {
            table.rows.reverse();
        }
    }
}

fn is_changed(row: &Row, alpha: f64) -> bool {
    row.cells.iter().any(|cell| {
        let comparison = cell.comparison.as_ref();
        comparison.is_some_and(|comparison| comparison.is_change(cell.center, alpha))
    })
}

/// How much worse a row became, as a share of the baseline: 0 where nothing is known to have changed.
fn worsening(row: &Row, column: usize, better: Better, alpha: f64) -> f64 {
    let Some((cell, comparison)) = row.cell(column).and_then(|cell| {
        cell.comparison
            .as_ref()
            .map(|comparison| (cell, comparison))
    }) else {
        return 0.0;
    };
    if !comparison.is_change(cell.center, alpha) {
        return 0.0;
    }
    let rise = match comparison.baseline.partial_cmp(&0.0) {
        Some(Ordering::Equal) => cell.center.signum() * f64::INFINITY,
        _ => cell.center / comparison.baseline - 1.0,
    };
    match better {
        Better::Higher => -rise,
        Better::Lower | Better::Unknown => rise,
    }
}
