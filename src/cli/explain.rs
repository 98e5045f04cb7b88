//! `allocgate explain`: what a status or a finding means and what to do about it.

use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::Args;

use super::generate::Suggesting;
use crate::gate::Explanation;
use crate::text::wrap;

/// Columns of a line, and of the codes in the list of all.
const COLUMNS: usize = 80;
const CODE_COLUMNS: usize = 22;

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
            let mut label = code;
            for line in wrap(first, COLUMNS - CODE_COLUMNS, usize::MAX) {
                writeln!(out, "{label:<CODE_COLUMNS$}{line}")?;
                label = "";
            }
        }
        return Ok(0);
    };
    let Some(explanation) = Explanation::of(code) else {
        bail!("there is no code `{code}`; `allocgate explain` lists them all");
    };
    writeln!(
        out,
        "{code}\n\n{}\n\n{}",
        wrap(explanation.meaning, COLUMNS, usize::MAX).join("\n"),
        wrap(
            &format!("What to do: {}", explanation.remedy),
            COLUMNS,
            usize::MAX
        )
        .join("\n")
    )?;
    Ok(0)
}
