//! A profile as `runtime/pprof` writes it: `profile.proto` of github.com/google/pprof, gzip around it.
//!
//! The values of a sample are found by the names of their types, not by their places. A location holds
//! a line for each function that was inlined there, the innermost first. The file was written by a test
//! binary, which anybody may have written: what is read of it is bounded, and what does not hang
//! together is an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use prost::Message;

use crate::bounded;

/// What is read of a profile, unpacked. One of a single benchmark takes some hundred kilobytes; each
/// byte may become some forty in memory.
const MOST_BYTES: u64 = 8 << 20;
/// Frames of a stack: the runtime records 128, and each may stand for some that were inlined.
const MOST_FRAMES: usize = 4096;
/// Frames of all stacks together.
const MOST_FRAMES_IN_ALL: usize = 1 << 20;

/// What a program allocated from its start to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// By stack and size of the objects.
    pub samples: Vec<Sample>,
}

/// What one stack allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The innermost frame first.
    pub stack: Vec<Frame>,
    /// Objects.
    pub objects: i64,
    /// Their bytes in all.
    pub bytes: i64,
}

/// A line of a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// As Go calls it: `example.com/m/shop.(*Cart).Total.func1`.
    pub function: Arc<str>,
    /// As the binary has it.
    pub file: Arc<str>,
    /// From 1; 0 where it is not known.
    pub line: usize,
}

