//! What is to be known of the figures of a table: said once, below it.

use rustc_hash::FxHashMap;

use crate::stat::table::Warning;

/// The warnings of a table, each once, in the order in which they first come.
#[derive(Default)]
pub(super) struct Footnotes {
    list: Vec<Warning>,
    numbers: FxHashMap<Warning, usize>,
}

impl Footnotes {
    /// The number of a warning, from 1.
    pub(super) fn number(&mut self, warning: Warning) -> usize {
        let next = self.list.len() + 1;
        let number = *self.numbers.entry(warning.clone()).or_insert(next);
        if number == next {
            self.list.push(warning);
        }
        number
    }

    /// All of them with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Warning)> {
        (1..).zip(&self.list)
    }
}
