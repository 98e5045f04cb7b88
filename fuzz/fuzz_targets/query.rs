//! Any lines as a filter, as projections and as results: no panic, and what is written of a filter is
//! read as the same.

#![no_main]

use allocgate::query::{Expressions, Filter, Projections, Subject, UnitNames};
use libfuzzer_sys::fuzz_target;

/// A result whose name, file and settings are one line.
struct Line<'a>(&'a [u8]);

impl Subject for Line<'_> {
    fn full_name(&self) -> &[u8] {
        self.0
    }

    fn setting(&self, key: &str) -> Option<&[u8]> {
        (key.len() % 2 == 0).then_some(self.0)
    }

    fn for_each_setting(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        for pair in self.0.chunks(2) {
            visit(&pair[..1], &pair[1..]);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut text = || str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let (query, table, row, col) = (text(), text(), text(), text());
    let Ok(mut filter) = Filter::parse(query) else {
        return;
    };
    let written = filter.to_string();
    let again = Filter::parse(&written).unwrap();
    assert_eq!(again.to_string(), written);

    let expressions = Expressions { table, row, col, ignore: "" };
    let unit = UnitNames { unit: b"sec/op", printed: Some(b"ns/op") };
    let subjects: Vec<Line> = lines.map(Line).collect();
    for subject in &subjects {
        assert_eq!(filter.matches(subject, unit), again.matches(subject, unit));
    }
    let Ok(mut projections) = Projections::parse(&expressions, &mut filter) else {
        return;
    };
    let mut keys = Vec::new();
    for subject in &subjects {
        filter.matches(subject, unit);
        projections.table.project_unit(subject, unit.unit);
        projections.col.project(subject);
        projections.residue.project(subject);
        keys.push(projections.row.project(subject));
    }
    let mut backwards: Vec<_> = keys.iter().rev().copied().collect();
    projections.row.sort(&mut keys);
    projections.row.sort(&mut backwards);
    assert_eq!(keys, backwards);
    assert_eq!(projections.row.differing(&keys).is_empty(), keys.first() == keys.last());
});
