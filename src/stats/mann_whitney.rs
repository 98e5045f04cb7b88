//! The Mann-Whitney U test: whether values of one sample tend to be greater than the other's.
//!
//! Mann and Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger
//! than the Other", Annals of Mathematical Statistics 18, 1947. Exact wherever go-moremath/stats,
//! and so benchstat, is exact; beyond its sizes the normal approximation with the corrections for
//! ties and for continuity.

use statrs::distribution::{ContinuousCDF, Normal};

use super::u_distribution::{Choices, EXACT_LIMIT, Ranking, UDistributions, choose};

/// The outcome of a two-sided Mann-Whitney U test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UTest {
    /// Pairs (one value of each sample) in which the baseline's value is the greater, plus half of
    /// the pairs that tie: 0 when the whole candidate is above, n1·n2 when it is below.
    pub u: f64,
    /// The two-sided p-value in [0, 1], benchstat's number.
    ///
    /// **Not always a p-value.** benchstat takes twice the probability that U is at most
    /// min(U, n1·n2 − U). That is the probability of both tails only where the distribution of U is
    /// symmetric: without ties, or with samples of one size. Where samples of different sizes have
    /// ties it is not; see [`UTest::tail_p`], which differs from this only there.
    pub p: f64,
    /// The textbook's two-sided p-value: twice the smaller of P(U ≤ u) and P(U ≥ u), at most 1.
    ///
    /// The same as `p` unless the sizes differ *and* values tie. There it stays a p-value, and the
    /// same with the samples exchanged. The baseline `[7, 7, 9]` and the candidate
    /// `[7, 7, 7, 7, 7, 7, 7, 7, 8]` hardly differ: this is 0.5. benchstat's `p` is 0, and 0.5 with
    /// the samples exchanged.
    pub tail_p: f64,
    /// Whether the exact distribution was used, rather than the normal approximation.
    pub exact: bool,
}

/// The two-sided Mann-Whitney U test of one pair of samples: see
/// [`UDistributions::mann_whitney`], which is the faster for many.
pub fn mann_whitney(baseline_sorted: &[f64], candidate_sorted: &[f64]) -> Option<UTest> {
    UDistributions::new().mann_whitney(baseline_sorted, candidate_sorted)
}

impl UDistributions {
    /// The two-sided Mann-Whitney U test.
    ///
    /// `None` when a sample is empty or all values of both are equal: nothing can be said, and
    /// benchstat counts p as 1. Exact for samples of up to 50 values each, or 25 with ties.
    pub fn mann_whitney(
        &mut self,
        baseline_sorted: &[f64],
        candidate_sorted: &[f64],
    ) -> Option<UTest> {
        let ranking = ranking(baseline_sorted, candidate_sorted)?;
        let exact = ranking.fits();
        // In the very middle benchstat does not ask the distribution: p is 1.
        let middle = ranking.twice_u == ranking.pairs();
        let (p, tail_p) = if exact {
            let (p, tail_p) = self.exact_p(&ranking);
            (if middle { 1.0 } else { p }, tail_p)
        } else if middle {
            (1.0, 1.0)
        } else {
            let p = normal_p(&ranking);
            (p, p)
        };
        Some(UTest {
            u: ranking.twice_u as f64 / 2.0,
            p,
            tail_p,
            exact,
        })
    }

    /// benchstat's number to the last bit, which is [`UTest::p`] but for its roundings, above 1 where
    /// benchstat counts some arrangements twice, and 0 where it loses all digits (z above 8.3 in the
    /// normal approximation; to benchstat 0 means "exact", and it prints no p at all).
    ///
    /// `None` as [`UDistributions::mann_whitney`]. Where values tie in more than 20, benchstat takes
    /// binomial coefficients from a logarithm: there some thirteen digits agree.
    pub fn benchstat_p(
        &mut self,
        baseline_sorted: &[f64],
        candidate_sorted: &[f64],
    ) -> Option<f64> {
        let ranking = ranking(baseline_sorted, candidate_sorted)?;
        let (twice_u, pairs) = (ranking.twice_u, ranking.pairs());
        let less = twice_u.min(2 * pairs - twice_u);
        Some(if twice_u == pairs {
            1.0
        } else if !ranking.fits() {
            cancelled_p(&ranking, normal_p(&ranking))
        } else if ranking.has_ties() {
            let lower = self.choices(&ranking, less);
            self.two_groups_quirk(&ranking, lower).doubled()
        } else {
            self.recurrence
                .doubled(ranking.n1, ranking.n2, less as usize / 2)
        })
    }

