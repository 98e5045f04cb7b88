//! What GitHub Actions says of the event that a workflow runs for: environment variables, and the file
//! with the payload of the event.
//!
//! Of the payload only a few fields are read, each of which may be missing: what one reader does not
//! need must not keep another from its answer.

use std::fs::File;
use std::path::Path;

use serde::Deserialize;

use crate::bounded;

/// The largest payload that is read, in bytes. GitHub sends none over 25 MiB.
const MAX_PAYLOAD: u64 = 32 << 20;

/// The event that a workflow runs for.
#[derive(Clone, Debug)]
pub struct Event {
    /// Whether this runs in GitHub Actions.
    pub in_actions: bool,
    /// The address of the API; `None` for github.com's.
    pub api_url: Option<String>,
    /// Its name: `pull_request`, `push`, `workflow_run`.
    pub name: String,
    /// The reference that the workflow runs on: `refs/pull/7/merge`.
    pub reference: String,
    /// The commit that the workflow runs on. Of a pull request it is a merge, not the commit pushed.
    pub commit: Option<String>,
    /// The branch that a pull request is to be merged into.
    pub base_branch: Option<String>,
    /// What is known of the event; a sentence if that cannot be read.
    pub payload: Result<Payload, String>,
    /// The web pages of GitHub: `https://github.com`.
    pub server_url: Option<String>,
    /// The number of this run of a workflow, and which attempt it is.
    pub run: Option<(u64, u64)>,
}

/// The fields of a payload that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Payload {
    /// Of `pull_request` and `pull_request_target`.
    pub pull_request: Option<PullRequest>,
    /// Of `merge_group`.
    pub merge_group: Option<MergeGroup>,
    /// Of `workflow_run`.
    pub workflow_run: Option<WorkflowRun>,
    /// Of `push`: the commit before it.
    pub before: Option<String>,
    /// Of all: the repository whose workflow runs.
    pub repository: Option<Home>,
}

/// The repository whose workflow runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Home {
    /// The branch that pull requests are merged into unless they say otherwise.
    pub default_branch: Option<String>,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    /// Its number in its repository.
    pub number: Option<u64>,
    /// What it is to be merged into.
    pub base: Option<Tip>,
    /// What it is to merge.
    pub head: Option<Tip>,
}

/// The tip of a branch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tip {
    /// The commit.
    pub sha: String,
    /// The repository of the branch; `null` if that is gone.
    pub repo: Option<Repo>,
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Repo {
    /// `owner/name`.
    pub full_name: String,
    /// Whose it is.
    pub owner: Option<Owner>,
}

/// Who owns a repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Owner {
    /// The name of the account.
    pub login: String,
}

/// Pull requests that wait to be merged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MergeGroup {
    /// What they are to be merged into.
    pub base_sha: String,
}

/// A run of another workflow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkflowRun {
    /// Its number.
    pub id: Option<u64>,
    /// Which attempt it is.
    pub run_attempt: Option<u64>,
    /// What it ran for: `pull_request`, `push`.
    pub event: Option<String>,
    /// The commit that was pushed.
    pub head_sha: String,
    /// The branch that it was pushed to.
    pub head_branch: Option<String>,
    /// The repository of that branch; `null` if that is gone.
    pub head_repository: Option<Repo>,
}

/// Of no event.
impl Default for Event {
    fn default() -> Self {
        Event::read(&|_| None)
    }
}

impl Event {
    /// What the environment says, `None` outside of GitHub Actions.
    pub fn of_actions() -> Option<Event> {
        let event = Event::of_environment();
        (event.in_actions && !event.name.is_empty()).then_some(event)
    }

    /// What the environment says, wherever this runs.
    pub fn of_environment() -> Event {
        Event::read(&variable)
    }

    fn read(variable: &dyn Fn(&str) -> Option<String>) -> Event {
        let number = |name| variable(name).and_then(|text| text.parse().ok());
        let path = variable("GITHUB_EVENT_PATH");
        Event {
            in_actions: variable("GITHUB_ACTIONS").is_some(),
            api_url: variable("GITHUB_API_URL"),
            name: variable("GITHUB_EVENT_NAME").unwrap_or_default(),
            reference: variable("GITHUB_REF").unwrap_or_default(),
            commit: variable("GITHUB_SHA"),
            base_branch: variable("GITHUB_BASE_REF"),
            payload: path.map_or(Ok(Payload::default()), |path| payload(Path::new(&path))),
            server_url: variable("GITHUB_SERVER_URL"),
            run: number("GITHUB_RUN_ID").map(|id| (id, number("GITHUB_RUN_ATTEMPT").unwrap_or(1))),
        }
    }

