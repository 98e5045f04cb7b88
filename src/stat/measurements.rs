//! All inputs, joined in the order in which they were named: as if they had been read one after the
//! other, though they are read at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashMap;

use super::input::Input;
use super::metadata::Metadata;
use super::part::{Part, PrintedUnit, Remark};
use crate::benchmark::{RawBenchmark, Samples};
use crate::parallel::{in_parallel, workers};
use crate::parse::{Limits, OpenError};
use crate::query::{Subject, UnitNames};
use crate::unit::Better;

/// All inputs, read and reduced to their rows.
pub struct Measurements {
    labels: Vec<String>,
    parts: Vec<Part>,
    /// Of each input, the numbers of its first row, benchmark and configuration.
    firsts: Vec<Firsts>,
    rows: Vec<RowRef>,
    units: Vec<Unit>,
    metadata: Metadata,
    warnings: Vec<String>,
    keep_order: bool,
}

/// A row: a benchmark in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRef {
    /// For [`Measurements::benchmark`].
    pub benchmark: u32,
    /// For [`Measurements::unit`].
    pub unit: u32,
}

#[derive(Clone, Copy, Default)]
struct Firsts {
    row: u32,
    benchmark: u32,
    configuration: u32,
}

struct Unit {
    unit: Vec<u8>,
    printed: Option<Vec<u8>>,
}

impl Measurements {
    /// Reads all inputs, as many at a time as there are cores. The order in which values were measured is
    /// kept only if that is asked for.
    ///
    /// # Errors
    ///
    /// If one cannot be opened or read, or exceeds a bound; the first of them if there are several.
    pub fn read(
        inputs: &[Input],
        limits: Limits,
        keep_order: bool,
    ) -> Result<Measurements, OpenError> {
        let parts = read_all(inputs, limits, keep_order)?;
        let mut all = Measurements {
            labels: inputs.iter().map(|input| input.label.clone()).collect(),
            parts: Vec::with_capacity(parts.len()),
            firsts: Vec::with_capacity(parts.len()),
            rows: Vec::with_capacity(parts.iter().map(|part| part.rows.rows().len()).sum()),
            units: Vec::new(),
            metadata: Metadata::default(),
            warnings: Vec::new(),
            keep_order,
        };
        let mut next = Firsts::default();
        let mut unit_ids = UnitIds::default();
        for (input, part) in inputs.iter().zip(parts) {
            all.tell(&input.path, &part);
            let mut own_ids = vec![None; part.units.len() * 2];
            for row in part.rows.rows() {
                let unit = *own_ids[row.unit as usize].get_or_insert_with(|| {
                    let printed = &part.units[row.unit as usize / 2];
                    unit_ids.id(printed, row.unit % 2 == 1, &mut all.units)
                });
                let benchmark = next.benchmark + row.benchmark;
                all.rows.push(RowRef { benchmark, unit });
            }
            all.firsts.push(next);
            next.row += part.rows.rows().len() as u32;
            next.benchmark += part.rows.benchmarks().len() as u32;
            next.configuration += part.configurations.len() as u32;
            all.parts.push(part);
        }
        Ok(all)
    }

    /// Takes what an input declares, and puts what there is to say of it into words.
    fn tell(&mut self, path: &str, part: &Part) {
        for (line, remark) in &part.remarks {
            let message = match remark {
                Remark::Mistake(mistake) => mistake.to_string(),
                Remark::Words(words) => words.clone(),
                Remark::Declared(index) => {
                    let (unit, key, value) = &part.declarations[*index as usize];
                    let Err(first) = self.metadata.declare(unit, key, value) else {
                        continue;
                    };
                    let text = String::from_utf8_lossy;
                    format!(
                        "metadata {} of unit {} already set to {}",
                        text(key),
                        text(unit),
                        text(first)
                    )
                }
            };
            self.warnings.push(format!("{path}:{line}: {message}"));
        }
        if part.omitted > 0 {
            let omitted = part.omitted;
            self.warnings
                .push(format!("{path}: {omitted} more lines could not be read"));
        }
    }

    /// Distinct rows in the order of their first lines.
    pub fn rows(&self) -> &[RowRef] {
        &self.rows
    }

