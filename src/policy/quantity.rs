//! Quantities as people write them: `1%`, `1KiB`, `100ns`, `24`.

use crate::unit::{Class, Unit};

/// A quantity that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct QuantityError {
    expected: &'static str,
    found: String,
}

/// A relative threshold, such as `1%` or `0.5 %`, as a fraction.
///
/// # Errors
///
/// If it is no percentage, or a negative one.
pub fn parse_relative(text: &str) -> Result<f64, QuantityError> {
    let number = text.trim().strip_suffix('%').map(str::trim);
    number
        .and_then(parse_number)
        .map(|percent| percent / 100.0)
        .ok_or_else(|| QuantityError {
            expected: "a percentage such as `1%`",
            found: text.to_owned(),
        })
}

/// A value in `unit`: sizes for units of bytes (`64`, `64B`, `1KiB`, `1kB`), durations for units of
/// time (`100ns`, `2ms`; a bare number would be anybody's guess), plain numbers otherwise.
///
/// # Errors
///
/// If it is no such value, or a negative one.
pub fn parse_quantity(text: &str, unit: &Unit) -> Result<f64, QuantityError> {
    const SIZES: &[(&str, f64)] = &[
        ("", 1.0),
        ("B", 1.0),
        ("kB", 1e3),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
    ];
    const DURATIONS: &[(&str, f64)] = &[
        ("", 1.0),
        ("s", 1.0),
        ("ms", 1e-3),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("μs", 1e-6),
        ("ns", 1e-9),
    ];
    let is_time = unit.as_str() == Unit::TIME;
    let (suffixes, expected) = if unit.class() == Class::Binary {
        (SIZES, "a size such as `64`, `1KiB` or `512MiB`")
    } else if is_time {
        (DURATIONS, "a duration such as `100ns` or `2ms`")
    } else {
        (&SIZES[..1], "a number that is not negative")
    };
    let text = text.trim();
    let split = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let factor = suffixes
        .iter()
        .find(|(name, _)| *name == suffix)
        .map(|(_, factor)| factor);
    match (parse_number(number.trim()), factor) {
        // 100 of what? `ns/op` is printed in ns, and kept in seconds.
        (Some(number), Some(_)) if is_time && suffix.is_empty() && number > 0.0 => {
            Err(QuantityError {
                expected,
                found: text.to_owned(),
            })
        }
        (Some(number), Some(factor)) => Ok(number * factor),
        _ => Err(QuantityError {
            expected,
            found: text.to_owned(),
        }),
    }
}

fn parse_number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, unit, value) in [
            ("24", "allocs/op", 24.0),
            ("1KiB", "B/op", 1024.0),
            ("1 kB", "B/op", 1000.0),
            ("64B", "B/op", 64.0),
            ("0", "B/op", 0.0),
            ("100ns", "ns/op", 100.0 * 1e-9),
            ("2ms", "sec/op", 2.0 * 1e-3),
        ] {
            let read = parse_quantity(text, &Unit::new(unit)).unwrap();
            assert_eq!(read.to_bits(), f64::to_bits(value), "{text}");
        }
        assert_eq!(
            parse_relative("1%").map(f64::to_bits),
            Ok(f64::to_bits(0.01))
        );
        assert_eq!(parse_relative("0 %").map(f64::to_bits), Ok(0));
    }

    #[test]
    fn refuses_what_could_be_misread() {
        for (text, unit) in [
            ("1KiB", "allocs/op"),
            ("-1", "B/op"),
            ("1Mi", "B/op"),
            ("x", "B/op"),
            ("", "B/op"),
            ("inf", "allocs/op"),
            ("10ns", "B/op"),
            ("100", "ns/op"),
        ] {
            assert!(
                parse_quantity(text, &Unit::new(unit)).is_err(),
                "{text} {unit}"
            );
        }
        for text in ["0.01", "-1%", "%", "", "1", "NaN%"] {
            assert!(parse_relative(text).is_err(), "{text}");
        }
    }
}
