//! Where the code that was judged stands, for reports that point at a line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::circumstances::Named;
use super::report::Report;
use crate::benchmark::Key;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Relative to the root of the repository, with `/` between its parts.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl Place {
    /// A line of a file whose path is relative to the root of the repository.
    pub fn new(file: &Path, line: usize) -> Self {
        let parts = file.iter().map(|part| part.to_string_lossy());
        Place {
            file: parts.collect::<Vec<_>>().join("/"),
            line,
        }
    }
}

/// A benchmark function of the candidate, and where it is declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Located {
    /// Which.
    #[serde(flatten)]
    pub which: Named,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

/// The function of a benchmark: its full name without those of sub-benchmarks.
pub fn function_of(key: &Key) -> &str {
    let name = key.benchmark.as_str();
    name.split_once('/').map_or(name, |(function, _)| function)
}

impl Report {
    /// Tells each row where its benchmark function is declared, as far as that is known.
    pub fn locate(&mut self, functions: &[Located]) {
        let known: BTreeMap<(&str, &str), &Place> = functions
            .iter()
            .map(|one| {
                let Named { package, benchmark } = &one.which;
                ((package.as_str(), benchmark.as_str()), &one.place)
            })
            .collect();
        for row in &mut self.rows {
            let function = (row.key.package.as_str(), function_of(&row.key));
            row.at = known.get(&function).map(|&place| place.clone());
        }
    }
}
