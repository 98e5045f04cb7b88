//! The readings that were asked for.

use anyhow::{Context, Result, bail};

use super::args::{ReadingArguments, SelectionArguments};
use crate::gate::Readings;
use crate::http::Server;
use crate::memory::reading::{Reading, Selector, prometheus};
use crate::memory::source::{self, Selection};
use crate::parse;
use crate::policy::MemoryPolicy;

/// How to choose among several.
pub(super) fn selection(
    arguments: &SelectionArguments,
    selector: Option<&str>,
) -> Result<Selection> {
    let header = |header: &String| match header.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        // The value is a secret, perhaps.
        _ => bail!("--header: expected `Name: value`"),
    };
    let selector = selector.or(arguments.selector.as_deref());
    let parse = |text: &str| {
        text.parse::<Selector>()
            .with_context(|| format!("--selector {text}"))
    };
    Ok(Selection {
        selector: selector.map(parse).transpose()?.unwrap_or_default(),
        headers: arguments.header.iter().map(header).collect::<Result<_>>()?,
    })
}

/// One reading of all sources.
pub(super) fn joined(
    sources: &[String],
    arguments: &SelectionArguments,
) -> Result<Option<Reading>> {
    read(sources, &selection(arguments, None)?)
}

/// The readings that the policy names.
pub(super) fn of_policy(policy: &MemoryPolicy) -> Result<Option<Readings>> {
    let now = read(&parse::expand(&policy.readings)?, &Selection::default())?;
    Ok(now.map(|now| Readings { before: None, now }))
}

fn read(sources: &[String], selection: &Selection) -> Result<Option<Reading>> {
    let readings: Vec<Reading> = sources
        .iter()
        .map(|name| source::read(name, selection))
        .collect::<Result<_, _>>()?;
    Ok(source::join(readings))
}

/// The readings of the candidate and of the baseline.
pub(super) fn sides(arguments: &ReadingArguments) -> Result<[Option<Readings>; 2]> {
    let all = [
        &arguments.reading,
        &arguments.reading_before,
        &arguments.baseline,
        &arguments.baseline_before,
    ];
    if all
        .into_iter()
        .flatten()
        .filter(|name| *name == "-")
        .count()
        > 1
    {
        bail!("standard input can be read only once");
    }
    if !arguments.baseline.is_empty() && arguments.reading.is_empty() {
        bail!("--baseline has nothing to be compared with; give the candidate's --reading");
    }
    if let Some(url) = &arguments.prometheus {
        return from_server(url, arguments);
    }
    let own = selection(&arguments.selection, None)?;
    let other = selection(&arguments.selection, arguments.baseline_selector.as_deref())?;
    let side = |now: &[String], before: &[String], selection: &Selection| {
        let before = read(before, selection)?;
        let now = read(now, selection)?;
        Ok::<_, anyhow::Error>(now.map(|now| Readings { before, now }))
    };
    Ok([
        side(&arguments.reading, &arguments.reading_before, &own)?,
        side(&arguments.baseline, &arguments.baseline_before, &other)?,
    ])
}

fn from_server(url: &str, arguments: &ReadingArguments) -> Result<[Option<Readings>; 2]> {
    let own = selection(&arguments.selection, None)?;
    let server = Server::new(url, &own.headers)?;
    let window = arguments.window;
    let ask = |selector: &Selector, end: Option<f64>| -> Result<Readings> {
        let (before, now) = prometheus::read(&server, selector, window, end)?;
        Ok(Readings {
            before: Some(before),
            now,
        })
    };
    let candidate = ask(&own.selector, None)?;
    let baseline = match (&arguments.baseline_selector, arguments.baseline_ago) {
        (None, None) => None,
        (selector, ago) => {
            let selector = selection(&arguments.selection, selector.as_deref())?.selector;
            let end = ago.map(|ago| jiff::Timestamp::now().as_second() as f64 - ago.as_secs_f64());
            Some(ask(&selector, end)?)
        }
    };
    Ok([Some(candidate), baseline])
}
