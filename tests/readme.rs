//! The examples of the README and the docs are real: every console block is run and compared, every
//! policy is read.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use allocgate::policy::Policy;

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let open = format!("```{language}\n");
    text.split(&open)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn console_blocks_show_what_is_printed() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let sessions = blocks(&text, "console");
    assert!(!sessions.is_empty());
    for session in sessions {
        let (command, expected) = session.split_once('\n').unwrap();
        let arguments = command.strip_prefix("$ allocgate ").unwrap().split(' ');
        let output = Command::new(env!("CARGO_BIN_EXE_allocgate"))
            .args(arguments)
            .current_dir(root())
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            printed, expected,
            "{command}: copy the left side into the README"
        );
    }
}

#[test]
fn the_first_command_finds_the_regression() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let start = "cargo run --release --locked -- ";
    let command = text
        .lines()
        .find_map(|line| line.strip_prefix(start))
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_allocgate"))
        .args(command.split(' '))
        .current_dir(root())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with("regression: "), "{printed}");
}

#[test]
fn policies_can_be_read() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let policies = blocks(&text, "toml");
    assert!(!policies.is_empty());
    for policy in policies {
        Policy::parse(policy, "README.md").unwrap_or_else(|error| panic!("{error}"));
    }
}
