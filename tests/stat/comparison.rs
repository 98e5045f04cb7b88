//! Whether two answers are the same.
//!
//! CSV has to be the same byte for byte, and standard error line for line. Of text, its *layout* is not
//! compared: a line is reduced to its words, which spaces and `│` part, so that widths of columns and empty
//! cells do not count; headers, numbers, footnote marks, footnotes and their order do. How much is the same
//! without that reduction is counted, too.
//!
//! Where benchstat refuses, it says `benchstat: …` and ends with 0 or, for its flag package, 2. Ours ends
//! with 2 and prints nothing but the message, which for an expression has to be benchstat's, its mark under
//! the place included.

use std::fmt;

use crate::command::Answer;

/// How two answers compare.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Same {
        identical: bool,
    },
    /// Both refused to answer, for the same reason.
    Refused,
    /// benchstat crashed, so there is nothing to compare with.
    Crashed,
    Different(Difference),
}

/// The first line that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) of: &'static str,
    pub(crate) line: usize,
    pub(crate) theirs: String,
    pub(crate) ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}, line {}:", self.of, self.line)?;
        writeln!(f, "    benchstat: {}", self.theirs)?;
        write!(f, "    ours:      {}", self.ours)
    }
}

impl Difference {
    /// What differences of one cause are likely to have in common.
    pub(crate) fn signature(&self) -> String {
        let text = format!("{} {} {}", self.of, self.theirs, self.ours);
        text.chars()
            .filter(|c| !c.is_ascii_digit())
            .take(60)
            .collect()
    }
}

