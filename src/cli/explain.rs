//! `allocgate explain`: what a status or a finding means and what to do about it.

use std::io::{self, Write};

use anyhow::{Result, bail};

use super::args::ExplainArguments;
use crate::gate::Explanation;

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
