//! Filters and projections over the words of a corpus, right ones and ones with a slip.

use crate::corpus::Corpus;
use crate::random::Random;
use crate::syntax;
use crate::words::{SETTINGS, SUBNAMES};

/// A filter of terms that mostly match something.
pub(crate) fn filter(random: &mut Random, corpus: &Corpus, depth: usize) -> String {
    if depth == 0 || random.percent(45) {
        return term(random, corpus);
    }
    let mut parts: Vec<String> = (0..random.between(2, 3))
        .map(|_| filter(random, corpus, depth - 1))
        .collect();
    match random.below(100) {
        0..30 => parts.join(" "),
        30..45 => parts.join(" AND "),
        45..75 => parts.join(" OR "),
        75..88 => format!("({})", parts.join(" OR ")),
        88..95 => format!("-({})", parts.swap_remove(0)),
        _ => format!("-{}", parts.swap_remove(0)),
    }
}

fn term(random: &mut Random, corpus: &Corpus) -> String {
    if random.percent(8) {
        return "*".to_owned();
    }
    let (key, values) = key(random, corpus, true);
    let value = match random.below(100) {
        0..55 => value(random, &values),
        55..75 => {
            let some: Vec<_> = (0..random.between(1, 3))
                .map(|_| value(random, &values))
                .collect();
            format!("({})", some.join(" OR "))
        }
        _ => regexp(random, &values),
    };
    let not = if random.percent(20) { "-" } else { "" };
    format!("{not}{}:{value}", quoted(random, &key))
}

/// A key and values that it has or might have.
fn key(random: &mut Random, corpus: &Corpus, filter: bool) -> (String, Vec<String>) {
    match random.below(100) {
        0..12 if filter => {
            let mut units = owned(&corpus.units);
            units.extend(owned(&["sec/op", "B/s", "ns/op"]));
            (".unit".to_owned(), units)
        }
        0..25 => (".name".to_owned(), corpus.bases()),
        25..35 => (".fullname".to_owned(), corpus.names.clone()),
        35..45 => (
            ".file".to_owned(),
            owned(&["a.txt", "b.txt", "a.txt", "b.txt", "old", "a.txt#0", "-"]),
        ),
        45..75 => {
            let (key, values) = *random.pick(SUBNAMES);
            let values = match corpus.values_of(key) {
                some if some.is_empty() => owned(values),
                some => some,
            };
            (format!("/{key}"), values)
        }
        75..93 if !corpus.settings.is_empty() => {
            let (key, values) = random.pick(&corpus.settings);
            // The usual value is the first.
            let usual = if random.percent(60) {
                values[..1].to_vec()
            } else {
                values.clone()
            };
            ((*key).to_owned(), owned(&usual))
        }
        75..98 => {
            let (key, values) = *random.pick(SETTINGS);
            (key.to_owned(), owned(values))
        }
        _ => {
            let keys = [
                "nosuch", "/", "/nosuch", ".config", ".unit", "", ".x", "Goos", "/size=", "-x",
            ];
            ((*random.pick(&keys)).to_owned(), owned(&["x", ""]))
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn value(random: &mut Random, values: &[String]) -> String {
    let value = match random.percent(95) {
        true => random.pick(values).clone(),
        false => (*random.pick(&["other", "AND", "OR", "ORx", "a AND b"])).to_owned(),
    };
    quoted(random, &value)
}

/// A word as an expression needs it, and sometimes in quotes that it does not need.
fn quoted(random: &mut Random, word: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !"():@,\"".contains(c);
    let bare = word.chars().all(plain) && !word.is_empty() && !word.starts_with(['-', '*', '/']);
    // A key may begin with a slash, a value of a filter is a regular expression then.
    let bare = bare || (word.starts_with('/') && word.chars().all(plain));
    if bare && random.percent(90) {
        return word.to_owned();
    }
    let mut text = "\"".to_owned();
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if random.percent(2) => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c.is_ascii() && random.percent(2) => {
                text.push_str(&format!("\\x{:02x}", u32::from(c)))
            }
            c => text.push(c),
        }
    }
    text + "\""
}

fn regexp(random: &mut Random, values: &[String]) -> String {
    let word: String = random
        .pick(values)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .take(4)
        .collect();
    match random.below(18) {
        0 => format!("/^{word}/"),
        1 => format!("/{word}$/"),
        2 => format!("/^{word}$/"),
        3 => format!("/(?i){word}/"),
        4 => format!("/{word}|json|4k/"),
        5 => "/[0-9]+k?/".to_owned(),
        6 => "/^$/".to_owned(),
        7 => "/./".to_owned(),
        8 => "/[^a-z/]/".to_owned(),
        9 => r"/\bjson\b|\d{2,}/".to_owned(),
        10 => r"/(a/b|\/)/".to_owned(),
        11 => r"/\pL\s|[[:upper:]]/".to_owned(),
        12 => r"/^(?:.*)x?\z/".to_owned(),
        13 => format!("/{word}/"),
        _ => syntax::regexp(random),
    }
}

/// A projection of one to three keys.
pub(crate) fn projection(random: &mut Random, corpus: &Corpus) -> String {
    let fields: Vec<String> = (0..random.weighted(&[(60, 1), (28, 2), (12, 3)]))
        .map(|_| field(random, corpus))
        .collect();
    fields.join(random.weighted(&[(60, ","), (25, " "), (15, ", ")]))
}

fn field(random: &mut Random, corpus: &Corpus) -> String {
    if random.percent(15) {
        return random
            .weighted(&[(70, ".config"), (15, ".config@alpha"), (15, ".config@num")])
            .to_owned();
    }
    let (key, values) = key(random, corpus, false);
    let key = quoted(random, &key);
    match random.below(100) {
        0..65 => key,
        65..76 => format!("{key}@alpha"),
        76..86 => format!("{key}@num"),
        86..98 => {
            let mut order = random.some(&values, 70);
            random.shuffle(&mut order);
            let order: Vec<_> = order.iter().map(|value| quoted(random, value)).collect();
            format!("{key}@({})", order.join(" "))
        }
        _ => format!("{key}@first"),
    }
}

/// An expression with a slip of the pen: characters gone or put in, or none of it right.
pub(crate) fn slip(random: &mut Random, expression: &str) -> String {
    if random.percent(40) {
        return syntax::soup(random);
    }
    const EXTRA: &[char] = &[
        '(', ')', '"', '/', ':', '@', ',', '-', '*', ' ', '\\', 'x', 'é', '[', '+', 'O',
    ];
    let mut characters: Vec<char> = expression.chars().collect();
    for _ in 0..random.between(1, 2) {
        let at = random.below(characters.len() + 1);
        if random.percent(40) && at < characters.len() {
            characters.remove(at);
        } else {
            characters.insert(at, *random.pick(EXTRA));
        }
    }
    characters.into_iter().collect()
}
