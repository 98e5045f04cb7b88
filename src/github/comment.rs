//! The comment that is kept on a pull request: one, made once and brought up to date ever after.
//!
//! It is known by a marker at its very start, which does not show. Anybody may write a comment that
//! starts so, which is why only one of a program, or of the token's own account, is taken for ours.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::api::{Api, Refusal};
use super::event::Event;
use super::repository::{Repository, is_plain};
use crate::http::Method;

/// How many parts of the list of comments are read, of 100 comments each.
const MOST_PAGES: usize = 30;

const READ: &str = "read the comments of the pull request";
const WRITE: &str = "comment on the pull request";

/// Tells comments apart: `<!-- allocgate: ID -->`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker(String);

/// An id that no marker can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected up to 100 letters, digits, dots, hyphens and underscores")]
pub struct MarkerError;

impl FromStr for Marker {
    type Err = MarkerError;

    fn from_str(id: &str) -> Result<Self, MarkerError> {
        // Two hyphens would end the comment of HTML for some readers.
        let is_id = (1..=100).contains(&id.len()) && id.bytes().all(is_plain) && !id.contains("--");
        is_id.then(|| Marker(id.to_owned())).ok_or(MarkerError)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<!-- allocgate: {} -->", self.0)
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// There was none.
    Created,
    /// There was one that said something else.
    Updated,
    /// There was one that said the same.
    Unchanged,
    /// There was none, and none was wanted.
    NotNeeded,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    body: Option<String>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Serialize)]
struct Body<'a> {
    body: &'a str,
}

/// Makes the comment of a marker on a pull request say `body`, which starts with the marker. Where there
/// is none it is made only if `create`.
///
/// # Errors
///
/// If GitHub cannot be asked, or refuses.
pub fn keep(
    api: &Api,
    repository: &Repository,
    pull_request: u64,
    marker: &Marker,
    body: &str,
    create: bool,
) -> Result<Done, Refusal> {
    let body = &Body { body };
    let path = format!("/repos/{repository}/issues/{pull_request}/comments");
    match own(api, &path, marker)? {
        Some(comment) if same(&comment, body.body) => Ok(Done::Unchanged),
        Some(comment) => {
            let path = format!("/repos/{repository}/issues/comments/{}", comment.id);
            api.send(WRITE, Method::Patch, &path, body)?;
            Ok(Done::Updated)
        }
        None if !create => Ok(Done::NotNeeded),
        None => {
            api.send(WRITE, Method::Post, &path, body)?;
            Ok(Done::Created)
        }
    }
}

/// The first of our comments. Two runs at the same time may have made several: the others are left alone.
fn own(api: &Api, path: &str, marker: &Marker) -> Result<Option<Comment>, Refusal> {
    let start = marker.to_string();
    let mut account = None;
    for page in 1..=MOST_PAGES {
        let comments = api.page::<Comment>(READ, path, &[], page)?;
        for comment in comments.items {
            let text = comment.body.as_deref().unwrap_or_default();
            let (true, Some(user)) = (text.starts_with(&start), &comment.user) else {
                continue;
            };
            if user.kind != "Bot" && account.is_none() {
                account = Some(own_account(api)?);
            }
            let is_own = |account: &Option<String>| account.as_ref() == Some(&user.login);
            if user.kind == "Bot" || account.as_ref().is_some_and(is_own) {
                return Ok(Some(comment));
            }
        }
        if comments.is_last {
            return Ok(None);
        }
    }
    // A second one would be made with each run.
    Err(Refusal::TooMuch(format!(
        "the pull request has more than {} comments, and none of the first is allocgate's",
        MOST_PAGES * 100
    )))
}

/// The account that the token is of. The token of a job is of none that may be asked for.
fn own_account(api: &Api) -> Result<Option<String>, Refusal> {
    match api.get::<User>("tell whose it is", "/user") {
        Ok(user) => Ok(Some(user.login)),
        Err(refusal) if refusal.is_permission() => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Whether a comment says `body` already. GitHub keeps neither its line ends nor its end as they were sent.
fn same(comment: &Comment, body: &str) -> bool {
    let own = comment.body.as_deref().unwrap_or_default();
    own.replace("\r\n", "\n").trim_end() == body.trim_end()
}

/// The last line of the comment: the commit that was judged and the run that did, as far as they are known.
/// It comes from the environment alone, whatever the report says.
pub fn footer(event: &Event, repository: Option<&Repository>) -> Option<String> {
    let is_hex = |sha: &&str| sha.len() >= 10 && sha.bytes().all(|b| b.is_ascii_hexdigit());
    let commit = event.judged().filter(is_hex);
    let pages = event.server_url.as_deref().filter(|url| is_address(url));
    let pages = pages
        .zip(repository)
        .map(|(server, repository)| format!("{}/{repository}", server.trim_end_matches('/')));
    let commit = commit.map(|sha| {
        let short = &sha[..10];
        match &pages {
            Some(pages) => format!("commit [`{short}`]({pages}/commit/{sha})"),
            None => format!("commit `{short}`"),
        }
    });
    let run = pages.as_ref().zip(event.judging_run());
    let run = run.map(|(pages, (id, attempt))| {
        format!("[run {id}]({pages}/actions/runs/{id}/attempts/{attempt})")
    });
    let parts: Vec<String> = commit.into_iter().chain(run).collect();
    (!parts.is_empty()).then(|| format!("<sub>{}</sub>", parts.join(" · ")))
}

/// Whether a text is an address and nothing else.
fn is_address(url: &str) -> bool {
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| is_plain(b) || matches!(b, b':' | b'/'))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_nothing_but_a_marker() {
        let marker: Marker = "linux-amd64_go1.25".parse().unwrap();
        assert_eq!(marker.to_string(), "<!-- allocgate: linux-amd64_go1.25 -->");
        for id in ["", "a b", "-->", "a--b", "x>", "a\n", "ä", &"x".repeat(101)] {
            assert_eq!(id.parse::<Marker>(), Err(MarkerError), "{id}");
        }
    }

    #[test]
    fn the_last_line_links_to_commit_and_run() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        let mut event = Event {
            commit: Some(sha.to_owned()),
            server_url: Some("https://github.com".to_owned()),
            run: Some((12, 2)),
            ..Event::default()
        };
        let repository = "o/r".parse().unwrap();
        assert_eq!(
            footer(&event, Some(&repository)).unwrap(),
            format!(
                "<sub>commit [`0123456789`](https://github.com/o/r/commit/{sha}) · \
                 [run 12](https://github.com/o/r/actions/runs/12/attempts/2)</sub>"
            )
        );
        assert_eq!(
            footer(&event, None).unwrap(),
            "<sub>commit `0123456789`</sub>"
        );
        event.server_url = Some("https://x/](javascript:alert)".to_owned());
        event.commit = Some("`@team`".to_owned());
        assert_eq!(footer(&event, Some(&repository)), None);
    }
}
