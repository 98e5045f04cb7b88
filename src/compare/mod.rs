//! Comparing two sides: which rows belong together ([`pair()`]) and what the evidence for a
//! difference is ([`Comparison::weigh`]). Nothing is judged here.

mod evidence;
mod pairing;
mod weigh;

pub use evidence::{Change, Evidence, PValue, Shift, Side, finite_or_word};
pub use pairing::{Pair, pair};
pub use weigh::{Comparison, Scale, Weight, interval};
