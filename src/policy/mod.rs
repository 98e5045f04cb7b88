//! `allocgate.toml`: what a rise may cost before the build fails.
//!
//! `file` is the syntax, this module the meaning: a [`Policy`] answers what applies to a row. It
//! decides nothing itself.

#[macro_use]
mod names;

mod file;
mod memory;
mod pattern;
mod quantity;
mod selection;
mod trailer;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::benchmark::KeyRef;
use crate::unit::{Better, Unit};

pub use file::{FILE_NAME, PolicyError};
pub use memory::{CanaryPolicy, MemoryCheck, MemoryPolicy, Stated};
pub use names::UnknownName;
pub use pattern::{Pattern, PatternError};
pub use quantity::{QuantityError, parse_quantity, parse_relative};
pub use selection::Selection;
pub use trailer::{TRAILER, parse_trailer};

/// Whether a row can fail the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gating {
    /// A regression fails the build.
    Gate,
    /// Shown, never fails the build.
    Advisory,
    /// Not judged at all.
    Ignore,
}

/// A rise counts only if it exceeds both bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// As a fraction of the baseline: 0.01 is 1 %.
    pub relative: f64,
    /// In the unit of the row.
    pub absolute: f64,
}

/// How differences are tested where rows vary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Significance level of adjusted p-values, in (0, 1).
    pub alpha: f64,
    /// Confidence level of intervals, in (0, 1).
    pub confidence: f64,
    /// The test.
    pub test: Test,
    /// The adjustment for the number of rows tested.
    pub adjust: Adjust,
}

/// A test of the difference between two samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// Mann-Whitney U, with medians and the Hodges-Lehmann shift: assumes no distribution.
    MannWhitney,
    /// Welch's t, with means: assumes that means are normally distributed.
    Welch,
}

/// An adjustment of p-values over a family of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adjust {
    /// Benjamini-Hochberg: bounds the share of false alarms among the alarms.
    Bh,
    /// Holm: bounds the chance of any false alarm.
    Holm,
    /// None: each row has its own chance of a false alarm.
    None,
}

/// What a policy can turn into pass, fail or could-not-judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// Rows that rose without enough samples to tell.
    Inconclusive,
    /// Failures in the candidate, and rows lost to a failure on either side.
    Failed,
    /// Rows of the baseline that the candidate does not have.
    Vanished,
    /// Benchmarks that are gone from the source.
    Deleted,
    /// Rows that rose while the benchmark itself changed.
    RulerChanged,
    /// Result lines of the candidate that could not be read.
    Malformed,
    /// No benchmark to judge.
    NoBenchmarks,
    /// No row that gates: `-benchmem` was forgotten.
    NoAllocations,
    /// Checks of the memory budget that could not be judged.
    MemoryUnknown,
}

/// What a cause does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing; it is only shown.
    Pass,
    /// The run is a regression.
    Fail,
    /// The run could not be judged.
    CouldNotJudge,
}

/// Which benchmarks something applies to; what is `None` applies to all.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Import paths.
    pub package: Option<Pattern>,
    /// Benchmark names, with or without the `Benchmark` prefix, without the GOMAXPROCS suffix.
    pub benchmark: Option<Pattern>,
    /// Rows: benchmarks in a unit.
    pub filter: Option<Selection>,
}

impl Scope {
    /// Whether it contains every row.
    fn is_everything(&self) -> bool {
        self.package.is_none() && self.benchmark.is_none() && self.filter.is_none()
    }

    /// Whether the row of `key` in `unit` is in the scope.
    pub fn contains(&self, key: KeyRef<'_>, unit: &Unit) -> bool {
        self.package
            .as_ref()
            .is_none_or(|pattern| pattern.matches_package(key.package))
            && self
                .benchmark
                .as_ref()
                .is_none_or(|pattern| pattern.matches_benchmark(key.benchmark))
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.contains(key, unit))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.package, &self.benchmark) {
            (None, None) => f.write_str("all benchmarks"),
            (Some(package), None) => write!(f, "package {package}"),
            (None, Some(benchmark)) => write!(f, "{benchmark}"),
            (Some(package), Some(benchmark)) => write!(f, "{benchmark} of package {package}"),
        }?;
        match &self.filter {
            Some(filter) => write!(f, ", of which `{filter}`"),
            None => Ok(()),
        }
    }
}

/// A setting of thresholds for some rows. Later rules override earlier ones.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The benchmarks.
    pub scope: Scope,
    /// The unit, or all units.
    pub unit: Option<Unit>,
    /// What it sets of gating.
    pub gate: Option<Gating>,
    /// What it sets of the relative threshold.
    pub relative: Option<f64>,
    /// What it sets of the absolute threshold.
    pub absolute: Option<f64>,
    /// Where it is written.
    pub at: String,
    /// Whether it is worth reporting if it matches nothing.
    pub specific: bool,
}

/// An absolute ceiling on the candidate.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The benchmarks.
    pub scope: Scope,
    /// The unit.
    pub unit: Unit,
    /// The ceiling, in the unit.
    pub ceiling: f64,
    /// Where it is written.
    pub at: String,
}

/// An accepted regression.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The benchmarks.
    pub scope: Scope,
    /// The unit.
    pub unit: Unit,
    /// Up to which value of the candidate, in the unit.
    pub up_to: f64,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where it is written.
    pub at: String,
}

/// What applies to one row.
#[derive(Clone, Copy, Debug)]
pub struct RowPolicy<'a> {
    /// Whether it can fail the build.
    pub gating: Gating,
    /// How much it may rise.
    pub threshold: Threshold,
    /// Its ceiling: the tightest of those that apply.
    pub budget: Option<&'a Budget>,
}

