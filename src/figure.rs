//! How figures are written for people: values of a unit, differences, percentages.
//!
//! Counts stand in full (`12`, `12,040`), bytes in full up to 10,000 and with four significant digits
//! from there on (`9728 B`, `12.05 KiB`), everything else as benchstat scales it (`1.500 µs`). Two
//! values that differ never look the same: [`pair`] adds the digits that tell them apart.

use crate::unit::{Class, Scale, Unit};

/// From this number of bytes on, a value is scaled.
const SCALED_FROM: f64 = 10_000.0;

/// `value` as a reader expects it: `12`, `64 B`, `12.05 KiB`, `1.500 µs`.
pub fn show(value: f64, unit: &Unit) -> String {
    let symbol = Symbol::of(unit);
    let small = match symbol.class {
        Class::Binary => value.abs() < SCALED_FROM,
        Class::Decimal => symbol.text.is_empty() && (unit.is_allocation() || is_whole(value)),
    };
    if (small && value.abs() < 1e15) || value.total_cmp(&0.0).is_eq() {
        return symbol.after(&plain(value, 2), "");
    }
    scaled(value, symbol, 0)
}

/// Both values, with as many digits as it takes to see that they differ.
pub fn pair(a: f64, b: f64, unit: &Unit) -> (String, String) {
    let shown = (show(a, unit), show(b, unit));
    if shown.0 != shown.1 || a.total_cmp(&b).is_eq() {
        return shown;
    }
    let symbol = Symbol::of(unit);
    if is_whole(a) && is_whole(b) && a.abs().max(b.abs()) < 1e15 {
        return (
            symbol.after(&plain(a, 0), ""),
            symbol.after(&plain(b, 0), ""),
        );
    }
    (0..=9)
        .map(|more| (scaled(a, symbol, more), scaled(b, symbol, more)))
        .find(|(a, b)| a != b)
        .unwrap_or(shown)
}

/// A difference with its sign: `+12`, `-1.500 µs`; `0` has none.
pub fn signed(difference: f64, unit: &Unit) -> String {
    format!("{}{}", sign(difference), show(difference.abs(), unit))
}

/// A difference and what share of the baseline it is: `+12 (+100%)`. A rise from zero has no share.
pub fn change(absolute: f64, relative: Option<f64>, unit: &Unit) -> String {
    match relative {
        _ if absolute.abs() <= 0.0 => "0".to_owned(),
        Some(relative) => {
            format!("{} ({})", signed(absolute, unit), signed_percent(relative))
        }
        None => signed(absolute, unit),
    }
}

/// A mean, which is no whole number even of counts: `12.25`, `1.210 KiB`.
pub fn mean(value: f64, unit: &Unit) -> String {
    scaled(value, Symbol::of(unit), 0)
}

/// An amount of memory: `512 MiB`, `866.3 MiB`, `1.5 GiB`.
pub fn size(bytes: f64) -> String {
    size_to(bytes, 0)
}

/// Two amounts of memory, with as many digits as it takes to see that they differ.
pub fn sizes(a: f64, b: f64) -> (String, String) {
    let same = a.total_cmp(&b).is_eq();
    let shown = |more| (size_to(a, more), size_to(b, more));
    (0..=9)
        .map(shown)
        .find(|(a, b)| same || a != b)
        .unwrap_or_else(|| shown(0))
}

fn size_to(bytes: f64, more: usize) -> String {
    let scale = Scale::common([bytes], Class::Binary);
    let number = plain(bytes / scale.factor, scale.precision.min(2) + more);
    format!("{number} {}B", scale.prefix)
}

/// A plain number of at most two decimals: `12`, `0.25`, `12,040`.
pub fn number(value: f64) -> String {
    plain(value, 2)
}

/// A fraction as a percentage with its sign: `+12.3%`; `0%` has none.
pub fn signed_percent(fraction: f64) -> String {
    format!("{}{}", sign(fraction), percent(fraction.abs()))
}

/// A fraction as a percentage of about three significant digits: `0.36%`, `12.3%`, `1,250%`.
pub fn percent(fraction: f64) -> String {
    let percent = 100.0 * fraction;
    let size = percent.abs();
    let decimals = match size {
        _ if size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.0995 => 2,
        _ if size >= 0.000_995 => 4,
        _ => 6,
    };
    if size >= 1e15 {
        format!("{percent:.1e}%")
    } else {
        format!("{}%", plain(percent, decimals))
    }
}

fn sign(value: f64) -> &'static str {
    match value {
        _ if value > 0.0 => "+",
        _ if value < 0.0 => "-",
        _ => "",
    }
}

/// What stands behind the number, and how the number is scaled.
#[derive(Clone, Copy)]
struct Symbol {
    text: &'static str,
    class: Class,
}

