//! Figures of a running program, each under its own word. A reading says what was measured, where
//! each figure comes from, and which way it may be off; it judges nothing.

pub mod cgroup;
pub mod engine;
pub mod exposition;
mod families;
mod groups;
pub(in crate::memory) mod kernel_file;
pub mod metrics;
pub mod process;
pub mod prometheus;
mod selector;
mod targets;
mod word;

use serde::{Deserialize, Serialize};

pub use kernel_file::KernelFileError;
pub use selector::{Selector, SelectorError};
pub use word::{Quantity, Word};

/// Which way a figure may be off from what its word says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// It is what the word says.
    #[default]
    Exact,
    /// The true figure is this or less: it can show that something fits, not that it does not.
    AtMost,
    /// The true figure is this or more: it can show that something does not fit, not that it does.
    AtLeast,
    /// It may be off either way: it is shown, and nothing is judged by it.
    Doubtful,
}

/// A figure of a reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub word: Word,
    /// In the unit of the word. Infinite where there is no bound (`max`, GOMEMLIMIT off), which JSON has as `null`.
    #[serde(with = "unbounded")]
    pub value: f64,
    /// Where it comes from: a file, a metric with its labels, a field.
    pub from: String,
    /// Which way it may be off.
    #[serde(default, skip_serializing_if = "is_exact")]
    pub bound: Bound,
    /// Why it may be off, or what else must be known to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

fn is_exact(bound: &Bound) -> bool {
    *bound == Bound::Exact
}

impl Figure {
    /// An exact figure.
    pub fn new(word: Word, value: f64, from: impl Into<String>) -> Self {
        Figure {
            word,
            value,
            from: from.into(),
            bound: Bound::Exact,
            remark: None,
        }
    }

    /// The same figure, off in a direction for a reason.
    #[must_use]
    pub fn but(self, bound: Bound, remark: impl Into<String>) -> Self {
        Figure {
            bound,
            remark: Some(remark.into()),
            ..self
        }
    }
}

/// Figures of one program or container at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What was read: a path, an address, a process.
    pub source: String,
    /// When it was taken, in seconds since 1970; `None` where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<f64>,
    /// The figures. Of two of one word the first counts.
    pub figures: Vec<Figure>,
}

impl Reading {
    /// The figure of a word that can be judged by: the first that is not doubtful, else the first.
    pub fn get(&self, word: Word) -> Option<&Figure> {
        let mut own = self.figures.iter().filter(|figure| figure.word == word);
        own.clone()
            .find(|figure| figure.bound != Bound::Doubtful)
            .or_else(|| own.next())
    }
}

/// Infinity as `null`.
pub(super) mod unbounded {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::memory) fn serialize<S: Serializer>(
        value: &f64,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            serializer.serialize_f64(*value)
        } else {
            serializer.serialize_none()
        }
    }

    pub(in crate::memory) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
    }
}
