//! Numbers written as Go's `fmt` writes them, and as benchstat puts them together.

use std::cmp::Ordering;
use std::fmt::Write;

use super::table::{Cell, Comparison};
use crate::unit::Scale;

/// `%v`: the shortest digits that mean the same value, with an exponent below 1e-4 and from 1e6 on.
pub(super) fn general(value: f64) -> String {
    let mut text = String::new();
    push_general(value, &mut text);
    text
}

/// Appends what [`general`] gives.
pub(super) fn push_general(value: f64, text: &mut String) {
    let size = value.abs();
    if !value.is_finite() {
        text.push_str(not_finite(value));
    } else if size > 0.0 && !(1e-4..1e6).contains(&size) {
        // Where two numbers of the fewest digits are equally near, Go takes the even one, as printing to
        // a fixed number of digits does.
        let shortest = format!("{size:e}");
        let digits = shortest.bytes().take_while(|byte| *byte != b'e');
        let digits = digits.filter(u8::is_ascii_digit).count();
        let shortest = format!("{value:.*e}", digits - 1);
        let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        let sign = if exponent.starts_with('-') { '-' } else { '+' };
        let _ = write!(
            text,
            "{digits}e{sign}{:0>2}",
            exponent.trim_start_matches('-')
        );
    } else {
        let _ = write!(text, "{value}");
    }
}

/// `%.Nf`.
fn push_fixed(value: f64, decimals: usize, text: &mut String) {
    if !value.is_finite() {
        text.push_str(not_finite(value));
    } else if let Some(units) = small_decimal(value.abs(), decimals) {
        if value.is_sign_negative() {
            text.push('-');
        }
        push_units(units, decimals, text);
    } else {
        let _ = write!(text, "{value:.decimals$}");
    }
}

/// A value as a whole number of its last decimals, half to even: a table has hundreds of thousands of
/// numbers, and printing one in full takes long. Where the product itself lies on a half, what
/// was lost in multiplying decides, which a fused multiplication tells without error (T. J. Dekker, "A
/// floating-point technique for extending the available precision", 1971).
fn small_decimal(value: f64, decimals: usize) -> Option<u32> {
    let power = *[1.0, 1e1, 1e2, 1e3, 1e4].get(decimals)?;
    let product = value * power;
    if product >= 1e9 {
        return None;
    }
    let (whole, above_half) = (product as u32, product.fract() - 0.5);
    let above_half = match above_half.total_cmp(&0.0) {
        Ordering::Equal => value.mul_add(power, -product).partial_cmp(&0.0)?,
        order => order,
    };
    let is_odd = whole % 2 == 1;
    let up = above_half.is_gt() || above_half.is_eq() && is_odd;
    Some(whole + u32::from(up))
}

/// A whole number, the last digits of which are decimals (up to 4).
fn push_units(mut units: u32, decimals: usize, text: &mut String) {
    let mut shown = [b'0'; 12];
    let mut at = shown.len();
    let mut put = |byte: u8| {
        at -= 1;
        shown[at] = byte;
    };
    for written in 0.. {
        if written == decimals && decimals > 0 {
            put(b'.');
        }
        put(b'0' + (units % 10) as u8);
        units /= 10;
        if units == 0 && written >= decimals {
            break;
        }
    }
    text.extend(shown[at..].iter().copied().map(char::from));
}

fn not_finite(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "+Inf",
        f64::NEG_INFINITY => "-Inf",
        _ => "NaN",
    }
}

/// A value in a scale that is shared with others, prefix included.
pub(super) fn push_scaled(value: f64, scale: &Scale, text: &mut String) {
    push_fixed(value / scale.factor, scale.precision, text);
    text.push_str(scale.prefix);
}

/// A fraction as a percentage with two decimals and its sign: `+12.34%`.
pub(super) fn push_percent(fraction: f64, text: &mut String) {
    let percent = fraction * 100.0;
    // Infinities have their sign already.
    if percent.is_nan() || percent.is_finite() && percent.is_sign_positive() {
        text.push('+');
    }
    push_fixed(percent, 2, text);
    text.push('%');
}

/// The interval of a cell's centre: the farther of its bounds as a share of the centre. `∞` where it
/// is not bounded, `?` where its bounds have not the sign of the centre.
pub(super) fn push_range(cell: &Cell, text: &mut String) {
    let Cell { center, lo, hi, .. } = *cell;
    let sign = |value: f64| value.partial_cmp(&0.0);
    let known = sign(center).is_some() && sign(center) == sign(lo) && sign(center) == sign(hi);
    if lo.is_infinite() || hi.is_infinite() {
        text.push('∞');
    } else if !known {
        text.push('?');
    } else if center.abs() <= 0.0 {
        text.push_str("0%");
    } else {
        push_fixed(
            100.0 * larger(hi / center - 1.0, 1.0 - lo / center),
            0,
            text,
        );
        text.push('%');
    }
}

/// The larger, NaN where either is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// The difference from the baseline: `~` where it is not significant, `?` from a baseline of zero.
pub(super) fn push_delta(comparison: &Comparison, center: f64, alpha: f64, text: &mut String) {
    let baseline = comparison.baseline;
    if !comparison.is_significant(alpha) {
        text.push('~');
    } else if baseline.partial_cmp(&center) == Some(Ordering::Equal) {
        text.push_str("0.00%");
    } else if baseline.abs() <= 0.0 {
        text.push('?');
    } else {
        push_percent(center / baseline - 1.0, text);
    }
}

/// The p-value and the number of samples: `p=0.012 n=10`, `p=0.012 n=10+9`, `n=10`.
pub(super) fn push_test(comparison: &Comparison, text: &mut String) {
    if comparison.adjusted.abs() > 0.0 {
        text.push_str("p=");
        push_fixed(comparison.adjusted, 3, text);
        text.push(' ');
    }
    let [first, second] = comparison.counts;
    text.push_str("n=");
    push_units(first, 0, text);
    if first != second {
        text.push('+');
        push_units(second, 0, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_go_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.5, "0.5"),
            (1e20, "1e+20"),
            (123_456.75, "123456.75"),
            (1_234_567.0, "1.234567e+06"),
            (-1e6, "-1e+06"),
            (1e21, "1e+21"),
            (1.234e-6, "1.234e-06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.5e-300, "-1.5e-300"),
            (123_456_789.125, "1.23456789125e+08"),
            (
                f64::from_bits(0x4310_73ca_883a_3aa5),
                "1.1577283333690012e+15",
            ),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(general(value), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_of_printing_is_the_long_one(
            value in -2e9..2e9_f64,
            small in -10.0..10.0_f64,
            whole in 0..4_000_000_u32,
            decimals in 0..6_usize,
        ) {
            // Ties and their neighbours are where rounding could differ.
            let tie = f64::from(whole) / 8.0;
            for value in [value, small, tie, tie.next_up(), -tie, tie / 1000.0, 0.0, -0.0] {
                let mut text = String::new();
                push_fixed(value, decimals, &mut text);
                proptest::prop_assert_eq!(text, format!("{value:.decimals$}"));
            }
        }
    }

    #[test]
    fn percentages_as_go_prints_them() {
        for (fraction, text) in [
            (0.1234, "+12.34%"),
            (-0.5, "-50.00%"),
            (0.0, "+0.00%"),
            (f64::NAN, "+NaN%"),
            (f64::INFINITY, "+Inf%"),
        ] {
            let mut shown = String::new();
            push_percent(fraction, &mut shown);
            assert_eq!(shown, text);
        }
    }
}
