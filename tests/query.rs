//! The language of filters and projections against `golang.org/x/perf/benchproc`: recorded answers
//! for a table of expressions, and live ones for expressions put together at random.
//!
//! `cd testdata/query && go run . <questions.json >expected.jsonl` records anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod tools;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use allocgate::query::{Expressions, Filter, KeyId, Projection, Projections, Subject, UnitNames};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// What is asked of both.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Questions {
    results: Vec<Measured>,
    filters: Vec<String>,
    projections: Vec<[String; 4]>,
}

/// A result. Its name need not be text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Measured {
    #[serde(with = "bytes")]
    name: Vec<u8>,
    file: String,
    settings: Vec<(String, String)>,
    unit: String,
    printed: String,
}

/// What is answered of one expression.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Answer {
    error: String,
    passes: String,
    keys: Vec<Vec<String>>,
    sorted: Vec<Vec<String>>,
    differing: Vec<String>,
}

mod bytes {
    use super::{Deserialize, Engine, STANDARD};

    pub(super) fn serialize<S: serde::Serializer>(name: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(name))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

impl Subject for Measured {
    fn full_name(&self) -> &[u8] {
        &self.name
    }

    fn setting(&self, key: &str) -> Option<&[u8]> {
        if key == ".file" {
            return Some(self.file.as_bytes());
        }
        let mut settings = self.settings.iter();
        settings
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_bytes())
    }

    fn for_each_setting(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        for (name, value) in &self.settings {
            visit(name.as_bytes(), value.as_bytes());
        }
    }
}

impl Questions {
    /// The answers of this project.
    fn ours(&self) -> Vec<Answer> {
        let filters = self.filters.iter().map(|query| match Filter::parse(query) {
            Ok(filter) => Answer {
                passes: self.passes(&filter),
                ..Answer::default()
            },
            Err(error) => Answer {
                error: error.to_string(),
                ..Answer::default()
            },
        });
        let projections = self
            .projections
            .iter()
            .map(|expressions| self.project(expressions));
        filters.chain(projections).collect()
    }

    fn passes(&self, filter: &Filter) -> String {
        let pass = |result: &Measured| {
            let printed = Some(result.printed.as_bytes()).filter(|unit| !unit.is_empty());
            let unit = UnitNames {
                unit: result.unit.as_bytes(),
                printed,
            };
            if filter.matches(result, unit) {
                '1'
            } else {
                '0'
            }
        };
        self.results.iter().map(pass).collect()
    }

    fn project(&self, [table, row, col, ignore]: &[String; 4]) -> Answer {
        let mut filter = Filter::everything();
        let expressions = Expressions {
            table,
            row,
            col,
            ignore,
        };
        let mut all = match Projections::parse(&expressions, &mut filter) {
            Ok(all) => all,
            Err(error) => {
                return Answer {
                    error: error.to_string(),
                    ..Answer::default()
                };
            }
        };
        let mut answer = Answer {
            passes: self.passes(&filter),
            ..Answer::default()
        };
        let results = self.results.iter();
        let keys: Vec<KeyId> = results
            .map(|result| all.table.project_unit(result, result.unit.as_bytes()))
            .collect();
        answer.note(&all.table, keys);
        for projection in [&mut all.row, &mut all.col, &mut all.residue] {
            let results = self.results.iter();
            let keys = results.map(|result| projection.project(result)).collect();
            answer.note(projection, keys);
        }
        answer
    }

    /// The answers of benchproc, asked now; `None` where it cannot be.
    fn theirs(&self) -> Option<Vec<Answer>> {
        let go = tools::tool("go")?;
        let folder = folder();
        let fetch = Command::new(&go)
            .args(["mod", "download"])
            .current_dir(&folder)
            .output();
        if !fetch.is_ok_and(|fetch| fetch.status.success()) {
            return None;
        }
        let mut child = Command::new(&go)
            .args(["run", "."])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = serde_json::to_vec(self).unwrap();
        child.stdin.take().unwrap().write_all(&questions).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "go run . failed");
        Some(answers(&String::from_utf8(output.stdout).unwrap()))
    }

    /// Holds answers against ours, and tells all that differ.
    fn compare(&self, theirs: &[Answer]) {
        let ours = self.ours();
        assert_eq!(ours.len(), theirs.len());
        let projections = self
            .projections
            .iter()
            .map(|expressions| expressions.join(" ; "));
        let asked = self.filters.iter().cloned().chain(projections);
        let mut differing = String::new();
        for ((asked, ours), theirs) in asked.zip(&ours).zip(theirs) {
            if ours != theirs {
                let [ours, theirs] = [ours, theirs].map(|answer| format!("{answer:?}"));
                let mut pairs = ours.char_indices().zip(theirs.chars());
                let at = pairs.find(|((_, ours), theirs)| ours != theirs);
                let at = at.map_or(0, |((at, _), _)| at);
                let [ours, theirs] = [&ours, &theirs].map(|answer| around(answer, at));
                differing += &format!("{asked:?}\n  ours   …{ours}\n  theirs …{theirs}\n");
            }
        }
        assert!(differing.is_empty(), "{differing}");
    }
}

