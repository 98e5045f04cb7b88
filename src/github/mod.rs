//! All that asks GitHub: what it says of the event that a workflow runs for.
//!
//! What the environment and the payload of an event say counts, since GitHub writes both; names in them
//! (of branches, of forks) are text of others all the same.

mod event;

pub use event::{Event, Payload};