    /// The values of a row, ascending.
    pub fn samples(&self, row: u32) -> Samples<'_> {
        let input = self.input_of(|firsts| firsts.row <= row);
        self.parts[input].samples((row - self.firsts[input].row) as usize)
    }

    /// The values of a row in the order in which they were measured, if that was kept.
    pub(super) fn measured(&self, row: u32) -> Samples<'_> {
        let input = self.input_of(|firsts| firsts.row <= row);
        self.parts[input].measured((row - self.firsts[input].row) as usize)
    }

    /// Whether the order of values was kept.
    pub(super) fn keeps_order(&self) -> bool {
        self.keep_order
    }

    /// A benchmark.
    pub fn benchmark(&self, benchmark: u32) -> BenchmarkRef<'_> {
        let input = self.input_of(|firsts| firsts.benchmark <= benchmark);
        let (part, firsts) = (&self.parts[input], self.firsts[input]);
        let raw = &part.rows.benchmarks()[(benchmark - firsts.benchmark) as usize];
        BenchmarkRef {
            label: &self.labels[input],
            part,
            raw,
            first_configuration: firsts.configuration,
        }
    }

    /// The last input whose first numbers satisfy this, as those of all before it do.
    fn input_of(&self, is_reached: impl Fn(&Firsts) -> bool) -> usize {
        self.firsts.partition_point(is_reached).saturating_sub(1)
    }

    /// A unit.
    pub fn unit(&self, unit: u32) -> UnitNames<'_> {
        let Unit { unit, printed } = &self.units[unit as usize];
        UnitNames {
            unit,
            printed: printed.as_deref(),
        }
    }

    /// What there is to say of lines that cannot be read, in the order of the inputs.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether `assume=exact` was declared of the unit.
    pub fn is_exact(&self, unit: &[u8]) -> bool {
        self.metadata.is_exact(unit)
    }

    /// The direction in which a unit improves: as declared, or as is known of Go's own.
    pub fn better(&self, unit: &[u8]) -> Better {
        self.metadata.better(unit)
    }
}

/// A benchmark: a name in an input under a configuration.
#[derive(Clone, Copy)]
pub struct BenchmarkRef<'a> {
    label: &'a str,
    part: &'a Part,
    raw: &'a RawBenchmark,
    first_configuration: u32,
}

impl BenchmarkRef<'_> {
    /// The number of its configuration, the input included: what depends on no name is the same for
    /// all benchmarks of one.
    pub fn configuration(&self) -> u32 {
        self.first_configuration + self.raw.configuration
    }
}

impl Subject for BenchmarkRef<'_> {
    fn full_name(&self) -> &[u8] {
        self.part.rows.name(self.raw)
    }

    fn setting(&self, key: &str) -> Option<&[u8]> {
        if key == ".file" {
            return Some(self.label.as_bytes()).filter(|label| !label.is_empty());
        }
        let mut settings = self.part.configurations.settings(self.raw.configuration);
        settings.find_map(|(own, value)| (own == key.as_bytes()).then_some(value))
    }

    fn for_each_setting(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        let settings = self.part.configurations.settings(self.raw.configuration);
        settings.for_each(|(key, value)| visit(key, value));
    }
}

/// Numbers units across inputs. The same text may be a unit of its own and one that was tidied.
#[derive(Default)]
struct UnitIds(FxHashMap<(Vec<u8>, bool), u32>);

impl UnitIds {
    fn id(&mut self, of: &PrintedUnit, is_tidied: bool, units: &mut Vec<Unit>) -> u32 {
        let known = self.0.entry((of.printed.clone(), is_tidied));
        *known.or_insert_with(|| {
            units.push(match is_tidied {
                true => Unit {
                    unit: of.tidied.clone(),
                    printed: Some(of.printed.clone()),
                },
                false => Unit {
                    unit: of.printed.clone(),
                    printed: None,
                },
            });
            units.len() as u32 - 1
        })
    }
}

