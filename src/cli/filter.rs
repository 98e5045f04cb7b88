//! `--filter`: which of what was read is judged.

use anyhow::{Context, Result};

use crate::benchmark::{MeasuredRow, SampleSetBuilder};
use crate::query::{Filter, Subject, UnitNames};

/// What is judged.
pub(super) struct Selection(Filter);

impl Selection {
    /// From what was typed, if it was.
    pub(super) fn parse(expression: Option<&str>) -> Result<Option<Self>> {
        let filter = expression.map(|expression| Filter::parse(expression).context("--filter"));
        Ok(filter.transpose()?.map(Selection))
    }

    /// Leaves the rest of a side out.
    pub(super) fn apply(&self, side: &mut SampleSetBuilder) {
        side.retain(|row| {
            let unit = row.unit.as_str().as_bytes();
            let unit = UnitNames {
                unit,
                printed: Some(row.printed).filter(|printed| *printed != unit),
            };
            self.0.matches(&Row(row), unit)
        });
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
