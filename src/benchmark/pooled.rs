//! The values of rows, in little room and hardly ever moved.
//!
//! A constant row is a value and a count. The values of most others come in one go, and stay where they
//! are then. Those that do not are appended to a log, which is put in order once, when all is read.

use std::cmp::Ordering;

use super::sample::Samples;

/// The values of a row or of a group of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pooled {
    count: u32,
    stored: Stored,
}

/// Where values are.
#[derive(Clone, Copy, Debug, Default)]
enum Stored {
    /// They are all this one.
    Constant(f64),
    /// One behind the other, from here.
    Together(usize),
    /// Here and there.
    #[default]
    Apart,
}

impl Pooled {
    pub(super) fn is_apart(self) -> bool {
        matches!(self.stored, Stored::Apart)
    }

    /// Adds a row to a group that has one.
    pub(super) fn add(&mut self, row: Pooled) {
        self.stored = match (self.stored, row.stored) {
            (Stored::Constant(a), Stored::Constant(b)) if a.to_bits() == b.to_bits() => self.stored,
            _ => Stored::Apart,
        };
        self.count += row.count;
    }

    /// The values, of those that [`Values::gather`] returned.
    pub(super) fn samples(self, values: &[f64]) -> Samples<'_> {
        let count = self.count as usize;
        match self.stored {
            Stored::Constant(value) => Samples::Constant { value, count },
            Stored::Together(start) => Samples::Varied(&values[start..][..count]),
            Stored::Apart => Samples::Varied(&[]),
        }
    }
}

impl AsMut<Pooled> for Pooled {
    fn as_mut(&mut self) -> &mut Pooled {
        self
    }
}

/// The values of rows that are not constant.
#[derive(Default)]
pub(super) struct Values {
    /// Of rows that are [`Stored::Together`].
    together: Vec<f64>,
    /// Of rows that are [`Stored::Apart`].
    log: Log,
}

impl Values {
    /// Adds values, of which there are some, to those of a row.
    pub(super) fn add(&mut self, row: u32, pooled: &mut Pooled, values: &[f64]) {
        let Pooled { count, stored } = *pooled;
        pooled.count += values.len() as u32;
        let same = |value: f64| values.iter().all(|v| v.to_bits() == value.to_bits());
        pooled.stored = match stored {
            _ if count == 0 && same(values[0]) => Stored::Constant(values[0]),
            _ if count == 0 => {
                self.together.extend_from_slice(values);
                Stored::Together(self.together.len() - values.len())
            }
            Stored::Constant(value) if same(value) => stored,
            _ => {
                let count = count as usize;
                match stored {
                    Stored::Constant(value) => (0..count).for_each(|_| self.log.push(row, value)),
                    Stored::Together(start) => {
                        self.log.extend(row, &self.together[start..][..count])
                    }
                    Stored::Apart => {}
                }
                self.log.extend(row, values);
                Stored::Apart
            }
        };
    }

    /// Forgets rows, and gives the others the numbers that `row_of` has for them.
    pub(super) fn retain(&mut self, row_of: &[Option<u32>]) {
        for (row, value) in std::mem::take(&mut self.log).chunks.into_iter().flatten() {
            if let Some(row) = row_of[row as usize] {
                self.log.push(row, value);
            }
        }
    }

    /// Brings the values of each group of rows together (a counting sort), in the order in which they
    /// came. Each of the groups has been told of all its rows (see [`Pooled::add`]). Returns the
    /// values that [`Pooled::samples`] takes.
    pub(super) fn gather<G: AsMut<Pooled>>(
        self,
        rows: impl Iterator<Item = Pooled>,
        group_of: &[u32],
        groups: &mut [G],
    ) -> Vec<f64> {
        let mut values = self.together;
        if !groups.iter_mut().any(|group| group.as_mut().is_apart()) {
            return values;
        }
        let mut total = values.len();
        // Where the next value of a group goes, of those whose values are apart.
        let mut next = vec![None; groups.len()];
        for (next, group) in next.iter_mut().zip(groups) {
            let group = group.as_mut();
            if group.is_apart() {
                *next = Some(total);
                group.stored = Stored::Together(total);
                total += group.count as usize;
            }
        }
        values.resize(total, 0.0);
        for (row, group) in rows.zip(group_of) {
            let count = row.count as usize;
            let Some(next) = &mut next[*group as usize] else {
                continue;
            };
            match row.stored {
                Stored::Constant(value) => values[*next..][..count].fill(value),
                Stored::Together(start) => values.copy_within(start..start + count, *next),
                Stored::Apart => continue,
            }
            *next += count;
        }
        for (row, value) in self.log.chunks.into_iter().flatten() {
            if let Some(next) = &mut next[group_of[row as usize] as usize] {
                values[*next] = value;
                *next += 1;
            }
        }
        values
    }
}

/// The order of values: what is no number first, and zeros of either sign as equals, as Go's `sort`
/// has it.
fn ascending(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// Sorts values in the [`ascending`] order.
pub(crate) fn sort_values(values: &mut [f64]) {
    // Nearly all are neither zero nor no number: then equals are alike, and any sort will do.
    if values.iter().all(|value| value.abs() > 0.0) {
        values.sort_unstable_by(f64::total_cmp);
    } else {
        values.sort_by(ascending);
    }
}

/// Sorts the values of each group.
pub(super) fn sort<G: AsMut<Pooled>>(values: &mut [f64], groups: &mut [G]) {
    for group in groups {
        let Pooled { count, stored } = group.as_mut();
        if let Stored::Together(start) = stored {
            sort_values(&mut values[*start..][..*count as usize]);
        }
    }
}

/// The values of rows as they came, in chunks that are never moved.
#[derive(Default)]
struct Log {
    chunks: Vec<Vec<(u32, f64)>>,
}

impl Log {
    const CHUNK: usize = 1 << 16;

    fn extend(&mut self, row: u32, values: &[f64]) {
        values.iter().for_each(|value| self.push(row, *value));
    }

    fn push(&mut self, row: u32, value: f64) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < Self::CHUNK => chunk.push((row, value)),
            _ => {
                // The first chunk grows from nothing: most inputs are small.
                let capacity = if self.chunks.is_empty() {
                    0
                } else {
                    Self::CHUNK
                };
                let mut chunk = Vec::with_capacity(capacity);
                chunk.push((row, value));
                self.chunks.push(chunk);
            }
        }
    }
}