/// Reads inputs at the same time; returns them in their order.
fn read_all(inputs: &[Input], limits: Limits, keep_order: bool) -> Result<Vec<Part>, OpenError> {
    let numbered: Vec<(usize, &Input)> = inputs.iter().enumerate().collect();
    let first_failed = AtomicUsize::new(usize::MAX);
    let read = |(): &mut (), inputs: &[(usize, &Input)]| {
        // What comes behind an input that failed does not matter.
        let matters = |index| index <= first_failed.load(Ordering::Relaxed);
        let inputs = inputs.iter().filter(|(index, _)| matters(*index));
        let parts = inputs.map(|(index, input)| {
            let part = Part::read(input, limits, keep_order);
            if part.is_err() {
                first_failed.fetch_min(*index, Ordering::Relaxed);
            }
            part
        });
        parts.collect()
    };
    let parts = in_parallel(&mut workers(|| ()), &numbered, |_| 1, 1, read);
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Everything that was read of texts, one input each, a row a line.
    fn read(texts: &[&str]) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<String> = (0..texts.len())
            .map(|index| {
                format!(
                    "{index}={}",
                    folder.path().join(index.to_string()).display()
                )
            })
            .collect();
        let inputs = Input::parse_all(&paths).unwrap();
        for (input, text) in inputs.iter().zip(texts) {
            fs::write(&input.path, text).unwrap();
        }
        let all = Measurements::read(&inputs, Limits::default(), false).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rows = (0..all.rows().len()).map(|index| {
            let row = all.rows()[index];
            let (benchmark, unit) = (all.benchmark(row.benchmark), all.unit(row.unit));
            let mut line = text(benchmark.setting(".file").unwrap());
            benchmark.for_each_setting(&mut |key, value| {
                line += &format!(" {}:{}", text(key), text(value));
            });
            line += &format!(" | {} | {}", text(benchmark.full_name()), text(unit.unit));
            if let Some(printed) = unit.printed {
                line += &format!(" was {}", text(printed));
            }
            let mut buffer = Vec::new();
            let samples = all.samples(index as u32).as_slice(&mut buffer).to_vec();
            format!("{line} | {samples:?}")
        });
        let folder = format!("{}/", folder.path().display());
        let warnings = all.warnings().iter().map(|w| w.replace(&folder, ""));
        (rows.collect(), warnings.collect())
    }

    #[test]
    fn rows_stand_in_the_order_of_their_first_lines() {
        let (rows, warnings) = read(&[
            "pkg: p\nBenchmarkB 1 2 ns/op 5 B/op\nBenchmarkA 1 2 B/op\nBenchmarkB 1 0 ns/op 3 x 4 B/op\n",
            "BenchmarkB 1 2 B/op\n",
        ]);
        assert_eq!(
            rows,
            [
                "0 pkg:p | B | sec/op was ns/op | [2e-9]",
                "0 pkg:p | B | B/op | [4.0, 5.0]",
                "0 pkg:p | A | B/op | [2.0]",
                "0 pkg:p | B | ns/op | [0.0]",
                "0 pkg:p | B | x | [3.0]",
                "1 | B | B/op | [2.0]",
            ]
        );
        assert!(warnings.is_empty());
    }

    #[test]
    fn a_removed_setting_is_replaced_by_the_last() {
        let (rows, _) = read(&[
            "a: 1\nb: 2\nc: 3\nBenchmarkX 1 1 x\na:\nBenchmarkX 1 1 x\nd: 4\na: 5\nBenchmarkX 1 1 x\n",
        ]);
        assert_eq!(
            rows,
            [
                "0 a:1 b:2 c:3 | X | x | [1.0]",
                "0 c:3 b:2 | X | x | [1.0]",
                "0 c:3 b:2 d:4 a:5 | X | x | [1.0]",
            ]
        );
    }

    #[test]
    fn warnings_come_in_the_order_of_the_inputs() {
        let (_, warnings) = read(&[
            "Unit ns/op better=higher what\nBenchmarkX 1\n",
            "Unit sec/op better=lower better=higher\nBenchmarkX 1 one x\nUnit sec/op better=lower\n",
        ]);
        assert_eq!(
            warnings,
            [
                "0:1: expected key=value",
                "0:2: missing measurements",
                "1:1: metadata better of unit sec/op already set to higher",
                "1:2: parsing measurement: invalid syntax",
                "1:3: metadata better of unit sec/op already set to higher",
            ]
        );
    }
}
