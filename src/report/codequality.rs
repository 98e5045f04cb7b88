//! The report as GitLab's Code Quality (`artifacts: reports: codequality`): an entry a problem, which
//! merge requests list and show at their lines.
//!
//! GitLab stops reading at the first entry that has no path, so that what has no line stands at the
//! first line of the policy, where it can be accepted. The widget lists what a merge request adds to the
//! report of its target branch by fingerprints: they are the same in every run. The branch's report has to be
//! there, and to be empty: problems of an earlier merge request would hide those of the next. There are no
//! more than 5,000 entries, the last of which counts what is left out.

use std::io::{self, Write};

use serde::Serialize;

use super::digest::Names;
use super::place;
use super::problem::{self, Problem};
use crate::figure::count;
use crate::gate::{Outcome, Place, Report};
use crate::text::plain;

/// The most entries, the one that counts the others included.
const MOST: usize = 5000;

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let problems = problem::all(report);
    let (names, policy) = (Names::of(report), place::of_policy(report));
    let shown = problem::listed(problems.len(), MOST);
    let fingerprints = problem::fingerprints(&problems[..shown]).into_iter();
    let mut entries: Vec<Entry> = problems
        .iter()
        .zip(fingerprints)
        .map(|(problem, fingerprint)| Entry {
            description: problem.message(&names),
            check_name: format!("allocgate/{}", problem.code()),
            fingerprint,
            severity: severity(problem),
            location: location(problem.place.as_ref().unwrap_or(&policy)),
        })
        .collect();
    if let [first, ..] = &problems[shown..] {
        let left = count(problems.len() - shown, "more problem");
        entries.push(Entry {
            description: format!("and {left}: --report json has all of them"),
            check_name: "allocgate/left-out".to_owned(),
            fingerprint: "allocgate/left-out".to_owned(),
            severity: severity(first),
            location: location(&policy),
        });
    }
    // An entry a line.
    let mut before = "[\n";
    for entry in &entries {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut *out, entry)?;
        before = ",\n";
    }
    out.write_all(if entries.is_empty() {
        b"[]\n"
    } else {
        b"\n]\n"
    })
}

fn severity(problem: &Problem<'_>) -> &'static str {
    match problem.outcome {
        Outcome::Fail => "critical",
        Outcome::CouldNotJudge => "major",
        Outcome::Pass => "minor",
    }
}

fn location(place: &Place) -> Location {
    Location {
        path: plain(place.file.trim_start_matches('/')).into_owned(),
        lines: Lines {
            begin: place.line.max(1),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::super::fixture;
    use super::*;

    fn rendered(report: &Report) -> String {
        fixture::rendered(render, report)
    }

    fn entries(report: &Report) -> Vec<Value> {
        serde_json::from_str(&rendered(report)).unwrap()
    }

    #[test]
    fn snapshots() {
        insta::assert_snapshot!("codequality", rendered(&fixture::everything()));
        insta::assert_snapshot!("codequality_memory", rendered(&fixture::memory()));
        assert_eq!(rendered(&fixture::pass()), "[]\n");
    }

    /// What GitLab documents of the format, and nothing besides.
    #[test]
    fn entries_are_as_gitlab_documents_them() {
        let text = json!({ "type": "string", "minLength": 1 });
        let validator = jsonschema::validator_for(&json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": text,
                "check_name": text,
                "fingerprint": text,
                "severity": { "enum": ["info", "minor", "major", "critical", "blocker"] },
                "location": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["path", "lines"],
                    "properties": {
                        "path": { "type": "string", "minLength": 1, "pattern": "^[^./]" },
                        "lines": {
                            "type": "object",
                            "additionalProperties": false,
                            "required": ["begin"],
                            "properties": { "begin": { "type": "integer", "minimum": 1 } },
                        },
                    },
                },
            },
        }))
        .unwrap();
        for report in fixture::all() {
            let entries = entries(&report);
            let mut fingerprints = BTreeSet::new();
            for entry in &entries {
                let errors: Vec<_> = validator.iter_errors(entry).collect();
                assert!(errors.is_empty(), "{errors:#?}");
                assert!(fingerprints.insert(entry["fingerprint"].to_string()));
            }
            let fails = |entry: &Value| entry["severity"] != "minor";
            assert_eq!(entries.iter().any(fails), report.verdict.exit_code() != 0);
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let report = fixture::many(MOST + 7);
        let entries = entries(&report);
        assert_eq!(entries.len(), MOST);
        let last = entries.last().unwrap();
        assert_eq!(
            last["description"],
            "and 8 more problems: --report json has all of them"
        );
        assert_eq!(last["severity"], "critical");
        assert!(rendered(&report).len() < 10 << 20);
        assert!(!rendered(&fixture::many(MOST)).contains("left-out"));
    }
}
