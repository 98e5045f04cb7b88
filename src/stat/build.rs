//! From measurements to tables: each is made when it is asked for, and none is kept. There are as many
//! summaries and comparisons as rows, and what is written at once need not be remembered.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::cells::CellValues;
use super::measurements::Measurements;
use super::place::{Layout, Order, Place, differences};
use super::select::Selection;
use super::table::{Cell, ColumnSummary, Comparison, ComparisonKind, Options, Row, Table, Warning};
use crate::parallel::{in_parallel, workers};
use crate::policy::Adjust;
use crate::query::{Filter, KeyId, Projections};
use crate::stats::{self, MedianOrders, UDistributions};

/// Cells that are made on a core of their own.
pub(super) const CELLS_A_THREAD: usize = 4000;

/// All tables, in their order.
pub struct Tables<'a> {
    /// What the keys mean.
    pub projections: Projections,
    /// How they are made.
    pub options: Options,
    /// What of them is shown.
    pub selection: Selection,
    measurements: &'a Measurements,
    /// The keys of the tables, and where among `ids` the cells of each begin and end.
    tables: Vec<(KeyId, Range<usize>)>,
    /// Cells by table.
    ids: Vec<u32>,
    cells: Vec<Place>,
    values: CellValues<'a>,
    vary: FxHashMap<u32, Arc<str>>,
    order: Order,
    /// The unit of each table, by the number of its key.
    units: Vec<u32>,
    /// The adjusted p-values of cells, if they are to be adjusted.
    adjusted: FxHashMap<u32, f64>,
}

impl<'a> Tables<'a> {
    /// The tables of what `filter` lets through.
    pub fn new(
        measurements: &'a Measurements,
        filter: &Filter,
        projections: Projections,
        options: Options,
        selection: Selection,
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
        let (tables, ids) = by_table(&cells, &order);
        let mut tables = Tables {
            projections,
            options,
            selection,
            measurements,
            tables,
            ids,
            cells,
            values,
            vary,
            order,
            units,
            adjusted: FxHashMap::default(),
        };
        tables.adjusted = tables.adjust();
        tables
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tables.len()
    }

    /// Whether no result passed the filter.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The key of a table.
    pub fn key(&self, table: usize) -> KeyId {
        self.tables[table].0
    }

    /// The number of cells that a table has.
    pub fn size(&self, table: usize) -> usize {
        self.tables[table].1.len()
    }

    /// One that makes tables.
    pub fn maker(&self) -> Maker<'_> {
        Maker {
            tables: self,
            scratch: Scratch::new(self.options),
        }
    }

    /// One for each core.
    pub(super) fn makers(&self) -> Vec<Maker<'_>> {
        workers(|| self.maker())
    }

    /// The samples of a cell in the order in which they were measured, if [`Measurements`] kept it.
    pub fn samples(&self, cell: &Cell) -> Vec<f64> {
        self.values.measured(cell.id)
    }

    /// The least and the greatest sample of a row.
    pub fn bounds(&self, row: &Row) -> (f64, f64) {
        let samples = row.cells.iter().filter_map(|cell| self.values.of(cell.id));
        samples.fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(low, high), samples| (low.min(samples.least()), high.max(samples.greatest())),
        )
    }

    /// The p-values of all that was tested, in all tables, adjusted as one family.
    fn adjust(&self) -> FxHashMap<u32, f64> {
        let adjusted = match self.options.adjust {
            Adjust::None => return FxHashMap::default(),
            Adjust::Bh => stats::benjamini_hochberg,
            Adjust::Holm => stats::holm,
        };
        let every: Vec<usize> = (0..self.len()).collect();
        let tested = in_parallel(
            &mut self.makers(),
            &every,
            |table| self.size(*table),
            CELLS_A_THREAD,
            |maker, tables| {
                let tables = tables.iter().map(|table| maker.whole_table(*table));
                let cells = tables
                    .flat_map(|table| table.rows)
                    .flat_map(|row| row.cells);
                cells
                    .filter_map(|cell| Some((cell.id, cell.comparison?)))
                    .filter(|(_, comparison)| comparison.kind == ComparisonKind::Tested)
                    .map(|(id, comparison)| (id, comparison.p))
                    .collect()
            },
        );
        let mut family: Vec<f64> = tested.iter().map(|(_, p)| p.min(1.0)).collect();
        adjusted(&mut family);
        tested.iter().map(|(id, _)| *id).zip(family).collect()
    }
}

/// The tables that have cells, and the cells of each.
fn by_table(cells: &[Place], order: &Order) -> (Vec<(KeyId, Range<usize>)>, Vec<u32>) {
    let table_of = |cell: &Place| order.table[cell.table.index()] as usize;
    let mut counts = vec![0; order.tables.len()];
    cells.iter().for_each(|cell| counts[table_of(cell)] += 1);
    let mut end = 0;
    let mut tables: Vec<(KeyId, Range<usize>)> = Vec::with_capacity(counts.len());
    for (key, count) in order.tables.iter().zip(counts) {
        tables.push((*key, end..end));
        end += count;
    }
    let mut ids = vec![0; end];
    for (id, cell) in (0..).zip(cells) {
        let (_, own) = &mut tables[table_of(cell)];
        ids[own.end] = id;
        own.end += 1;
    }
    (tables, ids)
}

