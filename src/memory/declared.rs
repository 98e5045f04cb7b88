//! What manifests say of a container before it runs: its limit and the settings of the Go runtime.

use super::amount::{Gogc, Limit};

/// A setting as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Declared<T> {
    /// Nowhere.
    #[default]
    Absent,
    /// With a value.
    Set {
        /// The value.
        value: T,
        /// As it is written: `512Mi`.
        text: String,
        /// Where: `deploy.yaml:17`.
        at: String,
    },
    /// It is there, and its system does not take it, or takes it for what nobody means.
    Invalid {
        /// One sentence: what is wrong and what to write.
        why: String,
        /// Where.
        at: String,
    },
    /// It is there, and its value is not: it comes from a secret, a template, a variable.
    Unknown {
        /// One sentence: where the value comes from.
        why: String,
        /// Where.
        at: String,
    },
}

impl<T> Declared<T> {
    /// This, or the other one if this is absent: what overrides stands first.
    #[must_use]
    pub fn or(self, other: Declared<T>) -> Declared<T> {
        match self {
            Declared::Absent => other,
            set => set,
        }
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Declared::Set { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Where it is written.
    pub fn at(&self) -> Option<&str> {
        match self {
            Declared::Absent => None,
            Declared::Set { at, .. }
            | Declared::Invalid { at, .. }
            | Declared::Unknown { at, .. } => Some(at),
        }
    }
}

impl Declared<Limit> {
    /// The lesser of two limits that both hold; the one that there is, if there is only one.
    #[must_use]
    pub fn least(self, other: Declared<Limit>) -> Declared<Limit> {
        match (self.value(), other.value()) {
            // `Unlimited` is more than any number of bytes.
            (Some(own), Some(others)) if others < own => other,
            _ => self.or(other),
        }
    }
}

/// When a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As long as the workload.
    Main,
    /// Before the others, and then not any more.
    Init,
    /// Beside the others: an init container that is restarted always.
    Sidecar,
}

/// A container, or what is like one: a compose service, a systemd unit, the image of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name: `api`.
    pub name: String,
    /// What it belongs to: `Deployment/shop`, `compose.yaml`, `Dockerfile`.
    pub workload: String,
    /// When it runs.
    pub role: Role,
    /// Where its declaration starts: `deploy.yaml:12`.
    pub at: String,
    /// The limit that the kernel is to enforce.
    pub limit: Declared<Limit>,
    /// GOMEMLIMIT.
    pub gomemlimit: Declared<Limit>,
    /// GOGC.
    pub gogc: Declared<Gogc>,
    /// AUTOMEMLIMIT, of go.uber.org/automemlimit: a share of the limit, as written, or `off`.
    pub automemlimit: Declared<String>,
}
