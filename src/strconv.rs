//! Numbers as Go's `strconv` reads them: `Atoi` and `ParseFloat`, to the letter.
//!
//! Benchmarks report their own metrics, and programs write output of their own: signs, infinities,
//! underscores between digits and hexadecimal numbers are rare and do occur. Which of them are read,
//! and what is said of the others, is Go's.

use std::fmt;

/// Why a number could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is none.
    Syntax,
    /// It is too large.
    Range,
}

impl fmt::Display for Unreadable {
    /// As Go's `strconv` says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unreadable::Syntax => "invalid syntax",
            Unreadable::Range => "value out of range",
        })
    }
}

use Unreadable::{Range, Syntax};

/// A whole number without a sign, as iteration counts are printed.
pub(crate) fn parse_count(field: &[u8]) -> Option<u64> {
    if field.len() > 19 {
        return None;
    }
    let (high, length) = leading_digits(field);
    let (low, more) = leading_digits(&field[length..]);
    (length > 0 && length + more == field.len()).then(|| high * POWERS_OF_TEN[more] + low)
}

/// The value and the length of the digits that `text` begins with, if these are at most 15.
pub(crate) fn plain_count(text: &[u8]) -> Option<(i64, usize)> {
    let (count, length) = leading_digits(text);
    matches!(length, 1..=15).then_some((count as i64, length))
}

/// The value and the length of the `digits` or `digits.digits` that `text` begins with, if these are
/// at most 15 digits. Both the digits as a whole number and the power of ten are exact in an `f64`
/// then, so that their quotient is the correctly rounded value (Clinger, "How to read floating point
/// numbers accurately", 1990).
pub(crate) fn plain_decimal(text: &[u8]) -> Option<(f64, usize)> {
    let (whole, whole_length) = leading_digits(text);
    let [b'.', behind @ ..] = &text[whole_length..] else {
        return matches!(whole_length, 1..=15).then_some((whole as f64, whole_length));
    };
    let (decimals, decimals_length) = leading_digits(behind);
    let count = whole_length + decimals_length;
    if count == 0 || count > 15 {
        return None;
    }
    let digits = whole * POWERS_OF_TEN[decimals_length] + decimals;
    let value = digits as f64 / POWERS_OF_TEN[decimals_length] as f64;
    Some((value, count + 1))
}

