//! Annotations for GitHub Actions: workflow commands (`::error file=…,line=…,title=…::message`) that
//! the runner turns into notes at the lines of a pull request.
//!
//! GitHub shows ten errors and ten warnings of a step and drops the rest without a word, so that the
//! rows of one function share an annotation, and the last one counts what is left out. Of the
//! message `%`, CR and LF are escaped, of properties `:` and `,`, too, as the runner unescapes them;
//! text of others has lost whatever else could act before.

use std::io::{self, Write};

use super::digest::{self, Names};
use super::lines;
use super::problem::{self, Level, Problem, Subject, figures};
use crate::benchmark::function_of;
use crate::figure::{self, count};
use crate::gate::{JudgedRow, Place, Report};
use crate::text::{fit, fit_middle, plain};

/// The most that GitHub shows of one level and one step.
const MOST: usize = 10;
/// Rows of one function that are listed.
const MOST_ROWS: usize = 5;
/// Columns of a line of a message, and of a title.
const LINE_COLUMNS: usize = 300;
const TITLE_COLUMNS: usize = 100;
/// Columns of a name.
const NAME_COLUMNS: usize = 100;

/// One annotation.
struct Annotation<'a> {
    problems: Vec<&'a Problem<'a>>,
}

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let problems = problem::all(report);
    let names = Names::of(report);
    for (level, word) in [(Level::Error, "error"), (Level::Warning, "warning")] {
        let own = problems.iter().filter(|problem| problem.level() == level);
        let annotations = grouped(own);
        let shown = problem::listed(annotations.len(), MOST);
        for annotation in &annotations[..shown] {
            let place = annotation.problems[0].place.as_ref();
            let title = annotation.title();
            write(word, place, &title, &annotation.message(&names), out)?;
        }
        if shown < annotations.len() {
            let left = count(annotations.len() - shown, &format!("more {word}"));
            let message = format!("and {left}: the report has all of them");
            write(word, None, &format!("allocgate: {left}"), &message, out)?;
        }
    }
    if let Some(selection) = digest::selection(report) {
        let message = fit(&selection, LINE_COLUMNS);
        write("notice", None, "allocgate: filter", &message, out)?;
    }
    notices(report, &names, out)
}

/// The rows of one function together, everything else by itself.
fn grouped<'a>(problems: impl Iterator<Item = &'a Problem<'a>>) -> Vec<Annotation<'a>> {
    let mut annotations: Vec<Annotation<'a>> = Vec::new();
    let mut index = std::collections::BTreeMap::new();
    for problem in problems {
        let Subject::Row(row) = problem.subject else {
            let problems = vec![problem];
            annotations.push(Annotation { problems });
            continue;
        };
        let function = (row.key.package.as_str(), function_of(&row.key.benchmark));
        let at = *index.entry(function).or_insert(annotations.len());
        match annotations.get_mut(at) {
            Some(annotation) => annotation.problems.push(problem),
            None => annotations.push(Annotation {
                problems: vec![problem],
            }),
        }
    }
    annotations
}

impl Annotation<'_> {
    /// What happened, in a few words.
    fn title(&self) -> String {
        let code = self.problems[0].code().replace('-', " ");
        let title = match self.problems[0].subject {
            Subject::Row(row) => {
                let function = plain(function_of(&row.key.benchmark)).into_owned();
                format!("{}: {code}", fit_middle(&function, TITLE_COLUMNS / 2))
            }
            Subject::Finding(_) | Subject::Cause(..) => code,
            Subject::Check(_) => format!("memory: {code}"),
        };
        format!("allocgate: {title}")
    }

    /// A line a row; one sentence of anything else.
    fn message(&self, names: &Names) -> String {
        let line = |problem: &&Problem<'_>| -> String {
            let text = match problem.subject {
                Subject::Row(row) => {
                    let name = plain(&names.name(&row.key)).into_owned();
                    let line = format!("{}: {}", fit_middle(&name, NAME_COLUMNS), figures(row));
                    match self.problems.len() {
                        1 => format!("{line}: {}", row.why()),
                        _ => line,
                    }
                }
                Subject::Finding(_) | Subject::Check(_) | Subject::Cause(..) => {
                    problem.message(names)
                }
            };
            fit(&plain(&text), LINE_COLUMNS).into_owned()
        };
        joined(self.problems.iter().map(line))
    }
}

