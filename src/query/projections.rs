//! The projections of a set of tables, read together: a key that one asks for by itself is left out of
//! `.config` and `.fullname` in all of them, in whatever order they are written.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::extract::{Exclusions, Key};
use super::fields::{self, Field, Source};
use super::filter::Filter;
use super::order::Order;
use super::projection::Projection;
use super::syntax::SyntaxError;

/// The expressions of a set of tables.
#[derive(Clone, Copy, Debug)]
pub struct Expressions<'a> {
    /// What makes a table of its own.
    pub table: &'a str,
    /// What makes a row of its own.
    pub row: &'a str,
    /// What makes a column of its own.
    pub col: &'a str,
    /// What may differ within a cell.
    pub ignore: &'a str,
}

/// The projections of a set of tables.
#[derive(Debug)]
pub struct Projections {
    /// Tables; the last field is `.unit`.
    pub table: Projection,
    /// Rows.
    pub row: Projection,
    /// Columns.
    pub col: Projection,
    /// What none of the others tells and none ignores.
    pub residue: Projection,
}

/// An expression that cannot be read, and the option that it was given to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsing {option}: {error}")]
pub struct ProjectionError {
    /// The option, with its dashes.
    pub option: &'static str,
    /// What is wrong.
    #[source]
    pub error: SyntaxError,
}

/// The keys that expressions ask for by themselves.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Parts of the name.
    pub(super) parts: Exclusions,
    /// Settings.
    pub(super) settings: BTreeSet<Vec<u8>>,
}

impl Projections {
    /// Reads expressions. What a fixed order (`key@(a b)`) does not name, `filter` will not let pass.
    pub fn parse(
        expressions: &Expressions<'_>,
        filter: &mut Filter,
    ) -> Result<Self, ProjectionError> {
        let read = |option, expression| {
            fields::parse(expression).map_err(|error| ProjectionError { option, error })
        };
        let table = read("--table", expressions.table)?;
        let row = read("--row", expressions.row)?;
        let col = read("--col", expressions.col)?;
        let ignore = read("--ignore", expressions.ignore)?;

        let mut asked = Asked::default();
        let (mut has_config, mut has_full_name) = (false, false);
        for field in [&table, &row, &col, &ignore].into_iter().flatten() {
            match &field.source {
                Source::Config => has_config = true,
                Source::Key(Key::FullName) => has_full_name = true,
                Source::Key(Key::Setting(_)) => drop(asked.settings.insert(field.name.clone())),
                Source::Key(key) => asked.parts.add(key),
            }
            // The filter asks for the whole value, whatever others leave of `.fullname`.
            if let (Source::Key(key), Order::Fixed(values)) = (&field.source, &field.order) {
                filter.require_one_of(&field.name, key.clone(), values);
            }
        }
        let asked = Arc::new(asked);
        Ok(Projections {
            table: Projection::of(table, &asked).with_unit(),
            row: Projection::of(row, &asked),
            col: Projection::of(col, &asked),
            residue: Projection::of(residue(has_config, has_full_name), &asked),
        })
    }
}

/// `.config` and `.fullname` are everything: what of them is not asked for remains.
fn residue(has_config: bool, has_full_name: bool) -> Vec<Field> {
    let field = |name: &str, source| Field {
        name: name.as_bytes().to_owned(),
        source,
        order: Order::First,
    };
    let config = (!has_config).then(|| field(".config", Source::Config));
    let full_name = (!has_full_name).then(|| field(".fullname", Source::Key(Key::FullName)));
    config.into_iter().chain(full_name).collect()
}
