//! Units of measurement: their names, the direction in which they improve, and how values are shown.
//!
//! Names are "tidied" as `golang.org/x/perf/benchunit` tidies them: a numerator in `ns` becomes
//! `sec` and one in `MB` becomes `B`, with the value scaled to match, so that a unit never carries
//! a prefix twice ("µns"). Scaling for display follows the same package, digit for digit.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The tidied name of a unit, such as `allocs/op`, `B/op` or `sec/op`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unit(Arc<str>);

impl Unit {
    /// Heap allocations per operation, a whole number as the testing package prints it.
    pub const ALLOCS: &'static str = "allocs/op";
    /// Heap bytes per operation, a whole number as the testing package prints it.
    pub const BYTES: &'static str = "B/op";
    /// Time per operation (`ns/op`, tidied).
    pub const TIME: &'static str = "sec/op";

    /// The unit of a name as written in benchmark output or in a policy; `ns/op` gives `sec/op`.
    pub fn new(name: &str) -> Self {
        Unit(Arc::from(Tidy::of(name).name.as_str()))
    }

    /// The tidied name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `allocs/op` or `B/op`: counted by the runtime, printed as whole numbers,
    /// and therefore fit to be gated hard.
    pub fn is_allocation(&self) -> bool {
        matches!(self.as_str(), Self::ALLOCS | Self::BYTES)
    }

    /// Whether the testing package prints this unit by itself.
    pub fn is_built_in(&self) -> bool {
        self.is_allocation() || matches!(self.as_str(), Self::TIME | "B/s")
    }

    /// The direction in which this unit improves when no `Unit … better=` line says so.
    pub fn default_better(&self) -> Better {
        match self.as_str() {
            Self::ALLOCS | Self::BYTES | Self::TIME => Better::Lower,
            "B/s" => Better::Higher,
            _ => Better::Unknown,
        }
    }

    /// Whether prefixes count in powers of 1000 or of 1024.
    pub fn class(&self) -> Class {
        let binary =
            numerator_tokens(self.as_str()).any(|(_, token)| matches!(token, "B" | "MB" | "bytes"));
        if binary {
            Class::Binary
        } else {
            Class::Decimal
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The direction in which a unit improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// A rise is a regression.
    Lower,
    /// A fall is a regression.
    Higher,
    /// Nobody said; the unit is shown and never judged.
    Unknown,
}

/// A unit's tidied name and the factor that takes a value there.
#[derive(Clone, Debug, PartialEq)]
pub struct Tidy {
    /// The tidied name.
    pub name: String,
    /// `tidied value = value × factor`.
    pub factor: f64,
}

impl Tidy {
    /// Tidies `unit`: each `ns` of the numerator becomes `sec`, each `MB` becomes `B`.
    pub fn of(unit: &str) -> Self {
        // The factor is built up by the same operations as benchunit, so that the last bit agrees.
        let (mut name, mut factor) = (String::with_capacity(unit.len()), 1.0);
        match unit {
            "ns/op" => {
                return Tidy {
                    name: Unit::TIME.into(),
                    factor: 1e-9,
                };
            }
            "MB/s" => {
                return Tidy {
                    name: "B/s".into(),
                    factor: 1e6,
                };
            }
            _ => {}
        }
        let mut copied = 0;
        for (at, token) in numerator_tokens(unit) {
            let replacement = match token {
                "ns" => {
                    factor /= 1e9;
                    "sec"
                }
                "MB" => {
                    factor *= 1e6;
                    "B"
                }
                _ => continue,
            };
            name.push_str(&unit[copied..at]);
            name.push_str(replacement);
            copied = at + token.len();
        }
        name.push_str(&unit[copied..]);
        Tidy { name, factor }
    }
}

/// The words of `unit` that stand in its numerator, with their byte offsets. Words are separated
/// by `*`, `/`, `-` and white space; `/` opens the denominator and `*` closes it.
fn numerator_tokens(unit: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_separator = |c: char| c == '*' || c == '/' || c == '-' || c.is_whitespace();
    let mut in_denominator = false;
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = &unit[at..];
            let first = rest.chars().next()?;
            if is_separator(first) {
                match first {
                    '*' => in_denominator = false,
                    '/' => in_denominator = true,
                    _ => {}
                }
                at += first.len_utf8();
                continue;
            }
            let start = at;
            let length = rest.find(is_separator).unwrap_or(rest.len());
            at += length;
            if !in_denominator {
                return Some((start, &rest[..length]));
            }
        }
    })
}

/// The prefixes that a unit's values are scaled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// SI prefixes, powers of 1000.
    Decimal,
    /// IEC prefixes, powers of 1024.
    Binary,
}

