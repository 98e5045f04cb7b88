//! How the Mann-Whitney U statistic is spread when both samples come from one population.
//!
//! Under that hypothesis every choice of which n of the N pooled values form the first sample is
//! equally likely. Values that tie form a group; choosing r of a group of t can be done in C(t, r)
//! ways, and adds to 2U twice the pairs it wins against unchosen values below, and once the pairs
//! it ties with:
//!
//! ```text
//! 2·r·(unchosen below) + r·(t − r)
//! ```
//!
//! So the number of choices for each (values chosen, 2U) follows group by group, as the product of
//! polynomials does. This gives the distributions of Mann and Whitney (Annals of Mathematical
//! Statistics 18, 1947) without ties and of Klotz (Journal of the American Statistical Association
//! 61, 1966) with them. Counts stay below 2⁵³ and are exact for pooled samples up to 50.

use rustc_hash::FxHashMap;

use super::recurrence::Recurrence;

/// The pooled values of two sorted samples as far as ranks go: everything the test depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ranking {
    /// Size of the first sample.
    pub(super) n1: usize,
    /// Size of the second sample.
    pub(super) n2: usize,
    /// Twice U: pairs in which the first sample's value is the greater count 2, ties count 1.
    pub(super) twice_u: u64,
    /// Σ (t³ − t) over the groups of t equal values.
    pub(super) tie_excess: u128,
    /// Number of different values.
    pub(super) groups: usize,
    /// Bit i is set when the pooled values i and i + 1 are equal. Only for [`Ranking::fits`].
    ties: u64,
}

impl Ranking {
    /// The ranking of samples that share no value, nor have one twice.
    pub(super) fn without_ties(n1: usize, n2: usize, u: u64) -> Self {
        Ranking {
            n1,
            n2,
            twice_u: 2 * u,
            tie_excess: 0,
            groups: n1 + n2,
            ties: 0,
        }
    }

    /// How many pooled values equal the least. Only for [`Ranking::fits`].
    pub(super) fn lowest_group(&self) -> usize {
        self.ties.trailing_ones() as usize + 1
    }

    /// Walks both samples once, a group of equal values a step.
    pub(super) fn of(first: &[f64], second: &[f64]) -> Self {
        let mut ranking = Ranking {
            groups: 0,
            ..Ranking::without_ties(first.len(), second.len(), 0)
        };
        let (mut i, mut j) = (0, 0);
        while let Some(value) = least(first.get(i), second.get(j)) {
            let run1 = run(&first[i..], value);
            let run2 = run(&second[j..], value);
            if run1 + run2 == 0 {
                break; // A NaN equals nothing; no caller lets one in.
            }
            ranking.group(i + j, run1, run2, j);
            (i, j) = (i + run1, j + run2);
        }
        ranking
    }

    fn group(&mut self, at: usize, run1: usize, run2: usize, below2: usize) {
        self.twice_u += (run1 * (2 * below2 + run2)) as u64;
        self.groups += 1;
        let run = run1 + run2;
        if run > 1 {
            let t = run as u128;
            self.tie_excess += t * t * t - t;
            if at + run <= MAX_TIED_POOL {
                self.ties |= ((1 << (run - 1)) - 1) << at;
            }
        }
    }

    pub(super) fn has_ties(&self) -> bool {
        self.tie_excess > 0
    }

    /// Pairs of one value from each sample; twice the mean of U.
    pub(super) fn pairs(&self) -> u64 {
        (self.n1 * self.n2) as u64
    }

    /// Whether an exact distribution is kept for this: the limits of go-moremath.
    pub(super) fn fits(&self) -> bool {
        let limit = if self.has_ties() {
            TIES_EXACT_LIMIT
        } else {
            EXACT_LIMIT
        };
        self.n1.max(self.n2) <= limit
    }
}

fn least(a: Option<&f64>, b: Option<&f64>) -> Option<f64> {
    match (a, b) {
        (Some(&a), Some(&b)) => Some(if b < a { b } else { a }),
        (a, b) => a.or(b).copied(),
    }
}

/// How many values at the front equal `value`, of which none is less.
fn run(sorted: &[f64], value: f64) -> usize {
    sorted.iter().take_while(|&&x| x <= value).count()
}

/// The largest sample size for the exact distribution when no values tie.
pub(super) const EXACT_LIMIT: usize = 50;
/// The largest sample size for the exact distribution when values tie.
const TIES_EXACT_LIMIT: usize = 25;
const MAX_TIED_POOL: usize = 2 * TIES_EXACT_LIMIT;
/// Numbers kept before the cache starts afresh: 8 MiB, some 10,000 patterns of ties in 10+10
/// samples. Input cannot make it grow further.
const MAX_CACHED_NUMBERS: usize = 1 << 20;

