//! A saved report that anybody may have written: reading it, and every report that is written from one
//! that has the right types, whether or not it agrees with itself.

#![no_main]

use allocgate::gate::Report;
use allocgate::report::{self, Format, TerminalStyle, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let read = json::read(data);
    let Ok(report) = serde_json::from_slice::<Report>(data) else {
        assert!(read.is_err());
        return;
    };
    let style = TerminalStyle { color: false, width: 80, all_rows: true };
    for format in Format::ALL {
        let mut out = Vec::new();
        report::render(&report, *format, &style, &mut out).unwrap();
        assert!(std::str::from_utf8(&out).is_ok());
    }
});
