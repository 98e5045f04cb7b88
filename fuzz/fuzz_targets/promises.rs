//! What every reader promises of the results it reports.

use allocgate::benchmark::Record;
use allocgate::parse::Sink;

/// Holds each record against the promises.
pub struct Promises;

impl Sink for Promises {
    fn record(&mut self, record: Record<'_>) {
        if let Record::Result(result) = record {
            assert!(result.name.starts_with(b"Benchmark"));
            assert!(!result.measurements.is_empty());
            for (value, unit) in result.values() {
                assert!(value.is_finite() && value.is_sign_positive() && !unit.is_empty());
            }
        }
    }
}