/// The null distributions of U met so far. Keep one per thread: rows of a comparison mostly have
/// the same sizes and few patterns of ties, so most tests are then a look-up.
#[derive(Clone, Debug, Default)]
pub struct UDistributions {
    /// By [`Shape::key`].
    tables: FxHashMap<u64, Table>,
    /// The numbers of all tables: how many choices have 2U at most 0, 1, …
    cumulative: Vec<f64>,
    /// The rows of the dynamic programme, kept for their allocation.
    scratch: Vec<f64>,
    /// For benchstat's last bits.
    pub(super) recurrence: Recurrence,
}

/// One distribution in the cache.
#[derive(Clone, Copy, Debug)]
struct Table {
    /// Where it starts in [`UDistributions::cumulative`].
    start: usize,
    /// The number of all choices.
    all: f64,
}

impl UDistributions {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of choices of the first sample with 2U at most `twice_u`, and of all choices.
    ///
    /// Only for rankings that [fit](Ranking::fits), and where the distribution is symmetric only for
    /// the lower half, `twice_u` up to the number of pairs.
    pub(super) fn choices(&mut self, ranking: &Ranking, twice_u: u64) -> Choices {
        let shape = Shape::of(ranking);
        let Table { start, all } = self.table(shape);
        let table = &self.cumulative[start..start + shape.table_len()];
        let up_to = |twice_u: u64| table.get(twice_u as usize).copied().unwrap_or(all);
        // The U of both samples add up to the pairs. It does not matter whose is looked up where
        // there is symmetry; else the table is that of the smaller sample.
        let at_most = if shape.symmetric() || ranking.n1 == shape.small {
            up_to(twice_u)
        } else {
            let above = (2 * ranking.pairs()).checked_sub(twice_u + 1);
            all - above.map_or(0.0, up_to)
        };
        Choices { at_most, all }
    }

    fn table(&mut self, shape: Shape) -> Table {
        if let Some(&table) = self.tables.get(&shape.key()) {
            return table;
        }
        if self.cumulative.len() + shape.table_len() > MAX_CACHED_NUMBERS {
            self.tables.clear();
            self.cumulative.clear();
        }
        let table = Table {
            start: self.cumulative.len(),
            all: choose(shape.small + shape.large, shape.small),
        };
        let counts = count_choices(shape, &mut self.scratch);
        let mut sum = 0.0;
        self.cumulative.extend(counts.iter().map(|count| {
            sum += count;
            sum
        }));
        self.tables.insert(shape.key(), table);
        table
    }
}

/// How many choices of the first sample have a U at most as large as asked, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices {
    pub(super) at_most: f64,
    pub(super) all: f64,
}

impl Choices {
    /// Twice the share of the tail, never above 1.
    pub(super) fn two_sided(self) -> f64 {
        self.doubled().min(1.0)
    }

    /// Twice the share of the tail.
    pub(super) fn doubled(self) -> f64 {
        2.0 * (self.at_most / self.all)
    }
}

/// What the distribution of U depends on: the sizes, and which neighbours in the pooled order tie.
#[derive(Clone, Copy, Debug)]
struct Shape {
    small: usize,
    large: usize,
    ties: u64,
}

impl Shape {
    fn of(ranking: &Ranking) -> Self {
        let (small, large) = (ranking.n1.min(ranking.n2), ranking.n1.max(ranking.n2));
        let mut ties = ranking.ties;
        if small == large && ties != 0 {
            // Ranks read downwards give the mirrored distribution, here the same one.
            ties = ties.min(ties.reverse_bits() >> (64 - (small + large - 1)));
        }
        Shape { small, large, ties }
    }

    /// Whether U is as likely as its mirror image, so that half a table does. Equal sizes can be
    /// exchanged; without ties the order of ranks can be turned round.
    fn symmetric(self) -> bool {
        self.ties == 0 || self.small == self.large
    }

    /// Entries for 2U = 0, 1, …
    fn table_len(self) -> usize {
        let pairs = self.small * self.large;
        if self.symmetric() {
            pairs + 1
        } else {
            2 * pairs + 1
        }
    }

    /// 49 bits of ties (50 pooled values at most) and two sizes of 6 bits.
    fn key(self) -> u64 {
        self.ties << 12 | (self.small as u64) << 6 | self.large as u64
    }

    /// Sizes of the groups of equal values, in ascending order of value.
    fn groups(self) -> impl Iterator<Item = usize> {
        let mut ties = self.ties;
        let mut left = self.small + self.large;
        std::iter::from_fn(move || {
            let group = (ties.trailing_ones() as usize + 1).min(left);
            ties >>= group;
            left -= group;
            (group > 0).then_some(group)
        })
    }
}

