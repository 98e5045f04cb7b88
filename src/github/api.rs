//! GitHub's API: requests within bounds of time and size, and a sentence for each way in which they can
//! be refused.

use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::{Answer, HttpError, Method, Server};

/// How long a request may take, and all of them together: nobody waits for a comment.
const TIME: Duration = Duration::from_secs(15);
const TIME_FOR_ALL: Duration = Duration::from_secs(60);

/// The longest wait that GitHub may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: u64 = 16 << 20;

const ACCEPTED: &str = "application/vnd.github+json";

/// GitHub's API, with a token.
#[derive(Debug)]
pub struct Api {
    server: Server,
    started: Instant,
}

/// Why GitHub does not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It cannot be asked.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It answers that it does not.
    #[error("{}", advice(.what, *.status, .message))]
    Status {
        /// What was asked for.
        what: &'static str,
        /// The status of the answer.
        status: u16,
        /// GitHub's own words.
        message: String,
    },
    /// Too much was asked of late.
    #[error(
        "GitHub takes no more requests for now ({status}, its limit of requests); run this again later"
    )]
    Limited {
        /// The status of the answer.
        status: u16,
    },
    /// It answers, and not as GitHub does.
    #[error("{server} does not answer like GitHub's API; check GITHUB_API_URL")]
    Unexpected {
        /// The address.
        server: String,
    },
    /// What is there cannot all be read.
    #[error("{0}")]
    TooMuch(String),
}

impl Refusal {
    /// Whether it is a matter of what the token may do.
    pub(super) fn is_permission(&self) -> bool {
        matches!(
            self,
            Refusal::Status {
                status: 401 | 403 | 404,
                ..
            }
        )
    }
}

/// What GitHub did not do, and what to do.
fn advice(what: &str, status: u16, message: &str) -> String {
    let message = match message {
        "" => status.to_string(),
        _ => format!("{status}: {message}"),
    };
    match status {
        401 => format!(
            "GitHub does not take the token ({message}); pass the one of the job: `GITHUB_TOKEN: ${{{{ github.token }}}}`"
        ),
        403 | 404 => format!(
            "the token may not {what}, or there is none ({message}); give the job `permissions: pull-requests: write`. In a \
             workflow for a pull request from a fork no token may: comment from a second workflow, on `workflow_run`"
        ),
        422 => format!("GitHub refuses to {what} ({message})"),
        _ => format!("GitHub did not {what} ({message}); run this again later"),
    }
}

/// A list in parts, one of them.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) is_last: bool,
}

impl Api {
    /// The API at an address, asked with a token.
    ///
    /// # Errors
    ///
    /// If the address is none, or the token cannot be sent.
    pub fn new(url: &str, token: &str) -> Result<Self, Refusal> {
        let headers = [
            ("Authorization".to_owned(), format!("Bearer {token}")),
            ("X-GitHub-Api-Version".to_owned(), "2022-11-28".to_owned()),
        ];
        Ok(Api {
            server: Server::new(url, &headers)?,
            started: Instant::now(),
        })
    }

    /// Asks for one thing. `what` says it in a sentence: "the token may not …".
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
    ) -> Result<T, Refusal> {
        let (answer, body) =
            self.ask(what, || self.server.get(path, &[], ACCEPTED, self.time()))?;
        self.read(&answer, &body)
    }

    /// Asks for a part of a list, counted from 1.
    pub(super) fn page<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        query: &[(&str, &str)],
        page: usize,
    ) -> Result<Page<T>, Refusal> {
        let page = page.to_string();
        let mut query = query.to_vec();
        query.extend([("per_page", "100"), ("page", page.as_str())]);
        let ask = || self.server.get(path, &query, ACCEPTED, self.time());
        let (answer, body) = self.ask(what, ask)?;
        // Where the next part lies is not asked: an address in an answer is not followed.
        let links = answer.header("link").unwrap_or_default();
        Ok(Page {
            items: self.read(&answer, &body)?,
            is_last: !links.contains("rel=\"next\""),
        })
    }

    /// Sends something. What GitHub makes of it is not read.
    pub(super) fn send(
        &self,
        what: &'static str,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(), Refusal> {
        let json = serde_json::to_vec(body).unwrap_or_default();
        let ask = || self.server.send(method, path, &json, ACCEPTED, self.time());
        let (answer, _) = self.ask(what, ask)?;
        match answer.status {
            200 | 201 => Ok(()),
            _ => Err(self.unexpected()),
        }
    }

    /// Asks once, or twice if GitHub wants a short pause before.
    fn ask(
        &self,
        what: &'static str,
        ask: impl Fn() -> Result<Answer, HttpError>,
    ) -> Result<(Answer, Vec<u8>), Refusal> {
        let mut may_wait = true;
        loop {
            if self.started.elapsed() >= TIME_FOR_ALL {
                return Err(Refusal::TooMuch(format!(
                    "GitHub took more than {} s to answer; run this again later",
                    TIME_FOR_ALL.as_secs()
                )));
            }
            let mut answer = ask()?;
            let body = self.server.whole(&mut answer, MAX_ANSWER)?;
            if answer.succeeded() {
                return Ok((answer, body));
            }
            let status = answer.status;
            let message = message(&body);
            match limit(&answer, &message) {
                Some(Some(pause)) if may_wait && pause <= LONGEST_WAIT => {
                    thread::sleep(pause);
                    may_wait = false;
                }
                Some(_) => return Err(Refusal::Limited { status }),
                None => {
                    return Err(Refusal::Status {
                        what,
                        status,
                        message,
                    });
                }
            }
        }
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer, body: &[u8]) -> Result<T, Refusal> {
        if answer.is_html() {
            return Err(self.unexpected());
        }
        serde_json::from_slice(body).map_err(|_| self.unexpected())
    }

    fn unexpected(&self) -> Refusal {
        Refusal::Unexpected {
            server: self.server.to_string(),
        }
    }

    /// How long the next request may take.
    fn time(&self) -> Duration {
        let left = TIME_FOR_ALL.saturating_sub(self.started.elapsed());
        left.clamp(Duration::from_secs(1), TIME)
    }
}

/// Whether an answer says that too much was asked of late, and how long to wait then, if it tells. Of its
/// secondary limits GitHub may tell in words alone.
fn limit(answer: &Answer, message: &str) -> Option<Option<Duration>> {
    let pause = answer.header("retry-after");
    let is_limit = match answer.status {
        403 => {
            pause.is_some()
                || answer.header("x-ratelimit-remaining") == Some("0")
                || message.contains("secondary rate limit")
        }
        429 => true,
        _ => false,
    };
    let seconds = pause.and_then(|pause| pause.trim().parse().ok());
    is_limit.then(|| seconds.map(Duration::from_secs))
}

/// GitHub's own words, shortened: `Validation Failed: body is too long`.
fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Words {
        message: String,
        #[serde(default)]
        errors: Vec<serde_json::Value>,
    }
    let Ok(Words { message, errors }) = serde_json::from_slice(body) else {
        return String::new();
    };
    let error = errors.iter().find_map(|error| {
        let text = error.get("message").unwrap_or(error);
        text.as_str()
    });
    let text = match error {
        Some(error) => format!("{message}: {error}"),
        None => message,
    };
    text.chars()
        .take(200)
        .flat_map(char::escape_debug)
        .collect()
}
