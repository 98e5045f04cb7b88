//! The natural logarithm and exponential with the last bits that Go's `math` gives them on amd64, so
//! that geometric means agree with benchstat's to the last digit it prints.
//!
//! The logarithm is that of FreeBSD's `e_log.c` (K. C. Ng, Sun Microsystems, 1993): with x = 2ᵏ·(1 + f)
//! and √½ ≤ 1 + f < √2 it is k·ln 2 + ln(1 + f), the latter a polynomial in s = f / (2 + f). The
//! exponential is N. Shibata's ("Efficient evaluation methods of elementary functions suitable for
//! SIMD computation", Computer Science – Research and Development 25, 2010): Taylor's series of
//! eˣ − 1 for a sixteenth of what is left of x beyond its multiple of ln 2, squared four times.

use std::f64::consts::{FRAC_1_SQRT_2, LOG2_E};

/// ln x, of an x above zero.
pub(super) fn ln(x: f64) -> f64 {
    if !x.is_finite() {
        return x;
    }
    // 32 bits each, so that multiples of the high part are exact.
    const LN2_HI: f64 = 6.931_471_803_691_238e-1;
    const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
    let (mut fraction, mut exponent) = split(x);
    if fraction < FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1.0;
    }
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let (s2, s4) = (s * s, (s * s) * (s * s));
    let odd = s2
        * (6.666_666_666_666_735e-1
            + s4 * (2.857_142_874_366_239e-1
                + s4 * (1.818_357_216_161_805e-1 + s4 * 1.479_819_860_511_658_6e-1)));
    let even = s4
        * (3.999_999_999_940_942e-1
            + s4 * (2.222_219_843_214_978_4e-1 + s4 * 1.531_383_769_920_937_3e-1));
    let half = 0.5 * f * f;
    let tail = s * (half + (odd + even)) + exponent * LN2_LO;
    exponent * LN2_HI - ((half - tail) - f)
}

/// x as fraction · 2^exponent with a fraction in [½, 1). (Not so for numbers below 2.2e-308, which no
/// benchmark measures: Go is wrong there as well.)
fn split(x: f64) -> (f64, f64) {
    const EXPONENT: u64 = 0x7ff << 52;
    let bits = x.to_bits();
    let exponent = ((bits & EXPONENT) >> 52) as f64 - 1022.0;
    (f64::from_bits(bits & !EXPONENT | 0x3fe << 52), exponent)
}

/// eˣ.
pub(super) fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 709.782_712_893_384 {
        return f64::INFINITY;
    }
    if x < -745.2 {
        return 0.0;
    }
    const LN2_HI: f64 = 0.693_147_180_559_662_956_511_601_805_686_950_683_593_75;
    const LN2_LO: f64 = 0.282_352_905_630_315_771_225_884_481_750_134_360_255_254_120_68e-12;
    let exponent = (x * LOG2_E).round_ties_even();
    // Fused, as every processor of the last ten years does it.
    let rest = (-exponent).mul_add(LN2_LO, (-exponent).mul_add(LN2_HI, x));
    let rest = rest * 0.0625;
    let series = [
        1.984_126_984_126_984e-4,
        1.388_888_888_888_889e-3,
        8.333_333_333_333_333e-3,
        4.166_666_666_666_666_4e-2,
        1.666_666_666_666_666_6e-1,
        0.5,
        1.0,
    ];
    let sum = series
        .iter()
        .fold(2.480_158_730_158_73e-5, |sum: f64, coefficient| {
            sum.mul_add(rest, *coefficient)
        });
    let mut less_one = rest * sum;
    // (1 + y)² − 1 = y·(y + 2), and at the last step with the one that was left out.
    for _ in 0..3 {
        less_one *= less_one + 2.0;
    }
    let result = less_one.mul_add(less_one + 2.0, 1.0);
    scale(result, exponent as i32)
}

/// value · 2^exponent.
fn scale(value: f64, exponent: i32) -> f64 {
    let power = |exponent: i32| f64::from_bits(((exponent + 1023) as u64) << 52);
    match exponent {
        1024.. => f64::INFINITY,
        -1022..=1023 => value * power(exponent),
        // In two steps below the smallest normal number.
        _ => value * power(exponent + 1022) * f64::MIN_POSITIVE,
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    /// Bits that Go 1.26's `math.Log` and `math.Exp` give on amd64.
    #[test]
    fn bits_of_go() {
        for line in include_str!("../../testdata/benchstat/go-math.txt").lines() {
            let fields: Vec<u64> = line
                .split_whitespace()
                .skip(1)
                .map(|bits| u64::from_str_radix(bits, 16).unwrap())
                .collect();
            let (x, y) = (f64::from_bits(fields[0]), f64::from_bits(fields[1]));
            let ours = match line.split_whitespace().next().unwrap() {
                "log" => ln(x),
                _ => exp(x),
            };
            assert_eq!(ours.to_bits(), y.to_bits(), "{line}: {x} {y} {ours}");
        }
    }

    #[test]
    fn corners() {
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(ln(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(1000.0), f64::INFINITY);
        assert_eq!(exp(-1000.0), 0.0);
        assert!(exp(-740.0) > 0.0);
        assert!(exp(f64::NAN).is_nan());
    }
}