/// What is no profile of allocations.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// It cannot be unpacked.
    #[error("it cannot be unpacked: {0}")]
    Packed(#[from] std::io::Error),
    /// It is too large.
    #[error("it holds more than {MOST_BYTES} bytes")]
    TooLarge,
    /// It is not of the format.
    #[error("it is not of the format: {0}")]
    Format(#[from] prost::DecodeError),
    /// It does not hang together.
    #[error("{0}")]
    Broken(&'static str),
}

#[derive(Clone, PartialEq, Message)]
struct RawProfile {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<RawType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<RawSample>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<RawLocation>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<RawFunction>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct RawType {
    #[prost(int64, tag = "1")]
    name: i64,
}

#[derive(Clone, PartialEq, Message)]
struct RawSample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct RawLocation {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<RawLine>,
}

#[derive(Clone, PartialEq, Message)]
struct RawLine {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, PartialEq, Message)]
struct RawFunction {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}

/// Reads a profile of allocations, packed or not.
///
/// # Errors
///
/// If it is none, or too large.
pub fn decode(bytes: &[u8]) -> Result<Profile, ProfileError> {
    let unpacked = match bytes {
        [0x1f, 0x8b, ..] => bounded::read(MultiGzDecoder::new(bytes), MOST_BYTES),
        _ => bounded::read(bytes, MOST_BYTES),
    };
    let unpacked = unpacked?.ok_or(ProfileError::TooLarge)?;
    profile(&RawProfile::decode(unpacked.as_slice())?)
}

fn profile(raw: &RawProfile) -> Result<Profile, ProfileError> {
    let of_type = |name: &str| {
        let named = |one: &RawType| text(raw, one.name) == Some(name);
        let place = raw.sample_type.iter().position(named);
        place.ok_or(ProfileError::Broken("it does not count allocations"))
    };
    let (objects, bytes) = (of_type("alloc_objects")?, of_type("alloc_space")?);
    let locations = locations(raw)?;
    let mut left = MOST_FRAMES_IN_ALL;
    let mut samples = Vec::new();
    for sample in &raw.sample {
        let value = |place: usize| {
            let value = sample.value.get(place).copied();
            value.ok_or(ProfileError::Broken("a sample lacks a value"))
        };
        let (objects, bytes) = (value(objects)?, value(bytes)?);
        if objects < 0 || bytes < 0 {
            return Err(ProfileError::Broken("a sample is negative"));
        }
        let mut stack = Vec::new();
        for id in &sample.location_id {
            let frames = locations.get(id);
            let frames = frames.ok_or(ProfileError::Broken("a location is missing"))?;
            if stack.len() + frames.len() > MOST_FRAMES.min(left) {
                return Err(ProfileError::TooLarge);
            }
            stack.extend_from_slice(frames);
        }
        left -= stack.len();
        samples.push(Sample {
            stack,
            objects,
            bytes,
        });
    }
    Ok(Profile { samples })
}

/// The frames of each location, the innermost first.
fn locations(raw: &RawProfile) -> Result<BTreeMap<u64, Vec<Frame>>, ProfileError> {
    let mut texts: BTreeMap<i64, Arc<str>> = BTreeMap::new();
    let mut shared = |index: i64| -> Result<Arc<str>, ProfileError> {
        if let Some(known) = texts.get(&index) {
            return Ok(known.clone());
        }
        let text = text(raw, index).ok_or(ProfileError::Broken("a text is missing"))?;
        let text: Arc<str> = Arc::from(text);
        texts.insert(index, text.clone());
        Ok(text)
    };
    let mut functions: BTreeMap<u64, (Arc<str>, Arc<str>)> = BTreeMap::new();
    for one in &raw.function {
        functions.insert(one.id, (shared(one.name)?, shared(one.filename)?));
    }
    let mut locations = BTreeMap::new();
    for location in &raw.location {
        let frame = |line: &RawLine| -> Result<Frame, ProfileError> {
            let known = functions.get(&line.function_id);
            let (function, file) = known.ok_or(ProfileError::Broken("a function is missing"))?;
            Ok(Frame {
                function: function.clone(),
                file: file.clone(),
                line: usize::try_from(line.line).unwrap_or(0),
            })
        };
        let frames: Result<Vec<Frame>, ProfileError> = location.line.iter().map(frame).collect();
        locations.insert(location.id, frames?);
    }
    Ok(locations)
}

fn text(raw: &RawProfile, index: i64) -> Option<&str> {
    let index = usize::try_from(index).ok()?;
    raw.string_table.get(index).map(String::as_str)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn raw() -> RawProfile {
        let texts = [
            "",
            "space",
            "inuse_space",
            "alloc_space",
            "alloc_objects",
            "m.F",
            "m.G",
            "f.go",
        ];
        let function = |id, name| RawFunction {
            id,
            name,
            filename: 7,
        };
        let line = |function_id, line| RawLine { function_id, line };
        RawProfile {
            sample_type: [2, 3, 4].map(|name| RawType { name }).to_vec(),
            sample: vec![RawSample {
                location_id: vec![9, 9],
                value: vec![1, 64, 2],
            }],
            location: vec![RawLocation {
                id: 9,
                line: vec![line(1, 5), line(2, 8)],
            }],
            function: vec![function(1, 5), function(2, 6)],
            string_table: texts.map(str::to_owned).to_vec(),
        }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn values_go_by_their_names_and_inlined_lines_come_innermost_first() {
        let bytes = raw().encode_to_vec();
        let read = decode(&packed(&bytes)).unwrap();
        assert_eq!(read, decode(&bytes).unwrap());
        let [sample] = &read.samples[..] else {
            unreachable!("{read:?}")
        };
        assert_eq!((sample.objects, sample.bytes), (2, 64));
        let stack: Vec<(&str, usize)> = sample
            .stack
            .iter()
            .map(|frame| (&*frame.function, frame.line))
            .collect();
        assert_eq!(stack, [("m.F", 5), ("m.G", 8), ("m.F", 5), ("m.G", 8)]);
    }

    #[test]
    fn what_does_not_hang_together_is_refused() {
        let refused = |change: fn(&mut RawProfile)| {
            let mut raw = raw();
            change(&mut raw);
            decode(&raw.encode_to_vec()).unwrap_err().to_string()
        };
        assert!(refused(|raw| raw.sample_type.clear()).contains("count"));
        assert!(refused(|raw| raw.location.clear()).contains("location"));
        assert!(refused(|raw| raw.function.clear()).contains("function"));
        assert!(refused(|raw| raw.function[0].name = -1).contains("text"));
        assert!(refused(|raw| raw.sample[0].value.truncate(2)).contains("value"));
        assert!(refused(|raw| raw.sample[0].value[1] = -1).contains("negative"));
        let deep = |raw: &mut RawProfile| raw.sample[0].location_id = vec![9; MOST_FRAMES];
        assert!(refused(deep).contains("more than"));
        assert!(decode(b"\x1f\x8bnonsense").is_err());
        assert!(decode(b"nonsense").is_err() && decode(b"").is_err());
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(matches!(decode(&bomb), Err(ProfileError::TooLarge)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(0_u8.., 0..200), at in 0_usize.., by in 0_u8..) {
            let _ = decode(&bytes);
            let mut own = raw().encode_to_vec();
            let at = at % own.len();
            own[at] = by;
            let _ = decode(&own);
        }
    }
}
