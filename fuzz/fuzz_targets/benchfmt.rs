//! Any bytes, read as benchfmt reads them: no panic, and every entry keeps the reader's promises.

#![no_main]

use allocgate::parse::LineReader;
use allocgate::parse::benchfmt::{self, Entry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines = LineReader::new(data, 1 << 30);
    let mut last = 1;
    let (mut last_name, mut last_units): (Vec<u8>, Vec<Vec<u8>>) = Default::default();
    benchfmt::read(lines, |line, entry| {
        assert!(line >= last);
        last = line;
        match entry {
            Entry::Result(result) => {
                assert!(!result.measurements.is_empty());
                assert!(!result.name.contains(&b' '));
                assert!(!result.is_name_known || last_name == result.name);
                assert!(result.known_units <= result.measurements.len());
                last_name = result.name.to_vec();
                for (index, (_, unit)) in result.values().enumerate() {
                    assert!(!unit.is_empty());
                    assert!(index >= result.known_units || last_units[index] == unit);
                    match last_units.get_mut(index) {
                        Some(last) => *last = unit.to_vec(),
                        None => last_units.push(unit.to_vec()),
                    }
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
