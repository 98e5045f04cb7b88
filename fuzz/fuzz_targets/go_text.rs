//! Any bytes, read as Go benchmark text: no panic, and every result keeps the reader's promises.

#![no_main]

mod promises;

use std::sync::Arc;

use allocgate::parse::{self, Format, LineReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines = LineReader::new(data, 1 << 30);
    let format = Some(Format::GoText);
    parse::read(lines, &Arc::from("fuzz"), format, &mut promises::Promises).unwrap();
});
