//! A profile that a test binary has written, which anybody may have written, and what becomes of its
//! stacks.

#![no_main]

use allocgate::profile::{self, Frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(read) = profile::decode(data) else {
        return;
    };
    assert!(read.samples.iter().all(|one| one.objects >= 0 && one.bytes >= 0));
    let is_own = |frame: &Frame| !profile::package(&frame.function).is_empty();
    let allocations = profile::per_iteration(&read, &read, 10.0, is_own);
    assert!(allocations.iter().all(|one| one.objects.abs() < 1e-9));
});
