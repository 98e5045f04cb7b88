//! The hook for the pre-commit framework, run by it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::repository::{Change, git, pull_request};
use crate::{not_run, root, tool};

/// What pre-commit says of a push of what lies between two revisions, and its exit code.
fn push(hooks: &Path, repo: &Path, home: &Path, from: &str, to: &str) -> Option<(i32, String)> {
    let Some(program) = tool("pre-commit") else {
        not_run(
            "hook",
            "there is no pre-commit here (pip install pre-commit)",
        );
        return None;
    };
    let ours = Path::new(env!("CARGO_BIN_EXE_allocgate")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new(program)
        .arg("try-repo")
        .arg(hooks)
        .args([
            "allocgate-system",
            "--hook-stage=pre-push",
            "--from-ref",
            from,
            "--to-ref",
            to,
        ])
        .current_dir(repo)
        .env("PATH", format!("{}:{path}", ours.display()))
        .env("XDG_CACHE_HOME", home)
        .env("PRE_COMMIT_HOME", home.join("pre-commit"))
        .env_remove("GITHUB_ACTIONS")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Some((output.status.code().unwrap(), text))
}

#[test]
fn a_push_of_a_regression_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::create_dir(place("hooks")).unwrap();
    let hooks = root().join(".pre-commit-hooks.yaml");
    fs::copy(hooks, place("hooks/.pre-commit-hooks.yaml")).unwrap();
    git(&place("hooks"), &["init", "--quiet"]);
    git(&place("hooks"), &["add", "--all"]);
    git(&place("hooks"), &["commit", "--quiet", "--message=hooks"]);
    let repo = place("repo");
    pull_request(&repo, Change::Regression, |_| {});
    // What is pushed counts, not the working tree.
    git(&repo, &["reset", "--quiet", "--hard", "HEAD^1"]);
    let push = |from: &str, to: &str| push(&place("hooks"), &repo, &place("home"), from, to);
    let Some((code, text)) = push("main", "change") else {
        return;
    };
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("regressed") && text.contains("Price"),
        "{text}"
    );

    // What touches no Go is not measured.
    fs::write(repo.join("README.md"), "A shop.\n").unwrap();
    git(&repo, &["add", "--all"]);
    git(&repo, &["commit", "--quiet", "--message=readme"]);
    let (code, text) = push("HEAD^", "HEAD").unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("no files to check"), "{text}");
}
