//! Numbers of every kind: as was recorded of Go, and as Go reads them today.

use std::fs;
use std::io::Cursor;
use std::process::Command;

use allocgate::parse::LineReader;
use allocgate::parse::benchfmt::{self, Entry};
use proptest::prelude::*;

use crate::made_up::examples;
use crate::reference::{answer, program};
use crate::{assert_same, testdata};

/// Numbers that are well-formed more often than not.
pub(crate) fn number() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[+-]?(0|[1-9][0-9]{0,22})",
        6 => "[+-]?[0-9]{0,20}\\.?[0-9]{0,20}",
        3 => "[+-]?[0-9_]{1,6}\\.?[0-9_]{0,3}([eE][+-]?[0-9_]{1,4})?",
        3 => "[+-]?[1-9]\\.[0-9]{0,17}[eE][+-]?[0-9]{1,3}",
        4 => "[+-]?0[xX][0-9a-fA-F_]{0,20}\\.?[0-9a-fA-F_]{0,4}[pP][+-]?[0-9]{1,4}",
        2 => "0[xXbBoO][0-9a-f_]{0,4}",
        2 => "[+-]?([iI][nN][fF]|infinity|INFINITY|infinit|NaN|nan)",
        1 => "[0-9]{17,22}[_x]?[0-9]?",
        1 => "[-+_.0-9eExXpP]{1,8}",
    ]
    .prop_map(String::into_bytes)
}

/// What a number is as an iteration count and as a measurement, as the program writes it.
fn number_record(number: &str) -> String {
    let read = |line: String| {
        let mut found = Vec::new();
        let lines = LineReader::new(Cursor::new(line.into_bytes()), u64::MAX);
        let take = |_, entry: Entry<'_>| {
            found.push(match entry {
                Entry::Result(result) => {
                    let (value, _) = result.values().next().unwrap();
                    match value.is_nan() {
                        true => "NaN".to_owned(),
                        false => format!("{} {:016x}", result.iterations, value.to_bits()),
                    }
                }
                Entry::Mistake(mistake) => mistake.to_string(),
                Entry::Declaration(_) => panic!("{number}"),
            });
            Ok(())
        };
        benchfmt::read(lines, take).unwrap();
        found.pop().unwrap()
    };
    let count = read(format!("BenchmarkX {number} 1 x"));
    let value = read(format!("BenchmarkX 1 {number} x"));
    format!("{number}\t{count}\t{value}")
}

#[test]
fn numbers_are_read_as_was_recorded_of_go() {
    let recorded = fs::read_to_string(testdata().join("benchfmt/numbers.tsv")).unwrap();
    let recorded: Vec<&str> = recorded.lines().collect();
    let number = |line: &&str| number_record(line.split('\t').next().unwrap());
    let ours: Vec<String> = recorded.iter().map(number).collect();
    assert_same(
        &ours,
        &recorded.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>(),
    );
    assert!(recorded.len() > 150);
}

#[test]
fn numbers_are_read_as_go_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let Some(go) = program("numbers against Go", folder.path()) else {
        return;
    };
    let numbers = examples(&number(), 50_000)
        .into_iter()
        .filter(|n| !n.is_empty());
    let mut numbers: Vec<String> = numbers.map(|n| String::from_utf8(n).unwrap()).collect();
    // An exponent is counted only so far, which shows where it brings a long row of zeros back.
    for exponent in ["30000", "10003", "100000", "99999"] {
        numbers.push(format!("0.{}1e{exponent}", "0".repeat(30_000)));
        numbers.push(format!("1{}e-{exponent}", "0".repeat(790)));
        numbers.push(format!("0x1{}p-{exponent}", "0".repeat(2500)));
    }
    let input = numbers.join("\n");
    let theirs = answer(Command::new(go).arg("numbers"), input.as_bytes());
    let ours: Vec<String> = numbers.iter().map(|number| number_record(number)).collect();
    assert_same(&ours, &theirs);
}
