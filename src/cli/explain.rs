//! `allocgate explain`: what a status or a finding means and what to do about it.

use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::Args;

use super::generate::Suggesting;
use crate::gate::Explanation;

/// Say what a status or a finding means and what to do about it
#[derive(Args)]
pub(super) struct ExplainArguments {
    /// The code, such as `regressed` or `no-allocations`; without one, all codes are listed
    #[arg(value_name = "CODE", value_parser = Suggesting(codes), hide_possible_values = true)]
    code: Option<String>,
}

fn codes() -> Vec<&'static str> {
    Explanation::all().map(|one| one.code).collect()
}

pub(super) fn run(arguments: &ExplainArguments) -> Result<u8> {
    let mut out = io::stdout().lock();
    let Some(code) = &arguments.code else {
        for explanation in Explanation::all() {
            let (code, first) = (explanation.code, explanation.first_sentence());
            writeln!(out, "{}", wrapped(&format!("{code:<20}{first}"), 20))?;
        }
        return Ok(0);
    };
    let Some(explanation) = Explanation::of(code) else {
        bail!("there is no code `{code}`; `allocgate explain` lists them all");
    };
    writeln!(
        out,
        "{code}\n\n{}\n\nWhat to do: {}",
        wrapped(explanation.meaning, 0),
        wrapped(explanation.remedy, 0)
    )?;
    Ok(0)
}

/// The text in lines of at most 80 columns, all but the first indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 && width + 1 + word.len() > 80 {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            width = indent;
        } else if index > 0 {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += word.len();
    }
    lines
}