    /// The commit that was judged: the one that was pushed. What came of it may be a merge.
    pub fn judged(&self) -> Option<&str> {
        let payload = self.payload.as_ref().ok();
        let run = payload.and_then(|payload| payload.workflow_run.as_ref());
        let pull = payload.and_then(|payload| payload.pull_request.as_ref());
        let pushed = run.map(|run| &run.head_sha);
        let head = || Some(&pull?.head.as_ref()?.sha);
        pushed
            .or_else(head)
            .or(self.commit.as_ref())
            .map(String::as_str)
    }

    /// The run that judged: the one that this workflow was started by, else this one.
    pub fn judging_run(&self) -> Option<(u64, u64)> {
        let payload = self.payload.as_ref().ok();
        match payload.and_then(|payload| payload.workflow_run.as_ref()) {
            Some(run) => Some((run.id?, run.run_attempt.unwrap_or(1))),
            None => self.run,
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn payload(path: &Path) -> Result<Payload, String> {
    let failed = |why: String| format!("the payload of the event (GITHUB_EVENT_PATH): {why}");
    match File::open(path).and_then(|file| bounded::read(file, MAX_PAYLOAD)) {
        Err(error) => Err(failed(error.to_string())),
        Ok(None) => Err(failed("it is over 32 MiB".to_owned())),
        Ok(Some(bytes)) => {
            serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// An event by its variables and its payload.
    fn event(variables: &[(&str, &str)], json: &str) -> Event {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), json).unwrap();
        let path = file.path().to_str().unwrap();
        Event::read(&|name| match name {
            "GITHUB_EVENT_PATH" => Some(path.to_owned()),
            _ => variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned()),
        })
    }

    #[test]
    fn a_pull_request_is_judged_by_the_commit_that_was_pushed() {
        let event = event(
            &[
                ("GITHUB_EVENT_NAME", "pull_request"),
                ("GITHUB_SHA", "merge"),
                ("GITHUB_RUN_ID", "12"),
            ],
            r#"{"pull_request": {"number": 7, "base": {"sha": "b"}, "head": {"sha": "pushed", "repo": null}}}"#,
        );
        assert_eq!(event.judged(), Some("pushed"));
        assert_eq!(event.judging_run(), Some((12, 1)));
        let pull = event.payload.unwrap().pull_request.unwrap();
        assert_eq!(
            (pull.number, pull.base.unwrap().sha),
            (Some(7), "b".to_owned())
        );
    }

    #[test]
    fn a_second_workflow_names_the_run_that_judged() {
        let event = event(
            &[
                ("GITHUB_EVENT_NAME", "workflow_run"),
                ("GITHUB_SHA", "main"),
                ("GITHUB_RUN_ID", "12"),
            ],
            r#"{"workflow_run": {"id": 11, "run_attempt": 3, "head_sha": "pushed", "head_branch": "x",
                "head_repository": {"full_name": "fork/r", "owner": {"login": "fork"}}}}"#,
        );
        assert_eq!(event.judged(), Some("pushed"));
        assert_eq!(event.judging_run(), Some((11, 3)));
    }

    #[test]
    fn what_is_missing_or_garbled_is_no_panic() {
        let push = event(&[("GITHUB_SHA", "c")], r#"{"before": "a", "ref": 5}"#);
        assert_eq!(push.judged(), Some("c"));
        assert_eq!(push.payload.unwrap().before.as_deref(), Some("a"));
        for json in [
            "",
            "{",
            "null",
            "[]",
            "\0",
            r#"{"pull_request": {"number": -1}}"#,
        ] {
            let event = event(&[("GITHUB_RUN_ID", "x")], json);
            assert_eq!((event.judged(), event.judging_run()), (None, None));
            let error = event.payload.unwrap_err();
            assert!(
                error.starts_with("the payload of the event (GITHUB_EVENT_PATH): "),
                "{error}"
            );
        }
        let gone = Event::read(&|name| (name == "GITHUB_EVENT_PATH").then(|| "/gone".to_owned()));
        assert!(gone.payload.is_err());
        assert_eq!(Event::read(&|_| None).payload, Ok(Payload::default()));
    }
}
