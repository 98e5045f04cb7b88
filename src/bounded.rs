//! Reading no more than fits: what others have written may be of any size.

use std::io::{self, Read};

/// All of an input; `None` if that is more than `most` bytes, of which no more than one too many is read.
///
/// # Errors
///
/// As reading fails.
pub fn read(input: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = input.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((read as u64 <= most).then_some(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_larger_is_not_read() {
        assert_eq!(read(&b"four"[..], 4).unwrap().unwrap(), b"four");
        assert_eq!(read(&b""[..], 0).unwrap().unwrap(), b"");
        assert_eq!(read(&b"fives"[..], 4).unwrap(), None);
        assert_eq!(read(io::repeat(1), 1000).unwrap(), None);
        assert_eq!(read(&b"all"[..], u64::MAX).unwrap().unwrap(), b"all");
    }
}
