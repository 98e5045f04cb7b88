//! A server that keeps comments and pull requests as GitHub does: in parts of at most 100, for those with
//! a token.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The token that it takes.
pub(crate) const TOKEN: &str = "ghs_a-token-of-a-test";

/// The commit of the pull request 7.
pub(crate) const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

pub(crate) struct GitHub {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) comments: Vec<Value>,
    pub(crate) pulls: Vec<Value>,
    /// Whose the token is; that of a job may not ask.
    pub(crate) account: Option<String>,
    /// Instead of an answer: for requests that begin like this, these bytes.
    pub(crate) faults: Vec<(&'static str, Vec<u8>)>,
    /// Before any answer.
    pub(crate) delay: Duration,
    /// Every request: its first line, its Authorization, its body.
    pub(crate) requests: Vec<(String, String, String)>,
}

impl GitHub {
    /// With the pull request 7, open and of this repository.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            pulls: vec![pull(7, "o/r", SHA)],
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that has enough hangs up.
                let _ = serve(stream.unwrap(), &shared);
            }
        });
        GitHub { address, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// With a comment that is there already.
    pub(crate) fn with(self, login: &str, kind: &str, body: &str) -> Self {
        self.state().add(login, kind, body);
        self
    }

    /// With an answer of its own to requests that begin like this.
    pub(crate) fn answering(self, start: &'static str, answer: Vec<u8>) -> Self {
        self.state().faults.push((start, answer));
        self
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        let state = self.state();
        let body = |comment: &Value| comment["body"].as_str().unwrap().to_owned();
        state.comments.iter().map(body).collect()
    }

    /// How many requests began like this.
    pub(crate) fn asked(&self, start: &str) -> usize {
        let state = self.state();
        let own = state.requests.iter();
        own.filter(|(line, ..)| line.starts_with(start)).count()
    }
}

/// A pull request of a branch `topic`.
pub(crate) fn pull(number: u64, repository: &str, sha: &str) -> Value {
    let owner = repository.split('/').next().unwrap();
    json!({
        "number": number,
        "head": {
            "ref": "topic", "sha": sha,
            "repo": {"full_name": repository, "owner": {"login": owner}},
        },
        "base": {"sha": "b".repeat(40)},
    })
}

/// An answer in full.
pub(crate) fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

impl State {
    pub(crate) fn add(&mut self, login: &str, kind: &str, body: &str) {
        let id = 1000 + self.comments.len();
        let user = json!({"login": login, "type": kind});
        self.comments
            .push(json!({"id": id, "body": body, "user": user}));
    }

    fn answer(&mut self, method: &str, target: &str, body: &str) -> Vec<u8> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let value = pairs.find(|(key, _)| *key == name)?.1;
            Some(value.replace("%3A", ":").replace("%2F", "/"))
        };
        match (method, path) {
            ("GET", "/user") => match &self.account {
                Some(login) => http(
                    200,
                    "",
                    &json!({"login": login, "type": "User"}).to_string(),
                ),
                None => http(
                    403,
                    "",
                    r#"{"message": "Resource not accessible by integration"}"#,
                ),
            },
            ("GET", "/repos/o/r/pulls") => {
                let head = parameter("head").unwrap();
                assert_eq!(parameter("state").as_deref(), Some("open"));
                let own = self.pulls.iter().filter(|pull| {
                    let owner = pull["head"]["repo"]["owner"]["login"].as_str().unwrap();
                    head == format!("{owner}:{}", pull["head"]["ref"].as_str().unwrap())
                });
                http(200, "", &Value::from_iter(own.cloned()).to_string())
            }
            ("GET", "/repos/o/r/issues/7/comments") => {
                let page: usize = parameter("page").unwrap().parse().unwrap();
                assert_eq!(parameter("per_page").as_deref(), Some("100"));
                let (start, end) = ((page - 1) * 100, page * 100);
                let part: Value = self
                    .comments
                    .iter()
                    .skip(start)
                    .take(100)
                    .cloned()
                    .collect();
                let next = format!(
                    "Link: <http://elsewhere.invalid/?page={}>; rel=\"next\"\r\n",
                    page + 1
                );
                let link = if end < self.comments.len() { &next } else { "" };
                http(200, link, &part.to_string())
            }
            ("POST", "/repos/o/r/issues/7/comments") => {
                let sent: Value = serde_json::from_str(body).unwrap();
                self.add("github-actions[bot]", "Bot", sent["body"].as_str().unwrap());
                http(201, "", "{}")
            }
            ("GET", path) if path.starts_with("/repos/o/r/pulls/") => {
                let number: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
                let own = |pull: &&Value| pull["number"] == number;
                match self.pulls.iter().find(own) {
                    Some(pull) => http(200, "", &pull.to_string()),
                    None => http(404, "", r#"{"message": "Not Found"}"#),
                }
            }
            ("PATCH", path) => {
                let id = path.strip_prefix("/repos/o/r/issues/comments/").unwrap();
                let id: u64 = id.parse().unwrap();
                let sent: Value = serde_json::from_str(body).unwrap();
                let mut comments = self.comments.iter_mut();
                let own = comments.find(|comment| comment["id"] == id);
                own.unwrap()["body"] = sent["body"].clone();
                http(200, "", "{}")
            }
            _ => http(404, "", r#"{"message": "Not Found"}"#),
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let mut pairs = head.iter().filter_map(|line| line.split_once(": "));
        let own = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name));
        own.map_or(String::new(), |(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    let first = head.first().cloned().unwrap_or_default();
    let line = first.trim_end_matches(" HTTP/1.1").to_owned();
    let mut state = state.lock().unwrap();
    let sent = (line.clone(), header("authorization"), body.clone());
    state.requests.push(sent);
    let fault = state
        .faults
        .iter()
        .find(|(start, _)| line.starts_with(start));
    let answer = match fault.map(|(_, bytes)| bytes.clone()) {
        Some(bytes) => bytes,
        None if header("authorization") != format!("Bearer {TOKEN}") => {
            http(401, "", r#"{"message": "Bad credentials"}"#)
        }
        None => {
            let (method, target) = line.split_once(' ').unwrap();
            state.answer(method, target, &body)
        }
    };
    let delay = state.delay;
    drop(state);
    thread::sleep(delay);
    stream.write_all(&answer)
}
