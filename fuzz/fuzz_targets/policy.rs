//! Any text as a policy and as a waiver in a commit message.

#![no_main]

use allocgate::policy::{Policy, parse_trailer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Policy::parse(text, "fuzz.toml");
    let _ = parse_trailer(text, "fuzz");
});
