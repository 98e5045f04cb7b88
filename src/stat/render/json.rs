//! Tables as JSON: every figure in the unit of its table and in full, every sample, every warning.
//! Infinite bounds are the words `"inf"` and `"-inf"`, everything else that is not finite is null; names
//! are text, with U+FFFD for what is none. Rows are written as they are made: most cells of a wide table
//! may be null.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::query::{KeyId, Projection};
use crate::stat::build::Tables;
use crate::stat::table::{Cell, ColumnSummary, Comparison, Row, Table, Warning};

/// The version of the form. Fields may be added under the same version.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    alpha: f64,
    confidence: f64,
    adjust: String,
    tables: Every<'a>,
}

/// All tables.
struct Every<'a>(Writer<'a>);

impl Serialize for Every<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Every(writer) = self;
        let mut maker = writer.tables.maker();
        let indices = 0..writer.tables.len();
        serializer.collect_seq(indices.map(|index| writer.table(maker.table(index))))
    }
}

#[derive(Serialize)]
struct TableJson<'a> {
    key: Map<String, Value>,
    unit: String,
    exact: bool,
    better: crate::unit::Better,
    columns: Vec<Map<String, Value>>,
    rows: Rows<'a>,
    geomeans: Vec<GeomeanJson>,
    rows_not_shown: usize,
}

/// All rows of a table.
struct Rows<'a> {
    writer: Writer<'a>,
    table: Table,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.table.rows.iter();
        serializer.collect_seq(rows.map(|row| RowJson::of(self.writer, &self.table, row)))
    }
}

#[derive(Serialize)]
struct RowJson<'a> {
    name: String,
    key: Map<String, Value>,
    cells: Cells<'a>,
}

/// The cells of a row by column; null where it has no results.
struct Cells<'a> {
    writer: Writer<'a>,
    table: &'a Table,
    row: &'a Row,
}

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cell = |column| Some(self.writer.cell(self.table, self.row.cell(column)?));
        serializer.collect_seq((0..self.table.columns.len()).map(cell))
    }
}

#[derive(Serialize)]
struct CellJson {
    center: f64,
    lo: Value,
    hi: Value,
    /// In the order in which they were measured.
    samples: Vec<f64>,
    warnings: Vec<String>,
    comparison: Option<ComparisonJson>,
}

#[derive(Serialize)]
struct ComparisonJson {
    /// As a fraction of the baseline; null from zero to something.
    relative: Option<f64>,
    p: f64,
    p_adjusted: f64,
    significant: bool,
    n_baseline: usize,
    n: usize,
    shift: Option<ShiftJson>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct ShiftJson {
    estimate: f64,
    lo: Value,
    hi: Value,
}

#[derive(Serialize)]
struct GeomeanJson {
    center: Option<f64>,
    ratio: Option<f64>,
    warnings: Vec<String>,
}

/// Writes all tables.
pub(super) fn write(tables: &Tables<'_>, out: &mut dyn Write) -> io::Result<()> {
    let options = tables.options;
    let document = Document {
        schema_version: SCHEMA_VERSION,
        alpha: options.alpha,
        confidence: options.confidence,
        adjust: options.adjust.to_string(),
        tables: Every(Writer { tables }),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Clone, Copy)]
struct Writer<'a> {
    tables: &'a Tables<'a>,
}

impl<'a> RowJson<'a> {
    fn of(writer: Writer<'a>, table: &'a Table, row: &'a Row) -> Self {
        let projection = &writer.tables.projections.row;
        RowJson {
            name: String::from_utf8_lossy(&projection.label(row.key)).into_owned(),
            key: key(projection, row.key),
            cells: Cells { writer, table, row },
        }
    }
}

impl<'a> Writer<'a> {
    fn table(self, table: Table) -> TableJson<'a> {
        let projections = &self.tables.projections;
        let geomean = |summary: &ColumnSummary| GeomeanJson {
            center: summary.geomean,
            ratio: summary.ratio,
            warnings: self.messages(summary.warnings.iter().cloned()),
        };
        TableJson {
            key: key(&projections.table, table.key),
            unit: String::from_utf8_lossy(&table.unit).into_owned(),
            exact: table.exact,
            better: table.better,
            columns: table
                .columns
                .iter()
                .map(|column| key(&projections.col, *column))
                .collect(),
            geomeans: table.summaries.iter().map(geomean).collect(),
            rows_not_shown: table.hidden,
            rows: Rows {
                writer: self,
                table,
            },
        }
    }

    fn cell(&self, table: &Table, cell: &Cell) -> CellJson {
        let comparison = cell.comparison.as_ref();
        CellJson {
            center: cell.center,
            lo: bound(cell.lo),
            hi: bound(cell.hi),
            samples: self.tables.samples(cell),
            warnings: self.messages(table.warnings_of(cell)),
            comparison: comparison.map(|comparison| self.comparison(cell, comparison)),
        }
    }

    fn comparison(&self, cell: &Cell, comparison: &Comparison) -> ComparisonJson {
        let options = self.tables.options;
        ComparisonJson {
            relative: crate::compare::Change::between(comparison.baseline, cell.center).relative,
            p: comparison.p,
            p_adjusted: comparison.adjusted,
            significant: comparison.is_significant(options.alpha),
            n_baseline: comparison.counts[0] as usize,
            n: comparison.counts[1] as usize,
            shift: comparison.shift.as_ref().map(|shift| ShiftJson {
                estimate: shift.estimate,
                lo: bound(shift.lo),
                hi: bound(shift.hi),
            }),
            warnings: self.messages(comparison.warning(options.alpha)),
        }
    }

    fn messages(&self, warnings: impl IntoIterator<Item = Warning>) -> Vec<String> {
        let message = |warning: Warning| warning.message(&self.tables.options).into_owned();
        warnings.into_iter().map(message).collect()
    }
}

/// A bound of an interval.
fn bound(value: f64) -> Value {
    match value {
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        _ => value.into(),
    }
}

/// The fields of a key that have a value.
fn key(projection: &Projection, key: KeyId) -> Map<String, Value> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = projection.fields().into_iter();
    fields
        .map(|field| {
            let value = projection.value(key, field);
            (text(projection.field_name(field)), text(value))
        })
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.into()))
        .collect()
}
