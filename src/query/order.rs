//! In which order the values of a field stand.

use std::cmp::Ordering;

use super::number;

/// The order of a field's values. Where it does not tell two apart, their bytes do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    /// As they were first seen.
    First,
    /// By their bytes.
    Alpha,
    /// Numbers by their size, before all others; NaN is the largest.
    Num,
    /// As listed.
    Fixed(Vec<Vec<u8>>),
}

impl Order {
    /// The order of this name. `fixed` is the list that names nothing: benchstat takes the word.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"first" => Order::First,
            b"alpha" => Order::Alpha,
            b"num" => Order::Num,
            b"fixed" => Order::Fixed(Vec::new()),
            _ => return None,
        })
    }

    /// What of a value decides. First seen is not known here: their bytes alone.
    pub(super) fn place<'t>(&self, text: &'t [u8]) -> Place<'t> {
        let (class, value) = match self {
            Order::First | Order::Alpha => (0, 0.0),
            Order::Num => match number::parse(text) {
                Some(value) if value.is_nan() => (1, 0.0),
                Some(value) => (0, value),
                None => (2, 0.0),
            },
            // What is named twice stands where it is named last, what is not named with the first.
            Order::Fixed(values) => {
                let at = values.iter().rposition(|value| value == text);
                (at.unwrap_or_default(), 0.0)
            }
        };
        Place { class, value, text }
    }
}

/// A value's place in its order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'t> {
    class: usize,
    /// Never NaN.
    value: f64,
    text: &'t [u8],
}

impl Place<'_> {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.class
            .cmp(&other.class)
            // Zeros of either sign are equal.
            .then_with(|| {
                self.value
                    .partial_cmp(&other.value)
                    .unwrap_or(Ordering::Equal)
            })
            .then_with(|| self.text.cmp(other.text))
    }
}
