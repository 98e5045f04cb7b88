//! The syntax of `allocgate.toml`. Unknown keys are refused, and every rule remembers its line, so
//! that a bad or a dead one can be pointed at.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::memory::MemoryTable;
use super::{
    Adjust, Budget, Doubt, Gating, Outcome, Pattern, Policy, Rule, Scope, Selection, Test, Waiver,
    parse_quantity, parse_relative,
};
use crate::unit::{Better, Unit};

/// The name of the policy file.
pub const FILE_NAME: &str = "allocgate.toml";

/// The largest policy file that is read, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// A policy that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// The system's word.
        error: io::Error,
    },
    /// It says something that means nothing.
    #[error("{at}: {message}")]
    Invalid {
        /// `file:line`.
        at: String,
        /// What is wrong.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    #[serde(default)]
    statistics: StatisticsTable,
    #[serde(default)]
    units: BTreeMap<String, Spanned<UnitTable>>,
    #[serde(default)]
    rule: Vec<Spanned<RuleTable>>,
    #[serde(default)]
    budget: Vec<Spanned<BudgetTable>>,
    #[serde(default)]
    waiver: Vec<Spanned<WaiverTable>>,
    #[serde(default)]
    outcomes: BTreeMap<Doubt, Outcome>,
    #[serde(default)]
    ignore_keys: Vec<String>,
    memory: Option<MemoryTable>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct StatisticsTable {
    alpha: Option<Spanned<f64>>,
    confidence: Option<Spanned<f64>>,
    test: Option<Test>,
    adjust: Option<Adjust>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UnitTable {
    gate: Option<GateValue>,
    relative: Option<Spanned<Quantity>>,
    absolute: Option<Spanned<Quantity>>,
    better: Option<Better>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuleTable {
    package: Option<Spanned<String>>,
    benchmark: Option<Spanned<String>>,
    filter: Option<Spanned<String>>,
    unit: Option<String>,
    gate: Option<GateValue>,
    relative: Option<Spanned<Quantity>>,
    absolute: Option<Spanned<Quantity>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BudgetTable {
    package: Option<Spanned<String>>,
    benchmark: Option<Spanned<String>>,
    filter: Option<Spanned<String>>,
    allocs: Option<Spanned<Quantity>>,
    bytes: Option<Spanned<Quantity>>,
    unit: Option<String>,
    max: Option<Spanned<Quantity>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WaiverTable {
    package: Option<Spanned<String>>,
    benchmark: Option<Spanned<String>>,
    filter: Option<Spanned<String>>,
    unit: String,
    up_to: Spanned<Quantity>,
    reason: Spanned<String>,
    expires: Option<Spanned<toml::value::Datetime>>,
}

/// `gate = true`, `gate = false` (advisory) or one of the words.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected true, false, \"gate\", \"advisory\" or \"ignore\""
)]
enum GateValue {
    Flag(bool),
    Word(Gating),
}

impl GateValue {
    fn gating(&self) -> Gating {
        match self {
            GateValue::Flag(true) => Gating::Gate,
            GateValue::Flag(false) => Gating::Advisory,
            GateValue::Word(gating) => *gating,
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number or a quantity such as \"1%\" or \"1KiB\""
)]
pub(super) enum Quantity {
    Number(f64),
    Text(String),
}

impl Quantity {
    fn text(&self) -> String {
        match self {
            Quantity::Number(number) => number.to_string(),
            Quantity::Text(text) => text.clone(),
        }
    }
}

impl Policy {
    /// The nearest policy file: in `directory` or the first of its parents that has one.
    pub fn find(directory: &Path) -> Option<PathBuf> {
        directory
            .ancestors()
            .map(|parent| parent.join(FILE_NAME))
            .find(|path| path.is_file())
    }

    /// Reads a policy file. Positions are reported under `name`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or does not say a policy.
    pub fn read(path: &Path, name: &str) -> Result<Policy, PolicyError> {
        let failed = |error| PolicyError::Io {
            path: name.to_owned(),
            error,
        };
        if fs::metadata(path).map_err(failed)?.len() > MAX_SIZE {
            let message = "is larger than 1 MiB; this is no policy file";
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
        }
        Policy::parse(&fs::read_to_string(path).map_err(failed)?, name)
    }

    /// Reads a policy from its text.
    ///
    /// # Errors
    ///
    /// If the text does not say a policy.
    pub fn parse(text: &str, name: &str) -> Result<Policy, PolicyError> {
        let mut lines = Lines {
            text,
            name,
            ignored: &[],
        };
        let file: PolicyFile = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            lines.error(start, error.message().to_owned())
        })?;
        let mut policy = Policy {
            source: Some(name.to_owned()),
            ..Policy::default()
        };
        lines.ignored = &file.ignore_keys;
        policy.ignore_keys.clone_from(&file.ignore_keys);
        policy.outcomes = file.outcomes;
        statistics(&file.statistics, &mut policy, &lines)?;
        for (unit, table) in &file.units {
            let unit = Unit::new(unit);
            if let Some(better) = table.get_ref().better {
                policy.better.insert(unit.clone(), better);
            }
            policy.rules.push(unit_rule(unit, table, &lines)?);
        }
        for table in &file.rule {
            policy.rules.push(rule(table, &lines)?);
        }
        for table in &file.budget {
            budgets(table, &lines, &mut policy.budgets)?;
        }
        for table in &file.waiver {
            policy.waivers.push(waiver(table, &lines)?);
        }
        policy.memory = file.memory.map(|table| table.policy(&lines)).transpose()?;
        Ok(policy)
    }
}

/// The text of a policy file, to find the line of a byte, and what the reading of scopes depends on.
pub(super) struct Lines<'a> {
    text: &'a str,
    name: &'a str,
    /// The configuration keys that never tell rows apart.
    ignored: &'a [String],
}

impl Lines<'_> {
    pub(super) fn at(&self, offset: usize) -> String {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        format!(
            "{}:{}",
            self.name,
            1 + before.iter().filter(|b| **b == b'\n').count()
        )
    }

    pub(super) fn error(&self, offset: usize, message: String) -> PolicyError {
        PolicyError::Invalid {
            at: self.at(offset),
            message,
        }
    }

    pub(super) fn relative(
        &self,
        value: Option<&Spanned<Quantity>>,
    ) -> Result<Option<f64>, PolicyError> {
        let relative =
            |value: &Spanned<Quantity>| self.relative_at(value.get_ref(), value.span().start);
        value.map(relative).transpose()
    }

    pub(super) fn relative_at(&self, value: &Quantity, start: usize) -> Result<f64, PolicyError> {
        match value {
            Quantity::Number(zero) if zero.to_bits() == 0 => Ok(0.0),
            other => {
                parse_relative(&other.text()).map_err(|error| self.error(start, error.to_string()))
            }
        }
    }

    pub(super) fn quantity(
        &self,
        value: &Spanned<Quantity>,
        unit: &Unit,
    ) -> Result<f64, PolicyError> {
        parse_quantity(&value.get_ref().text(), unit)
            .map_err(|error| self.error(value.span().start, error.to_string()))
    }

    fn pattern(&self, value: &Option<Spanned<String>>) -> Result<Option<Pattern>, PolicyError> {
        let pattern = |value: &Spanned<String>| {
            Pattern::new(value.get_ref())
                .map_err(|error| self.error(value.span().start, error.to_string()))
        };
        value.as_ref().map(pattern).transpose()
    }

    fn scope(
        &self,
        package: &Option<Spanned<String>>,
        benchmark: &Option<Spanned<String>>,
        filter: &Option<Spanned<String>>,
    ) -> Result<Scope, PolicyError> {
        let selection = |value: &Spanned<String>| {
            Selection::new(value.get_ref(), self.ignored)
                .map_err(|error| self.error(value.span().start, format!("filter: {error}")))
        };
        Ok(Scope {
            package: self.pattern(package)?,
            benchmark: self.pattern(benchmark)?,
            filter: filter.as_ref().map(selection).transpose()?,
        })
    }
}