    /// benchstat's p-value and the textbook's.
    fn exact_p(&mut self, ranking: &Ranking) -> (f64, f64) {
        let twice_u = ranking.twice_u;
        let mirrored = 2 * ranking.pairs() - twice_u;
        let lower = self.choices(ranking, twice_u.min(mirrored));
        if !ranking.has_ties() || ranking.n1 == ranking.n2 {
            let p = lower.two_sided();
            return (p, p);
        }
        let up_to = self.choices(ranking, twice_u);
        let below = twice_u
            .checked_sub(1)
            .map_or(0.0, |below| self.choices(ranking, below).at_most);
        let tail = Choices {
            at_most: up_to.at_most.min(up_to.all - below),
            ..up_to
        };
        (
            self.two_groups_quirk(ranking, lower).two_sided(),
            tail.two_sided(),
        )
    }

    /// What benchstat's library counts where there are only two different values.
    ///
    /// It finds how many of the greater value can be in the first sample at most by a division that
    /// truncates towards zero, so that a quotient just below zero admits none of them instead of
    /// nothing at all. This concerns a sought U that is less than half of N below the least there
    /// is, the one without any greater value; it is then taken as that least U. (The mirrored U of
    /// a larger or smaller sample can be so small. Twice the count can be more than all there are:
    /// benchstat prints p-values up to 2, this module at most 1.)
    fn two_groups_quirk(&mut self, ranking: &Ranking, lower: Choices) -> Choices {
        let none_is_possible = ranking.lowest_group() >= ranking.n1;
        if ranking.groups != 2 || lower.at_most > 0.0 || !none_is_possible {
            return lower;
        }
        let sought = ranking.twice_u.min(2 * ranking.pairs() - ranking.twice_u);
        let pooled = (ranking.n1 + ranking.n2) as u64;
        self.choices(ranking, sought + pooled - 1)
    }
}

/// The ranking of two samples, if there is anything to test.
fn ranking(baseline_sorted: &[f64], candidate_sorted: &[f64]) -> Option<Ranking> {
    let ranking = Ranking::of(baseline_sorted, candidate_sorted);
    let any = !baseline_sorted.is_empty() && !candidate_sorted.is_empty();
    (any && ranking.groups > 1).then_some(ranking)
}

/// The normal approximation to the two-sided p-value, corrected for ties and continuity.
///
/// Twice the lower tail of −|z|. benchstat takes 2·min(Φ(z), 1 − Φ(z)), which is the same number
/// for negative z and loses its digits to cancellation for positive z (see [`cancelled_p`]).
fn normal_p(ranking: &Ranking) -> f64 {
    let (n1, n2) = (ranking.n1 as f64, ranking.n2 as f64);
    let n = n1 + n2;
    let ties = ranking.tie_excess as f64 / (n * (n - 1.0));
    let deviation = (n1 * n2 * ((n + 1.0) - ties) / 12.0).sqrt();
    let distance = ranking.twice_u.abs_diff(ranking.pairs()) as f64 / 2.0;
    let z = (distance - 0.5) / deviation;
    // U comes in halves and is not the mean here, so z is not below zero.
    2.0 * Normal::standard().cdf(-z)
}

/// What benchstat's 2·min(Φ(z), 1 − Φ(z)) leaves of the normal approximation `p`: z is positive where
/// the baseline tends to be the greater.
fn cancelled_p(ranking: &Ranking, p: f64) -> f64 {
    match ranking.twice_u > ranking.pairs() {
        true => 2.0 * (1.0 - (1.0 - p / 2.0)),
        false => p,
    }
}

/// The two-sided p-value for `u` below half of the pairs when no values tie, by the distribution
/// that [`UDistributions::mann_whitney`] uses for these sizes.
pub(super) fn p_without_ties(
    n1: usize,
    n2: usize,
    u: u64,
    distributions: &mut UDistributions,
) -> f64 {
    let ranking = Ranking::without_ties(n1, n2, u);
    if ranking.fits() {
        distributions.choices(&ranking, 2 * u).two_sided()
    } else {
        normal_p(&ranking)
    }
}

/// The smallest two-sided p-value that samples of these sizes can have in the exact test, with or
/// without ties: 2 / C(n1 + n2, n1), that of samples which do not overlap. 1 when a sample is
/// empty or has one value against one; 0 where it underflows, at some 500 values a side.
pub fn min_p(n1: usize, n2: usize) -> f64 {
    (2.0 / choose(n1 + n2, n1)).min(1.0)
}