impl Symbol {
    fn of(unit: &Unit) -> Self {
        let text = match unit.as_str() {
            "B/s" => "B/s",
            name if name.starts_with("B/") => "B",
            name if name.starts_with("sec/") => "s",
            _ => "",
        };
        Symbol {
            text,
            class: unit.class(),
        }
    }

    fn after(self, number: &str, prefix: &str) -> String {
        match (prefix, self.text) {
            ("", "") => number.to_owned(),
            // Without a symbol the prefix stands at the number, as benchstat has it: `1.234k`.
            (prefix, "") => format!("{number}{prefix}"),
            (prefix, symbol) => format!("{number} {prefix}{symbol}"),
        }
    }
}

/// With a prefix, four significant digits and `more`.
fn scaled(value: f64, symbol: Symbol, more: usize) -> String {
    let scale = Scale::common([value], symbol.class);
    let number = value / scale.factor;
    let number = match number.abs() >= 1e6 {
        true => format!("{number:.*e}", 3 + more),
        false => format!("{number:.*}", scale.precision + more),
    };
    symbol.after(&number, scale.prefix)
}

/// At most `decimals` decimals without trailing zeros, thousands apart from five digits on.
fn plain(value: f64, decimals: usize) -> String {
    let fixed = format!("{value:.decimals$}");
    let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = whole.trim_start_matches('-');
    let mut text = String::with_capacity(fixed.len() + 4);
    text.push_str(&whole[..whole.len() - digits.len()]);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len() > 4 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

fn is_whole(value: f64) -> bool {
    value.fract().abs() <= 0.0
}

/// A number of things: `1 row`, `2 rows`.
pub fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory() {
        const MI: f64 = 1_048_576.0;
        for (bytes, shown) in [
            (0.0, "0 B"),
            (512.0, "512 B"),
            (512.0 * MI, "512 MiB"),
            (1024.0 * MI, "1 GiB"),
            (1536.0 * MI, "1.5 GiB"),
            (865.625 * MI, "865.6 MiB"),
            (1.25 * MI, "1.25 MiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
        let (a, b) = sizes(460.8 * MI, 460.8 * MI + 1.0);
        assert_ne!(a, b);
    }

    #[test]
    fn values_are_short_and_small_ones_exact() {
        for (value, unit, shown) in [
            (0.0, "allocs/op", "0"),
            (12.0, "allocs/op", "12"),
            (9.5, "allocs/op", "9.5"),
            (12_040.0, "allocs/op", "12,040"),
            (1_204_331.0, "allocs/op", "1,204,331"),
            (0.0, "B/op", "0 B"),
            (835.5, "B/op", "835.5 B"),
            (9_728.0, "B/op", "9728 B"),
            (12_345.0, "B/op", "12.06 KiB"),
            (5_000_000.0, "B/op", "4.768 MiB"),
            (0.0, "ns/op", "0 s"),
            (1_500.0, "ns/op", "1.500 µs"),
            (250.0, "MB/s", "238.4 MiB/s"),
            (3.0, "widgets/op", "3"),
            (1_234.5, "widgets/op", "1.234k"),
            (1e300, "widgets/op", "1.000e288T"),
            (-3.0, "widgets/op", "-3"),
        ] {
            let unit_of = crate::unit::Tidy::of(unit);
            assert_eq!(
                show(value * unit_of.factor, &Unit::new(unit)),
                shown,
                "{value} {unit}"
            );
        }
    }

    #[test]
    fn two_values_that_differ_look_different() {
        for (a, b, unit, shown) in [
            (835.0, 838.0, "B/op", ("835 B", "838 B")),
            (
                1_240_000.0,
                1_240_010.0,
                "B/op",
                ("1,240,000 B", "1,240,010 B"),
            ),
            (64.0, 4_194_304.0, "B/op", ("64 B", "4.000 MiB")),
            (9.331, 9.332, "allocs/op", ("9.331", "9.332")),
            (1.5e-6, 1.500_01e-6, "sec/op", ("1.50000 µs", "1.50001 µs")),
        ] {
            let (a, b) = pair(a, b, &Unit::new(unit));
            assert_eq!((a.as_str(), b.as_str()), shown);
        }
    }

    #[test]
    fn changes_and_percentages() {
        let allocs = Unit::new("allocs/op");
        assert_eq!(change(12.0, Some(1.0), &allocs), "+12 (+100%)");
        assert_eq!(change(1.0, None, &allocs), "+1");
        assert_eq!(change(-6.0, Some(-0.5), &allocs), "-6 (-50%)");
        assert_eq!(change(0.0, Some(0.0), &allocs), "0");
        for (fraction, shown) in [
            (0.0, "0%"),
            (0.003_593, "0.36%"),
            (0.123_45, "12.3%"),
            (12.5, "1250%"),
            (125.0, "12,500%"),
            (0.000_012, "0.0012%"),
        ] {
            assert_eq!(percent(fraction), shown);
        }
    }
}
