//! `allocgate completions` and `allocgate man`: made from the definition of the command line, so that
//! they say what `--help` says.

use std::fs;
use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::CommandFactory;

use super::args::{Arguments, CompletionsArguments, ManArguments};

/// Completions for a shell, to standard output.
pub(super) fn completions(arguments: &CompletionsArguments) -> Result<u8> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    io::stdout()
        .write_all(&script)
        .context("cannot write to standard output")?;
    Ok(0)
}

/// The page of the program, or a folder of pages: one for each command.
pub(super) fn man(arguments: &ManArguments) -> Result<u8> {
    let command = Arguments::command();
    match &arguments.directory {
        Some(folder) => {
            let written =
                fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
            written.with_context(|| format!("cannot write {}", folder.display()))?;
        }
        None => clap_mangen::Man::new(command)
            .render(&mut io::stdout().lock())
            .context("cannot write to standard output")?,
    }
    Ok(0)
}