fn statistics(
    table: &StatisticsTable,
    policy: &mut Policy,
    lines: &Lines<'_>,
) -> Result<(), PolicyError> {
    let share = |value: &Option<Spanned<f64>>, what: &str, default: f64| match value {
        None => Ok(default),
        Some(value) if *value.get_ref() > 0.0 && *value.get_ref() < 1.0 => Ok(*value.get_ref()),
        Some(value) => Err(lines.error(
            value.span().start,
            format!("{what} lies between 0 and 1, exclusively"),
        )),
    };
    let statistics = &mut policy.statistics;
    statistics.alpha = share(&table.alpha, "alpha", statistics.alpha)?;
    statistics.confidence = share(&table.confidence, "confidence", statistics.confidence)?;
    statistics.test = table.test.unwrap_or(statistics.test);
    statistics.adjust = table.adjust.unwrap_or(statistics.adjust);
    Ok(())
}

fn unit_rule(
    unit: Unit,
    table: &Spanned<UnitTable>,
    lines: &Lines<'_>,
) -> Result<Rule, PolicyError> {
    let at = lines.at(table.span().start);
    let table = table.get_ref();
    let absolute = table
        .absolute
        .as_ref()
        .map(|value| lines.quantity(value, &unit))
        .transpose()?;
    Ok(Rule {
        scope: Scope::default(),
        gate: table.gate.as_ref().map(GateValue::gating),
        relative: lines.relative(table.relative.as_ref())?,
        absolute,
        specific: !unit.is_built_in(),
        unit: Some(unit),
        at,
    })
}

