//! Values, each kept once.

use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// Texts with a number each. Number 0 is the empty text.
#[derive(Debug)]
pub(super) struct Texts {
    /// All texts, one behind the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The numbers by the hashes of their texts, which are kept so that growing needs no text.
    numbers: HashTable<(u64, u32)>,
}

impl Texts {
    pub(super) fn new() -> Self {
        Texts {
            bytes: Vec::new(),
            ends: vec![0],
            numbers: HashTable::new(),
        }
    }

    /// The number of a text. `last` is a guess, and so is the one after it: results that follow each other
    /// are much alike, and those of another file are often in the same order.
    pub(super) fn number_of(&mut self, text: &[u8], last: u32) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if self.text(last) == text {
            return last;
        }
        let after = last + 1;
        if (after as usize) < self.ends.len() && self.text(after) == text {
            return after;
        }
        let Texts {
            bytes,
            ends,
            numbers,
        } = self;
        let hash = hash(text);
        let is_text = |entry: &(u64, u32)| entry.0 == hash && slice(bytes, ends, entry.1) == text;
        let next = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        let entry = numbers.entry(hash, is_text, |entry| entry.0);
        let (_, number) = *entry.or_insert((hash, next)).get();
        if number as usize == self.ends.len() {
            self.bytes.extend_from_slice(text);
            self.ends.push(self.bytes.len());
        }
        number
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    match number as usize {
        0 => b"",
        number => &bytes[ends[number - 1]..ends[number]],
    }
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    hasher.finish()
}
