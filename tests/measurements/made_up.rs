//! Lines of every kind: well-formed, malformed and half-way.

use std::fs;

use allocgate::stat::Input;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::compare;
use crate::numbers::number;

/// As many examples as asked for, always the same ones.
pub(crate) fn examples<T>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let seed = [7; 32];
    let algorithm = RngAlgorithm::ChaCha;
    let rng = TestRng::from_seed(algorithm, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

fn bytes(choices: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    // `?` stands for a byte that begins no character.
    select(choices).prop_map(|text| {
        let byte = |byte: u8| if byte == b'?' { 0xff } else { byte };
        text.bytes().map(byte).collect()
    })
}

fn space() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => bytes(&[" ", "\t", "  ", " \t "]),
        1 => bytes(&["\u{a0}", "\u{2003}", "\u{85} ", "\u{b}", "\r", "\u{3000}\u{1680}"]),
    ]
}

fn unit() -> impl Strategy<Value = Vec<u8>> {
    bytes(&[
        "ns/op",
        "ns/op",
        "B/op",
        "allocs/op",
        "MB/s",
        "sec/op",
        "x",
        "ns",
        "MB-ns",
        "x/ns*MB",
        "p50-ns/MB",
        "µs",
        "?",
        "a?=b",
        "0",
        "ns?",
        "MB*MB*MB/x*ns-ns",
    ])
}

fn result_line() -> impl Strategy<Value = Vec<u8>> {
    let name = bytes(&[
        "A",
        "A",
        "B/x=1-8",
        "",
        "É",
        "?",
        "?\u{e2}\u{80}",
        "A=1",
        "enchmark",
        "ing",
    ]);
    let count = prop_oneof![8 => Just(b"100".to_vec()), 2 => number()];
    let value = (space(), number(), space(), unit()).prop_map(|(a, b, c, d)| [a, b, c, d].concat());
    let values = vec(value, 0..4).prop_map(|values| values.concat());
    let tail = prop_oneof![9 => Just(Vec::new()), 1 => space(), 1 => number()];
    (name, space(), count, values, tail)
        .prop_map(|(a, b, c, d, e)| [b"Benchmark".to_vec(), a, b, c, d, e].concat())
}

fn setting_line() -> impl Strategy<Value = Vec<u8>> {
    let key = bytes(&[
        "a", "a", "b", "c", "pkg", "goos", "é", "ª", "aB", "a b", "ⓐ", "aⅠ", "aⒶ", "aÉ", "a\u{a0}",
        "ａ", "ǆ", "ǅ", "aǅ", "ß", "a?b", "?a", "", "A", "1", "a\u{1}", "a\u{7f}:", "ʰ", "𝐚", "a𝐀",
    ]);
    let value = bytes(&["", "", "1", "2", "x y ", "?", ":", "\u{a0}x"]);
    let blank = bytes(&[" ", "\t ", "", "\u{a0}"]);
    (key, blank, value).prop_map(|(key, blank, value)| [key, b":".to_vec(), blank, value].concat())
}

fn unit_line() -> impl Strategy<Value = Vec<u8>> {
    let word = bytes(&["Unit", "Unit", "Unit", "Units", "unit"]);
    let field = bytes(&[
        "better=lower",
        "better=higher",
        "assume=exact",
        "assume=",
        "=x",
        "x",
        "a==b",
        "b=?",
    ]);
    let unit = bytes(&["ns/op", "sec/op", "B/op", "MB/s", "x", "µs", ""]);
    let fields = vec((space(), field).prop_map(|(a, b)| [a, b].concat()), 0..3);
    (word, space(), unit, fields).prop_map(|(a, b, c, d)| [a, b, c, d.concat()].concat())
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        6 => result_line(),
        3 => setting_line(),
        1 => unit_line(),
        1 => bytes(&["", "PASS", "Benchmark", "BenchmarkA", "U", "Unit", "?", "\u{feff}a: 1"]),
        1 => vec(any::<u8>(), 0..12).prop_map(|line| [&b"Benchmark"[..], &line].concat()),
    ];
    let end = bytes(&["\n", "\n", "\n", "\r\n", "\r\r\n"]);
    let line = (line, end).prop_map(|(line, end)| [line, end].concat());
    (vec(line, 0..40), any::<bool>()).prop_map(|(lines, unfinished)| {
        let mut text = lines.concat();
        if unfinished {
            text.pop();
        }
        text
    })
}

#[test]
fn made_up_lines_are_read_as_benchfmt_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let input = |(index, text): (usize, Vec<u8>)| {
        let path = folder.path().join(format!("{index}.txt"));
        fs::write(&path, text).unwrap();
        Input {
            label: index.to_string(),
            path: path.to_str().unwrap().to_owned(),
        }
    };
    let inputs: Vec<Input> = examples(&text(), 1500)
        .into_iter()
        .enumerate()
        .map(input)
        .collect();
    let compared = compare("made-up lines against benchfmt", folder.path(), &inputs);
    assert!(compared == 0 || compared > 15_000, "{compared}");
}
