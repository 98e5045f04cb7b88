//! Waivers in commit messages: an acceptance that travels with the change and ends with it.
//!
//! ```text
//! Allocgate-Waiver: benchmark=BenchmarkEncode/large unit=allocs/op up-to=24 reason=the new format needs it
//! ```
//!
//! Benchmark names hold no spaces (the testing package replaces them), so that spaces separate the
//! parts; `reason` is last and takes the rest of the line.

use super::{Pattern, Scope, Waiver, parse_quantity};
use crate::unit::Unit;

/// The key of the trailer. As in all trailers, its case does not matter.
pub const TRAILER: &str = "Allocgate-Waiver";

/// The waiver that a trailer's value says, found in `commit`.
///
/// # Errors
///
/// One sentence on what is missing or wrong.
pub fn parse_trailer(value: &str, commit: &str) -> Result<Waiver, String> {
    let (parts, reason) = match value.split_once("reason=") {
        Some((parts, reason)) if !reason.trim().is_empty() => (parts, reason.trim()),
        _ => return Err("a waiver ends with reason=… that says why".to_owned()),
    };
    let mut scope = Scope::default();
    let (mut unit, mut up_to, mut expires) = (None, None, None);
    for part in parts.split_whitespace() {
        let Some((key, value)) = part.split_once('=') else {
            return Err(format!("expected key=value, found `{part}`"));
        };
        let pattern = || {
            Pattern::new(value)
                .map(Some)
                .map_err(|error| error.to_string())
        };
        match key {
            "package" => scope.package = pattern()?,
            "benchmark" => scope.benchmark = pattern()?,
            "unit" => unit = Some(Unit::new(value)),
            "up-to" => up_to = Some(value),
            "expires" => {
                let date = value.parse();
                expires =
                    Some(date.map_err(|_| "`expires` is a date such as 2026-12-31".to_owned())?);
            }
            _ => {
                let known = "package, benchmark, unit, up-to, expires and reason";
                return Err(format!("unknown key `{key}`; a waiver knows {known}"));
            }
        }
    }
    if scope.benchmark.is_none() && scope.package.is_none() {
        return Err("a waiver names its benchmark=… or its package=…".to_owned());
    }
    let unit = unit.ok_or("a waiver names its unit=…")?;
    let up_to = up_to.ok_or("a waiver has a ceiling up-to=…")?;
    Ok(Waiver {
        scope,
        up_to: parse_quantity(up_to, &unit).map_err(|error| error.to_string())?,
        unit,
        reason: reason.to_owned(),
        expires,
        at: format!("commit {commit}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_accepted() {
        let text = "benchmark=Encode/n=1 unit=B/op up-to=1KiB expires=2027-01-31 reason=it is meant, see #1";
        let waiver = parse_trailer(text, "1a2b3c4").unwrap();
        assert!(
            waiver
                .scope
                .benchmark
                .unwrap()
                .matches_benchmark("BenchmarkEncode/n=1")
        );
        assert_eq!(
            (waiver.unit.as_str(), waiver.up_to.to_bits()),
            ("B/op", 1024f64.to_bits())
        );
        assert_eq!(waiver.reason, "it is meant, see #1");
        assert_eq!(waiver.expires.unwrap().to_string(), "2027-01-31");
        assert_eq!(waiver.at, "commit 1a2b3c4");
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            (
                "benchmark=X unit=allocs/op up-to=1",
                "a waiver ends with reason=… that says why",
            ),
            (
                "benchmark=X unit=allocs/op reason=x",
                "a waiver has a ceiling up-to=…",
            ),
            (
                "unit=allocs/op up-to=1 reason=x",
                "a waiver names its benchmark=… or its package=…",
            ),
            ("benchmark=X up-to=1 reason=x", "a waiver names its unit=…"),
            (
                "benchmark=X unit=allocs/op 24 reason=x",
                "expected key=value, found `24`",
            ),
        ] {
            assert_eq!(parse_trailer(text, "c").unwrap_err(), message);
        }
    }
}
