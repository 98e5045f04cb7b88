//! All that asks GitHub: what it says of the event that a workflow runs for, which pull request that is
//! about, and the comment that is kept there.
//!
//! What the environment and the payload of an event say counts, since GitHub writes both; names in them
//! (of branches, of forks) are text of others all the same. Nothing here is taken from a report.

mod api;
mod comment;
mod event;
mod pull;
mod repository;

pub use api::{Api, Refusal};
pub use comment::{Done, Marker, MarkerError, footer, keep};
pub use event::{Event, Payload};
pub use pull::{Found, find};
pub use repository::{Repository, RepositoryError};
