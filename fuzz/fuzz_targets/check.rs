//! Any two texts as baseline and candidate, from bytes to every report. The two are separated by a
//! line of three dashes.

#![no_main]

use std::sync::Arc;

use allocgate::benchmark::{Record, SampleSetBuilder, row_keys};
use allocgate::gate::{Case, judge};
use allocgate::parse::{self, LineReader, Sink};
use allocgate::policy::Policy;
use allocgate::report::{self, Format, TerminalStyle};
use libfuzzer_sys::fuzz_target;

struct Collect<'a>(&'a mut SampleSetBuilder);

impl Sink for Collect<'_> {
    fn record(&mut self, record: Record<'_>) {
        self.0.add(record);
    }
}

fn side(data: &[u8]) -> SampleSetBuilder {
    let mut builder = SampleSetBuilder::default();
    let name = Arc::from("fuzz");
    builder.begin_file(&name);
    let lines = LineReader::new(data, 1 << 30);
    let format = parse::read(lines, &name, None, &mut Collect(&mut builder)).unwrap();
    builder.end_file(format.name());
    builder
}

fuzz_target!(|data: &[u8]| {
    let separator = b"\n---\n";
    let at = data.windows(separator.len()).position(|window| window == separator);
    let (first, second) = match at {
        Some(at) => (&data[..at], &data[at + separator.len()..]),
        None => (data, data),
    };
    let (baseline, candidate) = (side(first), side(second));
    let row_keys = row_keys(&[baseline.configurations(), candidate.configurations()], &[]);
    let (baseline, candidate) = (baseline.finish(&row_keys), candidate.finish(&row_keys));
    let report = judge(Case {
        baseline: Some(&baseline),
        candidate: &candidate,
        row_keys: &row_keys,
        policy: &Policy::default(),
        today: jiff::civil::date(2026, 1, 1),
        keep_unchanged: true,
        circumstances: None,
        filter: None,
        dead_selectors: &[],
    });
    let style = TerminalStyle { color: false, width: 80, all_rows: true };
    for &format in Format::ALL {
        let mut out = Vec::new();
        report::render(&report, format, &style, &mut out).unwrap();
        assert!(std::str::from_utf8(&out).is_ok());
    }
});
