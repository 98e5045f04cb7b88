//! Asking a server: within bounds of time, and with a sentence for each way in which it can fail.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Error, Proxy, Timeout};

pub(crate) use answer::Answer;
use failure::{is_unreachable, sentence};

use crate::bounded;

mod answer;
mod failure;

/// How long it may take to reach a server.
const TIME_TO_CONNECT: Duration = Duration::from_secs(10);

/// How long a whole page may take.
const TIME_FOR_PAGE: Duration = Duration::from_secs(120);

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;

/// What people write into an address and must not stand there: `/federate?match[]={job="x"}`.
const NOT_IN_ADDRESS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A server that does not give what it is asked for.
#[derive(Debug, thiserror::Error)]
#[error("{url}: {why}")]
pub struct HttpError {
    /// The address, without credentials.
    pub url: String,
    /// One sentence: what is wrong and what to do.
    pub why: String,
}

/// How something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// As something new.
    Post,
    /// In place of a part of what is there.
    Patch,
}

/// An address and what to send along.
#[derive(Clone)]
pub struct Server {
    /// Without credentials, and without a slash at the end.
    url: String,
    /// Sent with each request; those that are secret are marked so.
    headers: HeaderMap,
    /// What stands between, without credentials.
    proxy: Option<String>,
    agent: Agent,
}

