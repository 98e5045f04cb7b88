//! Any bytes as a Go source file: no panic, and every place that is named lies in the text.

#![no_main]

use allocgate::golang::SourceFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let file = SourceFile::parse(text);
    for declaration in &file.declarations {
        assert!(text.get(declaration.range.clone()).is_some());
        assert!(!declaration.lines.is_empty());
    }
    for import in &file.imports {
        assert!(text.get(import.range.clone()).is_some());
        assert!(text.get(import.name_range.clone()).is_some());
    }
    assert!(file.benchmarks().count() <= file.declarations.len());
});
