//! By how much the candidate differs: the Hodges-Lehmann estimate of a shift and its interval.
//!
//! The estimate is the median of all differences candidate − baseline between a value of each
//! (Hodges and Lehmann, "Estimates of Location Based on Rank Tests", Annals of Mathematical
//! Statistics 34, 1963). Unlike the difference of the medians it uses every sample, and it is the
//! shift at which the Mann-Whitney test is least inclined to object.
//!
//! The interval holds the shifts to which the test does not object. Moving the candidate by −δ
//! makes U the number of differences below δ, so the interval ends at two of the sorted
//! differences, and which two follows from the distribution of U alone.

use super::mann_whitney::p_without_ties;
use super::u_distribution::UDistributions;

/// An estimated shift from baseline to candidate, in the unit of the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The median of the differences candidate − baseline; NaN only when a sample is empty.
    pub estimate: f64,
    /// The lower bound; −∞ when the samples are too small for the confidence asked for.
    pub lo: f64,
    /// The upper bound; +∞ when the samples are too small for the confidence asked for.
    pub hi: f64,
    /// The confidence reached, at least what was asked for; 1 with infinite bounds.
    pub confidence: f64,
}

/// The estimate and the interval that inverts the two-sided Mann-Whitney test.
///
/// Ties. The distribution of U used is the one without ties, whatever ties there are, and the
/// bounds belong to the interval. For values that tie because they were rounded, such an interval
/// holds the true shift at least as often as `confidence` says (Noether, "Wilcoxon Confidence
/// Intervals for Location Parameters in the Discrete Case", Journal of the American Statistical
/// Association 62, 1967). The test proper knows the ties, so with many of them it may call a
/// difference significant of which the interval just touches zero. Without ties, zero is outside
/// the interval exactly where p ≤ 1 − confidence.
///
/// Beyond 50 values a side the normal approximation with continuity correction is inverted, as the
/// test then uses it.
pub fn hodges_lehmann(
    baseline_sorted: &[f64],
    candidate_sorted: &[f64],
    confidence: f64,
    distributions: &mut UDistributions,
) -> Shift {
    let (n1, n2) = (baseline_sorted.len(), candidate_sorted.len());
    let cut = differences_cut(n1, n2, confidence, distributions);
    let differences = Differences::of(baseline_sorted, candidate_sorted);
    let mut shift = Shift {
        estimate: f64::NAN,
        lo: f64::NEG_INFINITY,
        hi: f64::INFINITY,
        confidence: 1.0,
    };
    if n1 * n2 == 0 {
        return shift;
    }
    let [lower, upper] = middle(n1 * n2);
    if cut == 0 {
        let [lower, upper] = differences.at([lower, upper]);
        shift.estimate = lower.midpoint(upper);
        return shift;
    }
    let [lo, lower, upper, hi] = differences.at([cut - 1, lower, upper, n1 * n2 - cut]);
    Shift {
        estimate: lower.midpoint(upper),
        lo,
        hi,
        confidence: 1.0 - p_without_ties(n1, n2, cut as u64 - 1, distributions),
    }
}

/// The estimate alone: the median of all differences candidate − baseline. NaN when a sample is
/// empty.
pub fn hodges_lehmann_estimate(baseline_sorted: &[f64], candidate_sorted: &[f64]) -> f64 {
    let pairs = baseline_sorted.len() * candidate_sorted.len();
    if pairs == 0 {
        return f64::NAN;
    }
    let differences = Differences::of(baseline_sorted, candidate_sorted);
    let [lower, upper] = differences.at(middle(pairs));
    lower.midpoint(upper)
}

/// The indices of the two middle elements of `len`, the same one twice for an odd number.
fn middle(len: usize) -> [usize; 2] {
    [(len - 1) / 2, len / 2]
}

/// How many of the smallest, and of the largest, differences the interval leaves out.
///
/// The greatest k for which a U of k − 1 is rejected. A step of the distribution that equals the
/// level counts as reached though its last bits may say otherwise.
fn differences_cut(
    n1: usize,
    n2: usize,
    confidence: f64,
    distributions: &mut UDistributions,
) -> usize {
    const ROUNDING: f64 = 1e-12;
    let level = 1.0 - confidence + ROUNDING;
    let (mut rejected, mut kept) = (0, (n1 * n2).div_ceil(2));
    while rejected < kept {
        let u = rejected.midpoint(kept);
        if p_without_ties(n1, n2, u as u64, distributions) <= level {
            rejected = u + 1;
        } else {
            kept = u;
        }
    }
    rejected
}

