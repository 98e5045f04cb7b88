//! Variables that a command sets for the program that it starts: `env GOMEMLIMIT=1GiB app`,
//! `sh -c 'GOGC=50 exec app'`.

use super::variable::{Variable, set, unknown};
use crate::memory::declared::Declared;

/// What a command sets a variable to.
pub(super) fn variable<T: AsRef<str>>(words: &[T], name: &str, at: &str) -> Variable {
    let mut rest = words.iter().map(AsRef::as_ref);
    while let Some(word) = rest.next() {
        let program = word.rsplit('/').next().unwrap_or(word);
        match program {
            "env" => {
                let assigned = rest
                    .take_while(|word| word.contains('=') || word.starts_with('-'))
                    .filter_map(|word| assigned(word, name))
                    .last();
                return assigned.map_or(Declared::Absent, |value| set(value, at.to_owned()));
            }
            "sh" | "bash" | "ash" | "dash" | "busybox" => {
                let is_script = |word: &&str| word.starts_with('-') && word.ends_with('c');
                if rest.clone().take(4).any(|word| is_script(&word)) {
                    let script = rest.skip_while(|word| !is_script(word)).nth(1);
                    return shell(script.unwrap_or_default(), name, at);
                }
            }
            _ => {}
        }
    }
    Declared::Absent
}

/// What the command line of a shell sets a variable to. It is not run: what it works out is not known.
fn shell(script: &str, name: &str, at: &str) -> Variable {
    let mut found: Option<Word> = None;
    // Assignments stand before the command, and behind what only starts another one.
    let mut before_command = true;
    for word in shell_words(script) {
        if word.operator {
            before_command = true;
        } else if before_command {
            if assigned(&word.text, name).is_some() {
                let differs = found.as_ref().is_some_and(|other| other.text != word.text);
                found = Some(Word {
                    worked_out: word.worked_out || differs,
                    ..word
                });
            } else {
                let starts_another = matches!(
                    word.text.rsplit('/').next(),
                    Some(
                        "exec"
                            | "export"
                            | "env"
                            | "then"
                            | "do"
                            | "else"
                            | "if"
                            | "!"
                            | "{"
                            | "nohup"
                    )
                );
                before_command =
                    starts_another || word.text.starts_with('-') || word.text.contains('=');
            }
        }
    }
    match found {
        None => Declared::Absent,
        Some(word) if word.worked_out => unknown("it is worked out by a shell", at.to_owned()),
        Some(word) => set(
            assigned(&word.text, name).unwrap_or_default(),
            at.to_owned(),
        ),
    }
}

/// The value, if the word assigns the variable one.
fn assigned<'a>(word: &'a str, name: &str) -> Option<&'a str> {
    word.strip_prefix(name)?.strip_prefix('=')
}

/// A word of a shell's command line.
#[derive(Default)]
struct Word {
    text: String,
    /// It parts two commands.
    operator: bool,
    /// It holds what the shell replaces.
    worked_out: bool,
}

/// A command line split into its words, without their quotes.
pub(super) fn words(line: &str) -> Vec<String> {
    shell_words(line)
        .into_iter()
        .map(|word| word.text)
        .collect()
}

/// The words of a shell's command line, without their quotes.
fn shell_words(script: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut chars = script.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\r') => words.extend(word.take()),
            (None, ';' | '&' | '|' | '\n' | '(' | ')') => {
                words.extend(word.take());
                words.push(Word {
                    operator: true,
                    ..Word::default()
                });
            }
            (None | Some('"'), '\\') => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().text.push(c),
            },
            (quote, c) => {
                let word = word.get_or_insert_default();
                word.worked_out |= quote != Some('\'') && matches!(c, '$' | '`');
                word.text.push(c);
            }
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_set_variables() {
        for (command, value) in [
            (&["env", "X=1", "app"][..], Some("1")),
            (
                &["/usr/bin/env", "-i", "Y=2", "X=1", "X=3", "app", "X=4"],
                Some("3"),
            ),
            (&["tini", "--", "env", "X=1", "app"], Some("1")),
            (&["app", "X=1"], None),
            (&["sh", "-c", "X=1 exec app"], Some("1")),
            (
                &["/bin/bash", "-euo", "pipefail", "-c", "export X='1' && app"],
                Some("1"),
            ),
            (&["sh", "-c", "Y=$Z X=\"1\" app; echo X=2"], Some("1")),
            (&["sh", "-c", "set -e\nexec env X=1 app"], Some("1")),
            (&["sh", "-c", "app X=1"], None),
            (&["sh", "start.sh"], None),
            (&["sh", "-c"], None),
            (&[], None),
        ] {
            let found = variable(command, "X", "f:1");
            assert_eq!(found.value().map(String::as_str), value, "{command:?}");
            assert_eq!(found == Declared::Absent, value.is_none(), "{command:?}");
        }
        for script in [
            "X=$(cat /limit) app",
            "X=\"${Y:-1}\" app",
            "if a; then export X=1; else export X=2; fi; app",
            "X=`x` app",
        ] {
            let found = variable(&["sh", "-c", script], "X", "f:1");
            assert!(
                matches!(found, Declared::Unknown { .. }),
                "{script}: {found:?}"
            );
        }
    }
}
