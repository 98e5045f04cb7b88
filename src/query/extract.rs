//! What the keys of an expression stand for: parts of a benchmark's name, and settings of its file.

use super::Subject;

/// A key of which a result has one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `.name`: up to the first slash.
    Name,
    /// `.fullname`.
    FullName,
    /// `/key`: the value of `/key=value`.
    Part {
        /// `/key=`
        prefix: Vec<u8>,
        /// Whether the key is `/gomaxprocs`, which the suffix `-8` gives as well.
        procs: bool,
    },
    /// Any other: a setting. `None` where the key is no text, which no setting bears.
    Setting(Option<String>),
}

impl Key {
    /// The key of this name; `.config` and `.unit` are for the caller.
    pub(super) fn of(name: &[u8]) -> Result<Self, &'static str> {
        Ok(match name {
            b"" => return Err("key must not be empty"),
            b".name" => Key::Name,
            b".fullname" => Key::FullName,
            [b'/', ..] => Key::Part {
                prefix: [name, b"="].concat(),
                procs: name == b"/gomaxprocs",
            },
            _ => Key::Setting(str::from_utf8(name).ok().map(str::to_owned)),
        })
    }

    /// The value, empty where the result has none.
    pub(super) fn value<'s>(&self, subject: &'s dyn Subject) -> &'s [u8] {
        match self {
            Key::Name => base(subject.full_name()),
            Key::FullName => subject.full_name(),
            Key::Part { prefix, procs } => part(subject.full_name(), prefix, *procs),
            Key::Setting(name) => {
                let value = name.as_deref().and_then(|name| subject.setting(name));
                value.unwrap_or_default()
            }
        }
    }

    /// Whether the value is one of the benchmark's name.
    pub(super) fn is_of_name(&self) -> bool {
        !matches!(self, Key::Setting(_))
    }
}

/// Splits off `-8` of `Sort/size=1k-8`. Any run of final digits will do.
fn split_procs(name: &[u8]) -> (&[u8], &[u8]) {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let end = name.len() - digits.count();
    if end > 0 && end < name.len() && name[end - 1] == b'-' {
        name.split_at(end - 1)
    } else {
        (name, b"")
    }
}

/// Where the first slash stands, or the end.
fn to_slash(name: &[u8]) -> usize {
    memchr::memchr(b'/', name).unwrap_or(name.len())
}

fn base(name: &[u8]) -> &[u8] {
    match memchr::memchr(b'/', name) {
        Some(slash) => &name[..slash],
        None => split_procs(name).0,
    }
}

/// The parts after the base, each with its slash.
fn parts(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = &name[to_slash(name)..];
    std::iter::from_fn(move || {
        let (slash, tail) = rest.split_first()?;
        debug_assert_eq!(*slash, b'/');
        let (part, after) = rest.split_at(1 + to_slash(tail));
        rest = after;
        Some(part)
    })
}

fn part<'n>(name: &'n [u8], prefix: &[u8], procs: bool) -> &'n [u8] {
    let (name, suffix) = split_procs(name);
    if procs && !suffix.is_empty() {
        return &suffix[1..];
    }
    let mut values = parts(name).filter_map(|part| part.strip_prefix(prefix));
    values.next().unwrap_or_default()
}

/// The parts of names that expressions ask for by themselves: `.fullname` goes without them.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclusions {
    name: bool,
    procs: bool,
    /// As [`Key::Part`] has them.
    prefixes: Vec<Vec<u8>>,
}

impl Exclusions {
    /// Takes a key out of full names.
    pub(super) fn add(&mut self, key: &Key) {
        match key {
            Key::Name => self.name = true,
            Key::Part { prefix, procs } => {
                self.procs |= procs;
                self.prefixes.push(prefix.clone());
            }
            Key::FullName | Key::Setting(_) => {}
        }
    }

    /// The full name without what is excluded; put together in `buffer` where anything is.
    ///
    /// Parts go altogether: a placeholder would tell whether they were there, and names without a
    /// GOMAXPROCS suffix would not meet those with one.
    pub(super) fn apply<'n>(&self, full: &'n [u8], buffer: &'n mut Vec<u8>) -> &'n [u8] {
        if !self.name && !self.procs && self.prefixes.is_empty() {
            return full;
        }
        let (name, suffix) = split_procs(full);
        buffer.clear();
        match self.name {
            true => buffer.push(b'*'),
            false => buffer.extend_from_slice(&name[..to_slash(name)]),
        }
        for part in parts(name) {
            if !self.prefixes.iter().any(|prefix| part.starts_with(prefix)) {
                buffer.extend_from_slice(part);
            }
        }
        if !self.procs {
            buffer.extend_from_slice(suffix);
        }
        buffer
    }
}