/// Makes one table after the other.
pub struct Maker<'a> {
    tables: &'a Tables<'a>,
    scratch: Scratch,
}

impl Maker<'_> {
    /// Makes what is shown of a table.
    pub fn table(&mut self, index: usize) -> Table {
        let mut table = self.whole_table(index);
        let Tables {
            projections,
            options,
            selection,
            ..
        } = self.tables;
        selection.apply(&mut table, &projections.row, options.alpha);
        table
    }

    fn whole_table(&mut self, index: usize) -> Table {
        let Tables {
            measurements,
            units,
            ..
        } = self.tables;
        let (key, ids) = &self.tables.tables[index];
        let unit = measurements.unit(units[key.index()]).unit;
        let exact = measurements.is_exact(unit);
        let (columns, rows) = self.rows(&self.tables.ids[ids.clone()], exact);
        Table {
            key: *key,
            unit: unit.to_vec(),
            exact,
            better: measurements.better(unit),
            summaries: summaries(&rows, columns.len()),
            columns,
            rows,
            hidden: 0,
        }
    }

    /// The columns and the rows of the cells of a table.
    fn rows(&mut self, ids: &[u32], exact: bool) -> (Vec<KeyId>, Vec<Row>) {
        let Tables { cells, order, .. } = self.tables;
        let place = |id: u32| {
            let cell = &cells[id as usize];
            let (row, column) = (cell.row.index(), cell.column.index());
            u64::from(order.row[row]) << 32 | u64::from(order.column[column])
        };
        let mut placed: Vec<(u64, u32)> = ids.iter().map(|id| (place(*id), *id)).collect();
        placed.sort_unstable();
        let column_of = |place: u64| place as u32;
        let mut seen = FxHashSet::default();
        let mut columns: Vec<(u32, KeyId)> = Vec::new();
        for (place, id) in &placed {
            let column = column_of(*place);
            if seen.insert(column) {
                columns.push((column, cells[*id as usize].column));
            }
        }
        columns.sort_unstable();
        let index = |place: u64| {
            let found = columns.binary_search_by_key(&column_of(place), |(place, _)| *place);
            found.unwrap_or_else(|next| next)
        };
        let rows = placed.chunk_by(|(a, _), (b, _)| a >> 32 == b >> 32);
        let rows = rows.map(|own| {
            let made = own
                .iter()
                .map(|(place, id)| self.cell(*id, index(*place), exact));
            let mut row = Row {
                key: cells[own[0].1 as usize].row,
                cells: made.collect(),
            };
            self.compare(&mut row, exact);
            row
        });
        let rows = rows.collect();
        (columns.into_iter().map(|(_, key)| key).collect(), rows)
    }

    fn cell(&mut self, id: u32, column: usize, exact: bool) -> Cell {
        let Tables { values, vary, .. } = self.tables;
        let mut buffer = std::mem::take(&mut self.scratch.before);
        let samples = samples(values, id, &mut buffer);
        let interval = if exact {
            stats::mode_interval(samples)
        } else {
            self.scratch.median(samples)
        };
        self.scratch.before = buffer;
        Cell {
            column: column as u32,
            id,
            center: interval.center,
            lo: interval.lo,
            hi: interval.hi,
            vary: vary.get(&id).cloned(),
            comparison: None,
        }
    }

    /// Compares the cells of a row with that of the first column, if it has one.
    fn compare(&mut self, row: &mut Row, exact: bool) {
        let Some((baseline, others)) = row.cells.split_first_mut() else {
            return;
        };
        if baseline.column != 0 {
            return;
        }
        let Tables {
            values,
            options,
            adjusted,
            ..
        } = self.tables;
        let Scratch {
            distributions,
            before,
            after,
            ..
        } = &mut self.scratch;
        let before = samples(values, baseline.id, before);
        for cell in others {
            let after = samples(values, cell.id, after);
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
                adjusted: adjusted.get(&cell.id).copied().unwrap_or(p),
                counts: [before.len() as u32, after.len() as u32],
                kind,
                shift: (options.shift && numbers).then(|| {
                    let confidence = options.confidence;
                    Box::new(stats::hodges_lehmann(
                        before,
                        after,
                        confidence,
                        distributions,
                    ))
                }),
            });
        }
    }
}

/// The samples of a cell, ascending; `buffer` holds those that are all equal.
fn samples<'b>(values: &'b CellValues<'_>, id: u32, buffer: &'b mut Vec<f64>) -> &'b [f64] {
    let samples = values.of(id);
    samples.map_or(&[], |samples| samples.as_slice(buffer))
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