/// A line a row, of the first rows.
fn joined(rows: impl ExactSizeIterator<Item = String>) -> String {
    let left = rows.len().saturating_sub(MOST_ROWS);
    let mut lines: Vec<String> = rows.take(MOST_ROWS).collect();
    if left > 0 {
        lines.push(format!("and {}", count(left, "more row")));
    }
    lines.join("\n")
}

/// Notes at the lines that allocate more, what they cost and which benchmarks show it.
fn notices(report: &Report, names: &Names, out: &mut dyn Write) -> io::Result<()> {
    let lines = lines::all(report);
    let shown = problem::listed(lines.len(), MOST);
    for line in &lines[..shown] {
        let cost = |(row, rise): &(&JudgedRow, f64)| {
            let name = plain(&names.name(&row.key)).into_owned();
            let name = fit_middle(&name, NAME_COLUMNS);
            let rise = figure::signed(*rise, &row.unit);
            plain(&format!("{name}: {} {rise}", row.unit)).into_owned()
        };
        let message = joined(line.rows.iter().map(cost));
        let function = line.function();
        let function = fit_middle(&function, TITLE_COLUMNS / 2);
        let title = format!("allocgate: {function} allocates more here");
        write("notice", Some(line.place), &title, &message, out)?;
    }
    if shown < lines.len() {
        let left = count(lines.len() - shown, "more line");
        let message = format!("and {left} that allocate more: the report has all of them");
        write("notice", None, &format!("allocgate: {left}"), &message, out)?;
    }
    Ok(())
}

/// A note on no line of a file.
pub(super) fn notice(message: &str) -> String {
    format!("::notice title=allocgate::{}", data(&plain(message)))
}

fn write(
    word: &str,
    place: Option<&Place>,
    title: &str,
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "::{word} ")?;
    if let Some(Place { file, line }) = place {
        write!(out, "file={},line={line},", property(&plain(file)))?;
    }
    let title = fit(title, TITLE_COLUMNS);
    writeln!(out, "title={}::{}", property(&title), data(message))
}

/// The value of a property, as the runner unescapes it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A message, as the runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn rendered(report: &Report) -> String {
        fixture::rendered(render, report)
    }

    #[test]
    fn snapshots() {
        insta::assert_snapshot!("github", rendered(&fixture::everything()));
        insta::assert_snapshot!("github_memory", rendered(&fixture::memory()));
    }

    #[test]
    fn what_passes_is_not_annotated() {
        assert_eq!(rendered(&fixture::pass()), "");
    }

    #[test]
    fn a_verdict_is_never_without_an_annotation() {
        for report in fixture::all() {
            let failed = report.verdict.exit_code() != 0;
            assert_eq!(rendered(&report).contains("::error "), failed);
        }
    }

    #[test]
    fn every_line_is_one_command_and_no_more_than_github_shows() {
        for report in fixture::all() {
            let text = rendered(&report);
            let words = ["error", "warning", "notice"];
            for word in words {
                let own = format!("::{word} ");
                let lines = text.lines().filter(|line| line.starts_with(&own)).count();
                assert!(lines <= MOST, "{lines} of {word}");
                for line in text.lines() {
                    let is = |word: &&str| line.starts_with(&format!("::{word} "));
                    let command = words.iter().any(is);
                    assert!(command && line.len() < 4000, "{line}");
                    assert!(!line.contains(['\r', '\x1b', '\u{202e}']), "{line}");
                }
            }
        }
        let many = rendered(&fixture::many(3000));
        assert!(many.contains("more errors"), "{many}");
    }

    #[test]
    fn properties_are_escaped() {
        assert_eq!(property("a,b:c%0A"), "a%2Cb%3Ac%250A");
        assert_eq!(data("50%\nnext"), "50%25%0Anext");
    }
}
