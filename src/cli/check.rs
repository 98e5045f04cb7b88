//! `allocgate check`: read, compare, judge, report.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use super::args::{CheckArguments, OutputArguments, PolicyArguments, When};
use super::read::{self, Reading};
use crate::benchmark::{SampleSet, SampleSetBuilder, row_keys};
use crate::gate::{Case, Report, judge};
use crate::git::Repository;
use crate::policy::{
    self, Gating, Policy, Rule, Scope, TRAILER, parse_quantity, parse_relative, parse_trailer,
};
use crate::report::{self, Format, TerminalStyle};
use crate::unit::Unit;

pub(super) fn run(arguments: &CheckArguments) -> Result<u8> {
    let policy = policy(&arguments.policy)?;
    let reading = Reading::new(arguments.format.as_deref(), &arguments.max_input)?;
    refuse_to_overwrite(arguments)?;
    let outputs = Outputs::open(&arguments.output)?;
    let (baseline, candidate) = match &arguments.sides[..] {
        [baseline, candidate] => (
            std::slice::from_ref(baseline),
            std::slice::from_ref(candidate),
        ),
        _ => (&arguments.baseline[..], &arguments.candidate[..]),
    };
    let report = report(
        baseline,
        candidate,
        reading,
        &policy,
        outputs.show_unchanged(&arguments.output),
    )?;
    outputs.write(&report, &arguments.output)?;
    Ok(report.verdict.exit_code())
}

/// A report onto an input would destroy the measurement.
fn refuse_to_overwrite(arguments: &CheckArguments) -> Result<()> {
    let sides = [&arguments.sides, &arguments.baseline, &arguments.candidate];
    let inputs = sides
        .into_iter()
        .flatten()
        .filter_map(|input| fs::canonicalize(input).ok());
    let inputs: Vec<PathBuf> = inputs.filter(|path| path.is_file()).collect();
    for report in &arguments.output.report {
        let Some((_, path)) = report.split_once('=') else {
            continue;
        };
        if fs::canonicalize(path).is_ok_and(|path| inputs.contains(&path)) {
            bail!("--report {report}: {path} is an input");
        }
    }
    Ok(())
}

/// Bytes to report.
fn report(
    baseline: &[String],
    candidate: &[String],
    reading: Reading,
    policy: &Policy,
    keep_unchanged: bool,
) -> Result<Report> {
    let [baseline, candidate] = read::sides([baseline, candidate], reading)?;
    let Some(candidate) = candidate else {
        bail!("no candidate was given")
    };
    let configurations: Vec<_> = baseline
        .iter()
        .chain([&candidate])
        .map(|side| side.configurations())
        .collect();
    let row_keys = row_keys(&configurations, &policy.ignore_keys);
    let [baseline, candidate] = finish(baseline, candidate, &row_keys);
    let Some(candidate) = candidate else {
        bail!("no candidate was given")
    };
    Ok(judge(Case {
        baseline: baseline.as_ref(),
        candidate: &candidate,
        row_keys: &row_keys,
        policy,
        today: jiff::Zoned::now().date(),
        keep_unchanged,
        circumstances: None,
    }))
}

/// Merges and sorts both sides at the same time.
fn finish(
    baseline: Option<SampleSetBuilder>,
    candidate: SampleSetBuilder,
    row_keys: &[String],
) -> [Option<SampleSet>; 2] {
    thread::scope(|scope| {
        let other = scope.spawn(|| baseline.map(|side| side.finish(row_keys)));
        let candidate = candidate.finish(row_keys);
        let baseline = other
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        [baseline, Some(candidate)]
    })
}

/// The policy file's policy, or the default one, with the flags on top.
fn policy(arguments: &PolicyArguments) -> Result<Policy> {
    let mut policy = base_policy(arguments)?;
    if let Some(revision) = &arguments.waivers_since {
        let repository = Repository::discover(&here()?)?;
        for message in repository.messages_since(revision)? {
            let trailers = message.trailers.iter();
            for (_, value) in trailers.filter(|(key, _)| key.eq_ignore_ascii_case(TRAILER)) {
                let waiver = parse_trailer(value, &message.commit)
                    .map_err(|error| anyhow!("commit {}: {TRAILER}: {error}", message.commit))?;
                policy.waivers.push(waiver);
            }
        }
    }
    let statistics = &mut policy.statistics;
    statistics.alpha = arguments.alpha.unwrap_or(statistics.alpha);
    statistics.confidence = arguments.confidence.unwrap_or(statistics.confidence);
    statistics.test = arguments.test.unwrap_or(statistics.test);
    statistics.adjust = arguments.adjust.unwrap_or(statistics.adjust);
    policy
        .ignore_keys
        .extend(arguments.ignore_key.iter().cloned());
    policy.outcomes.extend(arguments.on.iter().copied());
    for threshold in &arguments.threshold {
        let rule = threshold_rule(threshold).with_context(|| format!("--threshold {threshold}"))?;
        policy.rules.push(rule);
    }
    let gates = arguments.gate.iter().map(|unit| (unit, Gating::Gate));
    let advisories = arguments
        .advisory
        .iter()
        .map(|unit| (unit, Gating::Advisory));
    for (unit, gating) in gates.chain(advisories) {
        policy.rules.push(Rule {
            gate: Some(gating),
            ..flag_rule(unit)
        });
    }
    Ok(policy)
}

