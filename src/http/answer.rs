//! What a server answered: its status and headers at once, its body as it is read.

use std::io::{self, Read};
use std::time::Duration;

use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderMap, Response};
use ureq::{Body, Error};

use super::failure::sentence;

/// What a server answered. Reading it fails with a sentence too.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    headers: HeaderMap,
    pub(super) body: Box<dyn Read + Send>,
    time: Duration,
}

impl Answer {
    pub(super) fn new(response: Response<Body>, time: Duration) -> Self {
        let (head, body) = response.into_parts();
        let mut answer = Answer {
            status: head.status.as_u16(),
            content_type: String::new(),
            headers: head.headers,
            body: Box::new(body.into_reader()),
            time,
        };
        let content_type = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        answer.content_type = content_type.to_ascii_lowercase();
        answer
    }

    pub(crate) fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of a name, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn is_html(&self) -> bool {
        self.content_type.contains("html")
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer).map_err(|error| {
            let kind = error.kind();
            io::Error::new(kind, sentence(&Error::from(error), self.time))
        })
    }
}
