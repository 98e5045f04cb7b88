//! The name of a repository, as it goes into addresses.

use std::fmt;
use std::str::FromStr;

/// The longest owner or name that is taken.
const MOST: usize = 100;

/// `owner/name`, of characters that mean nothing in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository(String);

/// A text that names no repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a repository such as `owner/name`, found `{}`", .0.escape_debug())]
pub struct RepositoryError(String);

impl FromStr for Repository {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        let is_name = |part: &str| {
            (1..=MOST).contains(&part.len())
                && part.bytes().all(is_plain)
                && !part.bytes().all(|byte| byte == b'.')
        };
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {
                Ok(Repository(text.to_owned()))
            }
            _ => Err(RepositoryError(text.chars().take(MOST).collect())),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a byte means nothing in an address, nor in a comment of HTML.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_taken() {
        for name in ["golang/go", "a/b.c_d-e", "0/.github"] {
            assert_eq!(name.parse::<Repository>().unwrap().to_string(), name);
        }
        let long = format!("a/{}", "b".repeat(MOST + 1));
        for other in [
            "",
            "go",
            "/go",
            "golang/",
            "a/b/c",
            "../user",
            "a/..",
            "./.",
            "a/b?c=d",
            "a/b#c",
            "a b/c",
            "a/%2e%2e",
            "a/b\n",
            "ä/b",
            "evil.example@x/y",
            &long,
        ] {
            let error = other.parse::<Repository>().unwrap_err().to_string();
            assert!(error.starts_with("expected a repository"), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
