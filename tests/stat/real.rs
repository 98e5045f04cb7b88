//! Against the real benchstat.
//!
//! `ALLOCGATE_STAT_SEED` asks about other made-up inputs than usual, `ALLOCGATE_STAT_CORPORA` about more of
//! them, and `BENCHSTAT` names the benchstat to ask.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::command::Program;
use crate::comparison::{Outcome, compare};
use crate::corpus::Corpus;
use crate::flags::{FILES, command_line};
use crate::tools::{not_run, tool};

/// The version that every answer here and in `testdata` is of.
const VERSION: &str = "v0.0.0-20260908200009-22c9c6c9d4da";

/// How many command lines are asked about the same files.
const LINES: usize = 5;

/// How many differences are printed.
const SHOWN: usize = 10;

/// The pinned benchstat, if there is one.
fn benchstat(test: &str) -> Option<Program> {
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

/// A question to both programs.
struct Case {
    /// How to come to it again.
    title: String,
    folder: PathBuf,
    arguments: Vec<String>,
}

/// What came of all questions.
#[derive(Default)]
struct Tally {
    compared: usize,
    identical: usize,
    refused: usize,
    /// benchstat hung or crashed.
    unanswered: usize,
    differences: Vec<String>,
}

impl Tally {
    /// Asks both programs; whether they agree.
    fn ask(&mut self, benchstat: &Program, ours: &Program, case: &Case) -> bool {
        let Some(theirs) = benchstat.run(&case.folder, &case.arguments) else {
            self.unanswered += 1;
            return true;
        };
        let Some(ours) = ours.run(&case.folder, &case.arguments) else {
            self.differences
                .push(format!("{}\n  ours does not end", case.describe()));
            return false;
        };
        match compare(&theirs, &ours, is_csv(&case.arguments)) {
            Outcome::Same { identical } => self.identical += usize::from(identical),
            Outcome::Refused => self.refused += 1,
            Outcome::Crashed => {
                self.unanswered += 1;
                return true;
            }
            Outcome::Different(difference) => {
                self.compared += 1;
                self.differences
                    .push(format!("{}\n{difference}", case.describe()));
                return false;
            }
        }
        self.compared += 1;
        true
    }

    fn add(&mut self, other: Tally) {
        self.compared += other.compared;
        self.identical += other.identical;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.differences.extend(other.differences);
    }
}

impl Case {
    fn describe(&self) -> String {
        let (title, folder) = (&self.title, self.folder.display());
        format!("{title}: in {folder}: stat {:?}", self.arguments)
    }
}

/// Whether a command line asks for CSV: the last `-format` counts.
fn is_csv(arguments: &[String]) -> bool {
    let mut csv = false;
    for (at, argument) in arguments.iter().enumerate() {
        let flag = argument.trim_start_matches('-');
        match flag.strip_prefix("format=") {
            Some(format) if argument.starts_with('-') => csv = format == "csv",
            _ if argument.starts_with('-') && flag == "format" => {
                csv = arguments.get(at + 1).is_some_and(|format| format == "csv");
            }
            _ => {}
        }
    }
    csv
}

/// Asks about the files of one seed, in a folder that stays if the answers differ.
fn ask_corpus(benchstat: &Program, ours: &Program, folder: &Path, seed: u64) -> Tally {
    let corpus = Corpus::generate(seed);
    let folder = folder.join(seed.to_string());
    fs::create_dir_all(&folder).unwrap();
    for (name, content) in FILES.iter().zip(&corpus.files) {
        fs::write(folder.join(name), content).unwrap();
    }
    let mut tally = Tally::default();
    let mut agreed = true;
    for line in 0..LINES {
        let case = Case {
            title: format!("seed {seed}, line {line}"),
            folder: folder.clone(),
            arguments: command_line(seed * LINES as u64 + line as u64, &corpus),
        };
        agreed &= tally.ask(benchstat, ours, &case);
    }
    if agreed {
        fs::remove_dir_all(&folder).unwrap();
    }
    tally
}

/// Does `count` things on all cores and adds up what came of them.
fn tally(count: usize, ask: impl Fn(usize) -> Tally + Sync) -> Tally {
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let tally = ask(index);
                    total.lock().unwrap().add(tally);
                }
            });
        }
    });
    total.into_inner().unwrap()
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
    let ours = Program::ours();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stat");
    let _ = fs::remove_dir_all(&folder);
    let first = number("ALLOCGATE_STAT_SEED", 1);
    let corpora = number("ALLOCGATE_STAT_CORPORA", 420) as usize;
    let start = Instant::now();
    let tally = tally(corpora, |index| {
        ask_corpus(&benchstat, &ours, &folder, first + index as u64)
    });
    report(&tally, start);
}

fn report(tally: &Tally, start: Instant) {
    let Tally {
        compared,
        identical,
        refused,
        unanswered,
        differences,
    } = tally;
    println!(
        "{compared} compared with benchstat in {:.0} s: {} differences; {identical} answers the same byte for \
         byte, {refused} refused by both; {unanswered} that benchstat hung or crashed on",
        start.elapsed().as_secs_f64(),
        differences.len(),
    );
    for difference in differences.iter().take(SHOWN) {
        println!("{difference}");
    }
    assert!(
        differences.is_empty(),
        "{} of {compared} answers differ",
        differences.len()
    );
}
