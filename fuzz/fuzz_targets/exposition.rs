//! Any bytes as a page of metrics and as the JSON of a container engine, with the first line as the
//! selector: no panic, and no figure that is none.

#![no_main]

use allocgate::memory::reading::{Reading, Selector, engine, metrics};
use allocgate::parse::LineReader;
use libfuzzer_sys::fuzz_target;

fn promises(reading: &Reading) {
    assert!(!reading.figures.iter().any(|figure| figure.value.is_nan() || figure.value < 0.0));
    assert!(reading.taken.is_none_or(f64::is_finite));
}

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').map_or(data.len(), |end| end + 1);
    let (first, page) = data.split_at(end);
    let selector = str::from_utf8(first).ok().and_then(|text| text.parse::<Selector>().ok());
    if let Some(selector) = &selector {
        let written = selector.to_string();
        assert_eq!(written.parse::<Selector>().unwrap().to_string(), written);
    }
    let selector = selector.unwrap_or_default();
    for text in [data, page] {
        if let Ok(reading) = metrics::read(LineReader::new(text, 1 << 30), "fuzz", &selector) {
            promises(&reading);
        }
        if let Ok(reading) = engine::read(LineReader::new(text, 1 << 30), "fuzz", &selector) {
            promises(&reading);
        }
    }
});
