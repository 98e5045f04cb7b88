//! Real output, and what was recorded of benchfmt: no go is needed.

use std::fs::{self, File};
use std::path::Path;

use allocgate::parse::LineReader;
use allocgate::parse::benchfmt::{self, Entry};
use allocgate::unit::Tidy;

use crate::testdata;

/// The digest of `testdata/benchfmt/main.go` (FNV-1a).
struct Digest(u64);

impl Digest {
    fn add(&mut self, text: &[u8]) {
        for byte in text {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The number of results in a file, and their digest.
fn digest(path: &Path) -> (usize, String) {
    let (mut results, mut digest) = (0, Digest(0xcbf2_9ce4_8422_2325));
    let lines = LineReader::new(File::open(path).unwrap(), u64::MAX);
    let take = |_, entry: Entry<'_>| {
        if let Entry::Result(result) = entry {
            results += 1;
            let package = result.settings.iter().find(|(key, _)| *key == b"pkg");
            digest.add(package.map_or(b"", |(_, package)| package));
            digest.add(b" ");
            digest.add(result.name);
            digest.add(format!(" {}", result.iterations).as_bytes());
            for (value, unit) in result.values() {
                let tidy = Tidy::of(std::str::from_utf8(unit).unwrap());
                let tidied = value * tidy.factor;
                #[expect(clippy::float_cmp, reason = "as benchfmt has it")]
                let is_printed = tidied == value;
                // A NaN has one bit pattern here and another in Go.
                let bits = match tidied.is_nan() {
                    true => 0x7ff8_0000_0000_0001,
                    false => tidied.to_bits(),
                };
                digest.add(format!(" {bits:016x} ").as_bytes());
                digest.add(if is_printed {
                    unit
                } else {
                    tidy.name.as_bytes()
                });
            }
            digest.add(b"\n");
        }
        Ok(())
    };
    benchfmt::read(lines, take).unwrap();
    (results, format!("{:016x}", digest.0))
}

#[test]
fn real_output_is_read_as_was_recorded_of_benchfmt() {
    let recorded = fs::read_to_string(testdata().join("benchfmt/expected.tsv")).unwrap();
    let mut compared = 0;
    for line in recorded.lines() {
        let [name, results, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let paths = ["wild", "measured"].map(|folder| testdata().join(folder).join(name));
        let (found, digest) = digest(paths.iter().find(|path| path.exists()).unwrap());
        assert_eq!(
            (found.to_string().as_str(), &*digest),
            (results, expected),
            "{name}"
        );
        compared += found;
    }
    assert!(compared > 4000, "only {compared} results compared");
}
