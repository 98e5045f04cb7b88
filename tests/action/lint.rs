//! The action, its scripts and the workflows, held against the linters of the field.

use std::path::PathBuf;
use std::process::Command;

use crate::{not_run, root, tool};

/// Files of a folder, by their ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
    let found: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|own| own == ending))
        .collect();
    assert!(!found.is_empty(), "{folder} has no .{ending}");
    found
}

/// Runs a linter, which must be silent about everything.
fn clean(name: &str, arguments: &[&str], files: &[PathBuf]) {
    let Some(program) = tool(name) else {
        return not_run(
            &format!("lint with {name}"),
            &format!("there is no {name} here"),
        );
    };
    let output = Command::new(program)
        .args(arguments)
        .args(files)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn workflows_are_valid() {
    let mut workflows = files(".github/workflows", "yml");
    workflows.extend(files("examples/github", "yml"));
    clean("actionlint", &["-no-color"], &workflows);
}

#[test]
fn action_and_workflows_are_safe() {
    let mut workflows = files(".github/workflows", "yml");
    workflows.extend(files("examples/github", "yml"));
    workflows.push(root().join("action.yml"));
    clean(
        "zizmor",
        &["--offline", "--no-progress", "--persona=pedantic"],
        &workflows,
    );
}

#[test]
fn scripts_are_sound() {
    let mut scripts = files("action", "sh");
    scripts.extend([".ci/run", ".github/package.sh"].map(|script| root().join(script)));
    clean("shellcheck", &[], &scripts);
}
