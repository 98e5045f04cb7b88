//! `--report html` in a real browser: what is shown, what moves, and what never runs.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod appearance;
mod browser;
mod controls;
mod hostile;
mod many;
mod page;
#[path = "../tools/mod.rs"]
mod tools;

use browser::Browser;

/// A browser; where there is none, that the test was not run is said whether or not its output is
/// captured.
fn browser(test: &str) -> Option<Browser> {
    match Browser::start() {
        Ok(browser) => Some(browser),
        Err(why) => {
            tools::not_run(test, &why);
            None
        }
    }
}
