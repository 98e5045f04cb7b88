//! The distribution of U without ties by the recurrence of Mann and Whitney (Annals of Mathematical
//! Statistics 18, 1947), rounding by rounding as benchstat's library computes it:
//!
//! ```text
//! p(n, m, U) = (n · p(n − 1, m, U − m) + m · p(n, m − 1, U)) / (n + m)
//! ```
//!
//! The exact quotient of whole numbers (`u_distribution`) is the better p-value. But where α is as
//! round as the quotient, as with three samples a side and an α of 0.1, the last bit decides whether
//! benchstat calls a difference significant.

use rustc_hash::FxHashMap;

/// The shares of U at most 0, 1, … up to the middle, for each pair of sizes asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Recurrence {
    tables: FxHashMap<(usize, usize), Vec<f64>>,
}

impl Recurrence {
    /// Twice the share of U at most `u`, which is below the middle.
    pub(super) fn doubled(&mut self, n1: usize, n2: usize, u: usize) -> f64 {
        let (small, large) = (n1.min(n2), n1.max(n2));
        let table = self
            .tables
            .entry((small, large))
            .or_insert_with(|| cumulative(small, large));
        2.0 * table.get(u).or(table.last()).copied().unwrap_or(1.0)
    }
}

fn cumulative(small: usize, large: usize) -> Vec<f64> {
    let most = small * large / 2;
    // Row n holds p(n, m, ·) of the last m; what lies above the diagonal is its mirror image.
    let mut rows = vec![vec![0.0; most + 1]; small + 1];
    rows[0][0] = 1.0;
    for m in 1..=large {
        for n in 1..=small.min(m) {
            for u in (0..=most.min(n * m)).rev() {
                let left = match u.checked_sub(m) {
                    Some(u) => n as f64 * rows[n - 1][u],
                    None => 0.0,
                };
                let before = if n < m { n } else { m - 1 };
                let right = m as f64 * rows[before][u];
                rows[n][u] = (left + right) / (n + m) as f64;
            }
        }
    }
    let mut sum = 0.0;
    let sums = rows[small].iter().map(|p| {
        sum += p;
        sum
    });
    sums.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "the last bit is the point")]
    fn roundings_of_benchstat() {
        let mut recurrence = Recurrence::default();
        assert_eq!(recurrence.doubled(3, 3, 0), 0.100_000_000_000_000_02);
        assert_eq!(recurrence.doubled(1, 1, 0), 1.0);
        for (n1, n2, u, p) in [
            (10, 10, 0, 1.082_508_822_446_903e-5),
            (5, 7, 6, 0.073_232_323_232_323_23),
        ] {
            let found = recurrence.doubled(n1, n2, u);
            assert!((found / p - 1.0).abs() < 1e-12, "{n1} {n2} {u}: {found}");
            assert_eq!(found, recurrence.doubled(n2, n1, u));
        }
    }
}
