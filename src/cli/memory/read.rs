//! `allocgate memory read`: every figure under its own word.

use std::fs;
use std::io::{self, Write};

use anyhow::{Context, Result};

use super::args::ReadArguments;
use super::readings;
use crate::figure;
use crate::memory::check::show;
use crate::memory::reading::{Bound, Figure, Reading, Word};
use crate::memory::source;
use crate::text::{plain, wrap};

/// Columns of a line, and of the words.
const COLUMNS: usize = 80;
const WORD_COLUMNS: usize = 24;

pub(super) fn run(arguments: &ReadArguments) -> Result<u8> {
    let Some(reading) = readings::joined(&arguments.sources, &arguments.selection)? else {
        return Ok(0);
    };
    let mut out = io::stdout().lock();
    if let Some(path) = &arguments.save {
        let json = source::save(&reading)? + "\n";
        if path == "-" {
            out.write_all(json.as_bytes())?;
            return Ok(0);
        }
        fs::write(path, json).with_context(|| format!("cannot write {path}"))?;
    }
    out.write_all(text(&reading).as_bytes())?;
    Ok(0)
}

/// Whose memory comes first.
const GROUPS: [&str; 3] = ["container", "process", "Go runtime"];

/// The figures by what they are of.
fn text(reading: &Reading) -> String {
    let mut text = format!("{}\n", plain(&reading.source));
    let mut group = "";
    let mut words = Word::ALL.to_vec();
    // By whose memory it is; the order is kept otherwise.
    words.sort_by_key(|word| GROUPS.iter().position(|group| *group == word.group()));
    for word in words {
        let mut own: Vec<&Figure> = reading
            .figures
            .iter()
            .filter(|figure| figure.word == word)
            .collect();
        // The same from two sources is said once.
        own.dedup_by(|later, first| {
            later.value.total_cmp(&first.value).is_eq() && later.bound == first.bound
        });
        if own.is_empty() {
            continue;
        }
        if group != word.group() {
            group = word.group();
            text.push_str(&format!("\n{group}\n"));
        }
        for figure in &own {
            line(figure, &reading.source, &mut text);
        }
        paragraph(word.meaning(), &mut text);
    }
    let differences = differences(reading);
    if !differences.is_empty() {
        text.push_str("\nhow they differ\n");
        for difference in differences {
            paragraph(&difference, &mut text);
        }
    }
    text
}

fn line(figure: &Figure, source: &str, text: &mut String) {
    let sign = match figure.bound {
        Bound::Exact => "",
        Bound::AtMost => "≤ ",
        Bound::AtLeast => "≥ ",
        Bound::Doubtful => "? ",
    };
    let value = format!("{sign}{}", show(figure.value, figure.word.quantity()));
    let label = figure.word.label();
    // Of one page the line is enough.
    let from = match figure
        .from
        .strip_prefix(source)
        .map(|rest| rest.trim_start_matches([':', ' ']))
    {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => format!("line {rest}"),
        Some(rest) => rest.to_owned(),
        None => figure.from.clone(),
    };
    let from = plain(&from);
    let line = format!("  {label:<WORD_COLUMNS$} {value:>12}");
    if line.chars().count() + 2 + from.chars().count() <= COLUMNS {
        text.push_str(&format!("{line}  {from}\n"));
    } else {
        text.push_str(&format!("{line}\n"));
        paragraph(&from, text);
    }
    if let Some(remark) = &figure.remark {
        paragraph(&plain(remark), text);
    }
}

/// A sentence below a figure.
fn paragraph(sentence: &str, text: &mut String) {
    for line in wrap(sentence, COLUMNS - 6, usize::MAX) {
        text.push_str(&format!("      {line}\n"));
    }
}

/// What lies between figures that are taken for each other.
fn differences(reading: &Reading) -> Vec<String> {
    let get = |word: Word| {
        reading
            .get(word)
            .filter(|figure| figure.bound != Bound::Doubtful)
    };
    let between = |more: Word, less: Word, what: &str| {
        let (a, b) = (get(more)?, get(less)?);
        let difference = a.value - b.value;
        (difference.is_finite() && difference > 0.0).then(|| {
            format!(
                "{} − {} = {}: {what}",
                more.label(),
                less.label(),
                figure::size(difference)
            )
        })
    };
    [
        between(
            Word::Usage,
            Word::WorkingSet,
            "page cache that the kernel drops before it kills",
        ),
        between(
            Word::Rss,
            Word::Resident,
            "given back, and taken away under pressure",
        ),
        between(
            Word::Rss,
            Word::RuntimeTotal,
            "not the Go runtime's: the binary, cgo, mmap",
        ),
        between(
            Word::NextGc,
            Word::LiveHeap,
            "garbage that will have gathered at the next collection",
        ),
        between(
            Word::Limit,
            Word::WorkingSet,
            "left until the kernel reclaims what it can, and then kills",
        ),
        between(
            Word::Limit,
            Word::Gomemlimit,
            "left for what the Go runtime does not see",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
