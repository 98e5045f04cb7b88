//! Fields of a line, split as `golang.org/x/perf/benchfmt` splits them, and the numbers in them.

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
pub(super) fn skip_space(mut text: &[u8]) -> &[u8] {
    loop {
        // Columns are padded with runs of spaces.
        let blank = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
        text = &text[blank.unwrap_or(text.len())..];
        match text {
            [0x21..=0x7f, ..] | [] => return text,
            _ => match space_width(text) {
                0 => return text,
                width => text = &text[width..],
            },
        }
    }
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

/// A whole number without a sign, as iteration counts are printed.
pub(super) fn parse_count(field: &[u8]) -> Option<u64> {
    if field.is_empty() || field.len() > 19 {
        return None;
    }
    field.iter().try_fold(0u64, |count, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| count * 10 + u64::from(digit))
    })
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

/// Splits off the first field as a measurement.
///
/// # Errors
///
/// If the field is none.
pub(super) fn split_measurement(text: &[u8]) -> Result<(f64, &[u8]), BadField<'_>> {
    // Nearly all measurements are plain decimals and end at a space: these are read in one go.
    if let Some((value, length)) = plain_decimal(text)
        && let Some(b' ' | b'\t') = text.get(length)
    {
        return Ok((value, skip_space(&text[length..])));
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

/// The value and the length of the `digits` or `digits.digits` that `text` begins with, if these are
/// at most 15 digits. Both the digits as a whole number and the power of ten are exact in an `f64`
/// then, so that their quotient is the correctly rounded value (Clinger, "How to read floating point
/// numbers accurately", 1990).
pub(super) fn plain_decimal(text: &[u8]) -> Option<(f64, usize)> {
    const POWERS: [f64; 16] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    let (mut digits, mut length, mut point) = (0u64, 0usize, None);
    while let Some(byte) = text.get(length) {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            if length >= 16 {
                return None;
            }
            digits = digits * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(length);
        } else {
            break;
        }
        length += 1;
    }
    let count = length - usize::from(point.is_some());
    if count == 0 || count > 15 {
        return None;
    }
    let decimals = point.map_or(0, |point| length - point - 1);
    Some((digits as f64 / POWERS[decimals], length))
}

#[cfg(test)]
mod tests {
    use super::*;

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
