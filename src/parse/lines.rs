//! Splitting an input into lines, within bounds, without copying a line more than once.

use std::io::{self, Read};

/// The longest line that is kept, in bytes. The rest of a longer line is passed over.
pub const MAX_LINE: usize = 1 << 20;

/// How much of an input [`LineReader::peek`] looks at, in bytes.
const PEEK: usize = 256 << 10;

/// Reads an input line by line into one reused buffer.
pub struct LineReader<R> {
    input: R,
    /// Bytes `start..end` are read and not yet handed out.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    unfinished: bool,
    line: u64,
    read: u64,
    limit: u64,
}

/// One line, without its line feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The text, at most [`MAX_LINE`] bytes.
    pub text: &'a [u8],
    /// Its number, counted from 1.
    pub number: u64,
    /// Whether the line was longer than [`MAX_LINE`] and lost its tail.
    pub cut: bool,
}

impl<R: Read> LineReader<R> {
    /// A reader that gives up with [`io::ErrorKind::FileTooLarge`] past `limit` bytes.
    pub fn new(input: R, limit: u64) -> Self {
        LineReader {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            at_end: false,
            unfinished: false,
            line: 0,
            read: 0,
            limit,
        }
    }

    /// The most bytes that it reads.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The beginning of the input, up to 256 KiB, without consuming it.
    ///
    /// # Errors
    ///
    /// As the input's own.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        while self.end - self.start < PEEK && !self.at_end {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// The next line, or `None` at the end. A last line without a line feed counts.
    ///
    /// # Errors
    ///
    /// As the input's own, and [`io::ErrorKind::FileTooLarge`] past the limit.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut searched = 0;
        loop {
            let found = memchr::memchr(b'\n', &self.buffer[self.start + searched..self.end]);
            if let Some(offset) = found {
                let length = searched + offset;
                return Ok(Some(self.take(length, length + 1)));
            }
            searched = self.end - self.start;
            if searched > MAX_LINE {
                return self.take_overlong().map(Some);
            }
            if self.at_end {
                return Ok((searched > 0).then(|| self.take(searched, searched)));
            }
            self.fill()?;
        }
    }

    /// Whether the last line that was handed out was the last of the input and had no line feed.
    pub fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    /// Hands out `length` bytes and consumes `consumed`.
    fn take(&mut self, length: usize, consumed: usize) -> Line<'_> {
        let from = self.start;
        self.start += consumed;
        self.line += 1;
        self.unfinished = consumed == length;
        let cut = length > MAX_LINE;
        let text = &self.buffer[from..from + length.min(MAX_LINE)];
        Line {
            text,
            number: self.line,
            cut,
        }
    }

    /// Hands out the head of a line longer than the buffer may grow, and passes over its tail.
    fn take_overlong(&mut self) -> io::Result<Line<'_>> {
        let head = self.buffer[self.start..self.start + MAX_LINE].to_vec();
        self.start += MAX_LINE;
        loop {
            match memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
                Some(offset) => {
                    self.start += offset + 1;
                    break;
                }
                None if self.at_end => {
                    self.start = self.end;
                    self.unfinished = true;
                    break;
                }
                None => {
                    self.start = self.end;
                    self.fill()?;
                }
            }
        }
        self.line += 1;
        // The head replaces bytes that are consumed, so that the caller can borrow it.
        let from = self.keep_aside(&head);
        Ok(Line {
            text: &self.buffer[from..from + MAX_LINE],
            number: self.line,
            cut: true,
        })
    }

    /// Stores `head` behind the unread bytes and returns where it stands.
    fn keep_aside(&mut self, head: &[u8]) -> usize {
        self.buffer.truncate(self.end);
        self.buffer.extend_from_slice(head);
        self.end
    }

    /// Reads more input behind the unread bytes.
    fn fill(&mut self) -> io::Result<()> {
        // Small inputs get a small buffer, large ones are read in large pieces.
        let chunk = self.buffer.len().clamp(8 << 10, 128 << 10);
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + chunk {
            self.buffer.resize(self.end + chunk, 0);
        }
        let count = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += count;
        self.read += count as u64;
        self.at_end = count == 0;
        if self.read > self.limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!(
                    "is larger than {} MiB; raise --max-input if that is meant",
                    self.limit >> 20
                ),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<(u64, Vec<u8>, bool)> {
        let mut reader = LineReader::new(input, u64::MAX);
        let mut all = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            all.push((line.number, line.text.to_vec(), line.cut));
        }
        all
    }

    #[test]
    fn splits_at_line_feeds_and_keeps_an_unfinished_last_line() {
        assert_eq!(lines(b""), []);
        assert_eq!(
            lines(b"a\n\nb"),
            [
                (1, b"a".to_vec(), false),
                (2, vec![], false),
                (3, b"b".to_vec(), false)
            ]
        );
        assert_eq!(lines(b"a\n"), [(1, b"a".to_vec(), false)]);
    }

    #[test]
    fn cuts_overlong_lines_and_goes_on_after_them() {
        for tail in [0, 1, 10, 300 << 10] {
            let mut input = vec![b'x'; MAX_LINE + tail];
            input.extend_from_slice(b"\nnext\nlast");
            let all = lines(&input);
            assert_eq!(all.len(), 3, "tail {tail}");
            assert_eq!((all[0].1.len(), all[0].2), (MAX_LINE, tail > 0));
            assert_eq!(all[1], (2, b"next".to_vec(), false));
            assert_eq!(all[2], (3, b"last".to_vec(), false));
        }
    }

    #[test]
    fn tells_whether_the_last_line_was_finished() {
        for (input, unfinished) in [
            ("", false),
            ("a\n", false),
            ("a\nb", true),
            ("a\n\n", false),
        ] {
            let mut reader = LineReader::new(input.as_bytes(), u64::MAX);
            while reader.next_line().unwrap().is_some() {}
            assert_eq!(reader.is_unfinished(), unfinished, "{input:?}");
        }
    }

    #[test]
    fn peeking_consumes_nothing() {
        let mut reader = LineReader::new(&b"one\ntwo\n"[..], u64::MAX);
        assert_eq!(reader.peek().unwrap(), b"one\ntwo\n");
        assert_eq!(reader.next_line().unwrap().unwrap().text, b"one");
    }

    #[test]
    fn refuses_more_than_its_limit() {
        let mut reader = LineReader::new(&[b'\n'; 4 << 20][..], 2 << 20);
        let error = loop {
            match reader.next_line() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the limit did not hold"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
