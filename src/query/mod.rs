//! The language in which results are selected and grouped: `.name:Sort /size:(1k OR 4k)`, `.fullname,/size@num`.
//!
//! It is the language of `golang.org/x/perf/benchproc` to the letter, quirks and positions of errors
//! included: whoever knows `benchstat -filter` knows this. What a result is, the asker says
//! ([`Subject`]); nothing here knows how results are kept.

mod extract;
mod fields;
mod filter;
mod number;
mod order;
mod projection;
mod projections;
mod quote;
mod regexp;
mod syntax;
#[cfg(test)]
mod tests;
mod texts;
mod token;
mod tree;

pub use filter::{Filter, Selector};
pub use projection::{FieldId, KeyId, Projection};
pub use projections::{Expressions, ProjectionError, Projections};
pub use syntax::SyntaxError;

/// What the keys of a filter or projection can be asked of: one result, without its values.
pub trait Subject {
    /// Full name without the `Benchmark` prefix, GOMAXPROCS suffix included.
    fn full_name(&self) -> &[u8];
    /// The value of a file-level key (`goos`, `pkg`) or of `.file`; `None` where it has none.
    fn setting(&self, key: &str) -> Option<&[u8]>;
    /// The file-level settings in their order (`.file` is none of them), for `.config`.
    fn for_each_setting(&self, visit: &mut dyn FnMut(&[u8], &[u8]));
}

/// A unit as `.unit` sees it.
#[derive(Clone, Copy, Debug)]
pub struct UnitNames<'a> {
    /// The tidied unit.
    pub unit: &'a [u8],
    /// As printed, where tidying changed it.
    pub printed: Option<&'a [u8]>,
}
