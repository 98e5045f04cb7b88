//! Reads an expression by Go's rules and writes it for the `regex` crate.
//!
//! Only whether there is a match will be asked. So groups capture nothing, and what is lazy and what
//! is greedy does not matter: the flag `U`, which swaps them, is dropped. Flags are written before the next thing they
//! are for: `a(?i)*` repeats the `a`.

use super::class;

/// What is wrong, in Go's words, and the part of the expression that it is wrong of.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) what: &'static str,
    pub(super) of: String,
}

/// The error that something is wrong with a part.
pub(super) fn wrong<T>(what: &'static str, of: &str) -> Result<T, Error> {
    let of = of.to_owned();
    Err(Error { what, of })
}

/// Not between a word of ASCII and anything else.
pub(super) const NO_BOUNDARY: &str = r"(?-u:\B)";

/// The largest number of copies that repetitions, one in another, may ask for.
const MAX_COPIES: u32 = 1000;

/// The expression in the syntax of the `regex` crate.
pub(super) fn translate(source: &str) -> Result<String, Error> {
    let mut translator = Translator {
        source,
        rest: source,
        out: String::with_capacity(2 * source.len()),
        flags: Flags::default(),
        written: Flags::default(),
        groups: Vec::new(),
        last: None,
        most: 1,
    };
    while !translator.rest.is_empty() {
        translator.step()?;
    }
    match translator.groups.is_empty() {
        true => Ok(translator.out),
        false => wrong("missing closing )", source),
    }
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Flags {
    ignore_case: bool,
    multi_line: bool,
    dot_is_all: bool,
}

struct Translator<'a> {
    source: &'a str,
    /// What is not yet read.
    rest: &'a str,
    out: String,
    /// The flags in force, and those that `out` has.
    flags: Flags,
    written: Flags,
    /// The groups that are open.
    groups: Vec<Group>,
    /// What a repetition would repeat.
    last: Option<Last<'a>>,
    /// The most copies that anything in the group is repeated to.
    most: u32,
}

struct Group {
    flags: Flags,
    written: Flags,
    most: u32,
}

#[derive(Clone, Copy)]
struct Last<'a> {
    copies: u32,
    /// The repetition that was just read, with all that follows.
    repetition: Option<&'a str>,
}

impl<'a> Translator<'a> {
    fn step(&mut self) -> Result<(), Error> {
        let Some(first) = self.rest.chars().next() else {
            return Ok(());
        };
        let before = self.rest;
        match first {
            '(' if before.starts_with("(?") => return self.open_special(),
            '(' => self.open(1, self.flags),
            ')' => self.close()?,
            '|' => {
                self.out.push('|');
                self.last = None;
                self.rest = &before[1..];
            }
            '^' | '$' | '.' => self.atom(&before[..1], 1),
            '[' => {
                let (class, length) = class::brackets(before)?;
                self.atom(&class, length);
            }
            '*' | '+' | '?' => self.repeat(&before[1..], &before[..1], None)?,
            '{' => match class::repetition(before) {
                Some((bounds, length)) => self.repeat_counted(bounds, length)?,
                None => self.literal('{', 1),
            },
            '\\' => self.backslash()?,
            c => self.literal(c, c.len_utf8()),
        }
        Ok(())
    }

    /// Writes something that can be repeated.
    fn atom(&mut self, pattern: &str, length: usize) {
        self.write_flags();
        self.out.push_str(pattern);
        self.rest = &self.rest[length..];
        self.last = Some(Last {
            copies: 1,
            repetition: None,
        });
    }

    fn literal(&mut self, c: char, length: usize) {
        self.atom(&class::character(u32::from(c)), length);
    }

    fn write_flags(&mut self) {
        if self.flags == self.written {
            return;
        }
        let Flags {
            ignore_case,
            multi_line,
            dot_is_all,
        } = self.flags;
        let flags = [(ignore_case, 'i'), (multi_line, 'm'), (dot_is_all, 's')];
        let named = |on: bool| {
            flags
                .iter()
                .filter(move |flag| flag.0 == on)
                .map(|flag| flag.1)
        };
        self.out.push_str("(?");
        self.out.extend(named(true));
        if named(false).next().is_some() {
            self.out.push('-');
            self.out.extend(named(false));
        }
        self.out.push(')');
        self.written = self.flags;
    }

