//! Numbers as the order `num` reads them: Go's syntax of floats, and figures like `2k` and `1MiB`.

use crate::strconv;

/// The number that a text is, if it is one.
pub(super) fn parse(text: &[u8]) -> Option<f64> {
    let number = strconv::float(text).ok();
    number.or_else(|| with_prefix(str::from_utf8(text).ok()?))
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
    let value = strconv::float(number.as_bytes())
        .ok()
        .filter(|_| is_plain)?;
    Some(value * f64::powi(base, power))
}
