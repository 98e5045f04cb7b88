//! Any bytes as a file: packed or not, in any encoding, of whatever format they look like.

#![no_main]

use std::io::Cursor;

use allocgate::benchmark::Record;
use allocgate::parse::{self, Limits, Sink, Source};
use libfuzzer_sys::fuzz_target;

struct Ignore;

impl Sink for Ignore {
    fn record(&mut self, _: Record<'_>) {}
}

fuzz_target!(|data: &[u8]| {
    let limits = Limits { file: 1 << 22 };
    if let Ok(source) = Source::decode("fuzz", Box::new(Cursor::new(data.to_vec())), limits) {
        let _ = parse::read(source.lines, &source.name, None, &mut Ignore);
    }
});
