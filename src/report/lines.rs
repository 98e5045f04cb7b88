//! The lines that allocate more, each once: what a change costs is a line as a rule, and shows in the rows of
//! many benchmarks.

use std::collections::BTreeMap;

use super::digest::Names;
use crate::figure::{self, count};
use crate::gate::{JudgedRow, Place, Report, Site};
use crate::text::{fit_middle, plain};
use crate::unit::Unit;

/// Columns of the name of a function, and of a benchmark.
const FUNCTION_COLUMNS: usize = 80;
const NAME_COLUMNS: usize = 100;

/// A line, with the rows that are due to it and by how much each rises at it.
pub(super) struct Line<'a> {
    pub(super) place: &'a Place,
    function: &'a str,
    pub(super) rows: Vec<(&'a JudgedRow, f64)>,
}

/// All of them, those of the most rows first, in order of appearance otherwise.
pub(super) fn all(report: &Report) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut index: BTreeMap<&Place, usize> = BTreeMap::new();
    for row in &report.rows {
        for site in &row.sites {
            let at = *index.entry(&site.place).or_insert(lines.len());
            match lines.get_mut(at) {
                Some(line) => line.rows.push((row, site.rise)),
                None => lines.push(Line {
                    place: &site.place,
                    function: &site.function,
                    rows: vec![(row, site.rise)],
                }),
            }
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.rows.len()));
    lines
}

/// Those of one row, in a sentence: `allocates at shop.go:9 in Price (+1)`.
pub(super) fn of_row(row: &JudgedRow) -> Option<String> {
    let site = |site: &Site| {
        let rise = figure::signed(site.rise, &row.unit);
        format!(
            "{} in {} ({rise})",
            at(&site.place),
            function(&site.function)
        )
    };
    let sites: Vec<String> = row.sites.iter().map(site).collect();
    (!sites.is_empty()).then(|| format!("allocates at {}", sites.join(", ")))
}

/// `mux.go:506`.
fn at(place: &Place) -> String {
    format!("{}:{}", plain(&place.file), place.line)
}

/// The name of a function, harmless and not too long.
fn function(name: &str) -> String {
    fit_middle(&plain(name), FUNCTION_COLUMNS).into_owned()
}

impl Line<'_> {
    /// Where it stands.
    pub(super) fn at(&self) -> String {
        at(self.place)
    }

    /// The function that it stands in.
    pub(super) fn function(&self) -> String {
        function(self.function)
    }

    /// The benchmark that it shows in, or how many.
    pub(super) fn benchmarks(&self, names: &Names) -> String {
        let mut keys: Vec<_> = self.rows.iter().map(|(row, _)| &row.key).collect();
        keys.dedup();
        match &keys[..] {
            [key] => fit_middle(&plain(&names.name(key)), NAME_COLUMNS).into_owned(),
            keys => count(keys.len(), "benchmark"),
        }
    }

    /// What it costs an iteration, a unit a piece: `B/op +320 B to +640 B, allocs/op +1`.
    pub(super) fn rises(&self) -> String {
        let mut units: Vec<(&Unit, f64, f64)> = Vec::new();
        for (row, rise) in &self.rows {
            match units.iter_mut().find(|(unit, ..)| **unit == row.unit) {
                Some((_, least, most)) => (*least, *most) = (least.min(*rise), most.max(*rise)),
                None => units.push((&row.unit, *rise, *rise)),
            }
        }
        let rise = |(unit, least, most): &(&Unit, f64, f64)| {
            let [least, most] = [least, most].map(|rise| figure::signed(*rise, unit));
            let name = plain(unit.as_str());
            if least == most {
                format!("{name} {least}")
            } else {
                format!("{name} {least} to {most}")
            }
        };
        units.iter().map(rise).collect::<Vec<_>>().join(", ")
    }
}
