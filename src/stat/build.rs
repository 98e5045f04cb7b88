//! From measurements to tables: the summaries and comparisons of all cells, on all cores.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::cells::CellValues;
use super::measurements::Measurements;
use super::place::{Layout, Order, Place, differences};
use super::table::{
    Cell, ColumnSummary, Comparison, ComparisonKind, Options, Row, Table, Tables, Warning,
};
use crate::parallel::in_parallel;
use crate::policy::Adjust;
use crate::query::{Filter, KeyId, Projections};
use crate::stats::{self, MedianOrders, UDistributions};

/// Cells that are made on a core of their own.
const CELLS_A_THREAD: usize = 4000;

impl<'a> Tables<'a> {
    /// Makes the tables of what `filter` lets through.
    pub fn new(
        measurements: &'a Measurements,
        filter: &Filter,
        projections: Projections,
        options: Options,
    ) -> Self {
        let mut layout = Layout::new(projections);
        let cell_of_row = layout.place(measurements, filter);
        let values = measurements.gather(&cell_of_row, layout.cells.len());
        let Layout {
            projections,
            cells,
            residues,
            units,
            ..
        } = layout;
        let vary = differences(&projections.residue, &cells, residues);
        let order = Order::of(&projections, &cells);
        let maker = Maker {
            cells: &cells,
            values: &values,
            vary: &vary,
            order: &order,
            options,
        };
        let described = |key: KeyId| {
            let unit = measurements.unit(units[key.index()]).unit;
            Described {
                key,
                unit: unit.to_vec(),
                exact: measurements.is_exact(unit),
                better: measurements.better(unit),
            }
        };
        let mut tables = maker.tables(&described);
        adjust(&mut tables, options.adjust);
        Tables {
            tables,
            projections,
            options,
            values,
        }
    }
}

/// What is known of a table before its cells are.
struct Described {
    key: KeyId,
    unit: Vec<u8>,
    exact: bool,
    better: crate::unit::Better,
}

/// What all tables are made of.
#[derive(Clone, Copy)]
struct Maker<'a> {
    cells: &'a [Place],
    values: &'a CellValues<'a>,
    vary: &'a FxHashMap<u32, Arc<str>>,
    order: &'a Order,
    options: Options,
}

impl Maker<'_> {
    fn tables(&self, describe: &(dyn Fn(KeyId) -> Described + Sync)) -> Vec<Table> {
        let mut of_table: Vec<Vec<u32>> = vec![Vec::new(); self.order.tables.len()];
        for (id, cell) in self.cells.iter().enumerate() {
            of_table[self.order.table[cell.table.index()] as usize].push(id as u32);
        }
        let work: Vec<(KeyId, Vec<u32>)> =
            self.order.tables.iter().copied().zip(of_table).collect();
        let size = |(_, cells): &(KeyId, Vec<u32>)| cells.len();
        in_parallel(&work, size, CELLS_A_THREAD, |work| {
            let mut scratch = Scratch::new(self.options);
            let table =
                |(key, cells): &(KeyId, Vec<u32>)| self.table(describe(*key), cells, &mut scratch);
            work.iter().map(table).collect()
        })
    }

    fn table(&self, described: Described, ids: &[u32], scratch: &mut Scratch) -> Table {
        let place = |id: u32| {
            let cell = &self.cells[id as usize];
            let (row, column) = (cell.row.index(), cell.column.index());
            u64::from(self.order.row[row]) << 32 | u64::from(self.order.column[column])
        };
        let mut placed: Vec<(u64, u32)> = ids.iter().map(|id| (place(*id), *id)).collect();
        placed.sort_unstable();
        let ids: Vec<u32> = placed.into_iter().map(|(_, id)| id).collect();
        let column_of = |id: &u32| self.cells[*id as usize].column;
        let place_of = |column: &KeyId| self.order.column[column.index()];
        let mut columns: Vec<KeyId> = Vec::new();
        for column in ids.iter().map(column_of) {
            if let Err(at) = columns.binary_search_by_key(&place_of(&column), place_of) {
                columns.insert(at, column);
            }
        }
        let index = |column: KeyId| {
            let found = columns.binary_search_by_key(&place_of(&column), place_of);
            found.unwrap_or_else(|next| next)
        };
        let row_of = |id: &u32| self.cells[*id as usize].row;
        let rows: Vec<Row> = ids
            .chunk_by(|a, b| row_of(a) == row_of(b))
            .map(|ids| {
                let cells = ids.iter().map(|id| {
                    let column = index(column_of(id));
                    self.cell(*id, column, described.exact, scratch)
                });
                let mut row = Row {
                    key: row_of(&ids[0]),
                    cells: cells.collect(),
                };
                self.compare(&mut row, described.exact, scratch);
                row
            })
            .collect();
        let summaries = summaries(&rows, columns.len());
        let Described {
            key,
            unit,
            exact,
            better,
        } = described;
        Table {
            key,
            unit,
            exact,
            better,
            columns,
            rows,
            summaries,
            hidden: 0,
        }
    }

    fn cell(&self, id: u32, column: usize, exact: bool, scratch: &mut Scratch) -> Cell {
        let Scratch { before, .. } = scratch;
        let mut buffer = std::mem::take(before);
        let samples = self.samples(id, &mut buffer);
        let interval = if exact {
            stats::mode_interval(samples)
        } else {
            scratch.median(samples)
        };
        scratch.before = buffer;
        Cell {
            column: column as u32,
            id,
            center: interval.center,
            lo: interval.lo,
            hi: interval.hi,
            vary: self.vary.get(&id).cloned(),
            comparison: None,
        }
    }

    /// The samples of a cell, ascending; `buffer` holds those that are all equal.
    fn samples<'b>(&'b self, id: u32, buffer: &'b mut Vec<f64>) -> &'b [f64] {
        let samples = self.values.of(id);
        samples.map_or(&[], |samples| samples.as_slice(buffer))
    }

    /// Compares the cells of a row with that of the first column, if it has one.
    fn compare(&self, row: &mut Row, exact: bool, scratch: &mut Scratch) {
        let Some((baseline, others)) = row.cells.split_first_mut() else {
            return;
        };
        if baseline.column != 0 {
            return;
        }
        let Scratch {
            distributions,
            before,
            after,
            ..
        } = scratch;
        let before = self.samples(baseline.id, before);
        for cell in others {
            let after = self.samples(cell.id, after);
            let numbers = [before, after]
                .iter()
                .all(|side| side.first().is_some_and(|least| !least.is_nan()));
            let (kind, p) = if exact {
                (ComparisonKind::Exact, 0.0)
            } else if !numbers {
                (ComparisonKind::NotANumber, 1.0)
            } else {
                match distributions.benchstat_p(before, after) {
                    Some(p) => (ComparisonKind::Tested, p),
                    None => (ComparisonKind::Equal, 1.0),
                }
            };
            cell.comparison = Some(Comparison {
                baseline: baseline.center,
                p,
                adjusted: p,
                counts: [before.len() as u32, after.len() as u32],
                kind,
                shift: (self.options.shift && numbers).then(|| {
                    Box::new(stats::hodges_lehmann(
                        before,
                        after,
                        self.options.confidence,
                        distributions,
                    ))
                }),
            });
        }
    }
}

