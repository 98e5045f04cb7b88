//! What GitHub does not permit, or does not answer: one note that says what to do, and exit code 0.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::call::comment;
use super::server::{GitHub, TOKEN, http};

fn refusing(start: &'static str, status: u16, headers: &str, message: &str) -> (GitHub, String) {
    let body = format!(r#"{{"message": "{message}", "documentation_url": "https://docs"}}"#);
    let github = GitHub::start().answering(start, http(status, headers, &body));
    let note = comment(&github).note();
    (github, note)
}

#[test]
fn what_is_not_permitted_is_said_with_what_to_do() {
    let not_accessible = "Resource not accessible by integration";
    let (_, note) = refusing("POST", 403, "", not_accessible);
    assert_eq!(
        note,
        "the token may not comment on the pull request, or there is none (403: Resource not accessible by \
         integration); give the job `permissions: pull-requests: write`. In a workflow for a pull request from a \
         fork no token may: comment from a second workflow, on `workflow_run`"
    );
    let (_, note) = refusing("GET /repos/o/r/issues", 404, "", "Not Found");
    assert!(
        note.contains("read the comments of the pull request, or there is none (404: Not Found)"),
        "{note}"
    );
    let (_, note) = refusing("GET /repos/o/r/pulls/7", 403, "", not_accessible);
    assert!(note.contains("may not look up pull requests"), "{note}");
    let github = GitHub::start();
    let note = comment(&github).var("GITHUB_TOKEN", "another").note();
    assert_eq!(
        note,
        "GitHub does not take the token (401: Bad credentials); pass the one of the job: \
         `GITHUB_TOKEN: ${{ github.token }}`"
    );
    for none in ["", "  "] {
        let note = comment(&github).var("GITHUB_TOKEN", none).note();
        assert!(
            note.starts_with("there is no token; set GITHUB_TOKEN"),
            "{note}"
        );
    }
    let note = comment(&github).var("GITHUB_TOKEN", "a\nb").note();
    assert!(
        note.contains("the header `Authorization` cannot be sent"),
        "{note}"
    );
}

#[test]
fn a_refused_comment_is_quoted() {
    let body = r#"{"message": "Validation Failed", "errors": [{"message": "body is too long (maximum is 65536 characters)"}]}"#;
    let github = GitHub::start().answering("POST", http(422, "", body));
    assert_eq!(
        comment(&github).note(),
        "GitHub refuses to comment on the pull request (422: Validation Failed: body is too long (maximum is 65536 characters))"
    );
    let hostile = r#"::error::x\n\u001b[31m"#;
    let (_, note) = refusing("POST", 422, "", hostile);
    assert!(!note.contains('\x1b') && note.contains("\\n"), "{note}");
}

#[test]
fn in_a_workflow_the_note_is_a_command() {
    let github = GitHub::start();
    let call = comment(&github)
        .var("GITHUB_TOKEN", "another")
        .var("GITHUB_ACTIONS", "true");
    let run = call.run();
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run}");
    assert!(
        run.stderr.starts_with(
            "::notice title=allocgate::no comment was made: GitHub does not take the token"
        ),
        "{run}"
    );
    assert_eq!(run.stderr.lines().count(), 1);
    let call = call.event("50%\n::error::x", &serde_json::json!({}));
    let run = call.run();
    assert!(run.stderr.contains("50%25\\n"), "{run}");
    assert_eq!(run.stderr.lines().count(), 1);
}

