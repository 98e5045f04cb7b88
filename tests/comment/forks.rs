//! Which pull request: by the event alone, never by what a fork's workflow left behind.

use serde_json::{Value, json};

use super::call::comment;
use super::server::{GitHub, SHA, pull};

/// A workflow that was started by the end of another, which judged a branch of `fork/r`.
fn after(event: &str, sha: &str) -> Value {
    json!({"workflow_run": {
        "id": 44, "run_attempt": 2, "event": event, "head_sha": sha, "head_branch": "topic",
        "head_repository": {"full_name": "fork/r", "owner": {"login": "fork"}},
        // What GitHub leaves empty for forks is not looked at.
        "pull_requests": [{"number": 8}],
    }})
}

#[test]
fn the_pull_request_of_a_fork_is_found_by_branch_repository_and_commit() {
    let github = GitHub::start();
    github.state().pulls = vec![
        pull(3, "stranger/r", SHA),
        pull(4, "fork/r-2", SHA),
        pull(5, "fork/r", &"e".repeat(40)),
        pull(7, "fork/r", SHA),
    ];
    let call = comment(&github).event("workflow_run", &after("pull_request", SHA));
    assert_eq!(call.done(), "commented on pull request 7 of o/r\n");
    let body = github.bodies().remove(0);
    // The commit and the run that judged, not those of this workflow.
    assert!(body.contains(&format!("/commit/{SHA})")), "{body}");
    assert!(
        body.contains("[run 44](https://github.com/o/r/actions/runs/44/attempts/2)"),
        "{body}"
    );
}

#[test]
fn what_has_been_outrun_is_not_told() {
    let github = GitHub::start();
    github.state().pulls = vec![pull(7, "fork/r", &"e".repeat(40))];
    let outrun = "a newer commit has been pushed to pull request 7 since; its own run comments";
    let call = comment(&github).event("workflow_run", &after("pull_request", SHA));
    assert_eq!(call.note(), outrun);
    // The same in the workflow of the pull request itself.
    let payload = json!({"pull_request": pull(7, "fork/r", SHA)});
    let call = comment(&github).event("pull_request_target", &payload);
    assert_eq!(call.note(), outrun);
    assert_eq!(github.asked("POST"), 0);
}

#[test]
fn without_a_pull_request_there_is_a_note() {
    let github = GitHub::start();
    github.state().pulls = vec![pull(3, "stranger/r", SHA), pull(4, "fork/r-2", SHA)];
    let run = |event: &str, payload: Value| comment(&github).event(event, &payload).note();
    assert_eq!(
        run("workflow_run", after("pull_request", SHA)),
        "no pull request is open for the branch that was judged"
    );
    assert_eq!(
        run("workflow_run", after("push", SHA)),
        "the workflow that judged ran for a push event, which has no pull request"
    );
    assert_eq!(
        run("push", json!({"before": "a"})),
        "this workflow runs for a push event, which has no pull request; --pull-request names one"
    );
    let group = json!({"merge_group": {"base_sha": "a"}});
    assert!(run("merge_group", group).contains("a merge_group event"));
    let mut gone = after("pull_request", SHA);
    gone["workflow_run"]["head_repository"] = Value::Null;
    assert_eq!(
        run("workflow_run", gone),
        "the branch that was judged is gone"
    );
    assert_eq!(github.asked("POST"), 0);
}

#[test]
fn of_two_pull_requests_of_one_branch_none_is_guessed() {
    let github = GitHub::start();
    github.state().pulls = vec![pull(9, "fork/r", SHA), pull(7, "fork/r", SHA)];
    let call = comment(&github).event("workflow_run", &after("pull_request", SHA));
    assert_eq!(
        call.note(),
        "the pull requests 9 and 7 are of the same branch, and nothing says which of them was judged"
    );
    assert_eq!(github.asked("POST"), 0);
}

#[test]
fn names_of_branches_stay_in_their_parameter() {
    let github = GitHub::start();
    let mut payload = after("pull_request", SHA);
    payload["workflow_run"]["head_branch"] = "topic&state=all#x\r\nX-Y: z".into();
    let call = comment(&github).event("workflow_run", &payload);
    assert_eq!(
        call.note(),
        "no pull request is open for the branch that was judged"
    );
    let (line, ..) = github.state().requests.remove(0);
    let head = "&head=fork%3Atopic%26state%3Dall%23x%0D%0AX-Y%3A%20z&";
    assert!(line.contains(head), "{line}");
}

#[test]
fn a_number_that_is_typed_counts() {
    let github = GitHub::start();
    let call = comment(&github)
        .event("push", &json!({}))
        .arg("--pull-request=7");
    assert_eq!(call.done(), "commented on pull request 7 of o/r\n");
}

#[test]
fn a_garbled_event_is_a_note() {
    let github = GitHub::start();
    for payload in [
        "",
        "{",
        "[1]",
        "\0\0",
        r#"{"pull_request": {"number": "../../user"}}"#,
    ] {
        let note = comment(&github).raw_event("pull_request", payload).note();
        assert!(
            note.starts_with("the payload of the event (GITHUB_EVENT_PATH): "),
            "{note}"
        );
    }
    let call = comment(&github).raw_event("pull_request", r#"{"pull_request": {}}"#);
    assert_eq!(
        call.note(),
        "the payload of the event has no number of a pull request"
    );
    let call = comment(&github).var("GITHUB_EVENT_PATH", "/gone");
    assert!(call.note().contains("No such file"));
    // An event's name acts in no log.
    let call = comment(&github).event("x\n::error::y", &json!({}));
    assert!(call.note().contains("x\\n"));
    assert_eq!(github.asked("POST"), 0);
}
