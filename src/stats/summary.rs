//! One sample in three numbers: a centre and the interval it lies in.
//!
//! The three assumptions of golang.org/x/perf/benchmath, one function each: nothing is known of the
//! distribution (median and order statistics), it is normal (mean and Student's t), or every sample
//! is the same by nature (mode and range).

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

use super::go_math;

/// A centre and a confidence interval around it, in the unit of the sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate; NaN only for an empty sample.
    pub center: f64,
    /// The lower bound; −∞ when the sample is too small for the confidence asked for.
    pub lo: f64,
    /// The upper bound; +∞ when the sample is too small for the confidence asked for.
    pub hi: f64,
    /// The confidence reached, in [0, 1]. Intervals made of order statistics come in steps, so it
    /// is usually more than was asked for.
    pub confidence: f64,
}

impl Interval {
    /// What is known of an empty sample.
    const UNKNOWN: Interval = Interval {
        center: f64::NAN,
        lo: f64::NEG_INFINITY,
        hi: f64::INFINITY,
        confidence: 1.0,
    };
}

/// The median: the middle value, or the middle of the two middle values. NaN for an empty sample.
///
/// benchstat interpolates with method R8 of Hyndman and Fan (1996), which at the quantile ½ is the
/// position n/2 + ½ for every n, hence this.
pub fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (_, None) => f64::NAN,
        (1, Some(&value)) => value,
        (_, Some(&upper)) => {
            let lower = sorted[middle - 1];
            lower + 0.5 * (upper - lower)
        }
    }
}

/// The median and its interval, with no assumption about the distribution.
///
/// The bounds are two of the samples, the same two that benchstat chooses.
/// `confidence` is in [0, 1].
pub fn median_interval(sorted: &[f64], confidence: f64) -> Interval {
    if sorted.is_empty() {
        return Interval::UNKNOWN;
    }
    MedianOrders::of(sorted.len(), confidence).interval(sorted)
}

/// The median as benchstat interpolates it: method 8 of Hyndman and Fan, "Sample Quantiles in
/// Statistical Packages", The American Statistician 50, 1996. Rounding can put it a bit beside
/// [`median`], even where that is one of the samples.
pub fn interpolated_median(sorted: &[f64]) -> f64 {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return f64::NAN;
    };
    let rank = 1.0 / 3.0 + 0.5 * (sorted.len() as f64 + 1.0 / 3.0);
    let (below, fraction) = (rank.trunc() as usize, rank.fract());
    match below {
        0 => *first,
        _ if below >= sorted.len() => *last,
        _ => sorted[below - 1] + fraction * (sorted[below] - sorted[below - 1]),
    }
}

/// The mean and its interval, taking the samples as normal: mean ± t·s/√n with n − 1 degrees of
/// freedom.
///
/// The bounds are infinite for one sample or a `confidence` of 1, equal to the mean for a
/// `confidence` of 0. The order of `values` has no part in the meaning, only in the last bits.
pub fn mean_interval(values: &[f64], confidence: f64) -> Interval {
    if values.is_empty() {
        return Interval::UNKNOWN;
    }
    let (mean, variance) = mean_and_variance(values);
    let n = values.len() as f64;
    let half = if confidence <= 0.0 {
        0.0
    } else if confidence >= 1.0 || values.len() == 1 {
        f64::INFINITY
    } else {
        student_t_quantile(n - 1.0, confidence) * (variance / n).sqrt()
    };
    Interval {
        center: mean,
        lo: mean - half,
        hi: mean + half,
        confidence,
    }
}

/// The most frequent value and the range, for units whose samples should all be equal
/// (`assume=exact`). Of equally frequent values the smallest.
///
/// `lo < hi` says that the assumption does not hold.
pub fn mode_interval(sorted: &[f64]) -> Interval {
    let [first, .., last] = sorted else {
        let only = sorted.first();
        return only.map_or(Interval::UNKNOWN, |&value| exactly(value, value, value));
    };
    let runs = sorted.chunk_by(|a, b| a >= b);
    // `max_by_key` keeps the last of equals; reversed, that is the smallest value.
    let mode = runs.rev().max_by_key(|run| run.len());
    exactly(mode.map_or(*first, |run| run[0]), *first, *last)
}

