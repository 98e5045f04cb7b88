//! The report as JUnit XML, for everything that lists tests: Jenkins, GitLab, Azure, actions for GitHub.
//!
//! A test is what can fail: a row that gates, a check of the memory budget, and the verdict itself, so
//! that a report of nothing is no empty file, and no red build has a green one. What regressed or is
//! over its budget is a failure, what could not be judged an error, and what could not be judged and the
//! policy lets pass is skipped. Advisory rows are no tests. Errors that no row tells stand beside the verdict.
//! Names hold no figure, so that a test is the same one in the next build.
//!
//! `file` and `line` are what pytest writes and GitLab and annotating actions read. Jenkins' `junit` step
//! passes over them; the schema of its xUnit plugin does not know them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::digest::{self, Names};
use super::place;
use super::problem::{self, Level, Problem, Subject};
use crate::figure::count;
use crate::gate::{
    CauseKind, Check, JudgedRow, Judgement, Outcome, Place, Report, Status, Verdict,
};
use crate::policy::Gating;
use crate::text::{fit_middle, plain};

/// The most tests of rows, of checks, and of errors that no row tells.
const MOST_ROWS: usize = 10_000;
const MOST_CHECKS: usize = 1000;
const MOST_ERRORS: usize = 1000;
/// The most units of advisory rows.
const MOST_UNITS: usize = 20;
/// Columns of a name.
const NAME_COLUMNS: usize = 300;
/// The suites that are no packages.
const OWN: &str = "allocgate";
const MEMORY: &str = "memory budget";

/// A test.
struct Case {
    suite: String,
    name: String,
    place: Option<Place>,
    mark: Mark,
}

/// How a test went, with what is to be said of it: a word and a sentence.
enum Mark {
    Passed,
    PassedSaying(String),
    Skipped(String),
    Failure(String, String),
    Error(String, String),
}

/// Tests of one kind.
#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut cases = vec![verdict(report)];
    cases.extend(bounded(errors(report), MOST_ERRORS, "more error"));
    let names = Names::of(report);
    let gating = |row: &&JudgedRow| row.gating == Gating::Gate;
    let rows = report.rows.iter().filter(gating);
    let rows = rows.map(|row| row_case(report, row, &names));
    cases.extend(bounded(rows, MOST_ROWS, "more row"));
    let checks = report.memory.iter().flat_map(|memory| &memory.checks);
    let checks = checks.map(|check| check_case(report, check, &names));
    cases.extend(bounded(checks, MOST_CHECKS, "more check"));

    let mut writer = Writer::new_with_indent(&mut *out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let [tests, failures, errors, _] = Counts::of(&cases).shown();
    let suites = writer.create_element("testsuites").with_attributes([
        ("name", OWN),
        ("tests", &tests),
        ("failures", &failures),
        ("errors", &errors),
        ("time", "0"),
    ]);
    suites.write_inner_content(|writer| {
        for (name, cases) in suites_of(&cases) {
            suite(name, &cases, writer)?;
        }
        Ok(())
    })?;
    out.write_all(b"\n")
}

/// The tests of each suite, in order of appearance.
fn suites_of(cases: &[Case]) -> Vec<(&str, Vec<&Case>)> {
    let mut suites: Vec<(&str, Vec<&Case>)> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        let at = *index.entry(&case.suite).or_insert(suites.len());
        match suites.get_mut(at) {
            Some((_, cases)) => cases.push(case),
            None => suites.push((&case.suite, vec![case])),
        }
    }
    suites
}

/// The test that every report has.
fn verdict(report: &Report) -> Case {
    let (verdict, causes) = digest::headline(report);
    let mut sentences = vec![format!("{}: {causes}", digest::label(report))];
    sentences.extend(digest::asides(report));
    sentences.push(digest::inputs(report));
    sentences.extend(digest::advisory(report).into_iter().take(MOST_UNITS));
    let sentences = sentences.iter().map(|sentence| xml(sentence));
    let text = sentences.collect::<Vec<_>>().join("\n");
    let word = verdict.label().to_owned();
    Case::own(
        "verdict",
        match verdict {
            Verdict::Pass => Mark::PassedSaying(text),
            Verdict::Regression => Mark::Failure(word, text),
            Verdict::CouldNotJudge | Verdict::CommandFailed => Mark::Error(word, text),
        },
    )
}

/// Errors that are neither rows nor checks. Of those with one code all but the first bear a number.
fn errors(report: &Report) -> impl Iterator<Item = Case> {
    let names = Names::of(report);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let problems = problem::all(report).into_iter();
    problems.filter_map(move |problem| {
        let own = matches!(problem.subject, Subject::Finding(_) | Subject::Cause(..));
        if !own || problem.level() != Level::Error {
            return None;
        }
        let code = problem.code();
        let nth = seen.entry(code.clone()).or_default();
        *nth += 1;
        let name = match nth {
            1 => code,
            nth => format!("{code} ({nth})"),
        };
        Some(Case {
            mark: mark(&problem, &names),
            place: problem.place,
            ..Case::own(&name, Mark::Passed)
        })
    })
}

fn row_case(report: &Report, row: &JudgedRow, names: &Names) -> Case {
    let key = &row.key;
    let mut name = match key.name_with_procs() {
        name if name.is_empty() => "(unnamed)".to_owned(),
        name => name,
    };
    for (setting, value) in &key.config {
        name.push_str(&format!(" {setting}:{value}"));
    }
    let package = match key.package.as_str() {
        "" => "(no package)",
        package => package,
    };
    let mark = match problem::outcome_of_row(report, row) {
        Some(outcome) => mark(&Problem::of_row(report, row, outcome), names),
        None if row.status == Status::Waived => Mark::PassedSaying(xml(&row.why())),
        None => Mark::Passed,
    };
    Case {
        suite: fitted(package),
        name: fitted(&format!("{name} {}", row.unit)),
        place: place::of_row(report, row),
        mark,
    }
}

