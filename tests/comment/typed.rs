//! What is typed, and the report that is read.

use super::call::comment;
use super::server::GitHub;

#[test]
fn a_dry_run_prints_and_asks_nobody() {
    let github = GitHub::start();
    let call = comment(&github).arg("--dry-run").var("GITHUB_TOKEN", "");
    let printed = call.done();
    assert!(
        printed.starts_with("<!-- allocgate: default -->\n## ❌ "),
        "{printed}"
    );
    assert!(printed.trim_end().ends_with("</sub>"), "{printed}");
    assert_eq!(github.asked(""), 0);
    let sent = comment(&github);
    sent.done();
    assert_eq!(github.bodies(), [printed]);
    // Nothing of the environment is needed.
    let call = comment(&github)
        .arg("--dry-run")
        .var("GITHUB_REPOSITORY", "");
    assert!(call.done().contains("<sub>commit `0123456789`</sub>"));
}

#[test]
fn names_of_repositories_are_names() {
    let github = GitHub::start();
    for name in [
        "o",
        "o/r/x",
        "../..",
        "o/r?x",
        "o/r#",
        "o/%2e%2e",
        "a@b/c",
        "o/r\n::error::x",
    ] {
        let error = comment(&github).var("GITHUB_REPOSITORY", name).error();
        assert!(
            error.starts_with("error: --repository (GITHUB_REPOSITORY): expected a repository such as `owner/name`, found `"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1);
    }
    let error = comment(&github).var("GITHUB_REPOSITORY", "").error();
    assert_eq!(
        error,
        "error: no repository is known; give it with --repository owner/name\n"
    );
    assert_eq!(github.asked(""), 0);
}

#[test]
fn bad_usage_is_an_error() {
    let github = GitHub::start();
    for argument in [
        "--id=-->",
        "--id=a b",
        "--id=",
        "--pull-request=0",
        "--pull-request=../7",
    ] {
        let error = comment(&github).arg(argument).error();
        assert!(error.starts_with("error: invalid value"), "{error}");
    }
}

#[test]
fn what_is_no_report_is_an_error() {
    let github = GitHub::start();
    let error = comment(&github).report("gone.json").error();
    assert_eq!(
        error,
        "error: cannot read gone.json: No such file or directory (os error 2)\n"
    );
    for content in [
        "",
        "{",
        "[]",
        "{\"schema_version\": 1}",
        "{\"schema_version\": 9}",
        "\0",
    ] {
        let error = comment(&github)
            .file("x.json", content)
            .report("x.json")
            .error();
        assert!(error.starts_with("error: x.json: this "), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert_eq!(github.asked(""), 0);
}
