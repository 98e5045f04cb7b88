//! Where reports go: opened before anything long is done, written when everything is.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::args::{OutputArguments, When};
use crate::gate::Report;
use crate::report::{self, Format, TerminalStyle};

/// Where the reports go. Files are opened before anything long is done.
pub(super) struct Outputs {
    files: Vec<(Format, OutputFile)>,
    /// What goes to standard output, if anything.
    standard: Option<Format>,
}

/// A file that is opened before anything long is done. One that was not there before is removed again
/// unless it is kept.
pub(super) struct OutputFile {
    path: PathBuf,
    file: File,
    remove: bool,
}

impl OutputFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let new = !path.exists();
        // Not truncated before there is something to write.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(OutputFile {
            path: path.to_owned(),
            file,
            remove: new,
        })
    }

    /// Writes it anew.
    pub(super) fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let write = || -> io::Result<()> {
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
            let mut out = BufWriter::new(&self.file);
            write(&mut out)?;
            out.flush()
        };
        write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Leaves it there.
    pub(super) fn keep(&mut self) {
        self.remove = false;
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if self.remove {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Outputs {
    pub(super) fn open(arguments: &OutputArguments) -> Result<Self> {
        let mut outputs = Outputs {
            files: Vec::new(),
            standard: None,
        };
        for report in &arguments.report {
            let (format, path) = match report.split_once('=') {
                Some((format, path)) => (format, Some(path).filter(|path| *path != "-")),
                None => (report.as_str(), None),
            };
            let format: Format = format
                .parse()
                .map_err(|error| anyhow!("--report {report}: {error}"))?;
            match path {
                Some("") => bail!("--report {report}: no file is named"),
                Some(path) => {
                    let known = outputs.paths();
                    let file = OutputFile::open(Path::new(path))?;
                    let own = fs::canonicalize(path).ok().filter(|path| path.is_file());
                    if own.is_some_and(|own| known.contains(&own)) {
                        bail!("--report {report}: another report goes to {path}");
                    }
                    outputs.files.push((format, file));
                }
                None if outputs.standard.is_some() => {
                    bail!("--report {report}: only one report can go to standard output")
                }
                None => outputs.standard = Some(format),
            }
        }
        if outputs.standard.is_none() && !arguments.quiet {
            outputs.standard = Some(Format::Terminal);
        }
        Ok(outputs)
    }

    /// What goes to standard output, if anything.
    pub(super) fn standard(&self) -> Option<Format> {
        self.standard
    }

    /// The real paths of the files.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let paths = self.files.iter().map(|(_, file)| &file.path);
        paths
            .filter_map(|path| fs::canonicalize(path).ok())
            .collect()
    }

    /// Whether any report shows unchanged rows.
    pub(super) fn show_unchanged(&self, arguments: &OutputArguments) -> bool {
        let formats = self
            .files
            .iter()
            .map(|(format, ..)| *format)
            .chain(self.standard);
        formats
            .into_iter()
            .any(|format| format != Format::Terminal || arguments.all)
    }

    /// Whether any report points at lines of the sources.
    pub(super) fn show_places(&self) -> bool {
        let mut formats = self.files.iter().map(|(format, _)| *format);
        formats.any(Format::has_places) || self.standard.is_some_and(Format::has_places)
    }

    pub(super) fn write(mut self, report: &Report, arguments: &OutputArguments) -> Result<()> {
        // What a gate wrote can be read again: every test that writes all rows holds it to that.
        if cfg!(debug_assertions) && self.show_unchanged(arguments) {
            debug_assert_eq!(report.check(), Ok(()));
        }
        let plain = TerminalStyle {
            color: false,
            width: 80,
            all_rows: arguments.all,
        };
        for (format, file) in &self.files {
            file.write(|out| report::render(report, *format, &plain, out))?;
        }
        self.files.iter_mut().for_each(|(_, file)| file.keep());
        let Some(format) = self.standard else {
            return Ok(());
        };
        let style = terminal_style(arguments);
        let mut out = BufWriter::new(io::stdout().lock());
        let written = report::render(report, format, &style, &mut out).and_then(|()| out.flush());
        match written {
            // The verdict stands, whether or not anybody reads all of it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to standard output"),
        }
    }
}

/// A report onto an input would destroy the measurement.
pub(super) fn refuse_to_overwrite<P: AsRef<Path>>(
    arguments: &OutputArguments,
    inputs: impl IntoIterator<Item = P>,
) -> Result<()> {
    let inputs = inputs.into_iter();
    let inputs = inputs.filter_map(|input| fs::canonicalize(input).ok());
    let inputs: Vec<PathBuf> = inputs.filter(|path| path.is_file()).collect();
    for report in &arguments.report {
        let Some((_, path)) = report.split_once('=') else {
            continue;
        };
        if fs::canonicalize(path).is_ok_and(|path| inputs.contains(&path)) {
            bail!("--report {report}: {path} is an input");
        }
    }
    Ok(())
}

/// Whether what goes to standard output has colours.
pub(super) fn is_colored(when: When) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    }
}

fn terminal_style(arguments: &OutputArguments) -> TerminalStyle {
    let stdout = io::stdout();
    let color = is_colored(arguments.color);
    let columns = env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let terminal = || {
        let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
        size.map(|(width, _)| usize::from(width.0))
    };
    let width = columns.or_else(terminal).unwrap_or(80).clamp(40, 200);
    TerminalStyle {
        color,
        width,
        all_rows: arguments.all,
    }
}