/// 10 to the power of the index.
const POWERS_OF_TEN: [u64; 17] = {
    let mut powers = [1; 17];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// The decimal digits that `text` begins with, as a number, and how many they are: up to 16, of which
/// there are 16 if there are more.
#[inline]
fn leading_digits(text: &[u8]) -> (u64, usize) {
    match up_to_eight_digits(text) {
        (high, 8) => more_digits(high, &text[8..]),
        few => few,
    }
}

#[cold]
fn more_digits(high: u64, text: &[u8]) -> (u64, usize) {
    let (low, length) = up_to_eight_digits(text);
    (high * POWERS_OF_TEN[length] + low, 8 + length)
}

#[cold]
fn padded(text: &[u8]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight[..text.len()].copy_from_slice(text);
    eight
}

/// Eight bytes are looked at in one go: digits are few, and a branch for each is often mispredicted
/// (D. Lemire, "Quickly parsing eight digits", 2018).
#[inline]
fn up_to_eight_digits(text: &[u8]) -> (u64, usize) {
    let eight = text.first_chunk().copied().unwrap_or_else(|| padded(text));
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let values = u64::from_le_bytes(eight) ^ (ONES * b'0' as u64);
    // Digits are 0 to 9 now. The high bit of what is more is set; beyond the first such byte, a carry
    // may set it without reason.
    let others = (values.wrapping_add(ONES * 0x76) | values) & (ONES * 0x80);
    let length = others.trailing_zeros() as usize / 8;
    if length == 0 {
        return (0, 0);
    }
    // The first digit stands in the lowest byte: zeros are moved in front, then neighbours are joined.
    let digits = values << (64 - 8 * length);
    let pairs = (digits.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    let value = fours.wrapping_mul(1 + (10_000 << 32)) >> 32;
    (value, length)
}

/// Reads a whole number as `Atoi` does.
///
/// # Errors
///
/// If it is none, or does not fit 64 bits.
pub(crate) fn whole(text: &[u8]) -> Result<i64, Unreadable> {
    if let Some(count) = parse_count(text) {
        return i64::try_from(count).map_err(|_| Range);
    }
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !underscores_separate_digits(digits) {
        return Err(Syntax);
    }
    let mut magnitude = 0_u64;
    for byte in digits {
        // What comes behind a number that is too large already is not looked at.
        let digit = decimal_digit(*byte).ok_or(Syntax)?;
        magnitude = magnitude
            .checked_mul(10)
            .and_then(|n| n.checked_add(digit))
            .ok_or(Range)?;
    }
    match negative {
        true => 0_i64.checked_sub_unsigned(magnitude),
        false => 0_i64.checked_add_unsigned(magnitude),
    }
    .ok_or(Range)
}

/// Reads a number as `ParseFloat` does.
///
/// # Errors
///
/// If it is none, or closer to infinity than to any finite number.
pub(crate) fn float(text: &[u8]) -> Result<f64, Unreadable> {
    if let Some((value, length)) = plain_decimal(text)
        && length == text.len()
    {
        return Ok(value);
    }
    let (negative, unsigned) = split_sign(text);
    if let Some(value) = special(unsigned, unsigned.len() < text.len()) {
        return Ok(if negative { -value } else { value });
    }
    if !underscores_separate_digits(unsigned) {
        return Err(Syntax);
    }
    let magnitude = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() => hexadecimal(digits),
        _ => decimal(unsigned),
    }?;
    Ok(if negative { -magnitude } else { magnitude })
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'+', rest @ ..] => (false, rest),
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    }
}

fn decimal_digit(byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| u64::from(byte - b'0'))
}

/// Infinity, which may bear a sign, and NaN, which may not.
fn special(text: &[u8], is_signed: bool) -> Option<f64> {
    if text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity") {
        Some(f64::INFINITY)
    } else if !is_signed && text.eq_ignore_ascii_case(b"nan") {
        Some(f64::NAN)
    } else {
        None
    }
}

/// Whether each underscore stands between two digits, or between the prefix of a base and a digit.
fn underscores_separate_digits(unsigned: &[u8]) -> bool {
    let prefix = match unsigned {
        [b'0', letter, ..] => letter.to_ascii_lowercase(),
        _ => 0,
    };
    let (has_prefix, is_hexadecimal) = (matches!(prefix, b'b' | b'o' | b'x'), prefix == b'x');
    let is_digit = |at: usize| match unsigned.get(at) {
        Some(byte) if is_hexadecimal => byte.is_ascii_hexdigit(),
        Some(byte) => byte.is_ascii_digit(),
        None => false,
    };
    memchr::memchr_iter(b'_', unsigned).all(|at| {
        let behind_prefix = has_prefix && at == 2;
        at > 0 && (behind_prefix || is_digit(at - 1)) && is_digit(at + 1)
    })
}

/// `digits.digits e±digits`, underscores passed over.
fn decimal(text: &[u8]) -> Result<f64, Unreadable> {
    let end = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = text.split_at(end.unwrap_or(text.len()));
    let mut plain = String::with_capacity(text.len());
    for byte in mantissa.iter().filter(|byte| **byte != b'_') {
        plain.push(char::from(*byte));
    }
    let is_mantissa = plain
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && plain.bytes().filter(|byte| *byte == b'.').count() <= 1
        && plain.bytes().any(|byte| byte.is_ascii_digit());
    if !is_mantissa {
        return Err(Syntax);
    }
    if let [_, exponent @ ..] = exponent {
        plain.push_str(&format!("e{}", self::exponent(exponent)?));
    }
    let value: f64 = plain.parse().map_err(|_| Syntax)?;
    if value.is_infinite() {
        return Err(Range);
    }
    Ok(value)
}

