//! `allocgate comment`: a saved report as the one comment on a pull request.
//!
//! The verdict has failed the build already, or has not. That it cannot be told in a comment fails
//! nothing: whatever GitHub refuses is said in a note, and the exit code is 0.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::report::saved;
use crate::gate::{Report, Verdict};
use crate::github::{self, Api, Done, Event, Found, Marker, Refusal, Repository};
use crate::report::{self, Format, TerminalStyle};
use crate::text;

const EXAMPLES: &str = "\
Examples:
  # in a workflow for pull requests, with `permissions: pull-requests: write`
  # and the environment variable GITHUB_TOKEN: ${{ github.token }}
  allocgate run --report json=report.json || code=$?
  allocgate comment report.json
  exit ${code:-0}

  # what would it say?
  allocgate comment report.json --dry-run

  # one comment for each machine that measures
  allocgate comment linux.json --id linux
  allocgate comment macos.json --id macos

  # from outside of GitHub Actions
  GITHUB_TOKEN=… allocgate comment report.json \\
    --repository owner/name --pull-request 7";

const ABOUT_FORKS: &str = "\
Pull requests from forks:
  Their workflows get a token that cannot write. Let the workflow on
  `pull_request` upload the report, and a second one, on `workflow_run`,
  download it and run `allocgate comment`: which pull request is meant is taken
  from the event, never from what was uploaded.

Exit codes:
  0  done, or not permitted: then a note says why
  2  bad usage, or a report that cannot be read";

/// Keep one comment on a pull request up to date with a report
///
/// The comment is made when the verdict is no pass, and brought up to date from then on. A comment that
/// cannot be made fails nothing: a note says what was not permitted.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{ABOUT_FORKS}"))]
pub(super) struct CommentArguments {
    /// A report that was written with --report json=FILE, - for standard input
    #[arg(value_name = "REPORT")]
    report: String,

    /// The pull request [default: that of the event that the workflow runs for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pull_request: Option<u64>,

    /// The repository of the pull request
    #[arg(long, value_name = "OWNER/NAME", env = "GITHUB_REPOSITORY")]
    repository: Option<String>,

    /// Tells this comment from others of allocgate on the same pull request
    #[arg(long, value_name = "ID", default_value = "default")]
    id: Marker,

    /// Make the comment on a pass, too
    #[arg(long)]
    always: bool,

    /// Print the comment instead of sending it
    #[arg(long)]
    dry_run: bool,

    /// The largest report that is read
    #[arg(long, value_name = "SIZE", default_value = "128MiB")]
    max_input: String,

    /// What allows to comment. Pass it in the environment: what is typed, others see
    #[arg(
        long,
        value_name = "TOKEN",
        env = "GITHUB_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

pub(super) fn run(arguments: &CommentArguments) -> Result<u8> {
    let report = saved(&arguments.report, &arguments.max_input)?;
    let repository = arguments.repository.as_deref();
    let repository: Option<Repository> = repository
        .filter(|name| !name.is_empty())
        .map(|name| name.parse().context("--repository (GITHUB_REPOSITORY)"))
        .transpose()?;
    let event = Event::of_environment();
    let body = body(&report, &arguments.id, &event, repository.as_ref())?;
    if arguments.dry_run {
        io::stdout().lock().write_all(body.as_bytes())?;
        return Ok(0);
    }
    let Some(repository) = repository else {
        bail!("no repository is known; give it with --repository owner/name")
    };
    match send(arguments, &report, &repository, &event, &body) {
        Ok(done) => writeln!(io::stdout(), "{done}")?,
        Err(why) => note(&why, event.in_actions),
    }
    Ok(0)
}

/// The whole comment. What stands in the report cannot pass for its first and its last line.
fn body(
    report: &Report,
    marker: &Marker,
    event: &Event,
    repository: Option<&Repository>,
) -> Result<String> {
    let mut body = format!("{marker}\n").into_bytes();
    let style = TerminalStyle {
        color: false,
        width: 80,
        all_rows: false,
    };
    report::render(report, Format::Comment, &style, &mut body)?;
    let mut body = String::from_utf8(body).context("the comment")?;
    if let Some(footer) = github::footer(event, repository) {
        body.push('\n');
        body.push_str(&footer);
        body.push('\n');
    }
    Ok(body)
}

/// Sends the comment and says what was done, or why nothing was.
fn send(
    arguments: &CommentArguments,
    report: &Report,
    repository: &Repository,
    event: &Event,
    body: &str,
) -> Result<String, String> {
    let token = arguments.token.as_deref().map(str::trim);
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Err(
            "there is no token; set GITHUB_TOKEN: ${{ github.token }} in the environment of the step, and give the \
             job `permissions: pull-requests: write`"
                .to_owned(),
        );
    };
    let url = event.api_url.as_deref().unwrap_or("https://api.github.com");
    let refused = |refusal: Refusal| refusal.to_string();
    let api = Api::new(url, token).map_err(refused)?;
    let found = match arguments.pull_request {
        Some(number) => Found::Number(number),
        None => github::find(&api, repository, event).map_err(refused)?,
    };
    let number = match found {
        Found::Number(number) => number,
        Found::Nothing(why) => return Err(why),
    };
    let create = arguments.always || report.verdict != Verdict::Pass;
    let done = github::keep(&api, repository, number, &arguments.id, body, create);
    let done = match done.map_err(refused)? {
        Done::Created => "commented on",
        Done::Updated => "updated the comment on",
        Done::Unchanged => "the comment is up to date on",
        Done::NotNeeded => "a pass needs no comment on",
    };
    Ok(format!("{done} pull request {number} of {repository}"))
}

/// Says why there is no comment. In GitHub Actions it is shown with the run.
fn note(why: &str, in_actions: bool) {
    let why = format!("no comment was made: {why}");
    let line = match in_actions {
        true => report::notice(&why),
        false => format!("note: {}", text::plain(&why)),
    };
    let _ = writeln!(io::stderr(), "{line}");
}