    /// Opens a group whose beginning is `length` long and within which `flags` are in force.
    fn open(&mut self, length: usize, flags: Flags) {
        self.write_flags();
        self.out.push_str("(?:");
        self.rest = &self.rest[length..];
        self.groups.push(Group {
            flags: self.flags,
            written: self.written,
            most: self.most,
        });
        self.flags = flags;
        self.last = None;
        self.most = 1;
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(group) = self.groups.pop() else {
            return wrong("unexpected )", self.source);
        };
        self.out.push(')');
        self.rest = &self.rest[1..];
        let copies = self.most;
        self.last = Some(Last {
            copies,
            repetition: None,
        });
        self.flags = group.flags;
        self.written = group.written;
        self.most = group.most.max(copies);
        Ok(())
    }

    /// `(?P<name>…)`, `(?<name>…)`, `(?i:…)`, `(?i)`.
    fn open_special(&mut self) -> Result<(), Error> {
        let whole = self.rest;
        let named = whole.strip_prefix("(?P<").filter(|rest| !rest.is_empty());
        let named = named.or_else(|| whole.strip_prefix("(?<").filter(|rest| !rest.is_empty()));
        if let Some(named) = named {
            let Some(end) = whole.find('>') else {
                return wrong("invalid named capture", whole);
            };
            let name = &named[..end - (whole.len() - named.len())];
            let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if name.is_empty() || !name.chars().all(is_word) {
                return wrong("invalid named capture", &whole[..=end]);
            }
            self.open(end + 1, self.flags);
            return Ok(());
        }
        let (mut flags, mut on, mut saw) = (self.flags, true, false);
        for (at, c) in whole.char_indices().skip(2) {
            match c {
                'i' => flags.ignore_case = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_is_all = on,
                'U' => {}
                '-' if on => on = false,
                ':' if on || saw => {
                    self.open(at + 1, flags);
                    return Ok(());
                }
                ')' if on || saw => {
                    self.flags = flags;
                    self.rest = &whole[at + 1..];
                    // What follows may repeat what stands before, even if that is a repetition.
                    if let Some(last) = &mut self.last {
                        last.repetition = None;
                    }
                    return Ok(());
                }
                c => {
                    let upto = &whole[..at + c.len_utf8()];
                    return wrong("invalid or unsupported Perl syntax", upto);
                }
            }
            saw = c != '-';
        }
        wrong("invalid or unsupported Perl syntax", whole)
    }

    fn repeat_counted(&mut self, bounds: class::Bounds, length: usize) -> Result<(), Error> {
        let (before, after) = self.rest.split_at(length);
        let (min, max) = (bounds.min, bounds.max);
        let largest = max.unwrap_or(min).max(min);
        if largest > MAX_COPIES || max.is_some_and(|max| min > max) {
            return wrong("invalid repeat count", before);
        }
        self.repeat(after, before, Some(max.unwrap_or(min)))
    }

    /// Repeats the last thing. `copies` is how often where that is counted.
    fn repeat(&mut self, after: &'a str, operator: &str, copies: Option<u32>) -> Result<(), Error> {
        let before = self.rest;
        let after = after.strip_prefix('?').unwrap_or(after);
        let read = |from: &'a str| &from[..from.len() - after.len()];
        let Some(last) = self.last else {
            return wrong("missing argument to repetition operator", read(before));
        };
        if let Some(first) = last.repetition {
            return wrong("invalid nested repetition operator", read(first));
        }
        let total = match copies {
            None => last.copies,
            Some(0) => 1,
            Some(copies) => last.copies.saturating_mul(copies),
        };
        if total > MAX_COPIES && operator != "{1}" {
            return wrong("invalid repeat count", read(before));
        }
        // All are lazy: a question mark that comes next would not repeat this, which it does in Go
        // where flags or an empty `\Q\E` stand between.
        self.out.push_str(operator);
        self.out.push('?');
        self.rest = after;
        self.most = self.most.max(total);
        self.last = Some(Last {
            copies: total,
            repetition: Some(before),
        });
        Ok(())
    }

    fn backslash(&mut self) -> Result<(), Error> {
        let whole = self.rest;
        match whole.as_bytes().get(1) {
            Some(b'A') => self.atom(r"\A", 2),
            Some(b'z') => self.atom(r"\z", 2),
            Some(b'b') => self.atom(r"(?-u:\b)", 2),
            Some(b'B') => self.atom(NO_BOUNDARY, 2),
            Some(b'C') => return wrong("invalid escape sequence", &whole[..2]),
            Some(b'Q') => {
                let (text, after) = whole[2..].split_once(r"\E").unwrap_or((&whole[2..], ""));
                text.chars().for_each(|c| self.literal(c, 0));
                if let Some(last) = &mut self.last {
                    last.repetition = None;
                }
                self.rest = after;
            }
            _ => match class::named_class(whole)? {
                Some((class, length)) => self.atom(&class, length),
                None => {
                    let (c, length) = class::escape(whole)?;
                    self.atom(&class::character(c), length);
                }
            },
        }
        Ok(())
    }
}
