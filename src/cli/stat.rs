//! `allocgate stat`: benchstat's tables.

use std::io::{self, BufWriter, Write};
use std::mem;

use anyhow::{Result, anyhow, bail};

use super::args::{Only, StatArguments};
use super::outputs::is_colored;
use super::read::Reading;
use crate::query::{Expressions, Filter, Projections};
use crate::stat::{Format, Input, Measurements, Options, Selection, Tables, View, render};
use crate::text::plain;

pub(super) fn run(arguments: &StatArguments) -> Result<u8> {
    let mut filter =
        Filter::parse(&arguments.filter).map_err(|error| anyhow!("parsing --filter: {error}"))?;
    let expressions = Expressions {
        table: &arguments.table,
        row: &arguments.row,
        col: &arguments.col,
        ignore: &arguments.ignore,
    };
    let projections =
        Projections::parse(&expressions, &mut filter).map_err(|error| anyhow!("{error}"))?;
    let limits = Reading::new(None, &arguments.max_input)?.limits;
    let keep_order = arguments.view.sparklines || arguments.view.format == Format::Json;
    let inputs = Input::parse_all(&arguments.inputs)?;
    let measurements = Measurements::read(&inputs, limits, keep_order)?;
    let mut err = io::stderr().lock();
    for warning in measurements.warnings() {
        writeln!(err, "{}", plain(warning))?;
    }
    if measurements.rows().is_empty() {
        bail!("no benchmark results in {}", arguments.inputs.join(", "));
    }
    let statistics = &arguments.statistics;
    let options = Options {
        alpha: statistics.alpha,
        confidence: statistics.confidence,
        adjust: statistics.adjust,
        shift: arguments.view.shift,
    };
    let view = &arguments.view;
    let selection = Selection {
        only_changed: view.only == Some(Only::Changed),
        order: view.sort,
    };
    let tables = Tables::new(&measurements, &filter, projections, options, selection);
    if tables.is_empty() {
        bail!("no result passes the filter");
    }
    let view = View {
        color: is_colored(view.color),
        zero_baseline: view.zero_baseline,
        sparklines: view.sparklines,
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    render(&tables, arguments.view.format, view, &mut out, &mut err)?;
    out.flush()?;
    // The process ends: what it holds need not be given back piece by piece.
    mem::forget(tables);
    mem::forget(measurements);
    Ok(0)
}
