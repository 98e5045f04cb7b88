//! `allocgate run` as a whole: the real go, real git repositories, real signals.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod lines;
mod measuring;
mod repository;
mod ruler;
mod selection;
mod sides;
mod user;

/// The statuses of the rows of one unit, by benchmark.
fn statuses(report: &serde_json::Value, unit: &str) -> Vec<(String, String)> {
    let rows = report["rows"].as_array().unwrap();
    let of_unit = rows.iter().filter(|row| row["unit"] == unit);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = of_unit
        .map(|row| (text(&row["benchmark"]), text(&row["status"])))
        .collect();
    found.sort();
    found
}

fn row(benchmark: &str, status: &str) -> (String, String) {
    (benchmark.to_owned(), status.to_owned())
}
