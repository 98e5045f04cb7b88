//! `allocgate report`: a saved report, checked and written once more.

use std::fs::File;
use std::io::{self, Read};

use anyhow::{Context, Result, bail};

use super::args::ReportArguments;
use super::outputs::{Outputs, refuse_to_overwrite};
use crate::figure;
use crate::gate::Report;
use crate::policy::parse_quantity;
use crate::report::json;
use crate::unit::Unit;

pub(super) fn run(arguments: &ReportArguments) -> Result<u8> {
    let most = parse_quantity(&arguments.max_input, &Unit::new(Unit::BYTES));
    let most = most.context("--max-input")? as u64;
    refuse_to_overwrite(&arguments.output, [arguments.file.as_str()])?;
    let report = saved(&arguments.file, most)?;
    let outputs = Outputs::open(&arguments.output)?;
    outputs.write(&report, &arguments.output)?;
    Ok(if arguments.exit_code {
        report.verdict.exit_code()
    } else {
        0
    })
}

/// Reads a report that was saved as JSON, - from standard input. It may come from anybody.
pub(super) fn saved(file: &str, most: u64) -> Result<Report> {
    let (name, input): (&str, Box<dyn Read>) = match file {
        "-" => ("standard input", Box::new(io::stdin().lock())),
        _ => {
            let open = File::open(file).with_context(|| format!("cannot read {file}"))?;
            (file, Box::new(open))
        }
    };
    let mut text = Vec::new();
    let read = input.take(most.saturating_add(1)).read_to_end(&mut text);
    read.with_context(|| format!("cannot read {name}"))?;
    if text.len() as u64 > most {
        let most = figure::size(most as f64);
        bail!("{name}: larger than {most}; raise --max-input if it is what it should be");
    }
    json::read(&text).with_context(|| name.to_owned())
}
