//! Opening what the user named: files, standard input, patterns; gzip and UTF-16 are decoded on the way.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use super::lines::LineReader;

/// Bounds on what is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one input after decompression.
    pub file: u64,
}

impl Default for Limits {
    /// 1 GiB a file.
    fn default() -> Self {
        Limits { file: 1 << 30 }
    }
}

/// An input that could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system's own word.
    #[error("{path}: {error}")]
    Io {
        /// As the user named it.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// A pattern that matches nothing.
    #[error("{0}: no file matches this pattern")]
    NoMatch(String),
    /// A pattern that is not one.
    #[error("{0}: not a file, and not a pattern either: {1}")]
    BadPattern(String, glob::PatternError),
    /// Standard input on both sides, or twice on one.
    #[error("standard input (-) can be given only once")]
    StdinTwice,
}

/// One input: its name and its opened, decoded text.
pub struct Source {
    /// As the user named it; `<stdin>` for standard input.
    pub name: Arc<str>,
    /// Its lines, decoded.
    pub lines: LineReader<Box<dyn Read + Send>>,
}

/// Turns what the user named into file names: a name of an existing file is itself, `-` is standard
/// input, anything else with `*`, `?` or `[` is a pattern (shells on Windows do not expand them).
///
/// # Errors
///
/// If a pattern is invalid, matches nothing, or a folder on the way cannot be read.
pub fn expand(arguments: &[String]) -> Result<Vec<String>, OpenError> {
    let mut names = Vec::new();
    for argument in arguments {
        let is_pattern = argument.contains(['*', '?', '[']);
        if argument == "-" || !is_pattern || Path::new(argument).exists() {
            names.push(argument.clone());
            continue;
        }
        let paths = glob::glob(argument).map_err(|e| OpenError::BadPattern(argument.clone(), e))?;
        let before = names.len();
        for path in paths {
            let path = path.map_err(|error| OpenError::Io {
                path: error.path().display().to_string(),
                error: error.into(),
            })?;
            // A dangling link is named, and fails to open: nothing that matches is passed over.
            if !path.is_dir() {
                names.push(path.display().to_string());
            }
        }
        if names.len() == before {
            return Err(OpenError::NoMatch(argument.clone()));
        }
    }
    Ok(names)
}

impl Source {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, is a directory, or its first bytes cannot be read.
    pub fn open(name: &str, limits: Limits) -> Result<Source, OpenError> {
        let failed = |error| OpenError::Io {
            path: name.to_owned(),
            error,
        };
        if name == "-" {
            return Source::decode("<stdin>", Box::new(io::stdin()), limits).map_err(failed);
        }
        let file = File::open(name).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            let error = io::Error::new(
                io::ErrorKind::IsADirectory,
                "is a directory; name the files in it, or a pattern such as dir/*.txt",
            );
            return Err(failed(error));
        }
        Source::decode(name, Box::new(file), limits).map_err(failed)
    }

    /// Wraps raw bytes: gzip is unpacked, UTF-16 (with or without a byte-order mark) becomes UTF-8,
    /// and a UTF-8 byte-order mark is taken off.
    ///
    /// # Errors
    ///
    /// If the first bytes cannot be read.
    pub fn decode(name: &str, mut raw: Box<dyn Read + Send>, limits: Limits) -> io::Result<Source> {
        let mut head = read_head(&mut raw)?;
        let mut text: Box<dyn Read + Send> = Box::new(Cursor::new(head.clone()).chain(raw));
        if head.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = MultiGzDecoder::new(text);
            head = read_head(&mut unpacked)?;
            text = Box::new(Cursor::new(head.clone()).chain(unpacked));
        }
        let encoding = encoding_of(&head);
        if encoding != UTF_8 || head.starts_with(b"\xef\xbb\xbf") {
            text = Box::new(Transcoder::new(text, encoding));
        }
        Ok(Source {
            name: Arc::from(name),
            lines: LineReader::new(text, limits.file),
        })
    }
}

/// The first bytes of an input, as many as there are up to 4 KiB.
fn read_head(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    input.take(4 << 10).read_to_end(&mut head)?;
    Ok(head)
}

/// UTF-16 by its byte-order mark, or by every other byte of the beginning being zero, as ASCII in
/// UTF-16 has it; UTF-8 otherwise.
fn encoding_of(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    let sample = &head[..head.len().min(128) & !1];
    let zeros = |offset: usize| {
        sample
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let most = sample.len() / 2 * 9 / 10;
    if sample.len() < 8 {
        UTF_8
    } else if odd >= most && even == 0 {
        UTF_16LE
    } else if even >= most && odd == 0 {
        UTF_16BE
    } else {
        UTF_8
    }
}

/// Decodes to UTF-8 while reading. Bytes that are no text become U+FFFD.
struct Transcoder {
    input: Box<dyn Read + Send>,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    position: usize,
    at_end: bool,
}

impl Transcoder {
    fn new(input: Box<dyn Read + Send>, encoding: &'static Encoding) -> Self {
        Transcoder {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 64 << 10],
            decoded: Vec::new(),
            position: 0,
            at_end: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let count = self.input.read(&mut self.raw)?;
        self.at_end = count == 0;
        let room = self
            .decoder
            .max_utf8_buffer_length(count)
            .unwrap_or(count * 3 + 16);
        self.decoded.resize(room, 0);
        let (_, _, written, _) =
            self.decoder
                .decode_to_utf8(&self.raw[..count], &mut self.decoded, self.at_end);
        self.decoded.truncate(written);
        self.position = 0;
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.position == self.decoded.len() && !self.at_end {
            self.refill()?;
        }
        let count = out.len().min(self.decoded.len() - self.position);
        out[..count].copy_from_slice(&self.decoded[self.position..self.position + count]);
        self.position += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn text_of(raw: &[u8]) -> Vec<String> {
        let input = Box::new(Cursor::new(raw.to_vec()));
        let mut source = Source::decode("test", input, Limits::default()).unwrap();
        let mut all = Vec::new();
        while let Some(line) = source.lines.next_line().unwrap() {
            all.push(String::from_utf8(line.text.to_vec()).unwrap());
        }
        all
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if big_endian {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn decodes_what_pipelines_write() {
        let text = "BenchmarkÄ-8 1 2 ns/op\npkg: x";
        let expected = ["BenchmarkÄ-8 1 2 ns/op", "pkg: x"];
        let with_mark = format!("\u{feff}{text}");
        assert_eq!(text_of(text.as_bytes()), expected);
        assert_eq!(text_of(with_mark.as_bytes()), expected);
        for big_endian in [false, true] {
            assert_eq!(text_of(&utf16(&with_mark, big_endian)), expected);
            assert_eq!(text_of(&utf16(text, big_endian)), expected);
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&utf16(&with_mark, false)).unwrap();
        assert_eq!(text_of(&gzip.finish().unwrap()), expected);
        assert!(text_of(b"").is_empty());
    }

    #[test]
    fn a_broken_archive_is_an_error_not_an_end() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all("BenchmarkA 1 2 ns/op\n".repeat(10_000).as_bytes())
            .unwrap();
        let mut packed = gzip.finish().unwrap();
        packed.truncate(packed.len() / 2);
        let opened = Source::decode("x.gz", Box::new(Cursor::new(packed)), Limits::default());
        let failed = match opened {
            Err(_) => true,
            Ok(mut source) => loop {
                match source.lines.next_line() {
                    Ok(Some(_)) => {}
                    Ok(None) => break false,
                    Err(_) => break true,
                }
            },
        };
        assert!(failed);
    }
}