fn exactly(center: f64, lo: f64, hi: f64) -> Interval {
    Interval {
        center,
        lo,
        hi,
        confidence: 1.0,
    }
}

/// The smallest sample size whose [`median_interval`] is finite at this confidence; `None` when
/// more than 50 are needed, where benchstat stops looking too.
pub fn samples_for_interval(confidence: f64) -> Option<usize> {
    (2..=50).find(|&n| {
        let orders = median_orders(n, confidence);
        orders.lo > 0 && orders.hi <= n
    })
}

/// The geometric mean, by the running mean of logarithms that benchstat uses, bit for bit. `None` where benchstat has none: no values, or one that is not above zero.
pub fn geomean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut mean = None;
    for (seen, value) in values.enumerate() {
        if value <= 0.0 || value.is_nan() {
            return None;
        }
        let before = mean.unwrap_or(0.0);
        mean = Some(before + (go_math::ln(value) - before) / (seen + 1) as f64);
    }
    mean.map(go_math::exp).filter(|mean| !mean.is_nan())
}

/// Which order statistics (1-based) bound the median: 0 and n + 1 stand for −∞ and +∞. The same for
/// all samples of a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MedianOrders {
    lo: usize,
    hi: usize,
    confidence: f64,
}

impl MedianOrders {
    /// Those of `n` samples. `confidence` is in [0, 1].
    pub fn of(n: usize, confidence: f64) -> Self {
        median_orders(n, confidence)
    }

    /// The median of as many samples, and its interval.
    pub fn interval(&self, sorted: &[f64]) -> Interval {
        let order = |order: usize, missing: f64| {
            let index = order.checked_sub(1);
            index
                .and_then(|index| sorted.get(index))
                .map_or(missing, |&value| value)
        };
        Interval {
            center: median(sorted),
            lo: order(self.lo, f64::NEG_INFINITY),
            hi: order(self.hi, f64::INFINITY),
            confidence: self.confidence,
        }
    }
}

/// The largest sample size for which the binomial distribution itself is summed.
const EXACT_ORDERS_LIMIT: usize = 30;

/// The number of samples below the true median is binomial with probability ½. So "the median lies
/// between the l-th and the r-th sample" has the probability P(l ≤ X < r), and the interval grows
/// until that reaches the confidence.
fn median_orders(n: usize, confidence: f64) -> MedianOrders {
    if confidence >= 1.0 {
        MedianOrders {
            lo: 0,
            hi: n + 1,
            confidence: 1.0,
        }
    } else if n <= EXACT_ORDERS_LIMIT {
        binomial_orders(n, confidence)
    } else {
        normal_orders(n, confidence.max(0.0))
    }
}

/// Grows `[lo, hi)` from the mode of the binomial distribution, by the likelier neighbour each
/// time; of equally likely ones by the left, except where [`RIGHT_FIRST`] says otherwise.
fn binomial_orders(n: usize, confidence: f64) -> MedianOrders {
    let all = (n as f64).exp2();
    let (mut lo, mut hi) = (n / 2, n / 2 + 1);
    let mut ways = binomial(n, lo);
    while ways / all < confidence && (lo > 0 || hi <= n) {
        let left = if lo > 0 { binomial(n, lo - 1) } else { 0.0 };
        let right = if hi <= n { binomial(n, hi) } else { 0.0 };
        let mirrored = lo + hi == n + 1;
        if left > right || mirrored && !goes_right_first(n, lo - 1) {
            lo -= 1;
            ways += left;
        } else {
            hi += 1;
            ways += right;
        }
    }
    MedianOrders {
        lo,
        hi,
        confidence: ways / all,
    }
}

/// For n = 21…30, bit k is set where benchstat prefers n − k over k below the true median.
///
/// The two are equally likely, and below n = 21 benchstat goes left. Above, its library takes
/// binomial coefficients from a logarithm of the gamma function, whose rounding errors make one
/// side look larger. Nothing but the rounding decides, so it is recorded (on amd64), not computed.
const RIGHT_FIRST: [u16; 10] = [
    0b1001_0100,
    0b100_1001_0100,
    0b1001_0100,
    0b1000_1001_0100,
    0b100_1001_0100,
    0b100_1001_0100,
    0b10_1100_1001_0100,
    0b11_0100_1001_0100,
    0b10_0100_1111_0100,
    0b110_0101_1111_0100,
];

