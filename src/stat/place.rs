//! Which cell of which table each row of the measurements falls into, and the order of all.

use std::sync::Arc;
use std::thread;

use rustc_hash::FxHashMap;

use super::measurements::{Measurements, RowRef};
use crate::parallel::{in_parallel, workers};
use crate::query::{Filter, KeyId, Projection, Projections};

/// A cell by its keys.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) table: KeyId,
    pub(super) row: KeyId,
    pub(super) column: KeyId,
    /// The residue of its first row.
    pub(super) residue: KeyId,
    /// The next cell of the same row, in another column or table.
    next: u32,
}

/// No cell.
const NONE: u32 = u32::MAX;

/// Rows that are asked whether they pass on a core of their own.
const ROWS_A_THREAD: usize = 4000;

/// How many cells of a row are looked through one by one: as a rule there is one a unit and column.
const MAX_CHAIN: usize = 12;

/// Which cell each row of the measurements falls into.
pub(super) struct Layout {
    pub(super) projections: Projections,
    pub(super) cells: Vec<Place>,
    /// The first cell of each row, by the number of its key.
    first: Vec<u32>,
    /// Cells beyond the first few of their row.
    stray: FxHashMap<(KeyId, KeyId, KeyId), u32>,
    /// Further residues of cells.
    pub(super) residues: Vec<(u32, KeyId)>,
    /// The unit of each table, by the number of its key.
    pub(super) units: Vec<u32>,
}

/// Benchmarks in the order of their first rows that pass.
struct Benchmarks {
    order: Vec<u32>,
    /// The place of each in that order, by number.
    places: Vec<u32>,
}

impl Benchmarks {
    fn of(passing: &[RowRef]) -> Self {
        let (mut order, mut places) = (Vec::new(), Vec::new());
        for row in passing {
            let index = row.benchmark as usize;
            if places.len() <= index {
                places.resize(index + 1, NONE);
            }
            if places[index] == NONE {
                places[index] = order.len() as u32;
                order.push(row.benchmark);
            }
        }
        Benchmarks { order, places }
    }

    fn place(&self, benchmark: u32) -> usize {
        self.places[benchmark as usize] as usize
    }
}

/// The keys of benchmarks, by their places, and the key of the table of each row.
struct Keys {
    rows: Vec<KeyId>,
    columns: Vec<KeyId>,
    residues: Vec<KeyId>,
    tables: Vec<KeyId>,
}

impl Layout {
    pub(super) fn new(projections: Projections) -> Self {
        Layout {
            projections,
            cells: Vec::new(),
            first: Vec::new(),
            stray: FxHashMap::default(),
            residues: Vec::new(),
            units: Vec::new(),
        }
    }

    /// The cell of each row; [`NONE`] for rows that do not pass.
    pub(super) fn place(&mut self, measurements: &Measurements, filter: &Filter) -> Vec<u32> {
        let rows = measurements.rows();
        if filter.is_everything() {
            return self.cells_of(measurements, rows);
        }
        let passes = passing(measurements, filter);
        let passing = rows.iter().zip(&passes).filter(|(_, passes)| **passes);
        let passing: Vec<RowRef> = passing.map(|(row, _)| *row).collect();
        let mut cells = self.cells_of(measurements, &passing).into_iter();
        let cell = |passes| if passes { cells.next() } else { None };
        let cells = passes.into_iter().map(cell);
        cells.map(|cell| cell.unwrap_or(NONE)).collect()
    }

    /// The cells of these rows.
    fn cells_of(&mut self, measurements: &Measurements, rows: &[RowRef]) -> Vec<u32> {
        let benchmarks = Benchmarks::of(rows);
        let keys = self.keys(measurements, rows, &benchmarks);
        self.cells.reserve(rows.len());
        let cell = |(row, table): (&RowRef, KeyId)| {
            if self.units.len() <= table.index() {
                self.units.resize(table.index() + 1, row.unit);
            }
            let place = benchmarks.place(row.benchmark);
            self.cell(Place {
                table,
                row: keys.rows[place],
                column: keys.columns[place],
                residue: keys.residues[place],
                next: NONE,
            })
        };
        rows.iter()
            .zip(keys.tables.iter().copied())
            .map(cell)
            .collect()
    }

    /// The keys of benchmarks, and of the table of each row.
    fn keys(
        &mut self,
        measurements: &Measurements,
        rows: &[RowRef],
        benchmarks: &Benchmarks,
    ) -> Keys {
        let Projections {
            table,
            row,
            col,
            residue,
        } = &mut self.projections;
        let project = |projection: &mut Projection| {
            let mut keys = OfConfiguration::new(projection);
            let project = |benchmark: &u32| {
                let subject = measurements.benchmark(*benchmark);
                keys.get(subject.configuration(), 0, || projection.project(&subject))
            };
            benchmarks.order.iter().map(project).collect::<Vec<KeyId>>()
        };
        // Most of the work is in the names of rows.
        thread::scope(|scope| {
            let row = scope.spawn(|| project(row));
            let (columns, residues) = (project(col), project(residue));
            let mut keys = OfConfiguration::new(table);
            let table_of = |row: &RowRef| {
                let subject = measurements.benchmark(row.benchmark);
                keys.get(subject.configuration(), row.unit, || {
                    table.project_unit(&subject, measurements.unit(row.unit).unit)
                })
            };
            let tables = rows.iter().map(table_of).collect();
            let rows = row.join();
            Keys {
                rows: rows.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                columns,
                residues,
                tables,
            }
        })
    }

