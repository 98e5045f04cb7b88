//! `--filter`: which of what was read is judged.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use anyhow::{Context, Result, bail};

use crate::benchmark::{MeasuredRow, SampleSetBuilder};
use crate::query::{Filter, Subject, UnitNames};
use crate::text::plain;

/// What is judged.
pub(super) struct Selection {
    expression: String,
    filter: Filter,
    /// Of each selector, whether a row has it.
    used: Vec<bool>,
}

/// Whether some of a benchmark in a unit is selected, and its name where some is not, by a hash that no
/// name can be made for.
type Selected = HashMap<u64, (bool, Option<Box<str>>)>;

impl Selection {
    /// From what was typed, if it was.
    pub(super) fn parse(expression: Option<&str>) -> Result<Option<Self>> {
        expression.map(Selection::of).transpose()
    }

    fn of(expression: &str) -> Result<Self> {
        let filter = Filter::parse(expression).context("--filter")?;
        for key in filter.keys() {
            let known: [&[u8]; 4] = [b".name", b".fullname", b".unit", b".file"];
            if key.starts_with(b".") && !known.contains(&key) {
                let key = String::from_utf8_lossy(key);
                bail!(
                    "--filter: there is no `{}`: the keys are .name, .fullname, .unit, .file, /… and those of \
                     the output's configuration",
                    plain(&key)
                );
            }
        }
        Ok(Selection {
            expression: expression.to_owned(),
            used: vec![false; filter.selectors().len()],
            filter,
        })
    }

    /// The expression as it was typed.
    pub(super) fn expression(&self) -> &str {
        &self.expression
    }

    /// What it selects by and no row has.
    pub(super) fn dead_selectors(&self) -> Vec<String> {
        let selectors = self.filter.selectors().into_iter().zip(&self.used);
        let dead = selectors.filter(|(_, used)| !**used);
        dead.map(|(selector, _)| selector.to_string()).collect()
    }

    /// Leaves the rest of both sides out.
    ///
    /// # Errors
    ///
    /// If it tells the sides apart: what it selects of one side alone would look new or vanished.
    pub(super) fn apply(
        &mut self,
        baseline: Option<&mut SampleSetBuilder>,
        candidate: &mut SampleSetBuilder,
    ) -> Result<()> {
        let hasher = RandomState::new();
        let after = self.retain(candidate, &hasher);
        let Some(baseline) = baseline else {
            return Ok(());
        };
        let before = self.retain(baseline, &hasher);
        for (left, own, selected, other) in [
            ("baseline", &before, "candidate", &after),
            ("candidate", &after, "baseline", &before),
        ] {
            let is_selected = |id: &u64| other.get(id).is_some_and(|(selected, _)| *selected);
            let mut apart = own.iter().filter_map(|(id, (selected, name))| {
                (!selected && is_selected(id)).then_some(name.as_deref()?)
            });
            if let Some(first) = apart.next() {
                let name = apart.fold(first, Ord::min);
                bail!(
                    "--filter selects {} of the {selected} and not of the {left}: they would not be compared; \
                     select by what both sides have",
                    plain(name)
                );
            }
        }
        Ok(())
    }

    fn retain(&mut self, side: &mut SampleSetBuilder, hasher: &RandomState) -> Selected {
        let selectors = self.filter.selectors();
        let used = &mut self.used;
        let mut selected = Selected::new();
        side.retain(|row| {
            let unit = row.unit.as_str().as_bytes();
            let unit = UnitNames {
                unit,
                printed: Some(row.printed).filter(|printed| *printed != unit),
            };
            let subject = Row(row);
            for (selector, used) in selectors.iter().zip(used.iter_mut()) {
                *used = *used || selector.matches(&subject, unit);
            }
            let is_selected = self.filter.matches(&subject, unit);
            let package = subject.setting("pkg").unwrap_or_default();
            let id = hasher.hash_one((package, row.benchmark, row.unit.as_str()));
            let (any, left) = selected.entry(id).or_default();
            match is_selected {
                true => *any = true,
                false => *left = Some(row.benchmark.into()),
            }
            is_selected
        });
        selected
    }
}

/// A row as filters see it.
struct Row<'a>(MeasuredRow<'a>);

impl Subject for Row<'_> {
    fn full_name(&self) -> &[u8] {
        let name = self.0.name;
        name.strip_prefix("Benchmark").unwrap_or(name).as_bytes()
    }

    fn setting(&self, key: &str) -> Option<&[u8]> {
        if key == ".file" {
            return Some(self.0.file.as_bytes());
        }
        let mut settings = self.0.settings.iter();
        let setting = settings.find(|(name, _)| **name == *key);
        setting.map(|(_, value)| value.as_bytes())
    }

    fn for_each_setting(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        for (name, value) in self.0.settings {
            visit(name.as_bytes(), value.as_bytes());
        }
    }
}
