//! The command line: `args` is what was typed, one file a command composes the library, `exit`
//! has the exit codes. No decision about a row or a verdict is made here.

mod args;
mod check;
mod comment;
mod exit;
mod explain;
mod filter;
mod generate;
mod init;
mod memory;
mod outputs;
mod place;
mod policy;
mod progress;
mod read;
mod report;
mod run;
mod stat;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::memory::limited;
use crate::text;
use args::{Arguments, Command, with_two_dashes};

/// Runs the program on its arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Not for people: the other processes of a run under a memory limit.
    if let Some(code) = limited::serve(&arguments) {
        return code;
    }
    let arguments = match Arguments::try_parse_from(with_two_dashes(arguments)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // `--help` and `--version` come this way, too.
            let code = if error.use_stderr() {
                exit::COULD_NOT_RUN
            } else {
                0
            };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let outcome = match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Stat(arguments) => stat::run(&arguments),
        Command::Memory(arguments) => memory::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Comment(arguments) => comment::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Completions(arguments) => generate::completions(&arguments),
        Command::Man(arguments) => generate::man(&arguments),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        // Whoever reads the output has seen enough of it (`allocgate … | head`).
        Err(error) if exit::is_broken_pipe(&error) => ExitCode::from(exit::COULD_NOT_RUN),
        Err(error) => {
            // It may quote what others have written, and a CI system reads commands in logs.
            for line in format!("error: {error:#}").lines() {
                // What is quoted stands on a line of its own, behind a tab.
                let (tab, line) = match line.strip_prefix('\t') {
                    Some(line) => ("\t", line),
                    None => ("", line),
                };
                let _ = writeln!(io::stderr(), "{tab}{}", text::plain(line));
            }
            ExitCode::from(exit::of_error(&error))
        }
    }
}