/// Up to this many differences are written out and selected from; more are searched where they
/// are, which needs no memory and, from here on, less time.
const MOST_WRITTEN_OUT: usize = 2048;

/// All differences candidate − baseline, in ascending order, of which only some are ever looked at.
enum Differences<'a> {
    Written(Vec<f64>),
    Implied {
        baseline: &'a [f64],
        candidate: &'a [f64],
    },
}

impl<'a> Differences<'a> {
    fn of(baseline: &'a [f64], candidate: &'a [f64]) -> Self {
        if baseline.len() * candidate.len() > MOST_WRITTEN_OUT {
            return Differences::Implied {
                baseline,
                candidate,
            };
        }
        let from = |&b: &'a f64| candidate.iter().map(move |&c| difference(b, c));
        Differences::Written(baseline.iter().flat_map(from).collect())
    }

    /// The differences at ascending indices of the sorted order.
    fn at<const N: usize>(self, indices: [usize; N]) -> [f64; N] {
        match self {
            Differences::Written(mut all) => {
                let mut start = 0;
                indices.map(|index| {
                    // What is left of the last one found is smaller; an index may come twice.
                    let rest = &mut all[start..];
                    let (_, found, _) = rest.select_nth_unstable_by(index - start, f64::total_cmp);
                    start = index;
                    *found
                })
            }
            Differences::Implied {
                baseline,
                candidate,
            } => indices.map(|index| implied_difference(baseline, candidate, index)),
        }
    }
}

/// Adding zero turns −0 into 0, so that the two ways to find a difference agree.
fn difference(baseline: f64, candidate: f64) -> f64 {
    candidate - baseline + 0.0
}

/// The difference at `index` of the sorted order, exactly, by bisection over the floating-point
/// numbers themselves: the least number that more than `index` differences do not exceed. At most
/// 64 walks over both samples. Neither sample is empty.
fn implied_difference(baseline: &[f64], candidate: &[f64], index: usize) -> f64 {
    let (b, c) = (baseline.len() - 1, candidate.len() - 1);
    let mut lo = rank(difference(baseline[b], candidate[0]));
    let mut hi = rank(difference(baseline[0], candidate[c]));
    while lo < hi {
        let middle = lo.midpoint(hi);
        if differences_up_to(baseline, candidate, unrank(middle)) > index {
            hi = middle;
        } else {
            lo = middle + 1;
        }
    }
    // The search stops at −0, which no difference is, just below 0.
    unrank(lo) + 0.0
}

/// How many differences are at most `limit`. Rounding never reverses an order, so the differences
/// fall with the baseline and rise with the candidate, and one walk along the border counts them.
fn differences_up_to(baseline: &[f64], candidate: &[f64], limit: f64) -> usize {
    let mut within = 0;
    baseline
        .iter()
        .map(|&b| {
            let beyond = candidate[within..]
                .iter()
                .take_while(|&&c| difference(b, c) <= limit);
            within += beyond.count();
            within
        })
        .sum()
}

