//! `allocgate report`: a saved report, checked and written once more.

use std::fs::File;
use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::args::OutputArguments;
use super::outputs::{Outputs, refuse_to_overwrite};
use crate::bounded;
use crate::figure;
use crate::gate::Report;
use crate::policy::parse_quantity;
use crate::report::json;
use crate::unit::Unit;

const EXAMPLES: &str = "\
Examples:
  # at first the verdict, with everything that led to it
  allocgate run --report json=report.json

  # then, there or on another machine, whatever reads it
  allocgate report report.json
  allocgate report report.json --all --quiet \\
    --report markdown=summary.md --report github

  # a gate of its own: exit with the code of the verdict
  allocgate report report.json --exit-code";

/// Write a saved JSON report in other formats
///
/// The report may come from anybody: it must keep its schema and agree with itself, and everything is written anew
/// from its figures. What was measured cannot be proven so.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReportArguments {
    /// What `--report json=FILE` wrote, - for standard input
    #[arg(value_name = "FILE")]
    file: String,

    /// Exit with the code of the verdict, not with 0
    #[arg(long)]
    exit_code: bool,

    /// The largest report that is read
    #[arg(long, value_name = "SIZE", default_value = "128MiB")]
    max_input: String,

    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &ReportArguments) -> Result<u8> {
    refuse_to_overwrite(&arguments.output, [arguments.file.as_str()])?;
    let report = saved(&arguments.file, &arguments.max_input)?;
    let outputs = Outputs::open(&arguments.output)?;
    outputs.write(&report, &arguments.output)?;
    Ok(if arguments.exit_code {
        report.verdict.exit_code()
    } else {
        0
    })
}

/// Reads a report that was saved as JSON, - from standard input. It may come from anybody.
pub(super) fn saved(file: &str, max_input: &str) -> Result<Report> {
    let most = parse_quantity(max_input, &Unit::new(Unit::BYTES));
    let most = most.context("--max-input")? as u64;
    let (name, input): (&str, Box<dyn Read>) = match file {
        "-" => ("standard input", Box::new(io::stdin().lock())),
        _ => {
            let open = File::open(file).with_context(|| format!("cannot read {file}"))?;
            (file, Box::new(open))
        }
    };
    let text = bounded::read(input, most).with_context(|| format!("cannot read {name}"))?;
    let Some(text) = text else {
        let most = figure::size(most as f64);
        bail!("{name}: larger than {most}; raise --max-input if it is what it should be");
    };
    json::read(&text).with_context(|| name.to_owned())
}
