//! Numbers as the order `num` reads them: Go's syntax of floats, and figures like `2k` and `1MiB`.

use std::borrow::Cow;

/// The number that a text is, if it is one.
pub(super) fn parse(text: &[u8]) -> Option<f64> {
    let text = str::from_utf8(text).ok()?;
    float(text).or_else(|| with_prefix(text))
}

/// As strconv.ParseFloat: a number out of range is none.
fn float(text: &str) -> Option<f64> {
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let value = match lower.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" if unsigned.len() == text.len() => f64::NAN,
        lower => match lower.strip_prefix("0x") {
            Some(digits) => hexadecimal(&without_underscores(digits, true)?)?,
            None => decimal(&without_underscores(lower, false)?)?,
        },
    };
    Some(if is_negative { -value } else { value })
}

fn decimal(text: &str) -> Option<f64> {
    // A second sign, and words, are none of a number.
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'));
    let value: f64 = text.parse().ok().filter(|_| is_number)?;
    value.is_finite().then_some(value)
}

/// Underscores may stand between digits, and behind the `0x` of a hexadecimal number.
fn without_underscores(text: &str, is_hexadecimal: bool) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let radix = if is_hexadecimal { 16 } else { 10 };
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_digit(radix));
    let stands_well = text.match_indices('_').all(|(at, _)| {
        let before = text[..at].chars().next_back();
        is_digit(text[at + 1..].chars().next())
            && (is_digit(before) || (is_hexadecimal && before.is_none()))
    });
    stands_well.then(|| Cow::Owned(text.replace('_', "")))
}

/// `1.8p3` of `0x1.8p3`, in lower case, rounded to the nearest float, to even in between.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once('p')?;
    let magnitude = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if magnitude.is_empty() || !magnitude.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = magnitude.parse().unwrap_or(i64::from(u32::MAX));
    let mut exponent = if exponent.starts_with('-') {
        -magnitude
    } else {
        magnitude
    };

    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    exponent = exponent.saturating_sub(4 * i64::try_from(fraction.len()).ok()?);
    let mut mantissa = 0_u64;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if mantissa >> 59 == 0 {
            mantissa = mantissa * 16 + digit;
        } else {
            // Of what finds no room it matters only whether it is nothing.
            mantissa |= u64::from(digit != 0);
            exponent = exponent.saturating_add(4);
        }
    }
    scaled(mantissa, exponent)
}

/// `mantissa * 2^exponent`.
fn scaled(mantissa: u64, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let shift = mantissa.leading_zeros();
    let mantissa = u128::from(mantissa << shift);
    // The exponent of the first bit, and how many bits are to be dropped for it.
    let first = exponent.saturating_add(63).saturating_sub(i64::from(shift));
    let dropped = 11 + (-1022 - first).clamp(0, 54);
    let kept = mantissa >> dropped;
    let (rest, half) = (mantissa & ((1 << dropped) - 1), 1 << (dropped - 1));
    let rounded = kept + u128::from(rest > half || (rest == half && kept % 2 == 1));
    // A carry goes into the exponent, as it should.
    let biased = u64::try_from(first.clamp(-1022, 1024) + 1022).ok()? << 52;
    let value = f64::from_bits(biased + u64::try_from(rounded).ok()?);
    value.is_finite().then_some(value)
}

/// `-1.5`, `2k`, `1Mi`, `4KiB`.
fn with_prefix(text: &str) -> Option<f64> {
    const PREFIXES: &str = "KMGTPEZY";
    let text = text.strip_suffix(['b', 'B']).unwrap_or(text);
    let (number, base) = match text.strip_suffix('i') {
        Some(number) => (number, 1024.0),
        None => (text, 1000.0),
    };
    let power = match number.chars().next_back()? {
        'k' => Some(1),
        c => PREFIXES.find(c).map(|at| at + 1),
    };
    let (number, power) = match power {
        Some(power) => (&number[..number.len() - 1], i32::try_from(power).ok()?),
        // An `i` alone is no prefix.
        None if number.len() < text.len() => return None,
        None => (number, 0),
    };
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    let is_plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = float(number).filter(|_| is_plain)?;
    Some(value * f64::powi(base, power))
}
