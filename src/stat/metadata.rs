//! What `Unit` lines declare, across all inputs: the first word of a thing holds, another one is a
//! conflict to be told of.

use rustc_hash::FxHashMap;

use crate::unit::Better;

/// Declared metadata, by tidied unit and key.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    declared: FxHashMap<(Vec<u8>, Vec<u8>), Vec<u8>>,
}

impl Metadata {
    /// Takes a declaration, or returns the value that contradicts it.
    pub(super) fn declare(&mut self, unit: &[u8], key: &[u8], value: &[u8]) -> Result<(), &[u8]> {
        let known = self
            .declared
            .entry((tidied(unit).0, key.to_vec()))
            .or_insert_with(|| value.to_vec());
        if known == value { Ok(()) } else { Err(known) }
    }

    fn get(&self, unit: &[u8], key: &str) -> Option<&[u8]> {
        let key = (tidied(unit).0, key.as_bytes().to_vec());
        self.declared.get(&key).map(Vec::as_slice)
    }

    /// Whether the unit's values are free of noise.
    pub(super) fn is_exact(&self, unit: &[u8]) -> bool {
        self.get(unit, "assume") == Some(b"exact")
    }

    /// The direction in which the unit improves.
    pub(super) fn better(&self, unit: &[u8]) -> Better {
        match (self.get(unit, "better"), unit) {
            (Some(b"higher"), _) | (None, b"MB/s" | b"B/s") => Better::Higher,
            (Some(b"lower"), _) | (None, b"ns/op" | b"sec/op" | b"B/op" | b"allocs/op") => {
                Better::Lower
            }
            _ => Better::Unknown,
        }
    }
}

/// The tidied name of a unit, and the factor that takes its values there.
pub(super) fn tidied(unit: &[u8]) -> (Vec<u8>, f64) {
    // A unit may hold any bytes but white space. Those beyond ASCII change nothing about what is
    // tidied: they stand aside as characters of private use.
    const ASIDE: u32 = 0xe000;
    let set_aside = |byte: &u8| match byte {
        0x80.. => char::from_u32(ASIDE + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(*byte),
    };
    let text: String = unit.iter().map(set_aside).collect();
    let tidy = crate::unit::Tidy::of(&text);
    let taken_back = |c: char| match u32::from(c) {
        code @ ASIDE.. => (code - ASIDE) as u8,
        code => code as u8,
    };
    (tidy.name.chars().map(taken_back).collect(), tidy.factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_tidied() {
        assert_eq!(tidied(b"ns/op"), (b"sec/op".to_vec(), 1e-9));
        assert_eq!(tidied(b"p50-ns\xff/op"), (b"p50-ns\xff/op".to_vec(), 1.0));
        let (name, factor) = tidied("µ-\u{0}-ns".as_bytes());
        assert_eq!(name, "µ-\u{0}-sec".as_bytes());
        assert!((factor - 1e-9).abs() < 1e-20);
        assert_eq!(tidied(b"\xc2\x85\xff-ns").0, b"\xc2\x85\xff-sec");
    }

    #[test]
    fn the_first_declaration_holds() {
        let mut metadata = Metadata::default();
        assert_eq!(metadata.better(b"sec/op"), Better::Lower);
        assert_eq!(metadata.better(b"MB/op"), Better::Unknown);
        assert_eq!(metadata.declare(b"ns/op", b"better", b"higher"), Ok(()));
        assert_eq!(metadata.declare(b"sec/op", b"better", b"higher"), Ok(()));
        assert_eq!(
            metadata.declare(b"sec/op", b"better", b"lower"),
            Err(&b"higher"[..])
        );
        assert_eq!(metadata.better(b"sec/op"), Better::Higher);
        assert_eq!(metadata.declare(b"B/s", b"better", b"what"), Ok(()));
        assert_eq!(metadata.better(b"MB/s"), Better::Unknown);
        assert_eq!(metadata.declare(b"x", b"assume", b"exact"), Ok(()));
        assert!(metadata.is_exact(b"x") && !metadata.is_exact(b"y"));
    }
}