/// What stands around the first difference.
fn around(answer: &str, at: usize) -> String {
    answer
        .chars()
        .skip(at.saturating_sub(60))
        .take(120)
        .collect()
}

impl Answer {
    fn note(&mut self, projection: &Projection, mut keys: Vec<KeyId>) {
        let differing = projection.differing(&keys);
        let differing = differing.iter().map(|field| projection.field_name(*field));
        let differing: Vec<_> = differing.map(String::from_utf8_lossy).collect();
        self.differing.push(differing.join(" "));
        self.keys
            .push(keys.iter().map(|key| text(projection, *key)).collect());
        projection.sort(&mut keys);
        keys.dedup();
        self.sorted
            .push(keys.iter().map(|key| text(projection, *key)).collect());
    }
}

/// A key as benchproc writes it, what is no text as question marks.
fn text(projection: &Projection, key: KeyId) -> String {
    let mut text = Vec::new();
    for field in projection.fields() {
        let value = projection.value(key, field);
        if !value.is_empty() {
            let space: &[u8] = if text.is_empty() { b"" } else { b" " };
            text.extend([space, projection.field_name(field), b":", value].concat());
        }
    }
    // A run of what is no text is one question mark.
    let mut valid = String::new();
    let mut was_invalid = false;
    for chunk in text.utf8_chunks() {
        was_invalid &= chunk.valid().is_empty();
        valid += chunk.valid();
        if !was_invalid && !chunk.invalid().is_empty() {
            valid.push('?');
        }
        was_invalid = true;
    }
    valid
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/query")
}

fn answers(lines: &str) -> Vec<Answer> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn table() -> Questions {
    let text = fs::read_to_string(folder().join("questions.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_recorded_answer_is_given() {
    let recorded = fs::read_to_string(folder().join("expected.jsonl")).unwrap();
    table().compare(&answers(&recorded));
}

#[test]
fn expressions_put_together_at_random_are_answered_alike() {
    let mut table = table();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let parts: BTreeSet<String> = table
        .filters
        .iter()
        .flat_map(|query| pieces(query))
        .collect();
    let parts: Vec<String> = parts.into_iter().collect();
    table.filters = (0..3000).map(|_| random.expression(&parts)).collect();
    table.filters.extend((0..3000).map(|_| {
        let pattern = random.expression(&PATTERN_PARTS.map(str::to_owned));
        format!(".fullname:/{pattern}/")
    }));
    let fields = FIELD_PARTS.map(str::to_owned);
    table.projections = (0..600)
        .map(|_| [(); 4].map(|()| random.expression(&fields)))
        .collect();
    match table.theirs() {
        Some(theirs) => table.compare(&theirs),
        None => tools::not_run("query", "go or benchproc cannot be had"),
    }
}

#[test]
fn recorded_answers_are_those_of_today() {
    let recorded = fs::read_to_string(folder().join("expected.jsonl")).unwrap();
    match table().theirs() {
        Some(theirs) => assert_eq!(theirs, answers(&recorded)),
        None => tools::not_run("query", "go or benchproc cannot be had"),
    }
}

/// What regular expressions are put together of.
const PATTERN_PARTS: [&str; 60] = [
    "a",
    "b",
    "S",
    "s",
    "k",
    "é",
    "漢",
    "1",
    "-",
    "^",
    "$",
    ".",
    "*",
    "+",
    "?",
    "{2}",
    "{,2}",
    "{0,1}",
    "{1,}",
    "{",
    "}",
    "(",
    "(?:",
    "(?i)",
    "(?i:",
    "(?-i)",
    "(?s)",
    "(?m:",
    "(?U)",
    ")",
    ")",
    ")",
    "|",
    "[",
    "[^",
    "]",
    "]",
    "[a-c]",
    "[^a-c]",
    "&&",
    "~~",
    "--",
    "[:alpha:]",
    "[:^word:]",
    r"\d",
    r"\W",
    r"\s",
    r"\b",
    r"\B",
    r"\pL",
    r"\p{^Lu}",
    r"\P{Greek}",
    r"\Q",
    r"\E",
    r"\x{e9}",
    r"\101",
    r"\[",
    r"\/",
    r"\\",
    "=",
];

/// What projections are put together of.
const FIELD_PARTS: [&str; 26] = [
    ".config",
    ".fullname",
    ".name",
    ".file",
    "/n",
    "/m",
    "/gomaxprocs",
    "goos",
    "pkg",
    "v",
    "w",
    "n",
    ",",
    " ",
    " ",
    ",",
    "@num",
    "@alpha",
    "@first",
    "@(linux darwin)",
    "@(1 2k old.txt)",
    "@fixed",
    "@(",
    "@",
    "\"goos\"",
    "@x",
];

/// The words and operators of an expression, roughly.
fn pieces(query: &str) -> Vec<String> {
    let breaks = |c: char| " ():".contains(c);
    query.split_inclusive(breaks).map(str::to_owned).collect()
}

/// Numbers without order, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn expression(&mut self, parts: &[String]) -> String {
        let length = self.below(9);
        let parts = (0..length).map(|_| parts[self.below(parts.len())].clone());
        parts.collect()
    }
}
