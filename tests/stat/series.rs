//! The values of one benchmark in one unit: what they cluster around and how they are written.

use crate::random::Random;
use crate::words::{INFINITIES, NUMBERS};

/// Where the values of a benchmark come from.
pub(crate) struct Series {
    kind: Kind,
    /// The middle, by file.
    centers: Vec<f64>,
    whole: bool,
    decimals: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Around the middle, by as much as this share of it.
    Noisy(f64),
    Constant,
    /// A few values that come again and again: ties.
    Steps,
    MostlyZero,
    /// As often below zero as above it.
    BothSigns,
    /// Numbers in forms that are seldom seen.
    Odd,
    Infinite,
}

impl Series {
    pub(crate) fn draw(random: &mut Random, unit: &str, files: usize) -> Series {
        let kind = random.weighted(&[
            (25, Kind::Noisy(0.01)),
            (20, Kind::Noisy(0.1)),
            (5, Kind::Noisy(1.5)),
            (22, Kind::Constant),
            (18, Kind::Steps),
            (4, Kind::MostlyZero),
            (3, Kind::BothSigns),
            (2, Kind::Odd),
            (1, Kind::Infinite),
        ]);
        let magnitude = match random.below(100) {
            0..85 => random.fraction() * 7.0,
            85..93 => random.fraction() * 14.0 - 2.0,
            93..97 => random.fraction() * 30.0 - 15.0,
            _ => random.fraction() * 600.0 - 300.0,
        };
        let sign = if random.percent(3) { -1.0 } else { 1.0 };
        let base = sign * 10_f64.powf(magnitude);
        let centers = (0..files)
            .map(|_| match random.below(100) {
                0..35 => base,
                35..60 => base * (0.9 + 0.2 * random.fraction()),
                60..75 => base * (0.999 + 0.002 * random.fraction()),
                75..85 => base * 3.0 * random.fraction(),
                85..92 => base * 1.0001,
                92..97 => 0.0,
                _ => base * 1e4,
            })
            .collect();
        let whole = matches!(unit, "B/op" | "allocs/op") || random.percent(30);
        Series {
            kind,
            centers,
            whole,
            decimals: random.below(5),
        }
    }

    /// The text of one value of a file.
    pub(crate) fn value(&self, random: &mut Random, file: usize) -> String {
        let center = self.centers[file];
        let value = match self.kind {
            Kind::Noisy(spread) => {
                // Three draws, so that the middle is likelier than the ends.
                let off = random.fraction() + random.fraction() + random.fraction() - 1.5;
                center * (1.0 + spread * off)
            }
            Kind::Constant => center,
            Kind::Steps => center * (1.0 + 0.02 * random.below(3) as f64),
            Kind::MostlyZero => {
                if random.percent(70) {
                    0.0
                } else {
                    center
                }
            }
            Kind::BothSigns => center * (random.fraction() - 0.5),
            Kind::Odd => return (*random.pick(NUMBERS)).to_owned(),
            Kind::Infinite if random.percent(30) => return (*random.pick(INFINITIES)).to_owned(),
            Kind::Infinite => center,
        };
        let text = self.write(value);
        // What rounds to a zero below zero is written as one that is none: see `comparison`.
        match text.strip_prefix('-') {
            Some(zero) if zero.bytes().all(|byte| matches!(byte, b'0' | b'.')) => zero.to_owned(),
            _ => text,
        }
    }

    fn write(&self, value: f64) -> String {
        let large = value.abs() >= 1e15;
        let small = value.abs() < 1e-3 && value.abs() > 0.0;
        if self.whole && !large {
            format!("{value:.0}")
        } else if large || small {
            format!("{value:.*e}", self.decimals + 1)
        } else {
            format!("{value:.*}", self.decimals)
        }
    }
}
