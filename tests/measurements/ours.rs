//! What is read here, in the words of the program of `testdata/benchfmt`.

use std::collections::HashMap;
use std::fs::File;

use allocgate::parse::benchfmt::{self, Entry};
use allocgate::parse::{Limits, LineReader};
use allocgate::query::Subject;
use allocgate::stat::{Input, Measurements};
use allocgate::unit::Tidy;

use crate::reference::quote;

/// The tidied name of a unit and its factor. Units of these tests that are no text need no tidying.
pub(crate) fn tidy(unit: &[u8]) -> (Vec<u8>, f64) {
    match std::str::from_utf8(unit) {
        Ok(text) => {
            let tidy = Tidy::of(text);
            (tidy.name.into_bytes(), tidy.factor)
        }
        Err(_) => (unit.to_vec(), 1.0),
    }
}

/// What the reader finds in inputs, as the program writes it.
pub(crate) fn records(inputs: &[Input]) -> Vec<String> {
    let mut all = Vec::new();
    let mut declared: HashMap<(Vec<u8>, Vec<u8>), Vec<u8>> = HashMap::new();
    for Input { label, path } in inputs {
        let error = |line: u64, message: &str| {
            let text = format!("{path}:{line}: {message}");
            format!("error\t{}", quote(text.as_bytes()))
        };
        let lines = LineReader::new(File::open(path).unwrap(), u64::MAX);
        let take = |line: u64, entry: Entry<'_>| {
            match entry {
                Entry::Mistake(mistake) => all.push(error(line, &mistake.to_string())),
                Entry::Declaration(new) => {
                    let key = (tidy(new.unit).0, new.key.to_vec());
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    match declared.get(&key) {
                        Some(value) if value == new.value => {}
                        Some(value) => {
                            let (key, unit, value) = (text(new.key), text(new.unit), text(value));
                            let message =
                                format!("metadata {key} of unit {unit} already set to {value}");
                            all.push(error(line, &message));
                        }
                        None => {
                            let texts = [new.unit, &key.0, new.key, new.value].map(quote);
                            all.push(format!("unit\t{line}\t{}", texts.join("\t")));
                            declared.insert(key, new.value.to_vec());
                        }
                    }
                }
                Entry::Result(result) => {
                    let (name, iterations) = (quote(result.name), result.iterations);
                    let mut record = format!("result\t{line}\t{name}\t{iterations}");
                    let file = (&b".file"[..], label.as_bytes());
                    for (key, value) in std::iter::once(file).chain(result.settings.iter()) {
                        record += &format!("\tkey\t{}\t{}", quote(key), quote(value));
                    }
                    for (value, unit) in result.values() {
                        let (name, factor) = tidy(unit);
                        let tidied = value * factor;
                        #[expect(clippy::float_cmp, reason = "as benchfmt has it")]
                        let (value, name, printed) = match tidied == value {
                            true => (value, unit, &[][..]),
                            false => (tidied, &name[..], unit),
                        };
                        let (bits, unit) = (value.to_bits(), quote(name));
                        record += &format!("\tvalue\t{bits:016x}\t{unit}\t{}", quote(printed));
                    }
                    all.push(record);
                }
            }
            Ok(())
        };
        benchfmt::read(lines, take).unwrap();
    }
    all
}

/// Rows with their sorted values, and what was said of lines that could not be read.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reduced {
    pub(crate) rows: Vec<(String, Vec<u64>)>,
    pub(crate) warnings: Vec<String>,
}

/// What records come to.
pub(crate) fn reduced(records: &[String]) -> Reduced {
    let mut all = Reduced::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    for record in records {
        let fields: Vec<&str> = record.split('\t').collect();
        match fields[0] {
            "error" => all.warnings.push(fields[1].to_owned()),
            "result" => {
                let first = fields.iter().position(|field| *field == "value").unwrap();
                for value in fields[first..].chunks(4) {
                    let benchmark = fields[2].to_owned() + "\t" + &fields[4..first].join("\t");
                    let key = format!("{benchmark}\tunit\t{}\t{}", value[2], value[3]);
                    let place = *places.entry(key.clone()).or_insert_with(|| {
                        all.rows.push((key, Vec::new()));
                        all.rows.len() - 1
                    });
                    let bits = u64::from_str_radix(value[1], 16).unwrap();
                    all.rows[place].1.push(bits);
                }
            }
            _ => {}
        }
    }
    for (_, values) in &mut all.rows {
        // What is no number comes first, as in Go; zeros of either sign are equals and stay as they came.
        let number = |bits: &u64| f64::from_bits(*bits);
        values.sort_by(|a, b| {
            let (a, b) = (number(a), number(b));
            let numbers = b.is_nan().cmp(&a.is_nan());
            numbers.then(a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal))
        });
    }
    all
}

/// What the product makes of inputs.
pub(crate) fn measured(inputs: &[Input]) -> Reduced {
    let all = Measurements::read(inputs, Limits::default(), false).unwrap();
    let every_row: Vec<u32> = (0..all.rows().len() as u32).collect();
    let values = all.gather(&every_row, every_row.len());
    let row = |index: &u32| {
        let row = all.rows()[*index as usize];
        let (benchmark, unit) = (all.benchmark(row.benchmark), all.unit(row.unit));
        let mut key = quote(benchmark.full_name());
        key += &format!(
            "\tkey\t.file\t{}",
            quote(benchmark.setting(".file").unwrap())
        );
        benchmark.for_each_setting(&mut |name, value| {
            key += &format!("\tkey\t{}\t{}", quote(name), quote(value));
        });
        let printed = unit.printed.unwrap_or_default();
        key += &format!("\tunit\t{}\t{}", quote(unit.unit), quote(printed));
        let mut buffer = Vec::new();
        let samples = values.of(*index).unwrap().as_slice(&mut buffer);
        (key, samples.iter().map(|value| value.to_bits()).collect())
    };
    Reduced {
        rows: every_row.iter().map(row).collect(),
        warnings: all.warnings().iter().map(|w| quote(w.as_bytes())).collect(),
    }
}
