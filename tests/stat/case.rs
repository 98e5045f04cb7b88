//! A question to `allocgate stat` and to benchstat: files and a command line.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A command line and the folder that it is given in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Case {
    /// Within `testdata`.
    pub(crate) folder: PathBuf,
    /// Files that are to be in the folder under a name of the example, by their path in `testdata`. The
    /// folder is a new one then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<(String, String)>,
    pub(crate) arguments: Vec<String>,
}

/// What an input that benchstat cannot read is, if it is one.
pub(crate) fn unreadable(content: &[u8]) -> Option<&'static str> {
    let events = |line: &[u8]| line.starts_with(b"{\"");
    let long = |line: &[u8]| line.len() >= 64 << 10;
    let not_a_number = |word: &[u8]| word.eq_ignore_ascii_case(b"nan");
    if content.starts_with(&[0x1f, 0x8b]) {
        Some("compressed")
    } else if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        Some("UTF-16")
    } else if content.split(|byte| *byte == b'\n').any(events) {
        Some("go test -json")
    } else if content.split(|byte| *byte == b'\n').any(long) {
        Some("a line over 64 KiB")
    } else if content.split(u8::is_ascii_whitespace).any(not_a_number) {
        Some("a measurement that is no number")
    } else {
        None
    }
}

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

impl Case {
    /// Its folder; the one that is made for it lies below `temporary`.
    pub(crate) fn folder(&self, temporary: &Path) -> PathBuf {
        if self.files.is_empty() {
            return testdata().join(&self.folder);
        }
        let folder = temporary.join(&self.folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, source) in &self.files {
            fs::copy(testdata().join(source), folder.join(name)).unwrap();
        }
        folder
    }

    /// Whether it asks for CSV: the last `-format` counts.
    pub(crate) fn is_csv(&self) -> bool {
        let mut csv = false;
        let mut words = self.arguments.iter().peekable();
        while let Some(word) = words.next() {
            let flag = word.trim_start_matches('-');
            if !word.starts_with('-') {
                continue;
            }
            match flag.strip_prefix("format") {
                Some("") => csv = words.peek().is_some_and(|format| *format == "csv"),
                Some(format) if format.starts_with('=') => csv = format == "=csv",
                _ => {}
            }
        }
        csv
    }
}