/// `digits.digits p±digits` behind `0x`; the exponent, of two, must not be missing.
fn hexadecimal(text: &[u8]) -> Result<f64, Unreadable> {
    let end = text.iter().position(|byte| matches!(byte, b'p' | b'P'));
    let (mantissa, exponent) = text.split_at(end.ok_or(Syntax)?);
    let mut scale = exponent.get(1..).map_or(Err(Syntax), self::exponent)?;
    // The digits that fit, and whether any of the others is not zero.
    let (mut kept, mut rest_counts) = (0_u64, false);
    let (mut has_digits, mut behind_point) = (false, false);
    for byte in mantissa {
        let digit = match byte {
            b'_' => continue,
            b'.' if !behind_point => {
                behind_point = true;
                continue;
            }
            _ => char::from(*byte).to_digit(16).ok_or(Syntax)?,
        };
        has_digits = true;
        let fits = kept >> 60 == 0;
        if fits {
            kept = kept << 4 | u64::from(digit);
        } else {
            rest_counts |= digit != 0;
        }
        scale += match (fits, behind_point) {
            (true, true) => -4,
            (false, false) => 4,
            _ => 0,
        };
    }
    if !has_digits {
        return Err(Syntax);
    }
    rounded(kept, rest_counts, scale).ok_or(Range)
}

/// The exponent behind its letter. Go stops to count at 10,000 and above; so must we, since a long
/// row of zeros may take the number back into range.
fn exponent(text: &[u8]) -> Result<i32, Unreadable> {
    let (negative, digits) = split_sign(text);
    if !digits.first().is_some_and(u8::is_ascii_digit) {
        return Err(Syntax);
    }
    let mut magnitude = 0;
    for byte in digits.iter().filter(|byte| **byte != b'_') {
        let digit = decimal_digit(*byte).ok_or(Syntax)?;
        if magnitude < 10_000 {
            magnitude = magnitude * 10 + digit as i32;
        }
    }
    Ok(if negative { -magnitude } else { magnitude })
}

/// `mantissa × 2^scale`, and a little more if `rest_counts`, rounded half to even. `None` if that is
/// infinite.
fn rounded(mantissa: u64, rest_counts: bool, scale: i32) -> Option<f64> {
    const LEAST: i32 = -1074;
    if mantissa == 0 {
        return Some(0.0);
    }
    let highest = scale + mantissa.ilog2() as i32;
    if highest > 1023 {
        return None;
    }
    // The power of two that the last bit of the result stands for.
    let last = (highest - 52).max(LEAST);
    let dropped = (last - scale).min(100);
    let kept = if dropped <= 0 {
        mantissa << -dropped
    } else {
        let wide = u128::from(mantissa) << 1 | u128::from(rest_counts);
        let half = 1_u128 << dropped;
        let (whole, part) = (wide >> (dropped + 1), wide & (half * 2 - 1));
        let up = part > half || (part == half && whole % 2 == 1);
        whole as u64 + u64::from(up)
    };
    // A mantissa that was rounded up to the next power of two carries over into the exponent.
    let value = f64::from_bits((((last - LEAST) as u64) << 52) + kept);
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_are_whole_numbers_of_up_to_19_digits(digits in "[0-9]{0,21}", behind in "|[ ./:x]") {
            let expected = match digits.len() {
                1..=19 if behind.is_empty() => digits.parse().ok(),
                _ => None,
            };
            prop_assert_eq!(parse_count(format!("{digits}{behind}").as_bytes()), expected);
        }

        #[test]
        fn plain_decimals_are_what_the_standard_library_reads(
            text in "[0-9]{0,17}(\\.[0-9]{0,17})?",
            behind in "|[ ./:\\-e+][0-9]{0,9}",
        ) {
            // A point that would continue the number is not behind it.
            prop_assume!(text.contains('.') || !behind.starts_with('.'));
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let expected = match digits {
                1..=15 => Some((text.parse::<f64>().unwrap().to_bits(), text.len())),
                _ => None,
            };
            let read = plain_decimal(format!("{text}{behind}").as_bytes());
            prop_assert_eq!(read.map(|(value, length)| (value.to_bits(), length)), expected);
        }
    }
}