/// Without its headers, which may be secret.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The address, without credentials.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Server {
    /// A server by its address, `https://user:password@host/prefix`, and the headers to send. The
    /// credentials in the address become a header, unless there is an `Authorization` already.
    ///
    /// # Errors
    ///
    /// If the address is none of HTTP, or a header is none.
    pub fn new(url: &str, headers: &[(String, String)]) -> Result<Server, HttpError> {
        Server::through(Proxy::try_from_env(), url, headers)
    }

    fn through(
        proxy: Option<Proxy>,
        url: &str,
        headers: &[(String, String)],
    ) -> Result<Server, HttpError> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        // The part after the last `@` of the authority: nothing before it may be shown.
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials), host),
            None => (None, authority),
        };
        let path = path.split('#').next().unwrap_or_default();
        let path = utf8_percent_encode(path, NOT_IN_ADDRESS);
        let shown = format!("{scheme}://{host}{path}");
        let failed = |why: String| HttpError {
            url: shown.trim_start_matches("://").to_owned(),
            why,
        };
        let is_address = ["http", "https"].contains(&scheme) && !host.is_empty();
        // A port that is none would be that of the scheme.
        let has_port = |uri: Uri| {
            let end = host.rsplit(']').next().unwrap_or_default();
            !end.contains(':') || uri.port_u16().is_some()
        };
        if !is_address || !shown.parse().is_ok_and(has_port) {
            let why = "is no address; write it like `https://host:9090`";
            return Err(failed(why.to_owned()));
        }
        // A proxy does not reach what runs on this machine.
        let proxy = proxy.filter(|proxy| {
            let uri: Uri = shown.parse().unwrap_or_default();
            !is_loopback(&uri) && !proxy.is_no_proxy(&uri)
        });
        let mut server = Server {
            url: shown.trim_end_matches('/').to_owned(),
            headers: HeaderMap::new(),
            proxy: proxy
                .as_ref()
                .map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            agent: agent(proxy),
        };
        for (name, value) in headers {
            // Values may be secret: the message has the name alone.
            let header = HeaderName::try_from(name.trim()).ok();
            let value = HeaderValue::try_from(value.trim()).ok();
            let Some((name, mut value)) = header.zip(value) else {
                return Err(failed(format!(
                    "the header `{}` cannot be sent",
                    name.escape_debug()
                )));
            };
            value.set_sensitive(true);
            server.headers.append(name, value);
        }
        if let Some(credentials) =
            credentials.filter(|_| !server.headers.contains_key(AUTHORIZATION))
        {
            let decoded: Vec<u8> = percent_decode_str(credentials).collect();
            let value = format!("Basic {}", STANDARD.encode(decoded));
            let value = HeaderValue::try_from(value)
                .map_err(|_| failed("the credentials cannot be sent".to_owned()))?;
            server.headers.insert(AUTHORIZATION, value);
        }
        Ok(server)
    }

    /// The text of the page that its address is of, in a format that `accept` names.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached or refuses. Reading it may fail too.
    pub fn page(&self, accept: &str) -> Result<impl Read + Send + use<>, HttpError> {
        let mut answer = self.get("", &[], accept, TIME_FOR_PAGE)?;
        if answer.succeeded() {
            return Ok(answer);
        }
        let mut head = Vec::new();
        // Without a text the status says enough.
        let _ = (&mut answer.body).take(1 << 10).read_to_end(&mut head);
        Err(self.refusal(&answer, &head))
    }

    /// Asks for what is under its address at a path.
    pub(crate) fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        accept: &str,
        time: Duration,
    ) -> Result<Answer, HttpError> {
        // A redirect's address has the query already.
        let mut query = Some(query);
        let redirects = [301, 302, 303, 307, 308];
        self.follow(path, time, &redirects, |url| {
            let request = self.agent.get(url).config().timeout_global(Some(time));
            let mut request = request.build().header(ACCEPT, accept);
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
            let query = query.take().into_iter().flatten().copied();
            request.query_pairs(query).call()
        })
    }

    /// Sends JSON to what is under its address at a path.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        json: &[u8],
        accept: &str,
        time: Duration,
    ) -> Result<Answer, HttpError> {
        // After the others, what was sent is not sent again (RFC 9110, 15.4).
        self.follow(path, time, &[307, 308], |url| {
            let request = match method {
                Method::Post => self.agent.post(url),
                Method::Patch => self.agent.patch(url),
            };
            let request = request.config().timeout_global(Some(time)).build();
            let mut request = request
                .header(ACCEPT, accept)
                .header(CONTENT_TYPE, "application/json");
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
            request.send(json)
        })
    }

    /// Asks, and asks where it is sent on to.
    fn follow(
        &self,
        path: &str,
        time: Duration,
        redirects: &[u16],
        mut ask: impl FnMut(&str) -> Result<Response<Body>, Error>,
    ) -> Result<Answer, HttpError> {
        let mut url = match path {
            "" => self.url.clone(),
            _ => {
                let base = self.url.split('?').next().unwrap_or_default();
                format!("{}{path}", base.trim_end_matches('/'))
            }
        };
        for _ in 0..=MAX_REDIRECTS {
            let response = ask(&url).map_err(|error| self.error(self.failure(&error, time)))?;
            if !redirects.contains(&response.status().as_u16()) {
                return Ok(Answer::new(response, time));
            }
            url = self.redirected(&url, &response)?;
        }
        Err(self.error("it redirects again and again; give the address that it means".to_owned()))
    }

    /// All of an answer, if that is no more than `most` bytes.
    pub(crate) fn whole(&self, answer: &mut Answer, most: u64) -> Result<Vec<u8>, HttpError> {
        let body = bounded::read(answer, most).map_err(|error| self.error(error.to_string()))?;
        body.ok_or_else(|| self.error(format!("its answer is larger than {} MiB", most >> 20)))
    }

    /// Where a redirect leads. To another host it is not followed: the headers are not for that one,
    /// and it is most likely a login.
    fn redirected(&self, from: &str, response: &Response<Body>) -> Result<String, HttpError> {
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|to| to.to_str().ok()).unwrap_or_default();
        let old: Uri = from.parse().unwrap_or_default();
        let new: Uri = location.parse().unwrap_or_default();
        let origin = |uri: &Uri| {
            (
                uri.scheme_str().map(str::to_owned),
                uri.authority().map(ToString::to_string),
            )
        };
        match origin(&new) {
            (None, None) if location.starts_with('/') && !location.starts_with("//") => {
                let (scheme, authority) = origin(&old);
                Ok(format!(
                    "{}://{}{location}",
                    scheme.unwrap_or_default(),
                    authority.unwrap_or_default()
                ))
            }
            (Some(scheme), Some(_))
                if new.host() == old.host()
                    && (scheme == "https" || origin(&new) == origin(&old)) =>
            {
                Ok(location.to_owned())
            }
            _ => {
                let to = location.split('?').next().unwrap_or_default();
                Err(self.error(format!(
                    "it redirects to `{}`, perhaps for a login; give credentials, or the address that it means",
                    to.escape_debug()
                )))
            }
        }
    }

    /// Why there is no answer. Where a proxy stands between, it may be what fails.
    fn failure(&self, error: &Error, time: Duration) -> String {
        let why = sentence(error, time);
        let Some(proxy) = &self.proxy else {
            return why;
        };
        const ADVICE: &str = "check HTTPS_PROXY and HTTP_PROXY, or add the host to NO_PROXY";
        match error {
            // It is asked to pass on a connection (CONNECT), which many allow for TLS alone.
            Error::ConnectProxyFailed(reason) => {
                let reason = reason.escape_debug();
                format!("the proxy {proxy} does not connect to it: {reason}; {ADVICE}")
            }
            // The connection that is made here is that to the proxy, which alone knows the host.
            Error::HostNotFound
            | Error::ConnectionFailed
            | Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                let why = why.split(';').next().unwrap_or_default();
                format!("the proxy {proxy} cannot be reached ({why}); {ADVICE}")
            }
            Error::Io(error) if is_unreachable(error) => {
                let why = why.split(';').next().unwrap_or_default();
                format!("the proxy {proxy} cannot be reached ({why}); {ADVICE}")
            }
            _ => format!("{why} (asked through the proxy {proxy})"),
        }
    }

    pub(crate) fn error(&self, why: String) -> HttpError {
        HttpError {
            url: self.url.clone(),
            why,
        }
    }

    /// Why a server gives nothing, by its status and what it says.
    pub(crate) fn refusal(&self, answer: &Answer, text: &[u8]) -> HttpError {
        let status = answer.status;
        let has_credentials = self.headers.contains_key(AUTHORIZATION);
        let text = String::from_utf8_lossy(text);
        let line = text.lines().next().filter(|_| !answer.is_html());
        self.error(match (status, line) {
            (401 | 403, _) if has_credentials => format!("it does not take these credentials ({status})"),
            (401 | 403, _) => format!(
                "it wants credentials ({status}); give an `Authorization` header, or write them into the address"
            ),
            (404, _) => "there is nothing at this address (404); check its path".to_owned(),
            (_, Some(line)) if !line.trim().is_empty() => {
                let line: String = line.chars().take(200).collect();
                format!("it answers {status}: {}", line.escape_debug())
            }
            _ => format!("it answers {status}"),
        })
    }
}

fn agent(proxy: Option<Proxy>) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_resolve(Some(TIME_TO_CONNECT))
        .timeout_connect(Some(TIME_TO_CONNECT))
        .user_agent(concat!("allocgate/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