fn here() -> Result<PathBuf> {
    env::current_dir().context("the working directory")
}

/// The policy without what flags change of it.
fn base_policy(arguments: &PolicyArguments) -> Result<Policy> {
    if let Some(revision) = &arguments.policy_from {
        let here = here()?;
        let found = Repository::discover(&here)?.find_file(revision, &here, policy::FILE_NAME)?;
        let Some((path, text)) = found else {
            return Ok(Policy::default());
        };
        let name = format!("{revision}:{}", path.display());
        let text = String::from_utf8(text).with_context(|| format!("{name}: not UTF-8"))?;
        return Ok(Policy::parse(&text, &name)?);
    }
    let path = match &arguments.policy {
        Some(path) => Some(path.clone()),
        None if arguments.no_policy => None,
        None => Policy::find(&here()?),
    };
    match path {
        Some(path) => Ok(Policy::read(&path, &shown(&path))?),
        None => Ok(Policy::default()),
    }
}

/// A policy file is named as it is seen from here, if that is shorter.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}

fn flag_rule(unit: &str) -> Rule {
    Rule {
        scope: Scope::default(),
        unit: Some(Unit::new(unit)),
        gate: None,
        relative: None,
        absolute: None,
        at: "command line".to_owned(),
        specific: !Unit::new(unit).is_built_in(),
    }
}

/// `UNIT=2%`, `UNIT=64B` or `UNIT=2%,64B`. A threshold of one kind alone takes the other away.
fn threshold_rule(text: &str) -> Result<Rule> {
    let (unit, rises) = text.rsplit_once('=').context("expected UNIT=RISE")?;
    let mut rule = Rule {
        relative: Some(0.0),
        absolute: Some(0.0),
        ..flag_rule(unit)
    };
    for rise in rises.split(',') {
        if rise.trim_end().ends_with('%') {
            rule.relative = Some(parse_relative(rise)?);
        } else {
            rule.absolute = Some(parse_quantity(rise, &Unit::new(unit))?);
        }
    }
    Ok(rule)
}

/// Where the reports go. Files are opened before anything long is done.
struct Outputs {
    files: Vec<(Format, PathBuf, File)>,
    /// What goes to standard output, if anything.
    standard: Option<Format>,
    /// Files that were not there before: removed again if there is nothing to write.
    created: Vec<PathBuf>,
    written: bool,
}

impl Outputs {
    fn open(arguments: &OutputArguments) -> Result<Self> {
        let mut outputs = Outputs {
            files: Vec::new(),
            standard: None,
            created: Vec::new(),
            written: false,
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
                Some(path) => outputs.open_file(format, Path::new(path))?,
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

    fn open_file(&mut self, format: Format, path: &Path) -> Result<()> {
        let new = !path.exists();
        // Not truncated before there is something to write.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        if new {
            self.created.push(path.to_owned());
        }
        self.files.push((format, path.to_owned(), file));
        Ok(())
    }

    /// Whether any report shows unchanged rows.
    fn show_unchanged(&self, arguments: &OutputArguments) -> bool {
        let formats = self
            .files
            .iter()
            .map(|(format, ..)| *format)
            .chain(self.standard);
        formats
            .into_iter()
            .any(|format| format != Format::Terminal || arguments.all)
    }

    fn write(mut self, report: &Report, arguments: &OutputArguments) -> Result<()> {
        let plain = TerminalStyle {
            color: false,
            width: 80,
            all_rows: arguments.all,
        };
        for (format, path, file) in &self.files {
            let write = || -> io::Result<()> {
                if file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                let mut out = BufWriter::new(file);
                report::render(report, *format, &plain, &mut out)?;
                out.flush()
            };
            write().with_context(|| format!("cannot write {}", path.display()))?;
        }
        self.written = true;
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

impl Drop for Outputs {
    fn drop(&mut self) {
        if !self.written {
            for path in &self.created {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn terminal_style(arguments: &OutputArguments) -> TerminalStyle {
    let stdout = io::stdout();
    let color = match arguments.color {
        When::Always => true,
        When::Never => false,
        When::Auto => anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
    };
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