/// Numbers the floating-point numbers in ascending order.
fn rank(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// The number with this [`rank`].
fn unrank(rank: u64) -> f64 {
    f64::from_bits(if rank >> 63 == 1 {
        rank & !(1 << 63)
    } else {
        !rank
    })
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::mann_whitney;

    fn shift(a: &[f64], b: &[f64], confidence: f64) -> Shift {
        hodges_lehmann(a, b, confidence, &mut UDistributions::new())
    }

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn small_samples_have_no_bounds() {
        let unknown = shift(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0], 0.95);
        assert_eq!((unknown.estimate, unknown.confidence), (1.0, 1.0));
        assert_eq!((unknown.lo, unknown.hi), (f64::NEG_INFINITY, f64::INFINITY));
        let known = shift(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], 0.95);
        assert_eq!((known.lo, known.estimate, known.hi), (1.0, 4.0, 7.0));
        assert!((known.confidence - (1.0 - 2.0 / 70.0)).abs() < 1e-12);
        assert!(shift(&[], &[1.0], 0.95).estimate.is_nan());
        assert!(hodges_lehmann_estimate(&[1.0], &[]).is_nan());
    }

    /// A level that is itself a step of the distribution is reached.
    #[test]
    fn a_confidence_that_is_attained_counts() {
        let exactly = shift(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0], 0.9);
        assert_eq!((exactly.lo, exactly.hi), (-1.0, 3.0));
    }

    /// Hollander and Wolfe, permeability of the human chorioamnion (R's help page of wilcox.test):
    /// `wilcox.test(x, y, conf.int = TRUE)` estimates x − y as 0.305, at 95 % −0.15 to 0.76.
    #[test]
    fn permeability() {
        let term = sorted(vec![
            0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46,
        ]);
        let early = sorted(vec![1.15, 0.88, 0.90, 0.74, 1.21]);
        let shift = shift(&early, &term, 0.95);
        assert!((shift.estimate - 0.305).abs() < 1e-9);
        assert!((shift.lo + 0.15).abs() < 1e-9 && (shift.hi - 0.76).abs() < 1e-9);
    }

    #[test]
    fn differences_that_are_searched_are_those_written_out() {
        let baseline = sorted((0..50).map(|i| f64::from(i * i % 37) / 7.0).collect());
        let candidate = sorted((0..40).map(|i| f64::from(i * i % 31) / 7.0 - 2.0).collect());
        let Differences::Written(all) = Differences::of(&baseline, &candidate) else {
            panic!("few enough to write out");
        };
        for (index, expected) in sorted(all).into_iter().enumerate() {
            let found = implied_difference(&baseline, &candidate, index);
            assert_eq!(found.to_bits(), expected.to_bits());
        }
    }

    #[test]
    fn large_samples_need_no_memory() {
        let baseline: Vec<f64> = (0..3000).map(f64::from).collect();
        let candidate: Vec<f64> = (0..3000).map(|i| f64::from(i) + 0.25).collect();
        let shift = shift(&baseline, &candidate, 0.95);
        assert_eq!(shift.estimate, 0.25);
        assert!(shift.lo < 0.0 && shift.hi > 0.25 && shift.confidence >= 0.95);
    }

    /// Values on a grid with ties, or none: distinct multiples of ⅛ keep arithmetic exact.
    fn sample(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
        let value = (0..4000_u32).prop_map(|eighths| f64::from(eighths) / 8.0);
        prop::collection::vec(value, sizes).prop_map(sorted)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn estimate_lies_within_bounds(
            a in sample(1..60),
            b in sample(1..60),
            confidence in 0.0..1.0_f64,
        ) {
            let shift = shift(&a, &b, confidence);
            prop_assert!(shift.lo <= shift.estimate && shift.estimate <= shift.hi);
            prop_assert!(shift.confidence >= confidence - 1e-9);
            prop_assert_eq!(shift.estimate, hodges_lehmann_estimate(&a, &b));
        }

        #[test]
        fn a_moved_candidate_moves_the_interval(
            a in sample(1..60),
            b in sample(1..60),
            by in -50..50_i32,
        ) {
            let by = f64::from(by);
            let moved: Vec<f64> = b.iter().map(|b| b + by).collect();
            let (here, there) = (shift(&a, &b, 0.95), shift(&a, &moved, 0.95));
            prop_assert_eq!(there.estimate, here.estimate + by);
            prop_assert_eq!((there.lo, there.hi), (here.lo + by, here.hi + by));
        }

        #[test]
        fn exchanging_the_samples_changes_the_sign(a in sample(1..60), b in sample(1..60)) {
            let (ab, ba) = (shift(&a, &b, 0.9), shift(&b, &a, 0.9));
            prop_assert_eq!(ab.estimate, -ba.estimate);
            prop_assert_eq!((ab.lo, ab.hi), (-ba.hi, -ba.lo));
        }

        /// Moves the candidate to just beside each bound: outside the test rejects, inside not.
        /// Distinct odd and even grids leave no ties there.
        #[test]
        fn the_interval_inverts_the_test(
            a in prop::collection::btree_set(0..500_u32, 4..12),
            b in prop::collection::btree_set(0..500_u32, 4..12),
            confidence in 0.8..0.99_f64,
        ) {
            let a: Vec<f64> = a.into_iter().map(f64::from).collect();
            let b: Vec<f64> = b.into_iter().map(f64::from).collect();
            let shift = shift(&a, &b, confidence);
            let p_at = |delta: f64| {
                let moved: Vec<f64> = b.iter().map(|b| b - delta).collect();
                mann_whitney(&a, &moved).map_or(1.0, |test| test.p)
            };
            for (bound, outwards) in [(shift.lo, -0.5), (shift.hi, 0.5)] {
                if bound.is_finite() {
                    prop_assert!(p_at(bound + outwards) <= 1.0 - confidence + 1e-9);
                    prop_assert!(p_at(bound - outwards) > 1.0 - confidence - 1e-9);
                }
            }
        }
    }
}
