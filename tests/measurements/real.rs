//! Real output, and what benchfmt reads in it today.

use std::fs;
use std::path::PathBuf;

use allocgate::parse::Format;
use allocgate::stat::Input;

use crate::{compare, testdata};

/// Real output: all files of some folders of `testdata`.
pub(crate) fn real() -> Vec<Input> {
    let pairs = fs::read_dir(testdata().join("benchstat")).unwrap();
    let pairs = pairs
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let folders = ["wild", "measured"].map(|folder| testdata().join(folder));
    let mut paths: Vec<PathBuf> = pairs
        .chain(folders)
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let input = |(index, path): (usize, PathBuf)| Input {
        label: index.to_string(),
        path: path.to_str().unwrap().to_owned(),
    };
    paths.into_iter().enumerate().map(input).collect()
}

/// Whether the product reads a file as text, and as it is: neither JSON nor other encodings, and no
/// byte-order mark, are benchfmt's.
pub(crate) fn is_plain_text(input: &Input) -> bool {
    let text = fs::read(&input.path).unwrap();
    let is_marked = text.starts_with("\u{feff}".as_bytes());
    Format::detect(&text) == Format::GoText && !is_marked && !text.contains(&0)
}

#[test]
fn real_output_is_read_as_benchfmt_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let compared = compare("real output against benchfmt", folder.path(), &real());
    assert!(compared == 0 || compared > 10_000, "{compared}");
}
