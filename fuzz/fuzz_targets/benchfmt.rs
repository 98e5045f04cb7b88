//! Any bytes, read as benchfmt reads them: no panic, and every entry keeps the reader's promises.

#![no_main]

use allocgate::parse::LineReader;
use allocgate::parse::benchfmt::{self, Entry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines = LineReader::new(data, 1 << 30);
    let mut last = 1;
    benchfmt::read(lines, |line, entry| {
        assert!(line >= last);
        last = line;
        match entry {
            Entry::Result(result) => {
                assert!(!result.measurements.is_empty());
                assert!(!result.name.contains(&b' '));
                for (value, unit) in result.values() {
                    assert!(!value.is_nan() && !unit.is_empty());
                }
                for (key, value) in result.settings.iter() {
                    assert!(!key.is_empty() && !value.is_empty());
                }
            }
            Entry::Declaration(declaration) => {
                assert!(!declaration.unit.is_empty() && !declaration.key.is_empty());
            }
            Entry::Mistake(mistake) => assert!(!mistake.to_string().is_empty()),
        }
        Ok(())
    })
    .unwrap();
});
