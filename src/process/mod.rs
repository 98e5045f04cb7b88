//! Running other programs within bounds of time and output, and the folder that a run works in.
//! Whatever ends a run (its end, an error, Ctrl-C, a panic), its processes and its folder go with it.

mod child;
mod interrupt;
mod workspace;

pub use child::{Bounds, End, Errors, Finished, run};
pub use interrupt::Interrupt;
pub use workspace::Workspace;
