//! Whether two answers are the same.
//!
//! Standard output has to be the same byte for byte and standard error line for line. The exception is text
//! with characters that are not one column wide or that are made harmless: benchstat takes every character
//! for a column, ours does not, so the *layout* of such text is not compared. A line is reduced to its words
//! then, which spaces and `│` part; headers, numbers, marks of footnotes, footnotes and their order count.
//!
//! # Wanted differences
//!
//! - *Exit codes.* Where benchstat refuses, it says `benchstat: …` and ends with 0 or, for its flag package,
//!   with 2. Ours ends with 2 and prints nothing but the message, which for an expression has to be
//!   benchstat's, its mark under the place included: a build must not pass on an answer that is none.
//! - *Nothing.* Where no result is left, benchstat prints nothing and ends with 0. Ours says so and ends with 2.
//! - *Control characters* of names are printed as visible escapes in text and in messages, and bytes that are
//!   no text as `\u{fffd}`: they come from whoever wrote the change under test. CSV has them as they are.
//! - *Zeros below zero.* Where a sample of more than 12 values has both 0 and -0, the order that Go's sort leaves
//!   them in is its own affair, and with it the sign of a median of 0. No such sample is made up here.
//! - *A p-value that is alpha to the last digit.* With ties in more than 20 values together, benchstat takes
//!   binomial coefficients from the logarithm of the gamma function, so that a p of 1 is a little more or less and
//!   `-alpha 1` is met or not. Ours is exact there. No such alpha is made up here.
//! - *Inputs that benchstat cannot read* (see `case::unreadable`) are compared by no test here.

use std::fmt;

use allocgate::text::{plain, width};

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
    /// With what ours said of it.
    fn because(mut self, stderr: &[u8]) -> Self {
        let said = String::from_utf8_lossy(stderr);
        let mut said = said
            .lines()
            .skip_while(|line| !line.contains("panicked") && !line.starts_with("error"));
        for line in said.by_ref().take(2) {
            self.ours.extend([": ", line]);
        }
        self
    }

    /// What differences of one cause are likely to have in common: the first words that differ, without
    /// their digits.
    pub(crate) fn signature(&self) -> String {
        let mut words = self
            .theirs
            .split([' ', ','])
            .zip(self.ours.split([' ', ',']));
        let (theirs, ours) = words
            .find(|(theirs, ours)| theirs != ours)
            .unwrap_or_default();
        let text = format!("{} {theirs} {ours}", self.of);
        text.chars().filter(|c| !c.is_ascii_digit()).collect()
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
    let mut warnings = lines(&ours.stderr);
    let nothing = theirs.stdout.is_empty() && ours.code == Some(2);
    if nothing {
        warnings.pop_if(|last| last.starts_with("error: no "));
    }
    let ends = if nothing { Some(2) } else { Some(0) };
    let different = difference("exit code", &[code(ends)], &[code(ours.code)])
        .map(|different| different.because(&ours.stderr))
        .or_else(|| output(&theirs.stdout, &ours.stdout, csv))
        .or_else(|| difference("standard error", &harmless(&theirs.stderr), &warnings));
    match different {
        Some(different) => Outcome::Different(different),
        None => Outcome::Same { identical },
    }
}

/// What differs of standard output. Words come first: where they differ, so do the widths before them.
fn output(theirs: &[u8], ours: &[u8], csv: bool) -> Option<Difference> {
    let in_words = match csv {
        true => None,
        false => difference(
            "words of standard output",
            &words(theirs, true),
            &words(ours, false),
        ),
    };
    let whole = || difference("standard output", &lines(theirs), &lines(ours));
    in_words.or_else(|| (csv || is_narrow(theirs)).then(whole).flatten())
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
            // Of two mistakes ours may tell the other one.
            Refusal::Expression(_) if ours.stderr.starts_with(b"error: invalid value") => {
                lines(&ours.stderr)
            }
            Refusal::Expression(message) => harmless(message.as_bytes()),
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
    split(output)
        .map(|line| match std::str::from_utf8(line) {
            Ok(line) => line.to_owned(),
            Err(_) => line.escape_ascii().to_string(),
        })
        .collect()
}

/// Messages as ours has them: control characters visible, but for the tab before an expression.
fn harmless(output: &[u8]) -> Vec<String> {
    split(output)
        .map(|line| {
            let line = String::from_utf8_lossy(line);
            match line.strip_prefix('\t') {
                Some(line) => format!("\t{}", plain(line)),
                None => plain(&line).into_owned(),
            }
        })
        .collect()
}

/// Whether a terminal shows every character in a column of its own.
fn is_narrow(output: &[u8]) -> bool {
    let is_narrow = |line: &[u8]| {
        let line = std::str::from_utf8(line).unwrap_or("\0");
        let narrow = |c: char| width(c.encode_utf8(&mut [0; 4])) == 1;
        plain(line) == line && line.chars().all(narrow)
    };
    split(output).all(is_narrow)
}

/// Lines without layout: their words, made harmless if they are benchstat's.
fn words(output: &[u8], make_harmless: bool) -> Vec<String> {
    split(output)
        .map(|line| {
            let line = String::from_utf8_lossy(line);
            let words = line.split([' ', '│']).filter(|word| !word.is_empty());
            let words = words.map(|word| match make_harmless {
                true => plain(word),
                false => word.into(),
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn split(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    let output = output.strip_suffix(b"\n").unwrap_or(output);
    let lines = output.split(|byte| *byte == b'\n');
    lines.skip(usize::from(output.is_empty()))
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
    fn layout_counts_where_every_character_is_a_column() {
        let theirs = answer(0, "  │ a │\nX   1.0 ± 2% ¹\n", "");
        let narrow = answer(0, "│a│\nX 1.0 ± 2% ¹\n", "");
        assert_eq!(
            place(&compare(&theirs, &narrow, false)),
            Some(("standard output", 1))
        );
        assert_eq!(
            compare(&theirs, &theirs, false),
            Outcome::Same { identical: true }
        );
    }

    #[test]
    fn of_wide_text_every_word_counts() {
        let theirs = answer(0, "   │ a │\n日本\u{1}   1.0 ± 2% ¹\n", "");
        let wide = "     │ a │\n日本\\x01   1.0 ± 2% ¹\n";
        assert_eq!(
            compare(&theirs, &answer(0, wide, ""), false),
            Outcome::Same { identical: false }
        );
        assert!(place(&compare(&theirs, &answer(0, wide, ""), true)).is_some());
        for (from, to) in [
            (" ¹", ""),
            ("│ a │", "│ b │"),
            ("\n", "\n\n"),
            ("1.0", "1.00"),
            ("\\x01", "\u{1}"),
        ] {
            let outcome = compare(&theirs, &answer(0, &wide.replace(from, to), ""), false);
            assert!(place(&outcome).is_some(), "{from:?}");
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
