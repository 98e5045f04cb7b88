//! What a command makes of the environment that it is started in: `env GOMEMLIMIT=1GiB app`,
//! `sh -c 'unset GOGC; exec app'`.

use std::collections::VecDeque;

use super::shell::{self, Word};
use super::variable::{Variable, hidden, set, unknown};
use crate::memory::declared::Declared;

/// How many shells within shells are looked into.
const MAX_SHELLS: usize = 8;

/// The value of a variable that the program sees which the words of a command start, in an
/// environment that has it as `inherited`.
pub(super) fn applied<'a>(
    words: impl Iterator<Item = &'a str>,
    name: &str,
    at: &str,
    inherited: Variable,
) -> Variable {
    let command = Command {
        name,
        at,
        shells: 0,
    };
    command.run(words.map(Word::literal).collect(), inherited)
}

/// A command, and the variable that is looked for.
struct Command<'a> {
    name: &'a str,
    at: &'a str,
    /// In how many shells it is run.
    shells: usize,
}

impl Command<'_> {
    /// The words of one program, which may start another one: `tini -- env X=1 app`.
    fn run(&self, mut words: VecDeque<Word>, mut value: Variable) -> Variable {
        while let Some(word) = words.pop_front() {
            match program(&word) {
                "env" => self.env(&mut words, &mut value),
                "sh" | "bash" | "ash" | "dash" => {
                    let is_script = |word: &Word| {
                        let letters = word.text.strip_prefix('-').unwrap_or_default();
                        letters.ends_with('c') && !letters.starts_with('-')
                    };
                    if let Some(index) = words.iter().take(4).position(is_script) {
                        return match words.get(index + 1) {
                            Some(script) => self.shell(script, value),
                            None => value,
                        };
                    }
                }
                _ => {}
            }
        }
        value
    }

    /// The options and assignments behind `env`.
    fn env(&self, words: &mut VecDeque<Word>, value: &mut Variable) {
        let is_program = |word: &Word| !word.text.starts_with('-') && !word.text.contains('=');
        while words.front().is_some_and(|word| !is_program(word)) {
            let Some(word) = words.pop_front() else {
                return;
            };
            if !word.text.starts_with('-') {
                if let Some(assigned) = self.assigned(&word) {
                    *value = assigned;
                }
                continue;
            }
            let (letters, attached) = short(&word.text);
            if letters
                .chars()
                .take_while(|c| !takes_more(*c))
                .any(|c| c == 'i')
            {
                *value = Declared::Absent;
            }
            let Some(index) = letters.find(takes_more) else {
                continue;
            };
            let (letter, behind) = letters[index..].split_at(1);
            let argument = match attached.or((!behind.is_empty()).then_some(behind)) {
                Some(text) => text.to_owned(),
                None => words.pop_front().unwrap_or_default().text,
            };
            if letter == "u" && argument == self.name {
                *value = Declared::Absent;
            } else if letter == "S" {
                for word in shell::split(&argument).into_iter().rev() {
                    words.push_front(word);
                }
            }
        }
    }

    /// A script. It is not run: what it works out is not known.
    fn shell(&self, script: &Word, inherited: Variable) -> Variable {
        let words = shell::split(&script.text);
        let mentioned = words.iter().any(|word| self.mentioned(word));
        let cleared = words.windows(2).any(|pair| {
            matches!(program(&pair[0]), "env" | "exec") && pair[1].text.starts_with('-')
        });
        let read = |word: &Word| matches!(&*word.text, "." | "source" | "eval");
        if !mentioned && !cleared && !words.iter().any(read) {
            return inherited;
        }
        let commands = match shell::in_a_row(words) {
            Some(commands) if self.shells < MAX_SHELLS && !script.worked_out => commands,
            _ => return self.worked_out(),
        };
        let within = Command {
            shells: self.shells + 1,
            ..*self
        };
        within.in_a_row(commands, inherited)
    }

    /// Commands of which each is run after the one before it.
    fn in_a_row(&self, commands: Vec<Vec<Word>>, inherited: Variable) -> Variable {
        // What may not be there may not be exported.
        let mut exported = !matches!(inherited, Declared::Absent | Declared::Unknown { .. });
        let mut value = inherited;
        // What the shell has for itself, as long as it is not exported.
        let mut own = None;
        let mut of_another = false;
        let count = commands.len();
        for (index, mut words) in commands.into_iter().enumerate() {
            let assignments = words
                .iter()
                .take_while(|word| shell::is_assignment(&word.text))
                .count();
            let behind = words.split_off(assignments);
            let assigned = words.iter().rev().find_map(|word| self.assigned(word));
            let started = match behind.first().map(|word| &*word.text) {
                Some("exec") => shell::exec(&behind[1..]),
                _ => None,
            };
            if let Some((cleared, words)) = started {
                if cleared {
                    value = Declared::Absent;
                }
                return self.run(words.into(), assigned.unwrap_or(value));
            }
            let arguments = behind.get(1..).unwrap_or_default();
            match behind.first().map(|word| &*word.text) {
                None if exported => value = assigned.unwrap_or(value),
                None => own = assigned.or(own),
                Some("export") => {
                    for word in arguments {
                        if let Some(assigned) = self.assigned(word) {
                            (value, exported) = (assigned, true);
                        } else if word.text == self.name {
                            (value, exported) = (own.take().unwrap_or(value), true);
                        } else if self.mentioned(word) {
                            return self.worked_out();
                        }
                    }
                }
                Some("unset") => {
                    if arguments.iter().any(|word| word.text == self.name) {
                        (value, own, exported) = (Declared::Absent, None, false);
                    }
                }
                Some("set") => {
                    let all = |word: &Word| word.text.starts_with('-') && word.text.contains('a');
                    exported |= arguments.iter().any(all);
                }
                Some("." | "source" | "eval") => {
                    let why = "it may be set by what the command reads or works out";
                    let found = hidden(self.name, why, self.at.to_owned());
                    value = found.or(value);
                }
                Some(_) if index + 1 == count => {
                    if of_another {
                        return self.worked_out();
                    }
                    return self.run(behind.into(), assigned.unwrap_or(value));
                }
                Some(_) if arguments.iter().any(|word| self.mentioned(word)) => {
                    return self.worked_out();
                }
                // It is set for a command that need not be the one that goes on running.
                Some(_) => of_another |= assigned.is_some(),
            }
        }
        if of_another { self.worked_out() } else { value }
    }

    /// The value, if the word assigns the variable one.
    fn assigned(&self, word: &Word) -> Option<Variable> {
        let value = word.text.strip_prefix(self.name)?.strip_prefix('=')?;
        Some(if word.worked_out {
            self.worked_out()
        } else {
            set(value, self.at.to_owned())
        })
    }

    /// Whether the name stands in the word, and not only as a part of another name.
    fn mentioned(&self, word: &Word) -> bool {
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        word.text.match_indices(self.name).any(|(start, _)| {
            let (before, behind) = word.text.split_at(start);
            !before.ends_with(in_name) && !behind[self.name.len()..].starts_with(in_name)
        })
    }

    fn worked_out(&self) -> Variable {
        unknown("it is worked out by a shell", self.at.to_owned())
    }
}

