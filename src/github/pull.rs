//! Which pull request an event is about. In the second of two workflows (`workflow_run`), which may write
//! where the first one from a fork may not, the first one's files say nothing of it: whoever opened the pull
//! request wrote them. Branch, repository and commit of the event say it, which GitHub vouches for.

use super::api::{Api, Refusal};
use super::event::{Event, Payload, PullRequest, WorkflowRun};
use super::repository::Repository;

/// How many parts of the list of pull requests from one branch are read.
const MOST_PAGES: usize = 3;

const LOOK_UP: &str = "look up pull requests";

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A pull request, by its number.
    Number(u64),
    /// None to comment on, and why.
    Nothing(String),
}

/// The pull request that an event is about, if what was judged is still the newest of it.
///
/// # Errors
///
/// If GitHub does not tell.
pub fn find(api: &Api, repository: &Repository, event: &Event) -> Result<Found, Refusal> {
    let nothing = |why: String| Ok(Found::Nothing(why));
    let payload = match &event.payload {
        Ok(payload) => payload,
        Err(why) => return nothing(why.clone()),
    };
    match payload {
        Payload {
            workflow_run: Some(run),
            ..
        } => of_run(api, repository, run),
        Payload {
            pull_request: Some(pull),
            ..
        } => of_pull(api, repository, pull),
        _ if event.name.is_empty() => nothing(
            "nothing says which pull request is meant; give its number with --pull-request"
                .to_owned(),
        ),
        _ => nothing(format!(
            "this workflow runs for a {} event, which has no pull request; --pull-request names one",
            event.name.escape_debug()
        )),
    }
}

fn of_pull(api: &Api, repository: &Repository, pull: &PullRequest) -> Result<Found, Refusal> {
    let Some(number) = pull.number else {
        return Ok(Found::Nothing(
            "the payload of the event has no number of a pull request".to_owned(),
        ));
    };
    let path = format!("/repos/{repository}/pulls/{number}");
    let now: PullRequest = api.get(LOOK_UP, &path)?;
    let is_newest = match (&now.head, &pull.head) {
        (Some(now), Some(judged)) => now.sha == judged.sha,
        _ => true,
    };
    Ok(if is_newest {
        Found::Number(number)
    } else {
        outrun(number)
    })
}

fn of_run(api: &Api, repository: &Repository, run: &WorkflowRun) -> Result<Found, Refusal> {
    let nothing = |why: &str| Ok(Found::Nothing(why.to_owned()));
    if let Some(event) = &run.event
        && !event.starts_with("pull_request")
    {
        return nothing(&format!(
            "the workflow that judged ran for a {} event, which has no pull request",
            event.escape_debug()
        ));
    }
    let (Some(branch), Some(fork)) = (&run.head_branch, &run.head_repository) else {
        return nothing("the branch that was judged is gone");
    };
    let Some(owner) = &fork.owner else {
        return nothing("the payload of the event does not say whose branch was judged");
    };
    let path = format!("/repos/{repository}/pulls");
    let head = format!("{}:{branch}", owner.login);
    let query = [("state", "open"), ("head", head.as_str())];
    let (mut found, mut moved_on) = (None, None);
    for page in 1..=MOST_PAGES {
        let pulls = api.page::<PullRequest>(LOOK_UP, &path, &query, page)?;
        for pull in pulls.items {
            let (Some(number), Some(head)) = (pull.number, pull.head) else {
                continue;
            };
            // One owner may have two forks, with a branch of the same name each.
            if head
                .repo
                .is_none_or(|repo| repo.full_name != fork.full_name)
            {
                continue;
            }
            if head.sha != run.head_sha {
                moved_on = Some(number);
            } else if let Some(other) = found.replace(number) {
                // Into two branches: what was measured against the base of one says nothing of the other.
                return nothing(&format!(
                    "the pull requests {other} and {number} are of the same branch, and nothing says which of them \
                     was judged"
                ));
            }
        }
        if pulls.is_last {
            break;
        }
    }
    match (found, moved_on) {
        (Some(number), _) => Ok(Found::Number(number)),
        (None, Some(number)) => Ok(outrun(number)),
        (None, None) => nothing("no pull request is open for the branch that was judged"),
    }
}

/// What was judged is not what would be merged: the comment of a later run counts.
fn outrun(number: u64) -> Found {
    Found::Nothing(format!(
        "a newer commit has been pushed to pull request {number} since; its own run comments"
    ))
}
