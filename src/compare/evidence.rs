//! What is known of a row: the summary of each side, the difference, and what supports it.

use serde::{Deserialize, Serialize};

/// The measurements of one side of a row, in the tidied unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Median (mean under `test = "welch"`, mode for units declared exact).
    pub center: f64,
    /// Lower bound of the confidence interval of the centre; −∞ with too few samples.
    #[serde(with = "finite_or_word")]
    pub lo: f64,
    /// Upper bound of the confidence interval of the centre; +∞ with too few samples.
    #[serde(with = "finite_or_word")]
    pub hi: f64,
    /// All samples, ascending.
    pub samples: Vec<f64>,
    /// Mean iteration count of the benchmark's results on this side.
    pub iterations: f64,
}

impl Side {
    /// Whether all samples are equal.
    pub fn is_constant(&self) -> bool {
        self.samples.first() == self.samples.last()
    }

    /// The least sample.
    pub fn least(&self) -> f64 {
        self.samples.first().copied().unwrap_or(f64::NAN)
    }

    /// The greatest sample.
    pub fn greatest(&self) -> f64 {
        self.samples.last().copied().unwrap_or(f64::NAN)
    }
}

/// The difference of the centres, candidate − baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// In the unit of the row.
    pub absolute: f64,
    /// As a fraction of the baseline (0.5 is +50 %); `None` where the baseline is zero and the
    /// candidate is not.
    pub relative: Option<f64>,
}

impl Change {
    /// The change between two centres.
    pub fn between(baseline: f64, candidate: f64) -> Self {
        let absolute = candidate - baseline;
        let relative = if candidate.total_cmp(&baseline).is_eq() {
            Some(0.0)
        } else if baseline > 0.0 {
            Some(candidate / baseline - 1.0)
        } else {
            None
        };
        Change { absolute, relative }
    }
}

/// How the difference of a row is supported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Evidence {
    /// Each side is constant over enough samples: two for allocs/op, as many as a test needs for B/op,
    /// one for units declared `assume=exact`. The difference is real.
    Exact,
    /// A test of significance.
    Tested {
        /// Of the null hypothesis that both sides have the same distribution.
        p: PValue,
        /// Estimated shift from baseline to candidate.
        shift: Shift,
        /// Whether adjusted p < α.
        significant: bool,
    },
    /// Too few samples for any test to reach significance.
    Short {
        /// The number of samples a side that could.
        needed: usize,
    },
}

/// A p-value before and after adjustment for the number of rows tested.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PValue {
    /// As the test gives it, in [0, 1].
    pub raw: f64,
    /// Adjusted over the family of tested rows, in [0, 1].
    pub adjusted: f64,
}

/// An estimate of the shift between two samples, with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// Hodges-Lehmann estimate (difference of means under `test = "welch"`).
    pub estimate: f64,
    /// Lower bound of the confidence interval.
    #[serde(with = "finite_or_word")]
    pub lo: f64,
    /// Upper bound of the confidence interval.
    #[serde(with = "finite_or_word")]
    pub hi: f64,
}

/// JSON has no infinities: they are written as the words `"-inf"` and `"inf"`.
pub mod finite_or_word {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Repr {
        Number(f64),
        Word(String),
    }

    /// Writes a number, or the word for an infinity.
    ///
    /// # Errors
    ///
    /// As the serializer's own.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            serializer.serialize_f64(*value)
        } else if *value > 0.0 {
            serializer.serialize_str("inf")
        } else {
            serializer.serialize_str("-inf")
        }
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    ///
    /// If it is neither a number nor one of the words.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Repr::deserialize(deserializer)? {
            Repr::Number(value) => Ok(value),
            Repr::Word(word) if word == "inf" => Ok(f64::INFINITY),
            Repr::Word(word) if word == "-inf" => Ok(f64::NEG_INFINITY),
            Repr::Word(word) => Err(D::Error::custom(format!(
                "expected a number, \"inf\" or \"-inf\", found {word:?}"
            ))),
        }
    }
}
