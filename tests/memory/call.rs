//! Calls of `allocgate memory` in a folder with files.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A folder to call the program in.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(name, text);
        self
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `allocgate memory …`, with its report as JSON.
    pub(crate) fn memory(&self, arguments: &[&str]) -> Run {
        let mut all = vec!["memory"];
        all.extend(arguments.iter().take_while(|argument| **argument != "--"));
        all.extend(["--report=json=report.json"]);
        all.extend(arguments.iter().skip_while(|argument| **argument != "--"));
        self.call(&all)
    }

    /// `allocgate …`
    pub(crate) fn call(&self, arguments: &[&str]) -> Run {
        let report = self.path().join("report.json");
        let _ = fs::remove_file(&report);
        let output = Command::new(env!("CARGO_BIN_EXE_allocgate"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("GOMEMLIMIT")
            .env_remove("GOGC")
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        let json = fs::read(report).unwrap_or_default();
        Run {
            code: output.status.code(),
            report: serde_json::from_slice(&json).unwrap_or_default(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A finished call.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) report: serde_json::Value,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// What was printed, in one line.
    pub(crate) fn text(&self) -> String {
        self.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The judgements of a check, of several containers or figures one after the other.
    pub(crate) fn judgements(&self, id: &str) -> Vec<&str> {
        self.checks(id)
            .map(|check| check["judgement"].as_str().unwrap())
            .collect()
    }

    /// The only judgement of a check.
    pub(crate) fn judgement(&self, id: &str) -> &str {
        match self.judgements(id)[..] {
            [one] => one,
            ref others => panic!("{id}: {others:?}\n{self}"),
        }
    }

    /// The judgement of one figure of the canary.
    pub(crate) fn canary(&self, figure: &str) -> &str {
        let says =
            |check: &&serde_json::Value| check["message"].as_str().unwrap().starts_with(figure);
        let check = self.checks("canary").find(says);
        check.unwrap_or_else(|| panic!("{figure}: {self}"))["judgement"]
            .as_str()
            .unwrap()
    }

    /// The messages of a check and their remedies.
    pub(crate) fn says(&self, id: &str) -> String {
        let text = |check: &serde_json::Value| {
            let part = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
            part("message") + " → " + &part("remedy")
        };
        self.checks(id).map(text).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn checks(&self, id: &str) -> impl Iterator<Item = &serde_json::Value> {
        let checks = self.report["memory"]["checks"].as_array();
        let own = move |check: &&serde_json::Value| check["id"] == id;
        checks.into_iter().flatten().filter(own)
    }

    /// The measured value of the first check of an id.
    pub(crate) fn measured(&self, id: &str) -> f64 {
        let check = self
            .checks(id)
            .next()
            .unwrap_or_else(|| panic!("no {id}\n{self}"));
        check["measured"]["value"]
            .as_f64()
            .unwrap_or_else(|| panic!("{check}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n{}{}", self.code, self.stdout, self.stderr)
    }
}
