//! The Go service of `testdata/memory/service`, built once and started for a test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The built service. It is built anew only if its source has changed: go keeps what it built.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/memory/service");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory-service");
        let build = Command::new("go")
            .args(["build", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(source)
            .env("GOFLAGS", "-mod=readonly")
            .output()
            .expect("go is installed");
        assert!(
            build.status.success(),
            "{}",
            String::from_utf8_lossy(&build.stderr)
        );
        program
    })
}

/// A running service.
pub(crate) struct Service {
    child: Child,
    address: String,
}

impl Service {
    /// Starts it with an environment.
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program())
            .args(["-addr", "127.0.0.1:0"])
            .env_remove("GOMEMLIMIT")
            .env_remove("GOGC")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Service {
            address: address.to_owned(),
            child,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks for a page.
    pub(crate) fn get(&self, path: &str) -> String {
        get(&self.address, path)
    }

    /// Does as it is told, such as `/hold?bytes=50MiB`.
    pub(crate) fn order(&self, path: &str) {
        assert_eq!(self.get(path).trim(), "ok", "{path}");
    }

    /// The page with the figures of the runtime, saved.
    pub(crate) fn scrape(&self, file: &Path) {
        std::fs::write(file, self.get("/metrics/runtime")).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of a page of a local server.
pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    assert!(
        head.starts_with("HTTP/1.") && head.contains(" 200 "),
        "{path}: {answer}"
    );
    body.to_owned()
}

/// Waits until something holds, for at most half a minute.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