fn goes_right_first(n: usize, k: usize) -> bool {
    let sides = n.checked_sub(21).and_then(|row| RIGHT_FIRST.get(row));
    sides.is_some_and(|sides| sides >> k & 1 == 1)
}

/// n over k, exact: n ≤ 30 keeps every factor below 2⁵³.
fn binomial(n: usize, k: usize) -> f64 {
    let smaller = k.min(n - k);
    (1..=smaller).fold(1.0, |ways, i| ways * (n - smaller + i) as f64 / i as f64)
}

/// The normal approximation with continuity correction: gap k spans [k − ½, k + ½]. Rounds
/// outwards, then takes one gap off the right if that is confident enough.
fn normal_orders(n: usize, confidence: f64) -> MedianOrders {
    let normal = Normal::standard();
    let mean = n as f64 / 2.0;
    let deviation = (n as f64).sqrt() / 2.0;
    let cdf = |x: f64| normal.cdf((x - mean) / deviation);
    let covered = |lo: f64, hi: f64| cdf(hi - 0.5) - cdf(lo - 0.5);

    let left = mean + deviation * normal.inverse_cdf((1.0 - confidence) / 2.0);
    let lo = (left - 0.5).floor() + 1.0;
    let mut hi = (2.0 * mean - left - 0.5).ceil() + 1.0;
    let mut reached = covered(lo, hi);
    let narrower = covered(lo, hi - 1.0);
    if narrower >= confidence && narrower < reached {
        (hi, reached) = (hi - 1.0, narrower);
    }
    let everything = n as f64 + 1.0;
    if lo <= 0.0 && hi >= everything {
        // The normal distribution has tails beyond the sample; the median has not.
        reached = 1.0;
    }
    MedianOrders {
        lo: lo.max(0.0) as usize,
        hi: hi.min(everything) as usize,
        confidence: reached,
    }
}

/// Mean and sample variance (divisor n − 1; 0 for one value) by Welford's updates (1962), which do
/// not cancel as a sum of squares does.
pub(super) fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (seen, &value) in values.iter().enumerate() {
        let delta = value - mean;
        mean += delta / (seen + 1) as f64;
        squares += delta * (value - mean);
    }
    (mean, squares / values.len().saturating_sub(1).max(1) as f64)
}

