//! `allocgate completions` and `allocgate man`: made from the definition of the command line, so that
//! they say what `--help` says.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, CommandFactory};

use super::args::Arguments;

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  allocgate completions bash > \\
    ~/.local/share/bash-completion/completions/allocgate
  allocgate completions zsh  > ~/.zfunc/_allocgate
  allocgate completions fish > ~/.config/fish/completions/allocgate.fish";

/// Write completions for a shell to standard output
#[derive(Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

const MAN_EXAMPLES: &str = "\
Examples:
  allocgate man | man -l -
  allocgate man --directory ~/.local/share/man/man1";

/// Write the man page to standard output, or the pages of all commands to a folder
#[derive(Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(super) struct ManArguments {
    /// The folder, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Any text, with words that shells offer for it.
#[derive(Clone)]
pub(super) struct Suggesting(pub(super) fn() -> Vec<&'static str>);

impl TypedValueParser for Suggesting {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

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
        // There is no page of `allocgate help`.
        None => clap_mangen::Man::new(command.disable_help_subcommand(true))
            .render(&mut io::stdout().lock())
            .context("cannot write to standard output")?,
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any text can be typed after them: they are offered, not asked for.
    #[test]
    fn shells_offer_formats_and_codes() {
        let mut script = Vec::new();
        let shell = clap_complete::Shell::Bash;
        clap_complete::generate(shell, &mut Arguments::command(), "allocgate", &mut script);
        let script = String::from_utf8_lossy(&script);
        assert!(script.contains("-W \"terminal markdown comment html json csv github"));
        assert!(script.contains(" gomemlimit-headroom "));
        let typed = Arguments::command().try_get_matches_from([
            "allocgate",
            "report",
            "r.json",
            "--report=json=x",
        ]);
        assert!(typed.is_ok());
    }

    /// A command that clap breaks in two is not what somebody copies.
    #[test]
    fn examples_fit_a_terminal() {
        fn assert_fits(command: &Command) {
            let help = [command.get_after_help(), command.get_after_long_help()];
            for line in help.into_iter().flatten().flat_map(|help| {
                let lines = help.to_string();
                lines.lines().map(str::to_owned).collect::<Vec<_>>()
            }) {
                assert!(line.chars().count() <= 80, "{line}");
            }
            command.get_subcommands().for_each(assert_fits);
        }
        assert_fits(&Arguments::command());
    }
}
