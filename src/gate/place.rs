//! Where the code that was judged stands, for reports that point at a line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::circumstances::Named;
use super::report::Report;
use super::row::{JudgedRow, Status};
use crate::benchmark::function_of;
use crate::policy::Gating;
use crate::unit::Unit;

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

/// A line of the candidate that allocates more than it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Where.
    pub place: Place,
    /// The function that it is in, as its source has it: `Price`, `(*Cart).Total`.
    pub function: String,
    /// How much more, in the unit of the row.
    pub rise: f64,
}

/// The lines that a row's rise is due to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attributed {
    /// The benchmark, in full.
    #[serde(flatten)]
    pub which: Named,
    /// Its GOMAXPROCS.
    pub procs: Option<u32>,
    /// The unit of the row.
    pub unit: Unit,
    /// The greatest rise first.
    pub sites: Vec<Site>,
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
            let function = (row.key.package.as_str(), function_of(&row.key.benchmark));
            row.at = known.get(&function).map(|&place| place.clone());
        }
    }

    /// Tells each row that rose which lines allocate more, as far as that is known.
    pub fn attribute(&mut self, known: &[Attributed]) {
        type Row<'a> = (&'a str, &'a str, Option<u32>, &'a str);
        let known: BTreeMap<Row<'_>, &[Site]> = known
            .iter()
            .map(|one| {
                let Named { package, benchmark } = &one.which;
                let row = (
                    package.as_str(),
                    benchmark.as_str(),
                    one.procs,
                    one.unit.as_str(),
                );
                (row, one.sites.as_slice())
            })
            .collect();
        for row in self.rows.iter_mut().filter(|row| row.asks_where()) {
            let (key, unit) = (&row.key, row.unit.as_str());
            let own = (
                key.package.as_str(),
                key.benchmark.as_str(),
                key.procs,
                unit,
            );
            row.sites = known.get(&own).map_or(Vec::new(), |sites| sites.to_vec());
        }
    }
}

impl JudgedRow {
    /// Whether it fails the build by what it allocates, so that the line that does is of interest.
    pub fn asks_where(&self) -> bool {
        self.gating == Gating::Gate
            && self.unit.is_allocation()
            && matches!(self.status, Status::Regressed | Status::OverBudget)
            && self.change.is_some_and(|change| change.absolute > 0.0)
    }
}
