//! Making a case that differs small: a table of one row is read faster than one of fifty.

use std::fs;
use std::path::Path;

use crate::flags::FILES;

/// How often a smaller case is tried.
const TRIES: usize = 600;

/// Takes away flags, inputs and lines as long as what is left still differs. The files in the folder are
/// the smaller ones afterwards.
pub(crate) fn shrink(
    folder: &Path,
    arguments: &mut Vec<String>,
    mut differs: impl FnMut(&[String]) -> bool,
) {
    let mut tries = TRIES;
    for _ in 0..2 {
        let words: Vec<_> = groups(arguments);
        for at in (0..words.len()).rev() {
            let mut fewer = groups(arguments);
            fewer.remove(at);
            let fewer = fewer.concat();
            if differs(&fewer) {
                *arguments = fewer;
            }
        }
        for name in FILES {
            let path = folder.join(name);
            if path.exists() {
                shrink_lines(&path, &mut tries, &mut || differs(arguments));
            }
        }
    }
}

/// Flags with their values, and inputs.
fn groups(arguments: &[String]) -> Vec<Vec<String>> {
    let mut groups = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut group = vec![word.clone()];
        if word.len() > 2 && word.starts_with('-') && !word.contains('=') {
            group.extend(words.next().cloned());
        }
        groups.push(group);
    }
    groups
}

/// Takes away ever smaller parts of a file.
fn shrink_lines(path: &Path, tries: &mut usize, differs: &mut dyn FnMut() -> bool) {
    let content = fs::read(path).unwrap();
    let mut lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let mut part = lines.len().div_ceil(2);
    while part > 0 {
        let mut at = 0;
        while at < lines.len() && *tries > 0 {
            *tries -= 1;
            let mut fewer = lines.clone();
            fewer.drain(at..(at + part).min(lines.len()));
            fs::write(path, fewer.concat()).unwrap();
            if differs() {
                lines = fewer;
            } else {
                at += part;
            }
        }
        part /= 2;
    }
    fs::write(path, lines.concat()).unwrap();
}
