//! The values of cells, which hold the values of one row or more.

use rustc_hash::FxHashMap;

use super::measurements::Measurements;
use crate::benchmark::{Samples, sort_values};

/// The values of cells.
pub struct CellValues<'a> {
    measurements: &'a Measurements,
    cells: Vec<Cell>,
    shared: Vec<Rows>,
    /// The values of cells that hold several rows.
    values: Vec<f64>,
    /// The rows of those cells, if the order of values was kept.
    rows: FxHashMap<u32, Vec<u32>>,
}

#[derive(Clone, Copy)]
enum Cell {
    Empty,
    /// The values of one row, as nearly all cells have: they stay where they are.
    Row(u32),
    /// Several rows: which of the shared.
    Rows(u32),
}

#[derive(Clone, Copy)]
struct Rows {
    count: usize,
    start: usize,
    /// What all values equal, if they do.
    constant: Option<f64>,
}

impl Measurements {
    /// The values of rows, by the cell that each row falls into: `cells` has one of `0..count` for each
    /// row, or `u32::MAX` for none.
    pub fn gather(&self, cells: &[u32], count: usize) -> CellValues<'_> {
        let mut gathered = CellValues {
            measurements: self,
            cells: vec![Cell::Empty; count],
            shared: Vec::new(),
            values: Vec::new(),
            rows: FxHashMap::default(),
        };
        let rows = || {
            cells
                .iter()
                .enumerate()
                .filter(|(_, cell)| **cell != u32::MAX)
        };
        for (row, cell) in rows() {
            let cell = &mut gathered.cells[*cell as usize];
            let row = row as u32;
            match *cell {
                Cell::Empty => *cell = Cell::Row(row),
                Cell::Row(first) => {
                    *cell = Cell::Rows(gathered.shared.len() as u32);
                    let rows = Rows::of(self.samples(first)).and(self.samples(row));
                    gathered.shared.push(rows);
                }
                Cell::Rows(index) => {
                    let rows = &mut gathered.shared[index as usize];
                    *rows = rows.and(self.samples(row));
                }
            }
        }
        if !gathered.shared.is_empty() {
            if self.keeps_order() {
                for (row, cell) in rows() {
                    if matches!(gathered.cells[*cell as usize], Cell::Rows(_)) {
                        gathered.rows.entry(*cell).or_default().push(row as u32);
                    }
                }
            }
            gathered.share(rows().map(|(row, cell)| (row as u32, *cell)));
        }
        gathered
    }
}

impl CellValues<'_> {
    /// The values of a cell, ascending; none if no row falls into it.
    pub fn of(&self, cell: u32) -> Option<Samples<'_>> {
        match self.cells[cell as usize] {
            Cell::Empty => None,
            Cell::Row(row) => Some(self.measurements.samples(row)),
            Cell::Rows(index) => {
                let Rows {
                    count,
                    start,
                    constant,
                } = self.shared[index as usize];
                Some(match constant {
                    Some(value) => Samples::Constant { value, count },
                    None => Samples::Varied(&self.values[start..][..count]),
                })
            }
        }
    }

    /// The values of a cell in the order in which they were measured, row by row where it holds several;
    /// ascending if that order was not kept.
    pub fn measured(&self, cell: u32) -> Vec<f64> {
        let mut buffer = Vec::new();
        let measurements = self.measurements;
        if !measurements.keeps_order() {
            let samples = self.of(cell);
            return samples.map_or_else(Vec::new, |all| all.as_slice(&mut buffer).to_vec());
        }
        let rows = match &self.cells[cell as usize] {
            Cell::Empty => &[][..],
            Cell::Row(row) => std::slice::from_ref(row),
            Cell::Rows(_) => self.rows.get(&cell).map_or(&[][..], Vec::as_slice),
        };
        let mut all = Vec::new();
        for row in rows {
            all.extend_from_slice(measurements.measured(*row).as_slice(&mut buffer));
        }
        all
    }

    /// Brings the values of rows that share a cell together (a counting sort), and sorts them.
    fn share(&mut self, rows: impl Iterator<Item = (u32, u32)>) {
        let mut total = 0;
        for rows in self.shared.iter_mut().filter(|rows| rows.varies()) {
            rows.start = total;
            total += rows.count;
        }
        self.values = vec![0.0; total];
        // While values are put in place, `start` is where the next ones go.
        let mut buffer = Vec::new();
        for (row, cell) in rows {
            if let Cell::Rows(index) = self.cells[cell as usize]
                && let rows = &mut self.shared[index as usize]
                && rows.varies()
            {
                let samples = self.measurements.samples(row).as_slice(&mut buffer);
                self.values[rows.start..][..samples.len()].copy_from_slice(samples);
                rows.start += samples.len();
            }
        }
        for rows in self.shared.iter_mut().filter(|rows| rows.varies()) {
            rows.start -= rows.count;
            sort_values(&mut self.values[rows.start..][..rows.count]);
        }
    }
}

impl Rows {
    fn varies(&self) -> bool {
        self.constant.is_none()
    }

    fn of(samples: Samples<'_>) -> Self {
        Rows {
            count: samples.count(),
            start: 0,
            constant: samples.is_constant().then(|| samples.least()),
        }
    }

    /// With another row.
    fn and(self, samples: Samples<'_>) -> Self {
        let same =
            |value: &f64| samples.is_constant() && value.to_bits() == samples.least().to_bits();
        Rows {
            count: self.count + samples.count(),
            start: 0,
            constant: self.constant.filter(same),
        }
    }
}