/// The whole policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Where it was read from; `None` for the defaults.
    pub source: Option<String>,
    /// How differences are tested.
    pub statistics: Statistics,
    /// Thresholds, the defaults first; later ones override.
    pub rules: Vec<Rule>,
    /// Directions of units that the output does not declare.
    pub better: BTreeMap<Unit, Better>,
    /// Ceilings.
    pub budgets: Vec<Budget>,
    /// Accepted regressions.
    pub waivers: Vec<Waiver>,
    /// What doubts do to the verdict.
    pub outcomes: BTreeMap<Doubt, Outcome>,
    /// Configuration keys that never tell rows apart.
    pub ignore_keys: Vec<String>,
    /// The container memory budget, if the policy has one.
    pub memory: Option<MemoryPolicy>,
}

impl Default for Policy {
    /// The defaults of the project, each backed by the A/A study in `studies/aa`.
    fn default() -> Self {
        let rule = |unit: Option<&str>, gate, relative, absolute| Rule {
            scope: Scope::default(),
            unit: unit.map(Unit::new),
            gate: Some(gate),
            relative: Some(relative),
            absolute: Some(absolute),
            at: "default".to_owned(),
            specific: false,
        };
        Policy {
            source: None,
            statistics: Statistics {
                alpha: 0.05,
                confidence: 0.95,
                test: Test::MannWhitney,
                adjust: Adjust::Bh,
            },
            rules: vec![
                rule(None, Gating::Advisory, 0.05, 0.0),
                rule(Some(Unit::TIME), Gating::Advisory, 0.10, 0.0),
                rule(Some(Unit::BYTES), Gating::Gate, 0.01, 0.0),
                rule(Some(Unit::ALLOCS), Gating::Gate, 0.0, 0.0),
            ],
            better: BTreeMap::new(),
            budgets: Vec::new(),
            waivers: Vec::new(),
            outcomes: BTreeMap::new(),
            ignore_keys: Vec::new(),
            memory: None,
        }
    }
}

impl Policy {
    /// What applies to the rows of `unit`.
    pub fn unit(&self, unit: &Unit) -> UnitPolicy<'_> {
        let rule = |rule: &&Rule| rule.unit.as_ref().is_none_or(|own| own == unit);
        let budget = |budget: &&Budget| budget.unit == *unit;
        let rules: Vec<&Rule> = self.rules.iter().filter(rule).collect();
        let budgets: Vec<&Budget> = self.budgets.iter().filter(budget).collect();
        let alike = rules.iter().all(|rule| rule.scope.is_everything())
            && budgets.iter().all(|budget| budget.scope.is_everything());
        let fixed = alike.then(|| combine(rules.iter().copied(), budgets.iter().copied()));
        UnitPolicy {
            unit: unit.clone(),
            rules,
            budgets,
            fixed,
        }
    }

    /// What a doubt does to the verdict: it fails closed unless the policy says otherwise.
    pub fn outcome(&self, doubt: Doubt) -> Outcome {
        self.outcomes
            .get(&doubt)
            .copied()
            .unwrap_or(Outcome::CouldNotJudge)
    }
}

/// The part of a policy that concerns one unit.
#[derive(Clone, Debug)]
pub struct UnitPolicy<'a> {
    unit: Unit,
    rules: Vec<&'a Rule>,
    budgets: Vec<&'a Budget>,
    /// What applies to every row, where no scope tells rows apart.
    fixed: Option<RowPolicy<'a>>,
}

impl<'a> UnitPolicy<'a> {
    /// What applies to the row of `key`.
    pub fn row(&self, key: KeyRef<'_>) -> RowPolicy<'a> {
        self.fixed.unwrap_or_else(|| {
            let rules = self
                .rules
                .iter()
                .copied()
                .filter(|rule| rule.scope.contains(key, &self.unit));
            let budgets = self.budgets.iter().copied();
            let contains = |budget: &&Budget| budget.scope.contains(key, &self.unit);
            combine(rules, budgets.filter(contains))
        })
    }
}

/// The later rule overrides the earlier one, and the tightest budget counts.
fn combine<'a>(
    rules: impl Iterator<Item = &'a Rule>,
    budgets: impl Iterator<Item = &'a Budget>,
) -> RowPolicy<'a> {
    let mut row = RowPolicy {
        gating: Gating::Advisory,
        threshold: Threshold {
            relative: 0.0,
            absolute: 0.0,
        },
        budget: budgets.min_by(|a, b| a.ceiling.total_cmp(&b.ceiling)),
    };
    for rule in rules {
        row.gating = rule.gate.unwrap_or(row.gating);
        row.threshold.relative = rule.relative.unwrap_or(row.threshold.relative);
        row.threshold.absolute = rule.absolute.unwrap_or(row.threshold.absolute);
    }
    row
}

names!(Test: "mann-whitney" => Test::MannWhitney, "welch" => Test::Welch);
names!(Adjust: "bh" => Adjust::Bh, "holm" => Adjust::Holm, "none" => Adjust::None);
names!(Gating: "gate" => Gating::Gate, "advisory" => Gating::Advisory, "ignore" => Gating::Ignore);
names!(Outcome:
    "pass" => Outcome::Pass,
    "fail" => Outcome::Fail,
    "could-not-judge" => Outcome::CouldNotJudge,
);
names!(Doubt:
    "inconclusive" => Doubt::Inconclusive,
    "failed" => Doubt::Failed,
    "vanished" => Doubt::Vanished,
    "deleted" => Doubt::Deleted,
    "ruler-changed" => Doubt::RulerChanged,
    "malformed" => Doubt::Malformed,
    "no-benchmarks" => Doubt::NoBenchmarks,
    "no-allocations" => Doubt::NoAllocations,
    "memory-unknown" => Doubt::MemoryUnknown,
);
