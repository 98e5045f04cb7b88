//! The data model of benchmark output: what one line says ([`BenchResult`] and its kin), which row
//! it belongs to ([`Key`]), and all measurements of one side ([`SampleSet`]).

mod builder;
mod finish;
mod key;
mod pooled;
mod procs;
mod raw;
mod record;
mod retain;
mod row_keys;
mod sample;

pub use builder::{FileSummary, MAX_KEPT, Overflow, SampleSetBuilder};
pub use key::{Key, KeyRef, SharedKey, function_of};
pub(crate) use pooled::sort_values;
pub(crate) use raw::{PrintedUnits, RawBenchmark, RawRows};
pub use record::{
    BenchResult, Configuration, Failure, FailureKind, Position, Record, Setting, SkippedLine,
    SyntaxError, SyntaxErrorKind, UnitMetadata,
};
pub use retain::MeasuredRow;
pub use row_keys::row_keys;
pub use sample::{Iterations, KeyId, RowId, SampleSet, Samples, UnitTraits};