    /// The cell that has these keys.
    fn cell(&mut self, place: Place) -> u32 {
        let row = place.row.index();
        if self.first.len() <= row {
            self.first.resize(row + 1, NONE);
        }
        let (mut last, mut next, mut length) = (None, self.first[row], 0);
        while length < MAX_CHAIN
            && let Some(cell) = self.cells.get(next as usize)
        {
            if (cell.table, cell.column) == (place.table, place.column) {
                return self.known(next, place.residue);
            }
            (last, next) = (Some(next), cell.next);
            length += 1;
        }
        let new = self.cells.len() as u32;
        match last {
            None => self.first[row] = new,
            Some(last) if length < MAX_CHAIN => self.cells[last as usize].next = new,
            Some(_) => {
                let keys = (place.row, place.column, place.table);
                let id = *self.stray.entry(keys).or_insert(new);
                if id != new {
                    return self.known(id, place.residue);
                }
            }
        }
        self.cells.push(place);
        new
    }

    /// A cell that there is already.
    fn known(&mut self, id: u32, residue: KeyId) -> u32 {
        if self.cells[id as usize].residue != residue {
            self.residues.push((id, residue));
        }
        id
    }
}

/// Whether each row passes the filter.
fn passing(measurements: &Measurements, filter: &Filter) -> Vec<bool> {
    let by_unit = filter.depends_on_unit();
    let passing = |(): &mut (), rows: &[RowRef]| {
        let mut last = (NONE, false);
        let passes = |row: &RowRef| {
            if by_unit || last.0 != row.benchmark {
                let subject = measurements.benchmark(row.benchmark);
                let passes = filter.matches(&subject, measurements.unit(row.unit));
                last = (row.benchmark, passes);
            }
            last.1
        };
        rows.iter().map(passes).collect()
    };
    let rows = measurements.rows();
    in_parallel(&mut workers(|| ()), rows, |_| 1, ROWS_A_THREAD, passing)
}

/// The keys of a configuration by unit, where a projection does not look at names. Benchmarks of one
/// configuration come one after the other.
struct OfConfiguration {
    depends_on_name: bool,
    configuration: u32,
    by_unit: Vec<Option<KeyId>>,
}

impl OfConfiguration {
    fn new(projection: &Projection) -> Self {
        OfConfiguration {
            depends_on_name: projection.depends_on_name(),
            configuration: NONE,
            by_unit: Vec::new(),
        }
    }

    fn get(&mut self, configuration: u32, unit: u32, project: impl FnOnce() -> KeyId) -> KeyId {
        if self.depends_on_name {
            return project();
        }
        if self.configuration != configuration {
            self.configuration = configuration;
            self.by_unit.clear();
        }
        let unit = unit as usize;
        if self.by_unit.len() <= unit {
            self.by_unit.resize(unit + 1, None);
        }
        *self.by_unit[unit].get_or_insert_with(project)
    }
}

/// In what the benchmarks differ that share a cell.
pub(super) fn differences(
    residue: &Projection,
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

/// The places of keys among all of their projection that have cells, by the keys' numbers.
pub(super) struct Order {
    /// The keys of tables, in order.
    pub(super) tables: Vec<KeyId>,
    pub(super) table: Vec<u32>,
    pub(super) row: Vec<u32>,
    pub(super) column: Vec<u32>,
}

impl Order {
    pub(super) fn of(projections: &Projections, cells: &[Place]) -> Self {
        let (tables, table) = places(&projections.table, cells.iter().map(|cell| cell.table));
        let (_, row) = places(&projections.row, cells.iter().map(|cell| cell.row));
        let (_, column) = places(&projections.col, cells.iter().map(|cell| cell.column));
        Order {
            tables,
            table,
            row,
            column,
        }
    }
}

/// Keys in order, and the place of each.
fn places(projection: &Projection, keys: impl Iterator<Item = KeyId>) -> (Vec<KeyId>, Vec<u32>) {
    let mut places: Vec<u32> = Vec::new();
    let mut sorted = Vec::new();
    for key in keys {
        if places.len() <= key.index() {
            places.resize(key.index() + 1, NONE);
        }
        if std::mem::replace(&mut places[key.index()], 0) == NONE {
            sorted.push(key);
        }
    }
    projection.sort(&mut sorted);
    for (place, key) in (0..).zip(&sorted) {
        places[key.index()] = place;
    }
    (sorted, places)
}
