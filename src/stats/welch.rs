//! Welch's t-test: whether two means differ, for samples taken as normal with variances of their
//! own (Welch, "The Generalization of 'Student's' Problem", Biometrika 34, 1947).

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::summary::{Interval, mean_and_variance, student_t_quantile};

/// The outcome of Welch's t-test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TTest {
    /// The difference of the means, candidate − baseline, in standard errors. (benchmath takes the
    /// difference the other way round.)
    pub t: f64,
    /// Degrees of freedom by Welch and Satterthwaite; not whole.
    pub df: f64,
    /// The two-sided p-value, in [0, 1].
    pub p: f64,
    /// The difference of the means, candidate − baseline, with the interval that inverts the test:
    /// it excludes zero exactly where p is below 1 − confidence.
    pub difference: Interval,
}

/// Tests whether the means differ. `confidence`, in [0, 1], is that of [`TTest::difference`].
///
/// `None` where benchmath has an error: a side with fewer than two values, or no variance on either
/// side. Also when the values are so large that the variance overflows.
///
/// The p-value is taken from the upper tail itself; benchmath's 2·(1 − CDF) is the same number with
/// fewer digits, and none below 1e-16.
pub fn welch(baseline: &[f64], candidate: &[f64], confidence: f64) -> Option<TTest> {
    if baseline.len().min(candidate.len()) < 2 {
        return None;
    }
    let (n1, n2) = (baseline.len() as f64, candidate.len() as f64);
    let (mean1, variance1) = mean_and_variance(baseline);
    let (mean2, variance2) = mean_and_variance(candidate);
    let (square1, square2) = (variance1 / n1, variance2 / n2);
    let square = square1 + square2;
    if !(square > 0.0 && square.is_finite()) {
        return None;
    }
    // As shares of the whole, so that squares of tiny variances do not underflow.
    let (share1, share2) = (square1 / square, square2 / square);
    let df = 1.0 / (share1 * share1 / (n1 - 1.0) + share2 * share2 / (n2 - 1.0));
    let error = square.sqrt();
    let center = mean2 - mean1;
    let t = center / error;
    let half = match confidence {
        ..=0.0 => 0.0,
        1.0.. => f64::INFINITY,
        _ => student_t_quantile(df, confidence) * error,
    };
    let distribution = StudentsT::new(0.0, 1.0, df).ok()?;
    Some(TTest {
        t,
        df,
        p: (2.0 * distribution.sf(t.abs())).min(1.0),
        difference: Interval {
            center,
            lo: center - half,
            hi: center + half,
            confidence,
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
    }

    /// R: `t.test(extra ~ group, data = sleep)`, Student's own data.
    #[test]
    fn sleep() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let test = welch(&first, &second, 0.95).unwrap();
        for (got, printed, digit) in [
            (test.t, 1.8608, 1e-4),
            (test.df, 17.776, 1e-3),
            (test.p, 0.07939, 1e-5),
            (test.difference.lo, -0.2054832, 1e-7),
            (test.difference.hi, 3.3654832, 1e-7),
        ] {
            assert!(
                (got - printed).abs() <= 0.5 * digit,
                "{got} is not {printed}"
            );
        }
    }

    #[test]
    fn nothing_to_test() {
        assert_eq!(welch(&[1.0], &[1.0, 2.0], 0.95), None);
        assert_eq!(welch(&[1.0, 1.0], &[2.0, 2.0], 0.95), None);
        assert_eq!(welch(&[1e300, -1e300], &[2.0, 2.0], 0.95), None);
        assert!(welch(&[1.0, 1.0], &[2.0, 2.5], 0.95).is_some());
    }

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(0.0..100.0_f64, 2..20)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_interval_inverts_the_test(
            a in sample(),
            b in sample(),
            confidence in 0.5..0.999_f64,
        ) {
            let test = welch(&a, &b, confidence).unwrap();
            let lo = test.difference.lo;
            let moved: Vec<f64> = b.iter().map(|b| b - lo).collect();
            let at_the_bound = welch(&a, &moved, confidence).unwrap();
            prop_assert!((at_the_bound.p - (1.0 - confidence)).abs() < 1e-7);
        }

        #[test]
        fn exchanging_the_samples_changes_the_sign(a in sample(), b in sample()) {
            let (ab, ba) = (welch(&a, &b, 0.95).unwrap(), welch(&b, &a, 0.95).unwrap());
            prop_assert!(close(ab.p, ba.p) && close(ab.t, -ba.t));
            prop_assert!((0.0..=1.0).contains(&ab.p));
        }
    }
}
