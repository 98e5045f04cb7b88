//! One comment, made when it is needed and brought up to date from then on.

use super::call::comment;
use super::server::{GitHub, SHA};

const MARKER: &str = "<!-- allocgate: default -->";

#[test]
fn it_is_made_once_and_updated_in_place() {
    let github = GitHub::start().with("someone", "User", "please review");
    let call = comment(&github);
    assert_eq!(call.done(), "commented on pull request 7 of o/r\n");
    let [_, body] = &github.bodies()[..] else {
        panic!("{:?}", github.bodies())
    };
    let first = format!("{MARKER}\n## ❌ allocgate: regression\n");
    assert!(body.starts_with(&first), "{body}");
    assert!(
        body.contains("| `Get`") && body.contains("| `allocs/op` | 1 | 2 |"),
        "{body}"
    );
    let last = format!(
        "\n<sub>commit [`0123456789`](https://github.com/o/r/commit/{SHA}) · \
         [run 55](https://github.com/o/r/actions/runs/55/attempts/1)</sub>\n"
    );
    assert!(body.ends_with(&last), "{body}");

    assert_eq!(
        call.done(),
        "the comment is up to date on pull request 7 of o/r\n"
    );
    assert_eq!((github.asked("POST"), github.asked("PATCH")), (1, 0));

    let call = call.var("GITHUB_RUN_ID", "56");
    assert_eq!(
        call.done(),
        "updated the comment on pull request 7 of o/r\n"
    );
    assert!(github.bodies()[1].contains("[run 56]"));
    assert_eq!((github.asked("POST"), github.asked("PATCH")), (1, 1));

    // Once there it tells of a pass, too.
    let call = call.pass();
    assert_eq!(
        call.done(),
        "updated the comment on pull request 7 of o/r\n"
    );
    assert!(github.bodies()[1].contains("## ✅ allocgate: pass"));
    assert_eq!(github.bodies().len(), 2);
}

#[test]
fn a_pass_makes_none_unless_asked_for() {
    let github = GitHub::start();
    let call = comment(&github).pass();
    assert_eq!(
        call.done(),
        "a pass needs no comment on pull request 7 of o/r\n"
    );
    assert_eq!(github.asked("POST"), 0);
    assert_eq!(
        call.arg("--always").done(),
        "commented on pull request 7 of o/r\n"
    );
    assert_eq!(github.bodies().len(), 1);
}

#[test]
fn line_ends_of_another_kind_are_no_difference() {
    let github = GitHub::start();
    let call = comment(&github);
    call.done();
    let body = github.bodies()[0].trim_end().replace('\n', "\r\n");
    github.state().comments[0]["body"] = body.into();
    assert!(call.done().starts_with("the comment is up to date"));
}

#[test]
fn a_comment_of_a_person_is_left_alone() {
    let forged = format!("{MARKER}\nall is well");
    let github = GitHub::start().with("someone", "User", &forged);
    assert_eq!(
        comment(&github).done(),
        "commented on pull request 7 of o/r\n"
    );
    assert_eq!(github.bodies()[0], forged);
    assert_eq!(github.bodies().len(), 2);
    assert_eq!(github.asked("PATCH"), 0);
    // Asked once, whose the token is, and not told.
    assert_eq!(github.asked("GET /user"), 1);
}

#[test]
fn a_comment_of_the_own_account_is_ours() {
    let github = GitHub::start()
        .with("someone", "User", MARKER)
        .with("ci-account", "User", MARKER)
        .with("someone-else", "User", MARKER);
    github.state().account = Some("ci-account".to_owned());
    assert!(comment(&github).done().starts_with("updated"));
    let changed: Vec<bool> = github.bodies().iter().map(|body| body != MARKER).collect();
    assert_eq!(changed, [false, true, false]);
    assert_eq!(github.asked("GET /user"), 1);
}

#[test]
fn the_marker_counts_at_the_start_alone_and_as_a_whole() {
    let github = GitHub::start()
        .with("other[bot]", "Bot", &format!("> {MARKER}"))
        .with("other[bot]", "Bot", "<!-- allocgate: default2 -->")
        .with("other[bot]", "Bot", "<!-- allocgate: linux -->");
    assert!(
        comment(&github)
            .arg("--id=linux")
            .done()
            .starts_with("updated")
    );
    assert!(comment(&github).done().starts_with("commented"));
    let bodies = github.bodies();
    assert_eq!(bodies.len(), 4);
    assert!(bodies[2].starts_with("<!-- allocgate: linux -->\n## "));
    assert!(bodies[3].starts_with(MARKER));
}

#[test]
fn of_several_the_first_is_updated_and_the_rest_is_left() {
    let bot = "github-actions[bot]";
    let github = GitHub::start()
        .with(bot, "Bot", MARKER)
        .with(bot, "Bot", MARKER);
    assert!(comment(&github).done().starts_with("updated"));
    assert_ne!(github.bodies()[0], MARKER);
    assert_eq!(github.bodies()[1], MARKER);
}

#[test]
fn it_is_found_among_hundreds() {
    let github = GitHub::start();
    for index in 0..250 {
        github
            .state()
            .add("someone", "User", &format!("comment {index}"));
    }
    github.state().add("github-actions[bot]", "Bot", MARKER);
    assert!(comment(&github).done().starts_with("updated"));
    assert_eq!(github.asked("GET /repos/o/r/issues/7/comments?"), 3);
    assert_eq!(github.bodies().len(), 251);
}

#[test]
fn among_thousands_none_is_made_over_and_over() {
    let github = GitHub::start();
    for _ in 0..3001 {
        github.state().add("someone", "User", "again");
    }
    assert_eq!(
        comment(&github).note(),
        "the pull request has more than 3000 comments, and none of the first is allocgate's"
    );
    assert_eq!(github.asked("GET /repos/o/r/issues/7/comments?"), 30);
    assert_eq!(github.asked("POST"), 0);
}

#[test]
fn comments_without_author_or_text_are_passed_over() {
    let github = GitHub::start();
    github.state().comments.extend([
        serde_json::json!({"id": 1, "body": null, "user": null}),
        serde_json::json!({"id": 2, "body": MARKER, "user": null}),
    ]);
    assert!(comment(&github).done().starts_with("commented"));
}