/// What a thread computes once and uses again.
struct Scratch {
    confidence: f64,
    orders: FxHashMap<usize, MedianOrders>,
    distributions: UDistributions,
    /// Room for the samples of the two sides.
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Scratch {
    fn new(options: Options) -> Self {
        Scratch {
            confidence: options.confidence,
            orders: FxHashMap::default(),
            distributions: UDistributions::new(),
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// The median as benchstat interpolates it, and its interval.
    fn median(&mut self, sorted: &[f64]) -> stats::Interval {
        let confidence = self.confidence;
        let orders = self
            .orders
            .entry(sorted.len())
            .or_insert_with(|| MedianOrders::of(sorted.len(), confidence));
        stats::Interval {
            center: stats::interpolated_median(sorted),
            ..orders.interval(sorted)
        }
    }
}

/// The geometric means of each column. Ratios are taken row by row, so that rows that a side has not
/// do not move them.
fn summaries(rows: &[Row], columns: usize) -> Vec<ColumnSummary> {
    let mut centers: Vec<Vec<f64>> = vec![Vec::new(); columns];
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); columns];
    let mut unknown = vec![false; columns];
    for cell in rows.iter().flat_map(|row| &row.cells) {
        centers[cell.column as usize].push(cell.center);
        if let Some(comparison) = &cell.comparison {
            let (before, after) = (comparison.baseline, cell.center);
            let same = before.partial_cmp(&after) == Some(std::cmp::Ordering::Equal);
            // From zero to something there is no ratio, and then none of the column.
            unknown[cell.column as usize] |= !same && before.abs() <= 0.0;
            ratios[cell.column as usize].push(if same { 1.0 } else { after / before });
        }
    }
    let baselines = centers.first().map_or(0, Vec::len);
    let summary = |column: usize| {
        let mut summary = ColumnSummary::default();
        if column > 0 && ratios[column].len() != baselines {
            summary.warnings.push(Warning::SetDiffers);
        }
        summary.geomean = stats::geomean(centers[column].iter().copied());
        if summary.geomean.is_none() {
            summary.warnings.push(Warning::NoGeomean);
        }
        if column > 0 && !unknown[column] {
            summary.ratio = stats::geomean(ratios[column].iter().copied());
            if summary.ratio.is_none() {
                summary.warnings.push(Warning::NoRatio);
            }
        }
        summary
    };
    (0..columns).map(summary).collect()
}

/// Adjusts the p-values of all that was tested, in all tables, as one family.
fn adjust(tables: &mut [Table], adjust: Adjust) {
    let adjusted = match adjust {
        Adjust::None => return,
        Adjust::Bh => stats::benjamini_hochberg,
        Adjust::Holm => stats::holm,
    };
    let mut tested: Vec<&mut Comparison> = tables
        .iter_mut()
        .flat_map(|table| &mut table.rows)
        .flat_map(|row| &mut row.cells)
        .filter_map(|cell| cell.comparison.as_mut())
        .filter(|comparison| comparison.kind == ComparisonKind::Tested)
        .collect();
    let mut family: Vec<f64> = tested
        .iter()
        .map(|comparison| comparison.p.min(1.0))
        .collect();
    adjusted(&mut family);
    for (comparison, p) in tested.iter_mut().zip(family) {
        comparison.adjusted = p;
    }
}
