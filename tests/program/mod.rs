//! Runs the program on benchmark output that a test describes.

#![allow(dead_code, unreachable_pub, reason = "not every test uses every part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// Benchmark output.
#[derive(Clone)]
pub struct Side {
    content: Vec<u8>,
    iterations: u64,
}

impl Side {
    pub fn new() -> Self {
        Side {
            content: Vec::new(),
            iterations: 1000,
        }
    }

    /// Results of one benchmark in one unit.
    pub fn benchmark(mut self, name: &str, unit: &str, values: &[u64]) -> Self {
        let mut text = String::new();
        for value in values {
            writeln!(text, "{name} \t{:8}\t{value:12} {unit}", self.iterations).unwrap();
        }
        self.content.extend_from_slice(text.as_bytes());
        self
    }

    /// The iteration count of the results that follow.
    pub fn iterations(mut self, iterations: u64) -> Self {
        self.iterations = iterations;
        self
    }

    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.content.extend_from_slice(bytes);
        self
    }
}

/// A call of the program in a folder of its own.
pub struct Call {
    folder: TempDir,
    arguments: Vec<OsString>,
}

pub fn allocgate() -> Call {
    Call {
        folder: tempfile::tempdir().unwrap(),
        arguments: vec!["check".into()],
    }
}

impl Call {
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(OsString::from));
        self
    }

    /// Writes `allocgate.toml`.
    pub fn policy(self, text: &str) -> Self {
        self.file("allocgate.toml", text.as_bytes());
        self
    }

    pub fn check(mut self, baseline: &Side, candidate: &Side) -> Self {
        let files = [
            self.file("a.txt", &baseline.content),
            self.file("b.txt", &candidate.content),
        ];
        self.arguments.extend(files.map(OsString::from));
        self
    }

    pub fn candidate(mut self, candidate: &Side) -> Self {
        let file = self.file("b.txt", &candidate.content);
        self.arguments
            .extend(["--candidate".into(), OsString::from(file)]);
        self
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs it with a JSON report on standard output.
    pub fn run(self) -> Run {
        self.arg("--report=json").run_as_is()
    }

    pub fn run_as_is(self) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_allocgate"))
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .env_remove("NO_COLOR")
            .output()
            .unwrap();
        Run {
            code: output.status.code().expect("the program was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// What came of a call.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    fn rows(&self) -> Vec<serde_json::Value> {
        self.json()["rows"].as_array().unwrap().clone()
    }

    /// The status of the first row of a unit.
    pub fn status(&self, unit: &str) -> String {
        let row = self.rows().into_iter().find(|row| row["unit"] == unit);
        row.expect("the row is reported")["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub fn status_of(&self, benchmark: &str, unit: &str) -> String {
        let row = self
            .rows()
            .into_iter()
            .find(|row| row["unit"] == unit && row["benchmark"] == benchmark);
        row.expect("the row is reported")["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The statuses of all rows, in the order of the report.
    pub fn statuses(&self) -> Vec<String> {
        self.rows()
            .iter()
            .map(|row| row["status"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The codes of all findings, in the order of the report.
    pub fn findings(&self) -> Vec<String> {
        let findings = self.json()["findings"].as_array().unwrap().clone();
        findings
            .iter()
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect()
    }
}