fn rule(table: &Spanned<RuleTable>, lines: &Lines<'_>) -> Result<Rule, PolicyError> {
    let start = table.span().start;
    let table = table.get_ref();
    let unit = table.unit.as_deref().map(Unit::new);
    let absolute = match (&table.absolute, &unit) {
        (None, _) => None,
        (Some(value), Some(unit)) => Some(lines.quantity(value, unit)?),
        (Some(value), None) => {
            let message = "an absolute threshold needs the rule to name its unit";
            return Err(lines.error(value.span().start, message.to_owned()));
        }
    };
    Ok(Rule {
        scope: lines.scope(&table.package, &table.benchmark, &table.filter)?,
        unit,
        gate: table.gate.as_ref().map(GateValue::gating),
        relative: lines.relative(table.relative.as_ref())?,
        absolute,
        at: lines.at(start),
        specific: true,
    })
}

fn budgets(
    table: &Spanned<BudgetTable>,
    lines: &Lines<'_>,
    budgets: &mut Vec<Budget>,
) -> Result<(), PolicyError> {
    let start = table.span().start;
    let table = table.get_ref();
    let scope = lines.scope(&table.package, &table.benchmark, &table.filter)?;
    let own = match (&table.unit, &table.max) {
        (Some(unit), Some(max)) => Some((Unit::new(unit), max)),
        (None, None) => None,
        _ => {
            let message = "`unit` and `max` of a budget belong together";
            return Err(lines.error(start, message.to_owned()));
        }
    };
    let named = [(Unit::ALLOCS, &table.allocs), (Unit::BYTES, &table.bytes)];
    let named = named
        .into_iter()
        .filter_map(|(unit, max)| Some((Unit::new(unit), max.as_ref()?)));
    let before = budgets.len();
    for (unit, max) in named.chain(own) {
        budgets.push(Budget {
            scope: scope.clone(),
            ceiling: lines.quantity(max, &unit)?,
            unit,
            at: lines.at(start),
        });
    }
    if budgets.len() == before {
        let message = "a budget needs `allocs`, `bytes`, or `unit` and `max`";
        return Err(lines.error(start, message.to_owned()));
    }
    Ok(())
}

fn waiver(table: &Spanned<WaiverTable>, lines: &Lines<'_>) -> Result<Waiver, PolicyError> {
    let start = table.span().start;
    let table = table.get_ref();
    if table.reason.get_ref().trim().is_empty() {
        let message = "a waiver needs a reason that says why the regression is accepted";
        return Err(lines.error(table.reason.span().start, message.to_owned()));
    }
    let expires = table.expires.as_ref().map(|expires| {
        expires.get_ref().to_string().parse::<Date>().map_err(|_| {
            let message = "`expires` is a date such as 2026-12-31";
            lines.error(expires.span().start, message.to_owned())
        })
    });
    let unit = Unit::new(&table.unit);
    Ok(Waiver {
        scope: lines.scope(&table.package, &table.benchmark, &table.filter)?,
        up_to: lines.quantity(&table.up_to, &unit)?,
        unit,
        reason: table.reason.get_ref().clone(),
        expires: expires.transpose()?,
        at: lines.at(start),
    })
}
