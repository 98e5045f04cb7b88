//! Against the real benchstat.
//!
//! `ALLOCGATE_STAT_SEED` asks about other made-up inputs than usual, `ALLOCGATE_STAT_CORPORA` about more of
//! them, and `BENCHSTAT` names the benchstat to ask. The files of a seed whose answers differ stay below
//! `target/tmp/stat`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::case::Case;
use crate::command::Program;
use crate::corpus::Corpus;
use crate::examples;
use crate::flags::{FILES, command_line};
use crate::tally::{Tally, in_parallel};
use crate::tools::{not_run, tool};

/// The version that every answer here and in `testdata` is of.
const VERSION: &str = "v0.0.0-20260908200009-22c9c6c9d4da";

/// How many command lines are asked about the same files.
const LINES: usize = 5;

/// The pinned benchstat, if there is one.
pub(crate) fn benchstat(test: &str) -> Option<Program> {
    let path = std::env::var_os("BENCHSTAT")
        .map(PathBuf::from)
        .or_else(|| tool("benchstat"));
    let Some(path) = path else {
        not_run(test, "benchstat is not installed");
        return None;
    };
    let about = Command::new("go")
        .args(["version", "-m"])
        .arg(&path)
        .output();
    let about = about.map(|about| String::from_utf8_lossy(&about.stdout).into_owned());
    if !about.is_ok_and(|about| about.contains(VERSION)) {
        not_run(
            test,
            &format!("{} is not benchstat {VERSION}", path.display()),
        );
        return None;
    }
    Some(Program::benchstat(path))
}

/// The folder of a test, empty.
pub(crate) fn temporary(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("stat")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes the files of a seed; its command lines.
pub(crate) fn made_up(folder: &Path, seed: u64) -> Vec<Vec<String>> {
    let corpus = Corpus::generate(seed);
    fs::create_dir_all(folder).unwrap();
    for (name, content) in FILES.iter().zip(&corpus.files) {
        fs::write(folder.join(name), content).unwrap();
    }
    (0..LINES)
        .map(|line| command_line(seed * LINES as u64 + line as u64, &corpus))
        .collect()
}

/// Asks about the files of one seed, in a folder that stays if the answers differ.
fn ask_seed(benchstat: &Program, ours: &Program, folder: &Path, seed: u64) -> Tally {
    let folder = folder.join(seed.to_string());
    let mut tally = Tally::default();
    let mut agreed = true;
    for arguments in made_up(&folder, seed) {
        let case = Case {
            folder: folder.clone(),
            files: Vec::new(),
            arguments,
        };
        agreed &= tally.ask(benchstat, ours, &folder, &case);
    }
    if agreed {
        fs::remove_dir_all(&folder).unwrap();
    }
    tally
}

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => otherwise,
    }
}

#[test]
fn made_up_inputs_are_answered_as_benchstat_answers() {
    let Some(benchstat) = benchstat("made-up inputs against benchstat") else {
        return;
    };
    let (ours, folder) = (Program::ours(), temporary("made-up"));
    let first = number("ALLOCGATE_STAT_SEED", 1);
    let corpora = number("ALLOCGATE_STAT_CORPORA", 404) as usize;
    let start = Instant::now();
    let mut tally = in_parallel(corpora, |index| {
        ask_seed(&benchstat, &ours, &folder, first + index as u64)
    });
    tally.shrink(&benchstat, &ours);
    tally.settle("made-up inputs against benchstat", start);
}

#[test]
fn the_files_in_testdata_are_answered_as_benchstat_answers() {
    let Some(benchstat) = benchstat("testdata against benchstat") else {
        return;
    };
    let (ours, folder) = (Program::ours(), temporary("testdata"));
    let cases = [
        examples::documentation(),
        examples::golden(),
        examples::testdata_cases(3),
    ]
    .concat();
    let start = Instant::now();
    let tally = in_parallel(cases.len(), |index| {
        let case = &cases[index];
        let mut tally = Tally::default();
        tally.ask(
            &benchstat,
            &ours,
            &case.folder(&folder.join(index.to_string())),
            case,
        );
        tally
    });
    tally.settle("testdata against benchstat", start);
}
