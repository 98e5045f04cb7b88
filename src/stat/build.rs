//! From measurements to tables: which cell each row falls into, then the summaries and comparisons of
//! all cells, on all cores.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use rustc_hash::FxHashMap;

use super::cells::CellValues;
use super::measurements::Measurements;
use super::table::{
    Cell, ColumnSummary, Comparison, ComparisonKind, Options, Row, Table, Tables, Warning,
};
use crate::policy::Adjust;
use crate::query::{Filter, KeyId, Projection, Projections};
use crate::stats::{self, MedianOrders, UDistributions};

/// Cells below which another thread costs more than it saves.
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
            mut projections,
            cells,
            residues,
            unit_of_table,
            ..
        } = layout;
        let vary = differences(&mut projections.residue, &cells, residues);
        let order = Order::of(&projections, &cells);
        let maker = Maker {
            cells: &cells,
            values: &values,
            vary: &vary,
            order: &order,
            options,
        };
        let described = |key: KeyId| {
            let unit = measurements.unit(unit_of_table[&key]).unit;
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

/// A cell by its keys.
#[derive(Clone, Copy)]
struct Place {
    table: KeyId,
    row: KeyId,
    column: KeyId,
    /// The residue of its first row.
    residue: KeyId,
}

/// Which cell each row falls into.
struct Layout {
    projections: Projections,
    cells: Vec<Place>,
    ids: FxHashMap<(KeyId, KeyId, KeyId), u32>,
    /// Further residues of cells.
    residues: Vec<(u32, KeyId)>,
    unit_of_table: FxHashMap<KeyId, u32>,
}

/// The keys of a benchmark but for the table's, which depends on the unit.
#[derive(Clone, Copy)]
struct BenchmarkKeys {
    row: KeyId,
    column: KeyId,
    residue: KeyId,
}

impl Layout {
    fn new(projections: Projections) -> Self {
        Layout {
            projections,
            cells: Vec::new(),
            ids: FxHashMap::default(),
            residues: Vec::new(),
            unit_of_table: FxHashMap::default(),
        }
    }

    /// The cell of each row; `u32::MAX` for rows that do not pass.
    fn place(&mut self, measurements: &Measurements, filter: &Filter) -> Vec<u32> {
        let rows = measurements.rows();
        let mut passes: Option<(u32, bool)> = None;
        let mut keys: Vec<Option<BenchmarkKeys>> = Vec::new();
        let mut columns = OfConfiguration::new(&self.projections.col);
        let mut tables = OfConfiguration::new(&self.projections.table);
        let mut cell_of_row = Vec::with_capacity(rows.len());
        for row in rows {
            let subject = measurements.benchmark(row.benchmark);
            let unit = measurements.unit(row.unit);
            let passed = match passes {
                Some((benchmark, passed))
                    if benchmark == row.benchmark && !filter.depends_on_unit() =>
                {
                    passed
                }
                _ => filter.matches(&subject, unit),
            };
            passes = Some((row.benchmark, passed));
            if !passed {
                cell_of_row.push(u32::MAX);
                continue;
            }
            let configuration = subject.configuration();
            let projections = &mut self.projections;
            let table = tables.get((configuration, row.unit), || {
                projections.table.project_unit(&subject, unit.unit)
            });
            let index = row.benchmark as usize;
            if keys.len() <= index {
                keys.resize(index + 1, None);
            }
            let own = *keys[index].get_or_insert_with(|| BenchmarkKeys {
                row: projections.row.project(&subject),
                column: columns.get((configuration, 0), || projections.col.project(&subject)),
                residue: projections.residue.project(&subject),
            });
            self.unit_of_table.entry(table).or_insert(row.unit);
            cell_of_row.push(self.cell(table, own));
        }
        cell_of_row
    }

    fn cell(&mut self, table: KeyId, keys: BenchmarkKeys) -> u32 {
        let next = self.cells.len() as u32;
        let id = *self
            .ids
            .entry((table, keys.row, keys.column))
            .or_insert(next);
        if id == next {
            self.cells.push(Place {
                table,
                row: keys.row,
                column: keys.column,
                residue: keys.residue,
            });
        } else if self.cells[id as usize].residue != keys.residue {
            self.residues.push((id, keys.residue));
        }
        id
    }
}

/// Keys by configuration and unit, where a projection does not look at names.
struct OfConfiguration {
    known: Option<FxHashMap<(u32, u32), KeyId>>,
    last: Option<((u32, u32), KeyId)>,
}

impl OfConfiguration {
    fn new(projection: &Projection) -> Self {
        OfConfiguration {
            known: (!projection.depends_on_name()).then(FxHashMap::default),
            last: None,
        }
    }

    fn get(&mut self, at: (u32, u32), project: impl FnOnce() -> KeyId) -> KeyId {
        let Some(known) = &mut self.known else {
            return project();
        };
        match self.last {
            Some((last, key)) if last == at => key,
            _ => {
                let key = *known.entry(at).or_insert_with(project);
                self.last = Some((at, key));
                key
            }
        }
    }
}

/// In what the benchmarks differ that share a cell.
fn differences(
    residue: &mut Projection,
    cells: &[Place],
    mut more: Vec<(u32, KeyId)>,
) -> FxHashMap<u32, Arc<str>> {
    more.sort_unstable();
    more.dedup();
    let mut texts: FxHashMap<String, Arc<str>> = FxHashMap::default();
    let mut vary = FxHashMap::default();
    for group in more.chunk_by(|a, b| a.0 == b.0) {
        let id = group[0].0;
        let first = std::iter::once(cells[id as usize].residue);
        let keys: Vec<KeyId> = first.chain(group.iter().map(|(_, key)| *key)).collect();
        let fields = residue.differing(&keys);
        let names: Vec<_> = fields
            .iter()
            .map(|field| String::from_utf8_lossy(residue.field_name(*field)))
            .collect();
        if !names.is_empty() {
            let text = names.join(", ");
            let text = texts
                .entry(text)
                .or_insert_with_key(|text| text.as_str().into());
            vary.insert(id, Arc::clone(text));
        }
    }
    vary
}

/// The places of keys among all of their projection.
struct Order {
    tables: Vec<KeyId>,
    table: FxHashMap<KeyId, u32>,
    row: FxHashMap<KeyId, u32>,
    column: FxHashMap<KeyId, u32>,
}

impl Order {
    fn of(projections: &Projections, cells: &[Place]) -> Self {
        let sorted = |projection: &Projection, key: fn(&Place) -> KeyId| {
            let mut keys: Vec<KeyId> = cells.iter().map(key).collect();
            keys.sort_unstable();
            keys.dedup();
            projection.sort(&mut keys);
            keys
        };
        let places = |keys: &[KeyId]| keys.iter().copied().zip(0..).collect();
        let tables = sorted(&projections.table, |cell| cell.table);
        Order {
            table: places(&tables),
            row: places(&sorted(&projections.row, |cell| cell.row)),
            column: places(&sorted(&projections.col, |cell| cell.column)),
            tables,
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
            of_table[self.order.table[&cell.table] as usize].push(id as u32);
        }
        let work: Vec<(KeyId, Vec<u32>)> =
            self.order.tables.iter().copied().zip(of_table).collect();
        in_parallel(
            work,
            |(_, cells)| cells.len(),
            |work| {
                let mut scratch = Scratch::new(self.options);
                let table = |(key, cells)| self.table(describe(key), cells, &mut scratch);
                work.into_iter().map(table).collect()
            },
        )
    }

    fn table(&self, described: Described, mut ids: Vec<u32>, scratch: &mut Scratch) -> Table {
        let place = |id: u32| {
            let cell = &self.cells[id as usize];
            (self.order.row[&cell.row], self.order.column[&cell.column])
        };
        ids.sort_by_cached_key(|id| place(*id));
        let mut columns: Vec<KeyId> = ids
            .iter()
            .map(|id| self.cells[*id as usize].column)
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns.sort_by_key(|column| self.order.column[column]);
        let index: FxHashMap<KeyId, usize> = columns.iter().copied().zip(0..).collect();
        let row_of = |id: &u32| self.cells[*id as usize].row;
        let rows: Vec<Row> = ids
            .chunk_by(|a, b| row_of(a) == row_of(b))
            .map(|ids| {
                let cells = ids.iter().map(|id| {
                    let column = index[&self.cells[*id as usize].column];
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
        let count = samples.len();
        scratch.before = buffer;
        Cell {
            column,
            id,
            count,
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
            let (kind, p) = if exact {
                (ComparisonKind::Exact, 0.0)
            } else {
                match distributions.mann_whitney(before, after) {
                    Some(test) => (ComparisonKind::Tested, test.unbounded_p),
                    None => (ComparisonKind::Equal, 1.0),
                }
            };
            cell.comparison = Some(Comparison {
                baseline: baseline.center,
                p,
                adjusted: p,
                counts: [before.len(), after.len()],
                kind,
                shift: self.options.shift.then(|| {
                    stats::hodges_lehmann(before, after, self.options.confidence, distributions)
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
        centers[cell.column].push(cell.center);
        if let Some(comparison) = &cell.comparison {
            let (before, after) = (comparison.baseline, cell.center);
            let same = before.partial_cmp(&after) == Some(std::cmp::Ordering::Equal);
            // From zero to something there is no ratio, and then none of the column.
            unknown[cell.column] |= !same && before.abs() <= 0.0;
            ratios[cell.column].push(if same { 1.0 } else { after / before });
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

/// Deals out work in contiguous parts of about equal size, one a core, and joins the results.
pub(super) fn in_parallel<T: Send, R: Send>(
    mut work: Vec<T>,
    size: impl Fn(&T) -> usize,
    run: impl Fn(Vec<T>) -> Vec<R> + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let total: usize = work.iter().map(&size).sum();
    let threads = cores.min(total / CELLS_A_THREAD + 1);
    let share = total.div_ceil(threads).max(1);
    let mut parts = Vec::new();
    while !work.is_empty() {
        let mut taken = 0;
        let end = work.iter().position(|item| {
            let full = taken >= share;
            taken += size(item);
            full
        });
        let rest = work.split_off(end.unwrap_or(work.len()));
        parts.push(std::mem::replace(&mut work, rest));
    }
    let run = &run;
    thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || run(part)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Vec<R>>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect()
    })
}