#[test]
fn a_limit_of_requests_is_waited_for_a_moment_only() {
    for (status, headers) in [
        (403, "X-RateLimit-Remaining: 0\r\n"),
        (429, ""),
        (429, "Retry-After: 3600\r\n"),
        (403, "Retry-After: 60\r\n"),
        (403, "Retry-After: 18446744073709551615\r\n"),
    ] {
        let started = Instant::now();
        let (github, note) = refusing("POST", status, headers, "API rate limit exceeded");
        assert_eq!(
            note,
            format!(
                "GitHub takes no more requests for now ({status}, its limit of requests); run this again later"
            )
        );
        assert_eq!(github.asked("POST"), 1);
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    // In words alone, with other requests left.
    let headers = "X-RateLimit-Remaining: 4990\r\n";
    let words = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation.";
    let (_, note) = refusing("POST", 403, headers, words);
    assert!(note.contains("takes no more requests"), "{note}");
    let (github, note) = refusing("POST", 429, "Retry-After: 1\r\n", "slow down");
    assert!(note.contains("takes no more requests"), "{note}");
    assert_eq!(github.asked("POST"), 2);
}

#[test]
fn servers_that_fail_are_named() {
    let (github, note) = refusing("POST", 500, "", "oops");
    assert_eq!(
        note,
        "GitHub did not comment on the pull request (500: oops); run this again later"
    );
    // It may have made the comment all the same.
    assert_eq!(github.asked("POST"), 1);
    let answers: [(Vec<u8>, &str); 6] = [
        (
            http(200, "", "{\"not\": \"a list\"}"),
            "does not answer like GitHub's API",
        ),
        (http(200, "", "<html>"), "does not answer like GitHub's API"),
        (http(502, "", "<html>bad gateway"), "(502)"),
        (b"SSH-2.0-x\r\n".to_vec(), "does not speak HTTP"),
        (Vec::new(), ""),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[".to_vec(),
            "the connection ended in the middle",
        ),
    ];
    for (answer, expected) in answers {
        let github = GitHub::start().answering("GET /repos/o/r/issues", answer);
        let note = comment(&github).note();
        assert!(note.contains(expected), "{note}");
        assert_eq!(github.asked("POST"), 0);
    }
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let github = GitHub::start();
    let note = comment(&github).var("GITHUB_API_URL", &nobody).note();
    assert!(note.contains("nothing listens there"), "{note}");
    let note = comment(&github).var("GITHUB_API_URL", "ftp://x").note();
    assert!(note.contains("is no address"), "{note}");
}

#[test]
fn a_slow_server_is_not_waited_for_long() {
    let github = GitHub::start();
    github.state().delay = Duration::from_secs(40);
    let started = Instant::now();
    let note = comment(&github).note();
    assert!(
        note.ends_with("it did not answer in full within 15 s"),
        "{note}"
    );
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_huge_answer_is_not_read_to_its_end() {
    let github = GitHub::start();
    let huge = "x".repeat(20 << 20);
    let github = github.answering("GET /repos/o/r/issues", http(200, "", &huge));
    let note = comment(&github).note();
    assert!(note.ends_with("its answer is larger than 16 MiB"), "{note}");
}

#[test]
fn the_token_goes_nowhere_else() {
    let elsewhere = GitHub::start();
    let moved = |to: &str, status| http(status, &format!("Location: {to}\r\n"), "{}");
    for status in [301, 302, 307, 308] {
        let to = format!("{}/repos/o/r/pulls/7", elsewhere.address);
        let github = GitHub::start().answering("GET /repos/o/r/pulls/7", moved(&to, status));
        let note = comment(&github).note();
        assert!(note.contains("it redirects to"), "{note}");
        let to = format!("{}/repos/o/r/issues/7/comments", elsewhere.address);
        let github = GitHub::start().answering("POST", moved(&to, status));
        comment(&github).note();
        assert_eq!(github.asked("POST"), 1);
    }
    assert_eq!(elsewhere.asked(""), 0);
    // A repository that has moved: on the same host it is followed.
    let github = GitHub::start().answering(
        "POST /repos/o/r/issues/7/",
        moved("/repositories/1/issues/7/comments", 307),
    );
    let github = github.answering("POST /repositories/1/", http(201, "", "{}"));
    comment(&github).done();
    let state = github.state();
    let (_, token, body) = state.requests.last().unwrap();
    assert_eq!(token, &format!("Bearer {TOKEN}"));
    assert!(body.contains("allocgate: default"), "{body}");
}
