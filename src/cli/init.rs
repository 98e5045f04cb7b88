//! `allocgate init`: a commented policy for the benchmarks it is shown.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::read::{self, Reading};
use crate::benchmark::{RowId, SampleSet, row_keys};
use crate::unit::Unit;

/// Write a commented allocgate.toml for the benchmarks of the files given
///
/// Benchmarks that never allocate get a budget of zero; what varies from run to run is pointed out.
#[derive(Args)]
pub(super) struct InitArguments {
    /// Benchmark output to write the policy for: files, patterns, or - for standard input
    #[arg(value_name = "FILE")]
    files: Vec<String>,

    /// Where to write it, - for standard output
    #[arg(short, long, value_name = "FILE", default_value = crate::policy::FILE_NAME)]
    output: String,

    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// What every policy begins with: the defaults, spelled out.
const HEAD: &str = r#"# allocgate policy. Everything that is commented out shows its default.
# Reference: https://docs.rs/allocgate or README.md, "Policy".

# [statistics]
# alpha = 0.05           # significance level, after adjustment for the number of rows tested
# adjust = "bh"          # bh (Benjamini-Hochberg), holm, none
# test = "mann-whitney"  # mann-whitney, welch
# confidence = 0.95      # of intervals

# A rise counts only if it exceeds both thresholds of its unit.
# gate = true fails the build, false only shows.
# [units]
# "allocs/op" = { gate = true, relative = "0%", absolute = 0 }
# "B/op" = { gate = true, relative = "1%", absolute = 0 }
# "ns/op" = { gate = false, relative = "10%" }

# What doubts do: "could-not-judge" (exit code 3), "fail" (1) or "pass" (0).
# [outcomes]
# inconclusive = "could-not-judge"    # rose, with too few samples to tell
# failed = "could-not-judge"          # a package or benchmark failed
# vanished = "could-not-judge"        # in the baseline, not in the candidate
# malformed = "could-not-judge"       # a result that cannot be read
# no-benchmarks = "could-not-judge"
# no-allocations = "could-not-judge"  # -benchmem was forgotten
# memory-unknown = "could-not-judge"  # a check of the memory budget that cannot tell

# Other thresholds for some benchmarks. In patterns `*` matches anything, slashes included;
# /…/ is a regular expression. Later rules override earlier ones.
# [[rule]]
# package = "example.com/mod/internal/..."
# benchmark = "BenchmarkEncode*"
# unit = "B/op"
# relative = "5%"

# Does the program still fit its container? (docs/memory.md)
# [memory]
# manifests = ["deploy/*.yaml", "Dockerfile", "go.mod"]
# container = "api"

# An accepted regression stays visible, up to a ceiling and until a day.
# [[waiver]]
# benchmark = "BenchmarkEncode/large"
# unit = "allocs/op"
# up-to = 24
# reason = "the new format needs a second buffer (#123)"
# expires = 2027-01-31
"#;

pub(super) fn run(arguments: &InitArguments) -> Result<u8> {
    let [shown, _] = read::sides([&arguments.files, &[]], Reading::default())?;
    let mut text = HEAD.to_owned();
    if let Some(shown) = shown {
        let row_keys = row_keys(&[shown.configurations()], &[]);
        let side = shown.finish(&row_keys);
        if side.rows().len() == 0 {
            bail!("the files hold no benchmark result; make one with `go test -bench . -benchmem`");
        }
        describe(&side, &mut text)?;
    }
    if arguments.output == "-" {
        io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(0);
    }
    let mut options = OpenOptions::new();
    if arguments.force {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    let mut file = match options.open(&arguments.output) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists already; --force replaces it", arguments.output)
        }
        other => other.with_context(|| format!("cannot write {}", arguments.output))?,
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", arguments.output))?;
    writeln!(io::stderr(), "wrote {}", arguments.output)?;
    Ok(0)
}

/// Budgets for what never allocates, and a remark on what varies.
fn describe(side: &SampleSet, text: &mut String) -> Result<()> {
    let allocs = Unit::new(Unit::ALLOCS);
    let rows: Vec<RowId> = side
        .rows()
        .filter(|row| *side.unit_of(*row) == allocs)
        .collect();
    if rows.is_empty() {
        bail!("the files have no allocs/op figures; measure with `go test -bench . -benchmem`");
    }
    let key = |row: &RowId| side.key(side.key_of(*row));
    let free = rows
        .iter()
        .filter(|row| side.samples(**row).greatest() <= 0.0);
    for (index, row) in free.enumerate() {
        if index == 0 {
            text.push_str(
                "\n# These benchmarks did not allocate in any sample. The budget keeps it so, baseline or not.\n",
            );
        }
        let key = key(row);
        text.push_str("\n[[budget]]\n");
        if !key.package.is_empty() {
            writeln!(text, "package = {}", literal(key.package))?;
        }
        writeln!(text, "benchmark = {}\nallocs = 0", literal(key.benchmark))?;
    }
    let varying = rows.iter().filter(|row| !side.samples(**row).is_constant());
    for (index, row) in varying.enumerate() {
        if index == 0 {
            text.push_str(
                "\n# The allocation counts of these varied from sample to sample; they are tested, not compared:\n",
            );
        }
        let samples = side.samples(*row);
        let name = key(row).to_string();
        writeln!(
            text,
            "#   {}: {} to {} allocs/op",
            name.escape_debug(),
            samples.least(),
            samples.greatest()
        )?;
    }
    Ok(())
}

/// A TOML string of a pattern that matches `name` alone.
fn literal(name: &str) -> String {
    let exact = if name.contains(['*', '?']) || name.starts_with('/') || name.ends_with("/...") {
        format!("/^{}$/", regex::escape(name))
    } else {
        name.to_owned()
    };
    toml::Value::String(exact).to_string()
}
