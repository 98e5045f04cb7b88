//! Fields of a line, split as `golang.org/x/perf/benchfmt` splits them, and the numbers in them.

use crate::strconv::plain_decimal;

/// Splits off the first field: what stands before the first white space, and what stands after it.
pub(super) fn split_field(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    // Printable ASCII is never white space; anything else is looked at closely.
    while let Some(byte) = text.get(at) {
        if !matches!(byte, 0x21..=0x7f) {
            let width = space_width(&text[at..]);
            if width > 0 {
                return (&text[..at], skip_space(&text[at + width..]));
            }
        }
        at += 1;
    }
    (text, &[])
}

/// The text without its leading white space.
#[inline]
pub(super) fn skip_space(text: &[u8]) -> &[u8] {
    match text {
        // A single space stands between a number and its unit.
        [0x21..=0x7f, ..] | [] => text,
        [b' ', rest @ ..] if matches!(rest, [0x21..=0x7f, ..]) => rest,
        _ => skip_more_space(text),
    }
}

#[inline(never)]
fn skip_more_space(mut text: &[u8]) -> &[u8] {
    loop {
        match text {
            [b' ' | b'\t', rest @ ..] => text = skip_spaces(rest),
            [0x21..=0x7f, ..] | [] => return text,
            _ => match space_width(text) {
                0 => return text,
                width => text = &text[width..],
            },
        }
    }
}

/// The text without its leading spaces. Columns are padded with runs of them.
fn skip_spaces(mut text: &[u8]) -> &[u8] {
    while let Some((eight, rest)) = text.split_first_chunk() {
        let others = u64::from_le_bytes(*eight) ^ u64::from_le_bytes([b' '; 8]);
        match others {
            0 => text = rest,
            _ => return &text[others.trailing_zeros() as usize / 8..],
        }
    }
    text
}

/// The length of the white space character that `text` begins with (Unicode's, as Go's
/// `unicode.IsSpace`), or 0.
pub(super) fn space_width(text: &[u8]) -> usize {
    match text.first() {
        Some(b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ') => 1,
        Some(lead) if *lead >= 0xc2 => {
            let width = match lead {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                _ => return 0,
            };
            let decoded = text
                .get(..width)
                .and_then(|bytes| std::str::from_utf8(bytes).ok());
            match decoded.and_then(|s| s.chars().next()) {
                Some(c) if c.is_whitespace() => width,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// Why a measurement could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadNumber {
    /// Not a number at all.
    NotANumber,
    /// NaN or an infinity.
    NotFinite,
    /// Below zero.
    Negative,
}

/// A field that should have been a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadField<'a> {
    pub(super) bad: BadNumber,
    pub(super) field: &'a [u8],
}

/// Splits off the first field if it is a plain number, as nearly all are: digits, which `read` knows the
/// end of, and then a space. These are read in one go.
pub(super) fn split_plain<T>(
    text: &[u8],
    read: impl FnOnce(&[u8]) -> Option<(T, usize)>,
) -> Option<(T, &[u8])> {
    let (value, length) = read(text)?;
    match &text[length..] {
        rest @ [b' ' | b'\t', ..] => Some((value, skip_space(rest))),
        _ => None,
    }
}

/// Splits off the first field as a measurement.
///
/// # Errors
///
/// If the field is none.
pub(super) fn split_measurement(text: &[u8]) -> Result<(f64, &[u8]), BadField<'_>> {
    if let Some(split) = split_plain(text, plain_decimal) {
        return Ok(split);
    }
    let (field, rest) = split_field(text);
    match parse_measurement(field) {
        Ok(value) => Ok((value, rest)),
        Err(bad) => Err(BadField { bad, field }),
    }
}

/// A measurement: finite and not negative.
pub(super) fn parse_measurement(field: &[u8]) -> Result<f64, BadNumber> {
    if let Some((value, length)) = plain_decimal(field)
        && length == field.len()
    {
        return Ok(value);
    }
    // Rust reads "infinity" and "nan" in any case, as Go does; underscores and hexadecimal
    // numbers, which Go's parser knows as well, are never printed by the testing package.
    let value: f64 = std::str::from_utf8(field)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(BadNumber::NotANumber)?;
    if !value.is_finite() {
        Err(BadNumber::NotFinite)
    } else if value < 0.0 {
        Err(BadNumber::Negative)
    } else {
        Ok(value.abs()) // "-0" is a zero like any other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strconv::parse_count;

    #[test]
    fn splits_fields_at_any_white_space() {
        assert_eq!(split_field(b"a  b\tc"), (&b"a"[..], &b"b\tc"[..]));
        assert_eq!(split_field(b""), (&b""[..], &b""[..]));
        assert_eq!(split_field(b"a "), (&b"a"[..], &b""[..]));
        assert_eq!(split_field(b" a"), (&b""[..], &b"a"[..]));
        assert_eq!(
            split_field("a\u{2003}\u{a0}b".as_bytes()),
            (&b"a"[..], &b"b"[..])
        );
        assert_eq!(split_field(b"\xc2"), (&b"\xc2"[..], &b""[..]));
    }

    #[test]
    fn reads_numbers_exactly() {
        for text in [
            "0",
            "12",
            "1418",
            "12.5",
            "0.00",
            "603.0",
            "5.",
            ".5",
            "1e3",
            "123456789012345",
            "1234567890123456789",
            "0.1",
            "99.995",
            "2.220446049250313e-16",
        ] {
            let expected: f64 = text.parse().unwrap();
            let read = parse_measurement(text.as_bytes()).unwrap();
            assert_eq!(read.to_bits(), expected.to_bits(), "{text}");
        }
        assert_eq!(parse_measurement(b"-0").map(f64::to_bits), Ok(0));
        for (text, error) in [
            ("NaN", BadNumber::NotFinite),
            ("+Inf", BadNumber::NotFinite),
            ("1e999", BadNumber::NotFinite),
            ("-1", BadNumber::Negative),
            ("", BadNumber::NotANumber),
            (".", BadNumber::NotANumber),
            ("1.2.3", BadNumber::NotANumber),
            ("12x", BadNumber::NotANumber),
        ] {
            assert_eq!(parse_measurement(text.as_bytes()), Err(error), "{text}");
        }
    }

    #[test]
    fn reads_counts() {
        assert_eq!(parse_count(b"2000000000"), Some(2_000_000_000));
        for bad in ["", "-1", "1.5", "12a", "99999999999999999999"] {
            assert_eq!(parse_count(bad.as_bytes()), None, "{bad}");
        }
    }
}
