//! p-values of many tests at once: the more rows are asked, the more look significant by chance.
//!
//! Holm bounds the probability of a single false alarm in the family (Holm, "A Simple Sequentially
//! Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979);
//! Benjamini and Hochberg bound the expected share of false alarms among the alarms ("Controlling
//! the False Discovery Rate", Journal of the Royal Statistical Society B 57, 1995).
//!
//! Both replace each p-value, in its place, by the smallest level at which its test would be
//! rejected. Equal p-values stay equal, the order of p-values is kept, and the result depends on
//! nothing but the set. A NaN is taken as 1: a test that says nothing is no evidence.

/// Adjusts for the false discovery rate: the i-th smallest of m becomes min over j ≥ i of p·m/j.
pub fn benjamini_hochberg(p: &mut [f64]) {
    let order = ascending(p);
    let tests = p.len() as f64;
    let mut least = 1.0_f64;
    for (rank, &at) in order.iter().enumerate().rev() {
        // m/j first: the largest p is then multiplied by exactly 1.
        least = least.min(p[at] * (tests / (rank + 1) as f64));
        p[at] = least;
    }
}

/// Adjusts for the family-wise error rate: the i-th smallest of m becomes max over j ≤ i of
/// p·(m − j + 1).
pub fn holm(p: &mut [f64]) {
    let order = ascending(p);
    let mut most = 0.0_f64;
    for (rank, &at) in order.iter().enumerate() {
        most = most.max(p[at] * (p.len() - rank) as f64).min(1.0);
        p[at] = most;
    }
}

/// Makes every value a probability and returns the indices in ascending order of value.
fn ascending(p: &mut [f64]) -> Vec<usize> {
    for value in p.iter_mut() {
        *value = if value.is_nan() {
            1.0
        } else {
            value.clamp(0.0, 1.0).abs() // −0 is a zero like any other
        };
    }
    // The bits of numbers that are not negative are ordered as the numbers are.
    let keys = p
        .iter()
        .enumerate()
        .map(|(at, value)| (value.to_bits(), at));
    let mut order: Vec<(u64, usize)> = keys.collect();
    order.sort_unstable();
    order.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn adjusted(adjust: fn(&mut [f64]), p: &[f64]) -> Vec<f64> {
        let mut p = p.to_vec();
        adjust(&mut p);
        p
    }

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (a, b) in got.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{got:?} is not {expected:?}");
        }
    }

    /// By hand, and what R's p.adjust gives.
    #[test]
    fn small_families() {
        let p = [0.01, 0.04, 0.03, 0.005];
        assert_close(&adjusted(benjamini_hochberg, &p), &[0.02, 0.04, 0.04, 0.02]);
        assert_close(&adjusted(holm, &p), &[0.03, 0.06, 0.06, 0.02]);
        assert_close(&adjusted(benjamini_hochberg, &[0.2]), &[0.2]);
        assert_close(&adjusted(holm, &[0.9, 0.9]), &[1.0, 1.0]);
        assert_close(&adjusted(holm, &[]), &[]);
    }

    /// The fifteen p-values of Benjamini and Hochberg (1995), section 4: at 5 % Bonferroni-type
    /// procedures reject three of them, theirs rejects four.
    #[test]
    fn thrombolysis() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let rejected = |adjust| adjusted(adjust, &p).iter().filter(|p| **p <= 0.05).count();
        assert_eq!(rejected(benjamini_hochberg), 4);
        assert_eq!(rejected(holm), 3);
    }

    #[test]
    fn nan_is_no_evidence() {
        assert_close(
            &adjusted(benjamini_hochberg, &[f64::NAN, 0.01]),
            &[1.0, 0.02],
        );
        assert_close(&adjusted(holm, &[f64::NAN, 0.01]), &[1.0, 0.02]);
    }

    /// p-values with ties among them, and zeros and ones.
    fn family() -> impl Strategy<Value = Vec<f64>> {
        let p = prop_oneof![
            (0..=20_u8).prop_map(|twentieth| f64::from(twentieth) / 20.0),
            0.0..0.1_f64,
        ];
        prop::collection::vec(p, 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn adjusted_lie_between_raw_and_one(p in family()) {
            let (bh, holm) = (adjusted(benjamini_hochberg, &p), adjusted(holm, &p));
            for ((p, bh), holm) in p.iter().zip(&bh).zip(&holm) {
                prop_assert!(p <= bh && bh <= holm && *holm <= 1.0);
            }
        }

        #[test]
        fn order_and_ties_are_kept(p in family()) {
            for adjust in [benjamini_hochberg, holm] {
                let after = adjusted(adjust, &p);
                for (i, j) in (0..p.len()).flat_map(|i| (0..p.len()).map(move |j| (i, j))) {
                    prop_assert!(p[i] > p[j] || after[i] <= after[j]);
                }
            }
        }

        #[test]
        fn the_place_of_a_test_does_not_matter(
            (p, order) in family().prop_flat_map(|p| {
                let order: Vec<usize> = (0..p.len()).collect();
                (Just(p), Just(order).prop_shuffle())
            }),
        ) {
            let shuffled: Vec<f64> = order.iter().map(|&i| p[i]).collect();
            for adjust in [benjamini_hochberg, holm] {
                let after = adjusted(adjust, &p);
                let expected: Vec<f64> = order.iter().map(|&i| after[i]).collect();
                prop_assert_eq!(adjusted(adjust, &shuffled), expected);
            }
        }
    }
}