/// The letters of an option of `env`, and the argument that is written into it.
fn short(option: &str) -> (&str, Option<&str>) {
    let Some(long) = option.strip_prefix("--") else {
        return match option {
            "-" => ("i", None),
            _ => (&option[1..], None),
        };
    };
    let (name, argument) = match long.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (long, None),
    };
    match name {
        "ignore-environment" => ("i", None),
        "unset" => ("u", argument),
        "chdir" => ("C", argument),
        "split-string" => ("S", argument),
        _ => ("", None),
    }
}

/// Whether an option of `env` has an argument.
fn takes_more(letter: char) -> bool {
    matches!(letter, 'u' | 'C' | 'S')
}

/// The name of the program that a word starts, if it is no option such as `--file=/etc/env`.
fn program(word: &Word) -> &str {
    match word.text.rsplit_once('/') {
        Some((folder, name)) if !folder.starts_with('-') && !folder.contains('=') => name,
        Some(_) => "",
        None => &word.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a command makes of `X`, which is 0 before: a value, `-` for none, `?` for unknown.
    fn of(command: &[&str], inherited: Variable) -> String {
        match applied(command.iter().copied(), "X", "f:1", inherited) {
            Declared::Absent => "-".to_owned(),
            Declared::Set { value, .. } => value,
            _ => "?".to_owned(),
        }
    }

    #[test]
    fn commands_set_variables() {
        for (command, value) in [
            (&["env", "X=1", "app"][..], "1"),
            (
                &["/usr/bin/env", "-i", "Y=2", "X=1", "X=3", "app", "X=4"],
                "3",
            ),
            (&["tini", "--", "env", "X=1", "app"], "1"),
            (&["env", "Y=1", "app"], "0"),
            (&["env", "-i", "app"], "-"),
            (&["env", "-", "Y=1", "app"], "-"),
            (&["env", "-u", "X", "app"], "-"),
            (&["env", "-uX", "app"], "-"),
            (&["env", "--unset=X", "app"], "-"),
            (&["env", "-u", "Y", "app"], "0"),
            (&["env", "-vu", "Y", "X=1", "app"], "1"),
            (&["env", "-C", "/x", "X=1", "app"], "1"),
            (&["env", "-S", "-i X=1 app"], "1"),
            (&["env", "X=1", "env", "-u", "X", "app"], "-"),
            (&["env", "X=1", "sh", "-c", "exec app"], "1"),
            (&["env", "-u"], "0"),
            (&["app", "X=1"], "0"),
            (&["app", "--file=/etc/env", "-i"], "0"),
            (&["sh", "start.sh"], "0"),
            (&["sh", "-c"], "0"),
            (
                &["/bin/bash", "-euo", "pipefail", "-c", "export X='1' && app"],
                "1",
            ),
            (&[], "0"),
        ] {
            let inherited = set("0", "f:2".to_owned());
            assert_eq!(of(command, inherited), value, "{command:?}");
        }
    }

    #[test]
    fn what_may_not_be_set_may_not_be_exported() {
        for (script, value) in [
            ("X=1; exec app", "?"),
            ("X=1 exec app", "1"),
            ("unset X; app", "-"),
        ] {
            let inherited = unknown("it comes from a Secret", "f:2".to_owned());
            assert_eq!(of(&["sh", "-c", script], inherited), value, "{script}");
        }
    }

    #[test]
    fn shells_set_variables() {
        // The value if it was not set before, and if it was 0.
        for (script, absent, inherited) in [
            ("exec app", "-", "0"),
            ("app X=1", "-", "0"),
            ("X=1 exec app", "1", "1"),
            ("X=1 app", "1", "1"),
            ("Y=$Z X=\"1\" app", "1", "1"),
            ("cd /a && X=1 /app 2>&1 # X=2", "1", "1"),
            ("set -e\nexec env X=1 app", "1", "1"),
            ("exec >/log 2>&1; X=1 exec app", "1", "1"),
            ("export X=1; app", "1", "1"),
            ("export X=1; exec app; X=2 b", "1", "1"),
            ("X=1; export X; app", "1", "1"),
            ("export X; X=1; app", "1", "1"),
            ("export Y=2 X=1; app", "1", "1"),
            ("set -a; X=1; app", "1", "1"),
            // Without `export` only what is in the environment already changes.
            ("X=1; exec app", "-", "1"),
            ("X=1 /migrate && exec /app", "-", "0"),
            ("X=1 /migrate && /app", "?", "?"),
            ("X=1 app; echo X=2", "?", "?"),
            ("unset X; app", "-", "-"),
            ("export X=1; unset X; app", "-", "-"),
            ("unset Y; exec env -i app", "-", "-"),
            ("exec -c app", "-", "-"),
            ("exec env -u X app", "-", "-"),
            ("sh -c 'X=1 app'", "1", "1"),
            ("MY_X=1 XX=2 app", "-", "0"),
            ("if a; then b; fi; exec app", "-", "0"),
            ("X=$(cat /limit) app", "?", "?"),
            ("X=\"${Y:-1}\" app", "?", "?"),
            ("if a; then export X=1; else export X=2; fi; app", "?", "?"),
            ("X=`x` app", "?", "?"),
            ("echo X; app", "?", "?"),
            ("a || X=1 app", "?", "?"),
            ("(X=1 app)", "?", "?"),
            (". /etc/app; exec app", "?", "?"),
            (". /etc/app; X=1 exec app", "1", "1"),
        ] {
            assert_eq!(
                of(&["sh", "-c", script], Declared::Absent),
                absent,
                "{script}"
            );
            let zero = set("0", "f:2".to_owned());
            assert_eq!(of(&["sh", "-c", script], zero), inherited, "{script}");
        }
    }
}
