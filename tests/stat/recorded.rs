//! Against what benchstat said once, so that it needs no benchstat: `testdata/stat`.
//!
//! A file there has an answer after the other, each a line of JSON (the case, and how many bytes the answer
//! has) and those bytes. `ALLOCGATE_STAT_RECORD=1` asks benchstat again and writes them anew, with the
//! made-up inputs that they are about.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::case::{Case, testdata};
use crate::command::{Answer, Program};
use crate::examples;
use crate::real::{benchstat, made_up, temporary};
use crate::tally::{Tally, in_parallel};

/// The files of answers.
const FILES: [&str; 5] = ["documentation", "golden", "corners", "testdata", "made-up"];

/// Answers that are longer say little more.
const LONGEST: usize = 10_000;

/// How many made-up inputs are recorded, the first that are no longer than this together.
const CORPORA: usize = 45;
const LARGEST: usize = 12_000;

/// What stands before an answer.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(flatten)]
    case: Case,
    code: Option<i32>,
    stdout: usize,
    stderr: usize,
}

/// The answers in one file.
fn read(name: &str) -> Vec<(Case, Answer)> {
    let content = fs::read(testdata().join("stat").join(name).with_extension("txt")).unwrap();
    let mut rest = content.as_slice();
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let head: Head = serde_json::from_slice(&rest[..end]).unwrap();
        let (stdout, after) = rest[end + 1..].split_at(head.stdout);
        let (stderr, after) = after.split_at(head.stderr);
        let answer = Answer {
            code: head.code,
            stdout: stdout.to_vec(),
            stderr: stderr.to_vec(),
        };
        answers.push((head.case, answer));
        rest = after.strip_prefix(b"\n").unwrap();
    }
    answers
}

fn write(name: &str, answers: &[(Case, Answer)]) {
    let mut content = Vec::new();
    for (case, answer) in answers {
        let head = Head {
            case: case.clone(),
            code: answer.code,
            stdout: answer.stdout.len(),
            stderr: answer.stderr.len(),
        };
        content.extend(serde_json::to_vec(&head).unwrap());
        for part in [&b"\n"[..], &answer.stdout, &answer.stderr, b"\n"] {
            content.extend_from_slice(part);
        }
    }
    fs::write(
        testdata().join("stat").join(name).with_extension("txt"),
        content,
    )
    .unwrap();
}

/// The cases of a file, made anew.
fn cases(name: &str) -> Vec<Case> {
    match name {
        "documentation" => examples::documentation(),
        "golden" => examples::golden(),
        "corners" => examples::corners(),
        "testdata" => examples::testdata_cases(10),
        _ => made_up_cases(),
    }
}

/// Writes the made-up inputs that are small enough.
fn made_up_cases() -> Vec<Case> {
    let root = testdata().join("stat/made-up");
    let _ = fs::remove_dir_all(&root);
    let mut cases = Vec::new();
    let mut kept = 0;
    for seed in 1_000_000.. {
        let folder = Path::new("stat/made-up").join(kept.to_string());
        let lines = made_up(&testdata().join(&folder), seed);
        let files = fs::read_dir(testdata().join(&folder)).unwrap();
        let size: u64 = files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        if size as usize > LARGEST {
            fs::remove_dir_all(testdata().join(&folder)).unwrap();
            continue;
        }
        let case = |arguments| Case {
            folder: folder.clone(),
            files: Vec::new(),
            arguments,
        };
        cases.extend(lines.into_iter().take(3).map(case));
        kept += 1;
        if kept == CORPORA {
            break;
        }
    }
    cases
}

fn record(benchstat: &Program) {
    fs::create_dir_all(testdata().join("stat")).unwrap();
    let folder = temporary("record");
    for name in FILES {
        let mut answers = Vec::new();
        for case in cases(name) {
            let Some(answer) = benchstat.run(&case.folder(&folder), &case.arguments) else {
                continue;
            };
            if answer.stdout.len() + answer.stderr.len() <= LONGEST {
                answers.push((case, answer));
            }
        }
        write(name, &answers);
    }
}

#[test]
fn recorded_questions_are_answered_as_benchstat_answered() {
    if std::env::var_os("ALLOCGATE_STAT_RECORD").is_some() {
        record(&benchstat("recording").expect("recording needs the pinned benchstat"));
    }
    let (ours, folder) = (Program::ours(), temporary("recorded"));
    let answers: Vec<_> = FILES.iter().flat_map(|name| read(name)).collect();
    let start = Instant::now();
    let tally = in_parallel(answers.len(), |index| {
        let (case, theirs) = &answers[index];
        let mut tally = Tally::default();
        let folder = case.folder(&folder.join(index.to_string()));
        tally.hold(Some(theirs), &ours, &folder, case);
        tally
    });
    tally.settle("recorded answers", start);
}

#[test]
fn recorded_answers_are_benchstats() {
    let Some(benchstat) = benchstat("recorded answers against benchstat") else {
        return;
    };
    let folder = temporary("again");
    for (index, (case, recorded)) in FILES.iter().flat_map(|name| read(name)).enumerate() {
        let folder = case.folder(&folder.join(index.to_string()));
        let now = benchstat.run(&folder, &case.arguments);
        assert!(now.as_ref() == Some(&recorded), "{case:?}: {now:?}");
    }
}