/// The smallest n for which two samples of n values can reach a p-value of `alpha` or less;
/// `None` when more than 50 a side are needed (an `alpha` below 2e-29).
pub fn samples_to_reach(alpha: f64) -> Option<usize> {
    (1..=EXACT_LIMIT).find(|&n| min_p(n, n) <= alpha)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
    }

    /// 2U of the choice of pooled values that `first` marks, pair by pair.
    fn twice_u(pooled: &[f64], first: u32) -> u64 {
        let is_first = |i: usize| first >> i & 1 == 1;
        let pairs = (0..pooled.len()).flat_map(|i| (0..pooled.len()).map(move |j| (i, j)));
        pairs
            .filter(|&(i, j)| is_first(i) && !is_first(j))
            .map(|(i, j)| match pooled[i].total_cmp(&pooled[j]) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Greater => 2,
            })
            .sum()
    }

    /// P(U ≤ u), P(U ≥ u) and benchstat's 2·P(U ≤ min(u, n1·n2 − u)), by trying all choices.
    fn enumerate(a: &[f64], b: &[f64]) -> (f64, f64, f64) {
        let pooled = [a, b].concat();
        let observed = twice_u(&pooled, (1 << a.len()) - 1);
        let least = observed.min(2 * (a.len() * b.len()) as u64 - observed);
        let choices = (0..1_u32 << pooled.len()).filter(|c| c.count_ones() as usize == a.len());
        let all: Vec<u64> = choices.map(|choice| twice_u(&pooled, choice)).collect();
        let share = |holds: &dyn Fn(u64) -> bool| {
            all.iter().filter(|u| holds(**u)).count() as f64 / all.len() as f64
        };
        let reference = 2.0 * share(&|u| u <= least);
        (
            share(&|u| u <= observed),
            share(&|u| u >= observed),
            reference,
        )
    }

    /// Sorted samples of few different values, so that most of them tie.
    fn sample(sizes: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![0..3_u8, 0..40_u8].prop_map(f64::from);
        prop::collection::vec(value, sizes).prop_map(|mut values| {
            values.sort_by(f64::total_cmp);
            values
        })
    }

    /// Benchstat's own numbers, and values from published tables of the exact distribution.
    #[test]
    fn known_p_values() {
        let low: Vec<f64> = (0..10).map(f64::from).collect();
        let high: Vec<f64> = (20..30).map(f64::from).collect();
        for (a, b, p) in [
            (&low[..4], &high[..4], 0.02857142857142857),
            (&low[..3], &high[..3], 0.1),
            (&low, &high, 1.0825088224469026e-5),
            (
                &[-1.0, -1.0, -1.0, 1.0],
                &[-1.0, 1.0, 1.0, 1.0],
                0.4857142857142857,
            ),
            // go-moremath's own test of unequal samples.
            (
                &[1.0, 2.0, 3.0, 4.0, 5.0],
                &[0.0, 6.0, 7.0, 8.0, 9.0, 10.0],
                0.08225108225108225,
            ),
        ] {
            let test = mann_whitney(a, b).unwrap();
            assert!(test.exact && close(test.p, p), "{a:?} {b:?}: {}", test.p);
            assert!(close(test.tail_p, p));
        }
    }

    #[test]
    fn nothing_to_test() {
        assert_eq!(mann_whitney(&[], &[1.0]), None);
        assert_eq!(mann_whitney(&[1.0], &[]), None);
        assert_eq!(mann_whitney(&[1.0; 3], &[1.0; 4]), None);
        assert_eq!(mann_whitney(&[1.0; 60], &[1.0; 70]), None);
        assert_eq!(mann_whitney(&[-0.0; 3], &[0.0; 3]), None);
    }

    #[test]
    fn nan_does_not_hang_or_panic() {
        let _ = mann_whitney(&[f64::NAN, 1.0], &[2.0, f64::NAN]);
        let _ = mann_whitney(&[f64::NAN], &[1.0]);
    }

    /// The sizes at which go-moremath turns to the normal approximation.
    #[test]
    fn exact_up_to_the_limits() {
        let untied = |n: usize, offset: f64| (0..n).map(|i| 2.0 * i as f64 + offset).collect();
        for (n1, n2, tied, exact) in [
            (50, 50, false, true),
            (51, 3, false, false),
            (25, 25, true, true),
            (26, 3, true, false),
            (3, 26, true, false),
        ] {
            let (a, b): (Vec<f64>, Vec<f64>) = (untied(n1, 0.0), untied(n2, f64::from(!tied)));
            assert_eq!(mann_whitney(&a, &b).unwrap().exact, exact, "{n1}+{n2}");
        }
    }

    /// What benchstat does with ties in samples of different sizes, and what the tails say.
    #[test]
    fn unequal_samples_with_ties() {
        for (a, b, p, exchanged, tail_p) in [
            // The U sought is below the least there is: no choice has it.
            (
                &[7.0, 7.0, 9.0][..],
                &[7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 8.0][..],
                0.0,
                0.5,
                0.5,
            ),
            // Two different values: the truncated division. benchstat says 1.25 and 0.75.
            (
                &[1.0, 1.0, 2.0],
                &[1.0, 1.0, 1.0, 1.0, 1.0],
                1.0,
                0.75,
                0.75,
            ),
            // The same, where every choice has the greater value in the first sample.
            (
                &[2.0, 2.0, 2.0, 2.0, 2.0, 2.0],
                &[1.0, 2.0, 2.0],
                0.0,
                0.6666666666666666,
                0.6666666666666666,
            ),
        ] {
            let (ab, ba) = (mann_whitney(a, b).unwrap(), mann_whitney(b, a).unwrap());
            assert!(
                close(ab.tail_p, tail_p) && close(ba.tail_p, tail_p),
                "{ab:?} {ba:?}"
            );
            assert!(close(ab.p, p) && close(ba.p, exchanged), "{ab:?} {ba:?}");
        }
    }

    #[test]
    fn smallest_p_values() {
        for (n1, n2, p) in [
            (0, 5, 1.0),
            (1, 1, 1.0),
            (2, 2, 1.0 / 3.0),
            (3, 3, 0.1),
            (4, 4, 0.02857142857142857),
            (9, 9, 4.113533525298231e-5),
            (3, 10, 2.0 / 286.0),
        ] {
            assert!(close(min_p(n1, n2), p), "{n1}+{n2}");
        }
        assert_eq!(min_p(2000, 2000), 0.0);
        for (alpha, n) in [
            (1.0, Some(1)),
            (0.05, Some(4)),
            (0.01, Some(5)),
            (1e-5, Some(11)),
            (0.0, None),
        ] {
            assert_eq!(samples_to_reach(alpha), n);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn exact_p_is_what_enumeration_finds(a in sample(1..=5), b in sample(1..=5)) {
            let Some(test) = mann_whitney(&a, &b) else { return Ok(()) };
            let (lower, upper, reference) = enumerate(&a, &b);
            prop_assert!(close(test.tail_p, (2.0 * lower.min(upper)).min(1.0)));
            if a.len() == b.len() {
                prop_assert!(close(test.p, test.tail_p));
            } else if Ranking::of(&a, &b).groups > 2 {
                prop_assert!(close(test.p, reference.min(1.0)) || close(test.p, 1.0));
            }
        }

        #[test]
        fn exchanging_the_samples_mirrors_u(a in sample(1..=40), b in sample(1..=40)) {
            let (ab, ba) = match (mann_whitney(&a, &b), mann_whitney(&b, &a)) {
                (Some(ab), Some(ba)) => (ab, ba),
                (ab, ba) => { prop_assert_eq!(ab, ba); return Ok(()) }
            };
            prop_assert_eq!(ab.u + ba.u, (a.len() * b.len()) as f64);
            prop_assert!(close(ab.tail_p, ba.tail_p));
            prop_assert!(ab.p <= 1.0 && ab.tail_p <= 1.0);
            if a.len() == b.len() {
                prop_assert!(close(ab.p, ba.p));
            }
        }

        #[test]
        fn a_warm_cache_gives_the_same_answers(
            pairs in prop::collection::vec((sample(1..=12), sample(1..=12)), 1..12),
        ) {
            let mut distributions = UDistributions::new();
            for (a, b) in pairs.iter().chain(&pairs) {
                prop_assert_eq!(distributions.mann_whitney(a, b), mann_whitney(a, b));
            }
        }

        #[test]
        fn no_p_is_below_the_smallest(a in sample(1..=12), b in sample(1..=12)) {
            if let Some(test) = mann_whitney(&a, &b) {
                prop_assert!(test.tail_p >= min_p(a.len(), b.len()) * (1.0 - 1e-12));
            }
        }
    }
}