/// The half width, in standard errors, of a two-sided interval of Student's t distribution.
/// `confidence` is strictly between 0 and 1; NaN when `df` is not above zero.
pub(super) fn student_t_quantile(df: f64, confidence: f64) -> f64 {
    let Ok(distribution) = StudentsT::new(0.0, 1.0, df) else {
        return f64::NAN;
    };
    let tail = (1.0 - confidence) / 2.0;
    let start = -distribution.inverse_cdf(tail);
    // statrs inverts to about ten digits. In the tail Newton's method doubles them.
    let newton = |t: f64| t + (distribution.sf(t) - tail) / distribution.pdf(t);
    newton(newton(start))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
    }

    #[test]
    fn medians() {
        assert!(median(&[]).is_nan());
        for (sorted, expected) in [
            (&[7.0][..], 7.0),
            (&[1.0, 2.0], 1.5),
            (&[1.0, 2.0, 9.0], 2.0),
            (&[0.0, 0.0, 1.0, 9.0], 0.5),
        ] {
            assert_eq!(median(sorted), expected);
        }
    }

    /// The order statistics and confidences that go-moremath's QuantileCI gives.
    #[test]
    fn median_orders_of_benchstat() {
        for (n, confidence, lo, hi, reached) in [
            (1, 0.95, 0, 2, 1.0),
            (5, 0.95, 0, 5, 0.96875),
            (6, 0.95, 1, 6, 0.96875),
            (7, 0.95, 1, 7, 0.984375),
            (8, 0.99, 1, 8, 0.9921875),
            (10, 0.95, 2, 9, 0.978515625),
            (15, 0.95, 4, 12, 0.96484375),
            (20, 0.95, 6, 15, 0.9586105346679688),
            (21, 0.95, 6, 16, 0.9733963012695351),
            (24, 0.95, 8, 18, 0.9567147493362336),
            (28, 0.93, 9, 19, 0.9385716542601609),
            (30, 0.95, 10, 21, 0.9572260547429379),
            (30, 0.5, 14, 18, 0.5268703401088753),
        ] {
            let orders = median_orders(n, confidence);
            assert_eq!((orders.lo, orders.hi), (lo, hi), "n = {n} at {confidence}");
            assert!(close(orders.confidence, reached), "n = {n} at {confidence}");
        }
    }

    #[test]
    fn median_interval_is_infinite_below_six_samples() {
        let interval = median_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95);
        assert_eq!((interval.lo, interval.hi), (f64::NEG_INFINITY, 5.0));
        let interval = median_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.95);
        assert_eq!((interval.lo, interval.hi), (1.0, 6.0));
        assert_eq!(samples_for_interval(0.95), Some(6));
        assert_eq!(samples_for_interval(0.99), Some(8));
        assert_eq!(samples_for_interval(0.0), Some(2));
        assert_eq!(samples_for_interval(1.0), None);
    }

    #[test]
    fn mean_interval_of_benchmath() {
        let interval = mean_interval(&[-8.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.95);
        assert!(close(interval.center, 2.0));
        assert!(close(interval.lo, -3.351092806089359));
        assert!(close(interval.hi, 7.351092806089359));
        let one = mean_interval(&[3.0], 0.95);
        assert_eq!((one.center, one.hi), (3.0, f64::INFINITY));
    }

    /// With one and two degrees of freedom the quantile has a closed form; for more, every table
    /// of the t distribution prints it.
    #[test]
    fn student_t_quantiles() {
        for confidence in [0.1, 0.5, 0.9, 0.95, 0.999, 0.999999] {
            let one = (std::f64::consts::FRAC_PI_2 * confidence).tan();
            let two = confidence / ((1.0 - confidence * confidence) / 2.0).sqrt();
            for (df, expected) in [(1.0, one), (2.0, two)] {
                let t = student_t_quantile(df, confidence);
                assert!(
                    (t / expected - 1.0).abs() < 1e-9,
                    "{df} at {confidence}: {t}"
                );
            }
        }
        for (df, confidence, expected) in [
            (5.0, 0.99, 4.032),
            (9.0, 0.95, 2.262),
            (30.0, 0.9, 1.697),
            (120.0, 0.95, 1.980),
        ] {
            let t = student_t_quantile(df, confidence);
            assert!((t - expected).abs() < 5e-4, "{df} at {confidence}: {t}");
        }
    }

    #[test]
    fn modes() {
        assert_eq!(mode_interval(&[2.0]), exactly(2.0, 2.0, 2.0));
        assert_eq!(mode_interval(&[1.0, 2.0, 2.0, 3.0]), exactly(2.0, 1.0, 3.0));
        assert_eq!(mode_interval(&[1.0, 1.0, 2.0, 2.0]), exactly(1.0, 1.0, 2.0));
    }

    #[test]
    fn geomeans() {
        assert!(close(geomean([1.0, 4.0, 16.0].into_iter()).unwrap(), 4.0));
        assert!(close(geomean([1e300, 1e300].into_iter()).unwrap(), 1e300));
        assert_eq!(geomean([].into_iter()), None);
        assert_eq!(geomean([1.0, 0.0].into_iter()), None);
        assert_eq!(geomean([1.0, -1.0].into_iter()), None);
        assert_eq!(geomean([1.0, f64::NAN].into_iter()), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn median_interval_holds_the_median_within_the_data(
            mut sample in prop::collection::vec(0.0..1e6_f64, 1..80),
            confidence in 0.0..1.0_f64,
        ) {
            sample.sort_by(f64::total_cmp);
            let interval = median_interval(&sample, confidence);
            prop_assert!(interval.lo <= interval.center && interval.center <= interval.hi);
            prop_assert!(interval.confidence >= confidence);
            prop_assert!(interval.lo.is_infinite() || sample.contains(&interval.lo));
            prop_assert!(interval.hi.is_infinite() || sample.contains(&interval.hi));
        }

        #[test]
        fn more_confidence_never_narrows(
            n in 1..80_usize,
            a in 0.0..1.0_f64,
            b in 0.0..1.0_f64,
        ) {
            let (less, more) = (median_orders(n, a.min(b)), median_orders(n, a.max(b)));
            prop_assert!(more.lo <= less.lo && more.hi >= less.hi);
        }
    }
}
