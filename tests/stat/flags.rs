//! Command lines over a corpus: flags in the spellings that Go's flag package takes, and inputs with labels.

use crate::corpus::Corpus;
use crate::expression::{filter, projection, slip};
use crate::random::Random;

/// The names of the files of a corpus.
pub(crate) const FILES: [&str; 4] = ["a.txt", "b.txt", "c.txt", "d.txt"];

/// Flags and inputs.
pub(crate) fn command_line(seed: u64, corpus: &Corpus) -> Vec<String> {
    let mut random = Random::new(seed, 2);
    let random = &mut random;
    let mut line = Vec::new();
    // One mistake at most, or it is chance which is complained of.
    let (wrong, refusal) =
        random.weighted(&[(90, (false, false)), (8, (true, false)), (2, (false, true))]);
    let expressions = [
        ("filter", 35),
        ("table", 20),
        ("row", 30),
        ("col", 35),
        ("ignore", 20),
    ];
    // Many samples are there to be tested, and not to be put together.
    let plain = corpus.names.len() > 20 && random.percent(70);
    for (flag, percent) in expressions {
        if plain || !random.percent(percent) {
            continue;
        }
        let expression = match flag {
            "filter" => filter(random, corpus, 2),
            _ => projection(random, corpus),
        };
        let expression = if wrong {
            slip(random, &expression)
        } else {
            expression
        };
        push(random, &mut line, flag, &expression);
    }
    if random.percent(if plain { 70 } else { 12 }) {
        let level = *random.pick(&[
            "0", "0.99", "0.01", ".05", "0.001", "5e-1", "0.1", "0.004", ".2",
        ]);
        push(random, &mut line, "alpha", level);
    }
    if random.percent(12) {
        let level = *random.pick(&[
            "0",
            "1",
            "0.5",
            "0.9",
            ".99",
            "0.999",
            "0.9999999",
            "0.95",
            "1e-3",
            "0.75",
        ]);
        push(random, &mut line, "confidence", level);
    }
    if random.percent(55) {
        push(random, &mut line, "format", "csv");
    } else if random.percent(5) {
        push(random, &mut line, "format", "text");
    }
    if refusal {
        line.extend(refused(random));
    }
    if random.percent(2) {
        // Of two the last counts.
        line.splice(
            ..0,
            ["-alpha=0.5", "--row", ".name", "-format", "csv"].map(str::to_owned),
        );
    }
    if random.percent(2) {
        line.push("--".to_owned());
    }
    line.extend(inputs(random, corpus.files.len()));
    line
}

/// One flag in one of its spellings.
fn push(random: &mut Random, line: &mut Vec<String>, flag: &str, value: &str) {
    let dashes = if random.percent(80) { "-" } else { "--" };
    if random.percent(30) {
        line.push(format!("{dashes}{flag}={value}"));
    } else {
        line.extend([format!("{dashes}{flag}"), value.to_owned()]);
    }
}

/// Flags that are refused before anything is read.
fn refused(random: &mut Random) -> Vec<String> {
    let flags: &[&[&str]] = &[
        &["-alpha", "2"],
        &["-alpha=-0.1"],
        &["-alpha", "x"],
        &["-confidence", "1.5"],
        &["-confidence", ""],
        &["-confidence=-1"],
        &["-format", "xml"],
        &["-format="],
        &["-nosuch"],
        &["--nosuch=1"],
        &["-filter="],
    ];
    random
        .pick(flags)
        .iter()
        .map(|word| (*word).to_owned())
        .collect()
}

/// The files, mostly as they are.
fn inputs(random: &mut Random, files: usize) -> Vec<String> {
    let mut inputs: Vec<String> = FILES[..files]
        .iter()
        .map(|file| (*file).to_owned())
        .collect();
    for input in &mut inputs {
        if random.percent(12) {
            let label = *random.pick(&[
                "old", "new", "", "a label", "a.txt", "x,\"y\"", "é", "1", "2k",
            ]);
            *input = format!("{label}={input}");
        }
    }
    match random.below(100) {
        0..6 => inputs.push(FILES[0].to_owned()),
        6..10 => inputs.insert(0, FILES[files - 1].to_owned()),
        10..13 => inputs.truncate(1),
        13..15 => inputs.reverse(),
        15 => inputs.push("missing.txt".to_owned()),
        16..18 => inputs[0] = "-".to_owned(),
        18 => inputs[0] = "in=-".to_owned(),
        19..22 => inputs
            .iter_mut()
            .for_each(|input| input.insert_str(0, "same=")),
        22 => inputs.push(".".to_owned()),
        _ => {}
    }
    inputs
}