/// What one prefixed unit stands for; from where on a value has one, two and three digits after the
/// point; the prefix. The thresholds are those that printing rounds up at: 99.995 prints as 100.0.
/// They are written out since a product is not always the number nearest to it.
type Prefix = (f64, [f64; 3], &'static str);

const DECIMAL: [Prefix; 8] = [
    (1e12, [99.995e12, 9.9995e12, 0.99995e12], "T"),
    (1e9, [99.995e9, 9.9995e9, 0.99995e9], "G"),
    (1e6, [99.995e6, 9.9995e6, 0.99995e6], "M"),
    (1e3, [99.995e3, 9.9995e3, 0.99995e3], "k"),
    (1.0, [99.995, 9.9995, 0.99995], ""),
    (1e-3, [99.995e-3, 9.9995e-3, 0.99995e-3], "m"),
    (1e-6, [99.995e-6, 9.9995e-6, 0.99995e-6], "µ"),
    (1e-9, [99.995e-9, 9.9995e-9, 0.99995e-9], "n"),
];

const BINARY: [Prefix; 5] = [
    binary(40, "Ti"),
    binary(30, "Gi"),
    binary(20, "Mi"),
    binary(10, "Ki"),
    binary(0, ""),
];

const fn binary(power: u32, prefix: &'static str) -> Prefix {
    let factor = (1u64 << power) as f64;
    (
        factor,
        [99.995 * factor, 9.9995 * factor, 0.99995 * factor],
        prefix,
    )
}

/// From where on a value below the smallest prefix has three, four, … digits after the point.
const SMALL: [f64; 7] = [
    9.9995e-1, 9.9995e-2, 9.9995e-3, 9.9995e-4, 9.9995e-5, 9.9995e-6, 9.9995e-7,
];

/// A common scale for values that are shown together: at least three significant digits of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Digits after the decimal point.
    pub precision: usize,
    /// The value that one prefixed unit stands for.
    pub factor: f64,
    /// The prefix: `k`, `Mi`, `µ`, …
    pub prefix: &'static str,
}

impl Scale {
    /// The scale that shows each of `values` with at least three significant digits. It is set by
    /// the non-zero value closest to zero, as in benchunit's `CommonScale`.
    pub fn common(values: impl IntoIterator<Item = f64>, class: Class) -> Self {
        let sizes = values.into_iter().map(f64::abs);
        let smallest = sizes.filter(|size| *size > 0.0 || size.is_nan());
        // A first value that is no number stays the smallest, as nothing is less.
        let smallest = smallest.reduce(|least, size| if size < least { size } else { least });
        let Some(smallest) = smallest else {
            return Scale {
                precision: 3,
                factor: 1.0,
                prefix: "",
            };
        };
        let factors: &[Prefix] = match class {
            Class::Decimal => &DECIMAL,
            Class::Binary => &BINARY,
        };
        for &(factor, thresholds, prefix) in factors {
            for (threshold, precision) in thresholds.into_iter().zip(1..) {
                if smallest >= threshold {
                    return Scale {
                        precision,
                        factor,
                        prefix,
                    };
                }
            }
        }
        // Below the smallest prefix: more digits, up to ten after the point.
        let (factor, _, prefix) = factors[factors.len() - 1];
        let value = smallest / factor;
        let more = SMALL.iter().position(|threshold| value >= *threshold);
        Scale {
            precision: 3 + more.unwrap_or(SMALL.len()),
            factor,
            prefix,
        }
    }

    /// `value` in this scale, prefix included: `1.500k`.
    pub fn format(&self, value: f64) -> String {
        format!("{:.*}{}", self.precision, value / self.factor, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidies_numerators_only() {
        for (unit, name, factor) in [
            ("ns/op", "sec/op", 1e-9),
            ("MB/s", "B/s", 1e6),
            ("allocs/op", "allocs/op", 1.0),
            ("MB/op", "B/op", 1e6),
            ("user-ns/op", "user-sec/op", 1e-9),
            ("ns/GC", "sec/GC", 1e-9),
            ("op/ns", "op/ns", 1.0),
            ("x/ns*MB", "x/ns*B", 1e6),
            ("", "", 1.0),
        ] {
            let tidy = Tidy::of(unit);
            assert_eq!(tidy.name, name, "{unit}");
            assert!(
                (tidy.factor / factor - 1.0).abs() < 1e-15,
                "{unit}: {}",
                tidy.factor
            );
        }
    }

    #[test]
    fn scales_as_benchunit_does() {
        for (value, class, shown) in [
            (0.0, Class::Decimal, "0.000"),
            (1.0, Class::Decimal, "1.000"),
            (12.0, Class::Decimal, "12.00"),
            (99.994, Class::Decimal, "99.99"),
            (99.995, Class::Decimal, "100.0"),
            (1234.0, Class::Decimal, "1.234k"),
            (1.5e-6, Class::Decimal, "1.500µ"),
            (1.5e-12, Class::Decimal, "0.001500n"),
            (99.995e-9, Class::Decimal, "100.0n"),
            (99.994_999e-9, Class::Decimal, "99.99n"),
            (9e-18, Class::Decimal, "0.0000000090n"),
            (1020.0, Class::Binary, "1020.0"),
            (1024.0, Class::Binary, "1.000Ki"),
            (0.5, Class::Binary, "0.5000"),
        ] {
            assert_eq!(Scale::common([value], class).format(value), shown);
        }
    }
}
