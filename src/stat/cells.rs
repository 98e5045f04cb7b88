//! The values of cells, which hold the values of one row or more.

use super::measurements::Measurements;
use crate::benchmark::Samples;

/// The values of cells.
pub struct CellValues<'a> {
    measurements: &'a Measurements,
    cells: Vec<Cell>,
    /// The values of cells that hold several rows.
    values: Vec<f64>,
}

#[derive(Clone, Copy)]
enum Cell {
    Empty,
    /// The values of one row, as nearly all cells have: they stay where they are.
    Row(u32),
    /// Several rows.
    Rows(Rows),
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
            values: Vec::new(),
        };
        let rows = || {
            cells
                .iter()
                .enumerate()
                .filter(|(_, cell)| **cell != u32::MAX)
        };
        let mut any_shared = false;
        for (row, cell) in rows() {
            let cell = &mut gathered.cells[*cell as usize];
            let row = row as u32;
            *cell = match *cell {
                Cell::Empty => Cell::Row(row),
                Cell::Row(first) => {
                    Cell::Rows(Rows::of(self.samples(first)).and(self.samples(row)))
                }
                Cell::Rows(rows) => Cell::Rows(rows.and(self.samples(row))),
            };
            any_shared |= matches!(cell, Cell::Rows(_));
        }
        if any_shared {
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
            Cell::Rows(Rows {
                count,
                constant: Some(value),
                ..
            }) => Some(Samples::Constant { value, count }),
            Cell::Rows(Rows { count, start, .. }) => {
                Some(Samples::Varied(&self.values[start..][..count]))
            }
        }
    }

    /// Brings the values of rows that share a cell together (a counting sort), and sorts them.
    fn share(&mut self, rows: impl Iterator<Item = (u32, u32)>) {
        let mut total = 0;
        for cell in &mut self.cells {
            if let Cell::Rows(rows @ Rows { constant: None, .. }) = cell {
                rows.start = total;
                total += rows.count;
            }
        }
        self.values = vec![0.0; total];
        // While values are put in place, `start` is where the next ones go.
        let mut buffer = Vec::new();
        for (row, cell) in rows {
            if let Cell::Rows(rows @ Rows { constant: None, .. }) = &mut self.cells[cell as usize] {
                let samples = self.measurements.samples(row).as_slice(&mut buffer);
                self.values[rows.start..][..samples.len()].copy_from_slice(samples);
                rows.start += samples.len();
            }
        }
        for cell in &mut self.cells {
            if let Cell::Rows(rows @ Rows { constant: None, .. }) = cell {
                rows.start -= rows.count;
                // They are ascending runs: a sort that merges runs is the one to use.
                self.values[rows.start..][..rows.count].sort_by(f64::total_cmp);
            }
        }
    }
}

impl Rows {
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
