//! Why a server gave no answer, in a sentence for people.

use std::io;
use std::time::Duration;

use ureq::{Error, Timeout};

use super::TIME_TO_CONNECT;

/// Whether a name has no address. The system's resolver has no kind of its own.
fn is_lookup(error: &io::Error) -> bool {
    let error = error.to_string();
    ["lookup address", "name resolution", "nodename nor servname"]
        .iter()
        .any(|part| error.contains(part))
}

/// Whether there is no connection at all.
pub(super) fn is_unreachable(error: &io::Error) -> bool {
    let kinds = [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::TimedOut,
    ];
    is_lookup(error) || kinds.contains(&error.kind())
}

/// What went wrong, for people.
pub(super) fn sentence(error: &Error, time: Duration) -> String {
    let tls = |error: &rustls::Error| match error {
        rustls::Error::InvalidMessage(_) => "it does not speak TLS; is it `http://`?".to_owned(),
        error => format!(
            "TLS fails: {error}; its certificate must be one that this machine or SSL_CERT_FILE trusts"
        ),
    };
    match error {
        Error::HostNotFound => "no such host; check the name".to_owned(),
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            format!(
                "it cannot be reached within {} s; check host and port",
                TIME_TO_CONNECT.as_secs()
            )
        }
        Error::Timeout(_) => format!("it did not answer in full within {} s", time.as_secs()),
        Error::Rustls(error) => tls(error),
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => tls(error),
            None if error.kind() == io::ErrorKind::ConnectionRefused => {
                "nothing listens there (connection refused); check host and port".to_owned()
            }
            None if is_lookup(error) => sentence(&Error::HostNotFound, time),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                "the connection ended in the middle of the answer; try again".to_owned()
            }
            None => error.to_string(),
        },
        Error::Protocol(error) => {
            format!("it does not speak HTTP as it should ({error}); is it `https://`?")
        }
        error => error.to_string(),
    }
}
