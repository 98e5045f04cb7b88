//! The mathematics of comparing samples, on plain `f64` slices: nothing here knows of benchmarks.
//!
//! Numbers agree with benchstat's (golang.org/x/perf/benchmath, and the library beneath it,
//! github.com/aclements/go-moremath/stats), so that both tools tell one story of the same data;
//! each file says where it deviates and why.
//!
//! | file | question | source |
//! |---|---|---|
//! | `summary` | where is a sample, and how surely? | order statistics, Student's t |
//! | `u_distribution` | how is U spread when nothing changed? | Mann and Whitney 1947, Klotz 1966 |
//! | `mann_whitney` | did anything change? | Mann and Whitney 1947 |
//! | `recurrence` | with which roundings does benchstat know that? | Mann and Whitney 1947 |
//! | `hodges_lehmann` | by how much? | Hodges and Lehmann 1963 |
//! | `welch` | both, if samples are normal | Welch 1947 |
//! | `go_math` | what are the last bits of a logarithm? | Go's `math` on amd64 |
//! | `adjust` | and if a thousand rows are asked at once? | Holm 1979, Benjamini and Hochberg 1995 |
//!
//! A slice called `sorted` is ascending and finite, which the callers guarantee once, when samples
//! are finished. No function panics when it is not; the numbers are then without meaning.

mod adjust;
mod go_math;
mod hodges_lehmann;
mod mann_whitney;
mod recurrence;
mod summary;
mod u_distribution;
mod welch;

pub use adjust::{benjamini_hochberg, holm};
pub use hodges_lehmann::{Shift, hodges_lehmann, hodges_lehmann_estimate};
pub use mann_whitney::{UTest, mann_whitney, min_p, samples_to_reach};
pub use summary::{
    Interval, MedianOrders, geomean, interpolated_median, mean_interval, median, median_interval,
    mode_interval, samples_for_interval,
};
pub use u_distribution::UDistributions;
pub use welch::{TTest, welch};
