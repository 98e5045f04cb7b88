//! The samples of both sides of a row as a small picture: a strip for the baseline above one for the
//! candidate, on one scale.
//!
//! Dots are zero-length lines with round ends (the baseline's) or square ones (the candidate's), all
//! of a strip in one path, and no more than fit a pixel: a picture of a million samples is no larger
//! than one of a few hundred. The number of samples is in its title.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::figure::{self, count};
use crate::gate::{JudgedRow, Side};
use crate::unit::Unit;

/// The picture, in pixels.
const WIDTH: f64 = 200.0;
const MARGIN: f64 = 8.0;
/// The line in the middle of each strip.
const LINES: [i32; 2] = [11, 31];
/// Where samples that fall on one pixel stand, from that line.
const LEVELS: [i32; 5] = [0, -3, 3, -6, 6];
/// The least that the scale spans, as a share of the greatest value: smaller differences look small.
const LEAST_SPAN: f64 = 0.05;

/// From values to pixels.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(sides: [Option<&Side>; 2]) -> Self {
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for side in sides.into_iter().flatten() {
            let ends = [side.least(), side.greatest(), side.lo, side.hi, side.center];
            for value in ends.into_iter().filter(|value| value.is_finite()) {
                low = low.min(value);
                high = high.max(value);
            }
        }
        let least = LEAST_SPAN * low.abs().max(high.abs());
        let lacking = (least - (high - low)).max(0.0) / 2.0;
        Scale {
            low: low - lacking,
            high: high + lacking,
        }
    }

    fn x(&self, value: f64) -> i32 {
        // Halves, since the span of the greatest numbers is none.
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.5
        };
        (MARGIN + share * (WIDTH - 2.0 * MARGIN)).round() as i32
    }
}

pub(super) fn plot(row: &JudgedRow) -> Markup {
    let sides = [row.baseline.as_ref(), row.candidate.as_ref()];
    let scale = Scale::of(sides);
    let classes = ["a", "b"];
    html! {
        svg viewBox="0 0 200 42" role="img" {
            title { (title(row)) }
            @for ((side, line), class) in sides.into_iter().zip(LINES).zip(classes) {
                @match side {
                    None => { text x="100" y=(line + 4) text-anchor="middle" { "no samples" } },
                    Some(side) if side.is_constant() => (dot(&scale, side, line, class)),
                    Some(side) => (strip(&scale, side, line, class)),
                }
            }
        }
    }
}

/// All samples are equal: one dot with their number.
fn dot(scale: &Scale, side: &Side, line: i32, class: &str) -> Markup {
    let x = scale.x(side.center);
    let (at, anchor) = match f64::from(x) > WIDTH * 0.75 {
        true => (x - 9, "end"),
        false => (x + 9, "start"),
    };
    html! {
        path class=(class) d=(format!("M{x} {line}h0")) {}
        text x=(at) y=(line + 4) text-anchor=(anchor) { "×" (side.samples.len()) }
    }
}

/// Every sample, the interval of their centre behind them, and the centre over them.
fn strip(scale: &Scale, side: &Side, line: i32, class: &str) -> Markup {
    let center = scale.x(side.center);
    html! {
        @if side.lo.is_finite() && side.hi.is_finite() {
            path.i d=(band(scale.x(side.lo), scale.x(side.hi), line)) {}
        }
        path class=(class) d=(dots(scale, &side.samples, line)) {}
        path.c d=(format!("M{center} {}v18", line - 9)) {}
    }
}

/// A box from one end of an interval to the other.
fn band(from: i32, to: i32, line: i32) -> String {
    let (top, bottom) = (line - 8, line + 8);
    format!("M{from} {top}H{to}V{bottom}H{from}Z")
}

/// Samples on one pixel stand above each other, as many as there is room for.
fn dots(scale: &Scale, samples: &[f64], line: i32) -> String {
    let mut path = String::new();
    let mut last = (-1, 0);
    for &sample in samples {
        let x = scale.x(sample);
        last = if last.0 == x { (x, last.1 + 1) } else { (x, 0) };
        if let Some(level) = LEVELS.get(last.1) {
            let _ = write!(path, "M{x} {}h0", line + level);
        }
    }
    path
}

/// The picture in words.
fn title(row: &JudgedRow) -> String {
    let baseline = side("baseline", row.baseline.as_ref(), &row.unit);
    let candidate = side("candidate", row.candidate.as_ref(), &row.unit);
    format!("{baseline}; {candidate}")
}

fn side(name: &str, side: Option<&Side>, unit: &Unit) -> String {
    let Some(side) = side else {
        return format!("{name}: no samples");
    };
    let samples = count(side.samples.len(), "sample");
    if side.is_constant() {
        let all = if side.samples.len() == 1 { "" } else { "all " };
        return format!(
            "{name}: {samples}, {all}{}",
            figure::show(side.center, unit)
        );
    }
    let (least, greatest) = figure::pair(side.least(), side.greatest(), unit);
    let mut text = format!(
        "{name}: {samples} from {least} to {greatest}, centre {}",
        figure::show(side.center, unit)
    );
    if side.lo.is_finite() && side.hi.is_finite() {
        let (lo, hi) = (figure::show(side.lo, unit), figure::show(side.hi, unit));
        let _ = write!(text, " with interval {lo} to {hi}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(samples: &[f64], center: f64, lo: f64, hi: f64) -> Side {
        Side {
            center,
            lo,
            hi,
            samples: samples.to_vec(),
            iterations: 1.0,
        }
    }

    #[test]
    fn both_sides_have_one_scale() {
        let (a, b) = (
            side(&[100.0], 100.0, 100.0, 100.0),
            side(&[200.0], 200.0, 190.0, 300.0),
        );
        let scale = Scale::of([Some(&a), Some(&b)]);
        assert_eq!(
            [100.0, 200.0, 300.0].map(|value| scale.x(value)),
            [8, 100, 192]
        );
    }

    #[test]
    fn small_differences_look_small() {
        let near = side(&[1000.0, 1001.0], 1000.5, 1000.0, 1001.0);
        let scale = Scale::of([Some(&near), None]);
        assert!(scale.x(1001.0) - scale.x(1000.0) < 5);
        let zero = side(&[0.0], 0.0, 0.0, 0.0);
        assert_eq!(Scale::of([Some(&zero), Some(&zero)]).x(0.0), 100);
    }

    #[test]
    fn any_number_has_its_place() {
        let all = [
            f64::MIN,
            -1.0,
            0.0,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        for &one in &all {
            for &other in &all {
                let side = side(&[one, other], one, f64::NEG_INFINITY, f64::INFINITY);
                let scale = Scale::of([Some(&side), None]);
                for value in all {
                    assert!((0..=200).contains(&scale.x(value)), "{one} {other} {value}");
                }
                let _ = strip(&scale, &side, 11, "a").into_string();
            }
        }
        assert_eq!(Scale::of([None, None]).x(1.0), 100);
    }

    #[test]
    fn a_picture_has_no_more_dots_than_pixels() {
        let samples: Vec<f64> = (0..100_000).map(f64::from).collect();
        let many = side(&samples, 5e4, 4e4, 6e4);
        let scale = Scale::of([Some(&many), None]);
        assert_eq!(
            dots(&scale, &many.samples, 11).matches('M').count(),
            185 * LEVELS.len()
        );
        assert_eq!(dots(&scale, &[7.0; 3], 11), "M8 11h0M8 8h0M8 14h0");
    }
}
