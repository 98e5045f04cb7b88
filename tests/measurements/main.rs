//! Reading as benchstat reads: held against `golang.org/x/perf/benchfmt` itself (`testdata/benchfmt`),
//! record by record, on real output, on made-up lines of every kind and on numbers of every kind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

#[path = "../tools/mod.rs"]
mod tools;

mod inputs;
mod made_up;
mod numbers;
mod ours;
mod real;
mod recorded;
mod reference;
mod speed;

use std::path::{Path, PathBuf};

use allocgate::stat::Input;

use ours::{measured, records, reduced};
use real::is_plain_text;
use reference::{program, records_by_go};

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

pub(crate) fn assert_same<T: PartialEq + std::fmt::Debug>(ours: &[T], theirs: &[T]) {
    for (index, (own, other)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(own, other, "at {index}");
    }
    assert_eq!(ours.len(), theirs.len());
}

pub(crate) fn compare(test: &str, folder: &Path, inputs: &[Input]) -> usize {
    let Some(go) = program(test, folder) else {
        return 0;
    };
    let theirs = records_by_go(&go, inputs);
    assert_same(&records(inputs), &theirs);
    let plain: Vec<Input> = inputs
        .iter()
        .filter(|i| is_plain_text(i))
        .cloned()
        .collect();
    let (ours, theirs_reduced) = (measured(&plain), reduced(&records_by_go(&go, &plain)));
    assert_same(&ours.rows, &theirs_reduced.rows);
    assert_same(&ours.warnings, &theirs_reduced.warnings);
    theirs.len()
}