/// Compares the answers to one command line; ours is `None` if it did not end.
pub(crate) fn compare(theirs: &Answer, ours: Option<&Answer>, csv: bool) -> Outcome {
    let endless = Answer {
        code: None,
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    let ours = ours.unwrap_or(&endless);
    if let Some(refusal) = Refusal::of(theirs) {
        return refusal.compare(ours);
    }
    let identical = theirs.stdout == ours.stdout;
    let layout = if csv { lines } else { words };
    let different = difference("exit code", &[code(Some(0))], &[code(ours.code)])
        .or_else(|| {
            difference(
                "standard output",
                &layout(&theirs.stdout),
                &layout(&ours.stdout),
            )
        })
        .or_else(|| {
            difference(
                "standard error",
                &lines(&theirs.stderr),
                &lines(&ours.stderr),
            )
        });
    match different {
        Some(different) => Outcome::Different(different),
        None => Outcome::Same { identical },
    }
}

/// How benchstat says no.
enum Refusal {
    Crash,
    /// A bad flag, of which its flag package says something of its own.
    Usage,
    /// A filter or projection that is none, with what is wrong about it.
    Expression(String),
    /// An input that it cannot read, or a number out of range.
    Other,
}

impl Refusal {
    fn of(theirs: &Answer) -> Option<Refusal> {
        let stderr = String::from_utf8_lossy(&theirs.stderr);
        let said = stderr.starts_with("benchstat: ").then_some(0);
        let said = said.or_else(|| stderr.find("\nbenchstat: ").map(|at| at + 1));
        match (said, theirs.code) {
            (Some(at), _) => {
                let message = stderr[at..].trim_start_matches("benchstat: ");
                Some(match message.strip_prefix("parsing -") {
                    Some(expression) => {
                        Refusal::Expression(format!("error: parsing --{expression}"))
                    }
                    None => Refusal::Other,
                })
            }
            (None, Some(0)) => None,
            (None, Some(2)) if stderr.contains("Usage: benchstat") => Some(Refusal::Usage),
            (None, _) => Some(Refusal::Crash),
        }
    }

    fn compare(&self, ours: &Answer) -> Outcome {
        let message = match self {
            Refusal::Crash => return Outcome::Crashed,
            Refusal::Expression(message) => lines(message.as_bytes()),
            Refusal::Usage | Refusal::Other => lines(&ours.stderr),
        };
        let different = difference("exit code", &[code(Some(2))], &[code(ours.code)])
            .or_else(|| difference("standard output", &[], &lines(&ours.stdout)))
            .or_else(|| difference("standard error", &message, &lines(&ours.stderr)));
        match different {
            Some(different) => Outcome::Different(different),
            None if ours.stderr.is_empty() => Outcome::Different(Difference {
                of: "standard error",
                line: 1,
                theirs: "a refusal".to_owned(),
                ours: "nothing".to_owned(),
            }),
            None => Outcome::Refused,
        }
    }
}

fn code(code: Option<i32>) -> String {
    code.map_or("killed".to_owned(), |code| code.to_string())
}

/// Lines as they are, with bytes that are no text in a form that can be printed.
fn lines(output: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = output
        .split(|byte| *byte == b'\n')
        .map(|line| match std::str::from_utf8(line) {
            Ok(line) => line.to_owned(),
            Err(_) => line.escape_ascii().to_string(),
        })
        .collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Lines without layout: their words.
fn words(output: &[u8]) -> Vec<String> {
    lines(output)
        .iter()
        .map(|line| {
            let words = line.split([' ', '│']).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn difference(of: &'static str, theirs: &[String], ours: &[String]) -> Option<Difference> {
    let line =
        (0..theirs.len().max(ours.len())).find(|line| theirs.get(*line) != ours.get(*line))?;
    let show = |lines: &[String]| {
        lines.get(line).map_or("(no such line)".to_owned(), |line| {
            line.escape_debug().to_string()
        })
    };
    Some(Difference {
        of,
        line: line + 1,
        theirs: show(theirs),
        ours: show(ours),
    })
}

#[cfg(test)]
mod tests {
    use super::{Answer, Outcome};

    fn answer(code: i32, stdout: &str, stderr: &str) -> Answer {
        Answer {
            code: Some(code),
            stdout: stdout.as_bytes().to_vec(),
            stderr: stderr.as_bytes().to_vec(),
        }
    }

    fn place(outcome: &Outcome) -> Option<(&'static str, usize)> {
        match outcome {
            Outcome::Different(difference) => Some((difference.of, difference.line)),
            _ => None,
        }
    }

    fn compare(theirs: &Answer, ours: &Answer, csv: bool) -> Outcome {
        super::compare(theirs, Some(ours), csv)
    }

    #[test]
    fn layout_does_not_count_and_every_word_does() {
        let theirs = answer(0, "  │ a │\nX   1.0 ± 2% ¹\n", "");
        let narrow = answer(0, "│a│\nX 1.0 ± 2% ¹\n", "");
        assert_eq!(
            compare(&theirs, &narrow, false),
            Outcome::Same { identical: false }
        );
        assert_eq!(
            compare(&theirs, &theirs, false),
            Outcome::Same { identical: true }
        );
        assert_eq!(
            place(&compare(&theirs, &narrow, true)),
            Some(("standard output", 1))
        );
        for other in ["│a│\nX 1.0 ± 2%\n", "│a│\nX 1.0 ± 2% ¹\n\n", "│a│\n"] {
            let outcome = compare(&theirs, &answer(0, other, ""), false);
            assert!(place(&outcome).is_some(), "{other:?}");
        }
    }

    #[test]
    fn warnings_and_exit_codes_count() {
        let theirs = answer(0, "x\n", "a.txt:1: missing units\n");
        let outcome = compare(&theirs, &answer(0, "x\n", ""), true);
        assert_eq!(place(&outcome), Some(("standard error", 1)));
        let outcome = compare(&theirs, &answer(1, "x\n", "a.txt:1: missing units\n"), true);
        assert_eq!(place(&outcome), Some(("exit code", 1)));
    }

    #[test]
    fn refusals_are_compared_by_what_they_say_of_an_expression() {
        let theirs = answer(
            0,
            "",
            "benchstat: parsing -filter: syntax error: x\n\ta\n\t ^\n",
        );
        let right = "error: parsing --filter: syntax error: x\n\ta\n\t ^\n";
        assert_eq!(
            compare(&theirs, &answer(2, "", right), true),
            Outcome::Refused
        );
        let moved = right.replace(" ^", "  ^");
        let outcome = compare(&theirs, &answer(2, "", &moved), true);
        assert_eq!(place(&outcome), Some(("standard error", 3)));
        assert_eq!(
            place(&compare(&theirs, &answer(0, "", right), true)),
            Some(("exit code", 1))
        );
        assert_eq!(
            place(&compare(&theirs, &answer(2, "x", right), true)),
            Some(("standard output", 1))
        );

        let usage = answer(
            2,
            "",
            "flag provided but not defined: -x\nUsage: benchstat\n",
        );
        assert_eq!(
            compare(&usage, &answer(2, "", "error: no -x\n"), true),
            Outcome::Refused
        );
        assert!(place(&compare(&usage, &answer(2, "", ""), true)).is_some());
        let crash = answer(2, "", "panic: x\n");
        assert_eq!(compare(&crash, &answer(0, "", ""), true), Outcome::Crashed);
    }
}