/// The number of ways to choose `shape.small` values for each 2U from 0 to the end of the table.
///
/// Row n of the scratch table holds the ways to have chosen n of the values seen so far. A group is
/// added in place: rows are visited from the highest, so that a row reads lower rows before those
/// change. Only the rows that can still reach the whole sample, and the reach of each, are touched.
fn count_choices(shape: Shape, scratch: &mut Vec<f64>) -> &[f64] {
    let (chosen, width) = (shape.small, shape.table_len());
    scratch.clear();
    scratch.resize((chosen + 1) * width, 0.0);
    scratch[0] = 1.0;
    let mut below = 0;
    let mut above = shape.small + shape.large;
    for group in shape.groups() {
        above -= group;
        for row in (chosen.saturating_sub(above).max(1)..=chosen.min(below + group)).rev() {
            let (lower, upper) = scratch.split_at_mut(row * width);
            let fewest = row.saturating_sub(below).max(1);
            let mut ways = choose(group, fewest);
            for taken in fewest..=group.min(row) {
                let from = row - taken;
                let unchosen = below - from;
                let gain = taken * (2 * unchosen + group - taken);
                let reach = (2 * from * unchosen + 1).min(width.saturating_sub(gain));
                let source = &lower[from * width..][..reach];
                let Some(target) = upper.get_mut(gain..gain + reach) else {
                    break; // Beyond the table, and taking more gains more.
                };
                for (to, from) in target.iter_mut().zip(source) {
                    *to += ways * from;
                }
                ways = ways * (group - taken) as f64 / (taken + 1) as f64;
            }
        }
        below += group;
    }
    &scratch[chosen * width..]
}

/// n over k as a running product, exact below 2⁵³/n.
pub(super) fn choose(n: usize, k: usize) -> f64 {
    let smaller = k.min(n - k);
    (1..=smaller).fold(1.0, |ways, i| ways * (n - smaller + i) as f64 / i as f64)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    /// Numbers of choices by U, from the tables of Mann and Whitney (1947): for 3 and 3, and
    /// for 4 and 2, 20 and 15 choices.
    #[test]
    fn counts_without_ties() {
        let counts = |n1, n2| -> Vec<f64> {
            let shape = Shape::of(&Ranking::without_ties(n1, n2, 0));
            let mut scratch = Vec::new();
            let by_twice_u = count_choices(shape, &mut scratch);
            by_twice_u.iter().copied().step_by(2).collect()
        };
        assert_eq!(counts(3, 3), [1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(counts(4, 2), [1.0, 1.0, 2.0, 2.0, 3.0]);
        assert_eq!(counts(2, 4), counts(4, 2));
    }

    #[test]
    fn a_table_holds_every_choice() {
        for (first, second) in [
            (&[1.0, 1.0, 2.0][..], &[1.0, 2.0, 3.0, 3.0][..]),
            (&[1.0], &[1.0, 1.0, 1.0, 2.0]),
        ] {
            let shape = Shape::of(&Ranking::of(first, second));
            let mut scratch = Vec::new();
            let sum: f64 = count_choices(shape, &mut scratch).iter().sum();
            assert_eq!(sum, choose(shape.small + shape.large, shape.small));
        }
    }

    #[test]
    fn groups_of_ties() {
        let groups = |a: &[f64], b: &[f64]| -> Vec<usize> {
            Shape::of(&Ranking::of(a, b)).groups().collect()
        };
        assert_eq!(
            groups(&[1.0, 2.0, 2.0], &[2.0, 4.0, 5.0, 5.0]),
            [1, 3, 1, 2]
        );
        assert_eq!(groups(&[1.0], &[1.0]), [2]);
        assert_eq!(groups(&[3.0; 25], &[3.0; 25]), [50]);
        // Equal sizes: the mirrored pattern shares a table.
        assert_eq!(
            groups(&[1.0, 1.0], &[2.0, 3.0]),
            groups(&[1.0, 2.0], &[3.0, 3.0])
        );
    }

    #[test]
    fn the_cache_does_not_outgrow_its_bound() {
        let mut distributions = UDistributions::new();
        for ties in 0..2000_u64 {
            let ranking = Ranking {
                tie_excess: 6,
                ties: ties << 7,
                ..Ranking::without_ties(20, 21, 0)
            };
            distributions.choices(&ranking, 3);
            assert!(distributions.cumulative.len() <= MAX_CACHED_NUMBERS);
        }
        assert!(distributions.tables.len() < 2000);
    }
}