fn check_case(report: &Report, check: &Check, names: &Names) -> Case {
    let name = match &check.container {
        Some(container) => format!("{container}: {}", check.id),
        None => check.id.to_string(),
    };
    let outcome = match check.judgement {
        Judgement::CouldNotJudge => problem::outcome(report, CauseKind::MemoryUnknown),
        _ => Outcome::Fail,
    };
    let problem = Problem::of_check(report, check, outcome);
    let mark = match check.judgement {
        Judgement::Fail | Judgement::CouldNotJudge => mark(&problem, names),
        Judgement::Pass => Mark::Passed,
        Judgement::Advice => Mark::PassedSaying(xml(&problem.message(names))),
        Judgement::NotAsked => Mark::Skipped(xml(&problem.message(names))),
    };
    Case {
        suite: MEMORY.to_owned(),
        name: fitted(&name),
        place: problem.place,
        mark,
    }
}

fn mark(problem: &Problem<'_>, names: &Names) -> Mark {
    let (code, message) = (problem.code(), xml(&problem.message(names)));
    match problem.outcome {
        Outcome::Fail => Mark::Failure(code, message),
        Outcome::CouldNotJudge => Mark::Error(code, message),
        Outcome::Pass => Mark::Skipped(message),
    }
}

/// The first `most` tests, and one for the others: it fails if one of them does.
fn bounded(mut cases: impl Iterator<Item = Case>, most: usize, what: &str) -> Vec<Case> {
    let mut bounded: Vec<Case> = cases.by_ref().take(most).collect();
    let (mut left, mut failed) = (0, None);
    for case in cases {
        left += 1;
        if matches!(case.mark, Mark::Failure(..) | Mark::Error(..)) {
            failed = failed.or(Some(case.mark));
        }
    }
    if left > 0 {
        let text = format!("and {}: --report json has all of them", count(left, what));
        let mark = match failed {
            Some(Mark::Failure(code, _)) => Mark::Failure(code, text),
            Some(Mark::Error(code, _)) => Mark::Error(code, text),
            _ => Mark::PassedSaying(text),
        };
        bounded.push(Case::own(&format!("{what}s"), mark));
    }
    bounded
}

impl Case {
    fn own(name: &str, mark: Mark) -> Self {
        Case {
            suite: OWN.to_owned(),
            name: name.to_owned(),
            place: None,
            mark,
        }
    }
}

impl Counts {
    fn of<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut counts = Counts::default();
        for case in cases {
            counts.tests += 1;
            match case.mark {
                Mark::Passed | Mark::PassedSaying(_) => {}
                Mark::Skipped(_) => counts.skipped += 1,
                Mark::Failure(..) => counts.failures += 1,
                Mark::Error(..) => counts.errors += 1,
            }
        }
        counts
    }

    fn shown(&self) -> [String; 4] {
        [self.tests, self.failures, self.errors, self.skipped].map(|count| count.to_string())
    }
}

fn suite<W: Write>(name: &str, cases: &[&Case], writer: &mut Writer<W>) -> io::Result<()> {
    let [tests, failures, errors, skipped] = Counts::of(cases.iter().copied()).shown();
    let suite = writer.create_element("testsuite").with_attributes([
        ("name", name),
        ("tests", &tests),
        ("failures", &failures),
        ("errors", &errors),
        ("skipped", &skipped),
        ("time", "0"),
    ]);
    suite.write_inner_content(|writer| cases.iter().try_for_each(|one| case(one, writer)))?;
    Ok(())
}

fn case<W: Write>(case: &Case, writer: &mut Writer<W>) -> io::Result<()> {
    let mut element = writer.create_element("testcase").with_attributes([
        ("classname", case.suite.as_str()),
        ("name", &case.name),
        ("time", "0"),
    ]);
    if let Some(Place { file, line }) = &case.place {
        let (file, line) = (xml(file), line.to_string());
        element = element.with_attributes([("file", file.as_str()), ("line", &line)]);
    }
    let (tag, kind, text) = match &case.mark {
        Mark::Passed => return element.write_empty().map(drop),
        Mark::PassedSaying(text) => ("system-out", None, text),
        Mark::Skipped(text) => ("skipped", None, text),
        Mark::Failure(kind, text) => ("failure", Some(kind), text),
        Mark::Error(kind, text) => ("error", Some(kind), text),
    };
    element.write_inner_content(|writer| {
        let mut element = writer.create_element(tag);
        if let Some(kind) = kind {
            element = element.with_attribute(("type", kind.as_str()));
        }
        // The first line where one has room for one only, all of it where there is more.
        let first = text.lines().next().unwrap_or_default();
        if tag != "system-out" {
            element = element.with_attribute(("message", first));
        }
        let text = match &case.place {
            Some(Place { file, line }) if kind.is_some() => {
                format!("{}:{line}: {text}", xml(file))
            }
            _ => text.clone(),
        };
        element.write_text_content(BytesText::new(&text)).map(drop)
    })?;
    Ok(())
}

/// A name that is not too long.
fn fitted(name: &str) -> String {
    fit_middle(&xml(name), NAME_COLUMNS).into_owned()
}

/// Text of others, with nothing in it that XML cannot say (besides control characters these are two that
/// are no characters), and nothing that Jenkins and GitLab take for the path of a file to attach.
fn xml(text: &str) -> String {
    plain(text)
        .replace("[[ATTACHMENT|", "[\\x5bATTACHMENT|")
        .replace('\u{fffe}', "\\u{fffe}")
        .replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests;
