//! Leaving out some of what was read.
//!
//! The rows that go have been read all the same: a whole file decides which endings of names are
//! GOMAXPROCS and which announced results were lost, whatever of it is judged.

use super::builder::SampleSetBuilder;
use super::procs::Suffixes;
use super::raw::RawRow;
use super::record::Setting;
use crate::unit::Unit;

/// A row as its file has it.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredRow<'a> {
    /// The file as the user named it.
    pub file: &'a str,
    /// The configuration under which it was measured.
    pub settings: &'a [Setting],
    /// Full name, `Benchmark` prefix and GOMAXPROCS suffix included.
    pub name: &'a str,
    /// The name without its GOMAXPROCS suffix.
    pub benchmark: &'a str,
    /// The unit.
    pub unit: &'a Unit,
    /// The unit as printed.
    pub printed: &'a [u8],
}

impl SampleSetBuilder {
    /// Keeps the rows that `keep` holds for. To be asked once all is read.
    pub fn retain(&mut self, mut keep: impl FnMut(MeasuredRow<'_>) -> bool) {
        let names = self.raw.take_names();
        let text = std::str::from_utf8(&names).unwrap_or_default();
        let suffixes = self.suffixes(text);
        self.report_lost_announcements(&suffixes, text);
        let rows = self.raw.rows().iter();
        let kept = rows.map(|row| keep(self.measured_row(row, text, &suffixes)));
        let kept: Vec<bool> = kept.collect();
        self.decided_suffixes = Some(suffixes);
        self.raw.restore_names(names);

        let benchmarks = self.raw.retain(&kept).into_iter();
        let iterations = std::mem::take(&mut self.iterations).into_iter();
        let iterations = iterations.zip(benchmarks).filter(|(_, kept)| *kept);
        self.iterations = iterations.map(|(iterations, _)| iterations).collect();
        // Configurations keep their numbers. What nothing was measured under tells no rows apart.
        let mut measured = vec![false; self.configurations.len()];
        for benchmark in self.raw.benchmarks() {
            measured[benchmark.configuration as usize] = true;
        }
        let configurations = self.configurations.iter_mut().zip(measured);
        configurations
            .filter(|(_, measured)| !measured)
            .for_each(|(settings, _)| settings.clear());
    }

    fn measured_row<'a>(
        &'a self,
        row: &RawRow,
        names: &'a str,
        suffixes: &[Suffixes],
    ) -> MeasuredRow<'a> {
        let benchmark = &self.raw.benchmarks()[row.benchmark as usize];
        let unit = &self.units[row.unit as usize];
        let file = self.files.get(benchmark.file as usize);
        let name = &names[benchmark.name.clone()];
        MeasuredRow {
            file: file.map_or("", |file| &file.path),
            settings: &self.configurations[benchmark.configuration as usize],
            name,
            benchmark: suffixes[benchmark.file as usize].strip(name).0,
            unit: &unit.tidied,
            printed: self.printed_units.name(row.unit),
        }
    }
}
